import geopandas
import numpy as np
import pytest
from shapely.geometry import box

from netmodel._region import open_region
from netmodel.errors import InputError
from netmodel.scenario import Scenario


def region_of(given, **changes):
    return open_region(Scenario.from_dict({**given, **changes}))


def test_a_raster_of_ones_own_is_one_zone(given):
    region = region_of(given)
    assert len(region.provinces) == len(region.counties) == 1
    assert np.nansum(region.people) == pytest.approx(region.losses["source_people"], rel=1e-12)
    assert region.losses["people_outside_frame"] == 0.0
    assert region.losses["masked_share_of_source_cells"] == pytest.approx(3 / 50)
    assert ((region.provinces.label < 0) == np.isnan(region.people)).all()


def test_a_stated_grid(given):
    grid = {"crs": "EPSG:3035", "bounds": [4_430_000, 2_770_000, 4_460_000, 2_800_000]}
    region = region_of(given, grid={**grid, "resolution_m": 500})
    assert region.grid.shape == (60, 60) and region.losses["people_outside_frame"] > 0


@pytest.mark.parametrize(
    ("crs", "bounds", "says"),
    [
        ("EPSG:999999", [0, 0, 1e5, 1e5], r"\[grid\] crs = 'EPSG:999999': not a CRS.*EPSG code"),
        (
            "EPSG:4326",
            [11.3, 47.9, 11.8, 48.3],
            r"\[grid\] crs = 'EPSG:4326' has the unit degree; give",
        ),
        ("EPSG:2263", [0, 0, 1e5, 1e5], "the unit US survey foot; give a projected CRS in metres"),
    ],
)
def test_a_stated_grid_is_in_metres(given, crs, bounds, says):
    with pytest.raises(InputError, match=says):
        region_of(given, grid={"crs": crs, "bounds": bounds})


def test_zones_of_ones_own(given, tmp_path):
    west, east = box(11.3, 47.9, 11.5, 48.3), box(11.5, 47.9, 11.6, 48.3)
    path = tmp_path / "zones.gpkg"
    geopandas.GeoDataFrame({"id": ["W", "E"]}, geometry=[west, east], crs="EPSG:4326").to_file(path)
    region = region_of(given, zones={"path": str(path), "code": "id"})
    assert region.counties.table.code.tolist() == ["W", "E"] and len(region.provinces) == 1
    named = region_of(given, zones={"path": str(path), "code": "id"}, area="E")
    assert named.wanted.sum() == (region.counties.label == 1).sum()


def test_an_area_by_polygon_file(given, tmp_path):
    path = tmp_path / "area.geojson"
    geopandas.GeoDataFrame(geometry=[box(11.4, 48.0, 11.5, 48.1)], crs="EPSG:4326").to_file(path)
    region = region_of(given, area=str(path))
    assert 60 < region.wanted.sum() < 100


@pytest.mark.parametrize(
    ("area", "says"),
    [
        ("smal", "did you mean small"),
        ("", "no such zone"),
        ("Atlantis", "give a box, a polygon file or a zone: small"),
        ((0.0, 0.0, 1.5, 1.0), r"^area = \[0, 0, 1.5, 1\]: no cell with data.*give an area within"),
    ],
)
def test_unknown_areas_are_refused(given, area, says):
    with pytest.raises(InputError, match=says):
        region_of(given, area=area)


@pytest.mark.national
def test_names_codes_and_doubles():
    from netmodel._region import area_mask

    region = open_region(Scenario.preset("china-2020"))
    by_name = area_mask("jiangsu", region)
    for same in ("320000", "32", "江苏", "江苏省"):
        np.testing.assert_array_equal(area_mask(same, region), by_name)
    with pytest.raises(InputError, match="names .* zones .*give a code"):
        area_mask("Chaoyang District", region)
    with pytest.raises(InputError, match="did you mean Jiangsu"):
        area_mask("Jiangsoo", region)
