import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.kernel_density import kernel_sums


def spread(points, ground, value, width, shape):
    out = np.zeros(shape)
    kernel_sums(
        np.array(points, float), ground, np.array(value, float), np.array(width, float), out
    )
    return out


PLAIN = np.array([[[1.0, 0.0], [0.0, 1.0]]])


@given(st.floats(20, 40), st.floats(20, 40), st.floats(0.5, 4.0), st.floats(1, 1e6))
def test_values_are_kept_inside(column, row, width, value):
    out = spread([[column, row]], PLAIN, [value], [width], (60, 60))
    np.testing.assert_allclose(out.sum(), value, rtol=1e-12)


def test_equals_the_gaussian():
    out = spread([[15.5, 15.5]], PLAIN, [1.0], [3.0], (31, 31))
    y, x = np.mgrid[0:31, 0:31] - 15.0
    twin = np.exp(-(x**2 + y**2) / 18.0) / (18.0 * np.pi)
    np.testing.assert_allclose(out[8:23, 8:23], twin[8:23, 8:23], rtol=3e-3)


def test_distances_are_those_on_the_ground():
    stretched = np.array([[[2.0, 0.0], [0.0, 1.0]]])
    out = spread([[15.5, 15.5]], stretched, [1.0], [3.0], (31, 31))
    np.testing.assert_allclose(out[15, 16], out[17, 15], rtol=1e-12)
