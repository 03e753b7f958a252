import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.grids.china import in_china
from netmodel.grids.datum import gcj02_of_wgs84, in_gcj02_box, wgs84_of_gcj02
from tests.oracles import assert_oracle
from tests.reference import datum as twin

# Of models.md K01: latitude and longitude in WGS 84.
POINTS = {"K01a": (31.1774276, 121.5272106), "K01b": (39.9075, 116.39723), "K01c": (30.66, 104.06)}
MEAN_RADIUS_M = 6371008.8  # of the GRS 80 ellipsoid, IUGG
lons, lats = st.floats(72.5, 137.3), st.floats(1.3, 55.3)


def haversine_m(lon0, lat0, lon1, lat1):
    lon0, lat0, lon1, lat1 = np.radians([lon0, lat0, lon1, lat1])
    h = np.sin((lat1 - lat0) / 2) ** 2
    h += np.cos(lat0) * np.cos(lat1) * np.sin((lon1 - lon0) / 2) ** 2
    return 2 * MEAN_RADIUS_M * np.arcsin(np.sqrt(h))


@pytest.mark.parametrize("name", sorted(POINTS))
def test_published_points(name):
    lat, lon = POINTS[name]
    east, north = gcj02_of_wgs84(lon, lat)
    shift = haversine_m(lon, lat, east, north)
    assert_oracle(name, [north, east, shift])


@given(lon=lons, lat=lats)
def test_equals_the_twin(lon, lat):
    assert gcj02_of_wgs84(lon, lat) == pytest.approx(twin.gcj02(lon, lat), abs=1e-12)


@given(lon=lons, lat=lats)
def test_the_inverse_is_that_of_a_root_finder(lon, lat):
    assert wgs84_of_gcj02(lon, lat) == pytest.approx(twin.wgs84(lon, lat), abs=1e-9)


@given(lon=lons, lat=lats)
def test_there_and_back(lon, lat):
    assert wgs84_of_gcj02(*gcj02_of_wgs84(lon, lat)) == pytest.approx((lon, lat), abs=1e-9)
    assert gcj02_of_wgs84(*wgs84_of_gcj02(lon, lat)) == pytest.approx((lon, lat), abs=1e-9)


def test_nothing_moves_outside_the_box():
    lon, lat = np.array([11.5, 150.0, 100.0, np.nan]), np.array([48.1, -37.0, 0.5, 30.0])
    assert not in_gcj02_box(lon, lat).any()
    for convert in (gcj02_of_wgs84, wgs84_of_gcj02):
        east, north = convert(lon, lat)
        np.testing.assert_array_equal(east, lon)
        np.testing.assert_array_equal(north, lat)


def test_shifts_in_china_are_of_the_published_size():
    # models.md K has 300 to 700 m, which is so in the east; a twentieth of the area has less.
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(73, 135, 4000), rng.uniform(18, 54, 4000)
    inside = in_china(lon, lat)
    shift = haversine_m(lon, lat, *gcj02_of_wgs84(lon, lat))[inside]
    east = lon[inside] > 105
    assert 300 < np.median(shift) < 700 and shift.max() < 700
    assert np.quantile(shift[east], 0.05) > 250


def test_points_in_china():
    lon = [116.39, 121.47, 91.1, 126.98, 77.2, 139.7, 11.5, 105.8]
    lat = [39.91, 31.23, 29.65, 37.57, 28.6, 35.7, 48.1, 21.03]
    # Beijing, Shanghai and Lhasa; Seoul, Delhi, Tokyo, Munich and Hanoi.
    assert in_china(lon, lat).tolist() == [True] * 3 + [False] * 5
