import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

import netmodel as nm
from netmodel._settings import Sites
from netmodel.errors import InfeasibleError
from netmodel.presets import SETTLEMENT_CLASSES
from tests.netmodel.conftest import TRAFFIC_GB
from tests.reference import allocation as twin

OPTIONS = Sites(total=150, networks={"a": 0.6, "b": 0.4})


@pytest.fixture(scope="module")
def ds(scenario):
    people = nm.population(nm.open_region(scenario))
    demand = nm.demand(people, province_total_gb=[TRAFFIC_GB])
    return people.assign(demand.data_vars)


@settings(max_examples=10)
@hypothesis_given(st.integers(1, 1500))
def test_every_station_is_placed_in_its_network(ds, total):
    out = nm.synthesised_sites(ds, province_stations=[total], options=OPTIONS)
    by_network = out.sites_5g.sum(("y", "x")).values
    assert by_network.tolist() == twin.largest_remainder([0.6, 0.4], total)
    assert (out.sites_5g >= out.sites_5g_indoor).all() and (out.sites_5g_indoor >= 0).all()


def test_stations_stand_where_people_live_and_expectation_is_positive(ds):
    out = nm.synthesised_sites(ds, province_stations=[150], options=OPTIONS)
    placed = out.sites_5g.values.sum(axis=0) > 0
    assert (ds.people.values[placed] > 0).all()


def test_expected_densities_add_up_to_the_stations_and_keep_the_caps(ds):
    out = nm.synthesised_sites(ds, province_stations=[1200], options=OPTIONS)
    area = 1.0
    indoor = out.sites_5g_indoor.sum(("y", "x")).values
    macro = out.sites_5g.sum(("y", "x")).values - indoor
    np.testing.assert_allclose(out.macro_density.sum(("y", "x")) * area, macro, rtol=1e-5)
    np.testing.assert_allclose(out.indoor_density.sum(("y", "x")) * area, indoor, rtol=1e-5)
    for code, c in enumerate(SETTLEMENT_CLASSES):
        in_class = ds.settlement_class.values == code
        cap = twin.hex_density_per_km2(c.min_isd_km) * OPTIONS.gnb_per_macro_site
        if in_class.any():
            assert out.macro_density.values[:, in_class].max() <= cap * (1 + 1e-6)


def test_whole_stations_keep_the_caps_to_one(ds):
    out = nm.synthesised_sites(ds, province_stations=[1200], options=OPTIONS)
    macro = (out.sites_5g - out.sites_5g_indoor).values
    assert (macro < np.ceil(out.macro_density.values) + 1.0 + 1e-6).all()


def test_each_class_is_within_two_of_its_expectation(ds):
    out = nm.synthesised_sites(ds, province_stations=[1200], options=OPTIONS)
    macro = (out.sites_5g - out.sites_5g_indoor).values
    for code in range(len(SETTLEMENT_CLASSES)):
        in_class = ds.settlement_class.values == code
        for network in range(2):
            expected = out.macro_density.values[network, in_class].sum()
            assert abs(macro[network, in_class].sum() - expected) < 2.0


def test_indoor_stations_stand_in_urban_cells_only(ds):
    out = nm.synthesised_sites(ds, province_stations=[1200], options=OPTIONS)
    urban = ds.settlement_class.isin([0, 1]).values
    assert out.sites_5g_indoor.values[:, urban].sum() > 0
    assert out.sites_5g_indoor.values[:, ~urban].sum() == 0


def test_more_stations_more_everywhere(ds):
    few = nm.synthesised_sites(ds, province_stations=[500], options=OPTIONS).macro_density
    many = nm.synthesised_sites(ds, province_stations=[900], options=OPTIONS).macro_density
    assert (many.values >= few.values * (1 - 1e-6)).all()


def test_too_many_stations_are_infeasible(ds):
    with pytest.raises(
        InfeasibleError, match="in row 0 of the provinces do .*leave room for .*lower"
    ):
        nm.synthesised_sites(ds, province_stations=[10_000_000], options=OPTIONS)


def test_stations_without_demand_are_infeasible(ds):
    silent = ds.assign(demand_mbps=ds.demand_mbps * 0)
    with pytest.raises(InfeasibleError, match="without demand"):
        nm.synthesised_sites(silent, province_stations=[100], options=OPTIONS)


def test_the_same_input_gives_the_same_bits(ds):
    one = nm.synthesised_sites(ds, province_stations=[700], options=OPTIONS)
    two = nm.synthesised_sites(ds, province_stations=[700], options=OPTIONS)
    assert one.identical(two)
