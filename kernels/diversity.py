"""Probability that points are covered by the best of three sites with shared shadowing.

The vectorised form of `coverage.multi_server_coverage`: each site has a state with line of sight
and one without, shadowing of sites is correlated by 0.5, that of a site's sectors wholly, so
that only its best sector counts. Four probabilities come of it: of the reference signal
outdoors, and of a link outdoors, behind low-loss and behind high-loss walls.

Source: models.md B.5.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import fast_kernel, kernel
from netmodel.kernels.approx import ONE, ZERO, Real, log2_f32, normal_cdf_f32
from netmodel.kernels.chunk import (
    GAIN,
    LANES,
    LINK_DBM,
    LOS,
    N_VALUE,
    OTHER,
    POWER,
    SCALE_LOG2,
    SERVED,
    SIGHT,
    SQUARED,
    X,
    Y,
    mast_gain,
)
from netmodel.kernels.coverage import NODE, SITE_CORRELATION, WEIGHT
from netmodel.kernels.link_curve import (
    HIGH_DB,
    HIGH_SIGMA,
    LOW_DB,
    LOW_SIGMA,
    RANGE2,
    SIGMA_BEYOND,
    SIGMA_LOS,
    SIGMA_NLOS,
)
from netmodel.kernels.transmitters import Points, Transmitters, any_power, ground_offset, on_ground

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]

RSRP, OUTDOOR, LOW, HIGH = range(4)  # what a probability is of
N_CASE = 4
_N_SITE = 3
# Rows of a site's terms: probability of line of sight, then margins by case and state.
_N_TERM = 1 + 2 * N_CASE

# Rows of the work on a case: of each site sight and both margins, then what no site has reached.
_NONE, _MISSED, _N_WORK = 9 * LANES, 10 * LANES, 11 * LANES

_OWN = math.sqrt(1.0 - SITE_CORRELATION)
_NODES = (math.sqrt(SITE_CORRELATION) / _OWN * NODE).astype(np.float32)
_WEIGHTS = WEIGHT.astype(np.float32)
_DB = np.float32(10.0 * math.log10(2.0))
_UNHEARD = np.float32(-1e3)  # a margin that leaves no doubt


class Margin(NamedTuple):
    """What a case asks of a sector: least RSRP [dBm], one over the deviations [1/dB]."""

    least_dbm: Real
    los: Real
    nlos: Real
    beyond: Real
    range2: Real


@kernel
def diversity(
    x: Float, y: Float, start: Int, matrix: Float,
    sites: Int32, sectors: Transmitters, rsrp_dbm: float, out: Float32,
) -> None:  # fmt: skip
    """Write the probabilities (case, point) of points whose three best sites are known.

    Parameters
    ----------
    x, y, start, matrix
        As `serve` takes them.
    sites : (3, point)
        Best sector of each site, -1 where there is none.
    rsrp_dbm : float
        Least power of the reference signal.
    """
    for b in range(start.size - 1):
        a, e = start[b], start[b + 1]
        if e > a:
            points = on_ground(x[a:e], y[a:e], matrix[b])
            for q in range(0, points.east.size, LANES):
                n = min(e - a - q, LANES)
                whose = _lanes(sites[:, a + q : a + q + n])
                terms = _terms(points, q, (x[a], y[a]), matrix[b], whose, sectors, rsrp_dbm)
                _cover(terms, out[:, a + q : a + q + n])


@kernel
def _lanes(sites: Int32) -> Int32:
    """Sectors of the three sites at all lanes; those beyond the last point are its copies."""
    out = np.empty(_N_SITE * LANES, np.int32)
    n = sites.shape[1]
    for place in range(_N_SITE):
        for k in range(LANES):
            out[place * LANES + k] = sites[place, min(k, n - 1)]
    return out


@kernel
def _terms(
    points: Points, q: int, origin: tuple[float, float], matrix: Float,
    whose: Int32, sectors: Transmitters, rsrp_dbm: float,
) -> Float32:  # fmt: skip
    """Terms of the three sites at the lanes of the chunk from point `q` on.

    Each sector that serves any of the lanes is evaluated at all of them, once.
    """
    c, terms = np.zeros(N_VALUE, np.float32), np.zeros(_N_SITE * _N_TERM * LANES, np.float32)
    terms[:] = _UNHEARD
    c[X : X + LANES], c[Y : Y + LANES] = points.east[q : q + LANES], points.north[q : q + LANES]
    for k in np.unique(whose):
        if k >= 0:
            mast = sectors.mast[k]
            site = sectors.site[mast]
            dx, dy = sectors.x[site] - origin[0], sectors.y[site] - origin[1]
            east, north = ground_offset(dx, dy, matrix)
            curve = sectors.curve[mast]
            mast_gain(c, east, north, sectors.curves, curve, True)
            any_power(
                c, np.float32(np.inf), sectors.sector, k,
                sectors.pattern[k], sectors.patterns, sectors.cuts,
            )  # fmt: skip
            _to_dbm(c)
            _keep_sight(c, whose, k, terms)
            row = sectors.curves[curve]
            for case in range(N_CASE):
                least = rsrp_dbm if case == RSRP else float(sectors.sector[k, LINK_DBM])
                _keep_margins(c, whose, k, terms, case, _margin(row, case, least))
    return terms


@kernel
def _margin(curve: Float32, case: int, least_dbm: float) -> Margin:
    """What a case asks; walls add their loss, and have one deviation for both states.

    Beyond the model's range shadowing spreads at least as it does outdoors.
    """
    los, nlos, beyond = curve[SIGMA_LOS], curve[SIGMA_NLOS], curve[SIGMA_BEYOND]
    least = least_dbm
    if case >= LOW:
        loss, sigma = (LOW_DB, LOW_SIGMA) if case == LOW else (HIGH_DB, HIGH_SIGMA)
        los = nlos = curve[sigma]
        beyond = max(beyond, curve[sigma])
        least += curve[loss]
    return Margin(
        np.float32(least), np.float32(1.0 / (los * _OWN)), np.float32(1.0 / (nlos * _OWN)),
        np.float32(1.0 / (beyond * _OWN)), curve[RANGE2],
    )  # fmt: skip


@fast_kernel
def _to_dbm(c: Float32) -> None:
    """Bring the log2 gains of both states to RSRP [dBm] by the sector's power over the gain."""
    for k in range(LANES):
        gain = log2_f32(c[POWER + k]) - log2_f32(c[GAIN + k]) + np.float32(SCALE_LOG2)
        c[LOS + k] = _DB * (c[LOS + k] + gain)
        c[OTHER + k] = _DB * (c[OTHER + k] + gain)


