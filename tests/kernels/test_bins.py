import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.bins import bin_index
from tests import strategies


def bins_by_hand(column, row, side, shape):
    """A list of sites per bin, filled site by site."""
    n_row, n_column = (math.ceil(cells / side) for cells in shape)
    bins = [[] for _ in range(n_row * n_column)]
    for k, (x, y) in enumerate(zip(column, row, strict=True)):
        i = min(max(math.floor(y / side), 0), n_row - 1)
        j = min(max(math.floor(x / side), 0), n_column - 1)
        bins[i * n_column + j].append(k)
    return bins


@given(strategies.scattered_sites(), st.integers(1, 30))
def test_bins_equal_lists_filled_by_hand(sites, side):
    shape, column, row = sites
    start, order = bin_index(column, row, side, shape)
    bins = bins_by_hand(column, row, side, shape)
    assert start.dtype == order.dtype == np.int32
    np.testing.assert_array_equal(start, np.cumsum([0] + [len(b) for b in bins]))
    np.testing.assert_array_equal(order, [k for b in bins for k in b])


@given(strategies.scattered_sites(), st.integers(1, 30))
def test_every_site_is_in_one_bin(sites, side):
    shape, column, row = sites
    start, order = bin_index(column, row, side, shape)
    assert (start[0], start[-1]) == (0, column.size)
    np.testing.assert_array_equal(np.sort(order), np.arange(column.size))


def test_corners_belong_to_the_bin_after_them_and_the_far_edge_to_the_last():
    column, row = np.array([0.0, 4.0, 7.9, 8.0, 10.0, 99.0]), np.zeros(6)
    start, order = bin_index(column, row, 4, (1, 10))
    assert start.tolist() == [0, 1, 3, 6] and order.tolist() == [0, 1, 2, 3, 4, 5]
