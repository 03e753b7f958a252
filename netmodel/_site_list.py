"""A user's list of base stations, checked where it enters."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from netmodel._rows import column_names, read_points
from netmodel._site_checks import (
    KINDS,
    RANGES,
    check_degrees,
    check_duplicates,
    check_known,
    check_networks_named,
    check_numbers,
    coordinate_numbers,
    network_name,
    row_of,
    texts,
    words,
)
from netmodel._sites import station_layers
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.grids.grid import Grid
from netmodel.grids.layers import grid_of
from netmodel.presets import BANDS

_USED = {"lon", "lat", "x", "y", "network", "kind", "azimuth_deg", "site_id", "cell"}
_SAID = {"geometry", "rows"}  # of `netmodel import sites`: the place again, and what it was made of
_EXPLICIT = ("band", "tilt_deg", "height_m", "power_dbm", "antenna", "carriers")
_KEY = "[sites] path"
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
    `tilt_deg`, `height_m`, `power_dbm`, `antenna` and `carriers` are for the explicit mode.

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
    return placed_sectors(path, read_points(path, _KEY), grid, crs)


def placed_sectors(
    path: str | Path, table: pd.DataFrame, grid: Grid, crs: str | None = None
) -> pd.DataFrame:
    """A table of base stations or sectors as `read_sectors` returns it.

    `path` names its errors, its index the rows.
    """
    table = _renamed(table)
    columns, source_crs = _coordinate_columns(path, table, crs)
    a, b = (coordinate_numbers(path, table, c) for c in columns)
    if source_crs.is_geographic:
        check_degrees(path, (a, b), table.index)
    x, y = Transformer.from_crs(source_crs, grid.crs, always_xy=True).transform(a, b)
    _check_inside((path, table.index), grid, (x, y), (a, b), source_crs)
    out = pd.DataFrame({"x": x, "y": y}, index=table.index)
    check_networks_named(path, table)
    out["network"] = words(table, "network", "all").map(network_name)
    out["kind"] = words(table, "kind", "macro")
    check_known(path, "kind", out["kind"], KINDS)
    check_known(path, "band", words(table, "band", ""), ("", *BANDS))
    check_numbers(path, table)
    check_duplicates(path, table.assign(_a=a, _b=b))
    if "site_id" in table.columns:
        out["site_id"] = texts(table, "site_id", "")
    for column in ("band", "antenna"):
        said = words(table, column, "")
        out[column] = said.where(said != "", np.nan)
    for column in (c for c in RANGES if c in table.columns):
        out[column] = pd.to_numeric(table[column], errors="coerce").astype(np.float64)
    return out.reset_index(drop=True)


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    """The table under netmodel's names, where it does not have them itself."""
    names = {old: new for old, new in _ALIASES.items() if new not in table.columns}
    return table.rename(columns=names)


def column_notes(path: str | Path, mode: str = "national") -> str:
    """What is not used of a list's columns, for reading; empty if all are."""
    names = _renamed(pd.DataFrame(columns=column_names(path))).columns.tolist()
    idle = [n for n in names if mode == "national" and n in _EXPLICIT]
    unknown = [n for n in names if n not in _USED | _SAID | {*_EXPLICIT}]
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


def _check_inside(
    place: tuple[str | Path, "pd.Index[int]"],
    grid: Grid,
    xy: tuple[NDArray[np.float64], NDArray[np.float64]],
    given: tuple[NDArray[np.float64], NDArray[np.float64]],
    crs: CRS,
) -> None:
    """Refuse sites outside the grid, and say so if swapping the columns would mend it.

    `place` is the file and its rows' numbers.
    """
    outside = grid.cell(*xy) < 0
    if not outside.any():
        return
    to_grid = Transformer.from_crs(crs, grid.crs, always_xy=True)
    swapped = grid.cell(*to_grid.transform(given[1], given[0])) >= 0
    remedy = "remove them or give a population raster that holds them"
    if swapped[outside].mean() > 0.5:
        remedy = "the two coordinate columns look swapped"
    raise InputError(
        f"{place[0]}: {int(outside.sum())} of {outside.size} sites outside the grid, the first "
        f"row {row_of(place[1], outside)} at ({given[0][outside][0]:g}, "
        f"{given[1][outside][0]:g}); {remedy}"
    )
