import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from netmodel.kernels.regrid import share_patches
from tests import strategies
from tests.reference import regrid as twin

METERS = CRS.from_epsg(3035)
TARGET = Affine(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def share(affine, count, shape):
    row, column = np.meshgrid(
        np.arange(count.shape[0] + 1.0), np.arange(count.shape[1] + 1.0), indexing="ij"
    )
    x = affine.a * column + affine.b * row + affine.c
    y = affine.d * column + affine.e * row + affine.f
    out, known = np.zeros(shape), np.zeros(shape, bool)
    rows, columns = (np.arange(n + 1) for n in count.shape)
    outside = share_patches(np.stack([x, y]), rows, columns, count, out, known, np.inf)
    return out, known, outside


@given(
    strategies.populations(max_side=5),
    strategies.affines(min_cell=0.2, max_cell=4.0, max_offset=10.0),
)
def test_equals_polygon_intersections(people, affine):
    out, known, outside = share(affine, people, (9, 8))
    expected = twin.split_counts(people, affine[:6], METERS, TARGET[:6], METERS, (9, 8))
    scale = max(np.nansum(people), 1e-300)
    np.testing.assert_allclose(out / scale, np.nan_to_num(expected) / scale, atol=1e-9)
    assert (known | (out == 0.0)).all()
    assert out.sum() + outside == pytest.approx(np.nansum(people), rel=1e-12)


@given(strategies.populations(max_side=6, gaps=False), st.integers(1, 7))
def test_each_source_cell_is_kept(people, ratio):
    shape = tuple(ratio * n for n in people.shape)
    out, known, outside = share(Affine.scale(ratio), people, shape)
    blocks = out.reshape(people.shape[0], ratio, people.shape[1], ratio).sum(axis=(1, 3))
    np.testing.assert_allclose(blocks, people, rtol=1e-12)
    assert outside == 0.0 and known.all()


def test_small_cells_far_from_the_origin_keep_their_digits():
    affine = Affine.translation(4_000.37, 4_000.11) @ Affine.rotation(13) @ Affine.scale(0.01)
    people = np.ones((60, 60))
    out, _, _ = share(affine, people, (4_010, 4_010))
    assert out.sum() == pytest.approx(3600.0, rel=1e-12)


def test_resampling_by_the_mean_would_lose_people():
    """K07: 4 cells of 250 people onto one cell are 1,000 people, not 250."""
    out, _, _ = share(Affine.scale(0.5), np.full((2, 2), 250.0), (1, 1))
    assert out[0, 0] == 1000.0


def test_no_data_is_left_out_and_marked():
    out, known, _ = share(Affine.scale(1.0), np.array([[1.0, np.nan], [0.0, 2.0]]), (2, 2))
    assert out.tolist() == [[1.0, 0.0], [0.0, 2.0]]
    assert known.tolist() == [[True, False], [True, True]]


def nodes(affine, at_row, at_column):
    row, column = np.meshgrid(at_row, at_column, indexing="ij")
    return np.stack(
        [
            affine.a * column + affine.b * row + affine.c,
            affine.d * column + affine.e * row + affine.f,
        ]
    ).astype(float)


@given(
    strategies.populations(max_side=9),
    strategies.affines(min_cell=0.2, max_cell=2.0, max_offset=10.0),
    st.integers(-3, 0),
    st.integers(2, 4),
)
def test_corners_between_nodes_are_bilinear(people, affine, first, step):
    """An affine map is bilinear, so that nodes anywhere give what all corners give."""
    at_row = np.arange(first, people.shape[0] + step, step)
    at_column = np.arange(first, people.shape[1] + step, step)
    out, known = np.zeros((9, 8)), np.zeros((9, 8), bool)
    node = nodes(affine, at_row, at_column)
    outside = share_patches(node, at_row, at_column, people, out, known, np.inf)
    exact, exact_known, exact_outside = share(affine, people, out.shape)
    scale = max(np.nansum(people), 1e-300)
    np.testing.assert_allclose(out / scale, exact / scale, atol=1e-9)
    assert outside == pytest.approx(exact_outside, rel=1e-9, abs=1e-9 * scale)
    assert known[exact > 1e-6 * scale].all() and not known[~exact_known & (exact > 0)].any()


def test_an_empty_patch_marks_the_cells_under_it():
    at = np.array([0, 4, 8])
    out, known = np.zeros((5, 5)), np.zeros((5, 5), bool)
    people = np.zeros((8, 8))
    people[4:, 4:] = np.nan
    share_patches(nodes(Affine.scale(0.5), at, at), at, at, people, out, known, np.inf)
    expected = np.zeros((5, 5), bool)
    expected[:4, :4] = True
    expected[2:4, 2:4] = False
    np.testing.assert_array_equal(known, expected)


@pytest.mark.parametrize("column", [np.nan, 50.0])
@pytest.mark.parametrize("corner", range(8))
def test_cells_that_are_torn_are_outside(corner, column):
    node = nodes(Affine.scale(1.0), [0, 1], [0, 1])
    node.flat[corner] = column
    at, out, known = np.array([0, 1]), np.zeros((60, 60)), np.zeros((60, 60), bool)
    assert share_patches(node, at, at, np.array([[7.0]]), out, known, 40.0) == 7.0
    assert not known.any()
