"""Runs whose zones are polygons that cut cells."""

from dataclasses import replace

import geopandas
import numpy as np
import pandas as pd
import pytest
from pyproj import Geod
from shapely.geometry import Polygon, box

from netmodel._assess import run_stages
from netmodel._check import used
from netmodel._region import open_region
from netmodel._run import run_into
from netmodel._zone_names import zone_levels
from netmodel.grids.population import read_population
from netmodel.scenario import Scenario
from netmodel.tables import zone_tables
from tests.reference import overlap as twin

WEDGE = Polygon([(11.413, 47.984), (11.557, 48.031), (11.449, 48.173)])
REST = box(11.40, 47.95, 11.60, 48.20).difference(WEDGE)


@pytest.fixture
def zoned(given, tmp_path):
    """The small country with a wedge and what lies around it, both cutting cells."""

    def scenario(*polygons, **changes):
        path = tmp_path / "zones.gpkg"
        codes = [chr(ord("A") + i) for i in range(len(polygons))]
        frame = geopandas.GeoDataFrame({"id": codes}, geometry=list(polygons), crs="EPSG:4326")
        frame.to_file(path)
        return Scenario.from_dict({**given, "zones": {"path": str(path), "code": "id"}, **changes})

    return scenario


def shares_of(region, *polygons):
    projected = geopandas.GeoSeries(polygons, crs="EPSG:4326").to_crs(region.grid.crs)
    return twin.shares(list(projected), region.grid)


@pytest.mark.parametrize("area", [None, (11.42, 48.0, 11.5, 48.1), "A"])
def test_tables_have_exact_shares(zoned, tmp_path, area):
    scenario = zoned(WEDGE, REST, area=area)
    region = open_region(scenario)
    run_into(scenario, tmp_path / "out", stages="core")
    counties = pd.read_csv(tmp_path / "out" / "counties.csv").set_index("code")
    provinces = pd.read_csv(tmp_path / "out" / "provinces.csv")
    share = shares_of(region, WEDGE, REST)
    wanted = np.ones(region.grid.shape, bool) if region.wanted is None else region.wanted
    codes, share = counties.index, np.where(wanted, share, 0.0)
    share = share[["AB".index(code) for code in codes]]
    people = np.nan_to_num(region.people)
    expected = (share * people).sum(axis=(1, 2))
    # The store keeps people in float32.
    np.testing.assert_allclose(counties.population, expected, rtol=1e-6)
    area_km2 = (share * region.grid.area_km2()).sum(axis=(1, 2))
    np.testing.assert_allclose(counties.area_km2, area_km2, rtol=1e-9)
    assert counties.sites_5g.dtype.kind == "i" and counties.sites_5g.sum() > 0
    for column in ("population", "busy_hour_dl_gbps", "sites_5g", "energy_gwh"):
        assert counties[column].sum() <= provinces[column].sum() * (1 + 1e-9)
    assert counties.covered_share.between(0, 1).all()


def test_the_nation_does_not_depend_on_shares(zoned):
    scenario = zoned(WEDGE, REST)
    ran = run_stages(scenario, stages="core")
    levels = zone_levels(ran.region, scenario)
    by_center = {k: replace(names, overlap=None) for k, names in levels.items()}
    exact, headline = zone_tables(ran.tree, levels, scenario)
    labeled, same = zone_tables(ran.tree, by_center, scenario)
    assert headline == same
    pd.testing.assert_frame_equal(exact["province"], labeled["province"])
    counts = ["code", "sites_5g", "sites_5g_a", "sites_5g_b", "sites_5g_indoor"]
    counts = [c for c in counts if c in exact["county"]]
    assert len(counts) >= 3
    pd.testing.assert_frame_equal(exact["county"][counts], labeled["county"][counts])
    assert (exact["county"].population - labeled["county"].population).abs().min() > 1.0


def test_check_says_what_zones_leave_out_and_count_twice(zoned):
    region = open_region(zoned(WEDGE, REST))
    total = np.nansum(region.people)
    in_zones = np.nansum(shares_of(region, WEDGE, REST) * region.people)
    said = dict(used(zoned(WEDGE, REST)))
    assert (
        said["people in no zone"]
        == f"{1 - in_zones / total:.2%} of all; [zones] whole_edges keeps those on a coast"
    )
    assert "zones overlap" not in said and "zones outside" not in said
    twice = np.nansum(shares_of(region, WEDGE)[0] * region.people)
    said = dict(used(zoned(WEDGE, REST.union(WEDGE))))
    assert said["zones overlap"] == f"{twice:,.0f} people are counted in more than one"
    beyond = box(11.0, 48.1, 11.4, 48.2)
    inside = (shares_of(region, beyond)[0] * ~np.isnan(region.people)).sum()
    plane = geopandas.GeoSeries([beyond], crs="EPSG:4326").to_crs(region.grid.crs).area[0] / 1e6
    outside = dict(used(zoned(beyond)))["zones outside"]
    assert outside == f"{1 - inside / plane:.2%} of their area, where the raster has no data"
    assert 1 - inside / plane == pytest.approx(0.75, abs=0.02)  # cells of the rim are whole
    assert "people in no zone" not in dict(used(zoned(box(11, 47, 12, 49))))


def test_municipalities_of_sao_miguel(shared):
    """Borders of the Azores' municipalities on GPW's counts; areas by geodesics on WGS 84."""
    path, data = shared / "data" / "sao_concelhos.gpkg", shared / "data" / "sao_gpw_count.tif"
    given = {
        "name": "sao",
        "population": {"path": str(data)},
        "sites": {"total": 50},
        "demand": {"total_gb": 1e6},
        "zones": {"path": str(path), "code": "name"},
    }
    region = open_region(Scenario.from_dict(given))
    polygons = geopandas.read_file(path)
    raster = read_population(data, None, kind="count", nodata=None, resolution_m=1000.0)
    total = raster.source_people
    people = region.counties.sums(region.people)
    union = geopandas.GeoSeries([polygons.union_all()], crs=polygons.crs).to_crs(region.grid.crs)
    beyond = np.nansum((1.0 - twin.shares(list(union), region.grid)[0]) * region.people)
    assert people.sum() + beyond == pytest.approx(total, rel=1e-9)
    assert 0.0 < beyond < total
    geod = Geod(ellps="WGS84")
    km2 = [abs(geod.geometry_area_perimeter(g)[0]) / 1e6 for g in polygons.geometry]
    np.testing.assert_allclose(region.counties.area_km2(region.grid), km2, rtol=1e-3)
