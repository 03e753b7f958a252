import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.queueing import (
    erlang_b,
    erlangs_for_blocking,
    flow_mbps,
    gbr_blocking,
    gbr_calls,
    gbr_erlangs,
    servers_for_blocking,
)
from tests.oracles import assert_oracle
from tests.reference import rate as twin

OFFERED = st.floats(0.01, 300)
SHARE = st.floats(1e-4, 0.99)
NO_NUMBER = [math.nan, -1.0, math.inf]

# Published numbers -------------------------------------------------------------------------------


def test_oracles():
    assert_oracle("C18", [flow_mbps(100.0, 0.5), 80 / flow_mbps(100.0, 0.5), flow_mbps(100.0, 0.9)])
    assert_oracle("C19", [erlang_b(*case) for case in ((10.0, 15), (10.0, 18), (100.0, 117))])
    assert_oracle("C20", [servers_for_blocking(offered, 0.01) for offered in (10.0, 100.0)])


def test_calls_of_a_rate_are_the_servers_of_the_oracles():
    """15, 18 and 117 calls of 0.1 Mbit/s, none of which fits whole in binary numbers."""
    capacity = (1.5, 1.8, 11.7)
    assert [gbr_calls(x, 0.1) for x in capacity] == [15, 18, 117]
    offered = (10.0, 10.0, 100.0)
    assert_oracle("C19", [gbr_blocking(*case, 0.1) for case in zip(offered, capacity, strict=True)])
    # C20 says so from the other side: one server less blocks more than one percent.
    for n, traffic in ((18, 10.0), (117, 100.0)):
        assert erlangs_for_blocking(n - 1, 0.01) < traffic <= erlangs_for_blocking(n, 0.01)


# Twins -------------------------------------------------------------------------------------------


@given(OFFERED, st.integers(0, 400))
def test_blocking_equals_its_twin(offered, n_server):
    expected = twin.erlang_b(offered, n_server)
    assert erlang_b(offered, n_server) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@given(st.floats(0.01, 50), st.floats(1e-4, 0.5))
def test_servers_equal_their_twin(offered, blocking):
    expected = twin.servers_for_blocking(offered, blocking)
    assert servers_for_blocking(offered, blocking) == expected


@given(st.floats(0, 1e4), st.floats(0, 1))
def test_flow_equals_its_twin(rate, load):
    assert flow_mbps(rate, load) == pytest.approx(twin.flow_throughput_mbps(rate, load), rel=1e-12)
    assert flow_mbps(rate, 1.0 + load) == 0.0


@given(st.integers(0, 3000), st.integers(1, 300))
def test_calls_equal_their_twin(capacity, call):
    """Rates to a hundredth of a Mbit/s, where a plain division loses calls."""
    capacity_mbps, call_mbps = capacity / 100, call / 100
    assert gbr_calls(capacity_mbps, call_mbps) == twin.calls_in_capacity(capacity_mbps, call_mbps)


@given(st.integers(1, 300), SHARE)
def test_erlangs_equal_their_twin(n_server, blocking):
    expected = twin.erlangs_for_blocking(n_server, blocking)
    assert erlangs_for_blocking(n_server, blocking) == pytest.approx(expected, rel=1e-7)


# Laws --------------------------------------------------------------------------------------------


@given(st.integers(1, 300), SHARE)
def test_the_traffic_that_fits_just_fits(n_server, blocking):
    offered = erlangs_for_blocking(n_server, blocking)
    assert erlang_b(offered, n_server) <= blocking < erlang_b(offered * (1 + 1e-9), n_server)
    assert offered < erlangs_for_blocking(n_server + 1, blocking)


@given(st.floats(0.1, 500), st.floats(0.01, 2), SHARE)
def test_traffic_of_a_capacity_is_that_of_its_calls(capacity, call, blocking):
    n = gbr_calls(capacity, call)
    assert n * call <= capacity * (1 + 1e-9) and (n + 1) * call > capacity
    assert gbr_erlangs(capacity, call, blocking) == erlangs_for_blocking(int(n), blocking)


@given(OFFERED, st.integers(0, 50), SHARE)
def test_more_traffic_and_fewer_servers_block_more(offered, n_server, share):
    less, more = (erlang_b(x, n_server) for x in (offered * share, offered))
    assert 0.0 <= less <= more <= 1.0
    assert erlang_b(offered, n_server + 1) < more


@pytest.mark.parametrize("bad", NO_NUMBER)
def test_what_is_no_number_gives_none(bad):
    assert math.isnan(erlang_b(bad, 3))
    assert math.isnan(servers_for_blocking(bad, 0.01))
    assert math.isnan(gbr_blocking(bad, 1.0, 0.1))
    assert math.isnan(gbr_calls(1.0, bad)) and math.isnan(gbr_blocking(5.0, 1.0, bad))
    assert math.isnan(gbr_erlangs(1.0, bad, 0.01))
    assert math.isnan(erlangs_for_blocking(3, bad))


@pytest.mark.parametrize("zero", [0.0, -2.0])
def test_without_capacity_all_calls_are_blocked(zero):
    assert gbr_calls(zero, 0.1) == 0.0 and gbr_blocking(5.0, zero, 0.1) == 1.0
    assert gbr_erlangs(zero, 0.1, 0.01) == 0.0
    assert math.isnan(gbr_calls(math.nan, 0.1)) and math.isnan(gbr_calls(math.inf, 0.1))
    assert math.isnan(gbr_calls(1.0, zero))
    assert math.isnan(servers_for_blocking(5.0, zero)) and math.isnan(erlangs_for_blocking(3, zero))


def test_without_traffic_nothing_is_blocked():
    assert erlang_b(0.0, 3) == 0.0 and servers_for_blocking(0.0, 0.01) == 1.0
