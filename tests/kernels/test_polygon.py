import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.polygon import polygon_shares

SHAPE = (4, 5)
EVERY = np.arange(20)
SQUARE = np.array([(0.5, 0.5), (4.25, 0.5), (4.25, 3.0), (0.5, 3.0), (0.5, 0.5)])
HOLE = np.array([(1.0, 1.0), (2.5, 1.0), (2.5, 2.0), (1.0, 2.0), (1.0, 1.0)])


def shares(rings, holes, cell=EVERY):
    start = np.cumsum([0, *map(len, rings)])
    ends = np.array([0, len(rings)]), np.asarray(cell), np.array([0, len(cell)])
    return polygon_shares(np.concatenate(rings), start, np.array(holes), *ends, SHAPE)


def square_by_hand():
    across, down = np.array([0.5, 1, 1, 1, 0.25]), np.array([0.5, 1, 1, 0])
    return np.outer(down, across)


@pytest.mark.parametrize("turned", [False, True])
def test_rings_may_run_either_way(turned):
    expected = square_by_hand()
    expected[1, 1:3] -= 1.0, 0.5
    rings = [ring[::-1] if turned else ring for ring in (SQUARE, HOLE)]
    assert shares(rings, [False, True]).reshape(SHAPE).tolist() == expected.tolist()


def test_only_listed_cells_are_given_and_the_others_change_nothing():
    listed = np.array([0, 2, 6, 9, 13])
    expected = square_by_hand().reshape(-1)[listed]
    assert shares([SQUARE], [False], listed).tolist() == expected.tolist()


@given(st.integers(0, 2**32 - 1), st.floats(-8, 8), st.floats(-8, 8))
def test_triangles_in_and_beyond_the_frame_have_their_area(seed, right, down):
    """A moved triangle and what a wide frame has of it; the area by its corners."""
    points = np.random.default_rng(seed).uniform(0.0, 1.0, (3, 2)) * [5, 4]
    ring = np.vstack([points, points[:1]])
    (x0, y0), (x1, y1), (x2, y2) = points
    area = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
    found = shares([ring], [False])
    assert found.sum() == pytest.approx(area, abs=1e-10)
    assert ((found >= 0) & (found <= 1)).all()
    moved = shares([ring + [round(right), round(down)]], [False]).reshape(SHAPE)
    wide = np.zeros((40, 50))
    wide[18:22, 20:25] = found.reshape(SHAPE)
    seen = wide[18 - round(down) : 22 - round(down), 20 - round(right) : 25 - round(right)]
    np.testing.assert_allclose(moved, seen, atol=1e-11)
