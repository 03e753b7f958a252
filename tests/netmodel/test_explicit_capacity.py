"""The capacity stage of the explicit mode against its twin, and the laws of what it serves."""

from dataclasses import replace

import numba
import numpy as np
import pandas as pd
import pytest

import netmodel as nm
from netmodel._explicit import Sectors, work_of
from netmodel._explicit_capacity import (
    asked_of,
    busy_hour,
    explicit_capacity,
    network_loads,
    with_halo,
)
from netmodel._load_layers import sector_table
from netmodel._loads import SERVED
from netmodel._run import run_into
from netmodel._sectors import listed_sectors, synthesised_sectors
from netmodel._settings import Demand, Radio, Sites
from netmodel._settled import settled
from netmodel._site_list import listed_sites, placed_sectors, stations_of
from netmodel._stages import joined, open_inputs
from netmodel.errors import InputError
from netmodel.grids.layers import grid_of
from netmodel.presets import BANDS, UPLINK_RISE_DB
from netmodel.scenario import Scenario
from netmodel.variables import REASONS
from tests.conftest import JIT_OFF
from tests.kernels.test_server import as_twin
from tests.reference import coverage as coverage_twin
from tests.reference import explicit_load as twin
from tests.reference import rate as rate_twin

STATIONS = 24 if JIT_OFF else 150
OPTIONS = Sites(total=STATIONS, networks={"a": 0.6, "b": 0.4})
BOX = (11.42, 48.06, 11.46, 48.09) if JIT_OFF else (11.42, 48.06, 11.50, 48.12)
HEAVY_GB = 3e8 if JIT_OFF else 1.5e9  # so that some sectors are overloaded
RADIO = Radio(mode="explicit", resolution_m=1000.0)  # a pixel a cell


@pytest.fixture(scope="module")
def ds(given):
    region = nm.open_region(Scenario.from_dict({**given, "area": BOX}))
    people = nm.population(region)
    both = joined([people, nm.demand(people, province_total_gb=[HEAVY_GB])])
    sites = nm.synthesised_sites(both, province_stations=[STATIONS], options=OPTIONS)
    return joined([both, sites])


@pytest.fixture(scope="module")
def wanted(given):
    return nm.open_region(Scenario.from_dict({**given, "area": BOX})).wanted


@pytest.fixture(scope="module")
def sectors(ds):
    return Sectors(synthesised_sectors(ds, radio=RADIO, sites=OPTIONS, seed=1), {})


def work_with(ds, wanted, sectors, radio=RADIO):
    return work_of(ds, grid_of(ds), wanted, sectors, radio, synthesised=True)


@pytest.fixture(scope="module")
def work(ds, wanted, sectors):
    return work_with(ds, wanted, sectors)


@pytest.fixture(scope="module")
def out(ds, work, sectors):
    return explicit_capacity(ds, work, sectors, sites=OPTIONS)


def loads(ds, work, sectors, number, demand=None):
    """Everything known of a network's carriers."""
    busy = busy_hour(ds, work, demand or Demand())
    around, inside = with_halo(work, busy)
    asked = asked_of(around, busy, inside, number, OPTIONS.gnb_per_macro_site)
    name = "ab"[number]
    tables = {k: t for k, t in sectors.tables.items() if t["network"].iloc[0] == name}
    return busy, inside, list(network_loads(around, busy, tables, asked, None))


# Against the twin --------------------------------------------------------------------------------


def twin_carrier(table, chain):
    band = BANDS[table["band"].iloc[0]]
    noise = coverage_twin.milliwatt(coverage_twin.noise_dbm(30e3, 9.0))
    own = (table["carriers"] * table["stations"]).to_numpy()
    beam_db = band.array_gain_dbi - band.ssb_gain_dbi
    if chain == "A":

        def efficiency(sinr_db):
            return band.mimo_gain * rate_twin.chain_a_efficiency(sinr_db, sinr_min_db=-np.inf)

        least, beam_db = -10.0, 0.0
    else:
        efficiency, least = rate_twin.chain_b_link_efficiency, -9.0
    return twin.Carrier(
        efficiency, least, noise / 10 ** (beam_db / 10), band.dl_mhz * own, band.ul_mhz * own,
        band.ue_dbm, band.array_gain_dbi,
    )  # fmt: skip


