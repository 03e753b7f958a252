"""Loops over the 128 points of a chunk: a mast's gain, a sector's power, the best so far.

A chunk is a float32 buffer of rows of `LANES` values at fixed offsets, so that LLVM sees that
rows do not overlap and vectorises every loop (8 lanes on AVX2): with an array a row the same
work took five times as long. Gains and powers are linear, attenuations log2 of a ratio.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import fast_kernel
from netmodel.kernels.approx import ONE, ZERO, Real, acos_f32, atan_f32, exp2_f32, log2_f32
from netmodel.kernels.link_curve import (
    BEYOND,
    BEYOND_MOST,
    BEYOND_SLOPE,
    BREAK2,
    DECAY,
    DECAY_FROM_M,
    FAR,
    FAR_SLOPE,
    NEAR,
    NEAR_METER,
    NEAR_SLOPE,
    NLOS,
    NLOS_SLOPE,
    RANGE2,
    RISE,
    SIGHT_M,
)

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

LANES = 128
# Rows of a chunk. Of the points: offsets from the block's first one, east and north [m].
X, Y = (LANES * k for k in range(2))
# Of a mast: direction, one over the ground distance, its square, angle below the horizon [rad],
# log2 of the squared slant distance, probability of line of sight, log2 gain with it and
# without, mean gain; of a sector: power, and power where it may serve.
DX, DY, INVERSE, SQUARED, DEPRESSION, SLANT = (LANES * k for k in range(2, 8))
SIGHT, LOS, OTHER, GAIN, POWER, SERVED = (LANES * k for k in range(8, 14))
# What is kept: the best and second best power, the interference of the best were it not the
# server, that of the others, the best power of a site, the three best sites.
BEST, SECOND, OF_BEST, OTHERS, SITE_BEST, FIRST = (LANES * k for k in range(14, 20))
N_VALUE = LANES * 22
# Rows of the sectors that go with BEST, SITE_BEST and FIRST.
SERVER, SITE_SERVER, FIRST_SECTOR = (LANES * k for k in range(3))
N_SECTOR = LANES * 5

# Columns of a sector: boresight east and north, tilt [rad], log2 of its power less SCALE_LOG2,
# load, and the least RSRP at which both directions of a link work [dBm].
EAST, NORTH, TILT, LOG2_MW, LOAD, LINK_DBM = range(6)
# Columns of a pattern: log2 of attenuation per squared radian and its most, across and down;
# the most of both.
ACROSS, ACROSS_MOST, DOWN, DOWN_MOST, MOST = range(5)
DEEPEST = 361  # entry of a measured pattern that holds the most of both planes

# A sector's power is held as log2 of milliwatts less this, at most zero as exp2_f32 wants it.
SCALE_LOG2 = 40.0
_SCALE = np.float32(2.0**SCALE_LOG2)
_LEAST_M2 = np.float32(100.0)  # ground distances below 10 m count as 10 m (models.md 0.4)
# Log2 of the least probability of line of sight: none, yet no subnormal number, which is slow.
_LEAST_SIGHT = np.float32(-40.0)
_ALWAYS = np.float32(1e29)  # of a curve in one state; `link_curve` writes 1e30
_LOG2_E = np.float32(math.log2(math.e))
_DEGREE, _HALF_TURN, _TURN = np.float32(180.0 / math.pi), np.float32(180.0), np.float32(360.0)
_LEAST_COSINE = np.float32(1e-12)  # its square is no subnormal number


@fast_kernel
def mast_gain(
    c: Float32, east: Real, north: Real, curves: Float32, curve: int, directed: bool
) -> None:
    """Write geometry and mean gain of a mast at an offset from the block's first point.

    Directions and angles below the horizon are written where any antenna is `directed`.
    """
    _squares(c, np.float32(east), np.float32(north))
    if directed:
        _directions(c, np.float32(east), np.float32(north))
        _depressions(c, curves[curve, RISE])
    _slants(c, curves[curve, RISE] * curves[curve, RISE])
    _lines(c, curves, curve)
    if curves[curve, SIGHT_M] >= _ALWAYS and curves[curve, RANGE2] == np.float32(np.inf):
        _sure_gain(c, LOS, ONE)
        return
    if curves[curve, RANGE2] < np.float32(np.inf):
        _beyond_lines(c, curves, curve)
    if curves[curve, DECAY] >= _ALWAYS:
        _sure_gain(c, OTHER, ZERO)
        return
    _sights(c, curves, curve)
    _mixed_gain(c)


@fast_kernel
def _sure_gain(c: Float32, row: int, sight: Real) -> None:
    """Gain of a link that is always in one state, times 2**SCALE_LOG2."""
    for k in range(LANES):
        c[SIGHT + k] = sight
        c[GAIN + k] = exp2_f32(c[row + k]) * _SCALE


@fast_kernel
def _squares(c: Float32, east: Real, north: Real) -> None:
    """The ground distance from the mast, squared, and one over it."""
    for k in range(LANES):
        dx, dy = c[X + k] - east, c[Y + k] - north
        d2 = max(dx * dx + dy * dy, _LEAST_M2)
        c[SQUARED + k], c[INVERSE + k] = d2, ONE / math.sqrt(d2)


@fast_kernel
def _directions(c: Float32, east: Real, north: Real) -> None:
    """Direction from the mast, east and north."""
    for k in range(LANES):
        one_over = c[INVERSE + k]
        c[DX + k], c[DY + k] = (c[X + k] - east) * one_over, (c[Y + k] - north) * one_over


@fast_kernel
def _depressions(c: Float32, rise: Real) -> None:
    """Angle below the horizon at which the mast sees the points [rad]."""
    for k in range(LANES):
        c[DEPRESSION + k] = atan_f32(rise * c[INVERSE + k])


@fast_kernel
def _slants(c: Float32, rise2: Real) -> None:
    """Log2 of the squared slant distance."""
    for k in range(LANES):
        c[SLANT + k] = log2_f32(c[SQUARED + k] + rise2)


@fast_kernel
def _sights(c: Float32, curves: Float32, curve: int) -> None:
    """Probability of line of sight; none beyond the model's range."""
    within, decay = curves[curve, SIGHT_M], curves[curve, DECAY]
    begin, reach2 = curves[curve, DECAY_FROM_M], curves[curve, RANGE2]
    for k in range(LANES):
        near = min(ONE, within * c[INVERSE + k])
        d = c[SQUARED + k] * c[INVERSE + k]
        fading = exp2_f32(max(-decay * max(d - begin, ZERO), _LEAST_SIGHT))
        p = near + fading * (ONE - near)
        c[SIGHT + k] = p if c[SQUARED + k] <= reach2 else ZERO


