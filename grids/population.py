"""A population raster of any CRS, brought onto a grid with every person kept.

Counts are shared over the cells by area of overlap; bilinear or mean resampling would lose
them. Densities become counts through the true area of their cells first (models.md K).
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.io import attribution_of, open_raster
from netmodel.grids.population_checks import (
    Kind,
    check_cells,
    check_density,
    check_values,
    check_words,
)
from netmodel.grids.windows import Window, ahead, block_windows
from netmodel.kernels.regrid import share_counts

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Float = NDArray[np.float64]

# WorldPop's and GHS-POP's marks of no data, also where a copy has lost its nodata tag.
SENTINELS = (-99999.0, -200.0)
_WINDOW_CELLS = 1 << 20
_EMPTY_SIDE_KM = 3.0  # of what stands for cells without people where a whole window has none
# Of a run grid: beyond the first no machine of today holds the layers of a run.
MAX_CELLS = 400_000_000
MIN_CELLS = 4


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
    attribution : str
        Source and license, where the file names them.
    """

    grid: Grid
    people: Float
    source_people: float
    outside_people: float
    masked_share: float
    attribution: str = ""


def read_population(
    path: str | Path,
    grid: Grid | None = None,
    *,
    kind: Kind = "count",
    nodata: float | None = None,
    resolution_m: float = 1000.0,
    progress: Callable[[float], None] | None = None,
) -> PopulationRaster:
    """Read a population raster onto `grid`, or onto an equal-area grid made for it.

    Parameters
    ----------
    path : path
        Any raster that GDAL reads; band 1 is used, in strips, whatever its size.
    grid : Grid, optional
        Run grid; by default Lambert azimuthal equal-area centered on the raster.
    kind : {"count", "density_per_km2"}
        What a value means.
    nodata : float, optional
        Value that means no data besides the file's own, `SENTINELS` and NaN.
    resolution_m : float
        Cell size of the default grid [m].
    progress : callable, optional
        Called with the share of the raster that is read.

    Raises
    ------
    DataError
        The file is missing or no raster.
    InputError
        No CRS, swapped axes, negative or infinite people, no data at all, a density given as
        a count or the reverse, a grid of too many or too few cells, or nobody in its frame.

    Notes
    -----
    Totals are kept to 1e-9 and each source cell to 1e-6 inside the frame.
    """
    with open_raster(path) as source:
        source_grid = raster_grid(source, path)
        check_words(source, path, kind)
        grid = grid or default_grid(source_grid, resolution_m)
        check_size(grid)
        meaning = _Meaning(path, kind, nodata, source_grid)
        result = _accumulate(source, meaning, grid, progress or _silent)
    if not np.nansum(result.people) > 0.0:
        raise InputError(
            f"{path}: none of its {result.source_people:,.0f} people fall inside the grid's frame; "
            "give a raster of the same region, or leave [grid] out"
        )
    return result


def raster_grid(source: "DatasetReader", path: str | Path) -> Grid:
    """Grid of an open raster, checked."""
    if source.crs is None:
        raise InputError(
            f"{path}: no CRS; state it in the file, for example "
            "`gdal_edit.py -a_srs EPSG:4326 FILE`"
        )
    try:
        crs = CRS.from_wkt(source.crs.to_wkt())
    except CRSError as error:
        raise InputError(f"{path}: CRS not understood ({error}); use an EPSG code") from error
    if not (crs.is_geographic or crs.is_projected):
        raise InputError(f"{path}: CRS {crs.name!r} is neither geographic nor projected")
    grid = Grid(crs, source.transform, source.shape)
    left, bottom, right, top = grid.bounds
    if crs.is_geographic and (bottom < -90.001 or top > 90.001):
        raise InputError(
            f"{path}: latitudes from {bottom:g} to {top:g} degrees; "
            "latitude and longitude look swapped, transpose the raster"
        )
    return grid


def default_grid(source: Grid, resolution_m: float) -> Grid:
    """Lambert azimuthal equal-area grid centered on the raster, covering all of it.

    A raster that is on such a grid already, as an import leaves it, keeps its own.
    """
    if is_run_grid(source, resolution_m):
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


def is_run_grid(source: Grid, resolution_m: float) -> bool:
    """Whether a raster's own grid is what a run needs: equal-area, metric, edges in steps."""
    a = source.affine
    if not source.is_equal_area or source.crs.axis_info[0].unit_conversion_factor != 1.0:
        return False
    if (a.a, a.b, a.d, a.e) != (resolution_m, 0.0, 0.0, -resolution_m):
        return False
    return bool(a.c % resolution_m == 0.0 and a.f % resolution_m == 0.0)


def check_size(grid: Grid) -> None:
    """Refuse grids that no machine holds, and those that keep nothing of the map."""
    cells, side = grid.shape[0] * grid.shape[1], abs(grid.affine.a)
    if cells > MAX_CELLS:
        raise InputError(
            f"[grid] resolution_m = {side:g} makes {cells:,} cells, of at most {MAX_CELLS:,}; "
            "raise it, or give smaller bounds"
        )
    if cells < MIN_CELLS:
        raise InputError(
            f"[grid] resolution_m = {side:g} makes a grid of {grid.shape[0]} x {grid.shape[1]} "
            "cells, on which there is nothing to see; lower it, or give larger bounds"
        )


