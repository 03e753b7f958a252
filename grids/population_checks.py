"""What a population raster must be: errors name the file, the place and the remedy."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from netmodel.grids.elevation import HIGHEST_M, LOWEST_M
from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.windows import Window

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Float = NDArray[np.float64]
Kind = Literal["count", "density_per_km2"]

# Densest inhabited square kilometers: Dhaka and Manila about 100,000, Kowloon blocks 150,000.
MAX_DENSITY_PER_KM2 = 500_000.0
# A raster of counts whose densest cell holds fewer people per km2 than this is no country.
MIN_PEAK_DENSITY_PER_KM2 = 50.0
# Of a run grid: beyond the first no machine of today holds the layers of a run.
MAX_CELLS = 400_000_000
MIN_CELLS = 4
_MIN_CELLS_TO_JUDGE = 1000
_MOST_PEOPLE = 1.2e10
_DENSITY_WORDS = ("density", "per km2", "per km^2", "per sq", "/km2", "/km^2", "km-2")
ELEVATION_WORDS = ("elevation", "altitude", "height above", "terrain", "dem", "dtm", "dsm", "srtm")
_CLASS_WORDS = ("thematic",)
PEOPLE_WORDS = ("population", "people", "persons", "inhabitants")


def source_grid(source: "DatasetReader", path: str | Path) -> Grid:
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
    if source.transform.is_identity:
        raise InputError(
            f"{path}: no place on Earth (no geotransform); give the file that has one, or state it "
            "with `gdal_edit.py -a_ullr WEST NORTH EAST SOUTH FILE`"
        )
    grid = Grid(crs, source.transform, source.shape)
    left, bottom, right, top = grid.bounds
    if crs.is_geographic and (bottom < -90.001 or top > 90.001):
        raise InputError(
            f"{path}: latitudes from {bottom:g} to {top:g} degrees; "
            "latitude and longitude look swapped, transpose the raster"
        )
    return grid


def chosen_band(source: "DatasetReader", path: str | Path, band: int | None) -> int:
    """Number of the band to read, which must be stated where there are several."""
    if source.count == 1 and band is None:
        return 1
    if band is None:
        what = "a picture" if picture_words(source) else f"{source.count} bands"
        raise InputError(
            f"{path}: {what}, of which one is read; choose it with `netmodel import population "
            f"--band 1..{source.count}`"
        )
    if not 1 <= band <= source.count:
        raise InputError(f"{path}: band = {band}, but it has 1..{source.count}")
    return band


def check_no_classes(source: "DatasetReader", path: str | Path, band: int, wanted: str) -> None:
    """Refuse palettes, pictures and classes, whose values are names and no quantities."""
    tags = _said(source, band)
    found = picture_words(source)
    if _has_colors(source, band):
        found = "a map of classes (it has a color table)"
    for text in tags:
        if "athematic" not in text.lower() and any(w in text.lower() for w in _CLASS_WORDS):
            found = f"a map of classes (the file says {text!r})"
    if np.dtype(source.dtypes[band - 1]).kind == "c":
        found = "of complex numbers"
    if found:
        raise InputError(f"{path}: {found}; give a raster of {wanted}")


def picture_words(source: "DatasetReader") -> str:
    """What to call a raster whose bands are colors; empty if they are not."""
    names = {c.name for c in source.colorinterp}
    return "a picture (its bands are colors)" if names & {"red", "green", "blue", "palette"} else ""


def _has_colors(source: "DatasetReader", band: int) -> bool:
    try:
        return bool(source.colormap(band))
    except ValueError:  # rasterio's way to say that there is none
        return False


def _said(source: "DatasetReader", band: int) -> list[str]:
    """What the file says of a band: its unit, description and short tags."""
    tags = {**source.tags(), **source.tags(band)}
    said = [str(source.units[band - 1] or ""), str(source.descriptions[band - 1] or "")]
    return said + [f"{key} {value}" for key, value in tags.items() if len(str(value)) < 200]


def words_said(source: "DatasetReader", band: int, words: tuple[str, ...]) -> str:
    """The first that a file says of a band with one of `words` in it; empty if none."""
    pattern = re.compile(rf"(?<![a-z])({'|'.join(words)})(?![a-z])")
    return next((t for t in _said(source, band) if pattern.search(t.lower())), "")


def says_people(source: "DatasetReader", band: int) -> bool:
    """Whether the unit of a band is people, as that of an imported raster is."""
    return str(source.units[band - 1]).lower() in ("people", "persons")


def check_words(source: "DatasetReader", path: str | Path, kind: Kind, band: int) -> None:
    """Refuse what its own tags say is something else; its unit goes before them."""
    if says_people(source, band) and kind == "count":
        return
    people = words_said(source, band, PEOPLE_WORDS)
    elevation = words_said(source, band, ELEVATION_WORDS)
    if elevation and not people:
        raise InputError(
            f"{path}: looks like elevation (the file says {elevation!r}); give a raster of people"
        )
    for text in _said(source, band) if kind == "count" else []:
        if any(word in text.lower() for word in _DENSITY_WORDS):
            raise InputError(
                f'{path}: kind = "count", but the file says {text!r}; set kind = '
                '"density_per_km2" (--kind of an import)'
            )


def check_cells(grid: Grid) -> None:
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


def refuse_unsound(path: str | Path, value: Float, window: Window, *, whole: bool) -> None:
    """Refuse negative and infinite cells of a window; `whole` if it is all of the raster."""
    _refuse(path, value, np.isinf(value), ("infinite", window), whole)
    _refuse(path, value, value < 0.0, ("negative", window), whole)


def _refuse(
    path: str | Path, value: Float, bad: NDArray[np.bool_], found: tuple[str, Window], whole: bool
) -> None:
    """Refuse bad cells of a window by the place of the first."""
    place = np.argwhere(bad)
    if not len(place):
        return
    what, window = found
    r, c = place[0]
    marks = np.unique(value[bad])
    # Values that differ, or that leave no cell over, are no mark of missing data.
    a_mark = len(marks) == 1 and not (whole and (bad | np.isnan(value)).all())
    remedy = "people per cell are finite and not negative, is it a population raster?"
    if a_mark:
        # In full: a mark such as -3.4028234663852886e+38 must be met exactly.
        remedy = f"if that means no data, set nodata = {float(marks[0])!r} (--nodata of an import)"
    elif len(marks) > 2 and marks[0] >= LOWEST_M and np.nanmax(value) <= HIGHEST_M:
        remedy = "people per cell are not negative, is it elevation?"
    raise InputError(
        f"{path}: {len(place)} {what} cells between rows {window.rows.start} and "
        f"{window.rows.stop}, the first {value[r, c]:g} at row {window.rows.start + r}, column "
        f"{window.columns.start + c}; {remedy}"
    )


def check_total(path: str | Path, kind: Kind, total: float, *, all_masked: bool) -> None:
    """Refuse rasters without people."""
    if all_masked:
        raise InputError(f"{path}: every cell is nodata; check the file and nodata = ...")
    if total <= 0.0:
        raise InputError(f"{path}: nobody lives in it (sum {total:g}); is it a population raster?")
    if total > _MOST_PEOPLE:
        other = "density_per_km2" if kind == "count" else "count"
        raise InputError(
            f'{path}: {total:.3g} people with kind = "{kind}", more than on Earth; '
            f'is it kind = "{other}" (--kind of an import)?'
        )


def check_density(
    path: str | Path, kind: Kind, peak: float, inhabited: int, *, says_people: bool
) -> None:
    """Refuse what would be absurd densities: counts taken for densities or the reverse."""
    if peak > MAX_DENSITY_PER_KM2:
        other = "density_per_km2" if kind == "count" else "count"
        raise InputError(
            f'{path}: kind = "{kind}" would mean up to {peak:,.0f} people per km2 '
            f'(plausible: up to {MAX_DENSITY_PER_KM2:,.0f}); is it kind = "{other}" (--kind of an '
            "import)?"
        )
    sparse = inhabited >= _MIN_CELLS_TO_JUDGE and peak < MIN_PEAK_DENSITY_PER_KM2
    if kind == "count" and sparse and not says_people:
        raise InputError(
            f'{path}: kind = "count" would mean at most {peak:.3g} people per km2 in any of '
            f'{inhabited:,} inhabited cells; is it kind = "density_per_km2" (--kind of an import)?'
        )
