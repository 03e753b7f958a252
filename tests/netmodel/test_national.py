"""The reference case on the embedded grid: totals, nesting, areas, tables."""

import json

import numpy as np
import pandas as pd
import pytest

import netmodel as nm
from netmodel import facts
from netmodel._assess import run_stages
from netmodel._run import run_into
from netmodel._stages import CORE
from netmodel.presets import SETTLEMENT_CLASSES
from netmodel.scenario import Scenario
from tests.reference import allocation, demand

pytestmark = pytest.mark.national


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    place = tmp_path_factory.mktemp("national") / "out"
    run_into(Scenario.preset("china-2020"), place)
    return place


@pytest.fixture(scope="module")
def run(out):
    return nm.open_run(out)


@pytest.fixture(scope="module")
def provinces(out):
    return pd.read_csv(out / "provinces.csv", dtype={"code": str}).set_index("code")


def test_people_equal_the_census_to_the_person(run, provinces):
    census = facts.provinces()["census_pop_2020"]
    assert provinces["population"].to_dict() == census.astype(float).to_dict()
    assert int(run["population"].people.sum(dtype=np.float64)) == 1_409_778_724


def test_stations_are_exact_in_nation_province_and_network(run, provinces):
    given = facts.provinces_5g_2020().set_index("code")
    assert int(run["sites"].sites_5g.sum()) == 718_000
    assert provinces["sites_5g"].to_dict() == given["stations"].to_dict()
    assert provinces["sites_5g_status"].to_dict() == given["status"].to_dict()
    assert provinces.sites_5g_status["320000"] == "published"
    for code, row in provinces.iterrows():
        split = allocation.largest_remainder([0.543, 0.457], given.stations[code])
        assert [row.sites_5g_cmcc, row.sites_5g_ct_cu] == split


def test_no_class_vanishes(run):
    population, sites = run["population"], run["sites"]
    for code, c in enumerate(SETTLEMENT_CLASSES):
        in_class = population.settlement_class.values == code
        for network in range(2):
            got = sites.sites_5g.values[network][in_class].sum()
            macro = sites.macro_density.values[network][in_class].sum(dtype=float)
            indoor = sites.indoor_density.values[network][in_class].sum(dtype=float)
            assert got > 0, c.name
            # Two roundings (macro, indoor) in each of 31 provinces, each under one station.
            assert abs(got - macro - indoor) < 2 * 31, c.name


def test_caps_hold_everywhere(run):
    classes = run["population"].settlement_class.values
    for code, c in enumerate(SETTLEMENT_CLASSES):
        cap = allocation.hex_density_per_km2(c.min_isd_km) * 1.3
        macro = run["sites"].macro_density.values[:, classes == code]
        assert macro.max() <= cap * (1 + 1e-6)


def test_demand_is_conserved_by_province(run, provinces):
    gb = facts.provinces()["mobile_traffic_2020_GB"]
    for code, row in provinces.iterrows():
        expected = demand.busy_hour_dl_mbps(gb[code], 1e9, 366, 1.10, 0.07, 0.88) / 1e3
        assert row.busy_hour_dl_gbps == pytest.approx(expected, rel=1e-9)
        assert row.busy_hour_dl_5g_gbps == pytest.approx(
            expected * demand.fiveg_traffic_share(0.15, 2.5), rel=1e-9
        )


def test_counties_add_up_to_provinces(out, provinces):
    counties = pd.read_csv(out / "counties.csv", dtype={"code": str, "province_code": str})
    assert counties.code.is_unique and len(counties) > 2500
    sums = counties.groupby("province_code")[["population", "sites_5g", "area_km2"]].sum()
    pd.testing.assert_frame_equal(
        sums, provinces[list(sums.columns)], check_names=False, check_dtype=False
    )
    dl = counties.groupby("province_code").busy_hour_dl_gbps.sum()
    np.testing.assert_allclose(dl, provinces.busy_hour_dl_gbps, rtol=1e-9)
    assert (counties.sites_5g_status == "synthesised").all()
    assert (counties.population_status == "synthesised").all()
    assert (provinces.population_status == "published").all()


def test_headline_figures_beside_the_published(out):
    figures = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    stations = figures["sites"]["stations_5g"]
    assert stations["value"] == stations["published"] == 718_000 and stations["source"]
    per_10k = figures["sites"]["stations_per_10k"]
    assert round(per_10k["value"], 2) == per_10k["published"] == 5.09
    assert figures["population"]["people"]["value"] == 1_409_778_724
    assert figures["demand"]["traffic_bn_gb"]["published"] == 165.6
    expected = demand.busy_hour_dl_mbps(165_568_172_400, 1e9, 366, 1.10, 0.07, 0.88) / 1e6
    assert figures["demand"]["busy_hour_dl_tbps"]["value"] == pytest.approx(expected, rel=1e-9)


