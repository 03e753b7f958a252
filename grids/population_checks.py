"""What a population raster cannot be: other quantities, negative people, absurd densities."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.errors import InputError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Float = NDArray[np.float64]
Kind = Literal["count", "density_per_km2"]

# Densest inhabited square kilometers: Dhaka and Manila about 100,000, Kowloon blocks 150,000.
MAX_DENSITY_PER_KM2 = 500_000.0
# A raster of counts whose densest cell holds fewer people per km2 than this is no country.
MIN_PEAK_DENSITY_PER_KM2 = 50.0
_MIN_CELLS_TO_JUDGE = 1000
_MOST_PEOPLE = 1.2e10
_DENSITY_WORDS = ("density", "per km2", "per km^2", "per sq", "/km2", "/km^2", "km-2")
_ELEVATION_WORDS = ("elevation", "altitude", "height above")


def check_words(source: "DatasetReader", path: str | Path, kind: Kind) -> None:
    """Refuse rasters that say themselves that they are no population, or one of another kind."""
    seems = seeming(source)
    if seems:
        raise InputError(f"{path}: is {seems}, not people; give a population raster")
    for text in said(source) if kind == "count" else []:
        if any(word in text.lower() for word in _DENSITY_WORDS):
            raise InputError(
                f'{path}: kind = "count", but the file says {text!r}; '
                'set kind = "density_per_km2" under [population]'
            )


def seeming(source: "DatasetReader") -> str:
    """What else than numbers of one quantity a raster says it is; empty if nothing."""
    from rasterio.enums import ColorInterp

    if source.count > 1:
        return f"a raster of {source.count} bands"
    if source.colorinterp[0] == ColorInterp.palette:
        return "a raster of classes with a color table"
    data_type = str(source.tags().get("DataType", "")).lower()
    if data_type == "thematic":
        return "a raster of classes (DataType=Thematic)"
    if data_type == "elevation":
        return "a raster of elevation (DataType=Elevation)"
    words = [text for text in said(source) if any(w in text.lower() for w in _ELEVATION_WORDS)]
    return f"a raster of elevation ({words[0]!r})" if words else ""


def said(source: "DatasetReader") -> list[str]:
    """Short texts of a raster's first band and tags."""
    tags = {**source.tags(), **source.tags(1)}
    texts = [str(source.units[0] or ""), str(source.descriptions[0] or "")]
    return texts + [f"{key} {value}" for key, value in tags.items() if len(str(value)) < 200]


def check_cells(path: str | Path, value: Float, first: tuple[int, int], *, is_whole: bool) -> None:
    """Refuse infinite and negative cells of a window, by the place of the first of them.

    Parameters
    ----------
    path : path
    value : (row, column)
        NaN is no data.
    first : (2,)
        Row and column of the window's first cell.
    is_whole : bool
        Whether the window is the whole raster.
    """
    for what, bad in (("infinite", np.isinf(value)), ("negative", value < 0.0)):
        if bad.any():
            _refuse(path, value, bad, f"{int(bad.sum())} {what}", first, is_whole)


def _refuse(
    path: str | Path,
    value: Float,
    bad: NDArray[np.bool_],
    what: str,
    first: tuple[int, int],
    is_whole: bool,
) -> None:
    r, c = np.argwhere(bad)[0]
    marks = np.unique(value[bad])
    # Values that differ, or that leave no cell over, are no mark of missing data.
    a_mark = len(marks) == 1 and not (is_whole and (bad | np.isnan(value)).all())
    remedy = "people per cell are finite and not negative, is it a population raster?"
    if a_mark:
        # In full: a mark such as -3.4028234663852886e+38 must be met exactly.
        remedy = f"if that means no data, set nodata = {float(marks[0])!r} under [population]"
    raise InputError(
        f"{path}: {what} cells between rows {first[0]} and {first[0] + len(value)}, the "
        f"first {value[r, c]:g} at row {first[0] + r}, column {first[1] + c}; {remedy}"
    )


def check_values(path: str | Path, kind: Kind, total: float, *, all_masked: bool) -> None:
    """Refuse rasters without people, or with more than there are."""
    if all_masked:
        raise InputError(f"{path}: every cell is nodata; check the file and nodata = ...")
    if total <= 0.0:
        raise InputError(f"{path}: nobody lives in it (sum {total:g}); is it a population raster?")
    if total > _MOST_PEOPLE:
        other = "density_per_km2" if kind == "count" else "count"
        raise InputError(
            f'{path}: {total:.3g} people with kind = "{kind}", more than on Earth; '
            f'is it kind = "{other}"?'
        )


def check_density(path: str | Path, kind: Kind, peak: float, inhabited: int) -> None:
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
