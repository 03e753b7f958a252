import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import Point, box

from netmodel.errors import DataError, InputError
from netmodel.grids import Grid
from netmodel.grids.zones import (
    Zones,
    box_mask,
    one_zone,
    polygon_mask,
    read_zones,
    sums_by_level,
)

GRID = Grid.from_bounds("EPSG:3035", (4_000_000, 3_000_000, 4_006_000, 3_004_000), 1000)


@pytest.fixture
def polygons(tmp_path):
    west = box(4_000_000, 3_000_000, 4_002_000, 3_004_000)
    east = box(4_002_000, 3_000_000, 4_005_000, 3_004_000)
    frame = geopandas.GeoDataFrame(
        {"id": ["W", "E"], "title": ["West", "East"]}, geometry=[west, east], crs="EPSG:3035"
    )
    path = tmp_path / "zones.gpkg"
    frame.to_crs("EPSG:4326").to_file(path)
    return path


def test_cells_belong_to_the_polygon_that_holds_their_center(polygons):
    zones = read_zones(polygons, GRID, "id", "title")
    assert zones.label.tolist() == [[0, 0, 1, 1, 1, -1]] * 4
    assert zones.table.code.tolist() == ["W", "E"]
    assert zones.counts(np.ones(GRID.shape)).tolist() == [8.0, 12.0]
    assert zones.area_km2(GRID) == pytest.approx([8.0, 12.0], rel=1e-6)


def test_sums_leave_out_no_zone_and_no_data(polygons):
    zones = read_zones(polygons, GRID)
    layer = np.ones(GRID.shape)
    layer[0, 0] = np.nan
    assert zones.sums(layer) == pytest.approx([7.0, 12.0], rel=1e-6)
    assert zones.counts(layer).tolist() == [7.0, 12.0]


def test_polygons_share_the_cells_that_they_cut(tmp_path):
    left, right = box(4_000_000, 3e6, 4_001_250, 3.004e6), box(4_001_250, 3e6, 4_007_000, 3.004e6)
    tiny = box(4_005_100, 3_000_100, 4_005_200, 3_000_200)
    path = tmp_path / "cut.parquet"
    geopandas.GeoDataFrame(geometry=[left, right, tiny], crs="EPSG:3035").to_parquet(path)
    zones = read_zones(path, GRID)
    layer = np.arange(24.0).reshape(GRID.shape)
    column = layer.sum(axis=0)
    expected = [column[0] + column[1] / 4, column[1] * 3 / 4 + column[2:].sum(), 23 / 100]
    assert zones.sums(layer) == pytest.approx(expected, rel=1e-9)
    assert sums_by_level({"a": zones}, layer)["a"].tolist() == zones.sums(layer).tolist()
    by_center = sums_by_level({"a": zones}, layer, whole=True)["a"]
    assert by_center.tolist() == zones.counts(layer).tolist() == [column[0], layer.sum() - 36, 0]
    window = zones.crop(slice(1, 3), slice(1, 2))
    assert window.sums(layer[1:3, 1:2]) == pytest.approx([5.0, 15.0, 0.0], rel=1e-9)
    half = zones.within(layer < 12.0)
    assert half.sums(layer).sum() == pytest.approx(66.0, rel=1e-9)
    assert (half.label[2:] == -1).all() and (half.label[:2] >= 0).all()


def test_a_crop_keeps_names():
    zones = one_zone("all", np.eye(3, dtype=bool)).crop(slice(0, 2), slice(0, 2))
    assert zones.label.tolist() == [[0, -1], [-1, 0]]
    assert zones.table.name_en.tolist() == ["all"]
    assert isinstance(zones, Zones) and isinstance(zones.table, pd.DataFrame)


def test_polygon_and_box_masks(polygons):
    assert polygon_mask(polygons, GRID).sum() == 20
    lon, lat = GRID.lonlat(*GRID.centers(0, 4))
    limits = (lon.min() - 0.01, lat.min() - 0.01, lon.max() + 0.01, lat.max() + 0.01)
    assert box_mask(limits, GRID).all()
    middle = (float(lon[1, 2]) - 1e-6, float(lat[1, 2]) - 1e-6, float(lon[1, 2]) + 1e-6, 90.0)
    assert box_mask(middle, GRID).sum() == 1


def test_a_box_is_exact_on_the_rotated_north_of_the_national_grid():
    grid = Grid.from_bounds(
        "+proj=aea +lat_1=25 +lat_2=47 +lon_0=105 +datum=WGS84 +type=crs",
        (1_500_000, 5_000_000, 1_900_000, 5_300_000),
        2000,
    )
    lon, lat = grid.lonlat(*grid.centers(0, grid.shape[0]))
    expected = (lon >= 128) & (lon < 130) & (lat >= 45) & (lat < 47)
    assert 0 < expected.sum() < expected.size
    np.testing.assert_array_equal(box_mask((128, 45, 130, 47), grid), expected)


@pytest.mark.parametrize("limits", [(10, 0, 5, 5), (0, 0, 5, 95), (0, float("nan"), 5, 5)])
def test_impossible_boxes_are_refused(limits):
    with pytest.raises(InputError, match="west < east"):
        box_mask(limits, GRID)


def test_bad_polygon_files_are_refused(tmp_path, polygons):
    with pytest.raises(DataError, match="no such file"):
        read_zones(tmp_path / "none.gpkg", GRID)
    (tmp_path / "text.gpkg").write_text("zones")
    with pytest.raises(DataError, match="not a vector file"):
        read_zones(tmp_path / "text.gpkg", GRID)
    with pytest.raises(InputError, match="no column 'nom'; it has id, title"):
        read_zones(polygons, GRID, "nom")
    points = geopandas.GeoDataFrame(geometry=[Point(0, 0)], crs="EPSG:4326")
    points.to_file(tmp_path / "points.gpkg")
    with pytest.raises(InputError, match="no polygons"):
        read_zones(tmp_path / "points.gpkg", GRID)
    with pytest.warns(UserWarning, match="crs"):
        geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)]).to_file(tmp_path / "bare.gpkg")
    with pytest.raises(InputError, match="no CRS"):
        read_zones(tmp_path / "bare.gpkg", GRID)
    far = geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs="EPSG:4326")
    far.to_file(tmp_path / "far.gpkg")
    with pytest.raises(InputError, match="no polygon overlaps the grid"):
        read_zones(tmp_path / "far.gpkg", GRID)
