"""A population raster of any CRS, brought onto a grid with every person kept.

Counts are shared over the cells by area of overlap; bilinear or mean resampling would lose
them. Densities become counts through the true area of their cells first (models.md K).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from netmodel.grids import population_checks as checks
from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.io import attribution_of, open_raster
from netmodel.grids.placement import Placement
from netmodel.grids.population_checks import Kind
from netmodel.grids.windows import Window, check_blocks, window_results, windows_of
from netmodel.kernels.missing import mark_missing
from netmodel.kernels.regrid import share_patches

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Float = NDArray[np.float64]

# WorldPop's and GHS-POP's marks of no data, also where a copy has lost its nodata tag.
SENTINELS = (-99999.0, -200.0)
_WINDOW_CELLS = 1 << 20
_WINDOW_TARGET_CELLS = 1 << 22


@dataclass(frozen=True)
class PopulationRaster:
    """People per cell of a run grid, and what became of the source's people.

    Parameters
    ----------
    grid : Grid
    people : (row, column)
        People per cell; NaN where the source has no data.
    source_people : float
        Sum of the source, nodata masked.
    outside_people : float
        Those of them beyond the frame of `grid`.
    masked_share : float
        Share of source cells without data.
    source : Grid
    attribution : str
        Source and license, where the file names them.
    """

    grid: Grid
    people: Float
    source_people: float
    outside_people: float
    masked_share: float
    source: Grid
    attribution: str = ""


@dataclass(frozen=True)
class Meaning:
    """What the values of a population raster are.

    Parameters
    ----------
    kind : {"count", "density_per_km2"}
        What a value means.
    nodata : float, optional
        Value that means no data besides the file's own, `SENTINELS` and NaN.
    band : int, optional
        Of a raster of several.
    """

    kind: Kind = "count"
    nodata: float | None = None
    band: int | None = None


def read_population(
    path: str | Path,
    grid: Grid | None = None,
    *,
    kind: Kind = "count",
    nodata: float | None = None,
    resolution_m: float = 1000.0,
    band: int | None = None,
    progress: Callable[[float], None] | None = None,
    threads: int | None = None,
) -> PopulationRaster:
    """Read a population raster onto `grid`, or onto an equal-area grid made for it.

    Parameters
    ----------
    path : path
        Any raster that GDAL reads, of any size: it is read by windows.
    grid : Grid, optional
        Run grid; by default the raster's own if it is equal-area with square cells of
        `resolution_m`, else Lambert azimuthal equal-area centered on the raster.
    kind : {"count", "density_per_km2"}
        What a value means.
    nodata : float, optional
        Value that means no data besides the file's own, `SENTINELS` and NaN.
    resolution_m : float
        Cell size of the default grid [m].
    band : int, optional
        Must be given where there are several.
    progress : callable, optional
        Called with the share of the raster that is done.
    threads : int, optional
        By default as many as Numba may use; the result is the same with any number.

    Raises
    ------
    DataError
        The file is missing, no raster or cut short.
    InputError
        No CRS, swapped axes, negative or infinite people, no data at all, a density given as
        a count or the reverse, elevation, classes or a picture, several bands, a grid of too
        many or too few cells, or nobody in its frame.

    Notes
    -----
    Totals are kept to 1e-9 and each source cell to 1e-6 inside the frame. A cell's corners are
    off by less than 1e-3 of a cell, and exact in rasters of up to 65,536 cells.
    """
    meaning = Meaning(kind, nodata, band)
    with open_raster(path) as source:
        reader = _reader(source, path, meaning)
        grid = grid or default_grid(reader.grid, resolution_m)
        checks.check_cells(grid)
        place = Placement(reader.grid, grid)
        most = int(np.clip(_WINDOW_TARGET_CELLS / max(place.target_cells, 1e-9), 1, _WINDOW_CELLS))
        windows = windows_of(source.shape, source.block_shapes[0], most)
        attribution = attribution_of(source)
    result = _accumulate(_Sharing(reader, place), windows, progress, threads)
    if not np.nansum(result.people) > 0.0:
        raise InputError(
            f"{path}: none of its {result.source_people:,.0f} people fall inside the grid's frame; "
            "give a raster of the same region, or leave [grid] out"
        )
    return replace(result, attribution=attribution)


def default_grid(source: Grid, resolution_m: float) -> Grid:
    """The grid for a raster that states none.

    Its own where that is equal-area, in meters, with square cells of `resolution_m` whose edges
    lie on multiples of it; else Lambert azimuthal equal-area around it, covering all of it.
    """
    if _is_run_grid(source, resolution_m):
        return source
    left, bottom, right, top = source.bounds
    lon, lat = source.lonlat((left + right) / 2, (bottom + top) / 2)
    if not (np.isfinite(lon) and np.isfinite(lat)):
        raise InputError("the raster's center has no longitude and latitude; check its CRS")
    # Hundredths of a degree, so that rasters of one region share a grid.
    crs = CRS.from_user_input(
        f"+proj=laea +lat_0={float(lat):.2f} +lon_0={float(lon):.2f} +datum=WGS84 +units=m "
        "+type=crs"
    )
    edge = np.linspace(0.0, 1.0, 65)
    u = np.concatenate([edge, edge, np.zeros(65), np.ones(65)])
    v = np.concatenate([np.zeros(65), np.ones(65), edge, edge])
    x, y = Transformer.from_crs(source.crs, crs, always_xy=True).transform(
        left + u * (right - left), bottom + v * (top - bottom)
    )
    finite = np.isfinite(x) & np.isfinite(y)
    if not finite.all():
        raise InputError(
            "the raster reaches beyond one equal-area map; crop it to a region, "
            "or state crs and bounds under [grid]"
        )
    return Grid.from_bounds(crs, (x.min(), y.min(), x.max(), y.max()), resolution_m)


def _is_run_grid(source: Grid, resolution_m: float) -> bool:
    """Whether a raster is such as `default_grid` makes."""
    a = source.affine
    square = (a.a, a.b, a.d, a.e) == (resolution_m, 0.0, 0.0, -resolution_m)
    on_edges = a.c % resolution_m == 0.0 and a.f % resolution_m == 0.0
    return square and on_edges and source.is_equal_area and source.meters_per_unit == 1.0


@dataclass(frozen=True)
class _Reader:
    """A population raster's cells, checked and without marks of no data."""

    path: str | Path
    grid: Grid
    kind: Kind
    band: int
    marks: Float
    says_people: bool

    def counts(self, source: "DatasetReader", window: Window) -> "_Counts":
        """People in the cells of a window."""
        value = self._raw(source, window)
        missing, positive, unsound, total, highest = mark_missing(value, self.marks)
        scale, offset = source.scales[self.band - 1], source.offsets[self.band - 1]
        if (scale, offset) != (1.0, 0.0):
            value = value * scale + offset
            _, positive, unsound, total, highest = mark_missing(value, np.empty(0))
        if unsound:
            checks.refuse_unsound(self.path, value, window, whole=window.shape == self.grid.shape)
        found = _Counts(window, value, missing, positive, total, 0.0)
        return self._by_area(found, highest) if positive else found

    def _raw(self, source: "DatasetReader", window: Window) -> Float:
        """Values as they stand, NaN where a mask says that there is none."""
        from rasterio.enums import MaskFlags
        from rasterio.windows import Window as Part

        part = Part.from_slices(*window)
        flags = set(source.mask_flag_enums[self.band - 1])
        masked = bool(flags & {MaskFlags.per_dataset, MaskFlags.alpha})
        raw = source.read(self.band, window=part, masked=masked)
        value = raw.astype(np.float64)
        return np.ma.filled(value, np.nan) if masked else np.asarray(value)

    def _by_area(self, found: "_Counts", highest: float) -> "_Counts":
        """Densities made counts, and the highest density."""
        window, value = found.window, found.value
        grid = self.grid.crop(*window)
        if self.kind == "density_per_km2":
            count = value * grid.area_km2()
            return _Counts(
                window, count, found.missing, found.positive, float(np.nansum(count)), highest
            )
        if grid.has_simple_areas:
            of_row = np.fmax.reduce(value, axis=1, keepdims=True)
            peak = float(np.nanmax(of_row / grid.area_km2()))
        else:
            r, c = np.unravel_index(np.nanargmax(value), value.shape)
            cell = grid.crop(slice(int(r), int(r) + 1), slice(int(c), int(c) + 1))
            peak = highest / float(cell.area_km2()[0, 0])
        return _Counts(window, value, found.missing, found.positive, found.total, peak)


