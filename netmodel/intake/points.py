"""Points of a file in WGS 84, with every row that cannot be placed counted."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from netmodel._reading import Reading
from netmodel._rows import Rows, check_mapping, read_rows
from netmodel._site_checks import check_degrees, texts
from netmodel.errors import InputError
from netmodel.grids.china import in_china
from netmodel.grids.datum import in_gcj02_box, wgs84_of_gcj02
from netmodel.grids.grid import crs_of
from netmodel.grids.vectors import without_shape
from netmodel.intake.report import Report

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from netmodel.intake.people import People

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]

DATUMS = {"wgs84": "WGS 84", "gcj02": "GCJ-02"}
_MOST_DROPPED = 0.5  # of the rows: beyond, the file is not what it is taken for


class Placed(NamedTuple):
    """Rows with their places in WGS 84 [degrees]."""

    rows: Rows
    lon: Float
    lat: Float

    def where(self, mask: Mask) -> "Placed":
        """Some of the rows."""
        return Placed(self.rows.where(mask), self.lon[mask], self.lat[mask])


def placed_file(
    path: str | Path,
    reading: Reading,
    wanted: tuple[str, ...],
    people: "People | None",
    report: Report,
) -> Placed:
    """The rows of a file at their places, those in the raster of people where there is one."""
    check_mapping(reading.columns, wanted)
    rows = read_rows(path, reading, wanted)
    report.note("format", rows.form)
    placed = placed_points(path, rows, reading, report)
    return placed if people is None else people.inside(path, placed, report)


def placed_points(path: str | Path, rows: Rows, reading: Reading, report: Report) -> Placed:
    """Rows at their places; those without a place are dropped and reported.

    Raises
    ------
    InputError
        No coordinates or CRS; geometry that is no points; decimals with commas; latitude and
        longitude swapped; points in China of unknown datum; mixed datums; more than half of the
        rows without a place.
    """
    report.note("rows", len(rows.table))
    _note_columns(rows, report)
    rows = kept_rows(path, rows, reading, report)
    a, b, crs = _coordinates(path, rows, reading)
    report.note("CRS of the file", crs.name)
    blank = ~(np.isfinite(a) & np.isfinite(b))
    rows, a, b = _without(path, "no coordinates", blank, (rows, a, b), report)
    if crs.is_geographic:
        check_degrees(path, (a, b), rows.table.index)
        rows, a, b = _without(path, "at 0, 0", (a == 0.0) & (b == 0.0), (rows, a, b), report)
    to_wgs84 = Transformer.from_crs(crs, CRS.from_epsg(4326), always_xy=True)
    lon, lat = (np.asarray(v) for v in to_wgs84.transform(a, b))
    beyond = ~(np.isfinite(lon) & np.isfinite(lat))
    rows, lon, lat = _without(path, "beyond the CRS", beyond, (rows, lon, lat), report)
    lon = np.where(np.abs(lon) > 180.0, (lon + 180.0) % 360.0 - 180.0, lon)
    datum = stated_datum(path, rows, reading)
    lon, lat = in_wgs84((lon, lat), path, (crs, datum, rows.number), report)
    return Placed(rows, lon, lat)


def _note_columns(rows: Rows, report: Report) -> None:
    """What of the file's columns is read, and what is not."""
    back = {new: old for old, new in rows.names.items()}
    columns = [c for c in rows.table.columns if c != "geometry"]
    used = [f"{c} ({back[c]})" if back[c] != c else c for c in columns if c in back]
    report.note("columns read", ", ".join(used) or "none, but the geometry")
    idle = [str(c) for c in columns if c not in back]
    if idle:
        report.note("columns not read", ", ".join(idle))


