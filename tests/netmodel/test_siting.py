import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel._siting import Reach, chosen_sites
from netmodel.errors import InputError
from tests import strategies
from tests.oracles import assert_oracle

# Three candidates on four points: b covers the crowd, a half of it, c a few surely.
REACH = Reach([0, 2, 4, 5], [0, 1, 1, 2, 3], [1.0, 0.5, 1.0, 1.0, 1.0], ["a", "b", "c"])
PEOPLE = [10.0, 100.0, 20.0, 5.0]


def test_sites_in_the_order_of_the_people_they_newly_cover():
    table = chosen_sites(REACH, PEOPLE, cost=[30.0, 60.0, 15.0], count=3)
    expected = pd.DataFrame(
        {
            "rank": [1, 2, 3],
            "candidate": ["b", "a", "c"],
            "new_people": [120.0, 10.0, 5.0],  # a's share of point 1 is covered by b
            "cumulative_people": [120.0, 130.0, 135.0],
            "cost": [60.0, 30.0, 15.0],
            "cumulative_cost": [60.0, 90.0, 105.0],
            "cost_per_new_person": [0.5, 3.0, 3.0],
            "cumulative_cost_per_person": [0.5, 90 / 130, 105 / 135],
        }
    )
    pd.testing.assert_frame_equal(table, expected)


def test_without_costs_there_are_none_in_the_table():
    table = chosen_sites(REACH, PEOPLE, count=1)
    assert list(table) == ["rank", "candidate", "new_people", "cumulative_people"]
    assert table["candidate"].tolist() == ["b"]


def test_candidates_without_names_are_numbered():
    table = chosen_sites(Reach(REACH.start, REACH.point, REACH.probability), PEOPLE, count=9)
    assert table["candidate"].tolist() == [1, 0, 2]
    assert len(table) == 3


def test_people_partly_covered_count_by_what_is_left():
    """Two candidates on one point: 1 - (1 - 0.5)(1 - 0.8)."""
    table = chosen_sites(Reach([0, 1, 2], [0, 0], [0.5, 0.8]), [100.0], count=2)
    assert table["candidate"].tolist() == [1, 0]
    assert table["cumulative_people"].tolist() == pytest.approx([80.0, 90.0], rel=1e-6)


def test_a_budget_is_kept_and_spent_where_it_covers_most():
    table = chosen_sites(REACH, PEOPLE, cost=[30.0, 60.0, 15.0], budget=80.0)
    assert table["candidate"].tolist() == ["b", "c"]
    assert table["cumulative_cost"].iloc[-1] == 75.0
    one_price = chosen_sites(REACH, PEOPLE, cost=40.0, budget=80.0)
    assert one_price["candidate"].tolist() == ["b", "a"]
    assert one_price["cumulative_cost"].tolist() == [40.0, 80.0]


def test_a_budget_is_not_led_astray_by_gain_per_cost():
    table = chosen_sites(
        Reach([0, 1, 2], [0, 1], [1, 1]), [1.0, 9.0], cost=[1.0, 10.0], budget=10.0
    )
    assert table["cumulative_people"].tolist() == [9.0]


def test_cost_per_person_by_tier_and_overall():
    reach = Reach([0, 1, 2, 3, 4], [0, 1, 2, 3], np.ones(4))
    table = chosen_sites(reach, [50.0, 20, 10, 3], cost=[100.0, 150, 400, 900], count=4)
    overall = table["cumulative_cost_per_person"].iloc[-1]
    assert_oracle("J10", [*table["cost_per_new_person"], overall])


def test_nobody_left_to_cover_gives_an_empty_table():
    table = chosen_sites(REACH, np.zeros(4), cost=1.0, count=2)
    assert table.empty
    assert table["cost_per_new_person"].dtype == float


