"""The twin of the explicit engine: two sites by hand, oracles of section B through it, laws."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies
from tests.oracles import assert_oracle, oracle
from tests.reference import coverage, hata, hexagon, propagation
from tests.reference import server as twin
from tests.reference.antenna import element_gain_dbi, sector_gain_dbi

NOISE_MW = float(coverage.milliwatt(coverage.noise_dbm(30e3, 9.0)))
TERMS = twin.Terms(noise_mw=NOISE_MW)
DENSE = TERMS._replace(is_dense=True)
OMNI = twin.omni(0.0)


def masts(x_m, y_m=0.0, height_m=25.0, frequency_ghz=3.5, model="UMA"):
    parts = np.broadcast_arrays(x_m, y_m, height_m, frequency_ghz)
    x, y, height, frequency = (np.atleast_1d(part).astype(float) for part in parts)
    return twin.Masts(x, y, height, frequency, np.broadcast_to(model, x.shape))


def sectors(
    mast, element_dbm=18.0, azimuth_deg=0.0, tilt_deg=6.0, antenna=OMNI, limit_db=130.0, load=1.0
):
    mast = np.atleast_1d(mast)
    numbers = (azimuth_deg, tilt_deg, element_dbm, limit_db, load)
    azimuth, tilt, element, limit, loads = (
        np.broadcast_to(np.asarray(one, dtype=float), mast.shape) for one in numbers
    )
    table = np.broadcast_to(np.array(antenna), (len(mast), len(twin.Antenna._fields)))
    return twin.Sectors(mast, azimuth, tilt, element, table, limit, loads)


def picked(all_sectors, index):
    """Sectors in the order of an index, or a part of them."""
    return twin.Sectors(*(part[index] for part in vars(all_sectors).values()))


def at_points(x_m, y_m, *network, terms=TERMS):
    return twin.served(np.atleast_1d(x_m) * 1.0, np.atleast_1d(y_m) * 1.0, *network, terms)


def mean_loss_db(distance_m, frequency_ghz=3.5, height_m=25.0):
    return propagation.uma_mean_gain_loss_db(distance_m, frequency_ghz, height_m, 1.5)


@st.composite
def networks(draw):
    """Points, masts and sectors of both models, in and out of range."""
    rng = draw(strategies.generators())
    n_mast, n_sector = draw(st.integers(1, 8)), draw(st.integers(2, 12))
    side = draw(st.sampled_from([2e3, 15e3, 60e3]))
    place = rng.uniform(-side, side, (2, n_mast + 5))
    frequency = rng.choice([0.7, 2.6, 3.5], n_mast)
    model = rng.choice(["UMA", "RMA"], n_mast)
    mast = twin.Masts(*place[:, 5:], rng.uniform(15, 50, n_mast), frequency, model)
    patterns = np.array([twin.SECTOR_36814, twin.ELEMENT_38901, twin.omni(14.5)])
    sector = sectors(
        rng.integers(0, n_mast, n_sector),
        rng.uniform(10, 25, n_sector),
        rng.uniform(0, 360, n_sector),
        rng.uniform(0, 12, n_sector),
        patterns[rng.integers(0, 3, n_sector)],
        rng.uniform(110, 160, n_sector),
        rng.random(n_sector),
    )
    return *place[:, :5], mast, sector


# Oracles -----------------------------------------------------------------------------------------


def test_sinr_oracle():
    """B08, the received powers made what they should be at 300 m."""
    power = np.array([-80.0, -90.0, -95.0]) + mean_loss_db(300.0)
    sinr = [
        at_points(300, 0, masts([0.0] * 3), sectors(np.arange(3), power, load=load)).sinr_db[0]
        for load in (0.5, 1.0, 0.0)
    ]
    assert_oracle("B08", sinr)


def test_mixture_oracle():
    """B12, the first of its two numbers."""
    place = (200, 0, masts(0.0), sectors(0, limit_db=110.0))
    got = at_points(*place, terms=DENSE).coverage[0, 0]
    assert got == pytest.approx(oracle("B12")[0], abs=1e-8)
    assert at_points(*place).coverage[0, 0] == pytest.approx(got, abs=5e-6)


def test_indoor_oracle():
    """B13, to the digits printed by dense quadrature."""
    place = (300, 0, masts(0.0), sectors(0, limit_db=140.0))
    got = at_points(*place, terms=DENSE).coverage
    assert_oracle("B13", [*got[0], twin.mixed(got, 0.8, 0.8)[0]])
    assert at_points(*place).coverage == pytest.approx(got, abs=5e-6)


def multi_server(margins_db, correlation, is_dense):
    """Coverage by sites in RMa without line of sight, whose sigma is 8 dB, at one distance."""
    loss = float(propagation.rma_nlos_loss_db(1000.0, 0.7, 35.0, 1.5))
    n = len(margins_db)
    network = masts([1e3] * n, 0, 35, 0.7, "RMA"), sectors(np.arange(n), limit_db=loss + margins_db)
    terms = TERMS._replace(state="nlos", correlation=correlation, is_dense=is_dense)
    return at_points(0, 0, *network, terms=terms).coverage[0, 0]


@pytest.mark.parametrize(("is_dense", "error"), [(True, 1e-8), (False, 2e-6)])
def test_multi_server_oracle(is_dense, error):
    """B14."""
    cases = [([2.0], 0.5), ([2.0, 0.0], 0.0), ([2.0, 0.0], 0.5), ([2.0, 0.0, -3.0], 0.5)]
    got = [multi_server(np.array(m), correlation, is_dense) for m, correlation in cases]
    assert got == pytest.approx(oracle("B14"), abs=error)


def test_only_the_three_strongest_sites_count():
    three, four = (multi_server(np.array([2.0, 0, -3, -5])[:n], 0.5, False) for n in (3, 4))
    assert four == three


# Two sites by hand -------------------------------------------------------------------------------


def test_two_sites_on_a_line():
    """300 m from one and 700 m from the other, 18 dBm an element, the other half used."""
    near, far = 18 - mean_loss_db(300.0), 18 - mean_loss_db(700.0)
    got = at_points(300, 0, masts([0, 1000]), sectors([0, 1], load=[0.0, 0.5]))
    assert got.server[0] == 0
    assert (got.rsrp_dbm[0], got.second_dbm[0]) == pytest.approx((near, far), abs=1e-12)
    expected = near - 10 * math.log10(0.5 * 10 ** (far / 10) + NOISE_MW)
    assert got.sinr_db[0] == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("within", "n"), [(0.0, 1), (2.9, 1), (3.1, 2), (7.9, 2), (8.1, 3)])
def test_sectors_close_to_the_best(within, n):
    power = np.array([10.0, 18, 15])
    terms = TERMS._replace(within_db=within)
    got = at_points(300, 0, masts([0] * 3), sectors(np.arange(3), power), terms=terms)
    assert got.n_close[0] == n


@pytest.mark.parametrize(
    ("x", "y", "azimuth", "off"),
    [(0, 400, 0, 0), (400, 0, 0, 90), (400, 0, 90, 0), (-400, 0, 300, -30), (0, -400, 170, 10)],
)
@pytest.mark.parametrize("tilt", [0.0, 6.0])
def test_patterns_are_the_published_ones(x, y, azimuth, off, tilt):
    """Azimuths count from north by east; tilt points down."""
    down = math.degrees(math.atan(23.5 / 400))
    cases = {
        twin.SECTOR_36814: sector_gain_dbi(off, down, tilt),
        twin.ELEMENT_38901: element_gain_dbi(off, 90 + down - tilt),
        OMNI: 0.0,
    }
    for antenna, gain in cases.items():
        got = at_points(x, y, masts(0.0), sectors(0, 18.0, azimuth, tilt, antenna))
        expected = 18 + gain - mean_loss_db(400.0)
        assert got.rsrp_dbm[0] == pytest.approx(float(expected), abs=1e-10)


def test_at_the_mast_the_distance_is_ten_meters():
    here, near = (at_points(0, y, masts(0.0), sectors(0)) for y in (0, 10))
    for one, other in zip(here, near, strict=True):
        np.testing.assert_array_equal(one, other)


def test_equal_sectors_are_served_by_the_first():
    got = at_points([300, 300], [0, 7], masts(0.0), sectors([0, 0, 0], [15.0, 18.0, 18.0]))
    assert got.server.tolist() == [1, 1]
    np.testing.assert_array_equal(got.second_dbm, got.rsrp_dbm)


def test_one_sector_has_no_second():
    got = at_points(300, 0, masts(0.0), sectors(0))
    assert np.isnan(got.second_dbm[0]) and got.n_close[0] == 1


@pytest.mark.parametrize(
    ("frequency", "distance", "serves"),
    [(3.5, 5000, 1), (3.5, 5001, 0), (2.6, 5001, 1), (2.6, 20_000, 1), (0.7, 20_001, 0)],
)
def test_range_of_service(frequency, distance, serves):
    got = at_points(distance, 0, masts(0, 0, 35, frequency, "RMA"), sectors(0))
    assert got.server[0] == serves - 1
    assert np.isnan(got.rsrp_dbm[0]) == np.isnan(got.sinr_db[0]) == (not serves)
    assert got.n_close[0] == serves
    assert (got.coverage[0] > 0).all() == bool(serves)


@pytest.mark.parametrize("frequency", [0.7, 3.5])
def test_sectors_out_of_range_interfere(frequency):
    """30 km away on Hata's line, or 6 km away on the curve of 38.901."""
    apart = 30_000 if frequency <= 3 else 6000
    network = masts([0, 300 + apart], 0, 35, frequency, "RMA"), sectors([0, 1], [18.0, 60.0])
    got = at_points(300, 0, *network)
    alone = at_points(300, 0, *network[:1], picked(network[1], [0]))
    assert np.isnan(got.second_dbm[0])
    interference = 10 ** (got.rsrp_dbm[0] / 10) * (
        10 ** (-got.sinr_db[0] / 10) - 10 ** (-alone.sinr_db[0] / 10)
    )
    if frequency <= 3:
        at = (frequency * 1e3, 20.0, 35.0, 1.5)
        slope = 44.9 - 6.55 * math.log10(35)
        loss = hata.extended_hata_loss_db(*at, "suburban") + slope * math.log10(30 / 20)
    else:
        p = propagation.rma_los_probability(6000.0)
        both = (
            f(6000.0, 3.5, 35.0, 1.5)
            for f in (propagation.rma_los_loss_db, propagation.rma_nlos_loss_db)
        )
        loss = float(propagation.mean_gain_loss_db(*both, p))
    assert 10 * math.log10(interference) == pytest.approx(60 - loss, abs=1e-6)


