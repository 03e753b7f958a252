"""People covered and served: never more than covered, and none of them twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import netmodel as nm
from netmodel._covered_served import Room
from netmodel._settings import Radio, Sites
from netmodel._stages import joined
from tests.conftest import JIT_OFF

SITES = Sites(total=60, networks={"a": 0.6, "b": 0.4})
TRAFFIC_GB = 3.0e8

amounts = arrays.arrays(float, 6, elements=st.just(0.0) | st.floats(1e-3, 1e6))
shares = arrays.arrays(float, 6, elements=st.floats(0.0, 1.0))


@given(st.lists(st.tuples(amounts, shares), min_size=1, max_size=4))
def test_room_is_the_mean_over_demand(networks):
    room = Room(6)
    for mbps, share in networks:
        room.add(mbps, share)
    asked = sum(mbps for mbps, _ in networks)
    kept = sum(mbps * share for mbps, share in networks)
    np.testing.assert_allclose(room.share * asked, kept, rtol=1e-9, atol=1e-9)
    least, most = (f([s for _, s in networks], axis=0) for f in (np.min, np.max))
    used = asked > 0
    assert (room.share[used] >= least[used] - 1e-12).all()
    assert (room.share[used] <= most[used] + 1e-12).all()
    assert (room.share[~used] == 1.0).all()


@given(st.tuples(amounts, shares), st.permutations(range(3)))
def test_order_and_split_of_networks_do_not_matter(network, order):
    mbps, share = network
    whole, parts = Room(6), Room(6)
    whole.add(mbps, share)
    for part in np.array([0.2, 0.3, 0.5])[list(order)]:
        parts.add(part * mbps, share)
    np.testing.assert_allclose(whole.share, parts.share, rtol=1e-9)


def test_what_is_not_asked_of_a_network_or_served_at_no_point():
    room = Room(2)
    room.add(np.array([np.nan, 4.0]), np.array([np.nan, np.nan]))
    assert room.share.tolist() == [1.0, 0.0]


@pytest.fixture(scope="module")
def ds(given, scenario):
    people = nm.population(nm.open_region(scenario))
    both = joined([people, nm.demand(people, province_total_gb=[TRAFFIC_GB])])
    sites = nm.synthesised_sites(both, province_stations=[60], options=SITES)
    ds = joined([both, sites])
    return joined([ds, nm.coverage(ds, options=SITES)])


def of_carriers(ds, carriers):
    return nm.capacity(ds, radio=Radio(carriers=carriers), sites=SITES)


def test_served_people_are_covered_people(ds):
    out = of_carriers(ds, 1.0)
    covered, both = ds.coverage_probability.values, out.covered_served_share.values
    known = ds.people.values > 0
    assert (both[known] <= covered[known] + 1e-7).all() and (both[known] >= 0).all()
    overloaded = np.nan_to_num(out.cell_load.values).max(axis=0) >= 1.0
    assert (both < covered)[known & overloaded].all()
    assert overloaded[known].any()


def test_without_overload_all_the_covered_are_served(ds):
    out = of_carriers(ds, 20.0)
    in_range = (np.nan_to_num(out.cell_load.values) > 0).all(axis=0)
    fine = in_range & (np.nan_to_num(out.cell_load.values) < 1.0).all(axis=0)
    np.testing.assert_allclose(
        out.covered_served_share.values[fine], ds.coverage_probability.values[fine], rtol=1e-6
    )
    assert fine.any()


@pytest.mark.skipif(JIT_OFF, reason="four solutions of the whole region")
def test_more_carriers_serve_no_fewer(ds):
    people = np.nan_to_num(ds.people.values)
    found = [
        float(np.nansum(people * of_carriers(ds, c).covered_served_share.values))
        for c in (1.0, 2.0, 4.0, 8.0)
    ]
    assert found == sorted(found)


def test_without_coverage_it_is_not_known(ds):
    bare = ds.drop_vars([v for v in ds.data_vars if "coverage" in v or "link" in v])
    assert np.isnan(of_carriers(bare, 1.0).covered_served_share.values).all()
