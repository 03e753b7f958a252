"""Antenna gain toward a point, and the tilt that goes with a site's distance.

Sources: 3GPP TR 36.814 table A.2.1.1-2 (sector), TR 38.901 table 7.3-1 (element), ITU-R M.2101
5.1 (array); models.md B.2.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

Float = NDArray[np.float64]

_DOWNTILT_DEG = (2.0, 12.0)


@scalar
def wrapped_deg(angle_deg: float) -> float:
    """The same direction in (-180, 180]."""
    return -((-angle_deg + 180.0) % 360.0 - 180.0)


@scalar
def sector_gain_dbi(
    azimuth_deg: float, depression_deg: float, tilt_deg: float, gain_dbi: float
) -> float:
    """Gain of a macro sector antenna: 70 and 10 degrees wide, 25 and 20 dB deep.

    Azimuth is from boresight; depression and tilt are positive downward.
    """
    horizontal = min(12.0 * (wrapped_deg(azimuth_deg) / 70.0) ** 2, 25.0)
    vertical = min(12.0 * ((depression_deg - tilt_deg) / 10.0) ** 2, 20.0)
    return gain_dbi - min(horizontal + vertical, 25.0)


@scalar
def element_gain_dbi(azimuth_deg: float, zenith_deg: float) -> float:
    """Gain of the TR 38.901 antenna element, at most 8 dBi."""
    vertical = min(12.0 * ((zenith_deg - 90.0) / 65.0) ** 2, 30.0)
    horizontal = min(12.0 * (wrapped_deg(azimuth_deg) / 65.0) ** 2, 30.0)
    return 8.0 - min(vertical + horizontal, 30.0)


@scalar
def array_gain_dbi(
    azimuth_deg: float,
    zenith_deg: float,
    size: tuple[int, int],
    tilt_deg: float,
    scan_deg: float,
) -> float:
    """Gain of an array of elements half a wavelength apart, steered to a tilt and a scan angle.

    `size` is elements down and across; tilt is positive downward, scan of azimuth's sign.
    """
    down = math.cos(math.radians(zenith_deg)) + math.sin(math.radians(tilt_deg))
    across = math.sin(math.radians(zenith_deg)) * math.sin(math.radians(azimuth_deg))
    across -= math.cos(math.radians(tilt_deg)) * math.sin(math.radians(scan_deg))
    factor = _array_factor(size[0], down) * _array_factor(size[1], across)
    return element_gain_dbi(azimuth_deg, zenith_deg) + 10.0 * math.log10(max(factor, 1e-12))


@scalar
def _array_factor(n: int, offset: float) -> float:
    """Power of n unit phasors, each turned by half a turn times `offset`, over n."""
    real, imaginary = 0.0, 0.0
    for k in range(n):
        real += math.cos(math.pi * k * offset)
        imaginary += math.sin(math.pi * k * offset)
    return (real * real + imaginary * imaginary) / n


@scalar
def cut_loss_db(angle_deg: float, cut_db: Float) -> float:
    """Attenuation of a cut of 360 values at whole degrees, linear in degrees around the circle."""
    at = angle_deg % 360.0
    if math.isnan(at):
        return math.nan
    low = int(at)
    part = at - low
    # Tiny negative angles wrap to 360 itself.
    near, far = float(cut_db[low % 360]), float(cut_db[(low + 1) % 360])
    return near * (1.0 - part) + far * part


@scalar
def pattern_gain_dbi(
    azimuth_deg: float,
    depression_deg: float,
    horizontal_db: Float,
    vertical_db: Float,
    gain_dbi: float,
) -> float:
    """Gain from the two cuts of a measured antenna, whose attenuations are added.

    The sum is at most the deepest value of the two, as 3GPP's patterns end at their front-to-back
    ratio. Behind the antenna the front of the vertical cut is taken, as is usual. Azimuth is from
    boresight, clockwise; depression is positive downward, -90 to 90 degrees.
    """
    deepest = max(float(horizontal_db.max()), float(vertical_db.max()))
    both = cut_loss_db(azimuth_deg, horizontal_db) + cut_loss_db(depression_deg, vertical_db)
    return gain_dbi - min(both, deepest)


@kernel
def pattern_gains_dbi(
    azimuth_deg: Float,
    depression_deg: Float,
    horizontal_db: Float,
    vertical_db: Float,
    gain_dbi: float,
) -> Float:
    """`pattern_gain_dbi` over directions, the deepest value sought once."""
    deepest = max(float(horizontal_db.max()), float(vertical_db.max()))
    out = np.empty(azimuth_deg.size)
    for i in range(out.size):
        both = cut_loss_db(azimuth_deg[i], horizontal_db)
        both += cut_loss_db(depression_deg[i], vertical_db)
        out[i] = gain_dbi - min(both, deepest)
    return out


@scalar
def default_tilt_deg(h_bs_m: float, h_ut_m: float, isd_m: float) -> float:
    """Down-tilt toward the cell's edge plus a quarter of the beam, within 2 to 12 degrees [A]."""
    edge = math.degrees(math.atan((h_bs_m - h_ut_m) / (isd_m / math.sqrt(3.0))))
    return min(max(edge + 10.0 / 4.0, _DOWNTILT_DEG[0]), _DOWNTILT_DEG[1])
