"""Rows of a file of any format, under netmodel's column names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._reading import OPENCELLID, SPELLINGS, Reading
from netmodel._text_rows import text_rows
from netmodel.errors import DataError, InputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True)
class Rows:
    """Rows of a file.

    Parameters
    ----------
    table : DataFrame
        A GeoDataFrame where the file has geometry; its index is the row's number in the file,
        the header of a text file being row 1.
    form : str
        Of the file: "OpenCelliD", "CSV", "GeoPackage", ...
    names : mapping
        Of the columns that have another name in the file, by that name.
    """

    table: pd.DataFrame
    form: str
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def number(self) -> NDArray[np.int64]:
        """Row numbers in the file."""
        return self.table.index.to_numpy(np.int64)

    @property
    def geo(self) -> "GeoDataFrame | None":
        """The table with its geometry, if it has one."""
        has = "geometry" in self.table.columns and hasattr(self.table, "crs")
        return cast("GeoDataFrame", self.table) if has else None

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Some of the rows."""
        return Rows(self.table[mask], self.form, self.names)


def read_rows(
    path: str | Path,
    reading: Reading,
    wanted: tuple[str, ...] = (),
    *,
    key: str = "the path",
) -> Rows:
    """The rows of a file, its columns under the names of `wanted` where they are known.

    Parameters
    ----------
    path : path
    reading : Reading
    wanted : tuple of str
        Those of `SPELLINGS` that columns are looked for.
    key : str
        What named the file, for messages.

    Raises
    ------
    DataError
        No such file; a file cut short, damaged, or of no known format.
    InputError
        No rows; a column that the reading names and the file lacks.
    """
    form = _format(path, key)
    if form in ("CSV", "gzip"):
        table = text_rows(path, reading, packed=form == "gzip")
        form = "OpenCelliD" if tuple(table.columns) == OPENCELLID else "CSV"
        rows = Rows(table.dropna(how="all"), form)
    else:
        table = _vector_table(path, form, reading)
        rows = Rows(table.set_axis(np.arange(1, len(table) + 1)), form)
    if rows.table.empty:
        raise InputError(f"{path}: no rows; give at least one")
    names = _names(path, rows.table, reading.columns, wanted)
    left_out = {name for name, column in reading.columns.items() if not column}
    taken = left_out | set(names.values())
    clash = [c for c in rows.table.columns if c in taken and c not in names]
    return Rows(rows.table.drop(columns=clash).rename(columns=names), rows.form, names)


def read_points(path: str | Path, key: str) -> pd.DataFrame:
    """The rows of a file that a scenario's `key` names, with `lon` and `lat` of its points.

    A table without geometry is as it is.
    """
    from netmodel.grids.vectors import without_shape

    rows = read_rows(path, Reading(), key=key)
    points = rows.geo
    if points is None:
        return rows.table
    if points.crs is None:
        raise InputError(f"{path}: no CRS; `netmodel import` it with --crs")
    other = without_shape(points.geometry) | (points.geometry.geom_type != "Point").to_numpy()
    if other.any():
        row = points.index[int(np.argmax(other))]
        raise InputError(f"{path}: row {row} is no point; {key} takes a layer of points")
    place = points.geometry.to_crs("EPSG:4326")
    out: pd.DataFrame = points.assign(lon=place.x.to_numpy(), lat=place.y.to_numpy())
    return out


_MAGIC = {b"PAR1": "Parquet", b"SQLi": "GeoPackage", b"\x1f\x8b": "gzip", b"fgb": "FlatGeobuf"}
_RASTERS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"\x89PNG", b"\xff\xd8\xff")
_SUFFIX = {".shp": "Shapefile", ".kml": "KML", ".gml": "GML", ".tab": "MapInfo"}


def _format(path: str | Path, key: str) -> str:
    """What a file is, by its first bytes, or by its suffix where they do not tell."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(64)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check {key}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give a file") from error
    for magic, form in _MAGIC.items():
        if head.startswith(magic):
            return form
    if head.startswith(b"PK"):
        if Path(path).suffix.lower() in (".xlsx", ".ods", ".docx"):
            raise DataError(f"{path}: a spreadsheet; save the sheet as CSV")
        return "zip"
    if head.startswith(_RASTERS):
        raise DataError(f"{path}: an image or raster; give a table, or a layer of features")
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return "GeoJSON"
    form = _SUFFIX.get(Path(path).suffix.lower(), "CSV")
    if form == "CSV" and not head:
        raise DataError(f"{path}: an empty file, not a CSV table; give one with a header and rows")
    return form


def column_names(path: str | Path) -> list[str]:
    """Names of a file's columns, without those of row numbers."""
    form = _format(path, "the path")
    if form in ("CSV", "gzip"):
        return [str(c) for c in text_rows(path, Reading(), packed=form == "gzip", most=1).columns]
    from netmodel.grids.vectors import vector_columns

    return vector_columns(path)


def _vector_table(path: str | Path, form: str, reading: Reading) -> pd.DataFrame:
    """Features with their attributes, or the rows of a Parquet file without geometry."""
    from netmodel.grids.vectors import read_vector

    if form == "Parquet":
        plain = _plain_parquet(path)
        if plain is not None:
            return plain
    stated = reading.encoding if reading.encoding != Reading.encoding else None
    table: pd.DataFrame = read_vector(path, reading.layer, encoding=stated, needs_crs=False)
    return table


def _plain_parquet(path: str | Path) -> pd.DataFrame | None:
    """The table of a Parquet file without geometry; None for a GeoParquet."""
    import pyarrow.parquet as pq
    from pyarrow.lib import ArrowException

    try:
        if b"geo" in (pq.read_schema(path).metadata or {}):
            return None
        return pd.read_parquet(path)
    except (ArrowException, OSError) as error:
        raise DataError(
            f"{path}: not a whole Parquet file ({str(error).splitlines()[0]}); copy it again"
        ) from error


def _names(
    path: str | Path, table: pd.DataFrame, given: Mapping[str, str], wanted: tuple[str, ...]
) -> dict[str, str]:
    """Netmodel's names of a table's columns, those asked for first."""
    present = {str(c).strip().casefold(): c for c in reversed(table.columns.tolist())}
    names: dict[str, str] = {}
    for name in wanted:
        spellings = (given[name],) if name in given else SPELLINGS.get(name, (name,))
        found = [present[s] for s in (s.strip().casefold() for s in spellings) if s in present]
        if name in given and given[name] and not found:
            listed = ", ".join(map(str, table.columns[:15]))
            raise InputError(f"{path}: no column {given[name]!r} for {name}; it has {listed}")
        free = [c for c in found if c not in names]
        if len(free) > 1 and name in _PLACES:
            raise InputError(
                f"{path}: columns {free[0]!r} and {free[1]!r} could both be {name}; say which, "
                f"such as --column {name}={free[0]}"
            )
        if name in given and given[name] and not free:
            raise InputError(
                f"{path}: --column {name}={given[name]}: that column is {names[found[0]]} already"
            )
        if free:
            names[free[0]] = name
    return names


_PLACES = ("lon", "lat", "x", "y")


def check_mapping(given: Mapping[str, str], wanted: tuple[str, ...]) -> None:
    """Refuse a mapping to a column that means nothing."""
    unknown = [name for name in given if name not in wanted]
    if unknown:
        raise InputError(
            f"--column {unknown[0]}={given[unknown[0]]}: no such column of netmodel's; "
            f"known: {', '.join(wanted)}"
        )
