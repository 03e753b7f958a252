"""Antenna patterns in dBi: models.md, section B.2.

Azimuths count from boresight, zenith angles from straight up, depressions from the horizon down;
all are in degrees. A positive tilt looks down.
"""

import numpy as np


def wrapped_deg(angle_deg):
    """The same angle in (-180, 180]."""
    return 180 - np.mod(180 - np.asarray(angle_deg, dtype=float), 360)


def _parabola(angle_deg, beamwidth_deg, floor_db):
    """Attenuation of 3 dB at half the beamwidth and of `floor_db` at most."""
    return np.minimum(12 * (angle_deg / beamwidth_deg) ** 2, floor_db)


def element_gain_dbi(azimuth_deg, zenith_deg, g_max_dbi=8.0):
    """One element of 65 x 65 degrees.

    References
    ----------
    3GPP TR 38.901 table 7.3-1.
    """
    horizontal = _parabola(wrapped_deg(azimuth_deg), 65, 30)
    vertical = _parabola(np.asarray(zenith_deg, dtype=float) - 90, 65, 30)
    return g_max_dbi - np.minimum(horizontal + vertical, 30)


def sector_gain_dbi(azimuth_deg, depression_deg, tilt_deg, g_max_dbi=17.0):
    """A macro sector of 70 x 10 degrees, tilted electrically.

    References
    ----------
    3GPP TR 36.814 table A.2.1.1-2, with A_m = 25 dB and SLA_v = 20 dB.
    """
    horizontal = _parabola(wrapped_deg(azimuth_deg), 70, 25)
    vertical = _parabola(np.asarray(depression_deg, dtype=float) - tilt_deg, 10, 20)
    return g_max_dbi - np.minimum(horizontal + vertical, 25)


def composite_gain_dbi(
    azimuth_deg, zenith_deg, n_row, n_column, tilt_deg, scan_deg=0.0, spacing=(0.5, 0.5)
):
    """A panel of elements that are weighted towards one direction.

    `spacing` holds the vertical and horizontal distances of elements in wavelengths.

    References
    ----------
    Recommendation ITU-R M.2101, section 5, composite pattern; 3GPP TR 38.901 section 7.3.
    """
    phi, theta = np.radians(azimuth_deg), np.radians(zenith_deg)
    tilt, scan = np.radians(tilt_deg), np.radians(scan_deg)
    d_v, d_h = spacing
    n, m = np.arange(n_row)[:, None], np.arange(n_column)
    up, right = np.cos(theta), np.sin(theta) * np.sin(phi)
    v = np.exp(2j * np.pi * (n * d_v * up[..., None, None] + m * d_h * right[..., None, None]))
    w = np.exp(2j * np.pi * (n * d_v * np.sin(tilt) - m * d_h * np.cos(tilt) * np.sin(scan)))
    amplitude = np.abs((v * w).sum(axis=(-2, -1))) / np.sqrt(n_row * n_column)
    with np.errstate(divide="ignore"):
        return element_gain_dbi(azimuth_deg, zenith_deg) + 20 * np.log10(amplitude)


def default_tilt_deg(h_bs_m, h_ut_m, isd_m, beamwidth_deg=10.0):
    """Tilt of a hexagonal layout: the corner of the cell, and a quarter of a beamwidth more.

    References
    ----------
    netmodel modelling specification, section B.2, default tilt rule.
    """
    corner = np.degrees(np.arctan((h_bs_m - h_ut_m) / (np.asarray(isd_m) / np.sqrt(3))))
    return np.clip(corner + beamwidth_deg / 4, 2.0, 12.0)


def directivity_dbi(gain_dbi, n=1800):
    """Directivity of a pattern: its peak over its mean on the sphere.

    Midpoints of n zenith angles and 2 n azimuths, each weighted by its solid angle.
    """
    theta = (np.arange(n) + 0.5) * 180 / n
    phi = (np.arange(2 * n) + 0.5) * 180 / n - 180
    gain = 10 ** (gain_dbi(phi[None, :], theta[:, None]) / 10)
    ring = np.sin(np.radians(theta))
    mean = (gain.mean(axis=1) * ring).sum() / ring.sum()
    peak = 10 ** (gain_dbi(np.array(0.0), np.array(90.0)) / 10)
    return 10 * np.log10(peak / mean)


def pattern_gain_dbi(azimuth_deg, depression_deg, horizontal_db, vertical_db, gain_dbi):
    """Gain from the two cuts of an antenna, each of 360 attenuations at whole degrees.

    The attenuations of the cuts are added, to the deepest of their values at most.
    """
    degrees = np.arange(360)
    both = np.interp(azimuth_deg, degrees, horizontal_db, period=360)
    both = both + np.interp(depression_deg, degrees, vertical_db, period=360)
    return gain_dbi - np.minimum(both, np.max([horizontal_db, vertical_db]))