@dataclass(frozen=True)
class _Counts:
    """People in the cells of a window, and what is said of them."""

    window: Window
    value: Float
    missing: int
    positive: int
    total: float
    peak: float


def _reader(source: "DatasetReader", path: str | Path, meaning: Meaning) -> _Reader:
    """The reader of an open raster that may be one of people."""
    band = checks.chosen_band(source, path, meaning.band)
    grid = checks.source_grid(source, path)
    checks.check_no_classes(source, path, band, "people per cell")
    checks.check_words(source, path, meaning.kind, band)
    check_blocks(source, path)
    marks = [
        *SENTINELS,
        *(v for v in (meaning.nodata, source.nodatavals[band - 1]) if v is not None),
    ]
    if source.dtypes[band - 1] == "float32":
        # Tags are decimal; a mark with fewer digits than its float32 is the same mark.
        with np.errstate(over="ignore"):
            marks += np.array(marks).astype(np.float32).astype(np.float64).tolist()
    says_people = checks.says_people(source, band)
    return _Reader(path, grid, meaning.kind, band, np.array(marks), says_people)


@dataclass(frozen=True)
class _Shared:
    """A window's people on the target: `people` and `known` in `box`."""

    counts: _Counts
    box: Window
    people: Float
    known: NDArray[np.bool_]
    outside: float


