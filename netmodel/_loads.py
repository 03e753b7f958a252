"""Loads of all sectors of a carrier, and what its points and sectors get of them."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._explicit import Work
from netmodel._load_points import TilePoints, field_of
from netmodel._pixels import Carrier
from netmodel._radio_tables import BS_NOISE_DB, FEEDER_DB, UL_N_RB
from netmodel._settings import Radio
from netmodel.grids.tiles import BLOCK
from netmodel.kernels.chain import Chain, chain_a, chain_b
from netmodel.kernels.coupling import (
    Field,
    Links,
    busy_time,
    coupled_loads,
    efficiencies,
    loads_around,
)
from netmodel.kernels.grouped import by_group, grouped_sums
from netmodel.kernels.link_budget import noise_dbm
from netmodel.kernels.units import linear
from netmodel.kernels.uplink import PowerControl, uplink_sinrs_db
from netmodel.presets import BANDS, Band

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
TOLERANCE = 1e-6
SERVED, QUALITY, OUT_OF_RANGE = range(3)  # states of a point


class CarrierPoints(NamedTuple):
    """Points of a carrier in all tiles: where, what they ask of it, and what they hear.

    `cell` (point,) flat in the frame; `demand_mbps` (point,) of the carrier; `state` (point,)
    whether it can be served; `links`, `field`, `chain` what loads are solved from; `mhz` (sector,)
    bandwidth that carries data.
    """

    cell: Int32
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
    work: Work, carrier: Carrier, table: pd.DataFrame, tiles: list[tuple[int, TilePoints]],
    share: Float32,
) -> CarrierPoints:  # fmt: skip
    """The points of a carrier put together.

    Parameters
    ----------
    table : DataFrame
        Sectors of the carrier.
    tiles : list of (number of the tile, TilePoints)
    share : (point,)
        Of the network's demand that the carrier takes.
    """
    band = BANDS[str(table["band"].iloc[0])]
    chain = chain_of(band, work.radio)
    part = {
        name: np.concatenate([getattr(points, name) for _, points in tiles])
        for name in ("cell", "server", "signal_mw", "noise", "rest", "n", "sector", "ratio")
    }
    per_tile = (work.pixels.tile // BLOCK) ** 2
    block = np.concatenate([points.block + number * per_tile for number, points in tiles])
    used, within = np.unique(block, return_inverse=True)
    demand = np.concatenate([points.demand_mbps for _, points in tiles]) * share
    mhz = band.dl_mhz * carriers_of_site(table)
    # The traffic beam of chain B is narrower than that of the reference signal (models.md B.1).
    noise = part["noise"] / np.float32(linear(_beam_gain_db(band, work.radio)))
    start = np.append(0, np.cumsum(part["n"], dtype=np.int64))
    links = Links(
        part["server"], np.zeros(0), noise, part["rest"], within.astype(np.int32), start,
        part["sector"], part["ratio"],
    )  # fmt: skip
    state = _states(links, chain)
    # A point without server stands with the first sector, and asks nothing of it.
    links = links._replace(server=np.maximum(links.server, 0))
    asked = np.where(state == SERVED, demand, 0.0) / mhz[links.server]
    links = links._replace(work=asked.astype(np.float32))
    field = field_of(work, carrier, used)
    return CarrierPoints(part["cell"], demand, state, part["signal_mw"], links, field, chain, mhz)


def carriers_of_site(table: pd.DataFrame) -> Float:
    """Carriers of each sector, those of all stations that share its mast (sector,)."""
    return np.asarray(table["carriers"] * table["stations"], np.float64)


def _beam_gain_db(band: Band, radio: Radio) -> float:
    """Gain of the traffic beam over the reference signal's; in chain A it is in the MIMO gain."""
    return 0.0 if radio.chain == "A" else band.array_gain_dbi - band.ssb_gain_dbi


def _states(links: Links, chain: Chain) -> NDArray[np.int8]:
    """Who can be served: heard, and above the chain's least SINR at full load."""
    total = links.noise.astype(np.float64) + links.rest
    total += np.add.reduceat(np.append(links.ratio, 0.0), links.start[:-1]) * (
        np.diff(links.start) > 0
    )
    state = np.full(links.server.size, SERVED, np.int8)
    state[total * chain.sinr_min > 1.0] = QUALITY
    state[links.server < 0] = OUT_OF_RANGE
    return state


class Loads(NamedTuple):
    """Loads of a carrier's sectors (sector,): of the downlink, what is asked for, of the uplink.

    `rate_mbps` (point,) is what a point would get alone, and is zero where it is not served.
    """

    load: Float
    wanted: Float
    uplink: Float
    rate_mbps: Float
    rounds: int


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


def carrier_shares(tiles: list[list[TilePoints]], tables: dict[str, pd.DataFrame]) -> list[Float32]:
    """Share (point,) of a network's demand that each of its carriers takes.

    Those that serve a point take it by their bandwidth; where none does, the first has it.

    Parameters
    ----------
    tiles : list of list of TilePoints
        By carrier, all with the same points.
    tables : dict of DataFrame
        Sectors by carrier, in the same order.
    """
    mhz = [BANDS[str(t["band"].iloc[0])].dl_mhz for t in tables.values()]
    width = np.stack(
        [
            np.concatenate([w * (p.server >= 0).astype(np.float32) for p in of_carrier])
            for w, of_carrier in zip(mhz, tiles, strict=True)
        ]
    )
    width[0, width.sum(axis=0) == 0.0] = 1.0
    return list(width / width.sum(axis=0))


def solved(points: CarrierPoints, uplink: Float, start: Float | None = None) -> Loads:
    """The fixed point of a carrier's loads, from zero or from another state.

    Parameters
    ----------
    uplink : (point,)
        Time that the uplink of each point takes of its server.
    """
    begin = np.zeros(points.mhz.size) if start is None else start
    load, wanted, rounds = coupled_loads(points.links, points.field, points.chain, begin, TOLERANCE)
    around = loads_around(points.field, load)
    rate = efficiencies(points.links, around, load, points.chain)
    rate *= points.mhz[points.links.server]
    rate[points.state != SERVED] = 0.0
    first, order = by_group(points.links.server, load.size)
    return Loads(load, wanted, grouped_sums(first, order, uplink), rate, rounds)


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
    server = points.links.server
    with np.errstate(divide="ignore"):
        loss = table["eirp_dbm"].to_numpy(np.float64)[server] - 10.0 * np.log10(points.signal_mw)
    noise = noise_dbm(band.scs_khz * 1e3 * 12, BS_NOISE_DB)
    gain, control = band.array_gain_dbi - FEEDER_DB, PowerControl(band.ue_dbm)
    sinr = uplink_sinrs_db(loss - gain, gain, float(UL_N_RB), noise, 0.0, control) - rise_db
    mhz = band.ul_mhz * carriers_of_site(table)
    work = np.where(points.state == SERVED, points.demand_mbps, 0.0) * (per_downlink / mhz[server])
    return busy_time(work, sinr, chain_b(1, 0.0))  # overhead is taken off the bandwidth