@fast_kernel
def _lines(c: Float32, curves: Float32, curve: int) -> None:
    """Log2 gain with line of sight and without."""
    nlos, nlos_slope = curves[curve, NLOS], curves[curve, NLOS_SLOPE]
    near, near_slope = curves[curve, NEAR], curves[curve, NEAR_SLOPE]
    near_meter, break2 = curves[curve, NEAR_METER], curves[curve, BREAK2]
    far, far_slope = curves[curve, FAR], curves[curve, FAR_SLOPE]
    rise2 = curves[curve, RISE] * curves[curve, RISE]
    for k in range(LANES):
        u, d2 = c[SLANT + k], c[SQUARED + k]
        a = near + near_slope * u + near_meter * math.sqrt(d2 + rise2)
        b = far + far_slope * u
        los = a if d2 <= break2 else b
        c[LOS + k], c[OTHER + k] = los, min(los, nlos + nlos_slope * u)


@fast_kernel
def _beyond_lines(c: Float32, curves: Float32, curve: int) -> None:
    """Beyond the model's range by extended Hata, whose distance is that on the ground."""
    beyond, slope = curves[curve, BEYOND], curves[curve, BEYOND_SLOPE]
    most, reach2 = curves[curve, BEYOND_MOST], curves[curve, RANGE2]
    rise2 = curves[curve, RISE] * curves[curve, RISE] * _LOG2_E
    for k in range(LANES):
        ground = c[SLANT + k] - rise2 * c[INVERSE + k] * c[INVERSE + k]
        gain = min(beyond + slope * ground, most)
        c[OTHER + k] = c[OTHER + k] if c[SQUARED + k] <= reach2 else gain


