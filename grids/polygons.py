"""Polygons of a user's file, checked one by one and brought onto a grid."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.vectors import read_vector

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
    if not _is_polygon(frame).any():
        raise InputError(f"{path}: no polygons in it; give an area or zones as polygons")
    _check_kinds(path, frame)
    _check_valid(path, frame)
    if code is not None:
        check_column(path, frame, code)
        _check_codes(path, frame, code)
    return frame


def on_grid(path: str | Path, polygons: "GeoDataFrame", grid: Grid) -> "GeoDataFrame":
    """The polygons in the CRS of the grid; between points their edges are straight there.

    `path` is where they came from.
    """
    out = polygons.to_crs(grid.crs)
    bad = ~np.isfinite(out.geometry.bounds.to_numpy()).all(axis=1)
    if bad.any():
        raise InputError(
            f"{path}: row {_first(bad)}: reaches where {grid.name} has no coordinates; "
            "cut the polygons to the region of the grid"
        )
    return out


def check_column(path: str | Path, frame: "GeoDataFrame", column: str) -> None:
    """Refuse a file without a column."""
    if column not in frame.columns:
        raise InputError(
            f"{path}: no column {column!r}; it has {', '.join(map(str, frame.columns[:20]))}"
        )


def _is_polygon(frame: "GeoDataFrame") -> NDArray[np.bool_]:
    return np.asarray(frame.geometry.geom_type.isin(["Polygon", "MultiPolygon"]))


def _check_kinds(path: str | Path, frame: "GeoDataFrame") -> None:
    empty = np.asarray(frame.geometry.isna() | frame.geometry.is_empty)
    if empty.any():
        raise InputError(f"{path}: row {_first(empty)}: no geometry; leave the row out or draw it")
    other = ~_is_polygon(frame)
    if other.any():
        kind = frame.geometry.geom_type[other].iloc[0]
        raise InputError(f"{path}: row {_first(other)}: a {kind}; give polygons only")


def _check_valid(path: str | Path, frame: "GeoDataFrame") -> None:
    import shapely

    invalid = ~np.asarray(frame.geometry.is_valid)
    if invalid.any():
        reason = shapely.is_valid_reason(frame.geometry[invalid].iloc[0])
        raise InputError(
            f"{path}: row {_first(invalid)}: invalid polygon ({reason}); mend it, for example with "
            f"QGIS' Fix geometries, or `netmodel import zones {path} -o OUT --repair`"
        )


def _check_codes(path: str | Path, frame: "GeoDataFrame", code: str) -> None:
    missing = np.asarray(frame[code].isna())
    if missing.any():
        raise InputError(f"{path}: row {_first(missing)}: no {code}; give each zone a code")
    again = np.asarray(frame[code].astype(str).duplicated())
    if again.any():
        row = _first(again)
        value: Any = str(frame[code].iloc[row - 1])
        before = _first(np.asarray(frame[code].astype(str) == value))
        raise InputError(
            f"{path}: row {row}: {code} {value!r} is also in row {before}; give each zone its own "
            "code, or make the parts one multipolygon"
        )


def _first(mask: NDArray[np.bool_]) -> int:
    """Row, counted from 1, of the first true value."""
    return int(np.argmax(mask)) + 1
