import dataclasses

import numpy as np
import pytest

from netmodel._check import used
from netmodel._feasible import check_demand
from netmodel._stages import open_inputs
from netmodel.errors import InfeasibleError, InputError
from netmodel.scenario import Scenario


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"radio": {"bands": {"c": "n41"}}}, r"\[radio\] bands: unknown network 'c'; .* has a, b"),
        ({"radio": {"spectrum_mhz": {"c": 100}}}, r"\[radio\] spectrum_mhz: unknown network 'c'"),
        ({"radio": {"spectrum_mhz": {"a": 60}}}, r"\[radio\] spectrum_mhz: 60 MHz of a hold no"),
        ({"demand": {"subscribers": {"c": 1.0}}}, r"\[demand\] subscribers: unknown network 'c'"),
        ({"demand": {"subscribers": {"a": 1.0}}}, r"\[demand\] subscribers: .*network 'b' too"),
        ({"demand": {"total_gb": 3e15}}, r"\[demand\] total_gb: 3e\+15 GB .*Mbit/s a person"),
    ],
)
@pytest.mark.parametrize("door", [used, open_inputs])
def test_settings_that_do_not_fit_the_inputs(given, change, says, door):
    data = dict(given)
    for key, value in change.items():
        data[key] = {**given.get(key, {}), **value}
    with pytest.raises(InputError, match=says) as error:
        door(Scenario.from_dict(data))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("door", [used, open_inputs])
@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("series", "indicator,year,value\na,2020,-1\n", "indicator 'a': -1 in 2020"),
        ("targets", "indicator,target_year,target\na,2025,x\n", "target 'x' in row 1 is no number"),
    ],
)
def test_a_projection_that_cannot_be_is_met_at_once(given, tmp_path, key, text, says, door):
    path = tmp_path / "own.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=says):
        door(Scenario.from_dict({**given, "projection": {key: str(path)}}))


def test_check_names_the_series(given, tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("indicator,year,value\na,2019,1\na,2020,2\nb,2020,2\n")
    lines = dict(used(Scenario.from_dict({**given, "projection": {"series": str(path)}})))
    assert lines["projection"] == f"{path}: 2 indicators"


def test_a_list_says_which_networks_there_are(given, tmp_path):
    (tmp_path / "s.csv").write_text("lon,lat,network\n11.5,48.1,z\n")
    data = {**given, "sites": {"path": str(tmp_path / "s.csv")}, "radio": {"bands": {"a": "n41"}}}
    with pytest.raises(InputError, match=r"unknown network 'a'; .*s\.csv has z"):
        used(Scenario.from_dict(data))


def test_check_refuses_stations_that_do_not_fit(given):
    bad = Scenario.from_dict({**given, "sites": {"total": 10**9}})
    with pytest.raises(InfeasibleError, match=r"^\[sites\] total: .* in small do not fit"):
        used(bad)


def test_traffic_where_nobody_lives(scenario):
    inputs = open_inputs(scenario)
    nobody = dataclasses.replace(inputs.region, people=np.zeros(inputs.region.grid.shape))
    with pytest.raises(InputError, match=r"\[demand\] total_gb: small has traffic and nobody"):
        check_demand(scenario, nobody, np.array([3e6]))
