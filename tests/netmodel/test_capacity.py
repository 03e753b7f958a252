import numba
import numpy as np
import pytest
import xarray as xr

import netmodel as nm
from netmodel._network_demand import covered_demand
from netmodel._networks import inhabited, whole_sites
from netmodel._radio_tables import ISD_M, LOADS, cell_tables
from netmodel._settings import Demand, Radio, Sites
from netmodel._stages import joined
from netmodel.errors import InputError
from netmodel.presets import BANDS
from netmodel.variables import REASONS
from tests.conftest import JIT_OFF
from tests.reference import load as twin
from tests.reference import rate as rate_twin

HEAVY_GB = 1.5e9  # five hundred times the traffic of the small country, so that cells fill up
OPTIONS = Sites(total=150, networks={"a": 0.6, "b": 0.4})


def country(scenario, total_gb, stations=150):
    people = nm.population(nm.open_region(scenario))
    demand = nm.demand(people, province_total_gb=[total_gb])
    both = joined([people, demand])
    sites = nm.synthesised_sites(both, province_stations=[stations], options=OPTIONS)
    return joined([both, sites])


@pytest.fixture(scope="module")
def ds(scenario):
    return country(scenario, HEAVY_GB)


@pytest.fixture(scope="module")
def out(ds):
    return nm.capacity(ds, sites=OPTIONS)


def test_nothing_is_served_beyond_what_is_asked(out):
    load, demand, served = (
        out[name].values for name in ("cell_load", "demand_mbps", "served_mbps")
    )
    known = ~np.isnan(demand)
    assert (served[known] >= 0).all() and (served[known] <= demand[known] * (1 + 1e-6)).all()
    assert np.nanmin(load) >= 0 and np.nanmax(load) == 1.0
    assert (served[known & np.isnan(load)] == 0).all()


def test_every_unserved_cell_has_its_reason(out):
    reason, load = out.unserved_reason.values, out.cell_load.values
    assert out.unserved_reason.attrs["flag_meanings"].split() == list(REASONS)
    overloaded = reason == REASONS.index("overload")
    assert overloaded.any() and (load[overloaded] == 1.0).all()
    without = reason == REASONS.index("no_site")
    assert np.isnan(load[without]).all()
    by_reason = np.array(out.attrs["cells_by_reason"])
    np.testing.assert_array_equal(
        by_reason, [[(r == k).sum() for k in range(len(REASONS))] for r in reason]
    )
    missing = np.nansum(out.demand_mbps - out.served_mbps, axis=(1, 2))
    np.testing.assert_allclose(np.sum(out.attrs["unserved_mbps_by_reason"], axis=1), missing, 1e-5)


def test_a_cell_with_demand_and_no_site_is_unserved_and_never_infinite(ds):
    bare = without_stations(ds, ds.x <= ds.x.mean())
    bare = bare.assign(macro_density=ds.macro_density.where(ds.x > ds.x.mean(), 0.0))
    out = nm.capacity(bare, sites=OPTIONS)
    far = (ds.x < ds.x.mean() - 10_000).values & (ds.people.values > 0)
    assert far.any()
    assert (out.unserved_reason.values[:, far] == REASONS.index("no_site")).all()
    assert np.isnan(out.cell_load.values[:, far]).all()
    assert (out.served_mbps.values[:, far] == 0.0).all()
    assert (out.carriers_needed.values[:, far] == 0).all()
    for name, variable in out.data_vars.items():
        assert not np.isinf(variable.values).any(), name


@pytest.mark.skipif(JIT_OFF, reason="minutes without compilation")
def test_the_chain_equals_its_twin(ds, out):
    """Load, rate and served demand of one network, from densities that need no smoothing."""
    flat = ds.assign(macro_density=xr.full_like(ds.macro_density, 2.6))
    flat = flat.assign(indoor_density=xr.zeros_like(ds.indoor_density))
    out = nm.capacity(flat, sites=OPTIONS, radio=Radio(band="n78"))
    row, column = np.unravel_index(np.nanargmax(flat.people.values), flat.people.shape)
    window = (slice(row - 9, row + 10), slice(column - 9, column + 10))
    tables, settlement = cell_tables("n78", 1000.0), flat.settlement_class.values
    sites = 2.6 / 1.3
    isd = float(twin.hexagon_isd_m(sites))
    mhz = rate_twin.effective_bandwidth_mhz(
        273, 30, rate_twin.downlink_share("DDDDDDDSUU", (6, 4, 4))
    )
    share = ds.sites_5g.values.sum(axis=(1, 2))[0] / 150
    demand = flat.demand_5g_mbps.values.astype(float) * share
    outage = [np.interp(np.log(isd), np.log(ISD_M), tables.outage[k]) for k in range(5)]
    demand *= 1 - np.array([*outage, 0.0])[settlement]

    # A window of one class per cell: the twin takes the class through its density.
    place = settlement.astype(float)[window]
    place[flat.people.values[window] <= 0] = np.nan

    def capacity(density, rho):
        k = int(density) - 1
        se = twin.efficiency_lookup(isd, rho, ISD_M, LOADS, tables.se[k])
        return twin.cell_capacity(sites * 1.3, se, mhz, 4.0)

    load = twin.mean_field_grid(
        np.where(np.isnan(place), np.nan, demand[window]),
        np.nan_to_num(place + 1),
        np.ones(place.shape),
        capacity,
        1e-9,
    )
    inner = (slice(8, 11), slice(8, 11))
    got = out.cell_load.values[0][window][inner]
    assert got.max() > 0.2
    np.testing.assert_allclose(got, load[inner], atol=1e-3)


