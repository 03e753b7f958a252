"""Path loss of one link, one function per published model [dB], and the losses around it.

Range checks are the caller's; a kernel evaluates what it is given. Distances below 10 m count
as 10 m, so that no logarithm of zero can occur (models.md 0.4).

Sources: 3GPP TR 38.901 V16.1.0 tables 7.4.1-1 (path loss), 7.4.2-1 (LOS probability), 7.4.3-1
to 7.4.3-3 (building entry); ITU-R P.525. The Hata family, and clutter and entry of ITU-R, are
of modules of their own and have their names here too.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.clutter import p2108_height_gain_loss_db as p2108_height_gain_loss_db
from netmodel.kernels.clutter import p2108_terrestrial_loss_db as p2108_terrestrial_loss_db
from netmodel.kernels.clutter import p2109_entry_loss_db as p2109_entry_loss_db
from netmodel.kernels.hata import cost231_hata_loss_db as cost231_hata_loss_db
from netmodel.kernels.hata import extended_hata_loss_db as extended_hata_loss_db
from netmodel.kernels.hata import extended_hata_sigma_db as extended_hata_sigma_db
from netmodel.kernels.hata import okumura_hata_loss_db as okumura_hata_loss_db

Float = NDArray[np.float64]

UMA, RMA, UMI = 0, 1, 2
LOS, NLOS, MEAN_GAIN = 0, 1, 2

_C = 299_792_458.0
_C_BREAKPOINT = 3.0e8  # the value that the notes of table 7.4.1-1 prescribe
_MIN_DISTANCE_M = 10.0
_H_E_M = 1.0  # effective environment height; exact for users at ground level

# Standard deviations of shadowing, LOS and NLOS [dB]; for indoor terminals; of wall loss.
UMA_SIGMA_DB = (4.0, 6.0)
UMI_SIGMA_DB = (4.0, 7.82)
RMA_SIGMA_DB = (4.0, 8.0)
RMA_FAR_LOS_SIGMA_DB = 6.0  # beyond the break point
UMA_INDOOR_SIGMA_DB = 7.0
UMI_INDOOR_SIGMA_DB = 7.0
RMA_INDOOR_SIGMA_DB = 8.0
WALL_SIGMA_DB = (4.4, 6.5)
# Mean loss inside the building: the lesser of two uniform depths, 0.5 dB per meter.
INDOOR_LOSS_DB = 0.5 * 25.0 / 3.0
RMA_INDOOR_LOSS_DB = 0.5 * 10.0 / 3.0
# Defaults of RMa, table 7.4.1-1.
STREET_WIDTH_M, BUILDING_HEIGHT_M = 20.0, 5.0


class Link(NamedTuple):
    """What a loss depends on besides distance; the last two are of RMa only."""

    frequency_ghz: float
    h_bs_m: float
    h_ut_m: float
    street_width_m: float
    building_height_m: float


@scalar
def free_space_loss_db(distance_m: float, frequency_ghz: float) -> float:
    """Loss between isotropic antennas (P.525), with the exact speed of light."""
    d = max(distance_m, _MIN_DISTANCE_M)
    return 20.0 * math.log10(4.0 * math.pi * d * frequency_ghz * 1e9 / _C)


@scalar
def _slant_m(distance_2d_m: float, h_bs_m: float, h_ut_m: float) -> float:
    """Three-dimensional distance, the ground distance being at least 10 m."""
    return math.hypot(max(distance_2d_m, _MIN_DISTANCE_M), h_bs_m - h_ut_m)


@scalar
def breakpoint_m(frequency_ghz: float, h_bs_m: float, h_ut_m: float) -> float:
    """Break-point distance of UMa and UMi, for an environment height of 1 m."""
    return _breakpoint_m(frequency_ghz, h_bs_m, h_ut_m, _H_E_M)


@scalar
def _breakpoint_m(frequency_ghz: float, h_bs_m: float, h_ut_m: float, h_e_m: float) -> float:
    """Break-point distance over an environment of a height."""
    return 4.0 * (h_bs_m - h_e_m) * (h_ut_m - h_e_m) * frequency_ghz * 1e9 / _C_BREAKPOINT


@scalar
def _dual_slope_db(
    distance_2d_m: float,
    frequency_ghz: float,
    h_bs_m: float,
    h_ut_m: float,
    h_e_m: float,
    near: tuple[float, float],
    correction: float,
) -> float:
    """PL1 up to the break point, PL2 beyond it; `near` is intercept and slope of PL1."""
    d = _slant_m(distance_2d_m, h_bs_m, h_ut_m)
    bp = _breakpoint_m(frequency_ghz, h_bs_m, h_ut_m, h_e_m)
    loss = near[0] + 20.0 * math.log10(frequency_ghz)
    if max(distance_2d_m, _MIN_DISTANCE_M) <= bp:
        return loss + near[1] * math.log10(d)
    far = correction * math.log10(bp**2 + (h_bs_m - h_ut_m) ** 2)
    return loss + 40.0 * math.log10(d) - far


@scalar
def uma_los_loss_db(
    distance_2d_m: float, frequency_ghz: float, h_bs_m: float, h_ut_m: float
) -> float:
    """Urban macro, line of sight; 0.5-100 GHz, 10 m to 5 km."""
    return uma_los_loss_above_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, _H_E_M)


@scalar
def uma_los_loss_above_db(
    distance_2d_m: float, frequency_ghz: float, h_bs_m: float, h_ut_m: float, h_e_m: float
) -> float:
    """Urban macro, line of sight, above an environment of a height."""
    return _dual_slope_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, h_e_m, (28.0, 22.0), 9.0)


@scalar
def uma_nlos_loss_db(
    distance_2d_m: float, frequency_ghz: float, h_bs_m: float, h_ut_m: float
) -> float:
    """Urban macro, no line of sight; 0.5-100 GHz, 10 m to 5 km."""
    return uma_nlos_loss_above_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, _H_E_M)


@scalar
def uma_nlos_loss_above_db(
    distance_2d_m: float, frequency_ghz: float, h_bs_m: float, h_ut_m: float, h_e_m: float
) -> float:
    """Urban macro, no line of sight, above an environment of a height."""
    d = _slant_m(distance_2d_m, h_bs_m, h_ut_m)
    nlos = 13.54 + 39.08 * math.log10(d) + 20.0 * math.log10(frequency_ghz) - 0.6 * (h_ut_m - 1.5)
    return max(nlos, uma_los_loss_above_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, h_e_m))


@scalar
def uma_environment_height_m(distance_2d_m: float, h_ut_m: float, uniform: float) -> float:
    """Effective environment height of a link (note 1 of table 7.4.1-1), from a uniform number.

    It is 1 m with probability 1/(1 + C), else one of 12, 15, ... up to 1.5 m under the terminal.
    """
    c = _height_gain(distance_2d_m, h_ut_m)
    part = uniform * (1.0 + c) - 1.0
    if part < 0.0 or c == 0.0:
        return _H_E_M
    n = max(math.floor((h_ut_m - 1.5 - 12.0) / 3.0) + 1, 1)
    return 12.0 + 3.0 * min(math.floor(part / c * n), n - 1)


@scalar
def _height_gain(distance_2d_m: float, h_ut_m: float) -> float:
    """C of UMa, by which the chance of sight of terminals above 13 m is raised."""
    if distance_2d_m <= 18.0 or h_ut_m <= 13.0:
        return 0.0
    c = math.pow((h_ut_m - 13.0) / 10.0, 1.5)
    return c * (1.25 * (distance_2d_m / 100.0) ** 3 * math.exp(-distance_2d_m / 150.0))


@scalar
def uma_los_probability(distance_2d_m: float, h_ut_m: float) -> float:
    """Probability of line of sight, urban macro; terminals up to 23 m."""
    if distance_2d_m <= 18.0:
        return 1.0
    near = 18.0 / distance_2d_m
    p = near + math.exp(-distance_2d_m / 63.0) * (1.0 - near)
    # The factor takes the product above one just past 18 m for tall terminals.
    return min(p * (1.0 + _height_gain(distance_2d_m, h_ut_m)), 1.0)


@scalar
def umi_los_loss_db(
    distance_2d_m: float, frequency_ghz: float, h_bs_m: float, h_ut_m: float
) -> float:
    """Urban street canyon, line of sight; 0.5-100 GHz, 10 m to 5 km."""
    return _dual_slope_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, _H_E_M, (32.4, 21.0), 9.5)


@scalar
def umi_nlos_loss_db(
    distance_2d_m: float, frequency_ghz: float, h_bs_m: float, h_ut_m: float
) -> float:
    """Urban street canyon, no line of sight; 0.5-100 GHz, 10 m to 5 km."""
    d = _slant_m(distance_2d_m, h_bs_m, h_ut_m)
    nlos = 22.4 + 35.3 * math.log10(d) + 21.3 * math.log10(frequency_ghz) - 0.3 * (h_ut_m - 1.5)
    return max(nlos, umi_los_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m))


@scalar
def umi_los_probability(distance_2d_m: float) -> float:
    """Probability of line of sight, urban street canyon."""
    if distance_2d_m <= 18.0:
        return 1.0
    near = 18.0 / distance_2d_m
    return near + math.exp(-distance_2d_m / 36.0) * (1.0 - near)


@scalar
def rma_breakpoint_m(frequency_ghz: float, h_bs_m: float, h_ut_m: float) -> float:
    """Break-point distance of RMa, of the whole heights."""
    return 2.0 * math.pi * h_bs_m * h_ut_m * frequency_ghz * 1e9 / _C_BREAKPOINT


@scalar
def rma_los_sigma_db(
    distance_2d_m: float, frequency_ghz: float, h_bs_m: float, h_ut_m: float
) -> float:
    """Standard deviation of shadowing, rural macro in line of sight."""
    is_near = distance_2d_m <= rma_breakpoint_m(frequency_ghz, h_bs_m, h_ut_m)
    return RMA_SIGMA_DB[0] if is_near else RMA_FAR_LOS_SIGMA_DB


@scalar
def rma_los_loss_db(
    distance_2d_m: float,
    frequency_ghz: float,
    h_bs_m: float,
    h_ut_m: float,
    street_width_m: float,
    building_height_m: float,
) -> float:
    """Rural macro, line of sight; 0.5-30 GHz, 10 m to 10 km. Streets do not enter it."""
    bp = rma_breakpoint_m(frequency_ghz, h_bs_m, h_ut_m)
    d = _slant_m(distance_2d_m, h_bs_m, h_ut_m)
    if max(distance_2d_m, _MIN_DISTANCE_M) <= bp:
        return _rma_near_db(d, frequency_ghz, building_height_m)
    # At the break point itself, not at its slant distance: the step of 0.01 dB is the TR's.
    return _rma_near_db(bp, frequency_ghz, building_height_m) + 40.0 * math.log10(d / bp)


@scalar
def _rma_near_db(d: float, frequency_ghz: float, building_height_m: float) -> float:
    """PL1 of RMa at distance `d`."""
    h = math.pow(building_height_m, 1.72)
    return (
        20.0 * math.log10(40.0 * math.pi * d * frequency_ghz / 3.0)
        + min(0.03 * h, 10.0) * math.log10(d)
        - min(0.044 * h, 14.77)
        + 0.002 * math.log10(building_height_m) * d
    )


@scalar
def rma_nlos_loss_db(
    distance_2d_m: float,
    frequency_ghz: float,
    h_bs_m: float,
    h_ut_m: float,
    street_width_m: float,
    building_height_m: float,
) -> float:
    """Rural macro, no line of sight; 0.5-30 GHz, 10 m to 5 km."""
    d = _slant_m(distance_2d_m, h_bs_m, h_ut_m)
    nlos = (
        161.04
        - 7.1 * math.log10(street_width_m)
        + 7.5 * math.log10(building_height_m)
        - (24.37 - 3.7 * (building_height_m / h_bs_m) ** 2) * math.log10(h_bs_m)
        + (43.42 - 3.1 * math.log10(h_bs_m)) * (math.log10(d) - 3.0)
        + 20.0 * math.log10(frequency_ghz)
        - (3.2 * math.log10(11.75 * h_ut_m) ** 2 - 4.97)
    )
    los = rma_los_loss_db(
        distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, street_width_m, building_height_m
    )
    return max(nlos, los)


@scalar
def rma_los_probability(distance_2d_m: float) -> float:
    """Probability of line of sight, rural macro."""
    return 1.0 if distance_2d_m <= 10.0 else math.exp(-(distance_2d_m - 10.0) / 1000.0)


@scalar
def wall_loss_db(frequency_ghz: float, is_high_loss: bool) -> float:
    """Loss through an outer wall, TR 38.901 table 7.4.3-2, low or high (Rel-14 to Rel-18)."""
    concrete = 5.0 + 4.0 * frequency_ghz
    glass = 23.0 + 0.3 * frequency_ghz if is_high_loss else 2.0 + 0.2 * frequency_ghz
    share = 0.7 if is_high_loss else 0.3
    through = share * 10.0 ** (-glass / 10.0) + (1.0 - share) * 10.0 ** (-concrete / 10.0)
    return 5.0 - 10.0 * math.log10(through)


@scalar
def indoor_terms_db(frequency_ghz: float, model: int, is_high_loss: bool) -> tuple[float, float]:
    """Mean loss into a building and the deviation of its links; only low loss applies to RMa."""
    is_rural = model == RMA
    wall = is_high_loss and not is_rural
    depth = RMA_INDOOR_LOSS_DB if is_rural else INDOOR_LOSS_DB
    shadow = RMA_INDOOR_SIGMA_DB if is_rural else UMA_INDOOR_SIGMA_DB  # UMi has UMa's
    spread = math.hypot(shadow, WALL_SIGMA_DB[1 if wall else 0])
    return wall_loss_db(frequency_ghz, wall) + depth, spread


@scalar
def mean_gain_loss_db(los_loss_db: float, nlos_loss_db: float, los_probability: float) -> float:
    """Loss of the mean linear gain of the two states."""
    gain = los_probability * math.pow(10.0, -los_loss_db / 10.0)
    gain += (1.0 - los_probability) * math.pow(10.0, -nlos_loss_db / 10.0)
    return -10.0 * math.log10(gain)


@scalar
def tr38901_state_losses(
    distance_2d_m: float, link: Link, model: int
) -> tuple[float, float, float]:
    """Loss with and without line of sight [dB], and the probability of it; any model."""
    f, h_bs, h_ut, w, h = link
    if model == UMA:
        return (
            uma_los_loss_db(distance_2d_m, f, h_bs, h_ut),
            uma_nlos_loss_db(distance_2d_m, f, h_bs, h_ut),
            uma_los_probability(distance_2d_m, h_ut),
        )
    if model == UMI:
        return (
            umi_los_loss_db(distance_2d_m, f, h_bs, h_ut),
            umi_nlos_loss_db(distance_2d_m, f, h_bs, h_ut),
            umi_los_probability(distance_2d_m),
        )
    return (
        rma_los_loss_db(distance_2d_m, f, h_bs, h_ut, w, h),
        rma_nlos_loss_db(distance_2d_m, f, h_bs, h_ut, w, h),
        rma_los_probability(distance_2d_m),
    )


@kernel
def tr38901_losses_db(distance_2d_m: Float, link: Link, model: int, state: int) -> Float:
    """Losses over ground distances of UMa, RMa or UMi, in a state or by mean gain."""
    out = np.empty(distance_2d_m.size)
    for i in range(out.size):
        los, nlos, p = tr38901_state_losses(distance_2d_m[i], link, model)
        if state == MEAN_GAIN:
            out[i] = mean_gain_loss_db(los, nlos, p)
        else:
            out[i] = los if state == LOS else nlos
    return out


@kernel
def free_space_losses_db(distance_m: Float, frequency_ghz: float) -> Float:
    """Losses of free space over the lengths of paths."""
    out = np.empty(distance_m.size)
    for i in range(out.size):
        out[i] = free_space_loss_db(distance_m[i], frequency_ghz)
    return out
