"""GCJ-02 of one point at a time, in radians and plain Python, and back by a root finder."""

import math

from scipy.optimize import fsolve

# Krasovsky 1940: semi-major axis [m] and flattening 1 / 298.3.
A = 6378245.0
F = 1 / 298.3
E2 = F * (2 - F)


def polynomial(x, y, coefficients):
    c, cx, cy, cxx, cyy, cxy, root = coefficients
    return c + cx * x + cy * y + cxx * x**2 + cyy * y**2 + cxy * x * y + root * math.sqrt(abs(x))


def series(angle, amplitudes):
    """Two thirds of a sum of sines of multiples of an angle, by multiple."""
    return 2 / 3 * sum(a * math.sin(k * angle) for k, a in amplitudes.items())


def gcj02(lon, lat):
    """Longitude and latitude in GCJ-02 of a point in WGS 84 within the formula's box [degrees]."""
    x, y = lon - 105, lat - 35
    turn = series(math.pi * x, {6: 20, 2: 20})
    east = polynomial(x, y, (300, 1, 2, 0.1, 0, 0.1, 0.1)) + turn
    east += series(math.pi * x, {1: 20, 1 / 3: 40, 1 / 12: 150, 1 / 30: 300})
    north = polynomial(x, y, (-100, 2, 3, 0, 0.2, 0.1, 0.2)) + turn
    north += series(math.pi * y, {1: 20, 1 / 3: 40, 1 / 12: 160, 1 / 30: 320})
    phi = math.radians(lat)
    n = A / math.sqrt(1 - E2 * math.sin(phi) ** 2)
    m = n * (1 - E2) / (1 - E2 * math.sin(phi) ** 2)
    return lon + math.degrees(east / (n * math.cos(phi))), lat + math.degrees(north / m)


def wgs84(lon, lat):
    """The point in WGS 84 that `gcj02` brings to a longitude and latitude."""

    def miss(p):
        return [a - b for a, b in zip(gcj02(*p), (lon, lat), strict=True)]

    return tuple(fsolve(miss, (lon, lat), xtol=1e-13))