def test_load_rises_with_demand(ds):
    loads = [
        nm.capacity(ds.assign(demand_5g_mbps=ds.demand_5g_mbps * factor), sites=OPTIONS).cell_load
        for factor in (0.2, 0.5, 1.0)
    ]
    for less, more in zip(loads, loads[1:], strict=False):
        known = ~np.isnan(less.values)
        assert (more.values[known] >= less.values[known] - 2e-5).all()


def test_a_mirrored_country_has_mirrored_loads(ds):
    """Where sites are dense: whole sites in sparse cells are drawn along a curve."""
    dense = ds.assign(macro_density=xr.full_like(ds.macro_density, 2.6))
    mirrored = dense.copy()
    for name, variable in dense.data_vars.items():
        mirrored[name] = variable.copy(data=np.ascontiguousarray(variable.values[..., ::-1]))
    out, again = (nm.capacity(one, sites=OPTIONS) for one in (dense, mirrored))
    np.testing.assert_allclose(
        again.cell_load.values[..., ::-1], out.cell_load.values, atol=1e-5, rtol=1e-5
    )


@pytest.mark.skipif(JIT_OFF or numba.get_num_threads() < 2, reason="needs two threads")
def test_one_thread_gives_the_same_bits(ds, out):
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        one = nm.capacity(ds, sites=OPTIONS)
    finally:
        numba.set_num_threads(threads)
    xr.testing.assert_identical(one, out)


def test_the_carriers_needed_suffice(ds, out):
    """With the carriers that its worst cell needs, no cell in range is above the target."""
    needed = int(out.carriers_needed.max())
    assert needed > 1
    more = nm.capacity(ds, sites=OPTIONS, radio=Radio(carriers=min(needed, 20)))
    before, after = (np.nanmax(v.cell_load.values[in_range(v)]) for v in (out, more))
    assert after <= 0.7 + 1e-4 if needed <= 20 else after < before


def in_range(out):
    """Where most demand is within range of a site."""
    reason = out.unserved_reason.values
    return (reason >= 0) & (reason < REASONS.index("out_of_range"))


def test_no_rate_and_no_carriers_where_most_demand_is_out_of_range(out):
    beyond = out.unserved_reason.values >= REASONS.index("out_of_range")
    assert beyond.any() and in_range(out).any()
    assert np.isnan(out.rate_5th_mbps.values[beyond]).all()
    assert (out.carriers_needed.values[beyond] == 0).all()
    share = out.served_mbps.values / out.demand_mbps.values
    partly = out.unserved_reason.values == REASONS.index("partly_in_range")
    assert partly.any() and (out.cell_load.values[partly] >= 0.0).all()
    assert (share[out.unserved_reason.values == REASONS.index("out_of_range")] < 0.5).all()
    assert (share[out.unserved_reason.values == REASONS.index("served")] > 0.99).all()
    assert (~np.isnan(out.rate_5th_mbps.values[in_range(out)])).all()


def without_stations(ds, gone):
    """No whole station in some cells; the expected densities, which are never zero, stay."""
    names = ("sites_5g", "sites_5g_indoor")
    return ds.assign(
        {n: ds[n].where(~gone, 0).astype(ds[n].dtype).assign_attrs(ds[n].attrs) for n in names}
    )


def test_a_density_without_a_station_in_range_is_no_site(ds):
    """The smooth tail of expected stations serves nobody, and has neither load nor rate."""
    bare = without_stations(ds, ds.x > ds.x.mean())
    bare = bare.assign(macro_density=ds.macro_density.where(ds.macro_density > 0.02, 0.02))
    out = nm.capacity(bare, sites=OPTIONS)
    distance = np.stack([km_to_site(bare, n) for n in (0, 1)])
    inhabited_cell = np.broadcast_to(ds.people.values > 0, distance.shape)
    no_site = out.unserved_reason.values == REASONS.index("no_site")
    far = inhabited_cell & (distance > 6.5)  # 5 km of n78, and terminals and sites in their cells
    near = inhabited_cell & (distance < 4.0)
    assert far.any() and no_site[far].all()
    assert near.any() and not no_site[near].any()
    for name in ("cell_load", "uplink_load", "rate_5th_mbps"):
        assert np.isnan(out[name].values[no_site]).all(), name
    assert (out.served_mbps.values[no_site] == 0.0).all()