@pytest.mark.parametrize(("chain", "number"), [("A", 0), ("B", 0), ("B", 1)])
def test_the_stage_equals_its_twin(ds, wanted, sectors, chain, number):
    radio = RADIO.model_copy(update={"chain": chain})
    work = work_with(ds, wanted, sectors, radio)
    busy, inside, (found,) = loads(ds, work, sectors, number)
    frame = work.pixels.frame
    row, column = np.divmod(busy.at, frame.shape[1])
    area = np.isfinite(work.ground.people)
    away = np.argwhere(area)[:, :, None] - np.stack([row, column])
    near = np.hypot(away[:, 0], away[:, 1]).min(axis=0)
    # All cells within the halo of 10 km take part, those at its very edge by their distance.
    assert inside[near < 9.5].all() and not inside[near > 14.5].any()
    x, y = (frame.affine.c + (column + 0.5) * 1000.0, frame.affine.f - (row + 0.5) * 1000.0)
    asked = np.where(inside & (busy.mbps[number] > 0), busy.mbps[number], 0.0)
    use = asked > 0
    settlement = busy.cells.take(ds.settlement_class.values, np.int8)
    rise_db = np.array(UPLINK_RISE_DB)[settlement]
    # All is in one block, whose way from the CRS to the ground the twin shares.
    (tile,) = with_halo(work, busy)[0].tiles
    assert max(frame.shape) <= 64
    matrix = work.pixels.matrices(tile)[0]
    x, y = matrix @ np.stack([x, y])
    ground = matrix @ found.table[["x", "y"]].to_numpy().T
    masts, all_sectors = as_twin(found.table.assign(x=ground[0], y=ground[1]))
    expected = twin.loaded(
        x[use], y[use], masts, all_sectors, found.table["eirp_dbm"].to_numpy(), asked[use],
        12 / 88, rise_db[use], twin_carrier(found.table, chain),
    )  # fmt: skip
    _same_points(found, expected, use)
    table = sector_table(found, radio)
    with_demand = expected.demand_mbps > 0
    assert with_demand.sum() > 5 and (expected.requested > 1).any() and (expected.load < 0.9).any()
    np.testing.assert_array_equal(table["load"].notna(), with_demand)
    for name, values in {
        "demand_mbps": expected.demand_mbps, "load": expected.load,
        "requested_load": expected.requested, "uplink_load": expected.uplink,
        "capacity_mbps": expected.capacity_mbps, "rate_5th_mbps": expected.rate_5th_mbps,
        "served_mbps": expected.demand_mbps / np.maximum(expected.requested, 1.0),
    }.items():  # fmt: skip
        ours = table[name].to_numpy()[with_demand]
        np.testing.assert_allclose(ours, values[with_demand], rtol=5e-4, atol=1e-5, err_msg=name)
    worst = np.maximum(expected.requested, expected.uplink) / radio.target_load
    needed = worst * found.table["carriers"].to_numpy()
    clear = with_demand & (np.abs(needed - np.rint(needed)) > 5e-3 * needed)
    carriers = table["carriers_needed"].to_numpy()
    np.testing.assert_array_equal(carriers[clear], np.ceil(needed[clear]))
    # A site of three sectors lacks what each lacks of the target, in stations like its own.
    lacking = np.maximum(worst - 1, 0) * OPTIONS.gnb_per_macro_site / 3
    stations = table["stations_to_add"].to_numpy()
    np.testing.assert_allclose(stations[with_demand], lacking[with_demand], rtol=5e-3, atol=2e-3)


def _same_points(found, expected, use):
    """Who serves a point, whether it is served and how fast."""
    points = found.points
    order = np.argsort(points.cell)
    np.testing.assert_array_equal(points.cell[order], np.flatnonzero(use))
    heard = expected.server >= 0
    np.testing.assert_array_equal(points.links.server[order][heard], expected.server[heard])
    state = np.array(["served", "quality", "out_of_range"])[points.state[order]]
    np.testing.assert_array_equal(state, expected.state)
    np.testing.assert_allclose(found.loads.rate_mbps[order], expected.rate_mbps, rtol=5e-4)


