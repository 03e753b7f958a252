import json
import math
import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netmodel.errors import InputError
from netmodel.kernels.load import carriers_for_load
from netmodel.kernels.rate import (
    CHAIN_A_MIN_DB,
    CQI_64QAM,
    CQI_64QAM_LOW_SE,
    CQI_256QAM,
    MCS_64QAM,
    MCS_64QAM_LOW_SE,
    MCS_256QAM,
    cqi_index,
    cqi_threshold_db,
    gap_shannon_curve,
    gap_shannon_se,
    harmonic_mean,
    nr_peak_rate_mbps,
    transport_block_size_bits,
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
CQI_TABLES = (CQI_64QAM, CQI_256QAM, CQI_64QAM_LOW_SE)
MCS_TABLES = (MCS_64QAM, MCS_256QAM, MCS_64QAM_LOW_SE)
N_PRB, SYMBOLS, LAYERS = st.integers(1, 275), st.integers(2, 14), st.integers(1, 4)
BITS, OVERHEAD = st.sampled_from([2, 4, 6, 8]), st.sampled_from([0, 6, 12, 18])
RATE_2048 = st.integers(60, 1896)  # of 2048: the tables have halves of 1024
DMRS = st.sampled_from([6, 12, 24, 36])


def downlink_a(sinr_db, sinr_max_db=22.0, alpha=0.6):
    return truncated_shannon_se(float(sinr_db), alpha, CHAIN_A_MIN_DB, sinr_max_db)


# Published numbers -------------------------------------------------------------------------------


def test_chain_a_oracles():
    assert_oracle("C01", [downlink_a(x) for x in (-12, -10, 0, 10, 20, 22, 30)])
    assert_oracle("C02", [downlink_a(x, 30.0) for x in (10, 22, 30, 35)])
    assert_oracle("C03", [downlink_a(x, 22.0, 0.4) for x in (-10, 0, 10, 22)])


def test_chain_b_oracles():
    assert_oracle("C31", [gap_shannon_se(float(x), GAP_DB, -9.0) for x in (-9, 0, 10, 20, 30)])


def test_cqi_oracles():
    assert_oracle("C04", [cqi_threshold_db(se, 2.0) for se in CQI_64QAM])
    assert_oracle("C05", [cqi_threshold_db(se, 2.0) for se in CQI_256QAM])
    sinr = [float(x) for x in (-12, -5, 0, 5, 10, 15, 20, 25, 30)]
    index = [cqi_index(x, CQI_256QAM, 2.0) for x in sinr]
    assert_oracle("C06", index)
    assert_oracle("C06b", [(0.0, *CQI_256QAM)[i] for i in index])


def test_cqi_tables_equal_the_published_ones(shared):
    tables = json.loads((shared / "validation/nr_phy/cqi_tables.json").read_text("utf-8"))
    for name, ours in zip(("1_5.2.2.1-2", "2_5.2.2.1-3", "3_5.2.2.1-4"), CQI_TABLES, strict=True):
        rows = tables[f"table{name}"]
        assert [row[0] for row in rows] == list(range(1, 16))
        assert [row[3] for row in rows] == list(ours)
        # Bits and rate of an index are those of some MCS, but for the least of the low ones.
        codes = {pair for table in MCS_TABLES for pair in table}
        assert {(row[1], row[2]) for row in rows} <= codes


def test_mcs_tables_have_the_indices_of_the_published_thresholds(shared):
    """SNR at 10 % block errors rises with the index, as bits times rate do, all but once."""
    path = shared / "validation/nr_phy/mcs_snr_10pct_bler_summary.csv"
    table, index = np.loadtxt(path, int, delimiter=",", skiprows=1, usecols=(0, 1)).T
    for number, ours in ((1, MCS_64QAM), (2, MCS_256QAM)):
        assert index[table == number].tolist() == list(range(len(ours)))
    # From 16QAM to 64QAM the efficiency of table 1 falls by a hair, as TS 38.214 has it.
    falls = [(a, b) for t in MCS_TABLES for a, b in pairwise(t) if math.prod(a) >= math.prod(b)]
    assert falls == [((4, 658.0), (6, 438.0))]


# Resource blocks, data symbols, bits, 1024 times the code rate, payload in bits.
REFERENCE_CHANNELS = [
    # TS 38.108 table A.1-1, G-FR1-A1-1 to A1-9; TS 38.104 has the same.
    *((25, 12, 2, 308, 2152), (11, 12, 2, 308, 984), (106, 12, 2, 308, 9224)),
    *((51, 12, 2, 308, 4352), (24, 12, 2, 308, 2088), (15, 12, 2, 308, 1320), (6, 12, 2, 308, 528)),
    # TS 38.521-4 table A.2.2.1.1-1, CP-OFDM 64QAM, MCS 19.
    *((25, 11, 6, 517, 9992), (52, 11, 6, 517, 21000), (79, 11, 6, 517, 31752)),
    *((106, 11, 6, 517, 42016), (133, 11, 6, 517, 53288), (160, 11, 6, 517, 63528)),
    *((216, 11, 6, 517, 86040), (270, 11, 6, 517, 108552)),
]


def test_transport_blocks_equal_the_reference_channels():
    """Symbols with DM-RS carry nothing else there: twelve elements of a block each."""
    for n_prb, data, bits, rate, payload in REFERENCE_CHANNELS:
        dmrs = 12 * (14 - data)
        assert transport_block_size_bits(n_prb, 14, bits, rate / 1024, 1, dmrs) == payload


# Of nrTBS of MATLAB's 5G Toolbox, as srsRAN Project's tests of its scheduler quote it: 12 symbols;
# DM-RS, overhead, bits, code rate, layers, resource blocks, size.
PEER_SIZES = [
    *((6, 0, 2, 0.1, 1, 6, 160), (36, 12, 2, 0.1, 1, 6, 112), (6, 12, 2, 0.9, 1, 11, 2472)),
    *((36, 0, 2, 0.9, 4, 6, 4608), (36, 12, 4, 0.9, 1, 11, 3824), (6, 0, 4, 0.9, 1, 6, 2976)),
    *((36, 12, 4, 0.9, 4, 11, 15112), (6, 0, 6, 0.9, 4, 11, 32776), (6, 0, 8, 0.9, 4, 11, 44040)),
    # At a low rate, and in two code blocks.
    *((6, 0, 8, 0.1, 4, 11, 4872), (6, 12, 8, 0.1, 4, 11, 4360), (36, 0, 8, 0.1, 4, 11, 3824)),
]


def test_transport_blocks_equal_a_peer_s():
    for dmrs, overhead, bits, rate, layers, n_prb, size in PEER_SIZES:
        assert transport_block_size_bits(n_prb, 12, bits, rate, layers, dmrs, overhead) == size


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


@given(SINR_DB, st.floats(0, 4), st.sampled_from(CQI_TABLES))
def test_cqi_equals_its_twin(sinr, gap, table):
    threshold = twin.cqi_thresholds_db(np.array(table), gap)
    assume(np.abs(threshold - sinr).min() > 1e-9)
    assert cqi_index(sinr, table, gap) == twin.cqi_index(sinr, np.array(table), gap)
    got = [cqi_threshold_db(se, gap) for se in table]
    np.testing.assert_allclose(got, threshold, rtol=1e-12, atol=1e-12)


def test_tables_equal_the_document():
    """Written down a second time, in another order."""
    documents = (twin.CQI_TABLE_1, twin.CQI_TABLE_2, twin.CQI_TABLE_3)
    for table, document in zip(CQI_TABLES, documents, strict=True):
        assert list(table) == list(document)
    for table, by_bits in zip(MCS_TABLES, twin.MCS_TABLES, strict=True):
        assert table == tuple((bits, rate) for bits, rates in by_bits.items() for rate in rates)


@given(N_PRB, SYMBOLS, BITS, RATE_2048, LAYERS, DMRS, OVERHEAD)
def test_transport_block_equals_its_twin(n_prb, n_symbol, bits, rate, layers, dmrs, overhead):
    got = transport_block_size_bits(n_prb, n_symbol, bits, rate / 2048, layers, dmrs, overhead)
    at = (n_prb, n_symbol, bits, rate / 2, layers, dmrs, overhead)
    assert got == twin.transport_block_size(*at)


@pytest.mark.parametrize("rate", [128, 256, 257, 512, 948])
def test_transport_blocks_equal_their_twin_at_every_number_of_blocks(rate):
    """Every power of two of the information bits, and every number of code blocks, is passed."""
    for n_prb in range(1, 276):
        got = transport_block_size_bits(n_prb, 14, 8, rate / 1024, 4)
        assert got == twin.transport_block_size(n_prb, 14, 8, rate, 4, 12, 0)


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


@given(N_PRB, SYMBOLS, BITS, RATE_2048, LAYERS)
def test_transport_blocks_are_whole_bytes_near_their_bits(n_prb, n_symbol, bits, rate, layers):
    """Rounding takes a 64th and no more than a checksum; the widest gap is from 1064 to 1128."""
    size = transport_block_size_bits(n_prb, n_symbol, bits, rate / 2048, layers)
    wanted = float(twin.information_bits(n_prb, n_symbol, bits, rate / 2, layers, 12, 0))
    assert size % 8 == 0
    assert size >= (wanted - 24) * 63 / 64
    assert size <= max(24, wanted * 1128 / 1072)


@given(N_PRB, SYMBOLS, st.integers(0, 27), LAYERS, OVERHEAD)
def test_more_of_anything_never_carries_less(n_prb, n_symbol, index, layers, overhead):
    def size(n_prb, n_symbol, index, layers, overhead):
        bits, rate = MCS_256QAM[index]
        return transport_block_size_bits(n_prb, n_symbol, bits, rate / 1024, layers, 12, overhead)

    at = size(n_prb, n_symbol, index, layers, overhead)
    assert size(n_prb + 1, n_symbol, index, layers, overhead) >= at
    assert size(n_prb, n_symbol + 1, index, layers, overhead) >= at
    assert size(n_prb, n_symbol, index, layers + 1, overhead) >= at
    assert size(n_prb, n_symbol, index, layers, overhead + 6) <= at


@given(N_PRB, SYMBOLS, BITS, RATE_2048, RATE_2048, LAYERS)
def test_a_higher_rate_never_carries_less(n_prb, n_symbol, bits, rate, other, layers):
    """On either side of 1/4, where code blocks grow from 3816 to 8424 bits."""
    assume((rate <= 512) == (other <= 512))
    low, high = (
        transport_block_size_bits(n_prb, n_symbol, bits, x / 2048, layers)
        for x in sorted((rate, other))
    )
    assert low <= high


def test_a_slot_without_data_carries_nothing():
    assert transport_block_size_bits(10, 1, 2, 0.5, 1) == 0
    assert transport_block_size_bits(10, 1, 2, 0.5, 1, 12, 18) == 0
    assert transport_block_size_bits(0, 14, 2, 0.5, 1) == 0
    assert transport_block_size_bits(1, 14, 2, 30 / 1024, 1, 12, 18) == 24


@given(st.integers(30, 275), LAYERS, BITS, st.sampled_from([15, 30, 60]))
def test_full_slots_stay_under_the_peak_rate_without_overhead(n_prb, layers, bits, scs_khz):
    """Of 168 resource elements of a block 156 count, which is 7 % less; sizes round by 2 %."""
    peak = nr_peak_rate_mbps(layers, bits, 1.0, n_prb, scs_khz, 0.0)
    slots_per_s = scs_khz / 15 * 1e3
    size = transport_block_size_bits(n_prb, 14, bits, 948 / 1024, layers)
    assert 0.91 * peak < size * slots_per_s / 1e6 < 0.95 * peak


def test_the_peak_of_100_mhz_is_2337():
    """Not the 2.44 Gbit/s of some calculators; its transport blocks carry about as much."""
    peak = nr_peak_rate_mbps(4, 8, 1.0, 273, 30, 0.14)
    assert peak == pytest.approx(2337.0, abs=0.05)
    size = transport_block_size_bits(273, 14, 8, 948 / 1024, 4, 12, 12)
    assert size * 2000 / 1e6 == pytest.approx(peak, rel=0.01)


@given(SINR_DB, SINR_DB)
def test_efficiency_rises_with_sinr(a, b):
    for chain in (
        downlink_a,
        lambda x: gap_shannon_se(x, GAP_DB, -9.0),
        lambda x: float(cqi_index(x, CQI_256QAM, 2.0)),
    ):
        worse, better = (chain(x) for x in sorted((a, b)))
        assert 0 <= worse <= better


@given(SINR_DB)
def test_the_chains_stay_under_shannon_and_their_caps(sinr):
    shannon = math.log2(1 + 10 ** (sinr / 10))
    assert downlink_a(sinr) <= min(0.6 * shannon, 4.391) + 1e-12
    assert gap_shannon_se(sinr, GAP_DB, -9.0) <= min(shannon, CQI_256QAM[-1]) + 1e-12


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


@pytest.mark.parametrize(
    ("pattern", "place"), [("DDXSU", "slot 3 is 'X'"), ("ddsu", "slot 1 is 'd'"), ("D S U", "' '")]
)
def test_other_letters_are_no_slots(pattern, place):
    with pytest.raises(InputError, match=re.escape(repr(pattern))) as caught:
        tdd_shares(pattern)
    assert place in str(caught.value)


@pytest.mark.parametrize("special", [(10, 2, 1), (15, 0, -1), (12, 2), (6, 4, 2, 2)])
def test_special_slots_have_14_symbols(special):
    with pytest.raises(InputError, match=":".join(map(str, special))):
        tdd_shares("DDDSU", special)
    assert tdd_shares("", special) == (1.0, 1.0)


def test_a_peak_rate_is_no_capacity():
    """Pitfall 17: ten times what the cells of C30 carry."""
    peak = nr_peak_rate_mbps(4, 8, 1.0, 273, 30, 0.14) * tdd_shares("DDDDDDDSUU")[0]
    assert peak / (BANDS["n78"].dl_mhz * 0.86 * 0.66929136) > 10
