"""Candidate sites: a list as users bring it, checked, with all that their sectors need."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._networks import network_names
from netmodel._reopened import Reopened
from netmodel._rows import read_points
from netmodel._sectors import antennas_of, check_masts, with_defaults
from netmodel._site_checks import network_name, row_of, texts, words
from netmodel._site_list import placed_sectors
from netmodel._transmitters import transmitters
from netmodel.errors import InputError
from netmodel.kernels.transmitters import Transmitters

Float = NDArray[np.float64]
_WHAT = "candidates"


@dataclass(frozen=True)
class Carried:
    """Candidates of a carrier: their sectors as arrays and as a table.

    `candidate` (site,) is each one's number among all candidates.
    """

    network: str
    band: str
    table: pd.DataFrame
    sectors: Transmitters
    candidate: NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """All candidates: a row each, in the order of the list, and their sectors by carrier.

    `table` has `candidate` (the list's `site_id`, or the row's number), `network`, `band`, `lon`,
    `lat`, `x`, `y`, `kind`, and `cost` where the list has it.
    """

    table: pd.DataFrame
    carriers: list[Carried]


def read_candidates(source: str | Path | pd.DataFrame, run: Reopened) -> Candidates:
    """Candidates of a run's networks, in its area.

    Raises
    ------
    InputError
        Naming the row: a place outside the area, a network that the run has not, a cost that is
        none, indoor sites, what a list of sites may not have; no row at all.
    """
    where, rows = _rows_of(source)
    listed = _listed(where, rows, run)
    _check_area(where, rows, listed, run)
    place = pd.MultiIndex.from_frame(listed[["network", "band", "x", "y"]])
    number, first = pd.factorize(place)[0], ~place.duplicated()
    lon, lat = run.work.pixels.frame.lonlat(listed["x"], listed["y"])
    table = listed[["network", "band", "x", "y", "kind"]].assign(lon=lon, lat=lat)[first]
    names = texts(rows, "site_id", "").to_numpy()
    table["candidate"] = np.where(names == "", rows.index.astype(str), names)[first]
    if "cost" in rows.columns:
        table["cost"] = _costs(where, rows)[first]
    carriers = [
        _carried(run, str(network), str(band), own, number[own.index])
        for (network, band), own in listed.groupby(["network", "band"], sort=True)
    ]
    return Candidates(table.reset_index(drop=True), carriers)


def _rows_of(source: str | Path | pd.DataFrame) -> tuple[str, pd.DataFrame]:
    """The rows and the name that errors have; the index is the rows' numbers."""
    if isinstance(source, pd.DataFrame):
        where, rows = _WHAT, source.set_axis(pd.RangeIndex(1, len(source) + 1))
    else:
        where, rows = str(source), read_points(source, _WHAT)
    if rows.empty:
        raise InputError(f"{where}: no candidate; give a row for each")
    return where, rows


def _listed(where: str, rows: pd.DataFrame, run: Reopened) -> pd.DataFrame:
    """Rows as a list of sites has them, with network and band."""
    names = network_names(run.domain)
    if "network" not in rows.columns and len(names) == 1:
        rows = rows.assign(network=names[0])
    said = words(rows, "network", "").map(network_name)
    unknown = ~said.isin(names)
    if unknown.any():
        raise InputError(
            f"{where}: row {row_of(rows.index, unknown)}: network {said[unknown].iloc[0]!r}; the "
            f"run has {', '.join(names)}"
        )
    listed = placed_sectors(where, rows, run.work.pixels.frame)
    indoor = listed["kind"] == "indoor"
    if indoor.any():
        raise InputError(
            f"{where}: row {row_of(rows.index, indoor)}: indoor; a candidate is macro or small"
        )
    check_masts(listed)
    radio = run.inputs.scenario.radio
    usual = listed["network"].map(lambda n: radio.bands.get(n, radio.band))
    return listed.assign(band=listed["band"].fillna(usual))


def _check_area(where: str, rows: pd.DataFrame, listed: pd.DataFrame, run: Reopened) -> None:
    """Refuse candidates outside the area of the run."""
    people = run.work.ground.people
    cell = run.work.pixels.frame.cell(listed["x"], listed["y"])
    outside = ~np.isfinite(people.reshape(-1)[cell])
    if outside.any():
        k = int(np.argmax(outside))
        lon, lat = run.work.pixels.frame.lonlat(listed["x"], listed["y"])
        raise InputError(
            f"{where}: {int(outside.sum())} of {len(rows)} candidates outside the area of the "
            f"run, the first row {rows.index[k]} at ({lon[k]:g}, {lat[k]:g}); remove them"
        )


def _costs(where: str, rows: pd.DataFrame) -> Float:
    """Cost of each row, all of them or none."""
    cost = pd.to_numeric(rows["cost"], errors="coerce").to_numpy(np.float64)
    bad = ~(np.isfinite(cost) & (cost >= 0.0))
    if bad.any():
        raise InputError(
            f"{where}: row {row_of(rows.index, bad)}: cost {rows['cost'][bad].iloc[0]!r}; give a "
            "number of zero or more in every row, or no column cost"
        )
    return cost


def _carried(
    run: Reopened, network: str, band: str, own: pd.DataFrame, number: NDArray[np.int64]
) -> Carried:
    scenario = run.inputs.scenario
    order = np.lexsort((own["x"], own["y"]))  # rows of a place together
    own, number = own.iloc[order].reset_index(drop=True), number[order]
    path = scenario.sites.path
    antennas = antennas_of(own, path.parent if path is not None else None)
    which = network_names(run.domain).index(network)
    table = with_defaults(run.domain, own, which, run.stations_per_site, scenario.radio, antennas)
    _, first = np.unique(own.groupby(["x", "y"], sort=False).ngroup(), return_index=True)
    return Carried(network, band, table, transmitters(table, antennas), number[first])
