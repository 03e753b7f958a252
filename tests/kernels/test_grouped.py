"""Sums and quantiles by group, against pandas."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.grouped import by_group, grouped_quantile, grouped_sums
from tests import strategies
from tests.oracles import assert_oracle


@st.composite
def items(draw, max_group=6, max_item=60):
    """Number of groups, group of each item (-1 is none), values and weights."""
    rng, n_group = draw(strategies.generators()), draw(st.integers(1, max_group))
    n = draw(st.integers(0, max_item))
    group = rng.integers(-1, n_group, n, dtype=np.int32)
    return n_group, group, rng.uniform(-5, 50, n), rng.uniform(0, 3, n) * (rng.random(n) < 0.8)


@given(items())
def test_items_keep_their_order(case):
    n_group, group, _, _ = case
    start, order = by_group(group, n_group)
    assert start[0] == 0 and start[-1] == order.size == (group >= 0).sum()
    for g in range(n_group):
        assert order[start[g] : start[g + 1]].tolist() == np.flatnonzero(group == g).tolist()


@given(items())
def test_sums_are_those_of_pandas(case):
    n_group, group, value, _ = case
    found = grouped_sums(*by_group(group, n_group), value)
    expected = pd.Series(value).groupby(group).sum().reindex(range(n_group), fill_value=0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@given(items(), st.floats(0.01, 0.99))
def test_quantiles_are_steps_of_the_cumulated_weight(case, share):
    n_group, group, value, weight = case
    found = grouped_quantile(*by_group(group, n_group), value, weight, share)
    table = pd.DataFrame({"value": value, "weight": weight, "group": group}).sort_values("value")
    for g in range(n_group):
        own = table[table["group"] == g]
        reached = own["weight"].cumsum() >= share * own["weight"].sum() * (1 - 1e-12)
        if own["weight"].sum() > 0:
            assert found[g] == own["value"][reached].iloc[0]
        else:
            assert np.isnan(found[g])


def test_quantile_oracle():
    rates = np.array([5.0, 12, 20, 45, 60, 80, 120, 150, 200, 300])
    weights = np.array([4.0, 6, 10, 20, 20, 15, 10, 8, 5, 2])
    turn = np.random.default_rng(1).permutation(20)
    value, weight = np.tile(rates, 2)[turn], np.tile(weights, 2)[turn]
    group = np.repeat(np.array([1, 0], np.int32), 10)[turn]
    value[group == 0] *= 2.0
    double, single = grouped_quantile(*by_group(group, 2), value, weight, 0.05)
    assert_oracle("C22", [single])
    assert double == pytest.approx(2 * single)


def test_same_bits_on_one_thread_and_all(same_bits):
    rng = np.random.default_rng(2)
    group = rng.integers(-1, 300, 20_000, dtype=np.int32)
    value, weight = rng.random((2, 20_000))
    start, order = by_group(group, 300)
    same_bits(
        lambda: (
            grouped_sums(start, order, value),
            grouped_quantile(start, order, value, weight, 0.05),
        )
    )
