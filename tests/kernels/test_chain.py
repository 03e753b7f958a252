import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netmodel.kernels.chain import (
    Chain,
    chain_a,
    chain_b,
    efficiency,
    quantised,
    quantised_efficiency,
    uplink_chain_b,
)
from netmodel.kernels.rate import CQI_64QAM, CQI_64QAM_LOW_SE, CQI_256QAM
from tests.oracles import assert_oracle
from tests.reference import rate as twin

SINR_DB = st.floats(-30, 50)
LAYERS = st.sampled_from([1, 2, 4])
FACTOR = st.floats(1.001, 100)


def chains():
    """Any tuple that the factories make, the uplink's among them."""
    return st.one_of(
        st.builds(chain_a, st.floats(0.5, 8), st.sampled_from([0.4, 0.6])),
        st.builds(
            chain_b, LAYERS, st.floats(0, 0.3), st.floats(0, 3), st.floats(0, 3),
            layer_penalty_db=st.tuples(*[st.floats(0, 8)] * 3),
        ),
        st.builds(uplink_chain_b, st.sampled_from([1, 2])),
    )  # fmt: skip


def at_db(sinr_db, chain):
    return efficiency(10.0 ** (sinr_db / 10.0), chain)


# Published numbers -------------------------------------------------------------------------------


def test_chain_a_oracles():
    """Without the zeros below -10 dB, which the caller leaves out."""
    at = (-10, 0, 10, 20, 22, 30)
    assert_oracle("C01", [0.0, *(at_db(x, chain_a(1.0)) for x in at)])
    wide = chain_a(1.0, sinr_max_db=30.0)
    assert_oracle("C02", [at_db(x, wide) for x in (10, 22, 30, 35)])
    uplink = chain_a(1.0, 0.4)
    assert_oracle("C03", [at_db(x, uplink) for x in (-10, 0, 10, 22)])


def test_chain_b_oracles():
    one = chain_b(1, overhead=0.0)
    assert_oracle("C31", [at_db(x, one) for x in (-9, 0, 10, 20, 30)])
    many = chain_b(overhead=0.0, margin_db=0.0, cap=math.inf)
    assert_oracle("C23", [at_db(x, many) for x in (-5, 0, 5, 10, 20, 30)])


def test_quantised_oracle():
    chain = quantised(chain_b(1, overhead=0.0, margin_db=0.0))
    at = (-12, -5, 0, 5, 10, 15, 20, 25, 30)
    assert_oracle("C06b", [quantised_efficiency(10.0 ** (x / 10.0), chain) for x in at])


def test_overhead_is_that_of_the_direction_and_of_chain_b_alone():
    """Pitfall 16: TS 38.306 4.1.2 has 0.14 down and 0.08 up; alpha has it already."""
    assert at_db(60.0, chain_b()) == pytest.approx(0.86 * 4 * 7.4063, rel=1e-12)
    assert at_db(60.0, uplink_chain_b(2)) == pytest.approx(0.92 * 2 * 7.4063, rel=1e-12)
    assert at_db(60.0, chain_a(4.0)) == pytest.approx(4 * 4.3903896, rel=1e-7)


# Twins -------------------------------------------------------------------------------------------


@given(SINR_DB, st.floats(0.5, 8), st.sampled_from([(0.6, 22.0), (0.6, 30.0), (0.4, 22.0)]))
def test_chain_a_equals_its_twin(sinr_db, gain, direction):
    alpha, sinr_max_db = direction
    expected = gain * twin.chain_a_efficiency(sinr_db, alpha, -math.inf, sinr_max_db)
    chain = chain_a(gain, alpha, sinr_max_db=sinr_max_db)
    assert at_db(sinr_db, chain) == pytest.approx(float(expected), rel=1e-12)


@given(SINR_DB, LAYERS, st.floats(0, 0.3), st.floats(0, 3), st.floats(0, 3))
def test_chain_b_equals_its_twin(sinr_db, max_layers, overhead, gap_db, margin_db):
    """The best of all ranks by its own logarithm."""
    expected = twin.chain_b_link_efficiency(sinr_db, max_layers, overhead, gap_db, margin_db)
    chain = chain_b(max_layers, overhead, gap_db, margin_db)
    assert at_db(sinr_db, chain) == pytest.approx(float(expected), rel=1e-12)