def kept_rows(path: str | Path, rows: Rows, reading: Reading, report: Report) -> Rows:
    """The rows whose columns have the values that are to be kept."""
    for column, values in reading.keep.items():
        table, name = rows.table, rows.names.get(column, column)
        if name not in table.columns:
            listed = ", ".join(map(str, table.columns[:15]))
            raise InputError(f"{path}: --keep {column}: no such column; it has {listed}")
        text = texts(table, str(name), "")
        other = ~text.isin(list(values)).to_numpy(np.bool_)
        absent = [v for v in values if v not in set(text)]
        report.drop(f"not {column} = {', '.join(values)}", rows.number[other])
        if other.all():
            raise InputError(
                f"{path}: no row has {column} = {', '.join(values)}; the first has {text.iloc[0]!r}"
            )
        if absent:
            report.note(f"no row has {column}", ", ".join(absent))
        rows = rows.where(~other)
    return rows


def _coordinates(path: str | Path, rows: Rows, reading: Reading) -> tuple[Float, Float, CRS]:
    """The two coordinates of each row, NaN where it has none, and their CRS."""
    if rows.geo is not None:
        return _of_geometry(path, rows.geo, reading)
    columns = set(rows.table.columns)
    crs = crs_of(reading.crs or "EPSG:4326")
    pair = ("lon", "lat") if {"lon", "lat"} <= columns else ("x", "y")
    if crs.is_projected and {"x", "y"} <= columns:
        pair = ("x", "y")
    if not set(pair) <= columns:
        listed = ", ".join(map(str, rows.table.columns[:15]))
        raise InputError(
            f"{path}: no columns of coordinates known; it has {listed}; say which they are, "
            "such as --column lon=LONG --column lat=LAT, or x and y with --crs"
        )
    if pair == ("x", "y") and reading.crs is None:
        raise InputError(f"{path}: x and y without a CRS; state it, such as --crs EPSG:27700")
    if pair == ("lon", "lat") and crs.is_projected:
        raise InputError(
            f"{path}: lon and lat are degrees, and {reading.crs} has none; leave out --crs, or "
            "name the columns in it, such as --column x=EAST --column y=NORTH"
        )
    a, b = (_number_column(path, rows, c, reading.decimal) for c in pair)
    return a, b, crs


def _number_column(path: str | Path, rows: Rows, name: str, decimal: str) -> Float:
    """A column as numbers, NaN for what is none; decimal commas are refused."""
    column = rows.table[name]
    value = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    if pd.api.types.is_numeric_dtype(column) or np.isfinite(value).all():
        return value
    with_comma = column.astype(str).str.fullmatch(r"\s*-?\d+,\d+\s*").to_numpy(np.bool_)
    if with_comma.any():
        k = int(np.argmax(with_comma))
        remedy = "give --decimal ," if decimal == "." else "others have a point; mend the file"
        raise InputError(
            f"{path}: row {rows.number[k]}: {name} {str(column.iloc[k])!r} has a decimal comma, "
            f"as {int(with_comma.sum()):,} rows have; {remedy}"
        )
    return value


def _of_geometry(
    path: str | Path, table: "GeoDataFrame", reading: Reading
) -> tuple[Float, Float, CRS]:
    """Coordinates of points."""
    crs = stated_crs(path, table, reading)
    shape = table.geometry
    known = ~without_shape(shape)
    other = known & (shape.geom_type != "Point").to_numpy(np.bool_)
    if other.any():
        k = int(np.argmax(other))
        raise InputError(
            f"{path}: row {table.index[k]} is a {shape.geom_type.iloc[k]}; "
            "sites and villages are points, give a layer of points"
        )
    x, y = np.full(len(table), np.nan), np.full(len(table), np.nan)
    x[known], y[known] = shape[known].x, shape[known].y
    return x, y, crs


def stated_crs(path: str | Path, table: "GeoDataFrame", reading: Reading) -> CRS:
    """The CRS that a file states, or the command line; never two."""
    own = None if table.crs is None else CRS.from_user_input(table.crs)
    given = None if reading.crs is None else crs_of(reading.crs)
    if own is not None and given is not None and own != given:
        raise InputError(f"{path}: states the CRS {own.name}; leave out --crs {reading.crs}")
    if own is None and given is None:
        raise InputError(f"{path}: no CRS; state it, such as --crs EPSG:4326")
    crs = own or given
    assert crs is not None
    return crs


