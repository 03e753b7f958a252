"""A user's list of base stations, checked where it enters."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from netmodel._csv import read_csv
from netmodel._sites import station_layers
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.grids.grid import Grid
from netmodel.grids.layers import grid_of
from netmodel.presets import BANDS

KINDS = ("macro", "indoor", "small")
_KEY = "[sites] path"
# What numbers a list may hold of a station or sector, and the range of each.
_RANGES = {
    "azimuth_deg": (-360.0, 360.0),
    "tilt_deg": (-90.0, 90.0),
    "height_m": (0.1, 1000.0),
    "power_dbm": (-50.0, 100.0),
    "carriers": (1.0, 100.0),
}
_USED = {"lon", "lat", "x", "y", "network", "kind", "azimuth_deg", "site_id", "cell"}
_EXPLICIT = ("band", "tilt_deg", "height_m", "power_dbm", "antenna")
_IDLE = ("carriers",)
# What tells stations at one place apart.
_IDENTITY = ("network", "kind", "azimuth_deg", "band")
_ALIASES = {"net": "network", "longitude": "lon", "latitude": "lat"}


def listed_sites(ds: xr.Dataset, sites: pd.DataFrame) -> xr.Dataset:
    """5G base stations of every cell and network, counted from a list.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population`.
    sites : DataFrame
        As `read_sites` returns it; those outside the dataset's grid are another area's.

    Returns
    -------
    Dataset
        As `synthesised_sites`; the densities are the counts over the cells' areas.
    """
    grid = grid_of(ds)
    cell = grid.cell(sites["x"], sites["y"])
    networks = sorted(sites["network"].unique())
    sites, cell = sites[cell >= 0], cell[cell >= 0]
    place = Cells(grid, np.unique(cell))
    area = place.area_km2()
    layers = []
    for network in networks:
        of_network = sites["network"].to_numpy() == network
        indoor = sites["kind"].to_numpy() == "indoor"
        n_all, n_indoor = (_counts(place, cell[m]) for m in (of_network, of_network & indoor))
        layers.append((n_all, n_indoor, (n_all - n_indoor) / area, n_indoor / area))
    return station_layers(ds, place, layers, networks, synthesised=False)


def _counts(place: Cells, cell: NDArray[np.int64]) -> NDArray[np.int64]:
    """Stations per cell of `place`."""
    return np.bincount(np.searchsorted(place.index, cell), minlength=place.index.size)


def read_sites(path: str | Path, grid: Grid, crs: str | None = None) -> pd.DataFrame:
    """Read a CSV of base stations and place it on a grid, a row a station.

    As `read_sectors`; the sectors of a place are one station.
    """
    return stations_of(read_sectors(path, grid, crs))


def stations_of(sectors: pd.DataFrame) -> pd.DataFrame:
    """A row a station of rows that may be sectors."""
    if "azimuth_deg" not in sectors.columns:
        return sectors
    return sectors.drop_duplicates(["x", "y", "network", "kind"], ignore_index=True)


def read_sectors(path: str | Path, grid: Grid, crs: str | None = None) -> pd.DataFrame:
    """Read a CSV of base stations or sectors, a row as in the file, and place it on a grid.

    Columns: `lon` and `lat` in WGS 84, or `x` and `y` with `crs`; `network` (or `net`), `kind`
    (macro, indoor, small), `site_id`, `azimuth_deg`, `cell` where known. With `azimuth_deg` a
    row is a sector; with `cell` it is a radio cell, several of which may share a place. `band`,
    `tilt_deg`, `height_m`, `power_dbm` and `antenna` are for the explicit mode; `carriers` is
    checked and used by no stage yet.

    Returns
    -------
    DataFrame
        `x`, `y` in the grid's CRS, `network`, `kind`, `band`, `antenna`, and those of the numbers
        that the file has; NaN where it leaves them blank.

    Raises
    ------
    DataError, InputError
        Missing file or columns; coordinates that are no numbers, not finite, duplicated,
        swapped or outside the grid; kinds, bands and numbers that are none; networks named in
        some rows only.
    """
    return placed_sectors(path, read_csv(path, _KEY), grid, crs)


def placed_sectors(
    path: str | Path, table: pd.DataFrame, grid: Grid, crs: str | None = None
) -> pd.DataFrame:
    """A table of base stations or sectors as `read_sectors` returns it; `path` names its errors."""
    table = table.rename(columns=_ALIASES)
    columns, source_crs = _coordinate_columns(path, table, crs)
    a, b = (_numbers(path, table, c) for c in columns)
    _check_lonlat(path, source_crs, a, b)
    x, y = Transformer.from_crs(source_crs, grid.crs, always_xy=True).transform(a, b)
    _check_inside(path, grid, (np.asarray(x), np.asarray(y)), (a, b), source_crs)
    out = pd.DataFrame({"x": x, "y": y})
    _check_networks(path, table)
    out["network"] = _words(table, "network", "all")
    out["kind"] = _words(table, "kind", "macro")
    _check_known(path, "kind", out["kind"], KINDS)
    _check_known(path, "band", _words(table, "band", ""), ("", *BANDS))
    _check_numbers(path, table)
    _check_duplicates(path, table.assign(_a=a, _b=b))
    for column in ("band", "antenna"):
        words = _words(table, column, "")
        out[column] = words.where(words != "", np.nan)
    for column in (c for c in _RANGES if c in table.columns):
        out[column] = pd.to_numeric(table[column], errors="coerce").astype(np.float64)
    return out


def column_notes(path: str | Path, mode: str = "national") -> str:
    """What is not used of a list's columns, for reading; empty if all are."""
    names = [str(c) for c in read_csv(path, _KEY, rows=1).rename(columns=_ALIASES).columns]
    idle = [n for n in names if n in _IDLE or (mode == "national" and n in _EXPLICIT)]
    unknown = [n for n in names if n not in _USED and n not in _EXPLICIT and n not in _IDLE]
    # The header of a column of row numbers is empty.
    unknown = [n for n in unknown if not n.startswith("Unnamed")]
    notes = [f"{', '.join(idle)}: checked, not used in {mode} mode"] if idle else []
    notes += [f"{', '.join(unknown)}: not known, left out"] if unknown else []
    return "; ".join(notes)


def _coordinate_columns(
    path: str | Path, table: pd.DataFrame, crs: str | None
) -> tuple[tuple[str, str], CRS]:
    """Names of the coordinate columns and their CRS."""
    if {"lon", "lat"} <= set(table.columns):
        return ("lon", "lat"), CRS.from_epsg(4326)
    if not {"x", "y"} <= set(table.columns):
        found = ", ".join(map(str, table.columns[:12]))
        raise InputError(f"{path}: needs columns lon and lat, or x and y; it has {found}")
    if crs is None:
        raise InputError(f'{path}: x and y need crs = "EPSG:..." under [sites]')
    try:
        return ("x", "y"), CRS.from_user_input(crs)
    except CRSError as error:
        raise InputError(f"[sites] crs = {crs!r}: not a CRS; use an EPSG code") from error


def _numbers(path: str | Path, table: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """A coordinate column as finite numbers."""
    value = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    bad = ~np.isfinite(value)
    if bad.any():
        raise InputError(
            f"{path}: {int(bad.sum())} rows without a finite {column}, the first row {_row(bad)} "
            f"with {_shown(table[column][bad].iloc[0])}; mend or remove them"
        )
    return value


def _shown(value: Any) -> str:
    """A value of a list as its reader sees it."""
    return "nothing" if pd.isna(value) else repr(value) if isinstance(value, str) else str(value)


def _check_networks(path: str | Path, table: pd.DataFrame) -> None:
    """Refuse lists that name the network of some rows only."""
    if "network" not in table.columns:
        return
    blank = table["network"].isna()
    if blank.any() and not blank.all():
        raise InputError(
            f"{path}: {int(blank.sum())} rows without a network, the first row {_row(blank)}, "
            "where others have one; name it in every row or in none"
        )


def _check_known(
    path: str | Path, column: str, words: "pd.Series[str]", known: Iterable[str]
) -> None:
    """Refuse words that mean nothing."""
    unknown = ~words.isin(list(known))
    if unknown.any():
        raise InputError(
            f"{path}: row {_row(unknown)}: {column} {words[unknown].iloc[0]!r}; "
            f"known: {', '.join(word for word in known if word)}"
        )


def _check_numbers(path: str | Path, table: pd.DataFrame) -> None:
    """Refuse numbers out of range; a blank is not known."""
    for column in (c for c in _RANGES if c in table.columns):
        low, high = _RANGES[column]
        value = pd.to_numeric(table[column], errors="coerce")
        bad = table[column].notna() & ~value.between(low, high)
        if bad.any():
            raise InputError(
                f"{path}: row {_row(bad)}: {column} {_shown(table[column][bad].iloc[0])}; "
                f"expected {low:g} to {high:g}, or nothing"
            )


def _check_lonlat(
    path: str | Path, crs: CRS, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> None:
    """Refuse latitudes beyond the poles."""
    beyond = np.abs(lat) > 90.0
    if crs.is_geographic and beyond.any():
        swapped = bool((np.abs(lon) <= 90.0).all())
        raise InputError(
            f"{path}: row {_row(beyond)} has latitude {lat[beyond][0]:g}; "
            + ("lon and lat look swapped" if swapped else "latitudes lie within -90..90")
        )


def _check_inside(
    path: str | Path,
    grid: Grid,
    xy: tuple[NDArray[np.float64], NDArray[np.float64]],
    given: tuple[NDArray[np.float64], NDArray[np.float64]],
    crs: CRS,
) -> None:
    """Refuse sites outside the grid, and say so if swapping the columns would mend it."""
    outside = grid.cell(*xy) < 0
    if not outside.any():
        return
    to_grid = Transformer.from_crs(crs, grid.crs, always_xy=True)
    swapped = grid.cell(*to_grid.transform(given[1], given[0])) >= 0
    remedy = "remove them or give a population raster that holds them"
    if swapped[outside].mean() > 0.5:
        remedy = "the two coordinate columns look swapped"
    raise InputError(
        f"{path}: {int(outside.sum())} of {outside.size} sites outside the grid, the first row "
        f"{_row(outside)} at ({given[0][outside][0]:g}, {given[1][outside][0]:g}); {remedy}"
    )


def _check_duplicates(path: str | Path, table: pd.DataFrame) -> None:
    """Refuse rows that nothing tells apart, and ids given twice."""
    key = ["_a", "_b", *(c for c in _IDENTITY if c in table.columns)]
    if "cell" in table.columns:
        # A list of radio cells has several rows a mast, and cell ids are unique only within an
        # area code that the list may lack: only copies of a whole row are duplicates.
        key = [c for c in table.columns if not str(c).startswith("Unnamed")]
    twice = table.duplicated(key).to_numpy()
    if "site_id" in table.columns and "azimuth_deg" not in table.columns:
        twice = twice | table.duplicated("site_id").to_numpy()
    if twice.any():
        k = int(np.argmax(twice))
        raise InputError(
            f"{path}: {int(twice.sum())} duplicated sites, the first row {_row(twice)} at "
            f"({table['_a'].iloc[k]:g}, {table['_b'].iloc[k]:g}); remove them, or tell them apart "
            "by network, kind, band, azimuth_deg or cell"
        )


def _words(table: pd.DataFrame, column: str, default: str) -> "pd.Series[str]":
    """A text column, with a default where it or a value is missing."""
    if column not in table.columns:
        return pd.Series(default, index=table.index)
    words = table[column].where(table[column].notna(), default)
    text = words.astype(str).str.strip().str.removesuffix(".0")
    return text.str.replace(r"\s+", "_", regex=True)


def _row(bad: "NDArray[np.bool_] | pd.Series[bool]") -> int:
    """Line of the file of the first bad row: one header line, counted from 1."""
    return int(np.argmax(np.asarray(bad))) + 2
