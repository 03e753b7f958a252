import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.economics import (
    annuity_factor,
    capital_recovery_factor,
    cost_per_unit,
    equivalent_annual_cost,
    eroded_price,
    present_cost,
    replaced_capex,
)
from netmodel.presets import LIFE_YEARS, UNIT_COSTS
from tests.oracles import assert_oracle
from tests.reference import energy as twin

RATE = st.floats(1e-4, 0.5)
YEARS = st.integers(1, 40)
MONEY = st.floats(0, 1e6)


def test_oracles():
    assert_oracle("J01", [annuity_factor(0.08, 10.0), capital_recovery_factor(0.08, 10.0)])
    cost = present_cost(200.0, 45.0, 0.08, 10.0, False, 0.0)
    assert_oracle("J02", [cost])
    assert_oracle("J02b", [present_cost(200.0, 45.0, 0.08, 10.0, True, 0.0)])
    assert_oracle(
        "J03", [cost_per_unit(np.array([1e3 * cost]), np.array([n]))[0][0] for n in (3000.0, 300.0)]
    )
    assert_oracle("J04", [equivalent_annual_cost(cost, 0.08, 10.0)])
    assert_oracle("J11", [replaced_capex(200.0, 0.08, life, 10.0, 0.0) for life in (7.0, 10.0)])
    assert_oracle("J12", [eroded_price(price, 0.1, 5.0) for price in (1.0, 200.0)])


def test_the_average_hides_the_last_tier():
    """J10; the row gives results only: these round costs and people give them."""
    each, so_far = cost_per_unit(np.array([100.0, 150, 400, 900]), np.array([50.0, 20, 10, 3]))
    assert_oracle("J10", [*each, so_far[-1]])
    assert so_far[0] == each[0]
    assert so_far[-1] < each[-1] / 16


@given(RATE, YEARS)
def test_annuity_equals_its_twin(rate, n_year):
    assert annuity_factor(rate, float(n_year)) == pytest.approx(
        twin.annuity_factor(rate, n_year), rel=1e-12
    )
    assert capital_recovery_factor(rate, float(n_year)) == pytest.approx(
        twin.capital_recovery_factor(rate, n_year), rel=1e-12
    )


@given(YEARS, st.floats(0, 1e-9))
def test_annuity_at_no_interest_is_the_number_of_years(n_year, rate):
    assert annuity_factor(0.0, float(n_year)) == n_year
    assert annuity_factor(rate, float(n_year)) == pytest.approx(n_year, rel=1e-7)


@given(MONEY, MONEY, RATE, YEARS, st.booleans(), MONEY)
def test_present_cost_equals_its_twin(capex, opex, rate, n_year, opex_at_start, residual):
    got = present_cost(capex, opex, rate, float(n_year), opex_at_start, residual)
    expected = twin.npv_cost(capex, opex, rate, n_year, opex_at_start, residual)
    assert got == pytest.approx(expected, rel=1e-11, abs=1e-6)
    yearly = equivalent_annual_cost(got, rate, float(n_year))
    assert yearly == pytest.approx(
        twin.equivalent_annual_cost(expected, rate, n_year), rel=1e-9, abs=1e-6
    )
    # Paying it at the end of each year has the same present value.
    assert present_cost(0.0, yearly, rate, float(n_year), False, 0.0) == pytest.approx(
        got, rel=1e-9, abs=1e-6
    )


@given(MONEY, RATE, st.integers(1, 20), YEARS)
def test_replacement_equals_its_twin(capex, rate, life, n_year):
    got = replaced_capex(capex, rate, float(life), float(n_year), 0.0)
    assert got == pytest.approx(twin.replaced_capex(capex, rate, life, n_year), rel=1e-12)


@given(MONEY, RATE, st.integers(1, 20), YEARS, st.floats(0, 0.5))
def test_a_falling_price_discounts_like_interest(capex, rate, life, n_year, fall):
    """(1 - e) / (1 + r) is 1 / (1 + r') of some rate r'."""
    got = replaced_capex(capex, rate, float(life), float(n_year), fall)
    together = (1 + rate) / (1 - fall) - 1
    assert got == pytest.approx(replaced_capex(capex, together, float(life), float(n_year), 0.0))
    assert eroded_price(capex, fall, float(n_year)) == pytest.approx(
        twin.eroded_price(capex, fall, n_year), rel=1e-12
    )


def test_a_tier_that_adds_nobody_costs_without_end():
    with np.errstate(divide="ignore"):  # where the kernel is not compiled
        each, so_far = cost_per_unit(np.array([10.0, 5.0, 0.0]), np.array([2.0, 0.0, 1.0]))
    assert each.tolist() == [5.0, np.inf, 0.0]
    assert so_far.tolist() == [5.0, 7.5, 5.0]


def test_unit_costs_are_ranges_about_their_mode():
    assert all(0 < c.low <= c.mode <= c.high and c.unit for c in UNIT_COSTS.values())
    macro = [UNIT_COSTS[name].mode / 1e3 for name in ("macro_capex", "macro_opex")]
    rate = UNIT_COSTS["discount_rate"].mode
    assert_oracle("J02", [present_cost(*macro, rate, 10.0, False, 0.0)])
    capex = replaced_capex(macro[0], rate, LIFE_YEARS["active"], 10.0, 0.0)
    assert_oracle("J11", [capex, macro[0]])