@dataclass(frozen=True)
class _Meaning:
    """What the values of an open raster mean, and where they are."""

    path: str | Path
    kind: Kind
    nodata: float | None
    grid: Grid


@dataclass(frozen=True)
class _Part:
    """A window's counts, NaN for no data, with corners in columns and rows of the run grid."""

    count: Float
    column: Float
    row: Float
    known: int
    inhabited: int
    people: float
    peak: float


def _silent(share: float) -> None:
    """No progress."""


def _accumulate(
    source: "DatasetReader", meaning: _Meaning, grid: Grid, progress: Callable[[float], None]
) -> PopulationRaster:
    """Share the people of each window over the grid, in the order of the windows."""
    people, known = np.zeros(grid.shape), np.zeros(grid.shape, np.bool_)
    sums, outside, with_data, inhabited, peak = [], 0.0, 0, 0, 0.0
    for part in _parts(source, meaning, grid, progress):
        outside += share_counts(part.column, part.row, part.count, people, known)
        sums.append(part.people)
        with_data += part.known
        inhabited += part.inhabited
        peak = max(peak, part.peak)
    people[~known] = np.nan
    total, cells = math.fsum(sums), source.height * source.width
    check_values(meaning.path, meaning.kind, total, all_masked=with_data == 0)
    check_density(meaning.path, meaning.kind, peak, inhabited)
    return PopulationRaster(
        grid, people, total, outside, 1.0 - with_data / cells, attribution_of(source)
    )


def _parts(
    source: "DatasetReader", meaning: _Meaning, grid: Grid, progress: Callable[[float], None]
) -> Iterator[_Part]:
    """The windows that have data; the next is read while one is shared out."""
    to_grid = Transformer.from_crs(meaning.grid.crs, grid.crs, always_xy=True)

    def prepared(window: Window) -> _Part | None:
        return _part(source, window, meaning, (to_grid, grid))

    windows = list(block_windows(source, _WINDOW_CELLS))
    for k, part in enumerate(ahead(prepared, windows)):
        if part is not None:
            yield part
        progress((k + 1) / len(windows))


def _part(
    source: "DatasetReader", window: Window, meaning: _Meaning, target: tuple[Transformer, Grid]
) -> _Part | None:
    """A window of the raster, checked; None without data."""
    rows, columns = window
    value = _values(source, window, meaning)
    known = ~np.isnan(value)
    if not known.any():
        return None
    place = meaning.grid.crop(rows, columns)
    area = _areas(place, meaning.kind)
    count = np.ascontiguousarray(value * area if meaning.kind == "density_per_km2" else value)
    inhabited, peak = count > 0.0, float(np.nanmax(count / area))
    step = 1
    if known.all() and not inhabited.any():  # all that is to know of it is where it is
        step = max(1, int(_EMPTY_SIDE_KM / math.sqrt(float(area.max()))))
        count = np.zeros((-(-count.shape[0] // step), -(-count.shape[1] // step)))
    x, y = target[0].transform(*_corners(meaning.grid, window, step))
    if not np.isfinite(x[:-1, :-1][~np.isnan(count)]).all():
        raise InputError(
            f"{meaning.path}: rows {rows.start}-{rows.stop} have no place on the grid's CRS"
        )
    column, row = target[1].pixel(x, y)
    total = float(np.nansum(count))
    return _Part(count, column, row, int(known.sum()), int(inhabited.sum()), total, peak)


def _areas(place: Grid, kind: Kind) -> Float:
    """Area of the cells of a window [km2], of one cell in the middle where that will do.

    Counts need it to judge their density only, and a projection's areas change slowly.
    """
    if kind == "count" and place.crs.is_projected:
        r, c = place.shape[0] // 2, place.shape[1] // 2
        return place.crop(slice(r, r + 1), slice(c, c + 1)).area_km2()
    return place.area_km2()


def _corners(grid: Grid, window: Window, step: int) -> tuple[Float, Float]:
    """X and y of every so many corners of a window's cells, and the last [CRS units]."""
    row, column = (
        np.minimum(np.arange(part.start, part.stop + step, step), part.stop) for part in window
    )
    x, y = grid.at(column[None, :], row[:, None])
    shape = row.size, column.size
    return np.broadcast_to(x, shape), np.broadcast_to(y, shape)


def _values(source: "DatasetReader", window: Window, meaning: _Meaning) -> Float:
    """A window as float64 with NaN for no data, checked."""
    raw = source.read(1, window=window, masked=True)
    value = np.ma.filled(raw.astype(np.float64), np.nan)
    for sentinel in (*SENTINELS, *([] if meaning.nodata is None else [meaning.nodata])):
        value[value == sentinel] = np.nan
    rows, columns = window
    is_whole = value.shape == source.shape
    check_cells(meaning.path, value, (rows.start, columns.start), is_whole=is_whole)
    return value
