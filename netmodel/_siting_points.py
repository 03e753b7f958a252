"""Points of a finished run where a new site would matter: who is not covered, what is unserved."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel._explicit import in_frame, offset_in
from netmodel._networks import network_names
from netmodel._pixels import missed_by_all, tile_people
from netmodel._reopened import Reopened
from netmodel.errors import InputError
from netmodel.grids.tiles import Tile
from netmodel.kernels.reach import Places

Float = NDArray[np.float64]

# Of all that a choice is about; points that together have less are left out.
_NEGLIGIBLE = 1e-4
_SIDE_M = 200.0
_ROUNDING = 1e-5


class SitingPoints(NamedTuple):
    """Points with what a site may gain there, `weight` (network, point) or (1, point)."""

    places: Places
    weight: Float


def people_points(run: Reopened) -> SitingPoints:
    """People whom no network covers, by the probability that none does."""
    import zarr

    if "coverage_probability" not in run.work.radio.layers:
        raise InputError(
            f"{run.folder}: the run kept no coverage_probability; run it with [radio] layers that "
            "hold it"
        )
    layer = zarr.open_array(run.store / "pixels" / "coverage_probability", mode="r")
    networks = [carrier.network for carrier in run.work.carriers]

    def of_tile(tile: Tile) -> Float | None:
        known = tile_people(tile, run.work.pixels, run.work.ground, run.work.radio)
        if known is None:
            return None
        flat = known.points.flat
        covered = np.nan_to_num(np.asarray(layer[:, *run.work.place(tile)]))
        of_points = [of_carrier.reshape(-1)[flat] for of_carrier in covered]
        out = np.zeros((1, run.work.pixels.tile**2))
        out[0, flat] = known.people * missed_by_all(networks, of_points)
        return out

    return _gathered(run, of_tile)


def unserved_points(run: Reopened) -> SitingPoints:
    """Busy-hour demand of each network that its macro sites do not serve [Mbit/s].

    Each cell's is shared by its people, pixel by pixel.
    """
    if not run.has_loads:
        raise InputError(f"{run.folder}: a run without loads; make one with the stage capacity")
    capacity = run.groups["capacity"].to_dataset()
    missing = (capacity.demand_mbps - capacity.served_mbps).fillna(0.0)
    # What is less than the layers' rounding is no demand.
    lacking = missing.where(missing > _ROUNDING * capacity.demand_mbps, 0.0).values
    place = tuple(
        slice(o, o + n)
        for o, n in zip(offset_in(capacity, run.work.pixels.frame), lacking.shape[1:], strict=True)
    )
    frames = [in_frame(layer, run.work.pixels.frame, place, 0.0) for layer in lacking]

    def of_tile(tile: Tile) -> Float | None:
        known = tile_people(tile, run.work.pixels, run.work.ground, run.work.radio)
        if known is None:
            return None
        pixels = run.work.pixels
        people = np.maximum(known.of_pixel, 0.0)
        total = pixels.refined(pixels.summed(people)).astype(np.float64)
        share = np.divide(people, total, out=np.zeros_like(people), where=total > 0.0)
        return np.stack(
            [(share * pixels.refined(pixels.spread(f, tile, 0.0))).reshape(-1) for f in frames]
        )

    return _gathered(run, of_tile)


def network_of(run: Reopened, points: SitingPoints, network: str) -> int:
    """Row of a network in the points' weights."""
    return 0 if len(points.weight) == 1 else network_names(run.domain).index(network)


def _gathered(run: Reopened, of_tile: Callable[[Tile], Float | None]) -> SitingPoints:
    """Sums over squares of pixels, those with next to nothing left out."""
    pixels = run.work.pixels
    step = _step(pixels.factor, abs(pixels.frame.affine.a) / pixels.factor)
    n = pixels.tile // step
    _ = pixels.order  # made once, before the threads
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        found = list(pool.map(of_tile, run.work.tiles))
    row, column, weight = [], [], []
    for tile, layer in zip(run.work.tiles, found, strict=True):
        if layer is not None:
            sums = layer.reshape(len(layer), n, step, n, step).sum(axis=(2, 4)).reshape(-1, n * n)
            mine = np.flatnonzero(sums.sum(axis=0) > 0.0)
            r, c = np.divmod(mine, n)
            row.append(r + tile.pixel[0] // step)
            column.append(c + tile.pixel[1] // step)
            weight.append(sums[:, mine])
    if not row or not sum(part.sum() for part in weight):
        raise InputError(f"{run.folder}: nobody is left to gain; the run covers and serves all")
    return _ordered(run, step, *(np.concatenate(part, axis=-1) for part in (row, column, weight)))


def _step(factor: int, side_m: float) -> int:
    """Pixels along the side of a point's square: the most that divide a cell, up to 200 m."""
    fits = [k for k in range(1, factor + 1) if factor % k == 0 and k * side_m <= _SIDE_M]
    return max(fits, default=1)


def _ordered(
    run: Reopened, step: int, row: NDArray[np.int64], column: NDArray[np.int64], weight: Float
) -> SitingPoints:
    total = weight.sum(axis=0)
    order = np.argsort(total, kind="stable")
    kept = np.sort(order[np.cumsum(total[order]) > _NEGLIGIBLE * total.sum()])
    row, column, weight = row[kept], column[kept], weight[:, kept]
    order = np.lexsort((column, row))
    row, column, weight = row[order], column[order], np.ascontiguousarray(weight[:, order])
    a, side = run.work.pixels.frame.affine, step / run.work.pixels.factor
    first = np.searchsorted(row, np.arange(row[-1] + 2)).astype(np.int64)
    x = np.asarray(a.c + a.a * side * (column + 0.5), np.float64)
    y = np.asarray(a.f + a.e * side * (row + 0.5), np.float64)
    return SitingPoints(Places(x, y, first, float(a.f), abs(a.e) * side), weight)
