import math
from itertools import chain, combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack

from netmodel.kernels.greedy import Reach, chosen_by_budget, chosen_by_count, first_repeat
from tests import strategies
from tests.facility import pmed, san_francisco
from tests.oracles import assert_oracle, oracles
from tests.reference import greedy as twin

GUARANTEE = 1 - 1 / math.e  # of a count; half of it of a budget
KINDS = {False: "coverage", True: "best_server"}

# Data of E07 (models.md, below "Greedy expansion").
E07_SETS = [[1, 2, 3, 4], [3, 4, 5, 6, 7], [7, 8, 9], [1, 8, 10], [2, 5, 9]]  # a to e
E07_WEIGHT = [0, 10, 4, 6, 3, 8, 2, 5, 7, 1, 9]


def reach_of(lists):
    """Reach in CSR of one dict {point: value} a candidate."""
    start = np.cumsum([0] + [len(one) for one in lists])
    point = np.array([x for one in lists for x in one], np.int32)
    value = np.array([v for one in lists for v in one.values()], np.float32)
    return Reach(start.astype(np.int64), point, value)


def covering(sets):
    return [dict.fromkeys(points, 1.0) for points in sets]


def floats(values):
    return np.array(values, dtype=float)


@st.composite
def instances(draw, max_site=7, max_point=10):
    """Reach as dicts, weights and costs; ones and halves, of which many gains are equal, or any."""
    rng = draw(strategies.generators())
    n_site, n_point = draw(st.integers(1, max_site)), draw(st.integers(1, max_point))
    share = draw(st.sampled_from([0.2, 0.5, 0.9]))
    simple = draw(st.booleans())

    def value():
        given_ = rng.choice([0.5, 1.0]) if simple else rng.random()
        return float(np.float32(given_))

    reach = [
        {int(x): value() for x in rng.permutation(n_point) if rng.random() < share}
        for _ in range(n_site)
    ]
    weight = rng.integers(0, 4, n_point) if simple else rng.lognormal(0, 2, n_point)
    cost = rng.integers(0, 4, n_site) if simple else rng.lognormal(0, 1, n_site)
    return reach, weight.astype(float), cost.astype(float)


def test_oracles():
    reach = covering(E07_SETS)
    choice = chosen_by_count(reach_of(reach), floats(E07_WEIGHT), 3, False)
    steps = zip(("abcde"[s] for s in choice.order), (f"{g:g}" for g in choice.gain), strict=True)
    assert [*chain(*steps), f"{choice.total[-1]:g}"] == oracles()["E07"]
    best = twin.exhaustive_optimum(reach, E07_WEIGHT, "coverage", count=3)
    assert_oracle("E08", [best, choice.total[-1] / float(best), GUARANTEE])


def test_gain_per_cost_alone_would_fall_into_the_trap_of_e11():
    reach, weight, cost = covering([[0], [1]]), [1.0, 9.0], [1.0, 10.0]
    _, gains = twin.plain_greedy(reach, weight, "coverage", None, cost, 10.0, per_cost=True)
    choice = chosen_by_budget(reach_of(reach), floats(weight), floats(cost), 10.0, False)
    assert_oracle("E11", [sum(gains), choice.total[-1]])


def test_gain_alone_would_fall_into_the_opposite_trap():
    """One takes the whole budget and covers 3; ten cover 2 each for a tenth, another 1 for free."""
    reach = covering([[0, 1, 2], *([3 + 2 * k, 4 + 2 * k] for k in range(10)), [23]])
    cost = np.array([10.0] + [1.0] * 10 + [0.0])
    choice = chosen_by_budget(reach_of(reach), np.ones(24), cost, 10.0, False)
    assert choice.order.tolist() == [11, *range(1, 11)]
    assert choice.total[-1] == 21.0


@given(instances(), st.integers(1, 8), st.booleans())
def test_lazy_is_plain_greedy_to_the_last_bit(instance, count, best_server):
    reach, weight, _ = instance
    order, gains = twin.plain_greedy(reach, weight, KINDS[best_server], count)
    choice = chosen_by_count(reach_of(reach), weight, count, best_server)
    assert choice.order.tolist() == order
    assert choice.gain.tolist() == gains
    assert choice.n_evaluation >= len(reach)


