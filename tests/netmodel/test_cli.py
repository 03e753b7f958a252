import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import pandas as pd
import pytest

from tests.conftest import JIT_OFF
from tests.netmodel.conftest import COARSE

CACHE = tempfile.TemporaryDirectory()  # compiled once for all the processes of these tests


# As `coarse_simulator`, for processes.
SET_UP = "".join(
    f"import {module.__name__} as m; m._POINTS = {points}; " for module, points in COARSE.items()
)
CODE = f"{SET_UP if JIT_OFF else ''}from netmodel.cli import main; main()"


def netmodel(*arguments, **options):
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "80", "TERM": "dumb", "NETMODEL_JIT_CACHE": "1"}
    environment["NUMBA_CACHE_DIR"] = CACHE.name
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", env=environment, **options
    )


def refused(result, says):
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith("netmodel: error: ") and says in result.stderr


@pytest.fixture(scope="module")
def ran(tmp_path_factory, raster):
    folder = tmp_path_factory.mktemp("cli")
    (folder / "small.toml").write_text(
        f'name = "small"\n[population]\npath = "{raster.as_posix()}"\n'
        "[sites]\ntotal = 150\n[demand]\ntotal_gb = 3e6\n"
    )
    return folder, netmodel("run", folder / "small.toml", "-o", folder / "out", "--threads", "1")


def test_run_prints_progress_and_a_summary(ran):
    _, result = ran
    assert result.returncode == 0, result.stderr
    for step in ("inputs", "population", "demand", "sites", "tables", "maps"):
        assert f"\n{step} " in "\n" + result.stdout
    assert "elapsed" in result.stdout and result.stderr == ""
    assert "  stations_5g " in result.stdout and "150" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines()[:-1])


def test_run_writes_tables(ran):
    folder, _ = ran
    provinces = pd.read_csv(folder / "out" / "provinces.csv")
    assert provinces.sites_5g.tolist() == [150] and provinces.sites_5g_status.tolist() == ["given"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(folder / "out" / "provinces.parquet").drop(columns=["code", "name_zh"]),
        provinces.drop(columns=["code", "name_zh"]),
    )
    figures = json.loads((folder / "out" / "summary.json").read_text())
    figure = figures["sites"]["stations_5g"]
    assert figure == {"value": 150, "unit": "stations", "published": None, "source": None}


def test_an_existing_folder(ran):
    folder, _ = ran
    refused(netmodel("run", folder / "small.toml", "-o", folder / "out"), "--overwrite")


def test_quiet_and_json(ran):
    folder, _ = ran
    arguments = ("run", folder / "small.toml", "--stages", "population", "-o")
    quiet = netmodel(*arguments, folder / "q", "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")
    as_json = netmodel(*arguments, folder / "j", "--json")
    assert set(json.loads(as_json.stdout)) == {"population"} and as_json.stderr == ""


def test_a_box_as_area(ran):
    folder, _ = ran
    result = netmodel(
        "run", folder / "small.toml", "-o", folder / "box", "--area", "11.4,48.05,11.5,48.15",
        "--json",
    )  # fmt: skip
    figures = json.loads(result.stdout)
    assert 0 < figures["sites"]["stations_5g"]["value"] < 150


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--area", "Atlantis"), "no such zone or file"),
        (("--area", "1,2,3"), "four finite numbers"),
        (("--area", "0,0,1,1"), "no cell with data"),
        (("--area", "1,2,3,x"), "four finite numbers"),
        (("--stages", "populaton"), "unknown stage 'populaton'"),
        (("--stages", "core,foo"), "unknown stage 'foo'"),
        (("--threads", "9999"), "cores"),
        (("--threads", "0"), "--threads 0: "),
        (("--seed", "-1"), "--seed -1: "),
        (("--seed", "x"), "'--seed'"),
        (("--sede", "1"), "`netmodel run --help`"),
    ],
)
def test_bad_arguments(ran, arguments, says):
    folder, _ = ran
    refused(netmodel("run", folder / "small.toml", "-o", folder / "no", *arguments), says)
    assert not any("no" in p.name.split(".") for p in folder.iterdir())


def test_missing_arguments_are_one_line(tmp_path):
    refused(netmodel("run", "china-2020"), "'--out' / '-o'; `netmodel run --help`")
    refused(netmodel("rum"), "run")
    bare = netmodel()
    assert "Usage: netmodel" in bare.stdout and bare.stderr == ""


def test_the_memory_of_the_machine_is_no_traceback(monkeypatch, capsys):
    from netmodel import cli

    def exhausted(**_):
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr(cli, "app", exhausted)
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 2 and "out of memory" in capsys.readouterr().err


def test_bad_scenarios(tmp_path):
    refused(netmodel("run", "chna-2020", "-o", tmp_path / "o"), "neither a scenario file nor")
    refused(netmodel("check", tmp_path / "none.toml"), "no such file")
    (tmp_path / "s.toml").write_text(
        '[population]\npath = "none.tif"\n[sites]\ntotal=1\n[demand]\ntotal_gb=1'
    )
    refused(netmodel("run", tmp_path / "s.toml", "-o", tmp_path / "o"), "none.tif")
    assert [p.name for p in tmp_path.iterdir()] == ["s.toml"]


def test_check_says_what_would_be_used(scenario_file):
    result = netmodel("check", scenario_file)
    assert result.returncode == 0
    assert "150 stations synthesised in 1 network" in result.stdout and "people" in result.stdout
    assert "networks" not in result.stdout and "provinces" not in result.stdout
    assert "[zones] path gives others" in result.stdout


def test_init_is_a_scenario(tmp_path):
    (tmp_path / "s.toml").write_text(netmodel("init").stdout, encoding="utf-8")
    text = (tmp_path / "s.toml").read_text(encoding="utf-8")
    assert text.startswith("# A netmodel scenario")


def test_version_and_help():
    assert netmodel("--version").stdout.startswith("netmodel 0.")
    assert "netmodel run china-2020" in netmodel("--help").stdout
    assert "--area" in netmodel("run", "--help").stdout


def test_facts():
    tables = netmodel("facts")
    assert tables.returncode == 0 and "provinces" in tables.stdout
    found = netmodel("facts", "administrative villages")
    assert "530" in found.stdout
    traffic = netmodel("facts", "traffic").stdout
    assert "…" not in traffic
    assert all(len(line) <= 80 or "http" in line for line in traffic.splitlines())
    refused(netmodel("facts", "zzqx"), "zzqx")


def test_targets_are_told_apart(capsys, tmp_path):
    from netmodel.cli import _print_targets
    from netmodel.scenario import Scenario
    from netmodel.tables import targets

    targets(Scenario.preset("china-2020")).to_csv(tmp_path / "targets.csv", index=False)
    _print_targets(tmp_path / "targets.csv")
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines() if line[:1] == "T"]
    shown = [(row[1].strip(), *row[2:]) for row in rows if row[0][1:].isdigit()]
    assert len(shown) > 10 and len(set(shown)) == len(shown)


def test_a_killed_run_leaves_no_folder_and_resumes(ran, tmp_path):
    folder, _ = ran
    command = [sys.executable, "-c", "from netmodel.cli import main; main()", "run"]
    command += [str(folder / "small.toml"), "-o", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not (tmp_path / ".out.partial" / "run.json").exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    process.wait()
    assert not (tmp_path / "out").exists()
    again = netmodel("run", folder / "small.toml", "-o", tmp_path / "out")
    assert again.returncode == 0, again.stderr
    for name in ("provinces.csv", "counties.csv", "summary.json"):
        assert (tmp_path / "out" / name).read_text() == (folder / "out" / name).read_text()
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
