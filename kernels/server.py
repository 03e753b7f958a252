"""Best server, RSRP, SINR and interference of points, block by block.

A block is a set of points that lie together (64 x 64 pixels of a raster). It gathers the sites
around it from a CSR index of bins. Those within `near_m`, and those that could serve one of its
points, are evaluated at every point; the interference of the rest, up to `horizon_m`, is
interpolated over the block (`far_field`). A block's results are its own, whatever the order, the
number of threads or the tiles.

Source: models.md B.3, C.4; pitfalls 13, 19 and 36.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel
from netmodel.kernels.chunk import (
    BEST,
    FIRST,
    FIRST_SECTOR,
    LANES,
    LOAD,
    LOG2_MW,
    N_SECTOR,
    N_VALUE,
    SCALE_LOG2,
    SECOND,
    SERVER,
    X,
    Y,
    add_others,
    count_within,
    keep_best,
    keep_best_of_site,
    keep_second,
    keep_three,
    mast_gain,
)
from netmodel.kernels.far_field import far_interference
from netmodel.kernels.link_curve import SERVE2, curve_gain_log2
from netmodel.kernels.transmitters import (
    Bins,
    Masts,
    Near,
    Points,
    Transmitters,
    any_power,
    masts_of,
    on_ground,
    sites_around,
)

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]


_FLUSH = 16  # masts whose interference is summed in float32 before it goes into float64


class Reach(NamedTuple):
    """How far to look, and what is wanted.

    `within` is the ratio to the best power from which a server is counted, 0 for no count;
    `three_sites` whether the three best sites are wanted, `second` whether the second best is.
    """

    near_m: float
    horizon_m: float
    noise_mw: float
    within: float
    three_sites: bool
    second: bool


class Served(NamedTuple):
    """Results (point,), written in place; `sites` (3, point) is a sector of each best site.

    Powers are of one resource element [dBm]; NaN and -1 where no sector may serve.
    """

    rsrp_dbm: Float32
    server: Int32
    sinr_db: Float32
    second_dbm: Float32
    interference_dbm: Float32
    n_within: NDArray[np.int16]
    sites: Int32


class State(NamedTuple):
    """What a block knows so far: the buffers of its chunks, and sums over others (point,)."""

    value: Float32
    sector: Int32
    others: Float


class Heard(NamedTuple):
    """What a block hears: its state, masts taken one by one, and interference and noise [mW].

    `others_mw` (point,) is of all sectors but the server.
    """

    state: State
    near: Masts
    also: Masts
    others_mw: Float


@kernel
def serve(
    x: Float, y: Float, start: Int, matrix: Float,
    sectors: Transmitters, bins: Bins, reach: Reach, out: Served,
) -> None:  # fmt: skip
    """Write the results of all points.

    Parameters
    ----------
    x, y : (point,)
        In the CRS of the sites.
    start : (block + 1,)
        First point of each block.
    matrix : (block, 2, 2)
        From offsets in the CRS to offsets on the ground, east and north [m].
    """
    for b in range(start.size - 1):
        a, e = start[b], start[b + 1]
        if e > a:
            _serve_block(x[a:e], y[a:e], matrix[b], sectors, bins, reach, a, out)


@kernel
def _serve_block(
    x: Float, y: Float, matrix: Float,
    sectors: Transmitters, bins: Bins, reach: Reach, first: int, out: Served,
) -> None:  # fmt: skip
    """Results of the points of one block, which begin at `first`."""
    heard = hear(x, y, matrix, sectors, bins, reach)
    count = np.zeros(heard.others_mw.size, np.int16)
    if reach.within > 0.0:
        for masts in (heard.near, heard.also):
            _count(masts, sectors, reach.within, heard.state, count)
    for k in range(x.size):
        _write(k, first + k, heard.state, heard.others_mw[k], reach, out)
        out.n_within[first + k] = count[k]


@kernel
def hear(
    x: Float, y: Float, matrix: Float, sectors: Transmitters, bins: Bins, reach: Reach
) -> Heard:
    """What the points of a block hear: arguments of one block of `serve`."""
    points = on_ground(x, y, matrix)
    around = sites_around(x, y, matrix, points, sectors, bins, reach.horizon_m)
    within = around.apart2 <= reach.near_m * reach.near_m
    state = new_state(points)
    near = masts_of(around, within, sectors)
    take_masts(near, sectors, reach, state)
    may = ~within & _may_serve(around, sectors, _weakest(state, reach))
    also = masts_of(around, may, sectors)
    take_masts(also, sectors, reach, state)
    far = masts_of(around, ~(within | may), sectors)
    total = state.others + far_interference(points, far, sectors) + reach.noise_mw
    return Heard(state, near, also, total)


@kernel
def new_state(points: Points) -> State:
    """Nothing heard yet."""
    n = points.east.size // LANES
    value = np.zeros((n, N_VALUE), np.float32)
    for q in range(n):
        value[q, X : X + LANES] = points.east[q * LANES : (q + 1) * LANES]
        value[q, Y : Y + LANES] = points.north[q * LANES : (q + 1) * LANES]
    return State(value, np.full((n, N_SECTOR), -1, np.int32), np.zeros(points.east.size))


@kernel
def take_masts(masts: Masts, sectors: Transmitters, reach: Reach, state: State) -> None:
    """Take the sectors of some masts into the state, chunk by chunk.

    Arrays are taken out of their tuples once: each time costs two atomic counts of references.
    """
    at, curve, ends_site, start = masts.at, masts.curve, masts.ends_site, masts.start
    number, sector, pattern = masts.number, masts.sector, masts.pattern
    directed = masts.directed
    curves, patterns, cuts = sectors.curves, sectors.patterns, sectors.cuts
    others = state.others
    for q in range(state.value.shape[0]):
        c, whose = state.value[q], state.sector[q]
        for m in range(curve.size):
            mast_gain(c, at[m, 0], at[m, 1], curves, curve[m], directed)
            serve2 = curves[curve[m], SERVE2]
            for k in range(start[m], start[m + 1]):
                any_power(c, serve2, sector, k, pattern[k], patterns, cuts)
                _keep(c, whose, number[k], sector[k, LOAD], reach)
            if m % _FLUSH == _FLUSH - 1 or m == curve.size - 1:
                add_others(others, q * LANES, c)
            if ends_site[m] and reach.three_sites:
                keep_three(c, whose)


@kernel
def _keep(c: Float32, whose: Int32, number: int, load: float, reach: Reach) -> None:
    """Take a sector's power into all that is kept."""
    if reach.second:
        keep_second(c)
    keep_best(c, whose, number, load)
    if reach.three_sites:
        keep_best_of_site(c, whose, number)


