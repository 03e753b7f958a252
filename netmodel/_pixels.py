"""One tile of the explicit mode: every carrier's layers at its pixels, and their cells' means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._antenna import Antenna
from netmodel._networks import indoor_shares
from netmodel._radio_tables import UE_NOISE_DB
from netmodel._settings import Radio
from netmodel._transmitters import bins_of, transmitters
from netmodel.grids.io import warped_window
from netmodel.grids.tiles import BLOCK, Pixels, Tile
from netmodel.kernels.diversity import HIGH, LOW, N_CASE, OUTDOOR, RSRP, diversity
from netmodel.kernels.link_budget import noise_dbm
from netmodel.kernels.server import Reach, Served, serve
from netmodel.kernels.transmitters import Bins, Transmitters
from netmodel.kernels.units import linear
from netmodel.presets import BANDS, CLASS_LOW_LOSS_SHARE

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Layers = dict[str, NDArray[Any]]

HORIZON_M = 30_000.0  # of a mast of 35 m over the standard atmosphere; flat models hear farther
_WITHIN_DB = 6.0
# Decibels are kept in steps of this: far below a model's accuracy, and half the room on disk.
STEP_DB = 1.0 / 128.0
_WHOLE = {"server": -1, "n_within_6db": 0}
_DTYPE = {"server": np.int32, "n_within_6db": np.int16}
CELL_LAYERS = ("coverage_probability", "link_probability", "covered_share_90", "computed_share")
_COVERED = 0.9  # probability from which a planner counts a pixel as covered (models.md B.5)


def layer_dtype(name: str) -> Any:
    """Data type of a layer of pixels."""
    return _DTYPE.get(name, np.float32)


def layer_fill(name: str) -> float:
    """What a layer of pixels has where nothing is computed."""
    return _WHOLE.get(name, np.nan)


@dataclass(frozen=True)
class Carrier:
    """Sectors on one carrier and their index."""

    name: str
    network: str
    sectors: Transmitters
    bins: Bins
    noise_mw: float


class Ground(NamedTuple):
    """Who lives where in the frame: layers (row, column); NaN and -1 are not asked for."""

    people: Float32
    settlement: NDArray[np.int8]
    area_km2: float


class Tallies(NamedTuple):
    """`CELL_LAYERS` of a tile's cells (layer, row, column), and `_served` of its sectors."""

    means: Float32
    served: Float


def carriers_of(
    tables: Mapping[str, pd.DataFrame], antennas: Mapping[str, Antenna], side_m: float
) -> list[Carrier]:
    """Carriers of tables of sectors, by bins of a side."""
    out = []
    for name, table in tables.items():
        sectors = transmitters(table, antennas)
        noise = linear(noise_dbm(BANDS[table["band"].iloc[0]].scs_khz * 1e3, UE_NOISE_DB))
        out.append(
            Carrier(name, str(table["network"].iloc[0]), sectors, bins_of(sectors, side_m), noise)
        )
    return out


class TilePeople(NamedTuple):
    """People of a tile's pixels (row, column), and the points that are computed of them.

    `settlement`, `people` (point,) are theirs.
    """

    of_pixel: Float
    points: "Points"
    settlement: NDArray[np.generic]
    people: Float


def tile_layers(
    tile: Tile, pixels: Pixels, ground: Ground, carriers: list[Carrier], radio: Radio
) -> tuple[Layers, Tallies] | None:
    """Layers (carrier, row, column) of a tile, and what is known of its cells and sectors.

    None where nobody lives.
    """
    known = tile_people(tile, pixels, ground, radio)
    if known is None:
        return None
    layers = new_layers(radio, len(carriers), pixels.tile)
    values = [point_values(known, carrier, radio) for carrier in carriers]
    for k, of_carrier in enumerate(values):
        put_values(layers, k, known.points.flat, of_carrier)
    return layers, tallies(pixels, known, [c.network for c in carriers], values)


def tile_people(
    tile: Tile, pixels: Pixels, ground: Ground, radio: Radio,
    blocks: NDArray[np.bool_] | None = None,
) -> TilePeople | None:  # fmt: skip
    """People of a tile, and its points, of some blocks (block,) only; None where nobody lives."""
    cells = pixels.spread(ground.people, tile, np.nan).astype(np.float64)
    if not (cells > 0.0).any():
        return None
    weight = None
    if radio.weights is not None:
        weight = warped_window(radio.weights, pixels.grid([tile]))
    people = pixels.shared(cells, weight)
    least = radio.min_people_per_km2 * ground.area_km2 / pixels.factor**2
    wanted = (people > 0.0) & (people >= least)
    if blocks is not None:
        side = pixels.tile // BLOCK
        wanted &= np.kron(blocks.reshape(side, side), np.ones((BLOCK, BLOCK), np.bool_))
    points = Points(pixels, tile, wanted)
    settlement = points.take(pixels.refined(pixels.spread(ground.settlement, tile, -1)))
    return TilePeople(people, points, settlement, points.take(people))


def point_values(known: TilePeople, carrier: Carrier, radio: Radio) -> Layers:
    """Values of the points on a carrier, by layer."""
    found, covered = _carrier_points(known.points, carrier, radio)
    return _by_name(found, covered[RSRP], _linked(covered, known.settlement, radio))


def put_values(layers: Layers, carrier: int, flat: NDArray[np.int64], values: Layers) -> None:
    """Put the points' values of a carrier into the layers that are kept."""
    for name, layer in layers.items():
        layer[carrier].reshape(-1)[flat] = values[name]


