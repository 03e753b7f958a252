"""What a site alone covers, against the twin, and which points it is asked of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel._transmitters import transmitters
from netmodel.kernels.reach import Places, covered_alone, reached
from tests.conftest import JIT_OFF
from tests.kernels.test_server import as_twin, network, points
from tests.reference import server as twin

N_POINT = 10 if JIT_OFF else 150
FAR = np.array([1e6])


def places(xy, top=40_000.0, side=500.0):
    row = ((top - xy[1]) // side).astype(int)
    order = np.lexsort((xy[0], row))
    first = np.searchsorted(row[order], np.arange(row.max() + 2)).astype(np.int64)
    return Places(*np.ascontiguousarray(xy[:, order]), first, top, side)


def alone(table, site):
    """Rows of one site."""
    key = list(zip(table["x"], table["y"], strict=True))
    own = list(dict.fromkeys(key))[site]
    return table[[k == own for k in key]].reset_index(drop=True)


@pytest.mark.parametrize("frequency", [0.7, 2.6, 3.5])
def test_coverage_by_a_site_alone_equals_the_twin(frequency):
    table, xy = network(5, frequency, 4, two_masts_every=1000), points(6, N_POINT)
    sectors = transmitters(table)
    for site in range(4):
        ours = covered_alone(xy[0], xy[1], np.eye(2), site, sectors, -105.0)
        theirs = twin.served(xy[0], xy[1], *as_twin(alone(table, site)), twin.Terms()).coverage
        outdoors = theirs[:, twin.PLACES.index("outdoor")]
        np.testing.assert_allclose(ours, outdoors, atol=2e-4)


@given(st.integers(0, 10**6), st.floats(500.0, 30_000.0), st.floats(0.0, 0.9))
def test_pairs_are_the_points_within_reach_that_are_covered(seed, reach_m, least):
    table, xy = network(seed % 100, 2.6, 3), points(seed, 40, 20_000.0)
    sectors, at = transmitters(table), places(xy)
    sites, matrix = np.arange(3), np.repeat(np.eye(2)[np.newaxis], 3, axis=0)
    start, point, value = reached(at, sites, matrix, np.full(3, reach_m), sectors, -105.0, least)
    assert start[0] == 0 and start[-1] == point.size == value.size
    for s in range(3):
        mine = point[start[s] : start[s + 1]]
        away = np.hypot(at.x - sectors.x[s], at.y - sectors.y[s])
        near = np.flatnonzero(away <= reach_m)
        p = covered_alone(at.x, at.y, np.eye(2), s, sectors, -105.0)
        expected = near[p[near] >= least + 1e-5]
        assert set(expected) <= set(mine) <= set(near[p[near] >= least - 1e-5])
        assert (np.diff(mine) > 0).all()
        np.testing.assert_allclose(value[start[s] : start[s + 1]], p[mine], atol=2e-5)


def test_distances_are_on_the_ground():
    table, xy = network(1, 2.6, 1, two_masts_every=1000), points(2, 40, 20_000.0)
    sectors, at = transmitters(table), places(xy)
    twice = 2.0 * np.eye(2)[np.newaxis]
    _, point, _ = reached(at, np.arange(1), twice, np.array([15_000.0]), sectors, -300.0, 0.0)
    away = 2.0 * np.hypot(at.x - sectors.x[0], at.y - sectors.y[0])
    np.testing.assert_array_equal(point, np.flatnonzero(away <= 15_000.0))


def test_nobody_near_is_no_pair():
    table, xy = network(1, 2.6, 1), points(2, 5)
    sectors = transmitters(table)
    start, point, value = reached(
        places(xy), np.arange(1), np.eye(2)[np.newaxis], np.array([0.1]), sectors, -105.0, 0.0
    )
    assert start.tolist() == [0, 0] and point.size == value.size == 0