@kernel
def _weakest(state: State, reach: Reach) -> float:
    """Log2 of the least power that must be exact at any point [mW, scaled]."""
    row = FIRST + 2 * LANES if reach.three_sites else SECOND if reach.second else BEST
    least = state.value[:, row : row + LANES].min()
    return math.log2(least) if least > 0.0 else -math.inf


@kernel
def _may_serve(sites: Near, sectors: Transmitters, weakest_log2: float) -> NDArray[np.bool_]:
    """Whether a site could be heard above the weakest power somewhere in the block's box."""
    out = np.zeros(sites.site.size, np.bool_)
    for j in range(out.size):
        for m in range(sectors.mast_start[sites.site[j]], sectors.mast_start[sites.site[j] + 1]):
            curve = sectors.curves[sectors.curve[m]]
            if sites.apart2[j] > curve[SERVE2]:
                continue
            gain = curve_gain_log2(curve, math.sqrt(sites.apart2[j])) + SCALE_LOG2
            for k in range(sectors.sector_start[m], sectors.sector_start[m + 1]):
                # A thousandth over the errors of the approximations.
                out[j] |= gain + sectors.sector[k, LOG2_MW] + 1e-3 >= weakest_log2
    return out


@kernel
def _count(
    masts: Masts, sectors: Transmitters, ratio: float, state: State, count: NDArray[np.int16]
) -> None:
    """Count the sectors at each point whose power is within a ratio of the best."""
    at, curve, start = masts.at, masts.curve, masts.start
    sector, pattern = masts.sector, masts.pattern
    directed = masts.directed
    curves, patterns, cuts = sectors.curves, sectors.patterns, sectors.cuts
    for q in range(state.value.shape[0]):
        c = state.value[q]
        for m in range(curve.size):
            mast_gain(c, at[m, 0], at[m, 1], curves, curve[m], directed)
            for k in range(start[m], start[m + 1]):
                any_power(c, curves[curve[m], SERVE2], sector, k, pattern[k], patterns, cuts)
                count_within(c, np.float32(ratio), count, q * LANES)


@kernel
def _write(
    k: int, point: int, state: State, disturbance_mw: float, reach: Reach, out: Served
) -> None:
    """Write the results of a block's point `k`."""
    q, lane = k // LANES, k % LANES
    best, second = state.value[q, BEST + lane], state.value[q, SECOND + lane]
    heard = best > 0.0
    out.server[point] = state.sector[q, SERVER + lane]
    out.rsrp_dbm[point] = _decibel(best) if heard else np.nan
    out.sinr_db[point] = _decibel(best / disturbance_mw) if heard else np.nan
    out.second_dbm[point] = _decibel(second) if second > 0.0 else np.nan
    out.interference_dbm[point] = _decibel(max(disturbance_mw - reach.noise_mw, 1e-60))
    for place in range(3):
        out.sites[place, point] = state.sector[q, FIRST_SECTOR + place * LANES + lane]


@kernel
def _decibel(ratio: float) -> float:
    return 10.0 * math.log10(np.float64(ratio))
