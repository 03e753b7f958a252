import json

import pytest
import xarray as xr

from netmodel._assess import fingerprint, run_stages
from netmodel._run import run_into
from netmodel._stages import CORE as STAGES
from netmodel.errors import DataError, InputError
from netmodel.maps import MAPS
from netmodel.store import RunFolder, open_run


@pytest.fixture(scope="module")
def finished(scenario, tmp_path_factory):
    place = tmp_path_factory.mktemp("runs") / "out"
    run_into(scenario, place)
    return place


def test_a_run_folder_is_whole(finished):
    names = {p.name for p in finished.iterdir()}
    assert names == {
        "run.zarr", "run.json", "provinces.csv", "provinces.parquet", "counties.csv",
        "counties.parquet", "targets.csv", "summary.json", "maps",
    }  # fmt: skip
    assert {p.stem for p in (finished / "maps").iterdir()} == set(MAPS)
    assert [p.name for p in finished.parent.iterdir()] == ["out"]


def test_the_store_holds_what_was_computed(finished, scenario):
    run = open_run(finished)
    again = run_stages(scenario).tree
    for stage in STAGES:
        xr.testing.assert_equal(run[stage].to_dataset().load(), again[stage].to_dataset())
    assert json.loads(run.attrs["scenario"])["name"] == "small"
    assert set(json.loads(run.attrs["input_sha256"])) == {"population"}
    assert {"seed", "timings_s", "netmodel_version"} <= set(run.attrs)


def test_an_existing_folder_is_refused_and_left_alone(finished, scenario, tmp_path):
    before = sorted(p.name for p in finished.iterdir())
    with pytest.raises(InputError, match="complete run; give another folder, or --overwrite"):
        run_into(scenario, finished)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(InputError, match="exists|holds other files"):
            run_into(scenario, tmp_path / "mine", overwrite=overwrite)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no folder"):
        run_into(scenario, tmp_path / "file", overwrite=True)
    assert sorted(p.name for p in finished.iterdir()) == before
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_overwrite_replaces_a_run_when_the_new_one_is_whole(scenario, given, tmp_path):
    place = tmp_path / "out"
    run_into(scenario, place, stages="population")
    bad = type(scenario).from_dict({**given, "sites": {"total": 10**9}})
    with pytest.raises(Exception, match="leave room for"):
        run_into(bad, place, overwrite=True)
    assert set(open_run(place).children) == {"population"}
    run_into(scenario, place, overwrite=True)
    assert set(open_run(place).children) == set(STAGES)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_error_leaves_nothing(given, scenario, tmp_path):
    bad = type(scenario).from_dict({**given, "sites": {"total": 10**9}})
    with pytest.raises(Exception, match="leave room for"):
        run_into(bad, tmp_path / "p" / "q" / "out")
    assert list(tmp_path.iterdir()) == []


def fails(error):
    def stage(*_, **__):
        raise error

    return stage


def test_an_error_that_nobody_expected_leaves_nothing_either(scenario, tmp_path, monkeypatch):
    monkeypatch.setattr("netmodel._stages.coverage", fails(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        run_into(scenario, tmp_path / "p" / "out")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_were_there_stay(scenario, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr("netmodel._stages.demand", fails(InputError("no")))
    with pytest.raises(InputError):
        run_into(scenario, tmp_path / "mine" / "q" / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    assert list((tmp_path / "mine").iterdir()) == []


def test_an_interrupted_run_keeps_its_stages(scenario, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("netmodel._stages.coverage", fails(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            run_into(scenario, tmp_path / "p" / "out")
    assert [p.name for p in (tmp_path / "p").iterdir()] == [".out.partial"]
    run_into(scenario, tmp_path / "p" / "out")
    assert [p.name for p in (tmp_path / "p").iterdir()] == ["out"]


def test_a_killed_run_resumes_with_what_it_had(scenario, tmp_path, monkeypatch):
    place, mark = tmp_path / "out", fingerprint(scenario, "all")
    folder = RunFolder(place, mark)
    run_stages(scenario, stages="demand", folder=folder)
    folder.wait()
    assert not place.exists()
    assert RunFolder(place, mark).done == ["population", "demand"]
    calls = []
    monkeypatch.setattr("netmodel._stages.demand", lambda *a, **k: calls.append(1))
    run_into(scenario, place)
    assert calls == [] and set(open_run(place).children) == set(STAGES)


def test_another_scenario_does_not_resume(scenario, tmp_path):
    folder = RunFolder(tmp_path / "out", "one")
    run_stages(scenario, stages="demand", folder=folder)
    folder.wait()
    assert RunFolder(tmp_path / "out", "two").done == []


def test_a_place_that_cannot_be_written(scenario, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        run_into(scenario, tmp_path / "file" / "out")


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(InputError, match="netmodel run"):
        open_run(tmp_path)
