"""Antenna gain toward a point, and the tilt that goes with a site's distance.

Sources: 3GPP TR 36.814 table A.2.1.1-2 (sector), TR 38.901 table 7.3-1 (element), ITU-R M.2101
5.1 (array); models.md B.2.
"""

import math

from netmodel.kernels._jit import scalar

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
def default_tilt_deg(h_bs_m: float, h_ut_m: float, isd_m: float) -> float:
    """Down-tilt toward the cell's edge plus a quarter of the beam, within 2 to 12 degrees [A]."""
    edge = math.degrees(math.atan((h_bs_m - h_ut_m) / (isd_m / math.sqrt(3.0))))
    return min(max(edge + 10.0 / 4.0, _DOWNTILT_DEG[0]), _DOWNTILT_DEG[1])
