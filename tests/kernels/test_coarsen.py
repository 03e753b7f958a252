import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.coarsen import block_greatest, block_means, block_sums
from tests import strategies

STEP = st.integers(1, 7)


def by_block(step, value, function):
    """A function of the blocks (..., row, column) of a layer, those at the far edges cut."""
    rows, columns = value.shape[-2:]
    return np.array(
        [
            [function(value[..., r : r + step, c : c + step]) for c in range(0, columns, step)]
            for r in range(0, rows, step)
        ]
    )


@st.composite
def layers(draw):
    """One to three layers with gaps, and the cells that count."""
    shape = (draw(st.integers(1, 3)), *draw(strategies.shapes(12)))
    rng = draw(strategies.generators())
    value = rng.uniform(-5, 5, shape).astype(np.float32)
    value[rng.random(shape) < draw(st.sampled_from([0.0, 0.5, 1.0]))] = np.nan
    return value, rng.random(shape[1:]) < draw(st.sampled_from([0.3, 1.0]))


def greatest_known(value, wanted):
    """The greatest layer of each cell that counts, NaN elsewhere."""
    known = np.where(np.isnan(value), -np.inf, value).max(axis=0)
    return np.where(wanted & np.isfinite(known), known, np.nan).astype(float)


def among_known(function):
    def of(block):
        known = block[~np.isnan(block)]
        return function(known) if known.size else np.nan

    return of


@given(strategies.populations(), STEP)
def test_equals_its_twin_and_loses_nobody(people, step):
    value = people.astype(np.float32)
    out = block_sums(value, step)
    expected = by_block(step, value, lambda block: np.nansum(block, dtype=float))
    np.testing.assert_allclose(out, expected, rtol=1e-12)
    np.testing.assert_allclose(out.sum(), np.nansum(value, dtype=float), rtol=1e-12)


@given(layers(), STEP)
def test_means_equal_their_twin(case, step):
    with np.errstate(invalid="ignore"):  # none over none, where the kernel is not compiled
        out = block_means(*case, step)
    expected = by_block(step, greatest_known(*case), among_known(np.mean))
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)


@given(layers(), STEP)
def test_greatest_equals_its_twin(case, step):
    out = block_greatest(*case, step)
    expected = by_block(step, greatest_known(*case), among_known(np.max))
    np.testing.assert_array_equal(out, expected)


@given(layers())
def test_single_cells_are_themselves(case):
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(block_means(*case, 1), greatest_known(*case))
    np.testing.assert_array_equal(block_greatest(*case, 1), greatest_known(*case))


def test_cells_that_do_not_count_change_nothing():
    value = np.array([[[1.0, 2.0, 9.0], [3.0, np.nan, np.nan]]], np.float32)
    wanted = np.array([[True, True, False], [True, True, True]])
    with np.errstate(invalid="ignore"):
        means = block_means(value, wanted, 2)
    np.testing.assert_array_equal(means, [[2.0, np.nan]])
    np.testing.assert_array_equal(block_greatest(value, wanted, 2), [[3.0, np.nan]])


@pytest.mark.parametrize("kernel", [block_means, block_greatest])
def test_same_bits_on_all_threads(same_bits, kernel):
    rng = np.random.default_rng(9)
    value = rng.random((2, 300, 410)).astype(np.float32)
    value[rng.random(value.shape) < 0.3] = np.nan
    wanted = rng.random(value.shape[1:]) < 0.5
    same_bits(lambda: [kernel(value, wanted, 7), block_sums(value[0], 7)])
