"""Curves of a link, and the block kernel that evaluates them, against the published formulas."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netmodel.kernels import propagation
from netmodel.kernels.chunk import GAIN, LANES, N_VALUE, SCALE_LOG2, X, mast_gain
from netmodel.kernels.link_curve import SERVE2, curve_gain_log2, link_curve, slope_curve

TR_MODELS = {"uma": propagation.UMA, "umi": propagation.UMI, "rma": propagation.RMA}
STATES = ("los", "nlos", "mean_gain")
DB_OF_LOG2 = 10.0 * math.log10(2.0)
H_UT_M = 1.5
SUBURBAN = 1

GHZ = st.floats(0.5, 6.0) | st.sampled_from([0.5, 3.0, 3.001, 6.0])
STREET, RURAL = st.floats(10.0, 60.0), st.floats(10.0, 150.0)
LINK = st.one_of(
    st.tuples(st.sampled_from(["uma", "umi", "free_space"]), GHZ, STREET),
    st.tuples(st.just("rma"), GHZ, RURAL),
)
STATE = st.sampled_from(STATES)
SHARE = st.floats(0.0, 1.0)


def tr_loss_db(d, model, f, h_bs, state, h_ut=H_UT_M):
    """Loss of TR 38.901 at any distance, or of free space over the slant distance."""
    if model == "free_space":
        return propagation.free_space_loss_db(math.hypot(max(d, 10.0), h_bs - h_ut), f)
    link = propagation.Link(f, h_bs, h_ut, 20.0, 5.0)
    los, nlos, p = propagation.tr38901_state_losses(d, link, TR_MODELS[model])
    return {"los": los, "nlos": nlos}.get(state, propagation.mean_gain_loss_db(los, nlos, p))


def loss_db(d, model, f, h_bs, state, h_ut=H_UT_M):
    """What a curve holds: the model up to 5 km and above 3 GHz, else extended Hata."""
    if model == "free_space" or d <= 5000.0 or f > 3.0:
        return tr_loss_db(d, model, f, h_bs, state, h_ut)
    hata = propagation.extended_hata_loss_db(d / 1000.0, f * 1000.0, h_bs, h_ut, SUBURBAN)
    return max(hata, tr_loss_db(5000.0, model, f, h_bs, state, h_ut))


def curve_loss_db(curve, d):
    return -DB_OF_LOG2 * curve_gain_log2(curve, d)


def chunk_loss_db(curve, distance_m):
    """Losses at 64 distances by the block kernel, which holds float32."""
    c = np.zeros(N_VALUE, np.float32)
    c[X : X + LANES] = distance_m
    mast_gain(c, np.float32(0.0), np.float32(0.0), np.float32([curve]), 0, True)
    gain = c[GAIN : GAIN + LANES].astype(np.float64)
    return DB_OF_LOG2 * SCALE_LOG2 - 10.0 * np.log10(gain)


def break_m(model, f, h_bs):
    if model == "rma":
        return propagation.rma_breakpoint_m(f, h_bs, H_UT_M)
    return propagation.breakpoint_m(f, h_bs, H_UT_M)


def distances(low, high, share, n=LANES):
    """Distances as float32 holds them, spread by their logarithm; `share` shifts all of them."""
    step = (np.arange(n - 2) + share) / (n - 2)
    spread = low * (high / low) ** np.clip(step, 0.0, 1.0)
    return np.concatenate([[low], spread, [high]]).astype(np.float32)


@given(LINK, STATE, st.floats(10.0, 5000.0))
@example(("umi", 0.5, 10.0), "nlos", 1000.0)  # sight is lost in the line of sight from 6.6 km on
@example(("umi", 0.5, 10.0), "mean_gain", 5000.0)
@example(("rma", 6.0, 150.0), "nlos", 20.0)
def test_curve_is_the_formulas(link, state, d):
    curve = link_curve(*link, H_UT_M, state)
    for at in (d, 10.0, 18.0, 5000.0, 3.0):
        expected = loss_db(at, *link, state)
        assert curve_loss_db(curve, at) == pytest.approx(expected, rel=0.0, abs=1e-9)


@given(LINK, STATE, st.floats(5000.001, 20_000.0))
@example(("umi", 3.5, 10.0), "nlos", 8000.0)
@example(("umi", 3.1, 10.0), "nlos", 20_000.0)
@example(("rma", 0.5, 150.0), "mean_gain", 5000.001)
def test_curve_beyond_five_kilometers(link, state, d):
    curve = link_curve(*link, H_UT_M, state)
    assert curve_loss_db(curve, d) == pytest.approx(loss_db(d, *link, state), rel=0.0, abs=1e-9)
    if link[0] != "free_space":
        assert curve_loss_db(curve, d) >= curve_loss_db(curve, 5000.0) - 1e-9


@given(LINK, st.floats(20_000.0, 80_000.0))
def test_slope_of_twenty_kilometers_goes_on(link, d):
    """On the ground distance up to 3 GHz."""
    curve = link_curve(*link, H_UT_M)
    if link[0] == "free_space" or link[1] > 3.0:
        assert curve_loss_db(curve, d) == pytest.approx(tr_loss_db(d, *link, "mean_gain"), abs=1e-9)
        return
    at_10, at_20 = (propagation.extended_hata_loss_db(
        km, link[1] * 1e3, link[2], H_UT_M, SUBURBAN
    ) for km in (10.0, 20.0))  # fmt: skip
    most = curve_loss_db(curve, 5000.0)
    expected = max(at_20 + (at_20 - at_10) * math.log2(d / 20_000.0), most)
    assert curve_loss_db(curve, d) == pytest.approx(expected, abs=1e-9)


@given(LINK, STATE, SHARE)
@example(("umi", 0.5, 10.0), "nlos", 0.5)
@example(("rma", 6.0, 150.0), "mean_gain", 0.5)
def test_block_kernel_is_the_formulas(link, state, share):
    curve = link_curve(*link, H_UT_M, state)
    d = distances(10.0, 5000.0, share)
    expected = [loss_db(x, *link, state) for x in d.astype(np.float64)]
    found = chunk_loss_db(curve, d)
    # Either line holds where float32 cannot tell the side of the break point.
    apart = np.abs(d / break_m(*link) - 1.0) > 1e-6
    np.testing.assert_allclose(found[apart], np.array(expected)[apart], rtol=0.0, atol=1e-4)


@given(LINK, STATE, SHARE)
def test_block_kernel_beyond_five_kilometers(link, state, share):
    curve = link_curve(*link, H_UT_M, state)
    d = distances(5001.0, 20_000.0, share)
    expected = [loss_db(x, *link, state) for x in d.astype(np.float64)]
    apart = np.abs(d / break_m(*link) - 1.0) > 1e-6
    found = chunk_loss_db(curve, d)
    np.testing.assert_allclose(found[apart], np.array(expected)[apart], rtol=0.0, atol=1e-4)


@given(LINK, STATE, SHARE)
@example(("rma", 6.0, 150.0), "mean_gain", 0.5)
@example(("rma", 3.5, 60.0), "los", 0.5)
def test_gain_never_rises_with_distance(link, state, share):
    """But for TR 38.901's own step at the break point of RMa."""
    curve = link_curve(*link, H_UT_M, state)
    bp = break_m(*link)
    d = np.sort(np.append(distances(10.0, 40_000.0, share, 300), [bp, np.nextafter(bp, 1e9)]))
    loss = np.array([curve_loss_db(curve, float(x)) for x in d])
    step = np.where((d[:-1] <= bp) & (d[1:] > bp) & (link[0] == "rma"), 0.01, 1e-9)
    assert (np.diff(loss) >= -step).all()


