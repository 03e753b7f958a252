import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netmodel.intake.sites import clusters
from tests.reference.cluster import distances, leader_of_each


def points(seed, n, south, spread):
    rng = np.random.default_rng(seed)
    lat = south + rng.uniform(0, spread, n)
    lon = -3.0 + rng.uniform(0, spread, n) / np.cos(np.radians(south))
    return lon, lat, rng.integers(0, 3, n), rng.integers(1, 4, n).astype(float)


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 60),
    south=st.sampled_from([-60.0, -0.01, 0.0, 35.0, 68.0]),
    spread=st.sampled_from([0.002, 0.01, 0.1]),
    reach=st.sampled_from([5.0, 100.0, 1000.0]),
)
def test_equals_the_twin(seed, n, south, spread, reach):
    lon, lat, group, weight = points(seed, n, south, spread)
    apart = distances(lon, lat)
    # Lengths of degrees are those at the leader, right to some 1e-4 over a kilometer.
    assume(not ((apart > 0.999 * reach) & (apart < 1.001 * reach)).any())
    found = clusters(lon, lat, group, weight, reach)
    assert found.tolist() == leader_of_each(lon, lat, group, weight, reach)


@given(seed=st.integers(0, 10_000), reach=st.floats(0.0, 500.0))
def test_members_are_in_reach_and_leaders_are_not(seed, reach):
    lon, lat, group, weight = points(seed, 80, 48.0, 0.01)
    found = clusters(lon, lat, group, weight, reach)
    apart = distances(lon, lat)
    assert (apart[np.arange(80), found] <= reach * 1.001 + 1e-6).all()
    assert (group[found] == group).all() and (found[found] == found).all()
    leaders = np.unique(found)
    close = apart[np.ix_(leaders, leaders)] < 0.999 * reach
    same = group[leaders][:, None] == group[leaders]
    assert not (close & same & ~np.eye(leaders.size, dtype=bool)).any()


@given(seed=st.integers(0, 10_000))
def test_order_of_the_rows_does_not_matter(seed):
    lon, lat, group, weight = points(seed, 50, 48.0, 0.01)
    found = clusters(lon, lat, group, weight, 150.0)
    order = np.random.default_rng(seed).permutation(50)
    again = clusters(lon[order], lat[order], group[order], weight[order], 150.0)
    assert order[again].tolist() == found[order].tolist()


@pytest.mark.parametrize("reach", [0.0, 50.0])
def test_copies_are_one_site(reach):
    lon, lat = np.full(1000, 116.4), np.full(1000, 39.9)
    found = clusters(lon, lat, np.zeros(1000, np.int64), np.ones(1000), reach)
    assert np.unique(found).size == 1


def test_a_chain_of_near_points_does_not_grow():
    # 60 m apart over 6 km: a chain within 100 m of each other, no mast of 6 km.
    lon, lat = np.arange(100) * 60.0 / 111_319.5, np.zeros(100)
    found = clusters(lon, lat, np.zeros(100, np.int64), np.ones(100), 100.0)
    assert np.unique(found).size == 50
