"""The next sites of a finished run: what candidates reach of it, choice, costs, errors."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import netmodel as nm
from netmodel._candidates import read_candidates
from netmodel._next_sites import reach_of
from netmodel._reopened import reopened
from netmodel._run import run_into
from netmodel._siting_points import people_points, unserved_points
from netmodel.cli import app
from netmodel.errors import InputError
from netmodel.scenario import Scenario
from tests.conftest import JIT_OFF
from tests.oracles import oracle

BOX = (11.40, 48.05, 11.60, 48.18)
RESOLUTION_M = 1000.0 if JIT_OFF else 250.0
LISTED = """site_id,lon,lat,network,band
one,11.42,48.07,a,n78
two,11.55,48.15,b,n41
"""
CANDIDATES = pd.DataFrame(
    {
        "site_id": ["east", "west", "north", "south", "again"],
        "lon": [11.58, 11.45, 11.50, 11.52, 11.42],
        "lat": [48.10, 48.14, 48.17, 48.06, 48.07],
        "network": ["a", "a", "b", "a", "a"],
        "cost": [30.0, 10.0, 20.0, 15.0, 5.0],
    }
)


@pytest.fixture(scope="module")
def run(given, tmp_path_factory):
    """Two sites, of two networks; most people are not covered, and little is served."""
    folder = tmp_path_factory.mktemp("siting")
    (folder / "sites.csv").write_text(LISTED)
    radio = {
        "mode": "explicit", "resolution_m": RESOLUTION_M, "bands": {"b": "n41"},
        "layers": ["rsrp_dbm", "server", "coverage_probability"],
    }  # fmt: skip
    scenario = Scenario.from_dict(
        {**given, "area": BOX, "radio": radio, "sites": {"path": str(folder / "sites.csv")}}
    )
    run_into(scenario, folder / "run", stages="core")
    return folder / "run"


@pytest.fixture(scope="module")
def opened(run):
    return reopened(run)


def test_points_hold_those_who_are_not_covered(opened):
    people = opened.groups["population"].people.values.astype(float)
    covered = opened.groups["coverage"].coverage_probability.values
    points = people_points(opened)
    assert points.weight.sum() == pytest.approx(np.nansum(people * (1 - covered)), rel=3e-4)
    assert (np.diff(points.places.first) >= 0).all()
    assert points.places.first[-1] == points.places.x.size


def test_points_hold_what_is_not_served(opened):
    capacity = opened.groups["capacity"]
    lacking = np.nansum(capacity.demand_mbps.values - capacity.served_mbps.values, axis=(1, 2))
    points = unserved_points(opened)
    np.testing.assert_allclose(points.weight.sum(axis=1), lacking, rtol=1e-3)


def test_a_candidate_where_a_site_stands_covers_what_it_covers(opened):
    """Where the run's only other site is of another network, and no neighbor changes a tilt."""
    points = people_points(opened)
    candidates = read_candidates(CANDIDATES[CANDIDATES["site_id"] == "again"], opened)
    reach = reach_of(opened, candidates, points)
    found = dict(zip(reach.point.tolist(), reach.probability.tolist(), strict=True))
    import zarr

    layer = zarr.open_array(opened.store / "pixels" / "coverage_probability", mode="r")[:]
    grid = opened.work.grid
    names = [carrier.name for carrier in opened.work.carriers]
    pixel = grid.cell(points.places.x, points.places.y)
    covered = layer[names.index("a_n78")].reshape(-1)[pixel]
    ours = np.array([found.get(k, 0.0) for k in range(pixel.size)])
    np.testing.assert_allclose(ours, np.where(covered >= 0.01, covered, 0.0), atol=0.0101)
    near = covered > 0.02
    assert near.any()
    np.testing.assert_allclose(ours[near], covered[near], atol=2e-3)


def test_people_are_gained_the_most_first(run, opened):
    table = nm.next_sites(run, CANDIDATES, count=5)
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    assert (np.diff(table["new_people"]) <= 0).all() and (table["new_people"] > 0).all()
    left = people_points(opened).weight.sum()
    assert table["cumulative_people"].iloc[-1] <= left
    assert table["cost_per_new_person"].tolist() == (table["cost"] / table["new_people"]).tolist()
    at = CANDIDATES.set_index("site_id").loc[table["candidate"]]
    np.testing.assert_allclose(table["lon"], at["lon"])
    assert table["network"].tolist() == at["network"].tolist()


def test_a_greater_budget_never_gains_less(run):
    gains = [
        nm.next_sites(run, CANDIDATES, budget=b)["cumulative_people"].iloc[-1]
        for b in (10.0, 35.0, 60.0, 80.0)
    ]
    assert gains == sorted(gains)
    table = nm.next_sites(run, CANDIDATES, budget=35.0)
    assert table["cumulative_cost"].iloc[-1] <= 35.0