@fast_kernel
def _mixed_gain(c: Float32) -> None:
    """Mean of the gains of both states, times 2**SCALE_LOG2."""
    for k in range(LANES):
        p = c[SIGHT + k]
        mean = p * exp2_f32(c[LOS + k]) + (ONE - p) * exp2_f32(c[OTHER + k])
        c[GAIN + k] = mean * _SCALE


@fast_kernel
def sector_power(
    c: Float32, serve2: Real, sectors: Float32, sector: int, patterns: Float32, pattern: int
) -> None:
    """Write the power of a sector of the chunk's mast [mW], and where it may serve."""
    if patterns[pattern, MOST] == ZERO:
        _even_power(c, exp2_f32(sectors[sector, LOG2_MW]), serve2)
        return
    _attenuations(c, sectors[sector, EAST], sectors[sector, NORTH], patterns, pattern)
    _powers(c, serve2, sectors, sector, patterns, pattern)


@fast_kernel
def _even_power(c: Float32, mw: Real, serve2: Real) -> None:
    """Power of an antenna without direction."""
    for k in range(LANES):
        power = mw * c[GAIN + k]
        c[POWER + k] = power
        c[SERVED + k] = power if c[SQUARED + k] <= serve2 else ZERO


@fast_kernel
def _attenuations(c: Float32, east: Real, north: Real, patterns: Float32, pattern: int) -> None:
    """Attenuation off boresight in the horizontal plane."""
    factor, most = patterns[pattern, ACROSS], patterns[pattern, ACROSS_MOST]
    for k in range(LANES):
        angle = acos_f32(c[DX + k] * east + c[DY + k] * north)
        c[POWER + k] = min(factor * angle * angle, most)


@fast_kernel
def _powers(
    c: Float32, serve2: Real, sectors: Float32, sector: int, patterns: Float32, pattern: int
) -> None:
    """Power behind the attenuation of both planes; the horizontal one is there before.

    Points farther than the squared distance are interfered with and not served.
    """
    tilt, log2_mw = sectors[sector, TILT], sectors[sector, LOG2_MW]
    factor, most = patterns[pattern, DOWN], patterns[pattern, DOWN_MOST]
    most_of_both = patterns[pattern, MOST]
    for k in range(LANES):
        off = c[DEPRESSION + k] - tilt
        attenuation = min(c[POWER + k] + min(factor * off * off, most), most_of_both)
        power = c[GAIN + k] * exp2_f32(log2_mw - attenuation)
        c[POWER + k] = power
        c[SERVED + k] = power if c[SQUARED + k] <= serve2 else ZERO


@fast_kernel
def cut_power(
    c: Float32, serve2: Real, sectors: Float32, sector: int, cuts: Float32, cut: int
) -> None:
    """As `sector_power` for a pattern measured at whole degrees.

    `cuts` (cut, 2, 362) is log2 of the attenuation by degree, across (clockwise from boresight)
    and down from the horizon, the circle closed by one entry more; the last entry across is the
    most of both, as `antenna.pattern_gain_dbi` has it.
    """
    _turns(c, sectors[sector, EAST], sectors[sector, NORTH])
    tilt, log2_mw = sectors[sector, TILT], sectors[sector, LOG2_MW]
    for k in range(LANES):
        down = (c[DEPRESSION + k] - tilt) * _DEGREE
        down = down if down >= ZERO else down + _TURN
        both = _cut(cuts, cut, 0, c[POWER + k]) + _cut(cuts, cut, 1, down)
        attenuation = min(both, cuts[cut, 0, DEEPEST])
        power = c[GAIN + k] * exp2_f32(log2_mw - attenuation)
        c[POWER + k] = power
        c[SERVED + k] = power if c[SQUARED + k] <= serve2 else ZERO


