import math
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.antenna import default_tilt_deg
from netmodel.kernels.chain import chain_b, efficiency
from netmodel.kernels.draws import hash_uniform
from netmodel.kernels.hexagon import (
    Layout,
    drawn_powers,
    lattice_points,
    lattice_sites,
    link_losses,
    link_losses_at,
    link_powers,
    sinr_db,
    uplink_sinr,
)
from netmodel.kernels.link_budget import noise_dbm, power_per_element_dbm
from netmodel.kernels.propagation import RMA, UMA
from netmodel.kernels.rate import gap_shannon_curve, harmonic_mean, truncated_shannon_curve
from netmodel.kernels.units import linear
from netmodel.kernels.uplink import PowerControl
from tests.conftest import JIT_OFF
from tests.oracles import assert_oracle, oracle
from tests.reference import hexagon as twin
from tests.reference import propagation as loss_twin
from tests.reference import rate as rate_twin

ELEMENT_DBM = power_per_element_dbm(53.0, 273.0) - 2.0  # feeder taken off
NOISE_MW = linear(noise_dbm(30e3, 9.0))
LOADS = np.linspace(0.0, 1.0, 11)


def layout(isd_m=500.0, tilt_deg=6.0, model=UMA, frequency_ghz=3.5):
    """Oracle C25, by default."""
    h_bs = 25.0 if model == UMA else 35.0
    return Layout(isd_m, frequency_ghz, h_bs, 1.5, tilt_deg, 17.0, ELEMENT_DBM, model)


def tilted(isd_m, model=UMA):
    h_bs = 25.0 if model == UMA else 35.0
    return layout(isd_m, default_tilt_deg(h_bs, 1.5, isd_m), model)


@cache
def powers(cell):
    return link_powers(cell)


@cache
def nlos_powers(cell):
    """Server and others, every site being out of sight."""
    nlos = powers(cell)[1]
    return drawn_powers(nlos, nlos, np.zeros_like(nlos), 1)


def nlos_sinr_db(cell, load=1.0):
    return sinr_db(*nlos_powers(cell), load, NOISE_MW)


def chain_a(sinr):
    return truncated_shannon_curve(sinr, 0.6, -10.0, 22.0)


def harmonic(se):
    return harmonic_mean(se, np.ones(se.size))


@cache
def links_of_twin(cell):
    model = twin.UMA if cell.model == UMA else twin.RMA
    radio = twin.Radio(frequency_ghz=cell.frequency_ghz, h_bs_m=cell.h_bs_m)
    return twin.links(cell.isd_m, cell.isd_m / 50, cell.tilt_deg, model, radio)


# Published numbers -------------------------------------------------------------------------------


def close_db(value, expected):
    """Models.md, section M."""
    assert value == pytest.approx(expected, rel=0, abs=0.05)


def close_se(value, expected):
    assert value == pytest.approx(expected, rel=0.005)


def test_points_and_sites_oracles():
    assert_oracle("C25n", [len(lattice_points(500.0, 50))])
    assert len(lattice_sites(500.0)) == oracle("C25")[0]


def test_sinr_oracle():
    """Pitfall 13: the other sectors of the serving site interfere too."""
    close_db(np.percentile(nlos_sinr_db(layout()), [5, 50, 95]), oracle("C25")[1:])


def test_efficiency_oracles():
    sinr = nlos_sinr_db(layout())
    se = chain_a(sinr)
    mean, least, floor = oracle("C26")
    assert sinr.min() > -10
    close_se(se.mean(), mean)
    close_se(harmonic(se), least)
    assert rate_twin.chain_a_efficiency(-10.0) == pytest.approx(floor, rel=1e-6)
    # Chain B is zero in outage, where the row has its value of -9 dB.
    se = gap_shannon_curve(sinr, 3.5, -9.0)
    mean, least = oracle("C30")
    close_se(se.mean(), mean)
    close_se(harmonic(se), least)
    one_layer = chain_b(1, overhead=0.0)
    served = np.maximum(10 ** (sinr / 10), one_layer.sinr_min)
    se = np.array([efficiency(x, one_layer) for x in served])
    close_se(se.mean(), mean)
    close_se(harmonic(se), least)


@pytest.mark.parametrize(
    ("row", "isd_m"), [("C27a", 250.0), ("C27b", 500.0), ("C27c", 1000.0), ("C27d", 1732.0)]
)
def test_national_table_oracles(row, isd_m):
    tilt, p5, p50, p95, mean, least = oracle(row)
    cell = tilted(isd_m)
    assert cell.tilt_deg == pytest.approx(tilt, rel=1e-6)
    sinr = nlos_sinr_db(cell)
    close_db(np.percentile(sinr, [5, 50, 95]), [p5, p50, p95])
    close_se(chain_a(sinr).mean(), mean)
    close_se(harmonic(chain_a(sinr)), least)


