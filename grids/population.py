"""A population raster of any CRS, brought onto a grid with every person kept.

Counts are shared over the cells by area of overlap; bilinear or mean resampling would lose
them. Densities become counts through the true area of their cells first (models.md K).
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.io import open_raster
from netmodel.kernels.regrid import share_counts

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Float = NDArray[np.float64]
Kind = Literal["count", "density_per_km2"]

# Densest inhabited square kilometers: Dhaka and Manila about 100,000, Kowloon blocks 150,000.
MAX_DENSITY_PER_KM2 = 500_000.0
# A raster of counts whose densest cell holds fewer people per km2 than this is no country.
MIN_PEAK_DENSITY_PER_KM2 = 50.0
# WorldPop's and GHS-POP's marks of no data, also where a copy has lost its nodata tag.
SENTINELS = (-99999.0, -200.0)
_MIN_CELLS_TO_JUDGE = 1000
_STRIP_CELLS = 1 << 20
# Of a run grid: beyond the first no machine of today holds the layers of a run.
MAX_CELLS = 400_000_000
MIN_CELLS = 4
_DENSITY_WORDS = ("density", "per km2", "per km^2", "per sq", "/km2", "/km^2", "km-2")


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
    """

    grid: Grid
    people: Float
    source_people: float
    outside_people: float
    masked_share: float


