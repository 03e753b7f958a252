import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.spread import gather, spread
from tests import strategies

DTYPES = st.sampled_from([np.float32, np.int16])


@st.composite
def cells(draw):
    """A shape, and increasing flat indices in it."""
    shape = draw(strategies.shapes())
    share = draw(st.sampled_from([0.0, 0.3, 1.0]))
    return shape, np.flatnonzero(draw(strategies.generators()).random(shape) < share)


@given(cells(), DTYPES, st.sampled_from([0.0, -1.0]), strategies.generators())
def test_spread_equals_numpy(where, dtype, fill, rng):
    shape, index = where
    value = rng.uniform(-100, 100, index.size).astype(dtype)
    expected = np.full(shape, fill, dtype)
    expected.ravel()[index] = value
    out = np.ones(shape, dtype)
    spread(out, index, value, fill)
    np.testing.assert_array_equal(out, expected)


@given(cells(), DTYPES, strategies.generators())
def test_gather_equals_numpy_and_undoes_spread(where, dtype, rng):
    shape, index = where
    layer = rng.uniform(-100, 100, shape).astype(dtype)
    out = np.empty(index.size, dtype)
    gather(out, layer, index)
    np.testing.assert_array_equal(out, layer.ravel()[index])
    again = np.empty(shape, dtype)
    spread(again, index, out, 0.0)
    back = np.empty_like(out)
    gather(back, again, index)
    np.testing.assert_array_equal(back, out)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cells_of_no_value_are_nan(dtype):
    out = np.empty((2, 3), dtype)
    spread(out, np.array([1, 5]), np.array([7.0, np.nan]), np.nan)
    expected = np.full((2, 3), np.nan)
    expected[0, 1] = 7.0
    np.testing.assert_array_equal(out, expected)


def test_values_are_cast_to_the_layer():
    out = np.empty((1, 3), np.float32)
    spread(out, np.array([0, 2]), np.array([0.1, 1e10]), 0.0)
    np.testing.assert_array_equal(out, np.array([[0.1, 0.0, 1e10]], np.float32))
    wide = np.empty(2)
    gather(wide, out, np.array([2, 0]))
    assert wide.tolist() == [float(np.float32(1e10)), float(np.float32(0.1))]


def test_same_bits_on_all_threads(same_bits):
    rng = np.random.default_rng(8)
    index, value = np.flatnonzero(rng.random((300, 400)) < 0.3), rng.random(120_000)

    def call():
        layer, back = np.empty((300, 400), np.float32), np.empty(index.size)
        spread(layer, index, value[: index.size], np.nan)
        gather(back, layer, index)
        return layer, back

    same_bits(call)