@pytest.mark.parametrize("row", ["C28a", "C28b", "C28c"])
def test_load_oracles(row):
    load, median, least = oracle(row)
    sinr = nlos_sinr_db(layout(), load)
    close_db(np.median(sinr), median)
    close_se(harmonic(chain_a(sinr)), least)


def test_sinr_by_hand_oracle():
    """B08: what the load of the others does to a link of -80 dBm."""
    server, others = np.array([1e-8]), np.array([1e-9 + 10**-9.5])
    assert_oracle("B08", [sinr_db(server, others, load, NOISE_MW)[0] for load in (0.5, 1.0, 0.0)])


# Twins -------------------------------------------------------------------------------------------


@given(st.floats(100, 5000), st.integers(2, 12).map(lambda n: 2 * n))
def test_lattice_equals_its_twin(isd_m, per_isd):
    """With an even number of points none is as near to two sites."""
    points = lattice_points(isd_m, per_isd) @ [1, 1j]
    np.testing.assert_allclose(points, twin.points_m(isd_m, isd_m / per_isd), rtol=1e-12)
    sites = lattice_sites(isd_m) @ [1, 1j]
    assert sites[0] == 0
    expected = twin.sites_m(isd_m)
    apart = np.abs(sites[:, None] - expected)
    assert sorted(apart.argmin(axis=1)) == list(range(19))
    assert apart.min(axis=1).max() < 1e-9 * isd_m


@given(
    st.floats(0, 20_000), st.sampled_from([UMA, RMA]), st.sampled_from([0.7, 2.6, 3.5])
)  # fmt: skip
def test_losses_equal_their_twin(distance, model, frequency):
    cell = layout(500.0, 6.0, model, frequency)
    both = twin.UMA if model == UMA else twin.RMA
    at = (max(distance, 10.0), frequency, cell.h_bs_m, 1.5)
    los, nlos = both.los_loss_db(*at), both.nlos_loss_db(*at)
    expected = [los, nlos, both.los_probability(at[0], 1.5)]
    np.testing.assert_allclose(link_losses(at[0], cell), expected, rtol=1e-12)
    np.testing.assert_allclose(link_losses_at(np.array([distance]), cell)[0], expected, rtol=1e-12)


CELLS = [layout(), tilted(250.0), tilted(1732.0), tilted(3000.0, RMA)]


@pytest.mark.parametrize("cell", CELLS)
def test_sinr_equals_its_twin(cell):
    link = links_of_twin(cell)
    assert link.noise == pytest.approx(NOISE_MW, rel=1e-12)
    for load in (0.0, 0.37, 1.0):
        expected = np.sort(twin.sinr_db(link.nlos, link.noise, load))
        np.testing.assert_allclose(np.sort(nlos_sinr_db(cell, load)), expected, atol=1e-9)


@pytest.mark.parametrize("cell", CELLS)
def test_powers_equal_their_twin(cell):
    """Sites in another order; the sectors of each in the same one."""
    link = links_of_twin(cell)
    order = np.abs(lattice_sites(cell.isd_m) @ [1, 1j] - twin.sites_m(cell.isd_m)[:, None])
    order = order.argmin(axis=1)
    for got, expected in zip(powers(cell)[:2], (link.los, link.nlos), strict=True):
        by_site = got.reshape(len(got), 19, 3)[:, order]
        np.testing.assert_allclose(by_site, expected, rtol=1e-10)
    p_los = powers(cell)[2].reshape(-1, 19, 3)[:, order]
    np.testing.assert_allclose(p_los, np.repeat(link.los_probability[..., None], 3, 2), rtol=1e-11)


@pytest.mark.parametrize("cell", [layout(), tilted(3000.0, RMA)])
def test_drawn_mixture_equals_its_twin(cell):
    """With the kernel's own numbers for the states, in the twin's order of sites."""
    link = links_of_twin(cell)
    order = np.abs(lattice_sites(cell.isd_m) @ [1, 1j] - twin.sites_m(cell.isd_m)[:, None])
    order, n = order.argmin(axis=1), len(link.los)
    uniform = np.array(
        [[[hash_uniform(draw, k, int(s)) for draw in range(2)] for s in order] for k in range(n)]
    )
    expected = twin.drawn_sinr_db(link, 0.6, uniform, "drawn")
    got = sinr_db(*drawn_powers(*powers(cell), 2), 0.6, NOISE_MW).reshape(2, n).T
    np.testing.assert_allclose(got, expected, atol=1e-8)