@fast_kernel
def _keep_sight(c: Float32, whose: Int32, sector: int, terms: Float32) -> None:
    """Keep the probability of line of sight where the sector is one of the three."""
    for place in range(_N_SITE):
        row = place * _N_TERM * LANES
        for k in range(LANES):
            mine = whose[place * LANES + k] == sector
            terms[row + k] = c[SIGHT + k] if mine else terms[row + k]


@fast_kernel
def _keep_margins(
    c: Float32, whose: Int32, sector: int, terms: Float32, case: int, margin: Margin
) -> None:
    """Keep the margins of a case, in deviations, where the sector is one of the three."""
    for k in range(LANES):
        inverse = margin.nlos if c[SQUARED + k] <= margin.range2 else margin.beyond
        c[POWER + k] = (c[LOS + k] - margin.least_dbm) * margin.los
        c[SERVED + k] = (c[OTHER + k] - margin.least_dbm) * inverse
    for place in range(_N_SITE):
        row = (place * _N_TERM + 1 + 2 * case) * LANES
        for k in range(LANES):
            mine = whose[place * LANES + k] == sector
            terms[row + k] = c[POWER + k] if mine else terms[row + k]
            terms[row + LANES + k] = c[SERVED + k] if mine else terms[row + LANES + k]


@kernel
def _cover(terms: Float32, out: Float32) -> None:
    """Write the probabilities (case, point) of a chunk's points."""
    work = np.empty(_N_WORK, np.float32)
    for case in range(N_CASE):
        _begin_case(terms, case, work)
        for node in range(_NODES.size):
            _add_missed(work, _NODES[node], _WEIGHTS[node])
        for k in range(out.shape[1]):
            out[case, k] = min(max(ONE - work[_MISSED + k], ZERO), ONE)


@kernel
def _begin_case(terms: Float32, case: int, work: Float32) -> None:
    """Bring the rows of a case to fixed offsets, which a loop needs to be vectorised."""
    for place in range(_N_SITE):
        first = place * _N_TERM * LANES
        of_case = first + (1 + 2 * case) * LANES
        to = place * 3 * LANES
        for k in range(LANES):
            work[to + k] = max(terms[first + k], ZERO)
            work[to + LANES + k] = terms[of_case + k]
            work[to + 2 * LANES + k] = terms[of_case + LANES + k]
    work[_MISSED:] = ZERO


@fast_kernel
def _add_missed(work: Float32, node: Real, weight: Real) -> None:
    """Add the probability at a node of the shared shadowing that no site is received.

    Of each site, its states mixed; certain where there is none.
    """
    for k in range(LANES):
        p = work[k]
        los = normal_cdf_f32(node - work[LANES + k])
        work[_NONE + k] = p * los + (ONE - p) * normal_cdf_f32(node - work[2 * LANES + k])
    for k in range(LANES):
        p = work[3 * LANES + k]
        los = normal_cdf_f32(node - work[4 * LANES + k])
        work[_NONE + k] *= p * los + (ONE - p) * normal_cdf_f32(node - work[5 * LANES + k])
    for k in range(LANES):
        p = work[6 * LANES + k]
        los = normal_cdf_f32(node - work[7 * LANES + k])
        miss = p * los + (ONE - p) * normal_cdf_f32(node - work[8 * LANES + k])
        work[_MISSED + k] += weight * work[_NONE + k] * miss