@pytest.mark.parametrize("distance", [5001.0, 7000.0, 20_000.0])
@pytest.mark.parametrize("height", [20.0, 35.0, 50.0])
def test_beyond_five_kilometers_hata_holds_but_for_its_step_down(distance, height):
    at = (700.0, distance / 1e3, height, 1.5)
    network = masts([0.0], 0, height, 0.7, "RMA"), sectors(0)
    edge = at_points(5000, 0, *network).rsrp_dbm[0]
    expected = min(18 - hata.extended_hata_loss_db(*at, "suburban"), edge)
    got = at_points(distance, 0, *network)
    assert got.rsrp_dbm[0] == pytest.approx(expected, abs=1e-9)
    margin = 130 - (18 - got.rsrp_dbm[0])
    covered = at_points(distance, 0, *network, terms=DENSE).coverage[0, 0]
    assert covered == pytest.approx(float(coverage.probability_below(margin / 9)), abs=1e-9)


@pytest.mark.parametrize("state", ["los", "nlos", "mean"])
@pytest.mark.parametrize("load", [0.0, 0.5, 1.0])
def test_a_hexagonal_layout_gives_what_its_own_twin_does(state, load):
    """Boresights count the other way round there, from east."""
    layout, point = hexagon.sites_m(500.0), hexagon.points_m(500.0, 40.0)
    link, radio = hexagon.links(500.0, 40.0, 6.0), hexagon.Radio()
    power = hexagon.mean_power(link) if state == "mean" else getattr(link, state)
    element = coverage.power_per_re_dbm(radio.power_dbm, radio.n_rb) - radio.fixed_loss_db
    azimuth = np.tile(90 - hexagon.BORESIGHT_DEG, len(layout))
    network = (
        masts(layout.real, layout.imag),
        sectors(np.repeat(np.arange(19), 3), element, azimuth, 6.0, twin.SECTOR_36814, load=load),
    )
    got = at_points(point.real, point.imag, *network, terms=TERMS._replace(state=state))
    expected = hexagon.sinr_db(power, link.noise, load)
    np.testing.assert_allclose(got.sinr_db, expected, atol=1e-9)