@given(instances(), st.floats(0.1, 12), st.booleans())
def test_a_budget_gets_the_better_of_two_plain_choices(instance, budget, best_server):
    reach, weight, cost = instance
    both = [
        twin.plain_greedy(reach, weight, KINDS[best_server], None, cost, budget, per_cost)
        for per_cost in (False, True)
    ]
    order, gains = max(both, key=lambda choice: np.cumsum([0.0, *choice[1]])[-1])
    choice = chosen_by_budget(reach_of(reach), weight, cost, budget, best_server)
    assert choice.order.tolist() == order
    assert choice.gain.tolist() == gains


@given(instances(), st.integers(1, 8), st.booleans())
def test_gains_never_rise_and_add_up_to_the_objective(instance, count, best_server):
    reach, weight, _ = instance
    choice = chosen_by_count(reach_of(reach), weight, count, best_server)
    assert (np.diff(choice.gain) <= 0.0).all()
    assert (choice.gain > 0.0).all()
    worth = [
        float(twin.objective(choice.order[:k].tolist(), reach, weight, KINDS[best_server]))
        for k in range(1, choice.order.size + 1)
    ]
    np.testing.assert_allclose(choice.total, worth, rtol=1e-12)


@given(instances(6, 6), st.integers(1, 4), st.booleans())
def test_a_count_keeps_its_guarantee(instance, count, best_server):
    reach, weight, _ = instance
    best = twin.exhaustive_optimum(reach, weight, KINDS[best_server], count=count)
    choice = chosen_by_count(reach_of(reach), weight, count, best_server)
    assert choice.total[-1:].sum() >= GUARANTEE * float(best) * (1 - 1e-12)


@given(instances(6, 6), st.floats(0.1, 12), st.booleans())
def test_a_budget_keeps_its_guarantee(instance, budget, best_server):
    reach, weight, cost = instance
    best = twin.exhaustive_optimum(reach, weight, KINDS[best_server], cost=cost, budget=budget)
    choice = chosen_by_budget(reach_of(reach), weight, cost, budget, best_server)
    assert choice.total[-1:].sum() >= GUARANTEE / 2 * float(best) * (1 - 1e-12)
    assert cost[choice.order].sum() <= budget * (1 + 1e-9)


def test_it_stops_where_nothing_is_left_to_gain():
    reach = reach_of(covering([[0, 1], [1], [], [2]]))
    choice = chosen_by_count(reach, np.array([3.0, 2.0, 0.0]), 4, False)
    assert choice.order.tolist() == [0]
    nothing = chosen_by_count(reach, np.zeros(3), 4, False)
    assert nothing.order.size == nothing.gain.size == nothing.total.size == 0
    assert chosen_by_budget(reach, np.zeros(3), np.ones(4), 2.0, False).order.size == 0


def test_rounding_of_costs_excludes_no_site():
    reach = reach_of(covering([[0], [1], [2]]))
    choice = chosen_by_budget(reach, np.ones(3), np.full(3, 0.1), 0.3, False)
    assert choice.order.tolist() == [0, 1, 2]


def test_few_gains_are_computed_where_candidates_are_apart():
    """A thousand that share nothing: one look each, and one more where it comes first."""
    reach = reach_of(covering([[k] for k in range(1000)]))
    choice = chosen_by_count(reach, np.arange(1000.0), 100, False)
    assert choice.order.tolist() == list(range(999, 899, -1))
    assert choice.n_evaluation == 1000 + 99


def test_the_first_repeated_point_is_found():
    start = np.array([0, 2, 2, 5])
    value = np.ones(5, np.float32)
    assert first_repeat(Reach(start, np.array([0, 1, 1, 0, 2], np.int32), value), 3) == -1
    assert first_repeat(Reach(start, np.array([0, 1, 1, 0, 1], np.int32), value), 3) == 4


# Against the optimum of HiGHS ---------------------------------------------------------------------


def best_coverage(covers, weight, count):
    """Most weight that `count` rows of the 0/1 matrix (candidate, point) cover."""
    n_site, n_point = covers.shape
    link = hstack([-csr_array(covers.T.astype(float)), eye_array(n_point)])
    number = np.concatenate([np.ones(n_site), np.zeros(n_point)])
    solved = milp(
        -np.concatenate([np.zeros(n_site), weight]),
        integrality=number,
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(link, ub=0), LinearConstraint(number[None], ub=count)],
    )
    assert solved.success, solved.message
    return -solved.fun