def test_layers_are_those_of_the_points(ds, work, sectors, out):
    for number in (0, 1):
        busy, inside, (found,) = loads(ds, work, sectors, number)
        points, loaded = found.points, found.loads
        own = {k: v for k, v in out.cells.data_vars.items() if "network" in v.dims}
        layers = {k: busy.cells.take(v.values[number]) for k, v in own.items()}
        at, server = points.cell, points.links.server
        served = points.state == SERVED
        share = 1.0 / np.maximum(loaded.wanted[server], 1.0)
        expected = np.where(served, busy.mbps[number][at] * share, 0.0)
        np.testing.assert_allclose(layers["served_mbps"][at], expected, rtol=1e-5)
        load = layers["cell_load"][at]
        np.testing.assert_allclose(load[served], loaded.load[server][served], rtol=1e-5)
        assert np.isnan(load[~served]).all()
        left = loaded.rate_mbps * (1 - loaded.load[server])
        np.testing.assert_allclose(layers["rate_5th_mbps"][at][served], left[served], rtol=1e-5)
        names = np.array(REASONS)[layers["unserved_reason"][at].astype(int)]
        reason = np.where(loaded.wanted[server] > 1 + 1e-6, "overload", "served")
        reason = np.where(served, reason, np.where(points.state == 1, "quality", "no_site"))
        np.testing.assert_array_equal(names, reason)
        needed = sector_table(found, work.radio)["carriers_needed"].to_numpy()[server]
        found_carriers = layers["carriers_needed"][at]
        np.testing.assert_array_equal(found_carriers[served], needed[served])


# Laws --------------------------------------------------------------------------------------------


def test_demand_is_served_or_unserved_with_a_reason(ds, work, sectors, out):
    total = 0.0
    for number in (0, 1):
        busy, inside, solved = loads(ds, work, sectors, number)
        asked = busy.mbps[number][inside]
        points = solved[0].points
        # Pitfall 14: each point is one server's, each cell's demand is asked once.
        of_cell = np.bincount(points.cell, points.demand_mbps, busy.mbps.shape[1])
        np.testing.assert_allclose(of_cell[inside], asked, rtol=1e-6)
        assert (of_cell[~inside] == 0).all()
        table = sector_table(solved[0], work.radio)
        by_state = np.bincount(points.state, points.demand_mbps, 3)
        assert table["demand_mbps"].sum() == pytest.approx(by_state[SERVED], rel=1e-6)
        overload = (table["demand_mbps"] - table["served_mbps"]).sum()
        assert overload > 0 and (table["served_mbps"] <= table["demand_mbps"]).all()
        parts = table["served_mbps"].sum() + overload + by_state[1:].sum()
        assert parts == pytest.approx(asked.sum(), rel=1e-6)
        layers = out.cells.isel(network=number)
        mbps, served = (layers[k].values for k in ("demand_mbps", "served_mbps"))
        assert np.nansum(served) == pytest.approx(table["served_mbps"].sum(), rel=1e-6)
        known = mbps > 0
        assert known.sum() == inside[busy.mbps[number] > 0].sum()
        assert (np.isnan(mbps) == np.isnan(served)).all()
        assert (served[known] <= mbps[known] * (1 + 1e-6)).all()
        in_full = layers.unserved_reason.values == REASONS.index("served")
        np.testing.assert_allclose(served[in_full], mbps[in_full], rtol=0.011)
        total += asked.sum()
    assert total > 0


def test_requested_load_is_demand_over_capacity(out):
    for table in out.sectors.values():
        used = table[table["load"].notna()]
        asked = used["demand_mbps"] / used["capacity_mbps"]
        np.testing.assert_allclose(asked, used["requested_load"], rtol=1e-6)
        np.testing.assert_allclose(used["load"], used["requested_load"].clip(upper=1.0), atol=1e-5)
        full = used["load"] >= 1.0
        assert (used["rate_5th_mbps"][full] == 0.0).all()
        assert (used["carriers_needed"][full] > 1).all()
        assert (used["stations_to_add"] > 0).equals(
            used[["requested_load", "uplink_load"]].max(axis=1) > 0.7
        )


