"""A planner's rasters of population and elevation, on an equal-area grid, as GeoTIFF."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netmodel.errors import InputError
from netmodel.grids.china import embedded_grid
from netmodel.grids.cog import BLOCK, Band, Window, write_cog
from netmodel.grids.elevation import check_elevation
from netmodel.grids.grid import Grid
from netmodel.grids.io import attribution_of, open_raster, reading, scaled, warped
from netmodel.grids.population import default_grid, read_population
from netmodel.grids.population_checks import (
    ELEVATION_WORDS,
    PEOPLE_WORDS,
    Kind,
    check_cells,
    check_no_classes,
    chosen_band,
    source_grid,
    words_said,
)
from netmodel.grids.windows import check_blocks, windows_of
from netmodel.intake.output import RASTER, Place
from netmodel.intake.people import EMBEDDED
from netmodel.intake.report import Report
from netmodel.kernels.zonal import float32_keeping_sums
from netmodel.store import folder_for_output

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.vrt import WarpedVRT

Share = Callable[[float], None]

_DEM_M = 100.0  # side of a cell by default, or that of the source if that is more


def import_population(
    path: str | Path,
    out: str | Path,
    *,
    kind: Kind = "count",
    nodata: float | None = None,
    band: int | None = None,
    resolution_m: float = 1000.0,
    like: str | Path | None = None,
    overwrite: bool = False,
    progress: Share | None = None,
) -> Report:
    """Write a population raster ready for a scenario's `[population] path`.

    Parameters
    ----------
    path, out : path
        Any raster that GDAL reads, by windows; OUT is a GeoTIFF of people per cell.
    kind : {"count", "density_per_km2"}
        What a value means.
    nodata : float, optional
        Value that means no data, besides the file's own.
    band : int, optional
        Of a raster of several.
    resolution_m : float
        Side of a cell of the equal-area grid that is made around the raster [m].
    like : path or "china-2020", optional
        Raster whose grid is taken instead.
    overwrite : bool
    progress : callable, optional
        Called with the share of the raster that is read.

    Raises
    ------
    DataError, InputError
        As `read_population`.
    """
    report = Report()
    place = Place.of(path, out, overwrite=overwrite, suffixes=RASTER)
    found = read_population(
        path,
        _like(like),
        kind=kind,
        nodata=nodata,
        resolution_m=resolution_m,
        band=band,
        progress=progress,
    )
    grid, people = found.grid, found.people
    kept = float(np.nansum(people))
    _note_source(found.source, report)
    report.note("people in the file", found.source_people)
    report.note("people kept", kept)
    report.note("people outside the grid", found.outside_people)
    report.note("cells of the file without data [%]", round(100.0 * found.masked_share, 2))
    _note_grid(grid, report)
    report.note("inhabited cells", int((people > 0.0).sum()))
    report.note("densest cell [people per km2]", float(np.nanmax(people / grid.area_km2())))
    what = Band("people per cell", "people", nodata=np.nan, tags={"kind": "count"})
    words = f"people per cell, {kept:,.0f} in all, of {Path(path).name} ({kind})"
    layer = float32_keeping_sums(people.reshape(-1), np.zeros(people.size, np.int32), 1)
    with folder_for_output(place.path.parent):
        windows = _windows(layer.reshape(grid.shape))
        tags = _tags(words, found.attribution)
        write_cog(place.path, grid, np.float32, windows, band=what, tags=tags)
    return report


def import_dem(
    path: str | Path,
    out: str | Path,
    *,
    resolution_m: float | None = None,
    like: str | Path | None = None,
    overwrite: bool = False,
    progress: Share | None = None,
) -> Report:
    """Write a raster of elevation ready for a scenario's `[dem] path`.

    Parameters
    ----------
    path, out : path
        Any raster of meters that GDAL reads, by windows; OUT is a GeoTIFF of mean elevations.
    resolution_m : float, optional
        Side of a cell of the equal-area grid that is made around the raster [m]; 100 m by
        default, or about the source's own if that is more.
    like, overwrite, progress
        As for `import_population`.

    Raises
    ------
    DataError, InputError
        No raster, no CRS, not elevation: classes, several bands, feet, values that no ground has.
    """
    report = Report()
    place = Place.of(path, out, overwrite=overwrite, suffixes=RASTER)
    with open_raster(path) as source:
        _check_dem(source, path)
        native = source_grid(source, path)
        _note_source(native, report)
        grid = _like(like) or default_grid(native, resolution_m or _usual_m(native))
        check_cells(grid)
        band = Band("mean elevation", "m", nodata=np.nan)
        tags = _tags(f"mean elevation, of {Path(path).name}", attribution_of(source))
        with folder_for_output(place.path.parent), warped(source, grid) as view:
            windows = _elevations(path, (source, view), grid, progress)
            seen = write_cog(place.path, grid, np.float32, windows, band=band, tags=tags)
    _note_grid(grid, report)
    known = 100.0 * seen.count / (grid.shape[0] * grid.shape[1])
    report.note("cells with elevation [%]", round(known, 2))
    for name, value in (("lowest", seen.least), ("mean", seen.mean), ("highest", seen.greatest)):
        report.note(f"{name} [m]", round(value, 1))
    return report


def _like(like: str | Path | None) -> Grid | None:
    """The grid of another raster."""
    if like is None:
        return None
    if str(like) == EMBEDDED:
        return embedded_grid()
    with open_raster(like) as source:
        grid = source_grid(source, like)
    if not grid.crs.is_projected or grid.meters_per_unit != 1.0:
        raise InputError(f"{like}: its grid is not in meters; give one that an import has made")
    return grid


def _note_source(grid: Grid, report: Report) -> None:
    report.note("cells of the file", f"{grid.shape[0]:,} x {grid.shape[1]:,}")
    report.note("CRS of the file", grid.name)


def _note_grid(grid: Grid, report: Report) -> None:
    rows, columns = grid.shape
    side = abs(grid.affine.a)
    report.note("grid", f"{rows:,} x {columns:,} cells of {side:g} m, {grid.name}")


def _tags(words: str, attribution: str) -> dict[str, str]:
    """What the file says of itself."""
    out = {"TIFFTAG_IMAGEDESCRIPTION": words, "TIFFTAG_SOFTWARE": "netmodel"}
    return out | ({"TIFFTAG_COPYRIGHT": attribution} if attribution else {})


def _windows(layer: NDArray[np.float32]) -> Iterator[Window]:
    """A layer in rows of blocks."""
    for row in range(0, layer.shape[0], BLOCK):
        yield row, 0, layer[row : row + BLOCK]


def _usual_m(native: Grid) -> float:
    """Side of a cell for a raster's elevation [m], in tens of meters."""
    rows, columns = (n // 2 for n in native.shape)
    middle = native.crop(slice(rows, rows + 1), slice(columns, columns + 1))
    side = 1000.0 * math.sqrt(float(middle.area_km2()[0, 0]))
    return max(_DEM_M, 10.0 * round(side / 10.0))


def _check_dem(source: "DatasetReader", path: str | Path) -> None:
    """Refuse rasters of other things, and other units."""
    chosen_band(source, path, None)
    check_no_classes(source, path, 1, "elevations")
    people = words_said(source, 1, PEOPLE_WORDS)
    if people and not words_said(source, 1, ELEVATION_WORDS):
        raise InputError(
            f"{path}: looks like people (the file says {people!r}); give a raster of elevations"
        )
    check_blocks(source, path)
    unit = str(source.units[0] or "m").strip().lower()
    if unit not in ("m", "meter", "meters", "metre", "metres"):
        raise InputError(f"{path}: its unit is {source.units[0]}; convert it to meters first")


def _elevations(
    path: str | Path,
    opened: "tuple[DatasetReader, WarpedVRT]",
    grid: Grid,
    progress: Share | None,
) -> Iterator[Window]:
    """Mean elevations by windows, checked."""
    source, view = opened
    anything, windows = False, windows_of(grid.shape, (BLOCK, BLOCK), BLOCK**2)
    for k, window in enumerate(windows):
        with reading(path):
            value = scaled(source, view.read(1, window=window))
        check_elevation(path, value)
        anything = anything or bool(np.isfinite(value).any())
        yield window.rows.start, window.columns.start, value
        if progress is not None:
            progress((k + 1) / len(windows))
    if not anything:
        raise InputError(f"{path}: no elevation in the grid; give a raster of the same region")
