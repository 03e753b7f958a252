import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, kron

from netmodel.kernels.location import greedy_median, interchanged_median
from tests import strategies
from tests.facility import pmed, san_francisco
from tests.reference import location as twin


@st.composite
def instances(draw, max_place=7, max_client=9):
    """Whole costs (place, client), of which some are equal, and how many places to open."""
    rng = draw(strategies.generators())
    n_place, n_client = draw(st.integers(1, max_place)), draw(st.integers(1, max_client))
    cost = rng.integers(0, draw(st.sampled_from([3, 1000])), (n_place, n_client)).astype(float)
    return cost, draw(st.integers(1, n_place))


@given(instances())
def test_choices_equal_their_twins(instance):
    cost, count = instance
    opened = greedy_median(cost, count)
    assert opened.tolist() == twin.greedy_median(cost.tolist(), count)
    swapped, total = interchanged_median(cost, opened)
    expected, expected_total = twin.interchanged_median(cost.tolist(), opened.tolist())
    assert total == expected_total
    assert swapped.tolist() == expected


@given(instances())
def test_no_single_swap_saves_anything(instance):
    cost, count = instance
    start = np.arange(count)
    opened, total = interchanged_median(cost, start)
    assert start.tolist() == list(range(count))  # what was given is left alone
    assert len(set(opened.tolist())) == count
    assert total == twin.median_cost(cost.tolist(), opened)
    assert total <= twin.median_cost(cost.tolist(), start)
    for j in set(range(len(cost))) - set(opened.tolist()):
        for k in range(count):
            other = np.where(np.arange(count) == k, j, opened)
            assert twin.median_cost(cost.tolist(), other) >= total


@given(instances())
def test_one_median_and_all_of_them_are_optimal(instance):
    cost, _ = instance
    for count in (1, len(cost)):
        total = interchanged_median(cost, greedy_median(cost, count))[1]
        assert total == twin.exhaustive_median(cost.tolist(), count)


# Costs above the optimum of greedy and substitution: 0 is exact.
EXCESS = {1: 0, 2: 12, 3: 0, 4: 12, 5: 0, 6: 0, 7: 14, 8: 12, 9: 19, 10: 8}


@pytest.mark.parametrize("number", EXCESS)
def test_pmed_is_within_one_percent_of_the_optimum(shared, number):
    cost, count, optimum = pmed(shared, number)
    opened, total = interchanged_median(cost, greedy_median(cost, count))
    assert total == np.min(cost[opened], axis=0).sum()
    assert optimum <= total <= 1.01 * optimum
    assert total - optimum == EXCESS[number]


def exact_median(cost, count):
    """Least cost of `count` places, by HiGHS: assignments of clients to open places."""
    n_place, n_client = cost.shape
    served = kron(np.ones((1, n_place)), eye_array(n_client))
    once = hstack([csr_array((n_client, n_place)), served])
    to_open = hstack([-kron(eye_array(n_place), np.ones((n_client, 1))), eye_array(cost.size)])
    number = np.concatenate([np.ones(n_place), np.zeros(cost.size)])
    solved = milp(
        np.concatenate([np.zeros(n_place), cost.ravel()]),
        integrality=number,
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(csr_array(once), 1, 1),
            LinearConstraint(csr_array(to_open), ub=0),
            LinearConstraint(number[None], count, count),
        ],
        options={"mip_rel_gap": 1e-9},
    )
    assert solved.success, solved.message
    return solved.fun


@pytest.mark.parametrize("count", [4, 5, 6])
def test_san_francisco_is_within_one_percent_of_the_optimum(shared, count):
    distance, people = san_francisco(shared)
    cost = distance * people
    _, total = interchanged_median(cost, greedy_median(cost, count))
    optimum = exact_median(cost, count)
    assert optimum * (1 - 1e-9) <= total <= 1.01 * optimum
