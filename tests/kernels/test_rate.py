import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netmodel.kernels.load import carriers_for_load
from netmodel.kernels.rate import (
    CHAIN_A_MIN_DB,
    CQI_64QAM,
    CQI_256QAM,
    cqi_index,
    cqi_threshold_db,
    gap_shannon_curve,
    gap_shannon_se,
    harmonic_mean,
    nr_peak_rate_mbps,
    rank_adaptive_se,
    truncated_shannon_curve,
    truncated_shannon_se,
    weighted_quantile,
)
from netmodel.presets import BANDS, tdd_shares
from tests import strategies
from tests.oracles import assert_oracle
from tests.reference import rate as twin

SINR_DB = st.floats(-30, 50)
GAP_DB = 3.5  # of chain B: 2 dB of coding and 1.5 dB of implementation
SHARE = st.floats(0.01, 0.99)


def downlink_a(sinr_db, sinr_max_db=22.0, alpha=0.6):
    return truncated_shannon_se(float(sinr_db), alpha, CHAIN_A_MIN_DB, sinr_max_db)


# Published numbers -------------------------------------------------------------------------------


def test_chain_a_oracles():
    assert_oracle("C01", [downlink_a(x) for x in (-12, -10, 0, 10, 20, 22, 30)])
    assert_oracle("C02", [downlink_a(x, 30.0) for x in (10, 22, 30, 35)])
    assert_oracle("C03", [downlink_a(x, 22.0, 0.4) for x in (-10, 0, 10, 22)])


def test_chain_b_oracles():
    assert_oracle("C31", [gap_shannon_se(float(x), GAP_DB, -9.0) for x in (-9, 0, 10, 20, 30)])
    assert_oracle("C23", [rank_adaptive_se(float(x), 2.0) for x in (-5, 0, 5, 10, 20, 30)])


def test_cqi_oracles():
    assert_oracle("C04", [cqi_threshold_db(se, 2.0) for se in CQI_64QAM])
    assert_oracle("C05", [cqi_threshold_db(se, 2.0) for se in CQI_256QAM])
    sinr = [float(x) for x in (-12, -5, 0, 5, 10, 15, 20, 25, 30)]
    index = [cqi_index(x, CQI_256QAM, 2.0) for x in sinr]
    assert_oracle("C06", index)
    assert_oracle("C06b", [(0.0, *CQI_256QAM)[i] for i in index])


def test_bandwidth_oracles():
    """Pitfall 16: chain A's bandwidth has the share of downlink once, and no overhead."""
    cases = [(4, 8, 273, 30, 0.14), (2, 6, 106, 15, 0.14), (1, 6, 273, 30, 0.08)]
    cases.append((4, 8, 51, 30, 0.14))
    assert_oracle("C07", [nr_peak_rate_mbps(n, m, 1.0, *at) for n, m, *at in cases])
    patterns = [("DDDSU", (10, 2, 2)), ("DDDDDDDSUU", (6, 4, 4)), ("DDDSUDDSUU", (10, 2, 2))]
    assert_oracle("C08", [tdd_shares(*pattern)[0] for pattern in patterns])
    widths = [(273, 30, 100), (106, 30, 40), (51, 30, 20), (79, 15, 15), (160, 15, 30)]
    assert_oracle("C09", [n * 12 * scs / 1e3 / mhz for n, scs, mhz in widths])
    wide = BANDS["n78"].dl_mhz * (1 - 0.14)
    assert_oracle("C10", [wide, wide * 2.0, wide * 7.8])


def test_cell_and_user_oracles():
    rates = np.array([200.0, 100.0, 50.0, 10.0])
    # Pitfall 15: the plain mean is three times the capacity.
    equal, weighted = harmonic_mean(rates, np.ones(4)), harmonic_mean(rates, np.arange(4, 0, -1.0))
    assert_oracle("C17", [rates.mean(), equal, weighted])
    value = np.array([5.0, 12, 20, 45, 60, 80, 120, 150, 200, 300])
    weight = np.array([4.0, 6, 10, 20, 20, 15, 10, 8, 5, 2])
    assert_oracle("C22", [weighted_quantile(value, weight, 0.05)])


def test_carriers_oracle():
    none = np.array([np.nan])
    loads = ((1.9, 0.7), (350 / 146.5, 0.6))
    found = [carriers_for_load(np.array([load]), none, target, 1.0)[0] for load, target in loads]
    assert_oracle("C21", found)


# Twins -------------------------------------------------------------------------------------------


@given(SINR_DB, st.floats(0.3, 0.8), st.sampled_from([15.0, 22.0, 30.0]))
def test_chain_a_equals_its_twin(sinr, alpha, sinr_max):
    expected = twin.chain_a_efficiency(sinr, alpha, sinr_max_db=sinr_max)
    assert downlink_a(sinr, sinr_max, alpha) == pytest.approx(float(expected), rel=1e-12)


@given(SINR_DB, st.floats(0, 3), st.floats(0, 3))
def test_chain_b_equals_its_twin(sinr, gap, margin):
    expected = twin.chain_b_efficiency(sinr, gap_db=gap, margin_db=margin)
    assert gap_shannon_se(sinr, gap + margin, -9.0) == pytest.approx(float(expected), rel=1e-12)


@given(SINR_DB, st.floats(0, 3))
def test_rank_adaptation_equals_its_twin(sinr, gap):
    def per_layer(x):
        return twin.chain_b_efficiency(x, gap, 0.0, cap=math.inf, sinr_min_db=-math.inf)

    expected = float(twin.rank_adaptive_efficiency(sinr, per_layer))
    assert rank_adaptive_se(sinr, gap) == pytest.approx(expected, rel=1e-12)