def test_walls_of_the_countryside_are_all_of_low_loss():
    got = at_points(700, 0, masts(0, 0, 35, 0.7, "RMA"), sectors(0)).coverage[0]
    assert got[1] == got[2] < got[0]


# Laws --------------------------------------------------------------------------------------------


@given(networks(), st.randoms(use_true_random=False))
def test_order_of_sectors_changes_the_index_of_the_server_only(network, random):
    *place, mast, sector = network
    order = np.array(random.sample(range(len(sector)), len(sector)))
    one = at_points(*place, mast, sector)
    two = at_points(*place, mast, picked(sector, order))
    renamed = np.where(two.server < 0, -1, order[two.server])
    np.testing.assert_array_equal(renamed, one.server)
    for before, after in zip(one[1:], two[1:], strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-9)


@given(networks())
def test_twice_the_power_is_three_decibels(network):
    *place, mast, sector = network
    one = at_points(*place, mast, sector)
    doubled = replace(sector, element_dbm=sector.element_dbm + 10 * math.log10(2))
    two = at_points(*place, mast, doubled)
    np.testing.assert_array_equal(two.server, one.server)
    np.testing.assert_allclose(two.rsrp_dbm, one.rsrp_dbm + 3.0103, atol=1e-5)
    np.testing.assert_allclose(two.second_dbm, one.second_dbm + 3.0103, atol=1e-5)
    assert not (two.sinr_db < one.sinr_db - 1e-9).any()


