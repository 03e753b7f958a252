"""GCJ-02, the shifted datum of maps published in China, and back to WGS 84.

The formula is unofficial: no document of the datum's owner states it. This is the one in
public use, whose test vector for Shanghai is held in the tests (models.md K01).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]

# Krasovsky 1940, and where the shift is applied [degrees].
_SEMI_MAJOR_M, _SQUARED_ECCENTRICITY = 6378245.0, 0.00669342162296594323
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
_LEAST_STEP = 1e-12  # degrees, at which the inverse stops
_MOST_ROUNDS = 12  # each gains three digits


def gcj02_of_wgs84(lon: ArrayLike, lat: ArrayLike) -> tuple[Float, Float]:
    """Longitude and latitude in GCJ-02 of points in WGS 84 [degrees]; the same outside its box.

    Parameters
    ----------
    lon, lat : (point,)
        Degrees.

    Notes
    -----
    Shifts are up to 700 m in China, 300 m and more in most of its east (models.md K).
    """
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    inside = in_gcj02_box(lon, lat)
    east, north = _shift(lon, lat)
    return lon + np.where(inside, east, 0.0), lat + np.where(inside, north, 0.0)


def wgs84_of_gcj02(lon: ArrayLike, lat: ArrayLike) -> tuple[Float, Float]:
    """Longitude and latitude in WGS 84 of points in GCJ-02 [degrees], to 1e-9 degrees.

    A fixed point of `gcj02_of_wgs84`. The points of GCJ-02 within a shift of the box's edge have
    no single origin; they are taken as shifted if they lie in the box.
    """
    given = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    inside = in_gcj02_box(*given)
    east, north = given
    for _ in range(_MOST_ROUNDS):
        by = _shift(east, north)
        new = tuple(np.where(inside, g - s, g) for g, s in zip(given, by, strict=True))
        moved = [np.abs(n - o) for n, o in zip(new, (east, north), strict=True)]
        east, north = new
        if max(float(np.max(m, initial=0.0)) for m in moved) < _LEAST_STEP:
            break
    return east, north


def in_gcj02_box(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Whether points lie in the box in which the formula shifts."""
    x, y = np.asarray(lon), np.asarray(lat)
    return np.asarray((x >= WEST) & (x <= EAST) & (y >= SOUTH) & (y <= NORTH))


def _shift(lon: Float, lat: Float) -> tuple[Float, Float]:
    """What GCJ-02 adds to longitude and latitude [degrees]."""
    x, y = lon - 105.0, lat - 35.0
    both = _waves(x, ((20.0, 6.0), (20.0, 2.0)))
    root, product = np.sqrt(np.abs(x)), 0.1 * x * y
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + product + 0.1 * root + both
    east_m += _waves(x, ((20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30)))
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + product + 0.2 * root + both
    north_m += _waves(y, ((20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30)))
    sine = np.sin(np.radians(lat))
    w2 = 1.0 - _SQUARED_ECCENTRICITY * sine * sine
    normal = _SEMI_MAJOR_M / np.sqrt(w2)
    meridional = _SEMI_MAJOR_M * (1.0 - _SQUARED_ECCENTRICITY) / (w2 * np.sqrt(w2))
    return np.degrees(east_m / (normal * np.cos(np.radians(lat)))), np.degrees(north_m / meridional)


def _waves(value: Float, terms: tuple[tuple[float, float], ...]) -> Float:
    """Sum of sines of amplitudes and half-turns a degree, times two thirds [m]."""
    total = np.zeros_like(value)
    for amplitude, half_turns in terms:
        total += amplitude * np.sin(half_turns * np.pi * value)
    return total * (2.0 / 3.0)
