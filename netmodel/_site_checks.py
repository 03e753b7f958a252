"""Checks of a list of base stations; the table's index is the row's number in its file."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel.errors import InputError

KINDS = ("macro", "indoor", "small")
# What numbers a list may hold of a station or sector, and the range of each.
RANGES = {
    "azimuth_deg": (-360.0, 360.0),
    "tilt_deg": (-90.0, 90.0),
    "height_m": (0.1, 1000.0),
    "power_dbm": (-50.0, 100.0),
    "carriers": (1.0, 100.0),
}
Float = NDArray[np.float64]
Mask = NDArray[np.bool_]

# What tells stations at one place apart.
_IDENTITY = ("network", "kind", "azimuth_deg", "band")


def coordinate_numbers(path: str | Path, table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A coordinate column as finite numbers."""
    value = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    bad = ~np.isfinite(value)
    if bad.any():
        raise InputError(
            f"{path}: {int(bad.sum())} rows without a finite {column}, the first row "
            f"{row_of(table.index, bad)} with {_shown(table[column][bad].iloc[0])}; "
            "mend or remove them"
        )
    return value


def _shown(value: Any) -> str:
    """A value of a list as its reader sees it."""
    return "nothing" if pd.isna(value) else repr(value) if isinstance(value, str) else str(value)


def check_networks_named(path: str | Path, table: pd.DataFrame) -> None:
    """Refuse lists that name the network of some rows only."""
    if "network" not in table.columns:
        return
    _check_alike(path, table["network"].dropna().astype(str).unique())
    blank = table["network"].isna()
    if blank.any() and not blank.all():
        raise InputError(
            f"{path}: {int(blank.sum())} rows without a network, the first row "
            f"{row_of(table.index, blank)}, where others have one; name it in every row or in none"
        )


def _check_alike(path: str | Path, names: "NDArray[np.object_]") -> None:
    """Refuse networks whose names differ in what no file name or column keeps."""
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(network_name(name).casefold(), name.strip())
        if other != name.strip():
            raise InputError(
                f"{path}: the networks {other!r} and {name!r} would both be called "
                f"{network_name(name)}; name them apart"
            )


def network_name(name: str) -> str:
    """A network's name as tables, layers and files have it: letters, digits, - and _."""
    return re.sub(r"[^\w-]", "_", name.strip())


def check_known(
    path: str | Path, column: str, said: "pd.Series[str]", known: Iterable[str]
) -> None:
    """Refuse words that mean nothing."""
    unknown = ~said.isin(list(known))
    if unknown.any():
        raise InputError(
            f"{path}: row {row_of(said.index, unknown)}: {column} {said[unknown].iloc[0]!r}; "
            f"known: {', '.join(word for word in known if word)}"
        )


def check_numbers(path: str | Path, table: pd.DataFrame) -> None:
    """Refuse numbers out of range; a blank is not known."""
    for column in (c for c in RANGES if c in table.columns):
        low, high = RANGES[column]
        value = pd.to_numeric(table[column], errors="coerce")
        bad = table[column].notna() & ~value.between(low, high)
        if bad.any():
            raise InputError(
                f"{path}: row {row_of(table.index, bad)}: {column} "
                f"{_shown(table[column][bad].iloc[0])}; expected {low:g} to {high:g}, or nothing"
            )


def check_degrees(path: str | Path, place: tuple[Float, Float], index: "pd.Index[int]") -> None:
    """Refuse latitudes and longitudes beyond their ranges; `index` is the rows' numbers."""
    lon, lat = place
    for name, value, most in (("latitude", lat, 90.0), ("longitude", lon, 360.0)):
        beyond = np.abs(value) > most
        if beyond.any():
            remedy = f"{name}s lie within {-most:g}..{most:g}; is its CRS one in meters?"
            if name == "latitude" and (np.abs(lon[beyond]) <= 90.0).all():
                remedy = "lon and lat look swapped"
                if beyond.all():
                    remedy += "; `netmodel import` takes --column lon=LAT --column lat=LON"
            raise InputError(
                f"{path}: row {row_of(index, beyond)} has {name} {value[beyond][0]:g}; {remedy} "
                f"({int(beyond.sum()):,} rows in all)"
            )


def check_duplicates(path: str | Path, table: pd.DataFrame) -> None:
    """Refuse rows that nothing tells apart, and ids given twice."""
    key = ["_a", "_b", *(c for c in _IDENTITY if c in table.columns)]
    if "cell" in table.columns:
        # A list of radio cells has several rows a mast, and cell ids are unique only within an
        # area code that the list may lack: only copies of a whole row are duplicates.
        key = table.columns.tolist()
    twice = table.duplicated(key).to_numpy()
    if "site_id" in table.columns and "azimuth_deg" not in table.columns:
        told = ["site_id", *(c for c in ("band",) if c in table.columns)]
        twice = twice | table.duplicated(told).to_numpy()
    if twice.any():
        k = int(np.argmax(twice))
        raise InputError(
            f"{path}: {int(twice.sum())} duplicated sites, the first row "
            f"{row_of(table.index, twice)} at ({table['_a'].iloc[k]:g}, "
            f"{table['_b'].iloc[k]:g}); remove them, or tell them apart by network, kind, band, "
            "azimuth_deg or cell"
        )


def words(table: pd.DataFrame, column: str, default: str) -> "pd.Series[str]":
    """A column of single words, with a default where it or a value is missing."""
    return texts(table, column, default).str.replace(r"\s+", "_", regex=True)


def texts(table: pd.DataFrame, column: str, default: str) -> "pd.Series[str]":
    """A text column, whole numbers without a fraction, with a default for what is missing."""
    if column not in table.columns:
        return pd.Series(default, index=table.index)
    given = table[column]
    said = given.where(given.notna(), default).astype(str).str.strip()
    return said.str.removesuffix(".0") if pd.api.types.is_float_dtype(given) else said


def row_of(index: "pd.Index[int]", bad: "Mask | pd.Series[bool]") -> int:
    """Number in the file of the first bad row."""
    return int(index[int(np.argmax(np.asarray(bad)))])