def test_traffic_is_relieved_of_ones_own_network_and_within_capacity(run, opened):
    table = nm.next_sites(run, CANDIDATES, count=5, objective="mbps")
    lacking = dict(zip("ab", unserved_points(opened).weight.sum(axis=1), strict=True))
    for network, own in table.groupby("network"):
        assert 0 < own["relieved_mbps"].sum() <= lacking[network] * (1 + 1e-9)
    assert {"relieved_mbps", "cumulative_mbps", "cost_per_mbps"} <= set(table.columns)
    sector = opened.table["capacity_mbps"].max()
    assert table["relieved_mbps"].max() <= 3 * sector * 0.7 * (1 + 1e-9)


def test_order_of_the_list_is_of_no_matter(run):
    one = nm.next_sites(run, CANDIDATES, count=5)
    other = nm.next_sites(run, CANDIDATES.iloc[::-1], count=5)
    pd.testing.assert_frame_equal(one, other)


def test_sectors_of_a_place_are_one_candidate(run, opened):
    rows = [
        {"site_id": "s", "lon": 11.5, "lat": 48.1, "network": "a", "azimuth_deg": a}
        for a in (0.0, 120.0, 240.0)
    ]
    whole = nm.next_sites(run, pd.DataFrame(rows[:1]).drop(columns="azimuth_deg"), count=1)
    parts = nm.next_sites(run, pd.DataFrame(rows), count=3)
    assert len(parts) == 1
    assert parts["new_people"].iloc[0] == pytest.approx(whole["new_people"].iloc[0], rel=1e-6)


def test_a_site_costs_what_the_worked_example_does():
    assert nm.site_cost() == pytest.approx(1e3 * oracle("J02")[0], rel=1e-7)
    assert nm.site_cost(greenfield=True) - nm.site_cost() == pytest.approx(150e3)
    assert nm.site_cost(capex=0.0, opex=0.0) == 0.0
    for bad in ({"capex": -1.0}, {"opex": np.nan}, {"rate": -1.0}, {"years": 0.0}):
        with pytest.raises(InputError):
            nm.site_cost(**bad)


def test_costs_are_those_of_models_where_none_is_given(run):
    table = nm.next_sites(run, CANDIDATES.drop(columns="cost"), count=5)
    usual = {round(nm.site_cost()), round(nm.site_cost(greenfield=True))}
    assert set(table["cost"].round()) <= usual


BAD = [
    (CANDIDATES.assign(lon=11.7), {"count": 1}, "candidates outside the area"),
    (CANDIDATES.assign(network="z"), {"count": 1}, "row 1: network 'z'; the run has a, b"),
    (CANDIDATES.assign(cost=[1, 2, None, 4, 5]), {"count": 1}, "row 3: cost"),
    (CANDIDATES.assign(cost=-1.0), {"count": 1}, "row 1: cost"),
    (CANDIDATES.assign(kind="indoor"), {"count": 1}, "row 1: indoor"),
    (CANDIDATES.iloc[:0], {"count": 1}, "no candidate"),
    (CANDIDATES.iloc[[0, 0]], {"count": 1}, "duplicated"),
    (CANDIDATES, {"count": 1, "budget": 1.0}, "one of count and budget"),
    (CANDIDATES, {}, "one of count and budget"),
    (CANDIDATES, {"count": 0}, "count 0"),
    (CANDIDATES, {"budget": 1.0}, "the cheapest candidate"),
    (CANDIDATES, {"count": 1, "objective": "fame"}, "give people or mbps"),
]


@pytest.mark.parametrize(("table", "options", "message"), BAD)
def test_what_makes_no_sense_is_refused(run, table, options, message):
    with pytest.raises(InputError, match=message):
        nm.next_sites(run, table, **options)


def test_the_command_writes_and_shows_the_choice(run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    given = tmp_path / "candidates.csv"
    CANDIDATES.to_csv(given, index=False)
    words = ["next-sites", str(run), str(given), "-o", str(tmp_path / "next.csv")]
    result = CliRunner().invoke(app, [*words, "--count", "3"])
    assert result.exit_code == 0, result.output
    table = pd.read_csv(tmp_path / "next.csv")
    expected = nm.next_sites(run, CANDIDATES, count=3)
    assert table["candidate"].tolist() == expected["candidate"].tolist()
    assert all(name in result.output for name in table["candidate"])
    assert all(len(line) <= 80 for line in result.output.splitlines()[:-1])
    for more, says in (
        (["--count", "3"], "--overwrite"),
        (["--overwrite"], "one of --count and --budget"),
        (["--overwrite", "--count", "1", "--budget", "5"], "one of --count and --budget"),
    ):
        refused = CliRunner().invoke(app, [*words, *more])
        assert isinstance(refused.exception, InputError) and says in str(refused.exception)
    money = [*words, "--overwrite", "--budget", "35", "--objective", "mbps"]
    assert "cost per" in CliRunner().invoke(app, money).output
