"""Edits of sites: a table of what to add, move, remove, retilt or upgrade; the sectors after."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._explicit import Sectors
from netmodel._networks import network_names
from netmodel._rows import read_points
from netmodel._sectors import check_masts, set_power, with_defaults
from netmodel._settings import Radio
from netmodel._site_checks import check_known, check_numbers, texts, words
from netmodel._site_list import placed_sectors
from netmodel._transmitters import PATTERNS
from netmodel.errors import InputError
from netmodel.grids.layers import grid_of
from netmodel.presets import BANDS

Int32 = NDArray[np.int32]
Edits = str | Path | pd.DataFrame | list[dict[str, Any]]

# What each action may set, and what it must.
_MAY = {
    "add": (
        "band",
        "kind",
        "azimuth_deg",
        "tilt_deg",
        "height_m",
        "power_dbm",
        "antenna",
        "carriers",
    ),
    "move": (),
    "remove": (),
    "retilt": ("tilt_deg", "azimuth_deg"),
    "upgrade": ("carriers", "power_dbm"),
}
ACTIONS = tuple(_MAY)
_COLUMNS = ("action", "site", "sector", "network", "lon", "lat", *_MAY["add"])
_WHAT = "edits"


@dataclass(frozen=True)
class Terms:
    """What sites are completed with: sectors, population and sites of the run, radio, stations."""

    sectors: Sectors
    ds: xr.Dataset
    radio: Radio
    per_site: float


@dataclass(frozen=True)
class EditedTable:
    """Sectors of a carrier after edits.

    Column `sector` of the table is the number by which layers and files know a sector: that of
    the run, and beyond those for new ones. `row` (old sector,) is the row of each old one, -1
    where it is gone; `x`, `y` (place,) where something differs.
    """

    table: pd.DataFrame
    row: Int32
    x: NDArray[np.float64]
    y: NDArray[np.float64]


def read_edits(edits: Edits) -> tuple[str, pd.DataFrame]:
    """A table of edits and the name its errors have; its index is the rows' numbers."""
    if isinstance(edits, str | Path):
        where, table = str(edits), read_points(edits, _WHAT)
    else:
        where, table = _WHAT, pd.DataFrame(edits)
        table.index = pd.RangeIndex(1, len(table) + 1)
    unknown = [c for c in table.columns if c not in _COLUMNS]
    if unknown:
        raise InputError(f"{where}: column {unknown[0]!r}; known: {', '.join(_COLUMNS)}")
    if "action" not in table.columns or table.empty:
        raise InputError(f"{where}: no edits; give rows with an action: {', '.join(ACTIONS)}")
    table = table.assign(action=words(table, "action", "").str.lower())
    check_known(where, "action", table["action"], ACTIONS)
    check_known(where, "band", words(table, "band", ""), ("", *BANDS))
    check_numbers(where, table)
    _check_settings(where, table)
    return where, table


def _check_settings(where: str, table: pd.DataFrame) -> None:
    """Refuse what an action does not take, and an action without what it needs."""
    settings = set(_MAY["add"]) - {"band"}
    for number, row in table.iterrows():
        action = row["action"]
        given = {c for c in settings & set(table.columns) if pd.notna(row[c])}
        idle = sorted(given - set(_MAY[action]))
        if idle:
            raise InputError(f"{where}: row {number}: {action} takes no {idle[0]}; leave it blank")
        if action in ("retilt", "upgrade") and not given:
            raise InputError(f"{where}: row {number}: {action} needs {' or '.join(_MAY[action])}")
        if action in ("add", "move") and not {"lon", "lat"} <= set(row.dropna().index):
            raise InputError(f"{where}: row {number}: {action} needs lon and lat")


def edited_tables(edits: Edits, terms: Terms) -> dict[str, EditedTable]:
    """The carriers that edits concern, with their sectors after all of them, one by one.

    New sectors stand last; all others keep their order, heights and tilts.

    Raises
    ------
    InputError
        Naming the row: an unknown action, column, site, network or band, a place outside the
        grid, a number out of range, a carrier left without any sector.
    """
    where, table = read_edits(edits)
    sectors = terms.sectors
    now: dict[str, pd.DataFrame] = {}
    places: dict[str, list[pd.DataFrame]] = {}
    for number in table.index:
        row = table.loc[[number]]
        name = _carrier_of(where, row, sectors)
        old = now.get(name)
        if old is None:
            old = sectors.tables[name].assign(sector=np.arange(len(sectors.tables[name])))
        after = _ACT[row["action"].iloc[0]](where, row, old, terms)
        if after.empty:
            raise InputError(
                f"{where}: row {number} leaves no sector on {name}; keep one site at least"
            )
        places.setdefault(name, []).append(_differing(old, after))
        now[name] = after
    return {
        name: _edited(after, len(sectors.tables[name]), pd.concat(places[name]))
        for name, after in now.items()
    }


def _edited(after: pd.DataFrame, n_old: int, places: pd.DataFrame) -> EditedTable:
    number = after["sector"].to_numpy(np.int64)
    row = np.full(n_old, -1, np.int32)
    row[number[number < n_old]] = np.flatnonzero(number < n_old)
    spots = places.drop_duplicates()
    return EditedTable(after.reset_index(drop=True), row, *(spots[k].to_numpy() for k in "xy"))


_TOLD = ["x", "y", "height_m", "azimuth_deg", "tilt_deg", "eirp_dbm", "carriers"]


