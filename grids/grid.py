"""`Grid`: CRS, affine and shape as an immutable value, with true areas and local scale."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Proj, Transformer
from pyproj.exceptions import CRSError

from netmodel.grids.errors import InputError

Float = NDArray[np.float64]

NATIONAL_CRS = "+proj=aea +lat_1=25 +lat_2=47 +lat_0=0 +lon_0=105 +datum=WGS84 +units=m +type=crs"


@dataclass(frozen=True)
class Grid:
    """Cells of equal size in a CRS.

    Two rasters align if their grids are equal. Rows run along the second axis of `affine`,
    so that a north-up grid has a negative fifth coefficient.

    Parameters
    ----------
    crs : pyproj.CRS
    affine : Affine
        From (column, row) of a cell's corner to (x, y) in the CRS.
    shape : tuple of int
        Rows and columns.
    """

    crs: CRS
    affine: Affine
    shape: tuple[int, int]

    @classmethod
    def from_bounds(
        cls, crs: CRS | str, bounds: tuple[float, float, float, float], resolution: float
    ) -> "Grid":
        """North-up grid of square cells with edges on multiples of `resolution`.

        `bounds` is (left, bottom, right, top) in the CRS and is rounded outward.
        """
        crs = crs_of(crs)
        left, bottom = (math.floor(v / resolution + 1e-9) for v in bounds[:2])
        right, top = (math.ceil(v / resolution - 1e-9) for v in bounds[2:])
        affine = Affine(resolution, 0.0, left * resolution, 0.0, -resolution, top * resolution)
        return cls(crs, affine, (top - bottom, right - left))

    @property
    def has_simple_areas(self) -> bool:
        """Whether `area_km2` has one column."""
        unrotated = self.affine.b == self.affine.d == 0.0
        return self.is_equal_area or (self.crs.is_geographic and unrotated)

    @property
    def name(self) -> str:
        """Name of the CRS, or of its projection where it has none."""
        operation = self.crs.coordinate_operation
        method = operation.method_name if operation else ""
        return self.crs.name if self.crs.name != "unknown" else method

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of the frame in the CRS."""
        rows, columns = self.shape
        points = [self.affine @ p for p in ((0, 0), (columns, 0), (0, rows), (columns, rows))]
        x, y = zip(*points, strict=True)
        return min(x), min(y), max(x), max(y)

    @property
    def x(self) -> Float:
        """Cell centers along a row [CRS units]; unrotated grids only."""
        return _float(self.affine.c + self.affine.a * (np.arange(self.shape[1]) + 0.5))

    @property
    def y(self) -> Float:
        """Cell centers along a column [CRS units]; unrotated grids only."""
        return _float(self.affine.f + self.affine.e * (np.arange(self.shape[0]) + 0.5))

    def corners(self, first_row: int, last_row: int) -> tuple[Float, Float]:
        """X and y of the cell corners above and below rows [first_row, last_row) [CRS units]."""
        row, column = np.meshgrid(
            np.arange(first_row, last_row + 1.0), np.arange(self.shape[1] + 1.0), indexing="ij"
        )
        return mapped(self.affine, column, row)

    def centers(self, first_row: int, last_row: int) -> tuple[Float, Float]:
        """X and y of the cell centers of rows [first_row, last_row) [CRS units]."""
        row, column = np.meshgrid(
            np.arange(first_row, last_row) + 0.5, np.arange(self.shape[1]) + 0.5, indexing="ij"
        )
        return mapped(self.affine, column, row)

    def pixel(self, x: ArrayLike, y: ArrayLike) -> tuple[Float, Float]:
        """Column and row, with fractions, of points in the CRS."""
        with np.errstate(invalid="ignore"):  # points at infinity are in no pixel
            return mapped(~self.affine, x, y)

    def cell(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.int64]:
        """Flat index of the cell that holds each point of the CRS; -1 outside the frame."""
        column, row = (np.floor(v) for v in self.pixel(x, y))
        with np.errstate(invalid="ignore"):
            inside = (row >= 0) & (row < self.shape[0]) & (column >= 0) & (column < self.shape[1])
        flat = np.full(column.shape, -1, np.int64)
        flat[inside] = row[inside].astype(np.int64) * self.shape[1] + column[inside].astype(
            np.int64
        )
        return flat

    def crop(self, rows: slice, columns: slice) -> "Grid":
        """The grid of a window, given by slices with both ends."""
        affine = self.affine @ Affine.translation(columns.start, rows.start)
        return Grid(self.crs, affine, (rows.stop - rows.start, columns.stop - columns.start))

    def lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Float, Float]:
        """Longitude and latitude in the CRS's own datum [degrees]."""
        lon, lat = self._to_geodetic.transform(x, y)
        return np.asarray(lon), np.asarray(lat)

    def area_km2(self) -> Float:
        """True area of the cells on the ellipsoid [km2].

        Shape (1, 1) where all cells are equal (equal-area projections), (row, 1) on unrotated
        geographic grids, (row, column) otherwise; all broadcast against the grid.
        """
        a = self.affine
        if self.crs.is_geographic and a.b == a.d == 0.0:
            return self._geographic_area_km2()
        plane_km2 = abs(a.determinant) * self.meters_per_unit**2 / 1e6
        if self.is_equal_area:
            return np.full((1, 1), plane_km2)
        x, y = self.centers(0, self.shape[0])
        if self.crs.is_geographic:
            lat = self.lonlat(x, y)[1]
            return abs(a.determinant) * np.cos(np.radians(lat)) * self._radii_km2(lat)
        # PROJ's own areal scale is that of a sphere where its formulas are (Mollweide).
        ground_per_plane = np.abs(np.linalg.det(self.local_matrix(x.ravel(), y.ravel())))
        return _float(plane_km2 * ground_per_plane.reshape(self.shape))

    def local_matrix(self, x: ArrayLike, y: ArrayLike) -> Float:
        """What turns a small offset on the grid [m] into one on the ground, east and north [m].

        Parameters
        ----------
        x, y : (point,)
            Where, in the CRS; projected CRS only.

        Returns
        -------
        (point, 2, 2)

        Notes
        -----
        Ground east is N cos(lat) d(lon), ground north M d(lat), with N and M the radii of
        curvature; the projection's derivatives come from PROJ (`proj_factors`).
        """
        lon, lat = (np.atleast_1d(v) for v in self.lonlat(x, y))
        factors = Proj(self.crs).get_factors(lon, lat)
        forward = np.empty((lon.size, 2, 2))
        forward[:, 0, 0], forward[:, 0, 1] = factors.dx_dlam, factors.dx_dphi
        forward[:, 1, 0], forward[:, 1, 1] = factors.dy_dlam, factors.dy_dphi
        normal, meridional = self._curvature(lat)
        radii = np.zeros((lon.size, 2, 2))
        radii[:, 0, 0] = np.cos(np.radians(lat)) * normal
        radii[:, 1, 1] = meridional
        return radii @ np.linalg.inv(forward)

    def distance_m(self, x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike) -> Float:
        """Ground distance [m] between points of a projected CRS, by the matrix between them.

        Right to 0.1 % up to 100 km on the national grid.
        """
        ax, ay, bx, by = (np.atleast_1d(np.asarray(v, np.float64)) for v in (x0, y0, x1, y1))
        matrix = self.local_matrix((ax + bx) / 2, (ay + by) / 2)
        offset = np.stack([bx - ax, by - ay], axis=-1) * self.meters_per_unit
        return np.asarray(np.hypot(*np.einsum("pij,pj->ip", matrix, offset)))

    def _geographic_area_km2(self) -> Float:
        """Exact ellipsoidal areas between parallels and meridians."""
        a = self.affine
        north = a.f + a.e * np.arange(self.shape[0] + 1.0)
        zone = _authalic_zone_km2(north, self._geod)
        return np.abs(np.diff(zone))[:, None] * abs(math.radians(a.a))

    def _curvature(self, lat: Float) -> tuple[Float, Float]:
        """Radii of curvature, normal and meridional, in semi-major axes."""
        w2 = 1.0 - self._geod.es * np.sin(np.radians(lat)) ** 2
        return 1.0 / np.sqrt(w2), (1.0 - self._geod.es) / w2**1.5

    def _radii_km2(self, lat: Float) -> Float:
        """Ground area of a square degree at the equator's width [km2]."""
        normal, meridional = self._curvature(lat)
        return _float(normal * meridional * math.radians(self._geod.a / 1000.0) ** 2)

    @cached_property
    def _geod(self) -> Geod:
        geod = self.crs.get_geod()
        assert geod is not None  # every CRS that has passed the door has an ellipsoid
        return geod

    @cached_property
    def _to_geodetic(self) -> Transformer:
        return Transformer.from_crs(self.crs, self.crs.geodetic_crs, always_xy=True)

    @property
    def meters_per_unit(self) -> float:
        """Meters of a unit of a projected CRS."""
        return float(self.crs.axis_info[0].unit_conversion_factor)

    @property
    def is_equal_area(self) -> bool:
        """Whether equal areas of the CRS are equal on the ellipsoid."""
        operation = self.crs.coordinate_operation
        name = operation.method_name if operation else ""
        return name.replace(" ", "").lower() in _EQUAL_AREA