@given(networks(), st.floats(0, 1))
def test_quality_falls_with_load_and_powers_do_not_know_it(network, share):
    *place, mast, sector = network
    full = at_points(*place, mast, sector)
    less = at_points(*place, mast, replace(sector, load=sector.load * share))
    assert not (less.sinr_db < full.sinr_db - 1e-9).any()
    for a, b in zip((*full[:4], full.coverage), (*less[:4], less.coverage), strict=True):
        np.testing.assert_array_equal(a, b)


@given(networks())
def test_another_sector_raises_quality_only_where_it_serves(network):
    *place, mast, sector = network
    most = len(sector) - 1
    without = at_points(*place, mast, picked(sector, slice(most)))
    got = at_points(*place, mast, sector)
    elsewhere = got.server != most
    np.testing.assert_array_equal(got.server[elsewhere], without.server[elsewhere])
    assert not (got.sinr_db > without.sinr_db + 1e-9)[elsewhere].any()
    assert not (got.rsrp_dbm < without.rsrp_dbm).any()


@given(networks())
def test_both_quadratures_agree(network):
    got, dense = (at_points(*network, terms=terms).coverage for terms in (TERMS, DENSE))
    np.testing.assert_allclose(got, dense, atol=1e-4)
    assert (dense >= -1e-12).all() and (dense <= 1 + 1e-12).all()


@given(networks())
def test_mean_power_lies_between_the_states(network):
    *place, mast, sector = network
    los, mean, nlos = (
        at_points(*place, mast, sector, terms=TERMS._replace(state=state)).rsrp_dbm
        for state in ("los", "mean", "nlos")
    )
    assert not (nlos > mean + 1e-9).any() and not (mean > los + 1e-9).any()


@given(networks(), st.floats(0, 6.28), st.floats(-1e4, 1e4))
def test_a_moved_and_turned_network_is_the_same(network, turn, shift):
    x, y, mast, sector = network

    def moved(east, north):
        at = (east + 1j * north) * np.exp(-1j * turn) + shift
        return at.real, at.imag

    turned = replace(sector, azimuth_deg=sector.azimuth_deg + math.degrees(turn))
    mast_x, mast_y = moved(mast.x_m, mast.y_m)
    one = at_points(x, y, mast, sector)
    two = at_points(*moved(x, y), replace(mast, x_m=mast_x, y_m=mast_y), turned)
    np.testing.assert_array_equal(two.server, one.server)
    np.testing.assert_allclose(two.sinr_db, one.sinr_db, rtol=1e-6, atol=1e-6)


def test_blocks_of_points_do_not_matter(monkeypatch):
    rng = np.random.default_rng(1)
    place = rng.uniform(-2e3, 2e3, (2, 23))
    network = masts(*rng.uniform(-2e3, 2e3, (2, 6))), sectors(np.repeat(np.arange(6), 3))
    whole = at_points(*place, *network)
    monkeypatch.setattr(twin, "BLOCK", 5)
    for one, other in zip(whole, at_points(*place, *network), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12)
