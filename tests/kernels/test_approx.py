"""The errors that the approximations of the block kernels claim, over dense ranges."""

import math

import numba
import numpy as np

from netmodel.kernels.approx import acos_f32, atan_f32, exp2_f32, log2_f32, normal_cdf_f32
from tests.conftest import JIT_OFF

N = 3000 if JIT_OFF else 3_000_000


def looped(function):
    """A float32 function over an array, compiled in a loop as the block kernels do."""
    fast = {"nsz", "arcp", "contract", "afn", "reassoc"}

    @numba.njit(error_model="numpy", fastmath=fast)
    def over(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    def call(x):
        out = np.empty(x.size, np.float32)
        over(x, out)
        return out.astype(np.float64)

    return call


def line(low, high, *more):
    """Evenly spread float32 numbers, and some that matter."""
    return np.append(np.linspace(low, high, N), more).astype(np.float32)


def test_log2():
    x = np.exp2(line(-60.0, 60.0, *range(-60, 61)).astype(np.float64)).astype(np.float32)
    # Around one and around where a mantissa is folded, too.
    x = np.concatenate([x, line(0.5, 2.0, 1.0, math.sqrt(0.5), math.sqrt(2.0))])
    x = np.concatenate([x, np.nextafter(x[-4:], np.float32(0)), np.nextafter(x[-4:], x[-4:] + 1)])
    exact = np.log2(x.astype(np.float64))
    error = np.abs(looped(log2_f32)(x) - exact)
    assert error.max() <= 2.3e-6


def test_exp2():
    x = line(-126.0, 0.0, *np.arange(-126.0, 1.0), *np.arange(-125.5, 0.5))
    x = np.append(x, np.nextafter(x[-300:], np.float32(-200.0))).astype(np.float32)
    x = np.maximum(x, np.float32(-126.0))
    exact = np.exp2(x.astype(np.float64))
    assert (np.abs(looped(exp2_f32)(x) / exact - 1.0)).max() <= 3e-7


def test_exp2_at_its_ends():
    found = looped(exp2_f32)(np.array([0.0, -0.0, -126.0, -126.5, -1e30], np.float32))
    np.testing.assert_allclose(found[:2], 1.0, rtol=3e-7)
    np.testing.assert_allclose(found[2:], 2.0**-126, rtol=3e-7)
    assert (found > 0.0).all()


def test_acos():
    near = np.float32(1.0) - np.exp2(line(-24.0, 0.0)).astype(np.float32)
    x = np.concatenate([line(-1.0, 1.0, -1.0, 0.0, -0.0, 1.0), near, -near])
    exact = np.arccos(x.astype(np.float64))
    assert np.abs(looped(acos_f32)(x) - exact).max() <= 5e-7


def test_acos_beyond_its_range_is_that_of_the_end():
    x = np.array([1.0000001, 1.5, -1.0000001, -1.5], np.float32)
    np.testing.assert_allclose(looped(acos_f32)(x), [0.0, 0.0, np.pi, np.pi], atol=5e-7)


def test_atan():
    x = np.exp2(line(-40.0, 40.0, 0.0).astype(np.float64)).astype(np.float32)
    x = np.concatenate([[np.float32(0.0)], x, line(0.0, 4.0, 1.0)])
    exact = np.arctan(x.astype(np.float64))
    assert np.abs(looped(atan_f32)(x) - exact).max() <= 4e-7


def test_normal_distribution():
    x = line(-12.0, 12.0, 0.0, -0.0, -9.0, 9.0)
    exact = np.array([0.5 * math.erfc(-v / math.sqrt(2.0)) for v in x.astype(np.float64)])
    assert np.abs(looped(normal_cdf_f32)(x) - exact).max() <= 3e-7


def test_normal_distribution_far_out():
    found = looped(normal_cdf_f32)(np.array([-1e30, -1e4, -40.0, 40.0, 1e4, 1e30], np.float32))
    assert (np.abs(found[:3]) <= 1e-18).all() and (found[:3] >= 0.0).all()
    np.testing.assert_array_equal(found[3:], 1.0)