# Equal-area on the ellipsoid in PROJ; Mollweide and its like are so on a sphere only, where the
# ellipsoid's areas are off by up to 0.7 %.
_EQUAL_AREA = ("albersequalarea", "lambertazimuthalequalarea", "lambertcylindricalequalarea")


def crs_of(given: CRS | str) -> CRS:
    """A CRS from its EPSG code, PROJ string or WKT; what is none is refused."""
    try:
        return CRS.from_user_input(given)
    except CRSError as error:
        raise InputError(
            f"crs = {given!r}: not a CRS that PROJ knows; give an EPSG code such as EPSG:3035"
        ) from error


def mapped(affine: Affine, x: ArrayLike, y: ArrayLike) -> tuple[Float, Float]:
    """Points under an affine map."""
    x, y, a = np.asarray(x, np.float64), np.asarray(y, np.float64), affine
    return a.a * x + a.b * y + a.c, a.d * x + a.e * y + a.f


def _float(value: ArrayLike) -> Float:
    return np.asarray(value, np.float64)


def _authalic_zone_km2(latitude: Float, geod: Geod) -> Float:
    """Area per radian of longitude between the equator and a parallel [km2 per radian].

    Source: J. P. Snyder, USGS Professional Paper 1395 (1987), equation 3-12.
    """
    e = math.sqrt(geod.es)
    sine = np.sin(np.radians(latitude))
    if e == 0.0:
        return geod.a**2 / 1e6 * sine
    q = (1 - e**2) * (sine / (1 - (e * sine) ** 2) + np.arctanh(e * sine) / e)
    return np.asarray(geod.a**2 / 2e6 * q)
