"""Rows of a file of any format, under netmodel's column names."""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel.errors import DataError, InputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

# The header of OpenCelliD's downloads (its database documentation); files of a single
# country come without it.
OPENCELLID = (
    "radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples",
    "changeable", "created", "updated", "averageSignal",
)  # fmt: skip
_RADIOS = ("GSM", "UMTS", "CDMA", "LTE", "NR", "NBIOT")

# Spellings of columns, in lower case, in the order in which they are looked for.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "lon": ("lon", "longitude", "lng", "long", "lon_deg", "经度"),
    "lat": ("lat", "latitude", "lat_deg", "纬度"),
    "x": ("x", "easting", "eastings", "x_coord"),
    "y": ("y", "northing", "northings", "y_coord"),
    "network": ("network", "net", "operator", "mnc", "运营商"),
    "kind": ("kind", "site_kind"),
    "site_id": ("site_id", "siteid", "site", "id", "站号"),
    "band": ("band",),
    "azimuth_deg": ("azimuth_deg", "azimuth", "azi", "bearing", "方位角"),
    "tilt_deg": ("tilt_deg", "tilt", "downtilt", "下倾角"),
    "height_m": ("height_m", "antenna_height_m", "height", "挂高"),
    "power_dbm": ("power_dbm",),
    "antenna": ("antenna",),
    "carriers": ("carriers",),
    "samples": ("samples",),
    "datum": ("datum", "坐标系"),
    "village_id": ("village_id", "id", "code"),
    "name": ("name", "name_en", "name_zh", "village", "名称"),
    "code": ("code", "zone_id", "id", "adcode"),
    "population": ("population", "people", "pop", "人口"),
    "households": ("households", "户数"),
}


@dataclass(frozen=True)
class Reading:
    """How a file is read.

    Parameters
    ----------
    columns : mapping
        netmodel's name of a column to the file's; an empty one leaves that column out.
    crs : str, optional
        Of coordinates whose file does not state it.
    datum : {"wgs84", "gcj02"}, optional
        Of longitudes and latitudes.
    layer : str, optional
        Of a file with several.
    encoding : str
        Of text files.
    decimal : {".", ","}
        Mark of decimals in text files.
    keep : mapping
        Values by column of the file; rows with others are dropped.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    crs: str | None = None
    datum: str | None = None
    layer: str | None = None
    encoding: str = "utf-8-sig"
    decimal: str = "."
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
        table = _text_rows(path, reading, packed=form == "gzip")
        form = "OpenCelliD" if tuple(table.columns) == OPENCELLID else "CSV"
        rows = Rows(table.dropna(how="all"), form)
    else:
        table = _vector_table(path, form, reading)
        rows = Rows(table.set_axis(np.arange(1, len(table) + 1)), form)
    if rows.table.empty:
        raise InputError(f"{path}: no rows; give at least one")
    names = _names(path, rows.table, reading.columns, wanted)
    clash = [c for c in rows.table.columns if c in names.values() and c not in names]
    return Rows(rows.table.drop(columns=clash).rename(columns=names), rows.form, names)


def read_points(path: str | Path, key: str) -> pd.DataFrame:
    """The rows of a file that a scenario's `key` names, with `lon` and `lat` of its points.

    A table without geometry is as it is.
    """
    rows = read_rows(path, Reading(), key=key)
    points = rows.geo
    if points is None or {"lon", "lat"} <= set(points.columns):
        return rows.table
    if points.crs is None:
        raise InputError(f"{path}: no CRS; `netmodel import` it with --crs")
    places = points.geometry.to_crs("EPSG:4326").get_coordinates()
    if len(places) != len(points):
        raise InputError(f"{path}: {key} takes a layer of points, a row each")
    out: pd.DataFrame = points.assign(lon=places["x"].to_numpy(), lat=places["y"].to_numpy())
    return out


_MAGIC = {b"PAR1": "Parquet", b"SQLi": "GeoPackage", b"\x1f\x8b": "gzip", b"fgb": "FlatGeobuf"}
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
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return "GeoJSON"
    return _SUFFIX.get(Path(path).suffix.lower(), "CSV")


def column_names(path: str | Path) -> list[str]:
    """Names of a file's columns, without those of row numbers."""
    form = _format(path, "the path")
    if form in ("CSV", "gzip"):
        return [str(c) for c in _text_rows(path, Reading(), packed=form == "gzip", most=1).columns]
    return [str(c) for c in _vector_table(path, form, Reading()).columns]


