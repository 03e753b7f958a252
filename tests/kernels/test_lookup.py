import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import interpn

from netmodel.kernels.lookup import (
    Axes,
    cube_values,
    curve_value,
    curve_values,
    position,
    table_value,
)
from tests import strategies
from tests.reference import load as twin

ISD_M = np.array([250.0, 500.0, 1000.0, 1732.0, 3000.0, 5000.0])


@st.composite
def axes(draw):
    """Increasing axes of two to eight points."""
    steps = draw(st.lists(st.floats(0.01, 10), min_size=1, max_size=7))
    return draw(st.floats(-5, 5)) + np.cumsum([0.0, *steps])


@st.composite
def places(draw, axis):
    """On, between and beyond the points of an axis."""
    return draw(st.sampled_from(list(axis)) | st.floats(axis[0] - 5, axis[-1] + 5))


@given(axes(), st.data())
def test_position_lies_in_the_interval(axis, data):
    at = data.draw(places(axis))
    i, share = position(axis, at)
    assert 0 <= i <= axis.size - 2 and 0 <= share <= 1
    held = min(max(at, axis[0]), axis[-1])
    assert axis[i] + share * (axis[i + 1] - axis[i]) == pytest.approx(held, abs=1e-12)


@given(axes(), strategies.generators(), st.data())
def test_curve_equals_numpy(axis, rng, data):
    curve, at = rng.random(axis.size), data.draw(places(axis))
    assert curve_value(curve, axis, at) == pytest.approx(np.interp(at, axis, curve), abs=1e-12)


@given(
    st.floats(100, 9000) | st.sampled_from(list(ISD_M)), st.floats(0, 1), strategies.generators()
)
def test_table_equals_its_twin(isd_m, load, rng):
    """Bilinear in the logarithm of the distance and in the load."""
    table = rng.random((6, 11))
    i, share = position(np.log(ISD_M), math.log(isd_m))
    expected = twin.efficiency_lookup(isd_m, load, ISD_M, np.linspace(0, 1, 11), table)
    assert table_value(table, i, share, load) == pytest.approx(expected, abs=1e-11)


@given(strategies.generators(), st.floats(0, 1), st.integers(2, 12))
def test_table_holds_its_ends_and_hits_its_points(rng, share, n_load):
    table = rng.random((3, n_load))
    row = table[1] * (1 - share) + table[2] * share
    got = [table_value(table, 1, share, k / (n_load - 1)) for k in range(n_load)]
    np.testing.assert_allclose(got, row, atol=1e-12)
    assert table_value(table, 1, share, -0.5) == got[0]
    assert table_value(table, 1, share, 1.5) == got[-1]


@given(axes(), strategies.generators(), st.integers(0, 30))
def test_curves_are_those_of_the_classes(axis, rng, size):
    curves, settlement = rng.random((3, axis.size)), rng.integers(0, 3, size, dtype=np.int8)
    at = rng.uniform(axis[0] - 1, axis[-1] + 1, size)
    expected = [np.interp(x, axis, curves[s]) for x, s in zip(at, settlement, strict=True)]
    np.testing.assert_allclose(curve_values(settlement, at, axis, curves), expected, atol=1e-12)


def test_unknown_places_stay_unknown():
    """And change nothing else."""
    axis, curves = np.array([0.0, 1.0, 2.0]), np.array([[3.0, 4.0, 5.0]])
    got = curve_values(np.zeros(3, np.int8), np.array([0.5, np.nan, 1.5]), axis, curves)
    assert got[[0, 2]].tolist() == [3.5, 4.5] and np.isnan(got[1])


def test_same_bits_on_all_threads(same_bits):
    rng = np.random.default_rng(3)
    axis, curves = np.log(ISD_M), rng.random((5, 6))
    settlement, at = rng.integers(0, 5, 50_000, dtype=np.int8), rng.uniform(5, 9, 50_000)
    same_bits(lambda: [curve_values(settlement, at, axis, curves)])


@given(strategies.generators())
def test_cubes_are_interpolated_on_three_axes(rng):
    axes = Axes(*(np.cumsum(rng.uniform(0.1, 2.0, n)) for n in (3, 2, 4)))
    tables = rng.uniform(-5.0, 5.0, (2, 3, 2, 4, 3))
    settlement = rng.integers(0, 2, 20).astype(np.int8)
    at = tuple(rng.uniform(axis[0] - 1.0, axis[-1] + 1.0, 20) for axis in axes)
    found = cube_values(settlement, at, axes, tables)
    held = np.stack([np.clip(v, axis[0], axis[-1]) for v, axis in zip(at, axes, strict=True)])
    for k in range(20):
        expected = interpn(axes, tables[settlement[k]], held[:, k])
        np.testing.assert_allclose(found[k], expected[0], atol=1e-5)
