import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.link_budget import max_loss_db, noise_dbm, power_per_element_dbm, rsrq_db
from netmodel.kernels.units import decibel, linear
from tests.oracles import assert_oracle
from tests.reference import coverage as twin

POWER_200_W_DBM = decibel(200e3)
N_RB = st.integers(1, 273)
DBM = st.floats(10, 55)
SINR_DB = st.floats(-20, 40)


def test_oracles():
    noise = noise_dbm(30e3, 9.0)
    assert_oracle("B01", [noise, noise_dbm(273 * 12 * 30e3, 9.0), noise_dbm(180e3, 5.0)])
    element = power_per_element_dbm(POWER_200_W_DBM, 273.0)
    assert_oracle("B02", [element])
    # Pitfall 10: what is compared with a threshold of RSRP is the power of one element.
    assert_oracle("B03", [max_loss_db(element, 17.0 - 2.0, 120.0, 0.0)])
    uplink = power_per_element_dbm(26.0, 10.0)
    assert_oracle("B15", [max_loss_db(uplink, 22.0, noise_dbm(30e3, 5.0), -4.0)])
    assert_oracle("B16", [max_loss_db(element, 22.0, noise, -6.0)])


def test_quality_oracle():
    """At rest two of twelve elements carry the reference signals of a port (LTE)."""
    at_rest = [rsrq_db(math.inf, ports * 2 / 12) for ports in (1, 2)]
    assert_oracle("B09", [*at_rest, *(rsrq_db(sinr, 1.0) for sinr in (math.inf, 0.0, -6.0))])


@given(st.floats(1e3, 1e9), st.floats(0, 12))
def test_noise_equals_its_twin(bandwidth, figure):
    assert noise_dbm(bandwidth, figure) == pytest.approx(
        twin.noise_dbm(bandwidth, figure), rel=1e-12
    )


@given(DBM, N_RB, st.floats(0, 30), st.floats(0, 5), st.sampled_from([15e3, 30e3]), SINR_DB)
def test_greatest_loss_equals_its_twin_in_any_bandwidth(total, n_rb, gain, loss, scs, sinr):
    expected = twin.mapl_db(total, n_rb, gain, loss, scs, 9.0, sinr)
    element = power_per_element_dbm(total, float(n_rb))
    assert max_loss_db(element, gain - loss, noise_dbm(scs, 9.0), sinr) == pytest.approx(expected)
    whole = noise_dbm(scs * 12 * n_rb, 9.0)
    assert max_loss_db(total, gain - loss, whole, sinr) == pytest.approx(expected)


@given(SINR_DB, st.floats(0.05, 1))
def test_quality_equals_its_twin_and_falls_with_load(sinr, own_load):
    quality = rsrq_db(sinr, own_load)
    assert quality == pytest.approx(twin.rsrq_db(own_load, 10 ** (sinr / 10)), rel=1e-12)
    assert quality >= rsrq_db(sinr, 1.0)


@given(st.floats(-300, 300))
def test_decibels_invert_ratios(value):
    assert decibel(linear(value)) == pytest.approx(value, rel=1e-12, abs=1e-12)
    assert linear(value) == pytest.approx(10 ** (value / 10), rel=1e-12)
