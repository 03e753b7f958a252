"""The national code on 100 x 100 cells of the embedded grid, so that it also runs uncompiled."""

import numpy as np
import pytest

import netmodel as nm
from netmodel._stages import joined, province_stations, province_traffic_gb, shown
from netmodel.scenario import Scenario

SCENARIO = Scenario.preset("china-2020")


@pytest.fixture(scope="module")
def region():
    whole = nm.open_region(SCENARIO.model_copy(update={"area": (120.9, 30.8, 122.0, 31.7)}))
    row, column = (int(v[len(v) // 2]) for v in np.nonzero(whole.wanted))
    return whole.crop(slice(row - 50, row + 50), slice(column - 50, column + 50))


def test_the_stages_on_a_window(region):
    people = nm.population(region, synthesised=True)
    assert people.people.shape == (100, 100) and float(people.people.sum()) > 10e6
    # A window holds parts of provinces, so that it gets parts of their totals.
    share = region.provinces.sums(region.people) / region.provinces.table["census_pop_2020"]
    demand = nm.demand(
        people, province_total_gb=province_traffic_gb(SCENARIO) * share, options=SCENARIO.demand
    )
    stations = np.floor(province_stations(SCENARIO)[0] * share).astype(int)
    sites = nm.synthesised_sites(
        people.assign(demand.data_vars), province_stations=stations, options=SCENARIO.sites
    )
    present = region.provinces.sums(np.ones(region.grid.shape)) > 0
    assert int(sites.sites_5g.sum()) == stations[present].sum() > 1000
    cut = shown(sites, region)
    assert cut.sizes["y"] <= 100 and int(cut.sites_5g.sum()) <= int(sites.sites_5g.sum())
    radio = SCENARIO.radio
    covered = nm.coverage(joined([people, sites]), radio=radio, options=SCENARIO.sites)
    assert covered.attrs["bands"] == "cmcc:n41 ct_cu:n78"
    loaded = nm.capacity(joined([people, demand, sites, covered]), radio=radio)
    share = float((covered.coverage_probability * people.people).sum() / people.people.sum())
    assert 0.8 < share <= 1.0  # Shanghai and its surroundings
    asked = float(loaded.demand_mbps.sum(dtype=float) / demand.demand_5g_mbps.sum(dtype=float))
    assert 1 - 0.3 * 0.8 <= asked <= 1.0
    assert (loaded.served_mbps.values <= loaded.demand_mbps.values * (1 + 1e-6))[
        ~np.isnan(loaded.demand_mbps.values)
    ].all()


def test_names_of_the_reference_case(region):
    assert region.provinces.table.code.iloc[8] == "310000"
    assert "GeoNames" in region.attribution and len(region.counties) > 2_500