def km_to_site(ds, number):
    """Distance of every cell to a network's nearest cell with a whole site."""
    cells = inhabited(ds)
    at = cells.index[whole_sites(ds, cells, number, OPTIONS) > 0]
    y, x = np.divmod(at, ds.sizes["x"])
    row, column = np.indices(ds.people.shape)
    gap = (row[..., None] - y) ** 2 + (column[..., None] - x) ** 2
    side = abs(float(ds.x[1] - ds.x[0])) / 1000.0
    return np.sqrt(gap.min(axis=-1)) * side


def test_stations_are_added_where_the_load_is_above_its_target_only(out):
    added, load = out.stations_to_add.values, out.cell_load.values
    uplink = out.uplink_load.values
    fine = (load <= 0.7) & (uplink <= 0.7)
    assert (added[fine & ~np.isnan(added)] <= 1e-6).all()
    assert (added[load > 0.75] > 0).all() and (load > 0.75).any()


def test_demand_gathers_where_coverage_is_and_keeps_its_total(ds):
    cells = inhabited(ds)
    share = np.linspace(0, 1, ds.sizes["x"])
    covered = ds.assign(coverage_probability=(("y", "x"), np.tile(share, (ds.sizes["y"], 1))))
    plain, gathered = covered_demand(ds, cells), covered_demand(covered, cells)
    np.testing.assert_array_equal(plain, cells.take(ds.demand_5g_mbps.values))
    assert gathered.sum() == pytest.approx(plain.sum(), rel=1e-9)
    assert (gathered <= cells.take(ds.demand_mbps.values) * (1 + 1e-12)).all()
    ratio = gathered / plain
    assert ratio[cells.index % ds.sizes["x"] == 0].max(initial=0.0) == 0.0
    assert ratio.max() > 1.0


def test_demand_without_room_under_coverage_stays_where_it_is(ds):
    cells = inhabited(ds)
    nowhere = ds.assign(coverage_probability=xr.zeros_like(ds.people))
    np.testing.assert_array_equal(covered_demand(nowhere, cells), covered_demand(ds, cells))


def test_subscribers_split_the_demand(ds):
    split = {"a": 0.9, "b": 0.1}
    radio = Radio(indoor_offload=0.0)
    out = nm.capacity(ds, sites=OPTIONS, radio=radio, demand=Demand(subscribers=split))
    total = out.demand_mbps.sum(("y", "x"), dtype=float).values
    np.testing.assert_allclose(total / total.sum(), [0.9, 0.1], rtol=1e-6)


def test_indoor_stations_take_their_part(ds):
    before, after = (
        nm.capacity(ds, sites=OPTIONS, radio=Radio(indoor_offload=share)).demand_mbps
        for share in (0.0, 0.5)
    )
    has_indoor = (ds.indoor_density.values > 0) & (before.values > 0)
    ratio = after.values[has_indoor] / before.values[has_indoor]
    np.testing.assert_allclose(ratio, 1 - 0.5 * 0.8, rtol=1e-6)


def test_a_wider_band_and_more_carriers_lower_the_load(ds, out):
    low = nm.capacity(ds, sites=OPTIONS, radio=Radio(carriers=2.0)).cell_load
    assert np.nanmean(low) < np.nanmean(out.cell_load)
    assert BANDS["n78"].dl_mhz == pytest.approx(73.008)


def test_the_fifth_percentile_rate_falls_with_load(out):
    rate, load = out.rate_5th_mbps.values, out.cell_load.values
    assert np.nanmin(rate) >= 0.0
    assert (rate[(load == 1.0) & in_range(out)] == 0.0).all()
    assert np.nanmax(rate) < 73.008 * 4.0 * 4.3904


REFUSED = {
    "no macro site": (lambda ds: ds.assign(macro_density=ds.macro_density * 0), {}),
    "no demand": (lambda ds: ds.assign(demand_5g_mbps=ds.demand_5g_mbps * 0), {}),
    "settlement_class 9 in 1 inhabited": (lambda ds: with_class_nine(ds), {}),
    "unknown network 'c'": (lambda ds: ds, {"radio": Radio(bands={"c": "n78"})}),
    "hold no carrier of n78": (lambda ds: ds, {"radio": Radio(spectrum_mhz={"a": 50})}),
    "give each network's share": (
        lambda ds: ds, {"demand": Demand(subscribers={"a": 0.5, "z": 0.5})}
    ),
}  # fmt: skip


def with_class_nine(ds):
    settlement = ds.settlement_class.copy(deep=True)
    settlement.values[np.unravel_index(np.nanargmax(ds.people.values), settlement.shape)] = 9
    return ds.assign(settlement_class=settlement)


@pytest.mark.parametrize("says", REFUSED)
def test_bad_input_is_refused_in_words(ds, says):
    change, options = REFUSED[says]
    with pytest.raises(InputError, match=says):
        nm.capacity(change(ds), sites=OPTIONS, **options)


def test_densities_beyond_the_tables_are_counted(ds, out):
    dense = ds.assign(macro_density=ds.macro_density.where(ds.macro_density == 0, 60.0))
    counted = nm.capacity(dense, sites=OPTIONS)
    assert min(counted.attrs["cells_isd_below_tables"]) > 0
    assert out.attrs["cells_isd_below_tables"] == [0, 0]
    assert min(out.attrs["cells_isd_above_tables"]) > 0