def tallies(
    pixels: Pixels, known: TilePeople, networks: list[str], values: list[Layers]
) -> Tallies:
    """Means over the people of the cells, and what sectors serve, from the values by carrier."""
    names = ("coverage_probability", "link_probability")
    missed = missed_by_all(networks, [np.stack([one[name] for name in names]) for one in values])
    means = _cell_means(pixels, known.of_pixel, known.points.flat, 1.0 - missed)
    served = [_served(k, one["server"], known.people) for k, one in enumerate(values)]
    return Tallies(means, np.concatenate(served))


def missed_by_all(networks: list[str], covered: list[Float32]) -> Float:
    """Probability that no network covers, from that of each carrier's and its network."""
    best = dict[str, Float32]()
    for network, one in zip(networks, covered, strict=True):
        # A network's carriers share their masts: the better one counts.
        best[network] = np.maximum(one, best.get(network, one))
    return np.asarray(np.prod([1.0 - one.astype(np.float64) for one in best.values()], axis=0))


def new_layers(radio: Radio, n_carrier: int, side: int) -> Layers:
    """The layers that are kept, nothing computed."""
    shape = (n_carrier, side, side)
    return {n: np.full(shape, layer_fill(n), layer_dtype(n)) for n in radio.layers}


class Points:
    """The wanted pixels of a tile by blocks: place, first of each block, way to the ground."""

    def __init__(self, pixels: Pixels, tile: Tile, wanted: NDArray[np.bool_]) -> None:
        self.flat, self.start = pixels.blocks(wanted)
        self.x, self.y = pixels.centers(tile, self.flat)
        self.matrix = pixels.matrices(tile)
        self.block_m = BLOCK * abs(pixels.frame.affine.a) / pixels.factor

    def take(self, layer: NDArray[Any]) -> NDArray[Any]:
        """Values of a layer of the tile's pixels at the points."""
        return np.asarray(layer.reshape(-1)[self.flat])


def _served(carrier: int, server: NDArray[np.int32], people: Float) -> Float:
    """Carrier, sector, pixels and people (sector, 4) of the sectors that serve any pixel."""
    heard = server >= 0
    sector, which = np.unique(server[heard], return_inverse=True)
    pixels = np.bincount(which, minlength=sector.size)
    of_sector = np.bincount(which, people[heard], minlength=sector.size)
    return np.stack([np.full(sector.size, carrier), sector, pixels, of_sector], axis=1)


def _carrier_points(points: Points, carrier: Carrier, radio: Radio) -> tuple[Served, Float32]:
    """What `serve` and `diversity` say of the points."""
    out = room_for(points.x.size)
    within = linear(-_WITHIN_DB) if "n_within_6db" in radio.layers else 0.0
    second = "second_dbm" in radio.layers
    side = points.block_m
    reach = Reach(side, max(HORIZON_M, side), carrier.noise_mw, within, True, second)
    where = (points.x, points.y, points.start, points.matrix)
    serve(*where, carrier.sectors, carrier.bins, reach, out)
    covered = np.empty((N_CASE, points.x.size), np.float32)
    diversity(*where, out.sites, carrier.sectors, radio.rsrp_dbm, covered)
    return out, covered


def room_for(n: int) -> Served:
    """Room for the results of points."""
    rsrp, sinr, second, interference = np.empty((4, n), np.float32)
    return Served(
        rsrp, np.empty(n, np.int32), sinr, second, interference,
        np.empty(n, np.int16), np.empty((3, n), np.int32),
    )  # fmt: skip


def _linked(covered: Float32, settlement: NDArray[np.generic], radio: Radio) -> Float32:
    """Probability of a link of terminals of which a share by class is indoors."""
    indoor, low = np.array(indoor_shares(radio)), np.array(CLASS_LOW_LOSS_SHARE)
    weight = np.stack([1.0 - indoor, indoor * low, indoor * (1.0 - low)]).astype(np.float32)
    of_point = weight[:, settlement.astype(np.int64)]
    return np.asarray((of_point * covered[[OUTDOOR, LOW, HIGH]]).sum(axis=0), np.float32)


def _by_name(found: Served, covered: Float32, linked: Float32) -> Layers:
    """Values of the points by layer, decibels in whole steps."""
    out: Layers = {
        "server": found.server, "n_within_6db": found.n_within,
        "coverage_probability": covered, "link_probability": linked,
    }  # fmt: skip
    for name in ("rsrp_dbm", "sinr_db", "second_dbm", "interference_dbm"):
        out[name] = np.rint(getattr(found, name) / np.float32(STEP_DB)) * np.float32(STEP_DB)
    return out


def _cell_means(pixels: Pixels, people: Float, flat: NDArray[np.int64], covered: Float) -> Float32:
    """Means over the people of each cell's computed pixels, and the share that is computed."""
    n = pixels.tile
    at = np.zeros((4, n * n))
    of_pixel = people.reshape(-1)[flat]
    at[:2, flat], at[3, flat] = covered * of_pixel, of_pixel
    at[2, flat] = (covered[0] >= _COVERED) * of_pixel
    sums = np.stack([pixels.summed(layer.reshape(n, n)) for layer in at])
    total = pixels.summed(np.nan_to_num(people))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.concatenate([sums[:3] / sums[3], sums[3:] / total])
    return np.asarray(means, np.float32)