def _without(
    path: str | Path, reason: str, bad: Mask, given: tuple[Rows, Float, Float], report: Report
) -> tuple[Rows, Float, Float]:
    """Drop bad rows, unless they are most."""
    rows, a, b = given
    report.drop(reason, rows.number[bad])
    if bad.mean() > _MOST_DROPPED:
        raise InputError(
            f"{path}: {int(bad.sum()):,} of {bad.size:,} rows: {reason}, the first row "
            f"{rows.number[bad][0]:,}; check the columns, --column and --decimal"
        )
    return rows.where(~bad), a[~bad], b[~bad]


def stated_datum(path: str | Path, rows: Rows, reading: Reading) -> str | None:
    """The datum that a column or the command line states; never two."""
    if reading.datum is not None and reading.datum not in DATUMS:
        raise InputError(f"--datum {reading.datum}: known are {', '.join(DATUMS)}")
    if "datum" not in rows.table.columns:
        return reading.datum
    words = rows.table["datum"].astype(str).str.lower().str.replace(r"[^a-z0-9]", "", regex=True)
    unknown = ~words.isin(list(DATUMS)).to_numpy(np.bool_)
    _refuse_datum(path, rows, unknown, f"is none of {', '.join(DATUMS)}")
    said = reading.datum or str(words.iloc[0])
    other = (words != said).to_numpy(np.bool_)
    first = "--datum" if reading.datum else f"row {rows.number[0]:,}"
    _refuse_datum(
        path, rows, other, f"is not {said} as {first} says; import each datum as a file of its own"
    )
    return said


def _refuse_datum(path: str | Path, rows: Rows, bad: Mask, what: str) -> None:
    if bad.any():
        k = int(np.argmax(bad))
        shown = rows.table["datum"].iloc[k]
        raise InputError(f"{path}: row {rows.number[k]:,}: datum {shown!r} {what}")


def in_wgs84(
    place: tuple[Float, Float],
    path: str | Path,
    said: tuple[CRS, str | None, NDArray[np.int64]],
    report: Report,
) -> tuple[Float, Float]:
    """Longitude and latitude in WGS 84, from the datum that was stated.

    Parameters
    ----------
    place : (point,), (point,)
        Longitude and latitude by the CRS [degrees].
    path : path
    said : tuple
        CRS, datum and the row numbers of the points.
    report : Report
    """
    crs, datum, number = said
    if datum == "gcj02":
        inside = in_gcj02_box(*place)
        if not inside.any():
            raise InputError(
                f"{path}: --datum gcj02, but no row lies in China, where it is used; leave it out"
            )
        report.note("datum of the file", f"{DATUMS[datum]}, {int(inside.sum()):,} points moved")
        return wgs84_of_gcj02(*place)
    if datum is None and _is_plain_wgs84(crs):
        _refuse_unknown(path, in_china(*place), number)
    # Another geodetic CRS states its datum itself.
    known = datum is None and not _is_plain_wgs84(crs)
    report.note("datum of the file", "that of its CRS" if known else "WGS 84")
    return place


def _is_plain_wgs84(crs: CRS) -> bool:
    """Whether a CRS is what files in GCJ-02 are labelled: WGS 84, or web maps' Mercator."""
    if crs.to_epsg() == 3857:
        return True
    return crs.is_geographic and crs.datum is not None and "1984" in crs.datum.name


def _refuse_unknown(path: str | Path, inside: Mask, number: NDArray[np.int64]) -> None:
    """Refuse Chinese points whose datum nobody has stated."""
    if inside.any():
        raise InputError(
            f"{path}: {int(inside.sum()):,} points lie in China, the first row "
            f"{number[inside][0]:,}, where maps are shifted by up to 700 m, to GCJ-02, or are not; "
            "state which with --datum gcj02 or --datum wgs84"
        )
