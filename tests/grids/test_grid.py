import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from netmodel.grids import Grid
from netmodel.grids.grid import NATIONAL_CRS
from tests.reference import geodesy

ALBERS = CRS.from_user_input(NATIONAL_CRS)
# Corners and middle of China, and the capital [degrees].
PLACES = [(74.0, 39.0), (134.5, 48.3), (109.5, 18.5), (122.0, 53.3), (105.0, 30.0), (116.4, 39.9)]


def albers(lon, lat):
    return Transformer.from_crs("EPSG:4326", ALBERS, always_xy=True).transform(lon, lat)


def rotated(angle=30.0, sy=-2.0):
    affine = Affine.translation(500_000, 4_000_000) @ Affine.rotation(angle)
    return Grid(CRS.from_epsg(32650), affine @ Affine.scale(3.0, sy), (7, 5))


def test_is_a_value():
    one = Grid.from_bounds(NATIONAL_CRS, (0, 0, 3000, 2000), 1000)
    two = Grid.from_bounds(ALBERS, (0, 0, 3000, 2000), 1000)
    assert one == two and hash(one) == hash(two)
    with pytest.raises(AttributeError):
        one.shape = (1, 1)


def test_bounds_are_rounded_outward_to_multiples_of_the_resolution():
    grid = Grid.from_bounds(ALBERS, (-1.5, 999.9, 2001.0, 3000.0), 1000)
    assert grid.bounds == (-1000.0, 0.0, 3000.0, 3000.0)
    assert grid.shape == (3, 4)


@pytest.mark.parametrize("angle", [0.0, 30.0, -75.0])
@pytest.mark.parametrize("sy", [-2.0, 2.0])
def test_coordinate_image_comes_back_as_its_own_cell(angle, sy):
    grid = rotated(angle, sy)
    x, y = grid.centers(0, grid.shape[0])
    expected = np.arange(x.size).reshape(grid.shape)
    np.testing.assert_array_equal(grid.cell(x, y), expected)


@pytest.mark.parametrize("sy", [-2.0, 2.0])
def test_a_window_has_the_coordinates_of_the_whole(sy):
    grid = rotated(30.0, sy)
    x, y = grid.centers(0, 7)
    window = grid.crop(slice(2, 6), slice(1, 4))
    np.testing.assert_allclose(window.centers(0, 4), (x[2:6, 1:4], y[2:6, 1:4]), rtol=1e-15)


def test_points_outside_and_not_finite_have_no_cell():
    grid = Grid.from_bounds(ALBERS, (0, 0, 3000, 2000), 1000)
    cell = grid.cell([-1.0, 3000.0, 1500.0, np.nan, np.inf], [500.0, 500.0, 500.0, 500.0, 500.0])
    assert cell.tolist() == [-1, -1, 4, -1, -1]


def test_national_cells_are_one_square_kilometer():
    grid = Grid.from_bounds(ALBERS, (-2_000_000, 2_000_000, 2_000_000, 5_000_000), 1000)
    assert grid.area_km2().tolist() == [[1.0]]
    for lon, lat in PLACES:
        x, y = albers(lon, lat)
        corner = Affine(1000, 0, round(x, -3), 0, -1000, round(y, -3))
        assert geodesy.cell_area_km2(ALBERS, corner[:6], 0, 0) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.parametrize(
    "crs", ["EPSG:4326", "EPSG:32650", "ESRI:54009", "+proj=laea +lat_0=-2 +lon_0=30 +type=crs"]
)
def test_true_areas_equal_polygons_on_the_ellipsoid(crs):
    crs = CRS.from_user_input(crs)
    degrees = crs.is_geographic
    step = 0.1 if degrees else 10_000.0
    origin = (110.0, 50.0) if degrees else (600_000.0, 4_500_000.0 if "UTM" in crs.name else 3e5)
    grid = Grid(crs, Affine(step, 0, origin[0], 0, -step, origin[1]), (4, 3))
    area = np.broadcast_to(grid.area_km2(), grid.shape)
    for row, column in [(0, 0), (1, 2), (3, 1)]:
        twin = geodesy.cell_area_km2(crs, grid.affine[:6], row, column)
        assert area[row, column] == pytest.approx(twin, rel=1e-6)


def test_area_of_a_rotated_geographic_cell():
    affine = Affine.translation(110, 40) @ Affine.rotation(20) @ Affine.scale(0.01, -0.01)
    grid = Grid(CRS.from_epsg(4326), affine, (2, 2))
    twin = geodesy.cell_area_km2(grid.crs, affine[:6], 1, 1)
    assert grid.area_km2()[1, 1] == pytest.approx(twin, rel=1e-4)


@pytest.mark.parametrize(("lon", "lat"), PLACES)
def test_local_matrix_equals_finite_differences(lon, lat):
    grid = Grid.from_bounds(ALBERS, (0, 0, 1000, 1000), 1000)
    x, y = albers(lon, lat)
    np.testing.assert_allclose(
        grid.local_matrix(x, y)[0], geodesy.local_matrix(ALBERS, x, y), atol=2e-6
    )


@given(
    st.sampled_from(PLACES),
    st.floats(0.0, 360.0),
    st.floats(100.0, 100_000.0),
)
def test_distances_on_the_national_grid_are_right_to_a_thousandth(place, azimuth, distance):
    lon, lat, _ = Geod(ellps="WGS84").fwd(*place, azimuth, distance)
    grid = Grid.from_bounds(ALBERS, (0, 0, 1000, 1000), 1000)
    measured = grid.distance_m(*albers(*place), *albers(lon, lat))
    assert measured[0] == pytest.approx(distance, rel=1e-3)


def test_plane_distances_would_be_wrong_by_percents():
    """The scale of the national grid runs from 0.963 to 1.038 (design.md, decision 1)."""
    lon, lat, _ = Geod(ellps="WGS84").fwd(122.0, 53.3, 90.0, 10_000.0)
    x0, y0 = albers(122.0, 53.3)
    x1, y1 = albers(lon, lat)
    assert np.hypot(x1 - x0, y1 - y0) > 10_300.0