def test_the_end_is_the_same_from_full_load(ds, work, sectors):
    _, _, (found,) = loads(ds, work, sectors, 0)
    full = np.ones(found.loads.load.size)
    state = settled(found.balance.air, found.points, full).state
    np.testing.assert_allclose(state.load, found.loads.load, atol=2e-6)
    np.testing.assert_allclose(state.wanted, found.loads.wanted, rtol=1e-4, atol=2e-6)


def test_more_demand_is_never_less_load(ds, work, sectors, out):
    lighter = ds.assign({k: ds[k] * 0.5 for k in ("demand_5g_mbps", "demand_mbps")})
    half = explicit_capacity(lighter, work, sectors, sites=OPTIONS)
    for name, table in out.sectors.items():
        used = table["load"].notna()
        less = half.sectors[name]
        assert (less["load"][used] <= table["load"][used] + 1e-3).all()
        assert less["load"][used].mean() < table["load"][used].mean()


@pytest.mark.skipif(JIT_OFF, reason="threads matter to compiled code only")
@pytest.mark.parametrize("resolution", [250.0, 1000.0])
def test_same_bits_for_any_threads(ds, wanted, sectors, resolution):
    work = work_with(ds, wanted, sectors, RADIO.model_copy(update={"resolution_m": resolution}))
    before, runs = numba.get_num_threads(), []
    try:
        for n in (1, before):
            numba.set_num_threads(n)
            runs.append(explicit_capacity(ds, work, sectors, sites=OPTIONS))
    finally:
        numba.set_num_threads(before)
    assert runs[0].cells.identical(runs[1].cells)
    for name, table in runs[0].sectors.items():
        pd.testing.assert_frame_equal(table, runs[1].sectors[name], check_exact=True)


@pytest.mark.skipif(JIT_OFF, reason="twice the pixels")
def test_tiles_of_another_size_change_nothing_but_the_order_of_sums(ds, wanted, sectors):
    work = work_with(ds, wanted, sectors, RADIO.model_copy(update={"resolution_m": 250.0}))
    twice = type(work.pixels)(work.pixels.frame, work.pixels.factor, 2 * work.pixels.tile)
    larger = replace(work, pixels=twice, tiles=twice.tiles(*work.window))
    one, other = (explicit_capacity(ds, w, sectors, sites=OPTIONS) for w in (work, larger))
    for name, table in one.sectors.items():
        pd.testing.assert_frame_equal(table, other.sectors[name], rtol=1e-9)
    for name, layer in one.cells.data_vars.items():
        np.testing.assert_allclose(layer.values, other.cells[name].values, rtol=1e-6)


@pytest.mark.skipif(JIT_OFF, reason="the whole takes minutes")
def test_loads_of_an_area_are_those_of_the_whole(ds, work, sectors, out):
    """The halo of 10 km: what lies beyond has no load here, and in the whole it has."""
    whole = explicit_capacity(ds, work_with(ds, None, sectors), sectors, sites=OPTIONS)
    area = np.isfinite(work.ground.people).reshape(-1)
    for name, table in out.sectors.items():
        place = sectors.tables[name]
        inside = area[work.pixels.frame.cell(place["x"], place["y"])] & table["load"].notna()
        assert inside.sum() > 5
        ours, theirs = table[inside], whole.sectors[name][inside]
        np.testing.assert_allclose(ours["demand_mbps"], theirs["demand_mbps"], rtol=1e-6)
        np.testing.assert_allclose(ours["requested_load"], theirs["requested_load"], rtol=0.02)


def test_points_of_some_pixels_ask_for_all(ds, wanted, sectors, monkeypatch):
    work = work_with(ds, wanted, sectors, RADIO.model_copy(update={"resolution_m": 500.0}))
    _, _, (every,) = loads(ds, work, sectors, 0)
    monkeypatch.setattr("netmodel._explicit_capacity._MOST_PIXELS", 0)
    monkeypatch.setattr("netmodel._explicit_capacity._MOST_POINTS", 2)
    busy, inside, (some,) = loads(ds, work, sectors, 0)
    assert some.points.cell.size < 0.6 * every.points.cell.size
    for found in (every, some):
        n = busy.mbps.shape[1]
        of_cell = np.bincount(found.points.cell, found.points.demand_mbps, n)
        np.testing.assert_allclose(of_cell[inside], busy.mbps[0][inside], rtol=1e-5)


