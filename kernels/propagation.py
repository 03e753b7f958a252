"""Path loss of one link, one function per published model [dB], and the losses around it.

Range checks are the caller's; a kernel evaluates what it is given. Distances below 10 m count
as 10 m, so that no logarithm of zero can occur (models.md 0.4).

Sources: 3GPP TR 38.901 V16.1.0 tables 7.4.1-1 (path loss), 7.4.2-1 (LOS probability), 7.4.3-1
to 7.4.3-3 (building entry); ITU-R P.525; ITU-R SM.2028-2 6.1 (extended Hata).
"""

import math

from netmodel.kernels._jit import scalar

_C = 299_792_458.0
_C_BREAKPOINT = 3.0e8  # the value that the notes of table 7.4.1-1 prescribe
_MIN_DISTANCE_M = 10.0
_H_E_M = 1.0  # effective environment height; exact for users at ground level

# Standard deviations of shadowing, LOS and NLOS [dB]; for indoor terminals; of wall loss.
UMA_SIGMA_DB = (4.0, 6.0)
UMI_SIGMA_DB = (4.0, 7.82)
RMA_SIGMA_DB = (4.0, 8.0)
UMA_INDOOR_SIGMA_DB = 7.0
RMA_INDOOR_SIGMA_DB = 8.0
WALL_SIGMA_DB = (4.4, 6.5)
# Mean loss inside the building: the lesser of two uniform depths, 0.5 dB per meter.
INDOOR_LOSS_DB = 0.5 * 25.0 / 3.0
RMA_INDOOR_LOSS_DB = 0.5 * 10.0 / 3.0


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
def rma_los_loss_db(
    distance_2d_m: float,
    frequency_ghz: float,
    h_bs_m: float,
    h_ut_m: float,
    street_width_m: float,
    building_height_m: float,
) -> float:
    """Rural macro, line of sight; 0.5-30 GHz, 10 m to 10 km. Streets do not enter it."""
    bp = 2.0 * math.pi * h_bs_m * h_ut_m * frequency_ghz * 1e9 / _C_BREAKPOINT
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
def extended_hata_sigma_db(distance_km: float, is_above_roof: bool) -> float:
    """Standard deviation of shadowing around extended Hata."""
    far = 12.0 if is_above_roof else 17.0
    if distance_km <= 0.1:
        return 3.5 + (far - 3.5) * min(max((distance_km - 0.04) / 0.06, 0.0), 1.0)
    return far + (9.0 - far) * min(max((distance_km - 0.2) / 0.4, 0.0), 1.0)


@scalar
def extended_hata_loss_db(
    distance_km: float, frequency_mhz: float, h_bs_m: float, h_ut_m: float, environment_code: int
) -> float:
    """Extended Hata; 30-3000 MHz, up to 40 km. Environment 0 urban, 1 suburban, 2 open."""
    h_high, h_low = max(h_bs_m, h_ut_m), max(1.0, min(h_bs_m, h_ut_m))
    floor = _hata_free_space_db(distance_km, frequency_mhz, h_high - h_low)
    if distance_km <= 0.04:
        return floor
    if distance_km >= 0.1:
        loss = _hata_far_db(distance_km, frequency_mhz, h_high, h_low, environment_code)
        return max(loss, floor)
    near = _hata_free_space_db(0.04, frequency_mhz, h_high - h_low)
    far = _hata_far_db(0.1, frequency_mhz, h_high, h_low, environment_code)
    share = math.log10(distance_km / 0.04) / math.log10(0.1 / 0.04)
    return max(near + (far - near) * share, floor)


@scalar
def _hata_free_space_db(distance_km: float, frequency_mhz: float, rise_m: float) -> float:
    """Free-space loss over the slant distance."""
    squared = distance_km**2 + rise_m**2 / 1e6
    return 32.4 + 20.0 * math.log10(frequency_mhz) + 10.0 * math.log10(squared)


@scalar
def _hata_far_db(d: float, f: float, h_high: float, h_low: float, environment_code: int) -> float:
    """Extended Hata from 100 m on, with the correction of its environment."""
    height = 44.9 - 6.55 * math.log10(max(30.0, h_high))
    exponent = 1.0
    if d > 20.0:
        exponent += (0.14 + 1.87e-4 * f + 1.07e-3 * h_high) * math.log10(d / 20.0) ** 0.8
    # Of the magnitude: the logarithm is negative below 1 km, where the exponent is 1.
    slope = math.log10(d) if d <= 20.0 else math.pow(math.log10(d), exponent)
    loss = _hata_intercept_db(f) - 13.82 * math.log10(max(30.0, h_high)) + height * slope
    a = (1.1 * math.log10(f) - 0.7) * min(10.0, h_low) - (1.56 * math.log10(f) - 0.8)
    a += max(0.0, 20.0 * math.log10(h_low / 10.0))
    return (
        loss - a - min(0.0, 20.0 * math.log10(h_high / 30.0)) - _hata_relief_db(f, environment_code)
    )


@scalar
def _hata_intercept_db(f: float) -> float:
    """Constant and frequency terms."""
    if f <= 150.0:
        return 69.6 + 26.2 * math.log10(150.0) - 20.0 * math.log10(150.0 / f)
    if f <= 1500.0:
        return 69.6 + 26.2 * math.log10(f)
    if f <= 2000.0:
        return 46.3 + 33.9 * math.log10(f)
    return 46.3 + 33.9 * math.log10(2000.0) + 10.0 * math.log10(f / 2000.0)


@scalar
def _hata_relief_db(f: float, environment_code: int) -> float:
    """What suburbs and open country lose less than a city."""
    within = math.log10(min(max(150.0, f), 2000.0))
    if environment_code == 1:
        return 2.0 * (within - math.log10(28.0)) ** 2 + 5.4
    return 4.78 * within**2 - 18.33 * within + 40.94 if environment_code == 2 else 0.0
