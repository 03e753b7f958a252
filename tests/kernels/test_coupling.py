import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.chain import Chain
from netmodel.kernels.coupling import Field, Links, coupled_loads, coupling_matrix
from netmodel.kernels.link_budget import noise_dbm
from netmodel.kernels.units import linear
from tests import strategies
from tests.oracles import assert_oracle, oracle
from tests.reference import load as twin

NOISE_MW = linear(noise_dbm(20e6, 9.0))


SHANNON = Chain(1.0, 1.0, 0.0, 0.0, np.inf, 0.0)


def network(loss_db, serving, demand_mbps):
    """46 dBm over 20 MHz: power [mW], serving cell and demand [bit/s] of each pixel, width [Hz]."""
    power = 10 ** ((46.0 - np.array(loss_db, float)) / 10)
    return power, np.array(serving, np.int32), np.array(demand_mbps, float) * 1e6, 20e6


def pair(far_db, *demand_mbps):
    return network([[110, far_db], [far_db, 110]], [0, 1], demand_mbps)


TRIO = network(
    [[100, 118, 122, 120], [121, 105, 117, 110], [125, 121, 102, 113]], [0, 1, 2, 1],
    [30, 40, 50, 20],
)  # fmt: skip


def listed(case):
    """All interferers of each pixel one by one, as the kernel takes them."""
    power, serving, demand, bandwidth = case
    n_cell, n_pixel = power.shape
    signal = power[serving, np.arange(n_pixel)]
    others = np.arange(n_cell) != serving[:, np.newaxis]
    pixel, sector = np.nonzero(others)
    start = np.append(0, np.cumsum(others.sum(axis=1)))
    return Links(
        serving, demand / bandwidth, NOISE_MW / signal, np.zeros(n_pixel),
        np.zeros(n_pixel, np.int32), start, sector.astype(np.int32),
        power[sector, pixel] / signal[pixel],
    )  # fmt: skip


def nothing_around(n_cell):
    empty = np.zeros(0, np.int32), np.zeros(0)
    return Field(np.zeros(2, np.int64), *empty, np.zeros(n_cell, np.int32), 1)


def solved(case, tolerance=1e-10, start=None):
    n_cell = len(case[0])
    begin = np.zeros(n_cell) if start is None else start
    return coupled_loads(listed(case), nothing_around(n_cell), SHANNON, begin, tolerance)


def radius(case):
    return twin.spectral_radius(coupling_matrix(listed(case), len(case[0])))


def as_twin(case):
    """The twin takes power and gain apart, in watts."""
    power, serving, demand, bandwidth = case
    return {
        "power": np.ones(len(power)), "gain": power / 1e3, "serving": serving, "demand": demand,
        "bandwidth": bandwidth,
    }  # fmt: skip


@st.composite
def networks(draw, demand_mbps=60.0):
    """A few cells and pixels, each served by its strongest cell."""
    n_cell, n_pixel = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    rng = draw(strategies.generators())
    loss = rng.uniform(90, 140, (n_cell, n_pixel))
    return network(loss, loss.argmin(axis=0), rng.uniform(0, demand_mbps, n_pixel))


# Published numbers -------------------------------------------------------------------------------


def close(loads, row):
    """Models.md, section M."""
    assert loads == pytest.approx(row, rel=0, abs=1e-4)


def test_oracles_of_pairs():
    load, _, rounds = solved(pair(125, 40, 40))
    close([*load, rounds], oracle("C11"))
    assert rounds == oracle("C11")[2]
    close(solved(pair(125, 40, 10))[0], oracle("C12"))


def test_overload_oracle():
    """C13, pitfall 18: loads are clipped, and what was asked for is kept."""
    load, wanted, _ = solved(pair(125, 120, 120))
    close([load[0], wanted[0]], oracle("C13"))


def test_oracle_of_three_cells():
    close(solved(TRIO)[0], oracle("C14"))
    assert_oracle("C15", [radius(TRIO)])


def test_infeasible_pair_oracle():
    """C16: without the clip no load would settle; with it there is one, and it is found."""
    case = pair(111, 60, 60)
    assert_oracle("C16", [radius(case)])
    load, wanted, rounds = solved(case)
    assert load.tolist() == [1.0, 1.0] and (wanted > 1).all() and rounds < 1000


# Twins -------------------------------------------------------------------------------------------


@given(networks())
def test_loads_equal_their_twin(case):
    load, wanted, rounds = solved(case)
    at = {**as_twin(case), "noise": NOISE_MW / 1e3}
    expected, n_round = twin.fixed_point(**at)
    np.testing.assert_allclose(load, expected, atol=1e-12)
    assert rounds == pytest.approx(n_round, abs=1)
    np.testing.assert_allclose(wanted, twin.wanted_load(load, **at), rtol=1e-7, atol=1e-9)


@given(networks())
def test_matrix_equals_its_twin(case):
    expected = twin.asymptotic_matrix(**as_twin(case))
    np.testing.assert_allclose(coupling_matrix(listed(case), len(case[0])), expected, rtol=1e-12)


# Laws --------------------------------------------------------------------------------------------


@given(networks(demand_mbps=500.0))
def test_loads_settle_at_any_demand(case):
    """Also where the spectral radius is above one."""
    load, wanted, rounds = solved(case)
    assert ((load >= 0) & (load <= 1)).all() and rounds < 1000
    np.testing.assert_allclose(load, np.minimum(wanted, 1.0), atol=1e-9)


@given(networks(), st.floats(1, 20))
def test_loads_rise_with_demand(case, factor):
    power, serving, demand, bandwidth = case
    load, wanted, _ = solved(case)
    more, more_wanted, _ = solved((power, serving, demand * factor, bandwidth))
    assert (more >= load - 1e-9).all() and (more_wanted >= wanted - 1e-9).all()


@given(networks(), st.floats(0.01, 100))
def test_demand_and_bandwidth_together_change_nothing(case, factor):
    power, serving, demand, bandwidth = case
    twice = solved((power, serving, demand * factor, bandwidth * factor))
    np.testing.assert_allclose(twice[0], solved(case)[0], rtol=1e-9, atol=1e-12)


@given(networks(), st.randoms(use_true_random=False))
def test_order_of_pixels_and_cells_does_not_matter(case, random):
    power, serving, demand, bandwidth = case
    load = solved(case)[0]
    pixel = np.array(random.sample(range(demand.size), demand.size))
    turned = solved((power[:, pixel].copy(), serving[pixel], demand[pixel], bandwidth))[0]
    np.testing.assert_allclose(turned, load, rtol=1e-9, atol=1e-12)
    cell = np.array(random.sample(range(load.size), load.size))
    number = np.argsort(cell).astype(np.int32)
    turned = solved((power[cell].copy(), number[serving], demand, bandwidth))[0]
    np.testing.assert_allclose(turned, load[cell], rtol=1e-9, atol=1e-12)


@given(networks())
def test_small_radius_needs_no_clip(case):
    if radius(case) < 0.5:
        load, wanted, _ = solved(case)
        assert (load == wanted).all() or (wanted > 1).any()
