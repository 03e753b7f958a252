"""Headline figures of capacity, against sums over the layers themselves."""

import numpy as np
import pytest

import netmodel as nm
from netmodel.scenario import Scenario
from netmodel.tables import nation, summary
from netmodel.variables import REASONS


@pytest.fixture(scope="module")
def heavy(given):
    return Scenario.from_dict(given | {"demand": {"total_gb": 1.5e9}})


@pytest.fixture(scope="module")
def run(heavy):
    return nm.assess(heavy)


@pytest.fixture(scope="module")
def figures(run, heavy):
    found = summary(run, heavy, nation(run, heavy))["capacity"]
    return {name: figure["value"] for name, figure in found.items()}


def people_share(run, chosen):
    """Share of people where it is so, each of one network by the networks' demand."""
    people = np.nan_to_num(run["population"].people.values.astype(float))
    demand = np.nan_to_num(run["capacity"].demand_mbps.values.astype(float))
    total = demand.sum(axis=0)
    share = demand / np.where(total > 0.0, total, 1.0)
    return float((people * share * chosen).sum() / people.sum())


def test_a_cell_is_congested_by_either_direction(run, figures):
    down, up = run["capacity"].cell_load.values > 0.7, run["capacity"].uplink_load.values > 0.7
    assert (up != down).any() and up.any() and down.any()
    assert figures["congested_population_share"] == pytest.approx(people_share(run, down | up))
    assert figures["uplink_congested_population_share"] == pytest.approx(people_share(run, up))


def test_served_and_unserved_demand_are_all_of_it(run, figures):
    shares = {k: v for k, v in figures.items() if k.startswith("unserved_")}
    assert sorted(shares) == [
        f"unserved_{k}_share" for k in ("no_site", "out_of_range", "overload", "quality")
    ]
    assert sum(shares.values()) + figures["served_demand_share"] == pytest.approx(1.0, abs=1e-9)
    reason, total = run["capacity"].unserved_reason, float(run["capacity"].demand_mbps.sum())
    missing = run["capacity"].demand_mbps - run["capacity"].served_mbps
    for name in ("no_site", "overload"):
        lost = float(missing.where(reason == REASONS.index(name)).sum()) / total
        assert shares[f"unserved_{name}_share"] == pytest.approx(lost, rel=1e-5)
    assert shares["unserved_overload_share"] > 0 and shares["unserved_out_of_range_share"] > 0


def test_people_beyond_the_tables_are_counted(run, figures):
    beyond = (run["capacity"].unserved_reason.values >= REASONS.index("partly_in_range")).any(0)
    people = np.nan_to_num(run["population"].people.values.astype(float))
    expected = (people * beyond).sum() / people.sum()
    assert 0 < expected < 1
    assert figures["beyond_tables_population_share"] == pytest.approx(expected, rel=1e-9)
