import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from netmodel.kernels.nearest import nearest_site
from tests import strategies
from tests.reference.nearest import nearest_by_comparison


def assert_equals_twin(index, column, row, shape):
    distance, site = nearest_site(index, column, row, shape)
    expected_distance, expected_site = nearest_by_comparison(index, column, row, shape)
    assert (distance.dtype, site.dtype) == (np.float64, np.int32)
    np.testing.assert_array_equal(distance, expected_distance)
    np.testing.assert_array_equal(site, expected_site)


@given(strategies.scattered_sites(), st.sampled_from([0.05, 0.7, 1.0]), strategies.generators())
def test_equals_brute_force(sites, share, rng):
    shape, column, row = sites
    index = np.flatnonzero(rng.random(shape[0] * shape[1]) < share)
    assert_equals_twin(index, column, row, shape)


@given(strategies.scattered_sites(max_site=20), strategies.generators())
def test_any_order_of_cells(sites, rng):
    shape, column, row = sites
    index = rng.integers(0, shape[0] * shape[1], 50)
    assert_equals_twin(index, column, row, shape)


@given(strategies.shapes(), strategies.generators())
def test_many_sites_in_a_cell(shape, rng):
    cell = rng.integers(0, shape[0] * shape[1], 3)[rng.integers(0, 3, 100)]
    column, row = cell % shape[1] + rng.random(100), cell // shape[1] + rng.random(100)
    assert_equals_twin(np.arange(shape[0] * shape[1]), column, row, shape)


@pytest.mark.parametrize("at", [(0.5, 0.5), (7.3, 20.9), (-900.0, 4.0), (1e7, -1e7)])
def test_one_site(at):
    column, row = np.array([at[0]]), np.array([at[1]])
    assert_equals_twin(np.arange(21 * 30), column, row, (21, 30))


def test_no_site():
    distance, site = nearest_site(np.arange(12), np.zeros(0), np.zeros(0), (3, 4))
    assert np.isposinf(distance).all() and (site == -1).all()


@given(strategies.generators())
def test_equally_near_sites_give_the_lowest(rng):
    """All sites are one cell from the center of the cell, in bins around it or the same."""
    column, row = np.array([12.5, 11.5, 13.5, 12.5]), np.array([11.5, 12.5, 12.5, 13.5])
    order = rng.permutation(4)
    _, site = nearest_site(np.array([12 * 30 + 12]), column[order], row[order], (30, 30))
    assert site == 0


def test_towns_and_deserts_agree_with_a_tree():
    """Sites of few towns in a wide raster, over several blocks of cells."""
    rng = np.random.default_rng(7)
    shape, town = (210, 190), rng.integers(0, 3, 3000)
    column = np.array([20.0, 60.0, 250.0])[town] + rng.normal(0.0, 4.0, 3000)
    row = np.array([30.0, 180.0, 100.0])[town] + rng.normal(0.0, 4.0, 3000)
    index = np.flatnonzero(rng.random(shape[0] * shape[1]) < 0.8)
    distance, site = nearest_site(index, column, row, shape)
    center = np.column_stack([index % shape[1], index // shape[1]]) + 0.5
    expected, nearest = cKDTree(np.column_stack([column, row])).query(center)
    np.testing.assert_allclose(distance, expected, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(site, nearest)


def test_same_bits_on_all_threads(same_bits):
    rng = np.random.default_rng(8)
    column, row = rng.uniform(0.0, 300.0, (2, 500)).round(1)
    same_bits(lambda: nearest_site(np.arange(90_000), column, row, (300, 300)))
