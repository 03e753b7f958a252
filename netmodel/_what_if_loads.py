"""Loads after a few sites have changed: what they reach is listed anew, and loads go on from old.

Demand is held: everybody asks of each network what they asked before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._edited_pixels import Change
from netmodel._explicit import Report, Sectors, Work
from netmodel._explicit_capacity import Busy, busy_hour, each_network, figures_of
from netmodel._load_layers import Values, cell_layers, filled, sector_table
from netmodel._load_points import Blocks, block_m, blocks_of, field_of, relisted
from netmodel._loads import (
    Balance,
    CarrierPoints,
    Held,
    Loads,
    Solved,
    air_of,
    carrier_shares,
    carriers_of_site,
    links_of,
    rates_mbps,
    states_of,
    uplink_work,
    used_blocks,
    work_of_points,
)
from netmodel._pixels import HORIZON_M
from netmodel._settled import TOLERANCE, put_right
from netmodel._site_edits import EditedTable
from netmodel.kernels.coupling import Links
from netmodel.kernels.settling import parts_of, unsettled
from netmodel.kernels.splice import renumber, spliced, spliced_starts
from netmodel.presets import BANDS
from netmodel.scenario import Scenario

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
Int32 = NDArray[np.int32]

_FELT = 1e-7  # move of a load from which its sector's figures are made anew


@dataclass(frozen=True)
class HeldNetwork:
    """A network's carriers with their points and loads, and what follows from them.

    `mbps` (cell,) is what its macro sites are asked for.
    """

    solved: list[Held]
    figures: dict[str, pd.DataFrame]
    values: Values
    mbps: Float


@dataclass(frozen=True)
class HeldLoads:
    """The state of all loads, for edits to begin from; no edit changes it."""

    work: Work
    busy: Busy
    networks: list[HeldNetwork]

    @property
    def cells(self) -> xr.Dataset:
        """The capacity stage's layers."""
        layers = [network.values for network in self.networks]
        return filled(self.busy.ds, self.busy.cells, layers, self.work)

    @property
    def figures(self) -> dict[str, pd.DataFrame]:
        """The figures of the sectors by carrier."""
        return {k: v for network in self.networks for k, v in network.figures.items()}

    def after(self, edits: Mapping[str, Change]) -> "HeldLoads":
        """The state after edits of some carriers, by name."""
        networks = [_network_after(self, network, edits) for network in self.networks]
        return replace(self, networks=networks)


def hold_loads(
    ds: xr.Dataset, work: Work, sectors: Sectors, scenario: Scenario, *,
    start: Mapping[str, Float] | None = None, report: Report | None = None,
) -> HeldLoads:  # fmt: skip
    """The state of all loads of a run.

    Parameters
    ----------
    ds, work, sectors
        As `explicit_capacity` takes them.
    start : dict of (sector,), optional
        Loads of the run by carrier, from which they are made again.
    """
    networks, busy = [], busy_hour(ds, work, scenario.demand)
    of_each = each_network(busy, work, sectors, scenario.sites, start=start, report=report)
    for mbps, solved in of_each:
        found = list(solved)
        networks.append(HeldNetwork(found, *figures_of(found, mbps, work), mbps))
    return HeldLoads(work, busy, networks)


def _network_after(
    held: HeldLoads, network: HeldNetwork, edits: Mapping[str, Change]
) -> HeldNetwork:
    """A network after the edits of its carriers, all of which share its demand anew."""
    if not any(one.name in edits for one in network.solved):
        return network
    now = [edits.get(one.name) or _as_it_was(one) for one in network.solved]
    chosen = _chosen(network.solved[0], now)
    air = [one.balance.air for one in network.solved]
    heard = [
        relisted(a.work, edit.carrier, a.places, chosen.points)
        for a, edit in zip(air, now, strict=True)
    ]
    tables = {edit.carrier.name: edit.edited.table for edit in now}
    shares = carrier_shares([part["server"] for part in heard], tables)
    solved, felt = [], []
    for one, edit, part, share in zip(network.solved, now, heard, shares, strict=True):
        after = _solved_after(one, edit, chosen, _Heard(part, share))
        solved.append(after)
        felt.append(_felt(one, after, edit, chosen))
    return _made_anew(network, held.busy, solved, now, felt)