def test_targets_have_documents_and_baselines(out):
    targets = pd.read_csv(out / "targets.csv")
    assert {"target_id", "indicator", "unit", "document", "baseline", "target", "op"} <= set(
        targets
    )
    stations = targets[targets.target_id == "T02"].iloc[0]
    assert (stations.baseline, stations.op, stations.target) == (5.0, ">=", 26.0)


@pytest.mark.parametrize("area", ["Jiangsu", "110000", (120.9, 30.9, 121.9, 31.5)])
def test_an_area_has_the_bits_of_the_nation(run, area):
    part = run_stages(Scenario.preset("china-2020").model_copy(update={"area": area})).tree
    for stage in CORE:
        cut = part[stage].to_dataset()
        whole = run[stage].to_dataset().sel(y=cut.y, x=cut.x)
        inside = ~np.isnan(part["population"].people.values)
        assert inside.any()
        for name in cut.data_vars:
            one, other = cut[name].values[..., inside], whole[name].values[..., inside]
            if stage == "capacity":
                # 5G demand is scaled by province, and coverage across its far borders enters.
                np.testing.assert_allclose(one, other, rtol=2e-3, atol=1e-4, err_msg=name)
            else:
                np.testing.assert_array_equal(one, other, err_msg=name)


def test_coverage_and_capacity_of_the_nation(out, provinces):
    figures = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    coverage, capacity = figures["coverage"], figures["capacity"]
    expected, kpi = (coverage[f"covered_population_share{end}"]["value"] for end in ("", "_90"))
    assert 0 < kpi < expected < 1
    people = provinces.population / provinces.population.sum()
    assert (people * provinces.covered_share).sum() == pytest.approx(expected, rel=1e-9)
    assert (people * provinces.congested_share).sum() == pytest.approx(
        capacity["congested_population_share"]["value"], abs=1e-12
    )
    assert 0.8 < capacity["served_demand_share"]["value"] <= 1
    unserved = {k: v["value"] for k, v in capacity.items() if k.startswith("unserved_")}
    assert sum(unserved.values()) + capacity["served_demand_share"]["value"] == pytest.approx(1)
    assert 0.0 < unserved["unserved_out_of_range_share"] < unserved["unserved_no_site_share"] < 0.05
    # Macro stations at rest and at full load (models.md J05), 0.85 of 718,000 of them.
    idle, full = 718_000 * 0.85 * 8760 * np.array([2730.0, 4485.0]) / 1e12
    assert idle < capacity["energy_twh"]["value"] < full
    assert provinces.energy_gwh.sum() / 1e3 == pytest.approx(capacity["energy_twh"]["value"])


def test_5g_demand_of_a_province_is_kept_where_coverage_has_room(run, provinces):
    capacity = run["capacity"].to_dataset()
    offloaded = provinces.macro_demand_gbps / provinces.busy_hour_dl_5g_gbps
    assert (offloaded <= 1 + 1e-6).all() and (offloaded > 1 - 0.3 * 0.8 - 1e-6).all()
    assert (capacity.served_mbps.values <= capacity.demand_mbps.values * (1 + 1e-6))[
        ~np.isnan(capacity.demand_mbps.values)
    ].all()


def test_no_load_and_no_rate_far_from_every_station(run):
    """Cells whose only stations are the tail of a density (3.7 and 5.5 million of them)."""
    capacity = run["capacity"].to_dataset()
    names = capacity.unserved_reason.attrs["flag_meanings"].split()
    for n in range(2):
        reason, rate = capacity.unserved_reason.values[n], capacity.rate_5th_mbps.values[n]
        without = reason == names.index("no_site")
        assert without.sum() > 3_000_000
        assert np.isnan(capacity.cell_load.values[n][without]).all()
        assert np.isnan(rate[reason >= names.index("out_of_range")]).all()
        covered = run["coverage"].coverage_probability.values[~np.isnan(rate)]
        assert covered.min() > 0.003  # of -105 dBm; a link works below it


def test_synthesised_layers_say_so(run):
    assert run["population"].people.attrs["status"] == "synthesised"
    assert run["sites"].sites_5g.attrs["status"] == "synthesised"
    assert "GeoNames" in run.attrs["attribution"]
    assert json.loads(run.attrs["people_accounting"])["source_people"] == 1_409_778_724
    assert "china_2020_population.tif" in json.loads(run.attrs["input_sha256"])


def test_a_users_raster_of_china_runs_in_the_reference_case(shared):
    raster = shared / "data" / "worldpop2020_china_mainland_5min_int.tif"
    scenario = Scenario.from_dict(
        {"extends": "china-2020", "name": "worldpop", "population": {"path": str(raster)}}
    )
    run, region, *_ = run_stages(scenario)
    assert int(run["sites"].sites_5g.sum()) == 718_000
    assert region.losses["people_outside_zones"] < 0.02 * region.losses["source_people"]
    assert "status" not in run["population"].people.attrs
