"""Losses at a terminal among clutter (P.2108) and on the way into a building (P.2109) [dB].

Both are losses that a percentage of places do not exceed. Range checks are the caller's.

Sources: ITU-R P.2108-1 3.1 and 3.2, ITU-R P.2109-2, ITU-R P.526 (knife edge); models.md A.2, A.5.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.normal import normal_quantile

Float = NDArray[np.float64]

WATER, OPEN, SUBURBAN, URBAN, TREES, DENSE_URBAN = 1, 2, 3, 4, 5, 6
TRADITIONAL, EFFICIENT = 1, 2
_CAP_KM = 2.0  # clutter is not deeper than it is at this distance

# P.2109 table 1, r to z: traditional, thermally efficient.
_TRADITIONAL = (12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0)
_EFFICIENT = (28.19, -3.00, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1)


@scalar
def knife_edge_loss_db(v: float) -> float:
    """Diffraction over one edge, of its parameter."""
    if v <= -0.78:
        return 0.0
    return 6.9 + 20.0 * math.log10(math.sqrt((v - 0.1) ** 2 + 1.0) + v - 0.1)


@scalar
def p2108_height_gain_loss_db(
    frequency_ghz: float,
    h_m: float,
    street_width_m: float,
    clutter_height_m: float,
    clutter_code: int,
) -> float:
    """Clutter about a terminal of known height, P.2108 3.1; 0.03-3 GHz.

    Codes 1 water, 2 open or rural, 3 suburban, 4 urban, 5 trees, 6 dense urban.
    """
    if h_m >= clutter_height_m:
        return 0.0
    if clutter_code <= OPEN:
        slope = 21.8 + 6.2 * math.log10(frequency_ghz)
        return -slope * math.log10(h_m / clutter_height_m)
    rise = clutter_height_m - h_m
    angle = math.degrees(math.atan(rise / street_width_m))
    return knife_edge_loss_db(0.342 * math.sqrt(frequency_ghz * rise * angle)) - 6.03


@scalar
def p2108_terrestrial_loss_db(distance_km: float, frequency_ghz: float, percent: float) -> float:
    """Clutter about one end of a path, P.2108 3.2; 0.5-67 GHz, from 0.25 km, that of 2 km at most.

    Above the median it may fall a little with distance, because its spread does.
    """
    z = normal_quantile(percent / 100.0)
    here = _terrestrial_db(distance_km, frequency_ghz, z)
    return min(here, _terrestrial_db(_CAP_KM, frequency_ghz, z))


@scalar
def _terrestrial_db(distance_km: float, frequency_ghz: float, z: float) -> float:
    """Equations 3 to 5 at a standard normal deviate."""
    f = math.log10(frequency_ghz)
    near = -2.0 * math.log10(math.pow(10.0, -5.0 * f - 12.5) + math.pow(10.0, -16.5))
    far = 32.98 + 23.9 * math.log10(distance_km) + 3.0 * f
    a, b = math.pow(10.0, -0.2 * near), math.pow(10.0, -0.2 * far)
    sigma = math.sqrt((16.0 * a + 36.0 * b) / (a + b))
    return -5.0 * math.log10(a + b) + sigma * z


@scalar
def p2109_entry_loss_db(
    frequency_ghz: float, percent: float, building_code: int, elevation_deg: float
) -> float:
    """Building entry, P.2109; 0.08-100 GHz. Building 1 traditional, 2 thermally efficient."""
    is_old = building_code == TRADITIONAL
    r, s, t, u, v, w, x, y, z = _TRADITIONAL if is_old else _EFFICIENT
    f, deviate = math.log10(frequency_ghz), normal_quantile(percent / 100.0)
    first = r + s * f + t * f * f + 0.212 * abs(elevation_deg) + deviate * (u + v * f)
    second = w + x * f + deviate * (y + z * f)
    total = math.pow(10.0, 0.1 * first) + math.pow(10.0, 0.1 * second) + math.pow(10.0, -0.3)
    return 10.0 * math.log10(total)


@kernel
def p2108_terrestrial_losses_db(distance_km: Float, frequency_ghz: float, percent: float) -> Float:
    """`p2108_terrestrial_loss_db` over distances."""
    out = np.empty(distance_km.size)
    for i in range(out.size):
        out[i] = p2108_terrestrial_loss_db(distance_km[i], frequency_ghz, percent)
    return out


@kernel
def p2109_entry_losses_db(
    elevation_deg: Float, frequency_ghz: float, percent: float, building_code: int
) -> Float:
    """`p2109_entry_loss_db` over elevations."""
    out = np.empty(elevation_deg.size)
    for i in range(out.size):
        out[i] = p2109_entry_loss_db(frequency_ghz, percent, building_code, elevation_deg[i])
    return out