class _Chosen(NamedTuple):
    """Blocks, and their points, that are listed anew; where all blocks are, and their side."""

    blocks: Bool
    points: Bool
    every: Blocks
    side: float


class _Heard(NamedTuple):
    """What the chosen points hear of a carrier, and the share of demand that it takes of them."""

    arrays: dict[str, NDArray[Any]]
    share: NDArray[np.float32] | None


def _as_it_was(one: Held) -> Change:
    nowhere = np.zeros(0)
    number = np.arange(len(one.table), dtype=np.int32)
    return Change(-1, one.balance.air.carrier, EditedTable(one.table, number, nowhere, nowhere))


def _chosen(one: Held, now: list[Change]) -> _Chosen:
    """Blocks that may hear a sector that differs, and a little more."""
    work, places = one.balance.air.work, one.balance.air.places
    side = block_m(work)
    used, _ = used_blocks(work, places)
    every = blocks_of(work, used)
    x, y = (np.concatenate([getattr(edit.edited, k) for edit in now]) for k in "xy")
    near = every.within(x, y, max(HORIZON_M, side) + side)
    return _Chosen(near, np.repeat(near, np.diff(one.points.first)), every, side)


def _solved_after(one: Held, edit: Change, chosen: _Chosen, heard: _Heard) -> Held:
    """A carrier's points and loads after the edit of its sectors."""
    before, n_sector = one.balance, len(edit.edited.table)
    points = _points_after(before, edit, chosen, heard)
    blocks = np.arange(chosen.blocks.size, dtype=np.int32)
    parts = parts_of(points.links, points.first, blocks, n_sector)
    state = unsettled(points.links, parts, _renumbered(one.loads.load, edit, n_sector, 0.0))
    state.busy[:] = before.state.busy
    state.wanted[:] = _renumbered(one.loads.wanted, edit, n_sector, 0.0)
    state.moved[:] = np.where(chosen.blocks, np.inf, before.state.moved)
    moved = np.where(chosen.blocks, np.inf, before.moved)
    air = air_of(before.air.work, edit.carrier, edit.edited.table, before.air.places)
    balance = put_right(Balance(air, points, parts, state, moved), TOLERANCE)
    points, state = balance.points, balance.state
    uplink = _renumbered(one.loads.uplink, edit, n_sector, 0.0)
    rate = rates_mbps(points, state.busy)
    loads = Loads(state.load, state.wanted, uplink, rate)
    return Held(one.name, edit.edited.table, points, loads, balance)


def _renumbered(values: NDArray[Any], edit: Change, n_sector: int, fill: float) -> NDArray[Any]:
    """Values of the old sectors at their numbers now."""
    out = np.full(n_sector, fill, values.dtype)
    stay = edit.edited.row >= 0
    out[edit.edited.row[stay]] = values[stay]
    return out


def _points_after(before: Balance, edit: Change, chosen: _Chosen, heard: _Heard) -> CarrierPoints:
    """The points with what the chosen ones hear put in its place."""
    old, radio, part = before.points, before.air.work.radio, heard.arrays
    at, n_sector = np.flatnonzero(chosen.points), len(edit.edited.table)
    band = BANDS[str(edit.edited.table["band"].iloc[0])]
    mhz = band.dl_mhz * carriers_of_site(edit.edited.table)
    new = links_of(part, band, radio, old.links.block[at])
    asked = old.asked_mbps[at]
    demand = asked if heard.share is None else asked * heard.share
    state = states_of(new, n_sector, chosen.blocks.size, old.chain)
    new = new._replace(server=np.maximum(new.server, 0))
    new = new._replace(work=work_of_points(demand, state, mhz, new.server))
    return old._replace(
        demand_mbps=_put(old.demand_mbps, at, demand), state=_put(old.state, at, state),
        signal_mw=_put(old.signal_mw, at, part["signal_mw"]),
        links=_links_after(old.links, edit, chosen.points, at, new),
        field=field_of(edit.carrier, chosen.every, chosen.side), mhz=mhz,
    )  # fmt: skip


