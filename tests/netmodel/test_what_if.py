"""A finished run after edits of its sites, against full runs of the edited sectors."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import netmodel as nm
import netmodel._edited_pixels
from netmodel._explicit import Sectors, in_memory, work_of
from netmodel._run import run_into
from netmodel._what_if_loads import hold_loads
from netmodel._what_if_run import what_if_into
from netmodel.cli import app
from netmodel.errors import InputError
from netmodel.scenario import Scenario
from tests.conftest import JIT_OFF

BOX = (11.38, 48.04, 11.62, 48.19)
# A horizon of some blocks, so that others do not hear an edit.
RESOLUTION_M, HORIZON_M = (1000.0, 30_000.0) if JIT_OFF else (50.0, 4000.0)
LISTED = """site_id,lon,lat,network,band,azimuth_deg
north,11.39,48.18,a,n78,
north,11.39,48.18,a,n28,
middle,11.45,48.12,a,n78,0
middle,11.45,48.12,a,n78,180
middle,11.45,48.12,a,n28,
far,11.60,48.04,a,n78,
other,11.46,48.13,b,n41,
"""


@pytest.fixture(scope="module", autouse=True)
def near_horizon():
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_pixels", "_load_points", "_edited_pixels", "_what_if_loads"):
            patch.setattr(f"netmodel.{module}.HORIZON_M", HORIZON_M)
        yield


def explicit(given, tmp, **changes):
    radio = {"mode": "explicit", "resolution_m": RESOLUTION_M}
    return Scenario.from_dict({**given, "area": BOX, "radio": radio, **changes})


@pytest.fixture(scope="module")
def listed_run(given, tmp_path_factory):
    """A run of a list of two networks, one of them on two bands."""
    folder = tmp_path_factory.mktemp("listed")
    (folder / "sites.csv").write_text(LISTED)
    scenario = explicit(given, folder, sites={"path": str(folder / "sites.csv")})
    run_into(scenario, folder / "run", stages="core")
    return folder / "run"


@pytest.fixture(scope="module")
def study(listed_run):
    return nm.what_if(listed_run)


@pytest.fixture(scope="module")
def placed_study(given, tmp_path_factory):
    """A run whose sites are synthesised."""
    folder = tmp_path_factory.mktemp("placed") / "run"
    run_into(explicit(given, folder), folder, stages="core")
    return nm.what_if(folder)


def full_run(after):
    """Everything computed from the edited sectors, by the numbers that they have in the run."""
    run = after.study.run
    tables = dict(run.sectors.tables) | {c.carrier.name: c.edited.table for c in after.changes}
    sectors = Sectors(tables, run.sectors.antennas)
    region = run.inputs.region
    work = work_of(
        run.domain, region.frame, region.wanted, sectors, run.work.radio, synthesised=False
    )
    pixels, found = in_memory(work)
    numbers = [t.get("sector", pd.Series(np.arange(len(t)))).to_numpy() for t in tables.values()]
    server = np.stack(
        [np.where(s >= 0, n[s], -1) for s, n in zip(pixels.server.values, numbers, strict=True)]
    )
    return work, sectors, pixels.assign(server=(pixels.server.dims, server)), found, numbers


def composed(after):
    """The run's pixels with the window of the what-if in its place."""
    before = xr.open_zarr(after.study.run.store, group="pixels", mask_and_scale=False).load()
    window = after.pixels
    if window is None:
        return before
    at = {k: np.searchsorted(before[k].values * s, window[k].values * s) for k, s in SIGN.items()}
    place = (slice(None), slice(at["y"][0], at["y"][-1] + 1), slice(at["x"][0], at["x"][-1] + 1))
    for name in window.data_vars:
        before[name].values[place] = window[name].values
    return before


SIGN = {"x": 1, "y": -1}


def same_as_full(after):
    _, _, pixels, found, numbers = full_run(after)
    ours = composed(after)
    for name in after.study.run.work.radio.layers:
        np.testing.assert_array_equal(ours[name].values, pixels[name].values, err_msg=name)
    for name, layer in found.cells.data_vars.items():
        np.testing.assert_array_equal(after.coverage[name].values, layer.values, err_msg=name)
    served = found.served.copy()
    for k, number in enumerate(numbers):
        mine = served["carrier"] == k
        served.loc[mine, "sector"] = number[served.loc[mine, "sector"]]
    ours = after.edited.served()
    order = ["carrier", "sector"]
    pd.testing.assert_frame_equal(
        ours, served.sort_values(order, ignore_index=True), check_exact=True
    )