def _vector_table(path: str | Path, form: str, reading: Reading) -> pd.DataFrame:
    """Features with their attributes, or the rows of a Parquet file without geometry."""
    from netmodel.grids.vectors import read_vector

    if form == "Parquet" and not _has_geometry(path):
        return pd.read_parquet(path)
    table: pd.DataFrame = read_vector(path, reading.layer, needs_crs=False)
    return table


def _has_geometry(path: str | Path) -> bool:
    """Whether a Parquet file is a GeoParquet."""
    import pyarrow.parquet as pq
    from pyarrow.lib import ArrowException

    try:
        return b"geo" in (pq.read_schema(path).metadata or {})
    except (ArrowException, OSError) as error:
        raise DataError(
            f"{path}: not a whole Parquet file ({str(error).splitlines()[0]}); copy it again"
        ) from error


def _text_rows(
    path: str | Path, reading: Reading, *, packed: bool, most: int | None = None
) -> pd.DataFrame:
    """Rows of a CSV, plain or packed with gzip, by their numbers; all of them, or the first."""
    with _readable(path, reading):
        head = _first_line(path, reading.encoding, packed=packed)
        separator = max(",;\t|", key=head.count)
        fields = [f.strip().strip('"') for f in head.rstrip("\r\n").split(separator)]
        headless = len(fields) == len(OPENCELLID) and fields[0] in _RADIOS
        options: dict[str, Any] = {"header": None, "names": list(OPENCELLID)} if headless else {}
        table = pd.read_csv(
            path,
            sep=separator,
            decimal=reading.decimal,
            encoding=reading.encoding,
            compression="gzip" if packed else None,
            skipinitialspace=True,
            skip_blank_lines=False,
            low_memory=False,
            nrows=most,
            **options,
        )
    first = 1 if headless else 2
    table = table.set_axis(np.arange(first, first + len(table)))
    nameless = [c for c in table.columns if str(c).startswith("Unnamed")]  # row numbers
    out: pd.DataFrame = table.drop(columns=nameless)
    return out


def _first_line(path: str | Path, encoding: str, *, packed: bool) -> str:
    """The header of a text file, or its first row."""
    opened = gzip.open if packed else open
    with opened(path, "rt", encoding=encoding, newline="") as file:
        return str(file.readline(1 << 16))


@contextmanager
def _readable(path: str | Path, reading: Reading) -> Iterator[None]:
    """Turn what a text file can have wrong into one line."""
    try:
        yield
    except LookupError as error:
        raise InputError(f"--encoding {reading.encoding}: not known; such as gb18030") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start:,} is not {error.encoding}; state the file's encoding, "
            "such as --encoding gb18030 or --encoding latin-1"
        ) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: the gzip file is cut short or damaged ({error}); fetch it again"
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: not a CSV table ({reason}); save it as UTF-8 CSV") from error


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
        if free:
            names[free[0]] = name
    return names


def check_mapping(given: Mapping[str, str], wanted: tuple[str, ...]) -> None:
    """Refuse a mapping to a column that means nothing."""
    unknown = [name for name in given if name not in wanted]
    if unknown:
        raise InputError(
            f"--column {unknown[0]}={given[unknown[0]]}: no such column of netmodel's; "
            f"known: {', '.join(wanted)}"
        )