def _put(values: NDArray[Any], at: NDArray[np.int64], new: NDArray[Any]) -> NDArray[Any]:
    out = values.copy()
    out[at] = new
    return out


def _links_after(
    old: Links, edit: Change, wanted: Bool, at: NDArray[np.int64], new: Links
) -> Links:
    """The links of all points, those of some new."""
    begin = spliced_starts(old.start, wanted, np.diff(new.start))
    sector = spliced(old.start, renumber(old.sector, edit.edited.row), begin, wanted, new.sector)
    ratio = spliced(old.start, old.ratio, begin, wanted, new.ratio)
    # Points that nobody serves stand with the first sector, also where that one is gone.
    server = np.maximum(renumber(old.server, edit.edited.row), 0)
    return Links(
        _put(server, at, new.server), _put(old.work, at, new.work), _put(old.noise, at, new.noise),
        _put(old.rest, at, new.rest), old.block, begin, sector, ratio,
    )  # fmt: skip


def _felt(one: Solved, after: Solved, edit: Change, chosen: _Chosen) -> Bool:
    """Sectors (sector,) whose points or loads are others than they were."""
    was = _renumbered(one.loads.wanted, edit, len(edit.edited.table), np.nan)
    out: Bool = ~(np.abs(after.loads.wanted - was) <= _FELT * np.maximum(was, 1.0))
    out[after.points.links.server[chosen.points]] = True
    before = edit.edited.row[one.points.links.server[chosen.points]]
    out[before[before >= 0]] = True
    return out


def _made_anew(
    network: HeldNetwork, busy: Busy, solved: list[Held], now: list[Change], felt: list[Bool]
) -> HeldNetwork:
    """Figures of the sectors that feel the edits, and of the cells of their points."""
    touched = np.zeros(network.mbps.size, np.bool_)
    for one, mask in zip(solved, felt, strict=True):
        touched[one.points.cell[mask[one.points.links.server]]] = True
    whole, some, figures = [], [], dict[str, pd.DataFrame]()
    for one, edit, mask in zip(solved, now, felt, strict=True):
        points = one.points
        part = _some(one, mask[points.links.server] | touched[points.cell])
        time = uplink_work(
            part.points, edit.edited.table, busy.rise_db[part.points.cell], busy.uplink
        )
        sums = np.bincount(part.points.links.server, time, mask.size)
        uplink = np.where(mask, sums, one.loads.uplink)
        part = replace(part, loads=part.loads._replace(uplink=uplink))
        one = replace(one, loads=one.loads._replace(uplink=uplink))
        radio = one.balance.air.work.radio
        figures[one.name] = _merged(
            network.figures[one.name], sector_table(part, radio), edit, mask
        )
        some.append(part)
        whole.append(one)
    values = cell_layers(some, list(figures.values()), network.mbps)
    merged = {k: np.where(touched, values[k], old) for k, old in network.values.items()}
    return HeldNetwork(whole, figures, merged, network.mbps)


def _some(one: Held, mine: Bool) -> Solved:
    """Some points of a carrier, without what they hear, for their figures."""
    whole = one.without_links()
    points = whole.points
    picked = {
        k: getattr(points, k)[mine]
        for k in ("cell", "asked_mbps", "demand_mbps", "state", "signal_mw")
    }
    links = points.links._replace(server=points.links.server[mine])
    loads = one.loads._replace(rate_mbps=one.loads.rate_mbps[mine])
    return replace(whole, points=points._replace(**picked, links=links), loads=loads)


def _merged(old: pd.DataFrame, own: pd.DataFrame, edit: Change, felt: Bool) -> pd.DataFrame:
    """Figures of all sectors: their own where they feel the edits, else the old ones."""
    return pd.DataFrame(
        {
            k: np.where(felt, own[k], _renumbered(old[k].to_numpy(), edit, len(own), np.nan))
            for k in old
        }
    )