@given(SINR_DB, st.tuples(*[st.floats(0, 12)] * 3))
def test_any_penalties_leave_the_best_rank(sinr_db, penalty_db):
    """No order of the ranks is assumed: a dear rank of two never hides one of four."""
    layers = [
        n * twin.chain_b_efficiency(sinr_db - 10 * math.log10(n) - loss, sinr_min_db=-math.inf)
        for n, loss in zip((1, 2, 4), penalty_db, strict=True)
    ]
    chain = chain_b(overhead=0.0, layer_penalty_db=penalty_db)
    assert at_db(sinr_db, chain) == pytest.approx(float(max(layers)), rel=1e-12)


@given(SINR_DB, LAYERS, st.sampled_from([CQI_64QAM, CQI_256QAM, CQI_64QAM_LOW_SE]))
def test_quantised_chain_equals_its_twin(sinr_db, max_layers, table):
    ranks = [(n, loss) for n, loss in ((1, 0.0), (2, 1.5), (4, 4.0)) if n <= max_layers]
    each_db = [sinr_db - 10 * math.log10(n) - loss for n, loss in ranks]
    threshold = twin.cqi_thresholds_db(table, margin_db=1.5)
    assume(min(abs(x - at) for x in each_db for at in threshold) > 1e-9)
    expected = 0.86 * max(
        n * twin.cqi_efficiency(np.array(x), np.array(table), margin_db=1.5)
        for (n, _), x in zip(ranks, each_db, strict=True)
    )
    chain = quantised(chain_b(max_layers, cap=table[-1]), table)
    got = quantised_efficiency(10.0 ** (sinr_db / 10.0), chain)
    assert got == pytest.approx(float(expected), rel=1e-12)


# Laws --------------------------------------------------------------------------------------------


@given(SINR_DB, FACTOR, chains())
def test_efficiency_rises_and_is_standard(sinr_db, factor, chain):
    """Models.md C.4: with less interference by a factor, less than that factor is gained."""
    sinr = 10.0 ** (sinr_db / 10.0)
    worse, better = efficiency(sinr / factor, chain), efficiency(sinr, chain)
    assert 0.0 < worse <= better < factor * worse


@given(SINR_DB, SINR_DB, LAYERS)
def test_steps_rise_and_stay_under_the_curve(a, b, max_layers):
    chain = chain_b(max_layers)
    steps = quantised(chain)
    low, high = (10.0 ** (x / 10.0) for x in sorted((a, b)))
    assert 0.0 <= quantised_efficiency(low, steps) <= quantised_efficiency(high, steps)
    assert quantised_efficiency(high, steps) <= efficiency(high, chain) * (1 + 1e-12)
    assert math.isnan(quantised_efficiency(math.nan, steps))
    top = quantised_efficiency(1e9, steps)
    assert top == pytest.approx(efficiency(1e9, chain), rel=1e-12)


@pytest.mark.parametrize("chain", [chain_a(4.0), chain_a(1.0, sinr_max_db=30.0), chain_b(cap=5.0)])
def test_only_a_chain_b_that_ends_with_the_table_is_quantised(chain):
    with pytest.raises(ValueError, match="give a chain B"):
        quantised(chain)


@given(chains())
def test_the_cut_is_the_caller_s(chain):
    below = chain.sinr_min / 2.0
    assert efficiency(below, chain) > 0.0
    assert efficiency(0.0, chain) == 0.0
    assert math.isnan(efficiency(math.nan, chain))
    assert efficiency(1e12, chain) == efficiency(1e13, chain)


def test_least_sinr_of_the_chains():
    """-10 dB of TR 36.942 and -9 dB of models.md C.1."""
    for chain, sinr_db in ((chain_a(1.0), -10.0), (chain_b(), -9.0), (uplink_chain_b(), -9.0)):
        assert 10.0 * math.log10(chain.sinr_min) == pytest.approx(sinr_db, rel=1e-12)
        assert isinstance(chain, Chain) and all(type(part) is float for part in chain)


@given(SINR_DB)
def test_more_layers_are_never_worse(sinr_db):
    one, two, four = (at_db(sinr_db, chain_b(n)) for n in (1, 2, 4))
    assert one <= two <= four <= 4 * 0.86 * CQI_256QAM[-1] * (1 + 1e-12)


@pytest.mark.parametrize("gain", [0.0, -1.0, math.nan, math.inf])
def test_a_gain_is_a_positive_number(gain):
    with pytest.raises(ValueError, match="mimo_gain"):
        chain_a(gain)


@pytest.mark.parametrize(("layers", "overhead"), [(3, 0.14), (0, 0.14), (4, 1.0), (4, -0.1)])
def test_ranks_are_one_two_and_four_and_overhead_a_share(layers, overhead):
    with pytest.raises(ValueError, match="max_layers"):
        chain_b(layers, overhead)
