"""Loads of all sectors of a carrier, and what its points and sectors get of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._explicit import Work
from netmodel._load_points import AllPoints, Place, block_m, blocks_of, field_of
from netmodel._pixels import Carrier
from netmodel._radio_tables import BS_NOISE_DB, FEEDER_DB, UL_N_RB
from netmodel._settings import Radio
from netmodel.grids.tiles import BLOCK
from netmodel.kernels.chain import Chain, chain_a, chain_b
from netmodel.kernels.coupling import (
    Field,
    Links,
    busy_time,
    disturbances,
)
from netmodel.kernels.grouped import grouped_sums
from netmodel.kernels.link_budget import noise_dbm
from netmodel.kernels.settling import Parts, Settling, most_of
from netmodel.kernels.units import linear
from netmodel.kernels.uplink import PowerControl, uplink_sinrs_db
from netmodel.presets import BANDS, Band

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
_AT_ONCE = 2**20  # points
SERVED, QUALITY, OUT_OF_RANGE = range(3)  # states of a point


class CarrierPoints(NamedTuple):
    """Points of a carrier in all tiles: where, what they ask of it, and what they hear.

    `cell` (point,) flat in the frame; `first` (block + 1,) first point of each block; `asked_mbps`
    (point,) of the network, `demand_mbps` of the carrier; `state` (point,) whether it can be
    served; `links`, `field`, `chain` what loads are solved from; `mhz` (sector,) bandwidth that
    carries data.
    """

    cell: Int32
    first: NDArray[np.int64]
    asked_mbps: Float32
    demand_mbps: Float32
    state: NDArray[np.int8]
    signal_mw: Float32
    links: Links
    field: Field
    chain: Chain
    mhz: Float


def chain_of(band: Band, radio: Radio) -> Chain:
    """From SINR to the efficiency of a band, by the chain that the settings name."""
    if radio.chain == "A":
        return chain_a(band.mimo_gain if radio.mimo_gain is None else radio.mimo_gain)
    return chain_b()


def carrier_points(
    work: Work, carrier: Carrier, table: pd.DataFrame, listed: AllPoints, share: Float32 | None
) -> CarrierPoints:
    """The points of a carrier with what they ask of it.

    Parameters
    ----------
    table : DataFrame
        Sectors of the carrier.
    listed : AllPoints
    share : (point,), optional
        Of the network's demand that the carrier takes; all of it without.
    """
    band, part = BANDS[str(table["band"].iloc[0])], listed.arrays
    chain = chain_of(band, work.radio)
    used, within = used_blocks(work, listed.places)
    asked = part["demand_mbps"]
    demand = asked if share is None else asked * share
    mhz = band.dl_mhz * carriers_of_site(table)
    links = links_of(part, band, work.radio, within)
    field = field_of(carrier, blocks_of(work, used), block_m(work))
    state = states_of(links, len(table), len(used), chain)
    # A point without server stands with the first sector, and asks nothing of it.
    links = links._replace(server=np.maximum(links.server, 0))
    links = links._replace(work=work_of_points(demand, state, mhz, links.server))
    first = np.append(0, np.cumsum(np.bincount(within, minlength=len(used)), dtype=np.int64))
    return CarrierPoints(
        part["cell"], first, asked, demand, state, part["signal_mw"], links, field, chain, mhz
    )


def links_of(heard: dict[str, NDArray[Any]], band: Band, radio: Radio, block: Int32) -> Links:
    """Links of points from what is listed of them, without work."""
    # The traffic beam of chain B is narrower than that of the reference signal (models.md B.1).
    noise = heard["noise"] / np.float32(linear(_beam_gain_db(band, radio)))
    start = np.append(0, np.cumsum(heard["n"], dtype=np.int64))
    return Links(
        heard["server"], np.zeros(0), noise, heard["rest"], block, start,
        heard["sector"], heard["ratio"],
    )  # fmt: skip


def work_of_points(demand: Float32, state: NDArray[np.int8], mhz: Float, server: Int32) -> Float32:
    """Time (point,) that the demand of those in service takes at 1 bit/s/Hz."""
    served = np.where(state == SERVED, demand, np.float32(0.0))
    return np.asarray(served / mhz.astype(np.float32)[server])


def used_blocks(work: Work, places: list[Place]) -> tuple[NDArray[np.int64], Int32]:
    """Blocks with points, numbered through all tiles, and which of them a point is in."""
    per_tile = (work.pixels.tile // BLOCK) ** 2
    used, within, n = [], [], 0
    for place in places:
        present = np.bincount(place.block, minlength=per_tile) > 0
        used.append(np.flatnonzero(present) + place.tile * per_tile)
        within.append((np.cumsum(present) - 1 + n)[place.block].astype(np.int32))
        n += used[-1].size
    return np.concatenate(used), np.concatenate(within)


def carriers_of_site(table: pd.DataFrame) -> Float:
    """Carriers of each sector, those of all stations that share its mast (sector,)."""
    return np.asarray(table["carriers"] * table["stations"], np.float64)


def _beam_gain_db(band: Band, radio: Radio) -> float:
    """Gain of the traffic beam over the reference signal's; in chain A it is in the MIMO gain."""
    return 0.0 if radio.chain == "A" else band.array_gain_dbi - band.ssb_gain_dbi


def states_of(links: Links, n_sector: int, n_block: int, chain: Chain) -> NDArray[np.int8]:
    """Who can be served: heard, and above the chain's least SINR at full load."""
    total = disturbances(links, np.ones(n_block), np.ones(n_sector))
    state = np.full(links.server.size, SERVED, np.int8)
    state[total * chain.sinr_min > 1.0] = QUALITY
    state[links.server < 0] = OUT_OF_RANGE
    return state


