import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.link_budget import noise_dbm
from netmodel.kernels.uplink import (
    PowerControl,
    powered_blocks,
    pusch_power_dbm,
    uplink_sinr_db,
    uplink_sinrs_db,
)
from tests import strategies
from tests.oracles import assert_oracle
from tests.reference import rate as twin

LOSS_DB = st.floats(60, 170)
BLOCKS = st.floats(1, 273)
GAIN_DB = st.floats(0, 25)
CONTROLS = st.sampled_from([20.0, 23.0, 26.0]).map(PowerControl)
BLOCK_NOISE_DBM = noise_dbm(12 * 30e3, 5.0)


def sinr_db(loss_db, n_rb, control, gain_db=0.0, rise_db=3.0):
    return uplink_sinr_db(loss_db - gain_db, gain_db, n_rb, BLOCK_NOISE_DBM, rise_db, control)


def test_power_oracle():
    cases = [(100.0, 10.0), (120.0, 10.0), (130.0, 10.0), (130.0, 273.0)]
    assert_oracle("C32", [pusch_power_dbm(*case, PowerControl(26.0)) for case in cases])


# Twins -------------------------------------------------------------------------------------------


@given(LOSS_DB, BLOCKS, st.floats(10, 30), st.floats(-110, -60), st.floats(0, 1))
def test_power_equals_its_twin(loss_db, n_rb, max_dbm, p0_dbm, alpha):
    expected = twin.pusch_power_dbm(loss_db, n_rb, max_dbm, p0_dbm, alpha)
    got = pusch_power_dbm(loss_db, n_rb, PowerControl(max_dbm, p0_dbm, alpha))
    assert got == pytest.approx(float(expected), rel=1e-12, abs=1e-12)


@given(LOSS_DB, BLOCKS, st.floats(10, 30), st.floats(-110, -60), st.floats(0, 1))
def test_blocks_equal_their_twin(loss_db, n_rb, max_dbm, p0_dbm, alpha):
    expected = twin.powered_blocks(loss_db, n_rb, max_dbm, p0_dbm, alpha)
    got = powered_blocks(loss_db, n_rb, PowerControl(max_dbm, p0_dbm, alpha))
    assert got == pytest.approx(expected, rel=1e-9)


@given(LOSS_DB, GAIN_DB, BLOCKS, st.floats(0, 10), CONTROLS)
def test_sinr_equals_its_twin(loss_db, gain_db, n_rb, rise_db, control):
    expected = twin.uplink_sinr_db(loss_db, gain_db, n_rb, 5.0, rise_db, 30, control.max_dbm)
    assert sinr_db(loss_db, n_rb, control, gain_db, rise_db) == pytest.approx(
        float(expected), abs=1e-9
    )


# Laws --------------------------------------------------------------------------------------------


@given(LOSS_DB, LOSS_DB, BLOCKS, CONTROLS)
def test_farther_terminals_are_louder_and_heard_worse(a, b, n_rb, control):
    near, far = sorted((a, b))
    assert pusch_power_dbm(near, n_rb, control) <= pusch_power_dbm(far, n_rb, control)
    assert pusch_power_dbm(far, n_rb, control) <= control.max_dbm
    assert sinr_db(far, n_rb, control) <= sinr_db(near, n_rb, control) + 1e-9


@given(LOSS_DB, CONTROLS)
def test_within_its_power_a_terminal_loses_a_fifth_of_its_loss(loss_db, control):
    """What alpha leaves; beyond, all of it."""
    lost = sinr_db(loss_db, 1.0, control) - sinr_db(loss_db + 1.0, 1.0, control)
    limit_db = (control.max_dbm + 80.0) / 0.8
    if loss_db + 1.0 <= limit_db:
        assert lost == pytest.approx(0.2, abs=1e-9)
    if loss_db >= limit_db:
        assert lost == pytest.approx(1.0, abs=1e-9)


@given(LOSS_DB, st.floats(1, 273), CONTROLS)
def test_fewer_blocks_keep_the_sinr_of_terminals_short_of_power(loss_db, n_rb, control):
    n = powered_blocks(loss_db, n_rb, control)
    assert 1.0 <= n <= n_rb
    assert sinr_db(loss_db, n, control) == pytest.approx(sinr_db(loss_db, 1.0, control), abs=1e-9)
    if n < n_rb:
        assert pusch_power_dbm(loss_db, n, control) == pytest.approx(control.max_dbm, abs=1e-9)
        assert sinr_db(loss_db, n_rb, control) < sinr_db(loss_db, n, control)


@given(strategies.generators(), st.integers(0, 20), GAIN_DB, CONTROLS)
def test_arrays_are_their_formula_value_by_value(rng, size, gain_db, control):
    loss = rng.uniform(60, 170, size)
    got = uplink_sinrs_db(loss, gain_db, 10.0, BLOCK_NOISE_DBM, 6.0, control)
    one = [uplink_sinr_db(x, gain_db, 10.0, BLOCK_NOISE_DBM, 6.0, control) for x in loss]
    np.testing.assert_array_equal(got, one)
