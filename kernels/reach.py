"""Which points a site would cover, and how probably: the pairs that a choice of sites is made of.

Source: models.md B.5 (probability of the reference signal) and E (greedy expansion).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel
from netmodel.kernels.chunk import FIRST_SECTOR, LANES
from netmodel.kernels.diversity import N_CASE, RSRP, diversity
from netmodel.kernels.server import Reach, new_state, take_masts
from netmodel.kernels.transmitters import (
    Near,
    Transmitters,
    ground_offset,
    least_scale,
    masts_of,
    on_ground,
)

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]


class Places(NamedTuple):
    """Points row by row from the north, and in a row from the west (CRS units).

    `x`, `y` (point,); `first` (row + 1,) the first point of each row; rows are `side` high, the
    first one from `top` down.
    """

    x: Float
    y: Float
    first: Int
    top: float
    side: float


@kernel
def covered_alone(
    x: Float, y: Float, matrix: Float, site: int, sectors: Transmitters, rsrp_dbm: float
) -> Float32:
    """Probability (point,) that a site alone covers points, by its best sector at each."""
    points = on_ground(x, y, matrix)
    east, north = ground_offset(sectors.x[site] - x[0], sectors.y[site] - y[0], matrix)
    near = Near(
        np.array([site]), np.array([east], np.float32), np.array([north], np.float32), np.zeros(1)
    )
    masts, state = masts_of(near, np.ones(1, np.bool_), sectors), new_state(points)
    take_masts(masts, sectors, Reach(0.0, 0.0, 1.0, 0.0, True, False), state)
    sites = np.full((3, x.size), -1, np.int32)
    for k in range(x.size):
        sites[0, k] = state.sector[k // LANES, FIRST_SECTOR + k % LANES]
    out = np.empty((N_CASE, x.size), np.float32)
    start = np.array([0, x.size])
    diversity(x, y, start, matrix.reshape(1, 2, 2), sites, sectors, rsrp_dbm, out)
    return np.ascontiguousarray(out[RSRP])


@kernel
def reached(
    places: Places, sites: Int, matrix: Float, reach_m: Float,
    sectors: Transmitters, rsrp_dbm: float, least: float,
) -> tuple[Int, Int32, Float32]:  # fmt: skip
    """Points that each of some sites covers with a least probability (CSR by site).

    Parameters
    ----------
    places : Places
    sites : (site,)
        Numbers in `sectors`.
    matrix : (site, 2, 2)
        At each site, from offsets in the CRS to offsets on the ground, east and north [m].
    reach_m : (site,)
        How far to look.
    rsrp_dbm : float
        Least power of the reference signal.

    Returns
    -------
    start : (site + 1,)
    point, probability : (pair,)
    """
    start = np.zeros(sites.size + 1, np.int64)
    point, value, n = np.empty(4096, np.int32), np.empty(4096, np.float32), 0
    for i in range(sites.size):
        near = _within(places, sectors.x[sites[i]], sectors.y[sites[i]], matrix[i], reach_m[i])
        if near.size > 0:
            x, y = places.x[near], places.y[near]
            p = covered_alone(x, y, matrix[i], sites[i], sectors, rsrp_dbm)
            while n + near.size > point.size:
                point, value = np.append(point, point), np.append(value, value)
            for k in range(near.size):
                if p[k] >= least:
                    point[n], value[n] = near[k], p[k]
                    n += 1
        start[i + 1] = n
    return start, point[:n].copy(), value[:n].copy()


@kernel
def _within(places: Places, x: float, y: float, matrix: Float, reach_m: float) -> Int:
    """Points within reach of a place, in their order."""
    span = reach_m / least_scale(matrix)
    last = places.first.size - 1
    r0 = min(max(int((places.top - y - span) // places.side), 0), last)
    r1 = min(max(int((places.top - y + span) // places.side) + 1, r0), last)
    most = places.first[r1] - places.first[r0]
    out, n = np.empty(most, np.int64), 0
    for r in range(r0, r1):
        a, e = places.first[r], places.first[r + 1]
        west = a + np.searchsorted(places.x[a:e], x - span)
        for k in range(west, e):
            if places.x[k] > x + span:
                break
            east, north = ground_offset(places.x[k] - x, places.y[k] - y, matrix)
            if east * east + north * north <= reach_m * reach_m:
                out[n] = k
                n += 1
    return out[:n]