@pytest.mark.parametrize("cell", [layout(), tilted(250.0), tilted(3000.0, RMA)])
@pytest.mark.parametrize("load", [0.1, 1.0])
def test_drawn_mixture_has_the_distribution_of_its_twin(cell, load):
    """Means of the efficiency within four standard errors, from other random numbers."""
    link, n_draw = links_of_twin(cell), 1 if JIT_OFF else 8
    uniform = np.random.default_rng(7).random((*link.los_probability.shape, n_draw))
    expected = rate_twin.chain_a_efficiency(twin.drawn_sinr_db(link, load, uniform, "drawn"))
    got = chain_a(sinr_db(*drawn_powers(*powers(cell), n_draw), load, NOISE_MW))
    # Of one draw to the next at the same points; these do not differ between the two.
    spread = math.sqrt(2 * expected.var() / expected.size)
    assert abs(got.mean() - expected.mean()) < 4 * spread


@pytest.mark.parametrize(("model", "frequency"), [(UMA, 3.5), (RMA, 0.7)])
def test_uplink_equals_its_twin(model, frequency):
    cell = layout(1000.0, 6.0, model, frequency)
    noise = noise_dbm(30e3 * 12, 5.0)
    sinr, weight = uplink_sinr(cell, PowerControl(23.0), 22.0, 10.0, noise, 3.0)
    distance = loss_twin.held_distance_m(np.abs(twin.points_m(1000.0, 20.0)))
    both = twin.UMA if model == UMA else twin.RMA
    at = (distance, frequency, cell.h_bs_m, 1.5)
    loss = np.concatenate([both.los_loss_db(*at), both.nlos_loss_db(*at)])
    noise_of_all = noise_dbm(30e3 * 12 * 10, 5.0) + 3.0
    expected = rate_twin.pusch_power_dbm(loss, 10, 23.0) - loss + 22.0 - noise_of_all
    np.testing.assert_allclose(sinr, expected, atol=1e-9)
    p = both.los_probability(distance, 1.5)
    np.testing.assert_allclose(weight, np.concatenate([p, 1 - p]), atol=1e-12)


# Laws --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
def test_efficiency_falls_with_load_and_is_standard(cell):
    """SE(a rho) > SE(rho)/a for a > 1, between the table's loads too: one load settles (C.4)."""
    se = [harmonic(chain_a(np.maximum(nlos_sinr_db(cell, x), -10.0))) for x in LOADS]
    assert (np.diff(se) < 0).all()
    loads = np.linspace(0.0, 1.0, 1001)
    assert (np.diff(loads * np.interp(loads, LOADS, se)) > 0).all()


@pytest.mark.parametrize("cell", [layout(), tilted(3000.0, RMA)])
def test_a_certain_state_is_no_mixture(cell):
    los, nlos, p_los = powers(cell)
    for certain, power in ((np.ones_like(p_los), los), (np.zeros_like(p_los), nlos)):
        server, others = drawn_powers(los, nlos, certain, 2)
        np.testing.assert_array_equal(server, np.tile(power.max(axis=1), 2))
        np.testing.assert_allclose(others, np.tile(power.sum(axis=1) - power.max(axis=1), 2))


def test_mixture_is_neither_state():
    cell = layout()
    los, nlos, p_los = powers(cell)
    mixed, seen, unseen = (
        chain_a(sinr_db(*drawn_powers(los, nlos, p, 1), 1.0, NOISE_MW)).mean()
        for p in (p_los, np.ones_like(p_los), np.zeros_like(p_los))
    )
    assert abs(mixed - seen) > 0.05 and abs(mixed - unseen) > 0.05


def test_sectors_of_the_serving_site_interfere():
    """Pitfall 13: leaving them out would lift SINR by 1 to 6 dB."""
    server, others = nlos_powers(layout())
    nlos = powers(layout())[1]
    site = nlos.argmax(axis=1) // 3
    own = nlos.reshape(len(nlos), 19, 3)[np.arange(len(nlos)), site].sum(axis=1)
    np.testing.assert_allclose(server + others, nlos.sum(axis=1), rtol=1e-12)
    without = sinr_db(server, others + server - own, 1.0, NOISE_MW)
    assert 1 < (without - nlos_sinr_db(layout())).mean() < 6


def test_far_ring_is_part_of_the_interference():
    """Pitfall 19: the second ring takes 0.1 to 1 dB of SINR."""
    server, others = nlos_powers(layout())
    nlos = powers(layout())[1]
    is_far = np.hypot(*lattice_sites(500.0).T) > 510.0
    far = nlos.reshape(len(nlos), 19, 3)[:, is_far].sum(axis=(1, 2))
    lost = sinr_db(server, others - far, 1.0, NOISE_MW) - nlos_sinr_db(layout())
    assert 0.1 < lost.mean() < 1


def test_turning_the_lattice_by_a_third_changes_nothing():
    """The layout is symmetric under turns by 120 degrees; its points are not quite."""
    x, y = lattice_points(500.0, 50).T
    angle = np.degrees(np.arctan2(y, x)) % 360
    sinr = nlos_sinr_db(layout())
    thirds = [np.mean(sinr[(angle >= a) & (angle < a + 120)]) for a in (0, 120, 240)]
    assert np.ptp(thirds) < 0.1