@given(SINR_DB, st.floats(0, 4), st.sampled_from([CQI_64QAM, CQI_256QAM]))
def test_cqi_equals_its_twin(sinr, gap, table):
    threshold = twin.cqi_thresholds_db(np.array(table), gap)
    assume(np.abs(threshold - sinr).min() > 1e-9)
    assert cqi_index(sinr, table, gap) == twin.cqi_index(sinr, np.array(table), gap)
    got = [cqi_threshold_db(se, gap) for se in table]
    np.testing.assert_allclose(got, threshold, rtol=1e-12, atol=1e-12)


def test_cqi_tables_equal_the_document():
    assert list(twin.CQI_TABLE_1) == list(CQI_64QAM)
    assert list(twin.CQI_TABLE_2) == list(CQI_256QAM)


@given(
    st.integers(1, 8), st.sampled_from([2, 4, 6, 8]), st.integers(1, 273),
    st.sampled_from([15, 30, 60]), st.floats(0, 0.3),
)  # fmt: skip
def test_peak_rate_equals_its_twin(layers, bits, n_rb, scs, overhead):
    expected = twin.peak_rate_mbps(layers, bits, n_rb, scs, overhead)
    got = nr_peak_rate_mbps(layers, bits, 1.0, n_rb, scs, overhead)
    assert got == pytest.approx(expected, rel=1e-12)


@given(st.text("DSU", min_size=1, max_size=20), st.integers(0, 14), st.integers(0, 14))
def test_shares_of_symbols_equal_their_twin(pattern, down, up):
    assume(down + up <= 14)
    special = (down, 14 - down - up, up)
    expected = twin.symbol_shares(pattern, special)
    assert tdd_shares(pattern, special) == pytest.approx((expected[0], expected[2]), rel=1e-12)


@given(strategies.positive_vectors(), strategies.generators())
def test_harmonic_mean_equals_its_twin_and_is_below_the_plain_one(rates, rng):
    weight = rng.random(rates.size) + 1e-3
    mean = harmonic_mean(rates, weight)
    assert mean == pytest.approx(twin.harmonic_mean(rates, weight), rel=1e-12)
    assert mean <= np.average(rates, weights=weight) * (1 + 1e-12)


@given(strategies.positive_vectors(), strategies.generators())
def test_places_out_of_service_are_left_out_of_the_mean(rates, rng):
    """Models.md C.3: not given a tiny rate, which would leave nothing of the capacity."""
    weight = rng.random(rates.size) + 1e-3
    served = harmonic_mean(rates, weight)
    both = harmonic_mean(np.append(rates, 0.0), np.append(weight, 5.0))
    assert both == served
    assert harmonic_mean(np.zeros(3), np.ones(3)) == 0.0


@given(strategies.positive_vectors(), strategies.generators(), SHARE)
def test_quantile_equals_its_twin(value, rng, share):
    weight = rng.random(value.size) + 1e-3
    below = np.cumsum(weight[np.argsort(value)])
    assume(np.abs(below - share * below[-1]).min() > 1e-9 * below[-1])
    expected = twin.weighted_percentile(value, weight, share)
    assert weighted_quantile(value, weight, share) == expected


# Laws --------------------------------------------------------------------------------------------


@given(SINR_DB, SINR_DB)
def test_efficiency_rises_with_sinr(a, b):
    for chain in (
        downlink_a,
        lambda x: gap_shannon_se(x, GAP_DB, -9.0),
        lambda x: rank_adaptive_se(x, 2.0),
        lambda x: float(cqi_index(x, CQI_256QAM, 2.0)),
    ):
        worse, better = (chain(x) for x in sorted((a, b)))
        assert 0 <= worse <= better


@given(SINR_DB)
def test_the_chains_stay_under_shannon_and_their_caps(sinr):
    shannon = math.log2(1 + 10 ** (sinr / 10))
    assert downlink_a(sinr) <= min(0.6 * shannon, 4.391) + 1e-12
    assert gap_shannon_se(sinr, GAP_DB, -9.0) <= min(shannon, CQI_256QAM[-1]) + 1e-12
    assert rank_adaptive_se(sinr, 2.0) >= gap_shannon_se(sinr, 2.0, -math.inf)


@given(strategies.generators(), st.integers(0, 20))
def test_curves_are_their_formula_value_by_value(rng, size):
    sinr = rng.uniform(-30, 50, size)
    one = truncated_shannon_curve(sinr, 0.6, -10.0, 22.0)
    assert one.tolist() == [truncated_shannon_se(x, 0.6, -10.0, 22.0) for x in sinr]
    two = gap_shannon_curve(sinr, GAP_DB, -9.0)
    assert two.tolist() == [gap_shannon_se(x, GAP_DB, -9.0) for x in sinr]


@given(strategies.positive_vectors(), strategies.generators(), SHARE)
def test_quantile_is_the_lower_step(value, rng, share):
    weight = rng.random(value.size) + 1e-3
    x = weighted_quantile(value, weight, share)
    assert weight[value <= x].sum() >= share * weight.sum() * (1 - 1e-9)
    assert weight[value < x].sum() < share * weight.sum() * (1 + 1e-9)


def test_quantile_of_nothing_is_unknown():
    assert math.isnan(weighted_quantile(np.empty(0), np.empty(0), 0.05))


def test_a_pattern_without_slots_is_not_divided():
    assert tdd_shares("") == (1.0, 1.0)


def test_a_peak_rate_is_no_capacity():
    """Pitfall 17: ten times what the cells of C30 carry."""
    peak = nr_peak_rate_mbps(4, 8, 1.0, 273, 30, 0.14) * tdd_shares("DDDDDDDSUU")[0]
    assert peak / (BANDS["n78"].dl_mhz * 0.86 * 0.66929136) > 10
