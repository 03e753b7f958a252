"""Catchments of sparse cells, and what a site gives them over distance."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given as drawn
from hypothesis import strategies as st

import netmodel as nm
from netmodel._catchments import Catchments, catchments
from netmodel._networks import inhabited, networks
from netmodel._radio_tables import DISTANCE_M, UE_NOISE_DB, cell_tables
from netmodel._ring_tables import OFF_AXIS_DEG, OTHERS_M
from netmodel._settings import Radio, Sites
from netmodel._stages import joined
from netmodel.kernels.antenna import sector_gain_dbi
from netmodel.kernels.link_budget import noise_dbm
from netmodel.presets import BANDS, TERMINAL_HEIGHT_M
from tests import strategies
from tests.conftest import JIT_OFF

OPTIONS = Sites(total=150, networks={"a": 0.6, "b": 0.4})


@pytest.fixture(scope="module")
def ds(scenario):
    region = nm.open_region(scenario)
    people = nm.population(region)
    both = joined([people, nm.demand(people, province_total_gb=[3e6])])
    sites = nm.synthesised_sites(both, province_stations=[150], options=OPTIONS)
    return joined([both, sites])


@pytest.fixture(scope="module")
def network(ds):
    return next(networks(ds, inhabited(ds), Radio(), OPTIONS))


@pytest.fixture(scope="module")
def catch(ds, network):
    return catchments(ds, inhabited(ds), network, OPTIONS)


def of_all_sites(ds, network, catch):
    """Distance and angle off the nearest axis (sparse, host) of every cell with sites."""
    cells = inhabited(ds)
    row, column = np.divmod(cells.index, ds.sizes["x"])
    side = abs(float(ds.x[1] - ds.x[0]))
    hosts = np.flatnonzero(catch.sites > 0.0)
    north = row[hosts] - row[catch.sparse, None]
    east = column[catch.sparse, None] - column[hosts]
    bearing = np.degrees(np.arctan2(east, north)) % 120
    return hosts, np.hypot(east, north) * side, np.minimum(bearing, 120 - bearing)


def test_hosts_are_those_that_are_heard_best(ds, network, catch):
    known = catch.host >= 0
    assert known.any() and (catch.sites[catch.host[known]] > 0.0).all()
    hosts, away, off_axis = of_all_sites(ds, network, catch)
    curves = np.maximum(network.tables.far.snr_db[-1], -1e4)
    by_angle = np.stack([np.interp(away, DISTANCE_M, curve) for curve in curves])
    snr = np.apply_along_axis(
        lambda both: np.interp(both[-1], OFF_AXIS_DEG, both[:-1]), 0,
        np.concatenate([by_angle, off_axis[np.newaxis]]),
    )  # fmt: skip
    snr[away == 0.0] = np.inf
    mine = np.searchsorted(hosts, catch.host[known])
    picked = snr[np.flatnonzero(known), mine]
    np.testing.assert_allclose(picked, snr[known].max(axis=1), atol=1e-6)
    np.testing.assert_allclose(catch.distance_m[known], away[known, mine], rtol=1e-5)
    assert (away[~known].min(axis=1) > 4000.0).all()  # n78 ends at 5 km


def test_interference_is_the_sum_over_all_other_sites(ds, network, catch):
    """Site by site at their cells; squares that are far are taken together."""
    hosts, away, _ = of_all_sites(ds, network, catch)
    power = network.tables.far.other[-1]
    total = np.zeros(catch.sparse.size)
    for k in np.flatnonzero(catch.host >= 0):
        others = hosts != catch.host[k]
        at = np.maximum(away[k, others], catch.distance_m[k])
        each = np.interp(at, OTHERS_M, power, right=0.0)
        total[k] = (catch.sites[hosts[others]] * each).sum()
    expected = 10 * np.log10(1 + total)
    known = (catch.host >= 0) & (catch.sites[catch.host] <= 1.0)
    assert known.sum() > 20
    np.testing.assert_allclose(catch.rise_db[known], expected[known], atol=1.0)
    assert np.abs(catch.rise_db[known] - expected[known]).mean() < 0.3


def test_dense_cells_host_themselves(ds, network, catch):
    dense = np.setdiff1d(np.arange(catch.sites.size), catch.sparse)
    mean = network.sites_per_km2 * inhabited(ds).area_km2()
    assert (mean[dense] >= 1.0).all() and (mean[catch.sparse] < 1.0).all()
    np.testing.assert_allclose(catch.sites[dense], mean[dense])


@drawn(strategies.generators())
def test_all_time_is_some_sites(catch, rng):
    """Loads of the sites add up to the time of all cells that have one in range."""
    time = rng.uniform(0.0, 1.0, catch.sites.size)
    time[catch.sparse[catch.host < 0]] = 0.0
    of_site = catch.time_per_site(time)
    standing = catch.sites > 0.0
    assert (of_site[standing] * catch.sites[standing]).sum() == pytest.approx(time.sum())


@drawn(st.floats(0.5, 4.0))
def test_loads_grow_with_the_work(catch, factor):
    time = np.full(catch.sites.size, 0.01)
    less, more = (
        catch.loads(t, catch.time_per_site(t), np.zeros(time.size))[0]
        for t in (time, time * (1.0 + factor))
    )
    known = catch.host >= 0
    assert (more[known] > less[known]).all()
    # Interference does not let them grow less than the work.
    assert (more[known] >= less[known] * (1.0 + factor) * (1.0 - 1e-4)).all()


def test_one_site_on_a_plain_loads_its_sectors():
    """Three cells north of a site, none elsewhere: its northern sector carries all but a third."""
    network = type("Of", (), {})()
    own = Catchments(
        network, np.zeros(4, int), 3, 9, np.arange(4), np.zeros(4, int),
        np.array([0.0, 1000.0, 2000.0, 3000.0]), np.zeros(4), np.zeros(4),
        np.array([3, 0, 0, 0], np.int8),
        np.array([2.0, 0.0, 0.0, 0.0]),
    )  # fmt: skip
    load = own.time_per_site(np.array([0.3, 0.1, 0.2, 0.3]))
    np.testing.assert_allclose(load, [0.9 / 2, *(3 * [(0.3 + 3 * 0.6) / 2])])


@pytest.mark.parametrize("band", ["n78", "n28"])
def test_rates_over_distance_follow_the_published_loss(band):
    """A terminal 3 km away against path loss, pattern and chain A, each computed alone."""
    tables, of = cell_tables(band, 100.0), BANDS[band]
    at, height, tilt = int(np.argmin(np.abs(DISTANCE_M - 3000.0))), 35.0, None
    loss = nm.path_loss(
        "rma", [3000.0], frequency_ghz=of.frequency_ghz, h_bs_m=height,
        h_ut_m=TERMINAL_HEIGHT_M, state="mean_gain",
    ).path_loss_db.values[0]  # fmt: skip
    tilt = np.degrees(np.arctan((height - TERMINAL_HEIGHT_M) / (5000.0 / np.sqrt(3)))) + 10 / 4
    depression = np.degrees(np.arctan((height - TERMINAL_HEIGHT_M) / 3000.0))
    gain = [sector_gain_dbi(b, depression, max(tilt, 2.0), 17.0) for b in np.arange(-60, 60, 5)]
    power = of.total_dbm - 10 * np.log10(12 * of.n_rb) - 2.0
    snr = power + np.array(gain) - loss - noise_dbm(of.scs_khz * 1e3, UE_NOISE_DB)
    se = 0.6 * np.log2(1 + 10 ** (np.minimum(snr, 22.0) / 10))
    # Angles from the axis, of which the outer ones are half of a sector's.
    found = np.array([1.0, 2.0, 2.0, 1.0]) / tables.far.se[3, 0, 0, :, at]
    assert 6.0 / found.sum() == pytest.approx(se.size / (1 / se).sum(), rel=0.03)


@pytest.mark.parametrize("band", ["n78", "n41", "n28"])
def test_rates_and_service_fall_with_distance(band):
    far = cell_tables(band, 1000.0).far
    assert (np.diff(far.served, axis=3) <= 0.0).all()
    assert (np.diff(far.served, axis=1) <= 0.0).all()  # by what others add
    assert (np.diff(far.se, axis=1) <= 1e-12).all()
    assert (far.served[..., 0] == 1.0).all() and (far.served[:, 0, :, -1] < 0.5).all()
    beyond = DISTANCE_M > 6000.0
    assert (far.served[..., beyond] > 0.0).any() == (band != "n78")  # 3.5 GHz ends at 5 km
    for curve in (far.se[:, 0, 0], far.se_5th[:, 0], far.ul_se[:, 0]):
        # But for the antenna's lobe near the mast.
        assert (np.diff(curve[..., DISTANCE_M <= 4000.0], axis=2) <= 0.02).all()


@pytest.mark.skipif(JIT_OFF, reason="minutes without compilation")
def test_dense_cells_do_not_feel_sparse_ones(ds):
    """Where sites stand close everywhere there are no catchments."""
    dense = ds.assign(macro_density=xr.full_like(ds.macro_density, 2.6))
    network = next(networks(dense, inhabited(dense), Radio(), OPTIONS))
    assert catchments(dense, inhabited(dense), network, OPTIONS).sparse.size == 0
