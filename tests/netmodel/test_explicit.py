"""The explicit mode: pixels of an area, whatever the threads and tiles, and through a kill."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numba
import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr

import netmodel as nm
from netmodel import _explicit, _pixels
from netmodel._explicit import Sectors, in_memory, streamed, work_of
from netmodel._sectors import listed_sectors, synthesised_sectors
from netmodel._settings import LAYERS, Radio, Sites
from netmodel._site_list import listed_sites, placed_sectors, stations_of
from netmodel._stages import joined
from netmodel.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.io import warped_window
from netmodel.grids.layers import grid_of
from netmodel.grids.tiles import BLOCK, Pixels, Tile
from netmodel.scenario import Scenario
from tests.conftest import JIT_OFF

OPTIONS = Sites(total=150, networks={"a": 0.6, "b": 0.4})
# Uncompiled, a pixel takes a hundredth of a second.
RADIO = Radio(mode="explicit", resolution_m=1000.0 if JIT_OFF else 250.0, layers=LAYERS)
BOX = (11.42, 48.06, 11.50, 48.12) if JIT_OFF else (11.35, 48.0, 11.6, 48.2)


@pytest.fixture(scope="module")
def ds(given):
    region = nm.open_region(Scenario.from_dict({**given, "area": BOX}))
    people = nm.population(region)
    both = joined([people, nm.demand(people, province_total_gb=[3e6])])
    sites = nm.synthesised_sites(both, province_stations=[150], options=OPTIONS)
    return joined([both, sites])


@pytest.fixture(scope="module")
def wanted(given):
    return nm.open_region(Scenario.from_dict({**given, "area": BOX})).wanted


@pytest.fixture(scope="module")
def sectors(ds):
    return Sectors(synthesised_sectors(ds, radio=RADIO, sites=OPTIONS, seed=1), {})


@pytest.fixture(scope="module")
def work(ds, wanted, sectors):
    return work_of(ds, grid_of(ds), wanted, sectors, RADIO, synthesised=True)


@pytest.fixture(scope="module")
def computed(work):
    return in_memory(work)


def test_synthesised_sites_are_stations_over_those_of_a_site(ds, sectors):
    for number, table in enumerate(sectors.tables.values()):
        macro = int((ds.sites_5g - ds.sites_5g_indoor).values[number].sum())
        assert table["site"].nunique() == round(macro / OPTIONS.gnb_per_macro_site)
        assert len(table) == 3 * table["site"].nunique()
        assert (table["status"] == "synthesised").all()
        cell = grid_of(ds).cell(table["x"], table["y"])
        assert (ds.people.values.reshape(-1)[cell] > 0).all()
        apart = table.drop_duplicates("site")[["x", "y"]].to_numpy()
        near = np.hypot(*(apart[:, np.newaxis] - apart).T)
        assert near[near > 0].min() > 20.0


def test_layers_have_units_and_say_what_is_not_computed(ds, computed):
    pixels, (cells, served) = computed
    assert set(pixels.data_vars) == set(LAYERS)
    heard = pixels.server.values >= 0
    for name in ("rsrp_dbm", "sinr_db"):
        np.testing.assert_array_equal(np.isfinite(pixels[name].values), heard)
    assert pixels.rsrp_dbm.attrs["units"] == "dBm"
    assert all(layer.attrs["status"] == "synthesised" for layer in pixels.values())
    assert (pixels.second_dbm <= pixels.rsrp_dbm).where(np.isfinite(pixels.second_dbm), True).all()
    np.testing.assert_array_equal(pixels.n_within_6db.values > 0, heard)
    for name in ("coverage_probability", "link_probability"):
        p = pixels[name].values
        assert np.nanmin(p) >= 0 and np.nanmax(p) <= 1
    people = ds.people.sel(y=cells.y, x=cells.x).values
    for name in ("coverage_probability", "computed_share", "covered_share_90"):
        assert (cells[name].values[people == 0] == 0).all()
    assert (cells.computed_share.values[people > 0] > 0.999).sum() > 0
    assert served["served_pixels"].sum() == heard.sum()


def test_people_of_the_pixels_are_those_of_the_cells():
    rng = np.random.default_rng(1)
    pixels = Pixels.of(_frame(), 100.0, 10)
    cells = rng.pareto(1.2, (pixels.cells, pixels.cells)) * 100
    weight = rng.random((pixels.tile, pixels.tile)) * (rng.random((pixels.tile, pixels.tile)) > 0.7)
    weight[:50, :50] = 0.0
    weight[60, 60] = np.nan
    for w in (None, weight):
        np.testing.assert_allclose(pixels.summed(pixels.shared(cells, w)), cells, rtol=1e-12)


def _frame():
    return Grid.from_bounds("EPSG:32632", (600e3, 5300e3, 700e3, 5400e3), 1000.0)


def test_a_tile_holds_whole_blocks_and_whole_cells():
    pixels = Pixels.of(_frame(), 100.0, 10)
    assert pixels.tile % BLOCK == 0 and pixels.tile % pixels.factor == 0
    wanted = np.random.default_rng(2).random((pixels.tile, pixels.tile)) < 0.3
    flat, start = pixels.blocks(wanted)
    np.testing.assert_array_equal(np.sort(flat), np.flatnonzero(wanted))
    row, column = np.divmod(flat, pixels.tile)
    for b in range(start.size - 1):
        of_block = slice(start[b], start[b + 1])
        assert np.ptp(row[of_block] // BLOCK) == 0 == np.ptp(column[of_block] // BLOCK)
    x, y = pixels.centers(Tile((64, 320), (0, 0)), np.array([0]))
    assert (x[0], y[0]) == (600e3 + 320.5 * 100, 5400e3 - 64.5 * 100)


def test_weights_are_read_by_windows_where_the_tile_is(tmp_path):
    pixels = Pixels.of(_frame(), 100.0, 10)
    grid = pixels.grid([Tile((320, 320), (32, 32))])
    whole = Grid(grid.crs, grid.affine, (pixels.tile // 2, pixels.tile))  # half of the tile
    value = np.random.default_rng(4).random(whole.shape).astype(np.float32)
    value[3, 5] = -1.0
    with rasterio.open(
        tmp_path / "w.tif", "w", driver="GTiff", height=whole.shape[0], width=whole.shape[1],
        count=1, dtype="float32", crs="EPSG:32632", transform=whole.affine, nodata=-1.0,
    ) as target:  # fmt: skip
        target.write(value, 1)
    read = warped_window(tmp_path / "w.tif", grid)
    assert np.isnan(read[pixels.tile // 2 :]).all() and np.isnan(read[3, 5])
    known = np.isfinite(read)
    np.testing.assert_allclose(read[known], value[known[: pixels.tile // 2]], rtol=1e-6)


@pytest.mark.parametrize("resolution", [300.0, 3000.0, 999.0])
def test_pixels_that_are_no_part_of_a_cell_are_refused(resolution):
    with pytest.raises(InputError, match="whole part"):
        Pixels.of(_frame(), resolution, 10)


@pytest.mark.skipif(JIT_OFF, reason="threads matter to compiled code only")
def test_same_bits_for_any_threads_and_tiles(work, computed):
    before = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = in_memory(work)[0]
    finally:
        numba.set_num_threads(before)
    twice = type(work.pixels)(work.pixels.frame, work.pixels.factor, 2 * work.pixels.tile)
    cells = work.pixels.cells
    window = tuple(
        slice(f[0], f[1] + cells) for f in zip(work.tiles[0].cell, work.tiles[-1].cell, strict=True)
    )
    larger = replace(work, pixels=twice, tiles=twice.tiles(*window))
    whole = in_memory(larger)[0].sel(x=computed[0].x, y=computed[0].y)
    for name in LAYERS:
        assert computed[0][name].values.tobytes() == alone[name].values.tobytes()
        np.testing.assert_array_equal(computed[0][name].values, whole[name].values)


def test_what_is_streamed_is_what_is_held_in_memory(work, computed, tmp_path):
    store = tmp_path / "run.zarr"
    found = streamed(work, store)
    pixels = xr.open_zarr(store, group="pixels", consolidated=False)
    for name in LAYERS:
        np.testing.assert_array_equal(pixels[name].values, computed[0][name].values)
        assert pixels[name].dtype == computed[0][name].dtype
        assert pixels[name].attrs["status"] == "synthesised"
    xr.testing.assert_equal(found.cells, computed[1].cells)
    pd.testing.assert_frame_equal(found.served, computed[1].served)


def test_a_tile_where_nobody_lives_has_no_server(work, tmp_path, monkeypatch):
    monkeypatch.setattr("netmodel._explicit.tile_layers", lambda *_: None)
    streamed(work, tmp_path / "run.zarr")
    pixels = xr.open_zarr(tmp_path / "run.zarr", group="pixels", consolidated=False)
    assert pixels.server.dtype == np.int32 and (pixels.server == -1).all()
    assert (pixels.n_within_6db == 0).all() and pixels.rsrp_dbm.isnull().all()


def test_a_second_call_computes_only_what_is_missing(work, tmp_path, monkeypatch):
    store, seen = tmp_path / "run.zarr", []
    whole = streamed(work, store)
    marks = sorted((tmp_path / "tiles").glob("*.npz"))
    marks[0].unlink()
    once = _pixels.tile_layers
    monkeypatch.setattr(
        _explicit, "tile_layers", lambda tile, *rest: (seen.append(tile), once(tile, *rest))[1]
    )
    again = streamed(work, store)
    assert len(seen) == 1
    assert whole.cells.identical(again.cells)
    pd.testing.assert_frame_equal(whole.served, again.served)


def test_a_table_of_sites_makes_pixels(ds):
    table = pd.DataFrame({"lon": [11.45, 11.47], "lat": [48.08, 48.1], "height_m": [30.0, np.nan]})
    radio = Radio(resolution_m=1000.0)
    people = ds.drop_vars([v for v in ds.data_vars if "network" in ds[v].dims]).drop_dims("network")
    out = nm.coverage(people, table, radio=radio)
    assert out.carrier.attrs["flag_meanings"] == "all_n78"
    assert int(out.server.max()) == 5
    with pytest.raises(InputError, match="sites: row 2: height_m nan|height_m -3"):
        nm.coverage(people, table.assign(height_m=-3.0), radio=radio)


def test_a_pattern_from_a_file_has_its_own_tilt(ds, tmp_path):
    cut = "\n".join(f"{angle} {min(angle, 360 - angle) / 9:.1f}" for angle in range(360))
    (tmp_path / "a.msi").write_text(
        f"NAME a\nFREQUENCY 3500\nGAIN 15 dBi\nTILT ELECTRICAL\nELECTRICAL_TILT 6\n"
        f"HORIZONTAL 360\n{cut}\nVERTICAL 360\n{cut}\n"
    )
    table = pd.DataFrame({"lon": [11.45, 11.47, 11.44], "lat": [48.08, 48.1, 48.09]})
    table["antenna"], table["tilt_deg"] = ["a.msi", None, "a.msi"], [np.nan, np.nan, 3.0]
    listed = placed_sectors("sites", table, grid_of(ds))
    people = ds.drop_dims("network")
    own = people.assign(listed_sites(people, stations_of(listed)).variables)
    tables, antennas = listed_sectors(own, listed, radio=Radio(), folder=tmp_path)
    rows = next(iter(tables.values())).set_index("antenna")
    assert sorted(rows.loc["a.msi", "tilt_deg"].unique()) == [0.0, 3.0]
    assert (rows.loc["sector_36814", "tilt_deg"] >= 2.0).all()
    gain = rows["eirp_dbm"].loc["a.msi"].iloc[0] - rows["eirp_dbm"].loc["sector_36814"].iloc[0]
    assert gain == pytest.approx(antennas["a.msi"].gain_dbi - 17.0)


def masts(ds, height_m, **columns):
    """Sectors of 20 sites within 3 km, all of one height."""
    rng = np.random.default_rng(3)
    place = {k: float(ds[k].mean()) + rng.uniform(0.0, 3e3, 20) for k in ("x", "y")}
    table = pd.DataFrame({**place, "height_m": height_m, **columns})
    grid = grid_of(ds)
    listed = placed_sectors("sites", table, grid, grid.crs.to_wkt())
    people = ds.drop_dims("network")
    own = people.assign(listed_sites(people, listed).variables)
    return next(iter(listed_sectors(own, listed, radio=Radio())[0].values()))


def test_a_mast_has_a_model_that_knows_its_height(ds):
    assert "uma" in set(masts(ds, 20.0)["model"])
    assert set(masts(ds, 80.0)["model"]) == {"rma"}
    assert set(masts(ds, 6.0, kind="small")["model"]) == {"umi"}
    for height, kind in ((5.0, "macro"), (900.0, "macro"), (30.0, "small")):
        with pytest.raises(InputError, match=f"20 masts of kind {kind} .* the first of {height:g}"):
            masts(ds, height, kind=kind)


def test_sites_as_a_dataset_make_the_pixels_that_the_stage_makes(ds, computed):
    people = ds.drop_dims("network")
    stations = ds[[n for n in ds.data_vars if "network" in ds[n].dims]]
    out = nm.coverage(people, stations, radio=RADIO, options=OPTIONS)
    same = out.sel(x=computed[0].x, y=computed[0].y)
    served = computed[0].server.values >= 0
    assert (same.server.values[served] == computed[0].server.values[served]).mean() > 0.999


def scenario_text(raster, **radio):
    text = "\n".join(f"{k} = {json.dumps(v)}" for k, v in radio.items())
    return (
        f'name = "small"\narea = {list(BOX)}\n[population]\npath = "{raster.as_posix()}"\n'
        f'[sites]\ntotal = 150\n[demand]\ntotal_gb = 3e6\n[radio]\nmode = "explicit"\n{text}\n'
    )


def command(*arguments):
    call = "import sys; from netmodel.cli import main; sys.argv[0] = 'netmodel'; main()"
    return [sys.executable, "-c", call, *map(str, arguments)]


@pytest.mark.skipif(JIT_OFF, reason="a process of its own, uncompiled, takes minutes")
def test_a_killed_run_goes_on(raster, tmp_path):
    path, out = tmp_path / "s.toml", tmp_path / "out"
    path.write_text(scenario_text(raster, resolution_m=50))
    marks = tmp_path / ".out.partial" / "tiles"
    first = subprocess.Popen(command("run", path, "-o", out, "-q"))
    for _ in range(6000):  # of a busy machine
        if len(list(marks.glob("[!.]*.npz"))) >= 2 or first.poll() is not None:
            break
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = {p.name: p.stat().st_mtime_ns for p in marks.glob("[!.]*.npz")}
    assert len(kept) >= 2 and not out.exists()
    seen = subprocess.run(command("run", path, "-o", out, "--json"), capture_output=True, text=True)
    assert seen.returncode == 0, seen.stderr
    figures = json.loads(seen.stdout)
    assert figures["coverage"]["computed_population_share"]["value"] == pytest.approx(1.0)
    assert figures["capacity"] and not (out / "tiles").exists()
    run = nm.open_run(out)
    sectors = pd.read_parquet(out / "sectors.parquet")
    assert run["pixels"].server.values.max() < len(sectors)


@pytest.mark.parametrize(
    ("radio", "message"),
    [
        ({"resolution_m": 300}, "whole part"),
        ({"weights": "no.tif"}, "no such file"),
        ({"layers": ["rsrp"]}, "rsrp_dbm"),
        ({"load": 1.5}, "load"),
        ({"min_people_per_km2": 1e9}, "no pixel has so many"),
    ],
)
def test_what_cannot_be_is_refused(raster, tmp_path, radio, message):
    path = tmp_path / "s.toml"
    path.write_text(scenario_text(raster, **radio))
    seen = subprocess.run(command("check", path), capture_output=True, text=True)
    assert seen.returncode == 2 and message in seen.stderr and len(seen.stderr.splitlines()) == 1


def test_sensitivity_is_of_the_national_mode(given):
    scenario = Scenario.from_dict({**given, "radio": {"mode": "explicit"}})
    with pytest.raises(InputError, match="national mode"):
        nm.sensitivity(scenario)