class Air(NamedTuple):
    """What the SINR of a carrier's points is evaluated from."""

    work: Work
    carrier: Carrier
    places: list[Place]
    noise_mw: float


@dataclass(frozen=True)
class Balance:
    """A carrier's points with their loads on the way; `moved` and `state` change in place.

    `moved` (block,) is the share by which the unlisted interference may have moved since it was
    put right; infinite where it never was.
    """

    air: Air
    points: CarrierPoints
    parts: Parts
    state: Settling
    moved: Float

    @property
    def off(self) -> Float:
        """By how much loads may be off for what has moved (block,)."""
        busiest = most_of(self.parts, self.state.wanted)
        with np.errstate(invalid="ignore"):
            return np.asarray(np.where(np.isinf(self.moved), np.inf, self.moved * busiest))


def air_of(work: Work, carrier: Carrier, table: pd.DataFrame, places: list[Place]) -> Air:
    """The air of a carrier whose sectors are those of a table."""
    band = BANDS[str(table["band"].iloc[0])]
    return Air(work, carrier, places, carrier.noise_mw / linear(_beam_gain_db(band, work.radio)))


class Loads(NamedTuple):
    """Loads of a carrier's sectors (sector,): of the downlink, what is asked for, of the uplink.

    `rate_mbps` (point,) is what a point would get alone, and is zero where it is not served.
    """

    load: Float
    wanted: Float
    uplink: Float
    rate_mbps: Float


@dataclass(frozen=True)
class Solved:
    """A carrier with its sectors, points and loads."""

    name: str
    table: pd.DataFrame
    points: CarrierPoints
    loads: Loads

    @property
    def served_demand(self) -> Float:
        """Demand (point,) of the points in service, zero at the others [Mbit/s]."""
        return np.where(self.points.state == SERVED, self.points.demand_mbps, 0.0).astype(float)


@dataclass(frozen=True)
class Held(Solved):
    """The same with all that its loads were solved from."""

    balance: Balance

    def without_links(self) -> Solved:
        """For figures alone: what points hear is most of a country's memory."""
        links, none = self.points.links, np.zeros(0, np.float32)
        links = links._replace(
            work=none, noise=none, rest=none, block=none.astype(np.int32),
            start=np.zeros(1, np.int64), sector=none.astype(np.int32), ratio=none,
        )  # fmt: skip
        return Solved(self.name, self.table, self.points._replace(links=links), self.loads)


def carrier_shares(
    servers: list[Int32], tables: dict[str, pd.DataFrame]
) -> Sequence[Float32 | None]:
    """Share (point,) of a network's demand that each of its carriers takes, None of an only one.

    Those that serve a point take it by their bandwidth; where none does, the first has it.

    Parameters
    ----------
    servers : list of (point,)
        By carrier, of the same points.
    tables : dict of DataFrame
        Sectors by carrier, in the same order.
    """
    if len(servers) == 1:
        return [None]
    mhz = [BANDS[str(t["band"].iloc[0])].dl_mhz for t in tables.values()]
    width = np.stack(
        [w * (server >= 0).astype(np.float32) for w, server in zip(mhz, servers, strict=True)]
    )
    width[0, width.sum(axis=0) == 0.0] = 1.0
    return list(width / width.sum(axis=0))


def loads_of(points: CarrierPoints, settled: Settling, uplink: Float) -> Loads:
    """What follows from a carrier's settled loads.

    Parameters
    ----------
    uplink : (point,)
        Time that the uplink of each point takes of its server.
    """
    of_uplink = grouped_sums(settled.order_start, settled.order, uplink)
    return Loads(settled.load, settled.wanted, of_uplink, rates_mbps(points, settled.busy))


def rates_mbps(points: CarrierPoints, busy: Float) -> Float:
    """What each point (point,) would get alone: its demand over the time that it takes."""
    out = np.zeros(busy.size)
    return np.divide(points.demand_mbps, busy, out=out, where=busy > 0.0)


def uplink_work(
    points: CarrierPoints, table: pd.DataFrame, rise_db: Float, per_downlink: float
) -> Float:
    """Time (point,) that the uplink of each point takes of its server.

    Parameters
    ----------
    table : DataFrame
        Sectors of the carrier.
    rise_db : (point,)
        Interference over noise at the server.
    per_downlink : float
        Uplink demand over that of the downlink.

    References
    ----------
    models.md C.6.
    """
    band = BANDS[str(table["band"].iloc[0])]
    noise = noise_dbm(band.scs_khz * 1e3 * 12, BS_NOISE_DB)
    gain, control = band.array_gain_dbi - FEEDER_DB, PowerControl(band.ue_dbm)
    mhz, eirp_dbm = band.ul_mhz * carriers_of_site(table), table["eirp_dbm"].to_numpy(np.float64)
    chain = chain_b(1, 0.0)  # overhead is taken off the bandwidth
    out = np.zeros(points.cell.size)
    for first in range(0, out.size, _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        server, served = points.links.server[some], points.state[some] == SERVED
        with np.errstate(divide="ignore"):
            loss = eirp_dbm[server] - 10.0 * np.log10(points.signal_mw[some].astype(np.float64))
        sinr = uplink_sinrs_db(loss - gain, gain, float(UL_N_RB), noise, 0.0, control)
        work = np.where(served, points.demand_mbps[some], 0.0) * (per_downlink / mhz[server])
        out[some] = busy_time(work, sinr - rise_db[some], chain)
    return out
