import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netmodel.kernels.allocation import (
    hex_density_per_km2,
    largest_remainder,
    rake,
    systematic_counts,
    water_filling,
)
from tests import strategies
from tests.oracles import assert_oracle, oracle
from tests.reference import allocation as twin

# Data of E05 (models.md, below the algorithm of section E).
E05 = {
    "weight": np.array([50_000, 20_000, 5_000, 800, 50, 0.0]) ** 0.85,
    "area": np.array([1, 2, 4, 25, 100, 500.0]),
    "cap": np.array([18.475, 7.217, 2.357, 0.3996, 0.1283, 0.0]),
}
ONE = np.zeros(6, np.int32)


def fill(weight, area, cap, total):
    group = np.zeros(len(weight), np.int32)
    kappa, expected = water_filling(
        np.asarray(weight), np.asarray(area), np.asarray(cap), group, np.array([float(total)])
    )
    return kappa[0], expected


def test_oracles():
    assert_oracle("E01", [hex_density_per_km2(d) for d in (0.25, 0.4, 0.7, 1.7, 3.0)])
    kappa, expected = fill(E05["weight"], E05["area"], E05["cap"], 40.0)
    assert_oracle("E05", [kappa])
    assert_oracle("E05b", expected)
    total = np.array([40])
    assert_oracle("E05c", largest_remainder(expected, ONE, total))
    assert_oracle("E06", largest_remainder(np.array([10.4, 7.3, 2.3]), ONE[:3], np.array([20])))
    table, error = rake(
        np.array([[40.0, 30], [35, 45]]), np.array([100.0, 50]), np.array([90.0, 60]), 1e-12, 1000
    )
    assert_oracle("E12", table.ravel())
    assert error <= 1e-12


def test_poisson_occupancy_and_stations_per_head_are_closed_forms():
    """E09, E10 and E02-E04 are arithmetic on the numbers above, not kernels."""
    assert_oracle("E10", 1 - np.exp([-2.0, -0.3]))
    assert oracle("E09")[2] == 26 * 141_000


@given(strategies.water_filling_cases())
def test_water_filling_equals_its_twin(case):
    kappa, expected = fill(*case)
    twin_kappa, twin_expected = twin.water_filling(*case)
    np.testing.assert_allclose(expected, twin_expected, rtol=1e-8, atol=1e-9 * max(case.total, 1))
    assert kappa == pytest.approx(twin_kappa, rel=1e-6) or case.total == 0


@given(strategies.water_filling_cases(), st.permutations(range(4)))
def test_groups_do_not_see_each_other(case, order):
    n = len(case.area_km2)
    weight, area, cap = (np.concatenate([np.asarray(v)] * 4) for v in case[:3])
    group = np.repeat(np.array(order, np.int32), n)
    totals = case.total * np.array([1.0, 0.5, 0.25, 0.0])
    _, expected = water_filling(weight, area, cap, group, totals)
    for block, g in enumerate(order):
        alone = fill(case.weight_per_km2, case.area_km2, case.cap_per_km2, totals[g])[1]
        np.testing.assert_array_equal(expected[block * n : (block + 1) * n], alone)


@given(strategies.water_filling_cases())
def test_more_to_place_leaves_no_cell_with_less(case):
    less = fill(*case[:3], case.total * 0.7)[1]
    more = fill(*case)[1]
    assert (more >= less * (1 - 1e-12)).all()


def test_infeasible_groups_are_nan_and_alone():
    weight, area, cap = np.ones(4), np.ones(4), np.full(4, 2.0)
    group = np.array([0, 0, 1, 1], np.int32)
    kappa, expected = water_filling(weight, area, cap, group, np.array([4.1, 3.0]))
    assert np.isnan(kappa[0]) and np.isnan(expected[:2]).all()
    assert expected[2:].tolist() == [1.5, 1.5]


def test_caps_can_be_filled_to_the_brim_and_no_group_gets_nothing():
    _, expected = fill(np.ones(3), np.ones(3), np.full(3, 2.0), 6.0)
    assert expected.tolist() == [2.0, 2.0, 2.0]
    _, none = water_filling(np.ones(1), np.ones(1), np.ones(1), ONE[:1] - 1, np.array([0.0]))
    assert none.tolist() == [0.0]


@given(strategies.allocation_groups())
def test_largest_remainder_equals_its_twin(case):
    for g, total in enumerate(case.group_total):
        assume(twin.remainder_gap(case.share[case.group == g], total) > 1e-9)
    counts = largest_remainder(*case)
    assert counts.tolist() == twin.largest_remainder_by_group(*case)


@given(strategies.allocation_groups())
def test_largest_remainder_keeps_totals_and_stays_within_one(case):
    counts = largest_remainder(*case)
    got = np.bincount(case.group, counts, case.group_total.size)
    np.testing.assert_array_equal(got, case.group_total)
    sums = np.bincount(case.group, case.share, case.group_total.size)[case.group]
    quota = np.divide(case.share, sums, out=np.zeros_like(sums), where=sums > 0)
    assert (np.abs(counts - quota * case.group_total[case.group]) < 1 + 1e-9).all()


def test_largest_remainder_leaves_out_no_group_and_breaks_ties_by_index():
    group = np.array([-1, 0, 0], np.int32)
    assert largest_remainder(np.ones(3), group, np.array([1])).tolist() == [0, 1, 0]


@given(strategies.positive_vectors(), st.integers(0, 200))
def test_systematic_counts_equal_their_twin(expected, total):
    assume(twin.rounding_gap(expected, total) > 1e-9)
    group = np.zeros(expected.size, np.int32)
    counts = systematic_counts(expected, group, np.array([total]))
    assert counts.tolist() == twin.systematic_counts(expected, total)


@given(strategies.allocation_groups())
def test_every_stretch_of_systematic_counts_is_within_one_of_its_expectation(case):
    counts = systematic_counts(*case)
    assert (counts >= 0).all()
    for g, total in enumerate(case.group_total):
        inside = case.group == g
        assert counts[inside].sum() == total
        if total:
            running = np.cumsum(case.share[inside]) / case.share[inside].sum() * total
            assert (np.abs(np.cumsum(counts[inside]) - running) <= 0.5 + 1e-9).all()


def test_rural_sites_would_vanish_if_rounded_by_cell():
    """Pitfall 24: 1,000 cells that expect 0.02 stations each hold 20 stations, not none."""
    expected, group = np.full(1000, 0.02), np.zeros(1000, np.int32)
    assert systematic_counts(expected, group, np.array([20])).sum() == 20
    assert np.rint(expected).sum() == 0


@given(strategies.generators(), st.integers(1, 5), st.integers(1, 5))
def test_raking_keeps_margins_and_interactions(rng, rows, columns):
    seed = rng.uniform(0.5, 5.0, (rows, columns))
    row_total = rng.uniform(1.0, 9.0, rows)
    column_total = rng.uniform(1.0, 9.0, columns)
    column_total *= row_total.sum() / column_total.sum()
    table, error = rake(seed, row_total, column_total, 1e-12, 10_000)
    assert error <= 1e-12
    np.testing.assert_allclose(table, twin.rake(seed, row_total, column_total), rtol=1e-8)


def test_raking_says_where_it_cannot():
    """A positive margin meets an all-zero row (models.md E 6)."""
    _, error = rake(np.array([[0.0, 0], [1, 1]]), np.ones(2), np.ones(2), 1e-8, 100)
    assert np.isnan(error)
