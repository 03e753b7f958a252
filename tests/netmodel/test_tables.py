import json

import numpy as np
import pandas as pd
import pytest

from netmodel import facts
from netmodel._assess import input_hashes
from netmodel._run import run_into
from netmodel.scenario import Scenario
from netmodel.tables import summary


def published(area):
    """The published values that `summary` has for an area, by figure."""
    from netmodel.tables import _published

    return _published(Scenario.preset("china-2020").model_copy(update={"area": area}))


def test_published_values_of_the_nation_are_whole_and_readable():
    found = published(None)
    stations, source = found["sites.stations_5g"]
    assert (type(stations), stations) == (int, 718_000)
    assert all(" " in source for _, source in found.values())
    known = set(facts.table("sources")["source_id"])
    assert not any(source in known or ";" in source.split(",")[0] for _, source in found.values())


@pytest.mark.parametrize("area", ["Jiangsu", "320000", "江苏省"])
def test_published_values_of_a_province(area):
    found = published(area)
    assert found["sites.stations_5g"][0] == 71_000
    assert found["population.people"][0] == facts.provinces()["census_pop_2020"]["320000"]
    assert found["demand.traffic_bn_gb"][0] == pytest.approx(10.9042, rel=1e-4)


@pytest.mark.parametrize("area", ["Beijing", "Nanjing", (118.0, 31.0, 119.0, 32.0)])
def test_nothing_unverified_stands_as_published(area):
    assert "sites.stations_5g" not in published(area)


def test_summary_of_a_scenario_of_ones_own_has_nothing_published(scenario):
    import netmodel as nm

    figures = summary(nm.assess(scenario, stages="population"), scenario, {})
    assert figures["population"]["people"]["published"] is None


@pytest.mark.parametrize(
    ("area", "stations"), [(None, "given"), ((11.4, 48.0, 11.5, 48.2), "synthesised")]
)
def test_a_part_of_what_was_given_is_synthesised(given, tmp_path, area, stations):
    scenario = Scenario.from_dict({**given, "area": area})
    run_into(scenario, tmp_path / "out", stages="sites")
    provinces, counties = (
        pd.read_csv(tmp_path / "out" / f"{n}.csv") for n in ("provinces", "counties")
    )
    assert provinces.sites_5g_status.tolist() == [stations]
    assert provinces.population_status.tolist() == counties.population_status.tolist() == ["given"]
    assert counties.sites_5g_status.tolist() == ["synthesised"]


def test_embedded_inputs_are_hashed_by_name():
    reference = Scenario.preset("china-2020")
    hashes = input_hashes(reference)
    assert {"china_2020_population.tif", "china_2020_county.tif", "provinces.csv"} <= set(hashes)
    assert all(len(value) == 64 for value in hashes.values())
    assert np.unique(list(hashes.values())).size == len(hashes)
    json.dumps(hashes)