def _differing(old: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Places of the sectors that only one of two tables has as they are."""
    a, b = (table.set_index("sector")[_TOLD] for table in (old, after))
    both = a.index.intersection(b.index)
    same = both[(a.loc[both].to_numpy() == b.loc[both].to_numpy()).all(axis=1)]
    apart: pd.DataFrame = pd.concat([part[["x", "y"]].drop(index=same) for part in (a, b)])
    return apart


def _carrier_of(where: str, row: pd.DataFrame, sectors: Sectors) -> str:
    """Name of the carrier that an edit is of."""
    number = row.index[0]
    said = {k: words(row, k, "").iloc[0] for k in ("network", "band")}
    names = [
        name for name, table in sectors.tables.items()
        if all(said[k] in ("", str(table[k].iloc[0])) for k in said)
    ]  # fmt: skip
    if len(names) == 1:
        return names[0]
    have = ", ".join(f"{t['network'].iloc[0]} {t['band'].iloc[0]}" for t in sectors.tables.values())
    asked = " ".join(v for v in said.values() if v) or "no network"
    raise InputError(
        f"{where}: row {number} names {asked}; the run has {have}: name a network, and a band of "
        "its own where it has several"
    )


def _of_site(where: str, row: pd.DataFrame, table: pd.DataFrame) -> NDArray[np.bool_]:
    """Sectors (sector,) of the site, or the one sector, that an edit names."""
    number, said = row.index[0], texts(row, "site", "").iloc[0]
    # A list's own names go before numbers, which may be names of other sites.
    for column in ("site_id", "site"):
        mine = np.array(texts(table, column, "") == said)
        if said and mine.any():
            break
    else:
        what = f"site {said!r}" if said else "no site"
        raise InputError(
            f"{where}: row {number} names {what}; give a number of column `site` of "
            "sectors.parquet, or a site_id of your list"
        )
    sector = texts(row, "sector", "").iloc[0]
    if sector:
        mine &= np.array(table["sector"].astype(str) == sector)
        if not mine.any():
            raise InputError(
                f"{where}: row {number} names sector {sector!r}, which site {said} has not; give "
                "a number of column `sector` of sectors.parquet"
            )
    return np.asarray(mine)


def _place(where: str, row: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """An edit's row as a list of sites has it, on the grid."""
    columns = [c for c in row.columns if c in ("lon", "lat", *_MAY["add"])]
    return placed_sectors(where, row[columns].dropna(axis=1), grid_of(terms.ds))


def _add(where: str, row: pd.DataFrame, table: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    new = _place(where, row, terms)
    if (new["kind"] == "indoor").any():
        raise InputError(f"{where}: row {row.index[0]}: no sector is indoors; give macro or small")
    check_masts(new)
    new = new.assign(network=table["network"].iloc[0], band=table["band"].iloc[0])
    number = network_names(terms.ds).index(str(table["network"].iloc[0]))
    _check_antenna(where, row, terms)
    antennas = terms.sectors.antennas
    new = with_defaults(terms.ds, new, number, terms.per_site, terms.radio, antennas)
    said = texts(row, "site", "").iloc[0]
    if said and "site_id" in table.columns:
        new = new.assign(site_id=said)
    name = _carrier_of(where, row, terms.sectors)
    first = max(int(table["sector"].max()) + 1, len(terms.sectors.tables[name]))
    new = new.assign(
        site=table["site"].max() + 1, status="edited", sector=first + np.arange(len(new))
    )
    return pd.concat([table, new[[c for c in table.columns if c in new]]], ignore_index=True)


def _check_antenna(where: str, row: pd.DataFrame, terms: Terms) -> None:
    """Refuse a pattern that the run has not read."""
    check_known(
        where, "antenna", words(row, "antenna", ""), ("", *PATTERNS, *terms.sectors.antennas)
    )


def _move(where: str, row: pd.DataFrame, table: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    mine, at = _of_site(where, row, table), _place(where, row, terms)
    x, y = (np.where(mine, at[k].iloc[0], table[k]) for k in ("x", "y"))
    return table.assign(x=x, y=y, status=np.where(mine, "edited", table["status"]))


def _remove(where: str, row: pd.DataFrame, table: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    return table[~_of_site(where, row, table)]


def _retilt(where: str, row: pd.DataFrame, table: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    mine = _of_site(where, row, table)
    given = {c: float(row[c].iloc[0]) for c in _MAY["retilt"] if c in row and row[c].notna().all()}
    if "azimuth_deg" in given and mine.sum() > 1:
        raise InputError(
            f"{where}: row {row.index[0]}: one azimuth for {mine.sum()} sectors; name the sector"
        )
    return _set(table, mine, given)


def _upgrade(where: str, row: pd.DataFrame, table: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    mine, out = _of_site(where, row, table), table
    given = {c: float(row[c].iloc[0]) for c in _MAY["upgrade"] if c in row and row[c].notna().all()}
    if "power_dbm" in given:
        power = table.loc[mine].assign(power_dbm=given.pop("power_dbm"))
        set_power(power, BANDS[str(table["band"].iloc[0])], terms.sectors.antennas)
        for column in ("eirp_dbm", "link_dbm"):
            out = _set(out, mine, {column: power[column].to_numpy()})
    return _set(out, mine, given)


def _set(table: pd.DataFrame, mine: NDArray[np.bool_], given: Mapping[str, Any]) -> pd.DataFrame:
    """Values of some rows set."""
    out = table.assign(status=np.where(mine, "edited", table["status"]))
    for column, value in given.items():
        values = out[column].to_numpy(np.float64).copy()
        values[mine] = value
        out[column] = values
    return out


_ACT = {"add": _add, "move": _move, "remove": _remove, "retilt": _retilt, "upgrade": _upgrade}
