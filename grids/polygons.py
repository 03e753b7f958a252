"""Polygons of a user's file, checked one by one and brought onto a grid."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.vectors import read_vector, without_shape

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def read_polygons(path: str | Path, code: str | None = None) -> "GeoDataFrame":
    """Polygons of a vector file, all of them sound.

    Parameters
    ----------
    path : path
        As for `read_vector`.
    code : str, optional
        Column that must name each polygon, and no two alike.

    Raises
    ------
    InputError
        No polygons; a geometry that is missing, empty, of another kind or invalid; no such
        column; a code that is missing or used twice. It gives the row, counted from 1.
    """
    frame = read_vector(path)
    frame = frame.set_axis(np.arange(1, len(frame) + 1))
    check_polygons(path, frame)
    if code is not None:
        check_column(path, frame, code)
        check_codes(path, frame[code])
    return frame


def check_polygons(path: str | Path, frame: "GeoDataFrame") -> None:
    """Refuse features that are no sound polygons; the index has their rows' numbers."""
    polygon = np.asarray(frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]))
    if not polygon.any():
        raise InputError(f"{path}: no polygons in it; give an area or zones as polygons")
    repair = f"`netmodel import zones {path} -o OUT --repair`"
    empty = without_shape(frame.geometry)
    _refuse(
        path, frame.index, empty, f"no geometry; leave the row out or draw it, or {repair} does"
    )
    kind = frame.geometry.geom_type.to_numpy()[~polygon & ~empty]
    _refuse(path, frame.index, ~polygon & ~empty, f"a {next(iter(kind), '')}; give polygons only")
    invalid = ~np.asarray(frame.geometry.is_valid)
    reason = next(iter(frame.geometry[invalid].is_valid_reason()), "")
    mend = f"mend it, for example with QGIS' Fix geometries, or {repair}"
    _refuse(path, frame.index, invalid, f"invalid polygon ({reason}); {mend}")


def check_codes(path: str | Path, codes: "pd.Series[Any]") -> None:
    """Refuse zones without a code, and codes of two zones; the index has the rows' numbers."""
    text, name = codes.astype(str).str.strip(), codes.name
    blank = np.asarray(codes.isna() | (text == ""))
    _refuse(path, codes.index, blank, f"no {name}; give each zone a code")
    again = np.asarray(text.duplicated())
    if again.any():
        value = text[again].iloc[0]
        before = codes.index[int(np.argmax(text == value))]
        one = "give each zone its own code, or make the parts one multipolygon"
        _refuse(path, codes.index, again, f"{name} {value!r} is also in row {before}; {one}")


def _refuse(path: str | Path, number: "pd.Index[int]", bad: NDArray[np.bool_], what: str) -> None:
    """Refuse rows by the first of them."""
    if bad.any():
        row, rows = number[int(np.argmax(bad))], int(bad.sum())
        raise InputError(f"{path}: row {row}: {what} ({rows:,} rows in all)")


def on_grid(path: str | Path, polygons: "GeoDataFrame", grid: Grid) -> "GeoDataFrame":
    """The polygons in the CRS of the grid; between points their edges are straight there.

    `path` is where they came from, their index the rows' numbers.
    """
    out = polygons.to_crs(grid.crs)
    bad = ~np.isfinite(out.geometry.bounds.to_numpy()).all(axis=1)
    what = f"reaches where {grid.name} has no coordinates; cut the polygons to the grid's region"
    _refuse(path, polygons.index, bad, what)
    return out


def check_column(path: str | Path, frame: "GeoDataFrame", column: str) -> None:
    """Refuse a file without a column."""
    if column not in frame.columns:
        raise InputError(
            f"{path}: no column {column!r}; it has {', '.join(map(str, frame.columns[:20]))}"
        )
