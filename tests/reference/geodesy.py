"""Where a cell is and how large: models.md, section K, and design.md, decision 1."""

import math

import numpy as np
from pyproj import CRS, Geod, Transformer

EARTH_RADIUS_KM = 6371.0088
WGS84_A_KM = 6378.137
WGS84_F = 1 / 298.257223563
WGS84_E2 = WGS84_F * (2 - WGS84_F)


def _to_lonlat(crs):
    crs = CRS.from_user_input(crs)
    return Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)


def _geod(crs):
    ellipsoid = CRS.from_user_input(crs).ellipsoid
    return Geod(a=ellipsoid.semi_major_metre, b=ellipsoid.semi_minor_metre)


def cell_corners(affine6, row, col):
    """Four corners (x, y) of a cell, in ring order; affine6 is (a, b, c, d, e, f) of rasterio."""
    a, b, c, d, e, f = affine6
    ring = [(col, row), (col + 1, row), (col + 1, row + 1), (col, row + 1)]
    return [(a * u + b * v + c, d * u + e * v + f) for u, v in ring]


def cell_area_km2(crs, affine6, row, col, n_edge=200):
    """Area of one cell on the ellipsoid of its CRS [km2].

    Each straight edge of the cell becomes `n_edge` pieces, whose ends are joined by geodesics.

    References
    ----------
    C. F. F. Karney, Algorithms for geodesics, Journal of Geodesy 87, 2013, section 6 (as
    implemented by PROJ); netmodel modelling specification, section K.
    """
    corners = cell_corners(affine6, row, col)
    xs, ys = [], []
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        for k in range(n_edge):
            xs.append(x0 + (x1 - x0) * k / n_edge)
            ys.append(y0 + (y1 - y0) * k / n_edge)
    lon, lat = _to_lonlat(crs).transform(xs, ys)
    area_m2, _ = _geod(crs).polygon_area_perimeter(lon, lat)
    return abs(area_m2) / 1e6


def spherical_cell_area_km2(west, south, east, north):
    """Area between two meridians and two parallels of the sphere [km2]; degrees.

    References
    ----------
    Archimedes' hat-box theorem: R^2 dlon (sin lat_N - sin lat_S); netmodel modelling
    specification, section K, with R = 6371.0088 km of section 0.3.
    """
    band = math.sin(math.radians(north)) - math.sin(math.radians(south))
    return EARTH_RADIUS_KM**2 * math.radians(east - west) * band


def ellipsoidal_cell_area_km2(west, south, east, north):
    """Area between two meridians and two parallels of the WGS84 ellipsoid [km2]; degrees.

    References
    ----------
    J. P. Snyder, Map Projections: A Working Manual, USGS Professional Paper 1395, 1987,
    eq. 3-12 (q): area = a^2/2 dlon (q_N - q_S).
    """
    e = math.sqrt(WGS84_E2)

    def q(lat):
        s = math.sin(math.radians(lat))
        return (1 - WGS84_E2) * (s / (1 - WGS84_E2 * s * s) + math.atanh(e * s) / e)

    return WGS84_A_KM**2 / 2 * math.radians(east - west) * (q(north) - q(south))


def curvature_radii_km(lat):
    """Radii of curvature along the meridian (M) and across it (N) of WGS84 [km].

    References
    ----------
    Snyder 1987 (see `ellipsoidal_cell_area_km2`), eq. 4-18 and 4-20.
    """
    w2 = 1 - WGS84_E2 * math.sin(math.radians(lat)) ** 2
    return WGS84_A_KM * (1 - WGS84_E2) / w2**1.5, WGS84_A_KM / math.sqrt(w2)


def degree_length_km(lat):
    """Length of one degree of longitude and one of latitude at `lat` on WGS84 [km].

    References
    ----------
    Snyder 1987, eq. 4-19 and 4-21; netmodel modelling specification, oracle K03.
    """
    meridian, normal = curvature_radii_km(lat)
    return (
        math.radians(1) * normal * math.cos(math.radians(lat)),
        math.radians(1) * meridian,
    )


def web_mercator_inflation(lat):
    """Area in EPSG:3857 over true area on WGS84 at `lat`.

    EPSG:3857 puts ellipsoidal latitudes into spherical formulas with R = a: its scale is
    a/(N cos lat) eastward and a/(M cos lat) northward, which are not the same. Neither square
    alone, nor 1/cos^2 of the sphere, is the inflation of area; their product is.

    References
    ----------
    IOGP Guidance Note 7-2, method 1024 (Popular Visualisation Pseudo-Mercator), scale factors;
    netmodel modelling specification, oracle K02.
    """
    meridian, normal = curvature_radii_km(lat)
    east = WGS84_A_KM / (normal * math.cos(math.radians(lat)))
    north = WGS84_A_KM / (meridian * math.cos(math.radians(lat)))
    return east * north


def local_matrix(crs, x, y, step_m=100.0):
    """2 x 2 matrix from a small step on the grid (x, y) to one on the ground (east, north).

    Central differences: geodesics from the point to its four neighbours at `step_m`.

    References
    ----------
    netmodel design, decision 1 (scale and meridian convergence of a block).
    """
    to_lonlat, geod = _to_lonlat(crs), _geod(crs)
    lon0, lat0 = to_lonlat.transform(x, y)

    def ground(dx, dy):
        lon, lat = to_lonlat.transform(x + dx, y + dy)
        azimuth, _, distance = geod.inv(lon0, lat0, lon, lat)
        azimuth = math.radians(azimuth)
        return np.array([distance * math.sin(azimuth), distance * math.cos(azimuth)])

    along_x = (ground(step_m, 0) - ground(-step_m, 0)) / (2 * step_m)
    along_y = (ground(0, step_m) - ground(0, -step_m)) / (2 * step_m)
    return np.column_stack([along_x, along_y])


def hilbert_index(x, y, order):
    """Place of cell (x, y) along the Hilbert curve over a square of 2^order cells a side.

    The curve starts at (0, 0) and ends at (2^order - 1, 0). It runs through four half-size
    curves: lower left (mirrored in the diagonal), upper left, upper right, lower right
    (mirrored in the other diagonal). Its first step is along x at even orders, y at odd ones.

    References
    ----------
    D. Hilbert, Mathematische Annalen 38, 1891; Wikipedia, Hilbert curve, xy2d.
    """
    if order == 0:
        return 0
    half = 2 ** (order - 1)
    quarter = half * half
    if x < half and y < half:
        return hilbert_index(y, x, order - 1)
    if x < half:
        return quarter + hilbert_index(x, y - half, order - 1)
    if y >= half:
        return 2 * quarter + hilbert_index(x - half, y - half, order - 1)
    return 3 * quarter + hilbert_index(half - 1 - y, 2 * half - 1 - x, order - 1)
