"""Median loss of the Hata family [dB]: Okumura-Hata, COST 231 and extended Hata.

Environments are 0 urban, 1 suburban and 2 open; cities 0 small or medium and 1 large. Range
checks are the caller's.

Sources: M. Hata, IEEE Trans. Veh. Technol. 29(3), 1980; COST 231 final report 4.4.1; ITU-R
SM.2028-2 6.1 (extended Hata); models.md A.3.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

Float = NDArray[np.float64]

OKUMURA_HATA, COST231_HATA, EXTENDED_HATA = 0, 1, 2


@scalar
def okumura_hata_loss_db(
    distance_km: float,
    frequency_mhz: float,
    h_bs_m: float,
    h_ut_m: float,
    environment_code: int,
    city_code: int,
) -> float:
    """Okumura-Hata; 150-1500 MHz, 1-20 km. The size of a city matters in urban areas only."""
    a = _small_city_gain_db(frequency_mhz, h_ut_m)
    if environment_code == 0 and city_code == 1:
        a = _large_city_gain_db(frequency_mhz, h_ut_m)
    loss = 69.55 + 26.16 * math.log10(frequency_mhz) - a
    loss += _mast_and_distance_db(distance_km, h_bs_m)
    return loss - _hata_relief_db(frequency_mhz, environment_code)


@scalar
def cost231_hata_loss_db(
    distance_km: float, frequency_mhz: float, h_bs_m: float, h_ut_m: float, city_code: int
) -> float:
    """COST 231 extension; 1500-2000 MHz, 1-20 km. City 0 medium or suburb, 1 metropolitan.

    The terminal's gain is that of a small or medium city in both.
    """
    loss = 46.3 + 33.9 * math.log10(frequency_mhz) - _small_city_gain_db(frequency_mhz, h_ut_m)
    return loss + _mast_and_distance_db(distance_km, h_bs_m) + (3.0 if city_code == 1 else 0.0)


@scalar
def _mast_and_distance_db(distance_km: float, h_bs_m: float) -> float:
    """Terms of the mast's height and of distance."""
    mast = math.log10(h_bs_m)
    return (44.9 - 6.55 * mast) * math.log10(distance_km) - 13.82 * mast


@scalar
def _small_city_gain_db(f: float, h: float) -> float:
    """Gain of a terminal's height in a small or medium city."""
    return (1.1 * math.log10(f) - 0.7) * h - (1.56 * math.log10(f) - 0.8)


@scalar
def _large_city_gain_db(f: float, h: float) -> float:
    """Gain of a terminal's height in a large city; Hata leaves 200-400 MHz open."""
    if f <= 200.0:
        return 8.29 * math.log10(1.54 * h) ** 2 - 1.1
    return 3.2 * math.log10(11.75 * h) ** 2 - 4.97


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
    a = _small_city_gain_db(f, min(10.0, h_low))
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


@kernel
def hata_losses_db(
    distance_km: Float,
    frequency_mhz: float,
    h_bs_m: float,
    h_ut_m: float,
    environment_code: int,
    city_code: int,
    model: int,
) -> Float:
    """Losses over distances of a model of the family."""
    f, h_bs, h_ut = frequency_mhz, h_bs_m, h_ut_m
    out = np.empty(distance_km.size)
    for i in range(out.size):
        d = distance_km[i]
        if model == OKUMURA_HATA:
            out[i] = okumura_hata_loss_db(d, f, h_bs, h_ut, environment_code, city_code)
        elif model == COST231_HATA:
            out[i] = cost231_hata_loss_db(d, f, h_bs, h_ut, city_code)
        else:
            out[i] = extended_hata_loss_db(d, f, h_bs, h_ut, environment_code)
    return out