def ratio_to_optimum(covers, weight, count):
    lists = covering([np.flatnonzero(row).tolist() for row in covers])
    choice = chosen_by_count(reach_of(lists), floats(weight), count, False)
    ratio = choice.total[-1] / best_coverage(covers, weight, count)
    assert GUARANTEE - 1e-9 <= ratio <= 1 + 1e-9
    return ratio


def test_random_coverage_is_near_the_optimum():
    ratios = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        covers = rng.random((30, 60)) < rng.uniform(0.04, 0.15)
        weight = np.ceil(rng.lognormal(3, 1, 60))
        ratios.append(ratio_to_optimum(covers, weight, int(rng.integers(3, 9))))
    assert np.mean(ratios) >= 0.97


def test_probable_coverage_is_near_the_optimum():
    """All sets of three of ten candidates, in NumPy."""
    ratios = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        value = (rng.random((10, 25)) * (rng.random((10, 25)) < 0.4)).astype(np.float32)
        weight = rng.lognormal(3, 1, 25)
        lists = [{int(x): float(row[x]) for x in np.flatnonzero(row)} for row in value]
        missed = 1.0 - value.astype(float)
        sets = combinations(range(10), 3)
        best = max(weight @ (1 - np.prod(missed[list(chosen)], axis=0)) for chosen in sets)
        choice = chosen_by_count(reach_of(lists), weight, 3, False)
        ratios.append(choice.total[-1] / best)
        assert GUARANTEE <= ratios[-1] <= 1 + 1e-9
    assert np.mean(ratios) >= 0.97


@pytest.mark.parametrize("number", range(1, 11))
def test_coverage_of_pmed_is_near_the_optimum(shared, number):
    """OR-Library's nodes, weighted at random, within 1.3 times the mean distance to a median."""
    distance, count, least = pmed(shared, number)
    weight = np.random.default_rng(number).integers(1, 100, len(distance))
    radius = 1.3 * least / len(distance)
    assert ratio_to_optimum(distance <= radius, weight, count) >= 0.97


@pytest.mark.parametrize("count", [2, 4, 6])
@pytest.mark.parametrize("radius_m", [2000.0, 3000.0, 5000.0])
def test_coverage_of_san_francisco_is_near_the_optimum(shared, count, radius_m):
    distance, people = san_francisco(shared)
    assert ratio_to_optimum(distance <= radius_m, people, count) >= 0.97


# A limit to what a candidate can carry --------------------------------------------------------


def plain_limited(reach, weight, most, count):
    """All gains anew at every step; a candidate takes the same share of all that it reaches."""
    left, open_sites, order, gains = weight.astype(float), list(range(len(reach))), [], []
    while open_sites and len(order) < count:
        total = {s: sum(left[x] * v for x, v in reach[s].items()) for s in open_sites}
        best = max(open_sites, key=lambda s: min(total[s], most[s]))
        gain = min(total[best], most[best])
        if gain <= 0:
            break
        for x, v in reach[best].items():
            left[x] *= 1.0 - gain / total[best] * v
        order.append(best)
        gains.append(gain)
        open_sites.remove(best)
    return order, gains


@given(instances(), strategies.generators())
def test_limited_choice_is_that_of_plain_greedy(case, rng):
    reach, weight, _ = case
    most = rng.uniform(0.0, 1.2, len(reach)) * (weight.sum() + 0.1) / 3
    found = chosen_by_count(reach_of(reach), weight, len(reach), False, most)
    order, gains = plain_limited(reach, weight, most, len(reach))
    assert found.order.tolist() == order
    np.testing.assert_array_equal(found.gain, gains)
    assert (found.gain <= most[found.order]).all()
    assert found.total[-1:].sum() <= weight.sum() * (1 + 1e-12)


@given(instances())
def test_no_limit_is_an_infinite_one(case):
    reach, weight, cost = case
    n, pairs = len(reach), reach_of(reach)
    without = chosen_by_count(pairs, weight, n, False)
    within = chosen_by_count(pairs, weight, n, False, np.full(n, np.inf))
    np.testing.assert_array_equal(without.order, within.order)
    np.testing.assert_array_equal(without.gain, within.gain)
    budget = float(cost.sum()) / 2 + 0.1
    one = chosen_by_budget(pairs, weight, cost, budget, False)
    other = chosen_by_budget(pairs, weight, cost, budget, False, np.full(n, weight.sum() + 1.0))
    np.testing.assert_array_equal(one.order, other.order)