@fast_kernel
def _turns(c: Float32, east: Real, north: Real) -> None:
    """Angle clockwise from boresight [degrees], where the power will be.

    By sine and cosine: a float32 cosine alone is 0.02 degrees off, ahead and behind.
    """
    for k in range(LANES):
        dx, dy = c[DX + k], c[DY + k]
        ahead, right = dx * east + dy * north, dx * north - dy * east
        angle = atan_f32(abs(right) / max(abs(ahead), _LEAST_COSINE)) * _DEGREE
        angle = angle if ahead >= ZERO else _HALF_TURN - angle
        c[POWER + k] = angle if right >= ZERO else _TURN - angle


@fast_kernel
def _cut(cuts: Float32, cut: int, plane: int, degree: Real) -> Real:
    """Attenuation between two whole degrees."""
    whole = np.int32(degree)
    low, high = cuts[cut, plane, whole], cuts[cut, plane, whole + 1]
    between: Real = low + (degree - np.float32(whole)) * (high - low)
    return between


@fast_kernel
def keep_second(c: Float32) -> None:
    """Take a sector's power into the second best; before `keep_best`."""
    for k in range(LANES):
        c[SECOND + k] = max(c[SECOND + k], min(c[SERVED + k], c[BEST + k]))


@fast_kernel
def keep_best(c: Float32, whose: Int32, sector: int, load: Real) -> None:
    """Take a sector's power into the best and into the interference of the others.

    Of equal powers the lowest number serves.
    """
    for k in range(LANES):
        served, best = c[SERVED + k], c[BEST + k]
        tied = (served == best) & (served > ZERO) & (sector < whose[SERVER + k])
        better = (served > best) | tied
        loaded, was = load * c[POWER + k], c[OF_BEST + k]
        c[OTHERS + k] += was if better else loaded
        c[OF_BEST + k] = loaded if better else was
        c[BEST + k] = served if better else best
        whose[SERVER + k] = sector if better else whose[SERVER + k]


@fast_kernel
def keep_best_of_site(c: Float32, whose: Int32, sector: int) -> None:
    """Take a sector's power into the best of its site."""
    for k in range(LANES):
        better = c[SERVED + k] > c[SITE_BEST + k]
        whose[SITE_SERVER + k] = sector if better else whose[SITE_SERVER + k]
        c[SITE_BEST + k] = max(c[SITE_BEST + k], c[SERVED + k])


@fast_kernel
def keep_three(c: Float32, whose: Int32) -> None:
    """Take a site's best sector into the three best sites, and begin the next site."""
    _keep_place(c, whose, FIRST, FIRST_SECTOR)
    _keep_place(c, whose, FIRST + LANES, FIRST_SECTOR + LANES)
    _keep_place(c, whose, FIRST + 2 * LANES, FIRST_SECTOR + 2 * LANES)
    for k in range(LANES):
        c[SITE_BEST + k] = ZERO
        whose[SITE_SERVER + k] = -1


@fast_kernel
def _keep_place(c: Float32, whose: Int32, place: int, sector: int) -> None:
    """Keep the stronger of two at this place; the weaker goes on to the next."""
    for k in range(LANES):
        new, old = c[SITE_BEST + k], c[place + k]
        its, was = whose[SITE_SERVER + k], whose[sector + k]
        stronger = new > old
        c[place + k], c[SITE_BEST + k] = max(new, old), min(new, old)
        whose[sector + k] = its if stronger else was
        whose[SITE_SERVER + k] = was if stronger else its


@fast_kernel
def add_others(total: NDArray[np.float64], first: int, c: Float32) -> None:
    """Add the interference of a few sectors to a float64 sum, and begin it anew."""
    for k in range(LANES):
        total[first + k] += np.float64(c[OTHERS + k])
        c[OTHERS + k] = ZERO


@fast_kernel
def add_loaded(c: Float32, load: Real) -> None:
    """Add a sector's power to the interference of the others, whoever serves."""
    for k in range(LANES):
        c[OTHERS + k] += load * c[POWER + k]


@fast_kernel
def count_within(c: Float32, ratio: Real, count: NDArray[np.int16], first: int) -> None:
    """Count a sector where its power is within a ratio of the best."""
    for k in range(LANES):
        heard = (c[SERVED + k] >= ratio * c[BEST + k]) & (c[SERVED + k] > ZERO)
        count[first + k] += np.int16(1) if heard else np.int16(0)
