"""Points of the explicit mode at which loads are solved: what they ask for, and what they hear."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel._explicit import Report, Work
from netmodel._pixels import HORIZON_M, Carrier, Points, room_for
from netmodel._transmitters import bins_of
from netmodel.grids.io import warped_window
from netmodel.grids.tiles import BLOCK, Tile
from netmodel.kernels.allocation import systematic_counts
from netmodel.kernels.chunk import LOAD
from netmodel.kernels.coupling import Field
from netmodel.kernels.links import Listed, list_links
from netmodel.kernels.server import Reach, serve
from netmodel.kernels.surroundings import bin_of_sector, bin_weights
from netmodel.kernels.transmitters import Transmitters

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

# Interferers of this share of all interference and noise, or more, are listed one by one: about
# three of a point, and never more than there is room for.
LEAST_SHARE = 0.03
_MOST_LISTED = 34
_SURROUNDINGS_M = 3000.0  # nearer interferers are mostly listed
_BIN_M = 6400.0
_BLOCKS_AT_ONCE = 8


class Asked(NamedTuple):
    """Demand of a network (row, column) in the frame [Mbit/s], and points to take of a cell.

    NaN is not asked for; where a cell has no number of points, all its pixels are taken.
    """

    mbps: Float
    n_point: Int32 | None


class TilePoints(NamedTuple):
    """Points of a tile on a carrier, by blocks.

    `cell` (point,) flat in the frame, `pixel` flat in the tile, `block` in the tile; `demand_mbps`
    of the network; what `kernels.links` lists, its lists without the room left over.
    """

    cell: Int32
    pixel: Int32
    block: Int32
    demand_mbps: Float32
    server: Int32
    signal_mw: Float32
    noise: Float32
    rest: Float32
    n: Int32
    sector: Int32
    ratio: Float32


class Place(NamedTuple):
    """Where the points of a tile are, as `TilePoints` has it; `tile` is its number."""

    tile: int
    pixel: Int32
    block: Int32


class AllPoints(NamedTuple):
    """Points of all tiles on a carrier: places by tile, and the other arrays of `TilePoints`."""

    places: list[Place]
    arrays: dict[str, NDArray[Any]]


_Place = tuple[Int32, Int32, Int32, Float32]
_Where = tuple[Float, Float, NDArray[np.int64], Float]


def listed_points(
    work: Work, carriers: list[Carrier], asked: Asked, report: Report | None = None
) -> list[AllPoints]:
    """Points of all tiles, for each of the carriers of a network, on all threads."""
    _ = work.pixels.order, work.pixels.curve  # made once, before the threads
    out = [_Collected() for _ in carriers]
    pool = ThreadPoolExecutor(numba.get_num_threads())
    try:
        futures = [pool.submit(tile_points, work, tile, carriers, asked) for tile in work.tiles]
        for number in range(len(futures)):
            found, futures[number] = futures[number].result(), Future()  # it holds its result
            for collected, of_carrier in zip(out, found, strict=False):
                collected.add(number, of_carrier)
            if report is not None:
                report(number + 1, len(work.tiles))
    finally:  # after an error, or Ctrl-C, those that wait are not begun
        pool.shutdown(cancel_futures=True)
    return [collected.whole() for collected in out]


class _Collected:
    """Arrays that grow tile by tile, where a country's points are never in memory twice."""

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._arrays: dict[str, NDArray[Any]] = {}
        self._size: dict[str, int] = {}

    def add(self, number: int, points: TilePoints) -> None:
        """Append the points of a tile."""
        self._places.append(Place(number, points.pixel, points.block))
        for name, part in points._asdict().items():
            if name in ("pixel", "block"):
                continue
            array = self._arrays.setdefault(name, np.empty(0, part.dtype))
            first = self._size.get(name, 0)
            self._size[name] = first + part.size
            if self._size[name] > array.size:
                array.resize(self._size[name] + array.size // 4, refcheck=False)
            array[first : self._size[name]] = part

    def whole(self) -> AllPoints:
        """Everything, without the room left over."""
        for name, array in self._arrays.items():
            array.resize(self._size[name], refcheck=False)
        return AllPoints(self._places, self._arrays)


def tile_points(work: Work, tile: Tile, carriers: list[Carrier], asked: Asked) -> list[TilePoints]:
    """Points of a tile for each carrier; none where nothing is asked for."""
    demand = _pixel_demand(work, tile, asked)
    if not (demand > 0.0).any():
        return []
    points = Points(work.pixels, tile, demand > 0.0)
    of_point = points.take(demand).astype(np.float32)
    row, column = (part // work.pixels.factor for part in np.divmod(points.flat, work.pixels.tile))
    width = work.pixels.frame.shape[1]
    cell = ((row + tile.cell[0]) * width + column + tile.cell[1]).astype(np.int32)
    block = np.repeat(np.arange(points.start.size - 1), np.diff(points.start)).astype(np.int32)
    place = cell, points.flat.astype(np.int32), block, of_point
    where = points.x, points.y, points.start, points.matrix
    return [_compact(place, _listed_at(where, points.block_m, carrier)) for carrier in carriers]


def _compact(place: _Place, found: Listed) -> TilePoints:
    """What is listed, without the room left over."""
    return TilePoints(*place, *_without_room(found))


def _without_room(found: Listed) -> tuple[NDArray[Any], ...]:
    taken = np.arange(_MOST_LISTED) < found.n[:, np.newaxis]
    return (
        found.server, found.signal_mw, found.noise, found.rest, found.n,
        found.sector[taken], found.ratio[taken],
    )  # fmt: skip


def _pixel_demand(work: Work, tile: Tile, asked: Asked) -> Float:
    """Demand of the pixels of a tile that are taken (row, column) [Mbit/s]."""
    pixels = work.pixels
    cells = np.nan_to_num(pixels.spread(asked.mbps, tile, np.nan).astype(np.float64))
    if not (cells > 0.0).any():
        return cells
    weight = None
    if work.radio.weights is not None:
        weight = warped_window(work.radio.weights, pixels.grid([tile]))
    demand = pixels.shared(cells, weight)
    if asked.n_point is None:
        return demand
    n_point = pixels.spread(asked.n_point, tile, 0).astype(np.int64)
    return _sampled(work, demand, cells, n_point)


def _sampled(work: Work, demand: Float, cells: Float, n_point: NDArray[np.int64]) -> Float:
    """The demand of each cell at some of its pixels, taken along a curve through it."""
    pixels = work.pixels
    group, flat = pixels.curve
    count = systematic_counts(demand.reshape(-1)[flat], group, n_point.reshape(-1))
    each = (cells / np.maximum(n_point, 1)).reshape(-1)[group]
    out = np.zeros(demand.size)
    out[flat] = count * each
    return out.reshape(demand.shape)


def _listed_at(where: _Where, side: float, carrier: Carrier) -> Listed:
    """Server and interferers of points, with room for the most that a list can have."""
    out = _room(where[0].size)
    reach = Reach(side, max(HORIZON_M, side), carrier.noise_mw, 0.0, False, False)
    list_links(*where, _at_loads(carrier, 1.0), carrier.bins, reach, LEAST_SHARE, out)
    return out


def _room(n: int) -> Listed:
    """Room for the lists of some points."""
    return Listed(
        np.empty(n, np.int32), np.empty(n, np.float32), np.empty(n, np.int32),
        np.empty((n, _MOST_LISTED), np.int32), np.empty((n, _MOST_LISTED), np.float32),
        np.empty(n, np.float32), np.empty(n, np.float32),
    )  # fmt: skip


def block_m(work: Work) -> float:
    """Side of a block."""
    return BLOCK * abs(work.pixels.frame.affine.a) / work.pixels.factor


def _at_loads(carrier: Carrier, load: Float | float) -> Transmitters:
    column = carrier.sectors.sector.copy()
    column[:, LOAD] = load
    return carrier.sectors._replace(sector=column)


def sinr_db_at(
    work: Work, carrier: Carrier, places: list[Place], load: Float, noise_mw: float,
    wanted: NDArray[np.bool_],
) -> Float32:  # fmt: skip
    """SINR (point,) of a carrier's points with every sector at its own load, none left out.

    Parameters
    ----------
    load : (sector,)
    noise_mw : float
        Over a resource element.
    wanted : (point,)
        All or none of a block; NaN where it is not wanted.
    """
    sectors, side = _at_loads(carrier, load), block_m(work)
    reach = Reach(side, max(HORIZON_M, side), noise_mw, 0.0, False, False)

    out = np.full(wanted.size, np.nan, np.float32)

    def one(some: _Some) -> None:
        found = room_for(some.points.size)
        serve(*_where(work, some), sectors, carrier.bins, reach, found)
        out[some.points] = found.sinr_db

    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        list(pool.map(one, _by_blocks(places, wanted)))
    return out


class _Some(NamedTuple):
    """Points of some blocks of a tile: their place among them all, and in the tile."""

    points: NDArray[np.int64]
    place: Place


def _by_blocks(places: list[Place], wanted: NDArray[np.bool_]) -> Iterator[_Some]:
    """Points that are wanted (point,), some blocks of a tile at a time."""
    first = 0
    for tile, pixel, block in places:
        mine = np.flatnonzero(wanted[first : first + pixel.size])
        ends = np.flatnonzero(np.diff(block[mine])) + 1
        for part in np.split(mine, ends[_BLOCKS_AT_ONCE - 1 :: _BLOCKS_AT_ONCE]):
            if part.size:
                yield _Some(first + part, Place(tile, pixel[part], block[part]))
        first += pixel.size


def _where(work: Work, some: _Some) -> _Where:
    """Centers of points, the first of each block of the tile, and its way to the ground."""
    tile, place = work.tiles[some.place.tile], some.place
    x, y = work.pixels.centers(tile, place.pixel.astype(np.int64))
    matrix = work.pixels.matrices(tile)
    count = np.bincount(place.block, minlength=len(matrix))
    return x, y, np.append(0, np.cumsum(count)), matrix


def relisted(
    work: Work, carrier: Carrier, places: list[Place], wanted: NDArray[np.bool_]
) -> dict[str, NDArray[Any]]:
    """What some points hear, all of some blocks: arrays of `TilePoints` from `server` on."""

    def one(some: _Some) -> dict[str, NDArray[Any]]:
        found = _listed_at(_where(work, some), block_m(work), carrier)
        return dict(zip(TilePoints._fields[4:], _without_room(found), strict=True))

    none = _without_room(_room(0))  # where nothing is wanted
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        parts = [dict(zip(TilePoints._fields[4:], none, strict=True))]
        parts += pool.map(one, _by_blocks(places, wanted))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class Blocks(NamedTuple):
    """Centers (block,) of blocks, and their way to the ground (block, 2, 2)."""

    x: Float
    y: Float
    matrix: Float

    def within(self, x: Float, y: Float, reach_m: float) -> NDArray[np.bool_]:
        """Whether a center (block,) is within reach of any of some places."""
        out = np.zeros(self.x.size, np.bool_)
        for at in zip(x, y, strict=True):
            away = np.stack([at[0] - self.x, at[1] - self.y], axis=-1)
            ground = np.einsum("bij,bj->bi", self.matrix, away)
            out |= np.hypot(ground[:, 0], ground[:, 1]) <= reach_m
        return out


def blocks_of(work: Work, blocks: NDArray[np.int64]) -> Blocks:
    """Blocks numbered through all tiles."""
    per_tile = (work.pixels.tile // BLOCK) ** 2
    x, y, matrix = np.empty(blocks.size), np.empty(blocks.size), np.empty((blocks.size, 2, 2))
    tile_of = blocks // per_tile
    for number in np.unique(tile_of):
        mine, tile = tile_of == number, work.tiles[number]
        within = blocks[mine] - number * per_tile
        x[mine], y[mine] = (part[within] for part in work.pixels.block_centers(tile))
        matrix[mine] = work.pixels.matrices(tile)[within]
    return Blocks(x, y, matrix)


def field_of(carrier: Carrier, blocks: Blocks, side: float) -> Field:
    """What surrounds some blocks of a side.

    Means are of the sectors in squares of one side whatever the resolution. All that a block may
    hear takes part, since what no mean follows would be left out.
    """
    bins = bins_of(carrier.sectors, _BIN_M)
    where = *blocks, carrier.sectors, bins
    start, group, weight = bin_weights(*where, max(HORIZON_M, side) + side, _SURROUNDINGS_M)
    return Field(start, group, weight, bin_of_sector(carrier.sectors, bins), bins.start.size - 1)