@dataclass(frozen=True)
class _Sharing:
    """How the people of a window come onto the grid."""

    reader: _Reader
    place: Placement

    def __call__(self, source: "DatasetReader", window: Window) -> _Shared:
        counts = self.reader.counts(source, window)
        if counts.missing == counts.value.size:
            return _shared(counts, Window(slice(0, 0), slice(0, 0)), 0.0)
        node, at_row, at_column = self.place.nodes(window)
        box = _box(node, self.place.target.shape)
        if 0 in box.shape:
            return _shared(counts, box, counts.total)
        node[0] -= box.columns.start
        node[1] -= box.rows.start
        out = _shared(counts, box, 0.0)
        value = np.ascontiguousarray(counts.value)
        outside = share_patches(
            node, at_row, at_column, value, out.people, out.known, self.place.most_span
        )
        return _Shared(out.counts, box, out.people, out.known, outside)


def _shared(counts: _Counts, box: Window, outside: float) -> _Shared:
    return _Shared(counts, box, np.zeros(box.shape), np.zeros(box.shape, np.bool_), outside)


def _box(node: Float, shape: tuple[int, int]) -> Window:
    """Window of the target around the nodes that have a place."""
    spans = []
    for at, n in zip(node[::-1], shape, strict=True):
        finite = at[np.isfinite(at)]
        low, high = np.clip([finite.min(initial=n), finite.max(initial=0.0) + 1.0], 0, n)
        spans.append(slice(int(low), max(int(low), int(high))))
    return Window(*spans)


def _accumulate(
    sharing: _Sharing,
    windows: list[Window],
    progress: Callable[[float], None] | None,
    threads: int | None,
) -> PopulationRaster:
    """Add the people of all windows, in their order whichever thread has shared them."""
    reader, grid = sharing.reader, sharing.place.target
    people, known = np.zeros(grid.shape), np.zeros(grid.shape, np.bool_)
    totals, outside, masked, inhabited, peak, done = [], [], 0, 0, 0.0, 0
    cells = reader.grid.shape[0] * reader.grid.shape[1]
    for part in window_results(reader.path, windows, sharing, threads):
        people[part.box.rows, part.box.columns] += part.people
        known[part.box.rows, part.box.columns] |= part.known
        totals.append(part.counts.total)
        outside.append(part.outside)
        masked += part.counts.missing
        inhabited += part.counts.positive
        peak = max(peak, part.counts.peak)
        done += part.counts.value.size
        if progress is not None:
            progress(done / cells)
    people[~known] = np.nan
    total = math.fsum(totals)
    checks.check_total(reader.path, reader.kind, total, all_masked=masked == cells)
    checks.check_density(reader.path, reader.kind, peak, inhabited, says_people=reader.says_people)
    return PopulationRaster(grid, people, total, math.fsum(outside), masked / cells, reader.grid)