@given(strategies.generators(), st.integers(1, 6))
def test_the_order_of_points_does_not_matter(rng, count):
    """With whole people and sure coverage, sums are exact in any order."""
    sets = [np.flatnonzero(rng.random(20) < 0.3) for _ in range(8)]
    people = rng.integers(0, 50, 20)
    where = rng.permutation(20)
    start = np.cumsum([0] + [one.size for one in sets])
    point = np.concatenate(sets)
    table = chosen_sites(Reach(start, point, np.ones(point.size)), people, count=count)
    moved = np.empty(20)
    moved[where] = people
    other = chosen_sites(Reach(start, where[point], np.ones(point.size)), moved, count=count)
    pd.testing.assert_frame_equal(table, other)


def reach(**changes):
    fields = {name: getattr(REACH, name) for name in ("start", "point", "probability", "candidate")}
    return Reach(**{**fields, **changes})


BAD_REACH = [
    (reach(start=[0], candidate=[]), "no candidates"),
    (reach(candidate=["a", "b"]), "2 names for 3 candidates"),
    (reach(start=[0, 2, 4, 6]), "start must rise from 0 to the 5 pairs"),
    (reach(start=[0, 4, 2, 5]), "start must rise"),
    (reach(start=[1, 2, 4, 5]), "start must rise"),
    (reach(point=[0, 1, 1, 4, 3]), "candidate b has point 4 .*only points 0 to 3 exist"),
    (reach(point=[0, -1, 1, 2, 3]), "candidate a has point -1 .*only points 0 to 3"),
    (reach(point=[0.0, 1.0, 1.0, 2.0, 3.0]), "point must be one array of whole numbers"),
    (reach(probability=[1.0] * 4), "4 probabilities for 5 points"),
    (
        reach(probability=[1, 1, 1, 1.5, 1]),
        "candidate b has point 2 with probability 1.5; .*0 to 1",
    ),
    (reach(probability=[1, 1, 1, 1, -0.1]), "candidate c has point 3 with probability -0.1"),
    (reach(probability=[np.nan, 1, 1, 1, 1]), "candidate a has point 0 with probability nan"),
    (reach(point=[0, 1, 2, 2, 3]), "candidate b has point 2 .*once only"),
]


@pytest.mark.parametrize(("bad", "message"), BAD_REACH)
def test_bad_reach_is_refused(bad, message):
    with pytest.raises(InputError, match=message) as error:
        chosen_sites(bad, PEOPLE, count=1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"people": [1.0, -2, 3, 4], "count": 1}, "people: -2 at point 1; give finite numbers"),
        ({"people": [1.0, 2, np.nan, 4], "count": 1}, "people: nan at point 2"),
        ({"people": [[1.0, 2, 3, 4]], "count": 1}, "people: 2 dimensions"),
        ({"cost": [1.0, np.nan, 3], "count": 1}, "cost: nan at candidate 1; give finite numbers"),
        ({"cost": [1.0, -1, 3], "count": 1}, "cost: -1 at candidate 1"),
        ({"cost": -1.0, "count": 1}, "cost: -1 at candidate 0"),
        ({"cost": [1.0, 2], "count": 1}, "cost: 2 values for 3 candidates; give one each"),
        ({"cost": 1.0}, "give one of count and budget"),
        ({"cost": 1.0, "count": 1, "budget": 1.0}, "give one of count and budget"),
        ({"count": 0}, "count 0: give a whole number from 1 on"),
        ({"count": 1.5}, "count 1.5: give a whole number"),
        ({"budget": 5.0}, "a budget needs the cost of each candidate"),
        ({"cost": [9.0, 7, 8], "budget": 5.0}, "budget 5: the cheapest candidate, b, costs 7"),
        ({"cost": 9.0, "budget": np.nan}, "budget nan: the cheapest candidate, a, costs 9"),
    ],
)  # fmt: skip
def test_bad_options_are_refused(changes, message):
    options = {"people": PEOPLE, **changes}
    with pytest.raises(InputError, match=message) as error:
        chosen_sites(REACH, options.pop("people"), **options)
    assert "\n" not in str(error.value)