@given(LINK, SHARE)
def test_mean_gain_lies_between_the_states(link, share):
    los, nlos, mean = (link_curve(*link, H_UT_M, state) for state in STATES)
    for d in distances(10.0, 5000.0, share, 20).astype(np.float64):
        least, most = curve_loss_db(los, d), curve_loss_db(nlos, d)
        assert least - 1e-9 <= curve_loss_db(mean, d) <= most + 1e-9


@given(st.floats(0.5, 6.0), STREET, st.floats(2.0, 5.0), st.floats(10.0, 20_000.0))
def test_curve_of_a_slope(f, h_bs, exponent, d):
    at_1m = propagation.free_space_loss_db(1000.0, f) - 60.0
    slant = math.hypot(d, h_bs - H_UT_M)
    expected = at_1m + 10.0 * exponent * math.log10(slant)
    curve = slope_curve(at_1m, exponent, h_bs - H_UT_M)
    assert curve_loss_db(curve, d) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("h_ut_m", [1.0, 2.0, 10.0, 13.0])
@pytest.mark.parametrize("model", TR_MODELS)
@pytest.mark.parametrize("f", [0.5, 3.0, 3.5])
def test_other_terminals_and_low_masts(model, f, h_ut_m):
    """The break point of UMa and UMi may lie below 10 m."""
    for h_bs in (3.0, 4.2, 10.0, 25.0):
        for state in STATES:
            curve = link_curve(model, f, h_bs, h_ut_m, state)
            for d in np.geomspace(10.0, 5000.0, 41):
                expected = loss_db(d, model, f, h_bs, state, h_ut_m)
                assert curve_loss_db(curve, d) == pytest.approx(expected, rel=0.0, abs=1e-9)


def test_tall_terminals_in_uma_are_refused():
    with pytest.raises(ValueError, match="13 m"):
        link_curve("uma", 3.5, 25.0, 13.1)
    assert np.isfinite(link_curve("umi", 3.5, 10.0, 22.5)[:7]).all()


@pytest.mark.parametrize(
    ("model", "f", "served_m"),
    [("uma", 2.6, 20_000.0), ("rma", 3.5, 5000.0), ("free_space", 3.5, np.inf)],
)
def test_how_far_is_served(model, f, served_m):
    assert link_curve(model, f, 25.0, H_UT_M)[SERVE2] == served_m**2