def read_population(
    path: str | Path,
    grid: Grid | None = None,
    *,
    kind: Kind = "count",
    nodata: float | None = None,
    resolution_m: float = 1000.0,
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
        source_grid = _source_grid(source, path)
        _check_words(source, path, kind)
        grid = grid or _default_grid(source_grid, resolution_m)
        _check_cells(grid)
        result = _accumulate(source, source_grid, grid, (kind, nodata, path))
    if not np.nansum(result.people) > 0.0:
        raise InputError(
            f"{path}: none of its {result.source_people:,.0f} people fall inside the grid's frame; "
            "give a raster of the same region, or leave [grid] out"
        )
    return result


def _source_grid(source: "DatasetReader", path: str | Path) -> Grid:
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


def _check_words(source: "DatasetReader", path: str | Path, kind: Kind) -> None:
    """Refuse counts whose own tags say density."""
    tags = {**source.tags(), **source.tags(1)}
    said = [str(source.units[0] or ""), str(source.descriptions[0] or "")]
    said += [f"{key} {value}" for key, value in tags.items() if len(str(value)) < 200]
    for text in said if kind == "count" else []:
        if any(word in text.lower() for word in _DENSITY_WORDS):
            raise InputError(
                f'{path}: kind = "count", but the file says {text!r}; '
                'set kind = "density_per_km2" under [population]'
            )


def _default_grid(source: Grid, resolution_m: float) -> Grid:
    """Lambert azimuthal equal-area grid centered on the raster, covering all of it."""
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


def _check_cells(grid: Grid) -> None:
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


def _accumulate(
    source: "DatasetReader",
    source_grid: Grid,
    grid: Grid,
    meaning: tuple[Kind, float | None, str | Path],
) -> PopulationRaster:
    """Share the people of each strip of rows over the grid."""
    kind, nodata, path = meaning
    people, known = np.zeros(grid.shape), np.zeros(grid.shape, np.bool_)
    to_grid = Transformer.from_crs(source_grid.crs, grid.crs, always_xy=True)
    peak = outside = 0.0
    sums, masked, inhabited = [], 0, 0
    height = max(1, _STRIP_CELLS // source_grid.shape[1])
    for first in range(0, source_grid.shape[0], height):
        last = min(first + height, source_grid.shape[0])
        strip = source_grid.crop(slice(first, last), slice(0, source_grid.shape[1]))
        area = strip.area_km2()
        value = _strip_values(source, first, last, nodata, path)
        masked += int(np.isnan(value).sum())
        count = value * area if kind == "density_per_km2" else value
        sums.append(float(np.nansum(count)))
        inhabited += int((count > 0.0).sum())
        peak = max(peak, float(np.nanmax(count / area, initial=0.0)))
        x, y = to_grid.transform(*source_grid.corners(first, last))
        if not np.isfinite(x[:-1, :-1][~np.isnan(count)]).all():
            raise InputError(f"{path}: rows {first}-{last} have no place on the grid's CRS")
        column, row = grid.pixel(x, y)
        outside += share_counts(column, row, np.ascontiguousarray(count), people, known)
    people[~known] = np.nan
    total = math.fsum(sums)
    _check_values(path, kind, (total, masked == value.shape[1] * source_grid.shape[0]))
    _check_density(path, kind, peak, inhabited)
    return PopulationRaster(
        grid, people, total, outside, masked / (source_grid.shape[0] * source_grid.shape[1])
    )


def _strip_values(
    source: "DatasetReader", first: int, last: int, nodata: float | None, path: str | Path
) -> Float:
    """Rows [first, last) as float64 with NaN for no data, checked."""
    from rasterio.windows import Window

    raw = source.read(1, window=Window(0, first, source.width, last - first), masked=True)
    value = np.ma.filled(raw.astype(np.float64), np.nan)
    for sentinel in (*SENTINELS, *([] if nodata is None else [nodata])):
        value[value == sentinel] = np.nan
    whole = last - first == source.height
    _refuse(path, value, np.isinf(value), "infinite", first, whole)
    _refuse(path, value, value < 0.0, "negative", first, whole)
    return value


def _refuse(
    path: str | Path, value: Float, bad: NDArray[np.bool_], what: str, first: int, whole: bool
) -> None:
    """Refuse bad cells of a strip that begins at row `first`, by the place of the first."""
    place = np.argwhere(bad)
    if not len(place):
        return
    r, c = place[0]
    marks = np.unique(value[bad])
    # Values that differ, or that leave no cell over, are no mark of missing data.
    a_mark = len(marks) == 1 and not (whole and (bad | np.isnan(value)).all())
    remedy = "people per cell are finite and not negative, is it a population raster?"
    if a_mark:
        # In full: a mark such as -3.4028234663852886e+38 must be met exactly.
        remedy = f"if that means no data, set nodata = {float(marks[0])!r} under [population]"
    raise InputError(
        f"{path}: {len(place)} {what} cells between rows {first} and {first + len(value)}, the "
        f"first {value[r, c]:g} at row {first + r}, column {c}; {remedy}"
    )


def _check_values(path: str | Path, kind: Kind, found: tuple[float, bool]) -> None:
    """Refuse rasters without people."""
    total, all_masked = found
    if all_masked:
        raise InputError(f"{path}: every cell is nodata; check the file and nodata = ...")
    if total <= 0.0:
        raise InputError(f"{path}: nobody lives in it (sum {total:g}); is it a population raster?")
    if total > 1.2e10:
        other = "density_per_km2" if kind == "count" else "count"
        raise InputError(
            f'{path}: {total:.3g} people with kind = "{kind}", more than on Earth; '
            f'is it kind = "{other}"?'
        )


def _check_density(path: str | Path, kind: Kind, peak: float, inhabited: int) -> None:
    """Refuse what would be absurd densities: counts taken for densities or the reverse."""
    if peak > MAX_DENSITY_PER_KM2:
        other = "density_per_km2" if kind == "count" else "count"
        raise InputError(
            f'{path}: kind = "{kind}" would mean up to {peak:,.0f} people per km2 '
            f'(plausible: up to {MAX_DENSITY_PER_KM2:,.0f}); is it kind = "{other}"?'
        )
    sparse = inhabited >= _MIN_CELLS_TO_JUDGE and peak < MIN_PEAK_DENSITY_PER_KM2
    if kind == "count" and sparse:
        raise InputError(
            f'{path}: kind = "count" would mean at most {peak:.3g} people per km2 in any of '
            f'{inhabited:,} inhabited cells; is it kind = "density_per_km2"?'
        )
