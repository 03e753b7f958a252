import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.distance import nearest_mark, nearest_marked
from tests import strategies


def brute_force(marked, index, limit):
    """Distances from each cell to all marks, the least of them; infinite beyond the limit."""
    cell = np.column_stack(np.unravel_index(index, marked.shape))
    marks = np.argwhere(marked)
    squared = ((cell[:, None] - marks) ** 2).sum(axis=2).min(axis=1, initial=10**9)
    return np.where(squared <= limit**2, np.sqrt(squared), np.inf).astype(np.float32)


@st.composite
def marks(draw, max_side=24):
    shape = draw(strategies.shapes(max_side))
    share = draw(st.sampled_from([0.0, 0.02, 0.2, 1.0]))
    return draw(strategies.generators()).random(shape) < share


@given(marks(), st.sampled_from([1, 2, 3, 7, 40]), strategies.generators())
def test_equals_brute_force(marked, limit, rng):
    index = np.flatnonzero(rng.random(marked.size) < 0.7)
    got = nearest_marked(marked, index, limit)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, brute_force(marked, index, limit))


@given(marks(), st.sampled_from([1, 7, 40]))
def test_the_nearest_is_named(marked, limit):
    index = np.arange(marked.size)
    distance, which = nearest_mark(marked, index, limit)
    known = which >= 0
    np.testing.assert_array_equal(known, np.isfinite(distance))
    assert marked.reshape(-1)[which[known]].all()
    (r, c), (row, column) = (np.divmod(part[known], marked.shape[1]) for part in (index, which))
    np.testing.assert_allclose(distance[known], np.hypot(r - row, c - column), rtol=1e-6)


def test_blocks_of_columns_join():
    """The columns are worked on by 512."""
    marked = np.zeros((3, 1100), bool)
    marked[0, [0, 513, 1090]] = True
    index = np.arange(2200, 3300)
    np.testing.assert_array_equal(
        nearest_marked(marked, index, 300), brute_force(marked, index, 300)
    )


@given(marks(), st.integers(1, 12))
def test_turning_the_grid_turns_the_distances(marked, limit):
    index = np.arange(marked.size)
    plain = nearest_marked(marked, index, limit).reshape(marked.shape)
    turned = nearest_marked(np.ascontiguousarray(marked.T[::-1]), index, limit)
    np.testing.assert_array_equal(turned.reshape(marked.T.shape), plain.T[::-1])


@given(marks())
def test_marks_are_at_no_distance_and_farther_limits_find_more(marked):
    index = np.arange(marked.size)
    near, far = (nearest_marked(marked, index, limit) for limit in (3, 50))
    assert (near[marked.ravel()] == 0).all() and (far >= 1)[~marked.ravel()].all()
    np.testing.assert_array_equal(near[np.isfinite(near)], far[np.isfinite(near)])
    assert (far[np.isinf(near)] > 3).all()


def test_a_window_with_a_halo_has_the_bits_of_the_whole():
    marked = np.random.default_rng(5).random((60, 70)) < 0.01
    limit, window = 9, np.s_[20:40, 15:50]
    whole = nearest_marked(marked, np.arange(marked.size), limit).reshape(marked.shape)
    cut = np.ascontiguousarray(marked[11:49, 6:59])
    part = nearest_marked(cut, np.arange(cut.size), limit).reshape(cut.shape)
    np.testing.assert_array_equal(part[9:29, 9:44], whole[window])


def test_same_bits_on_all_threads(same_bits):
    marked = np.random.default_rng(6).random((300, 1200)) < 0.001
    same_bits(lambda: [nearest_marked(marked, np.arange(marked.size), 100)])