def same_loads(after):
    work, sectors, *_ = full_run(after)
    run = after.study.run
    whole = hold_loads(run.domain, work, sectors, run.inputs.scenario)
    for name, figures in whole.figures.items():
        ours = after.loads.figures[name]
        for column in ("load", "uplink_load"):
            np.testing.assert_allclose(ours[column], figures[column], rtol=0, atol=1e-5)
        np.testing.assert_allclose(ours["demand_mbps"], figures["demand_mbps"], rtol=1e-6)
    mine, theirs = after.loads.cells, whole.cells
    np.testing.assert_allclose(mine.cell_load.values, theirs.cell_load.values, atol=1e-5)
    known = theirs.unserved_reason.values
    assert (mine.unserved_reason.values == known).mean() > 0.999


EDITS = {
    "remove": [{"action": "remove", "network": "a", "band": "n78", "site": "far"}],
    "move": [{"action": "move", "network": "b", "site": "other", "lon": 11.5, "lat": 48.16}],
    "add": [{"action": "add", "network": "b", "site": "new", "lon": 11.56, "lat": 48.07}],
    "retilt": [
        {"action": "retilt", "network": "a", "band": "n28", "site": "north", "tilt_deg": 12.0}
    ],
    "turn": [
        {"action": "retilt", "network": "a", "band": "n78", "site": "middle", "sector": 3,
         "azimuth_deg": 90.0},
    ],
    "power": [{"action": "upgrade", "network": "b", "site": "other", "power_dbm": 40.0}],
    "carriers": [
        {"action": "upgrade", "network": "a", "band": "n78", "site": "middle", "carriers": 3}
    ],
    "many": [
        {"action": "add", "network": "a", "band": "n78", "lon": 11.58, "lat": 48.17,
         "height_m": 30.0, "azimuth_deg": 45.0, "tilt_deg": 3.0},
        {"action": "remove", "network": "a", "band": "n78", "site": "north"},
        {"action": "move", "network": "a", "band": "n28", "site": "north", "lon": 11.4,
         "lat": 48.05},
        {"action": "upgrade", "network": "b", "site": "other", "carriers": 2},
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_rasters_and_tables_equal_those_of_a_full_run(study, name):
    if name == "turn":
        table = study.run.sectors.tables["a_n78"]
        row = int(np.argmax((table["site_id"] == "middle").to_numpy()))
        EDITS["turn"][0]["sector"] = row
    same_as_full(study.after(EDITS[name]))


@pytest.mark.parametrize("name", ["remove", "add", "carriers", "many"])
def test_loads_equal_those_of_a_full_run(study, name):
    same_loads(study.after(EDITS[name]))


@pytest.mark.skipif(JIT_OFF, reason="takes a minute without compiled code")
def test_sites_that_were_synthesised_can_be_edited(placed_study):
    name, table = next(iter(placed_study.run.sectors.tables.items()))
    network = name.rsplit("_", 1)[0]
    site = int(table["site"].iloc[len(table) // 2])
    edits = [
        {"action": "remove", "network": network, "site": site},
        {"action": "add", "network": network, "lon": 11.5, "lat": 48.12},
    ]
    after = placed_study.after(edits)
    same_as_full(after)
    same_loads(after)
    own = after.sectors[after.sectors["carrier"] == name]
    assert site not in set(own["site"]) and own["sector"].max() >= len(table)
    assert (own.loc[own["sector"] >= len(table), "status"] == "edited").all()


points = st.tuples(st.floats(11.38, 11.6), st.floats(48.04, 48.18))
one_edit = st.one_of(
    points.map(lambda p: {"action": "add", "network": "b", "lon": p[0], "lat": p[1]}),
    points.map(
        lambda p: {"action": "move", "network": "b", "site": "other", "lon": p[0], "lat": p[1]}
    ),
    st.floats(0.0, 30.0).map(
        lambda t: {"action": "retilt", "network": "b", "site": "other", "tilt_deg": t}
    ),
)


@pytest.mark.skipif(JIT_OFF, reason="full runs take long without compiled code")
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(one_edit, min_size=1, max_size=4))
def test_any_edits_equal_a_full_run(study, edits):
    same_as_full(study.after(edits))


def test_what_is_taken_back_leaves_every_bit(study):
    site = study.run.sectors.tables["b_n41"].iloc[0]
    away = {"action": "move", "network": "b", "site": "other", "lon": 11.55, "lat": 48.05}
    after = study.after([away, away | {"lon": 11.46, "lat": 48.13}])
    table = after.changes[0].edited.table
    assert table[["x", "y"]].equals(study.run.sectors.tables["b_n41"][["x", "y"]])
    twice = study.after(
        [{"action": "retilt", "network": "b", "site": "other", "tilt_deg": t}
         for t in (20.0, float(site["tilt_deg"]))]
    )  # fmt: skip
    same_as_full(twice)
    before = study.run.groups["coverage"]
    for name in ("coverage_probability", "link_probability"):
        np.testing.assert_array_equal(twice.coverage[name].values, before[name].values)


def test_the_run_stays_as_it_is(study, listed_run):
    def digest():
        files = sorted(p for p in listed_run.rglob("*") if p.is_file())
        return [hashlib.sha256(p.read_bytes()).hexdigest() for p in files]

    before = digest()
    first = study.after(EDITS["many"])
    loads = {k: v.copy() for k, v in study.loads.figures.items()}
    _ = first.capacity, first.sectors, study.after(EDITS["remove"]).figures
    assert digest() == before
    for name, figures in study.loads.figures.items():
        pd.testing.assert_frame_equal(figures, loads[name], check_exact=True)


@pytest.mark.skipif(JIT_OFF, reason="a block is the whole area")
def test_only_blocks_that_may_hear_an_edit_are_computed(study, monkeypatch):
    real, computed = netmodel._edited_pixels.point_values, []

    def counted(known, *others):
        computed.append(known.points.flat.size)
        return real(known, *others)

    monkeypatch.setattr("netmodel._edited_pixels.point_values", counted)
    study.after(EDITS["remove"])
    pixels = xr.open_zarr(study.run.store, group="pixels")
    everywhere = int(np.isfinite(pixels.coverage_probability[1]).sum())
    assert 0 < sum(computed) < 0.5 * everywhere


def test_a_site_that_nobody_hears_changes_nothing(study, monkeypatch):
    for module in ("_edited_pixels", "_what_if_loads"):
        monkeypatch.setattr(f"netmodel.{module}.Blocks.within", lambda self, *_: self.x < -1e9)
    after = study.after(EDITS["remove"])
    assert after.pixels is None
    number = study.run.sectors.tables["a_n78"]["site_id"].to_numpy() != "far"
    for name, figures in study.loads.figures.items():
        kept = figures[number] if name == "a_n78" else figures
        for column in ("load", "requested_load", "uplink_load", "demand_mbps"):
            np.testing.assert_array_equal(after.loads.figures[name][column], kept[column])
    before = study.run.groups["coverage"].coverage_probability.values
    np.testing.assert_array_equal(after.coverage.coverage_probability.values, before)


def test_figures_say_what_changes(study):
    figures = study.after(EDITS["remove"]).figures.set_index("figure")
    assert figures.loc["sectors", "change"] == -3
    assert figures.loc["people covered", "change"] < 0
    assert (figures["after"] - figures["before"] == figures["change"]).all()
    own = study.after(EDITS["remove"]).sectors.query("in_area")
    assert figures.loc["served by sectors", "after"] == own["served_mbps"].sum()


def test_a_folder_is_a_run(study, listed_run, tmp_path):
    edits = tmp_path / "edits.csv"
    pd.DataFrame(EDITS["many"]).to_csv(edits, index=False)
    figures = what_if_into(listed_run, edits, tmp_path / "out")
    assert figures.equals(study.after(EDITS["many"]).figures)
    run = nm.open_run(tmp_path / "out")
    after = study.after(EDITS["many"])
    np.testing.assert_array_equal(
        run["coverage"].coverage_probability.values, after.coverage.coverage_probability.values
    )
    np.testing.assert_array_equal(run["pixels"].rsrp_dbm.values, after.pixels.rsrp_dbm.values)
    assert pd.read_parquet(tmp_path / "out" / "sectors.parquet").equals(after.sectors)
    assert (tmp_path / "out" / "counties.csv").exists()
    with pytest.raises(InputError, match="holds a complete run"):
        what_if_into(listed_run, edits, tmp_path / "out")
    with pytest.raises(InputError, match="is the run itself"):
        what_if_into(listed_run, edits, listed_run, overwrite=True)


BAD = [
    ({"action": "paint", "site": 1}, "row 1: action 'paint'; known: add, move"),
    ({"action": "remove", "network": "b", "site": "nowhere"}, "names site 'nowhere'"),
    ({"action": "remove", "network": "b"}, "names no site"),
    ({"action": "remove", "site": "other"}, "row 1 names no network; the run has a n28"),
    ({"action": "remove", "network": "z", "site": "other"}, "names z"),
    ({"action": "remove", "network": "b", "site": "other"}, "leaves no sector on b_n41"),
    ({"action": "move", "network": "b", "site": "other", "lon": 11.5}, "needs lon and lat"),
    ({"action": "move", "network": "b", "site": "other", "lon": 80.0, "lat": 10.0}, "outside"),
    ({"action": "add", "network": "b", "lon": 11.5, "lat": 95.0}, "latitude 95"),
    ({"action": "add", "network": "b", "lon": 11.5, "lat": 48.1, "kind": "indoor"}, "indoors"),
    ({"action": "add", "network": "b", "lon": 11.5, "lat": 48.1, "antenna": "dish"}, "'dish'"),
    ({"action": "add", "network": "b", "lon": 11.5, "lat": 48.1, "height_m": 900.0}, "900"),
    ({"action": "retilt", "network": "b", "site": "other"}, "needs tilt_deg or azimuth_deg"),
    ({"action": "retilt", "network": "b", "site": "other", "tilt_deg": 500.0}, "tilt_deg 500"),
    ({"action": "retilt", "network": "b", "site": "other", "azimuth_deg": 5.0}, "3 sectors"),
    ({"action": "retilt", "network": "b", "site": "other", "sector": 77, "tilt_deg": 5.0}, "77"),
    ({"action": "upgrade", "network": "b", "site": "other", "carriers": 0.0}, "carriers 0.0"),
    ({"action": "upgrade", "network": "b", "site": "other", "tilt_deg": 5.0}, "takes no tilt_deg"),
    ({"action": "remove", "network": "b", "site": "other", "colour": "red"}, "column 'colour'"),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "message"), BAD)
def test_what_makes_no_sense_is_refused(study, edit, message):
    with pytest.raises(InputError, match=message):
        study.after([edit])


def test_no_edits_are_refused(study):
    with pytest.raises(InputError, match="no edits"):
        study.after([])


def test_runs_that_cannot_be_edited_are_refused(given, listed_run, tmp_path):
    with pytest.raises(InputError, match="not a complete run"):
        nm.what_if(tmp_path / "nothing")
    run_into(Scenario.from_dict({**given, "area": BOX}), tmp_path / "national", stages="coverage")
    with pytest.raises(InputError, match="without sectors"):
        nm.what_if(tmp_path / "national")
    sites = listed_run.parent / "sites.csv"
    text = sites.read_text()
    try:
        sites.write_text(text.replace("11.60", "11.61"))
        with pytest.raises(InputError, match="its sites file has changed"):
            nm.what_if(listed_run)
    finally:
        sites.write_text(text)


def test_the_command_says_what_changes(listed_run, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    edits = tmp_path / "edits.csv"
    pd.DataFrame(EDITS["remove"]).to_csv(edits, index=False)
    words = ["what-if", str(listed_run), str(edits), "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    for figure in ("sectors", "people covered", "served by sectors", "mean load"):
        assert f"\n{figure} " in result.output
    assert all(len(line) <= 80 for line in result.output.splitlines()[:-1])
    table = pd.read_csv(tmp_path / "out" / "figures.csv").set_index("figure")
    assert table.loc["sectors", "change"] == -3
    assert (tmp_path / "out" / "edits.csv").read_text().startswith("action,")
    again = CliRunner().invoke(app, words)
    assert isinstance(again.exception, InputError) and "--overwrite" in str(again.exception)
    assert CliRunner().invoke(app, [*words, "--overwrite", "-q"]).output == ""


def test_a_bad_edit_leaves_nothing(listed_run, tmp_path):
    edits = tmp_path / "edits.csv"
    edits.write_text("action,site,network\nremove,nowhere,b\n")
    with pytest.raises(InputError, match="edits.csv: row 2 names site 'nowhere'"):
        what_if_into(listed_run, edits, tmp_path / "out" / "deep")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["edits.csv"]