# Two carriers of a network ------------------------------------------------------------------------


def two_bands(ds, **columns):
    """A list of 12 sites of one network, each on two bands."""
    rng = np.random.default_rng(5)
    place = {k: float(ds[k].mean()) + rng.uniform(-4e3, 4e3, 12) for k in ("x", "y")}
    one = pd.DataFrame({**place, **columns})
    table = pd.concat([one.assign(band=b) for b in ("n28", "n78")], ignore_index=True)
    grid = grid_of(ds)
    return placed_sectors("sites", table, grid, grid.crs.to_wkt())


def on_listed(ds, listed):
    stations = listed_sites(ds.drop_dims("network"), stations_of(listed))
    own = ds.drop_dims("network").assign(stations.variables)
    tables, antennas = listed_sectors(own, listed, radio=RADIO)
    return own, Sectors(tables, antennas)


def test_bands_of_a_network_split_its_demand_by_bandwidth(ds, wanted):
    own, sectors = on_listed(ds, two_bands(ds))
    work = work_with(own, wanted, sectors)
    busy = busy_hour(own, work, Demand())
    around, inside = with_halo(work, busy)
    asked = asked_of(around, busy, inside, 0, 1.0)
    solved = list(network_loads(around, busy, dict(sectors.tables), asked, None))
    wide = np.array([BANDS[s.table["band"].iloc[0]].dl_mhz for s in solved])
    assert len(solved) == 2 and wide[0] != wide[1]
    demand = np.stack([s.points.demand_mbps for s in solved])
    heard = np.stack([s.points.state != 2 for s in solved])
    np.testing.assert_allclose(demand.sum(axis=0), busy.mbps[0][solved[0].points.cell], rtol=1e-6)
    both = heard.all(axis=0)
    assert both.any() and (~heard[1] & heard[0]).any()  # 700 MHz reach farther
    share = demand[:, both] / demand[:, both].sum(axis=0)
    np.testing.assert_allclose(share, np.repeat((wide / wide.sum())[:, None], both.sum(), 1), 1e-5)
    assert (demand[1][~heard[1] & heard[0]] == 0.0).all()
    found = explicit_capacity(own, work, sectors)
    served = sum(t["served_mbps"].sum() for t in found.sectors.values())
    assert np.nansum(found.cells.served_mbps) == pytest.approx(served, rel=1e-6)
    assert set(found.sectors) == {"all_n28", "all_n78"}


def test_carriers_in_a_list_carry_more(ds, wanted):
    one, many = (
        explicit_capacity(own, work_with(own, wanted, s), s)
        for own, s in (on_listed(ds, two_bands(ds, carriers=n)) for n in (1.0, 3.0))
    )
    for name, table in one.sectors.items():
        used = table["load"].notna()
        more = many.sectors[name]
        assert (more["requested_load"][used] < 0.5 * table["requested_load"][used]).all()
        assert (more["carriers_needed"][used] <= table["carriers_needed"][used] + 2).all()


# What cannot be ----------------------------------------------------------------------------------


def test_no_bandwidth_is_refused(ds, work, sectors, given):
    with pytest.raises(InputError, match="row 0: carriers 0.0; expected 1 to 100"):
        two_bands(ds, carriers=0.0)
    for none in (0.0, np.nan):
        tables = {k: t.assign(carriers=none) for k, t in sectors.tables.items()}
        with pytest.raises(InputError, match="carriers"):
            explicit_capacity(ds, work, Sectors(tables, {}), sites=OPTIONS)
    radio = {"mode": "explicit", "spectrum_mhz": {"a": 60.0}}
    with pytest.raises(InputError, match="60 MHz of a hold no carrier"):
        open_inputs(Scenario.from_dict({**given, "radio": radio}))


@pytest.mark.parametrize("target", [0.0, 1.0, 1.5, -0.1, float("nan")])
def test_a_target_load_outside_its_range_is_refused(given, target):
    with pytest.raises(InputError, match="target_load"):
        Scenario.from_dict({**given, "radio": {"mode": "explicit", "target_load": target}})


