"""The strongest links of points: who serves, who interferes, and how much the rest adds.

What the fixed point of loads (`coupling`) iterates over. Powers are relative to the server's.

Source: models.md C.4; pitfall 19: what is not listed is kept as a sum.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel
from netmodel.kernels.chunk import BEST, LANES, POWER, SERVER, mast_gain
from netmodel.kernels.link_curve import SERVE2
from netmodel.kernels.server import Heard, Reach, hear
from netmodel.kernels.transmitters import Bins, Masts, Transmitters, any_power

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]


class Listed(NamedTuple):
    """Results of points, written in place.

    `server` (point,), -1 without any; `signal_mw` (point,) of a resource element; `n` (point,)
    links that are listed; `sector`, `ratio` (point, most) of each, its power at full load over the
    signal; `rest` (point,) the same of all that are not listed, `noise` (point,) of noise,
    infinite without a server.
    """

    server: Int32
    signal_mw: Float32
    n: Int32
    sector: Int32
    ratio: Float32
    rest: Float32
    noise: Float32


@kernel
def list_links(
    x: Float, y: Float, start: Int, matrix: Float,
    sectors: Transmitters, bins: Bins, reach: Reach, least: float, out: Listed,
) -> None:  # fmt: skip
    """Write the links of all points.

    Parameters
    ----------
    x, y, start, matrix, sectors, bins, reach
        As `serve` takes them; sectors at the load that the sums are to be of, one.
    least : float
        Share of noise and all interference from which an interferer is listed.
    """
    for b in range(start.size - 1):
        a, e = start[b], start[b + 1]
        if e > a:
            heard = hear(x[a:e], y[a:e], matrix[b], sectors, bins, reach)
            _list_block(heard, e - a, sectors, least, a, out)
            for k in range(e - a):
                _close(k, a + k, heard, reach.noise_mw, out)


@kernel
def _list_block(
    heard: Heard, n_point: int, sectors: Transmitters, least: float, first: int, out: Listed
) -> None:
    """List the interferers of a block's points, which begin at `first`."""
    out.n[first : first + n_point] = 0
    for masts in (heard.near, heard.also):
        _list_masts(masts, heard, n_point, sectors, least, first, out)


@kernel
def _list_masts(
    masts: Masts, heard: Heard, n_point: int,
    sectors: Transmitters, least: float, first: int, out: Listed,
) -> None:  # fmt: skip
    """List those of some masts' sectors that are strong enough, chunk by chunk."""
    at, curve, start = masts.at, masts.curve, masts.start
    number, sector, pattern = masts.number, masts.sector, masts.pattern
    directed = masts.directed
    curves, patterns, cuts = sectors.curves, sectors.patterns, sectors.cuts
    value, whose, others = heard.state.value, heard.state.sector, heard.others_mw
    enough = np.empty(LANES, np.float32)
    for q in range(value.shape[0]):
        c, n_lane = value[q], min(n_point - q * LANES, LANES)
        for k in range(LANES):
            enough[k] = least * others[q * LANES + k]
        for m in range(curve.size):
            mast_gain(c, at[m, 0], at[m, 1], curves, curve[m], directed)
            for k in range(start[m], start[m + 1]):
                any_power(c, curves[curve[m], SERVE2], sector, k, pattern[k], patterns, cuts)
                _append(c, whose[q], number[k], enough, n_lane, first + q * LANES, out)


@kernel
def _append(
    c: Float32, whose: Int32, number: int, enough: Float32, n_lane: int, first: int, out: Listed
) -> None:
    """Append a sector to the lists of the lanes where it is strong enough and does not serve."""
    most = out.ratio.shape[1]
    for k in range(n_lane):
        if c[POWER + k] >= enough[k] and whose[SERVER + k] != number:
            n = out.n[first + k]
            if n < most:
                out.sector[first + k, n] = number
                out.ratio[first + k, n] = c[POWER + k]
                out.n[first + k] = n + 1


@kernel
def _close(k: int, point: int, heard: Heard, noise_mw: float, out: Listed) -> None:
    """Write a point's server and sums, its list made relative to the signal."""
    q, lane = k // LANES, k % LANES
    signal = np.float64(heard.state.value[q, BEST + lane])
    out.server[point] = heard.state.sector[q, SERVER + lane]
    out.signal_mw[point] = signal
    if signal == 0.0:
        out.n[point] = 0
        out.rest[point], out.noise[point] = 0.0, np.inf
        return
    listed = 0.0
    for j in range(out.n[point]):
        listed += np.float64(out.ratio[point, j])
        out.ratio[point, j] /= signal
    rest = heard.others_mw[k] - noise_mw - listed
    out.rest[point] = max(rest, 0.0) / signal
    out.noise[point] = noise_mw / signal