def test_one_side_missing_is_refused(ds, work, sectors):
    none = ds.assign(macro_density=ds.macro_density * 0.0)
    with pytest.raises(InputError, match="demand and no macro site"):
        explicit_capacity(none, work, sectors, sites=OPTIONS)
    with pytest.raises(InputError, match="sites and no demand"):
        explicit_capacity(
            ds.assign(demand_5g_mbps=ds.demand_5g_mbps * 0.0), work, sectors, sites=OPTIONS
        )


def test_demand_beyond_all_sites_is_unserved_for_want_of_one(ds, wanted):
    """Sites far from the area, in range of none of its cells."""
    grid = grid_of(ds)
    x, y = ds.x.values, ds.y.values
    table = pd.DataFrame({"x": [x[-4]], "y": [y[-4]], "band": ["n78"]})
    own, sectors = on_listed(ds, placed_sectors("sites", table, grid, grid.crs.to_wkt()))
    found = explicit_capacity(own, work_with(own, wanted, sectors), sectors)
    cells = found.cells.isel(network=0)
    reason = cells.unserved_reason.values[wanted & (cells.demand_mbps.values > 0)]
    assert (reason == REASONS.index("no_site")).all() and reason.size > 0
    assert (cells.served_mbps.values[wanted & (cells.demand_mbps.values > 0)] == 0).all()


def test_a_network_without_outdoor_sites_serves_nobody_outdoors(ds, wanted):
    macro = two_bands(ds).assign(network="a")
    indoor = macro.iloc[:3].assign(network="b", kind="indoor")
    own, sectors = on_listed(ds, pd.concat([macro, indoor], ignore_index=True))
    assert {t["network"].iloc[0] for t in sectors.tables.values()} == {"a"}
    found = explicit_capacity(own, work_with(own, wanted, sectors), sectors)
    cells = found.cells.isel(network=1)
    asked = cells.demand_mbps.values > 0
    assert asked.any() and (cells.served_mbps.values[asked] == 0).all()
    assert (cells.unserved_reason.values[asked] == REASONS.index("no_site")).all()
    assert np.isnan(cells.cell_load.values).all()


# Files -------------------------------------------------------------------------------------------


def test_a_run_keeps_the_figures_of_its_sectors(given, tmp_path):
    radio = {"mode": "explicit", "resolution_m": 1000.0}
    scenario = Scenario.from_dict({**given, "area": BOX, "radio": radio})
    run_into(scenario, tmp_path / "out", stages="core")
    table = pd.read_parquet(tmp_path / "out" / "sectors.parquet")
    columns = ["demand_mbps", "served_mbps", "load", "requested_load", "uplink_load"]
    columns += ["capacity_mbps", "rate_5th_mbps", "carriers_needed", "stations_to_add"]
    assert set(columns) <= set(table.columns)
    inside = table["in_area"]
    assert inside.any() and table.loc[~inside, columns].isna().all(axis=None)
    serving = inside & (table["served_pixels"] > 0)
    assert table.loc[serving, "load"].notna().all()
    run = nm.open_run(tmp_path / "out")
    assert "served_mbps" in run["capacity"].data_vars
    assert run["capacity"].attrs["mode"] == "explicit"
    assert table["demand_mbps"].sum() > 0
    # Every sector of the area is in one zone of each level.
    own = table[inside]
    asked = own[["requested_load", "uplink_load"]].max(axis=1)
    lacking = (own["carriers_needed"] - own["carriers"]).clip(lower=0)
    for name in ("provinces", "counties"):
        zones = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        assert zones["sectors"].sum() == len(own)
        assert zones["sectors_congested"].sum() == (asked > 0.7).sum()
        assert zones["sector_carriers_to_add"].sum() == pytest.approx(lacking.sum())
        covered = zones["covered_share"] * zones["population"]
        served = zones["covered_served_share"] * zones["population"]
        assert (served <= covered * (1 + 1e-6)).all() and served.sum() > 0


def test_loads_that_still_move_say_so(ds, work, sectors, monkeypatch):
    monkeypatch.setattr("netmodel._settled._MOST_CORRECTIONS", 1)
    with pytest.warns(RuntimeWarning, match="loads of a_n78 still move after 1 corrections"):
        loads(ds, work, sectors, 0)
