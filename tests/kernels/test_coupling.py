import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.chain import Chain
from netmodel.kernels.coupling import (
    Field,
    Links,
    busy_time,
    coupling_matrix,
    disturbances,
    efficiencies,
    loads_around,
    put_rest,
)
from netmodel.kernels.link_budget import noise_dbm
from netmodel.kernels.settling import coupled_loads
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


def unlisted(case):
    """The same with nothing listed: the field has a group a sector and a block a pixel."""
    links, n_cell = listed(case), len(case[0])
    n_other = np.diff(links.start)
    pixel = np.repeat(np.arange(n_other.size), n_other)
    rest = np.bincount(pixel, links.ratio, n_other.size)
    field = Field(
        links.start, links.sector, links.ratio / rest[pixel],
        np.arange(n_cell, dtype=np.int32), n_cell,
    )  # fmt: skip
    none = np.zeros(n_other.size + 1, np.int64), np.zeros(0, np.int32), np.zeros(0)
    block = np.arange(n_other.size, dtype=np.int32)
    return links._replace(
        rest=rest, block=block, start=none[0], sector=none[1], ratio=none[2]
    ), field


def half_listed(case):
    """Every other interferer listed, the rest in one group around all pixels."""
    links, n_cell = listed(case), len(case[0])
    pixel = np.repeat(np.arange(links.server.size), np.diff(links.start))
    kept = links.sector % 2 == 0
    start = np.append(0, np.cumsum(np.bincount(pixel[kept], minlength=links.server.size)))
    rest = np.bincount(pixel[~kept], links.ratio[~kept], links.server.size)
    one = Field(np.array([0, 1]), np.zeros(1, np.int32), np.ones(1), np.zeros(n_cell, np.int32), 1)
    return links._replace(
        rest=rest, start=start, sector=links.sector[kept], ratio=links.ratio[kept]
    ), one  # fmt: skip


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


def known_pairs(shared):
    """Fixed points of two equal cells, solved with 40 digits elsewhere."""
    path = shared / "validation" / "sysl" / "load_coupling_two_cell.json"
    return json.loads(path.read_text())["symmetric_two_cell"]


def of_ratios(row):
    """A pixel in each of two cells, of signal and interference over noise."""
    snr, inr = 10 ** (row["snr_db"] / 10), 10 ** (row["inr_db"] / 10)
    work = np.full(2, row["demand_bps"] / row["bandwidth_hz"])
    return Links(
        np.arange(2, dtype=np.int32), work, np.full(2, 1 / snr), np.zeros(2),
        np.zeros(2, np.int32), np.arange(3), np.array([1, 0], np.int32), np.full(2, inr / snr),
    )  # fmt: skip


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_published_pairs(shared, start):
    rows = known_pairs(shared)
    assert {row["load"] is None for row in rows} == {True, False}
    for row in rows:
        load, wanted, rounds = coupled_loads(
            of_ratios(row), nothing_around(2), SHANNON, np.full(2, start), 1e-13
        )
        assert rounds < 1000
        if row["load"] is None:  # no unclipped fixed point below one
            assert load.tolist() == [1.0, 1.0] and (wanted > 1.0).all()
        else:
            assert load == pytest.approx(row["load"], rel=0, abs=1e-9)


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


@given(networks(demand_mbps=300.0), strategies.generators())
def test_any_start_ends_at_the_same_loads(case, rng):
    begin = rng.uniform(0.0, 1.0, len(case[0]))
    load, wanted, rounds = solved(case)
    other, other_wanted, other_rounds = solved(case, start=begin)
    assert max(rounds, other_rounds) < 1000
    np.testing.assert_allclose(other, load, atol=1e-8)
    np.testing.assert_allclose(other_wanted, wanted, rtol=1e-7, atol=1e-8)


@given(networks(demand_mbps=300.0))
def test_loads_from_zero_only_rise(case):
    """Yates: the rounds are monotone from below, and from above."""
    n_cell, last = len(case[0]), [np.zeros(len(case[0])), np.ones(len(case[0]))]
    for _ in range(5):
        low, high = (
            coupled_loads(listed(case), nothing_around(n_cell), SHANNON, begin, 0.0, 1)[0]
            for begin in last
        )
        assert (low >= last[0] - 1e-12).all() and (high <= last[1] + 1e-12).all()
        assert (low <= high + 1e-12).all()
        last = [low, high]


# The field of what is not listed -----------------------------------------------------------------


@given(networks(demand_mbps=200.0))
def test_a_group_a_sector_is_as_good_as_a_list(case):
    links, field = unlisted(case)
    begin = np.zeros(len(case[0]))
    load, wanted, rounds = coupled_loads(links, field, SHANNON, begin, 1e-10)
    expected, expected_wanted, expected_rounds = solved(case)
    assert rounds == expected_rounds
    np.testing.assert_allclose(load, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(wanted, expected_wanted, rtol=1e-9, atol=1e-12)


def test_the_field_is_the_mean_over_groups_by_weight():
    field = Field(
        np.array([0, 2, 3]), np.array([0, 2, 1], np.int32), np.array([0.25, 0.75, 1.0]),
        np.array([0, 2, 0, 2, 2], np.int32), 3,
    )  # fmt: skip
    load = np.array([0.2, 0.3, 0.6, 0.9, 0.0])
    expected = [0.25 * 0.4 + 0.75 * 0.4, 0.0]  # nobody is in group 1
    np.testing.assert_allclose(loads_around(field, load), expected, rtol=1e-15)


@given(networks(demand_mbps=300.0), st.floats(1, 20))
def test_loads_with_a_field_rise_with_demand(case, factor):
    links, field = half_listed(case)
    begin = np.zeros(len(case[0]))
    less, _, _ = coupled_loads(links, field, SHANNON, begin, 1e-10)
    more, _, rounds = coupled_loads(
        links._replace(work=links.work * factor), field, SHANNON, begin, 1e-10
    )
    assert (more >= less - 1e-9).all() and rounds < 1000


@given(networks(demand_mbps=300.0), strategies.generators())
def test_any_start_with_a_field_ends_at_the_same_loads(case, rng):
    links, field = half_listed(case)
    ends = [
        coupled_loads(links, field, SHANNON, begin, 1e-10)[0]
        for begin in (np.zeros(len(case[0])), rng.uniform(0.0, 1.0, len(case[0])))
    ]
    np.testing.assert_allclose(*ends, atol=1e-8)


# Numbers and threads -----------------------------------------------------------------------------


@given(networks(demand_mbps=200.0))
def test_links_in_float32_are_within_their_rounding(case):
    links, field = half_listed(case)
    narrow = links._replace(
        **{k: getattr(links, k).astype(np.float32) for k in ("work", "noise", "rest", "ratio")}
    )
    begin = np.zeros(len(case[0]))
    wide, close = (coupled_loads(each, field, SHANNON, begin, 1e-12)[0] for each in (links, narrow))
    # Each term is off by 2**-24 of it; a load close to where it has no bound amplifies that.
    np.testing.assert_allclose(close, wide, rtol=2e-5, atol=1e-9)


@given(networks(), strategies.generators())
def test_points_without_work_are_left_out(case, rng):
    """Whatever they hear, also nothing at all."""
    power, serving, demand, bandwidth = case
    idle = rng.random(demand.size) < 0.5
    links = listed((power, serving, np.where(idle, 0.0, demand), bandwidth))
    n_other, n_cell = np.diff(links.start), len(power)
    entry = np.repeat(~idle, n_other)
    fewer = Links(
        links.server[~idle], links.work[~idle], links.noise[~idle], links.rest[~idle],
        links.block[~idle], np.append(0, np.cumsum(n_other[~idle])), links.sector[entry],
        links.ratio[entry],
    )  # fmt: skip
    deaf = links._replace(noise=np.where(idle, np.inf, links.noise))
    begin, field = np.zeros(n_cell), nothing_around(n_cell)
    expected = coupled_loads(fewer, field, SHANNON, begin, 1e-10)
    for each in (links, deaf):
        found = coupled_loads(each, field, SHANNON, begin, 1e-10)
        assert found[2] == expected[2]
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def many_points(n_point=5000, n_sector=60, n_listed=5):
    rng = np.random.default_rng(8)
    links = Links(
        rng.integers(0, n_sector, n_point, dtype=np.int32),
        rng.uniform(0, 0.02, n_point).astype(np.float32),
        rng.uniform(0, 0.1, n_point).astype(np.float32),
        rng.uniform(0, 0.5, n_point).astype(np.float32),
        rng.integers(0, 7, n_point, dtype=np.int32),
        np.arange(0, n_point * n_listed + 1, n_listed),
        rng.integers(0, n_sector, n_point * n_listed, dtype=np.int32),
        rng.uniform(0, 0.5, n_point * n_listed).astype(np.float32),
    )
    weight = rng.dirichlet(np.ones(4), 7).reshape(-1)
    group = np.tile(np.arange(4, dtype=np.int32), 7)
    of_sector = rng.integers(0, 4, n_sector, dtype=np.int32)
    return links, Field(np.arange(0, 29, 4), group, weight, of_sector, 4), n_sector


def test_same_bits_on_one_thread_and_all(same_bits):
    links, field, n_sector = many_points()

    def call():
        load, wanted, rounds = coupled_loads(links, field, SHANNON, np.zeros(n_sector), 1e-9)
        around = loads_around(field, load)
        sinr_db = np.linspace(-9, 30, links.work.size)
        return (
            load, wanted, rounds, efficiencies(links, around, load, SHANNON),
            busy_time(links.work, sinr_db, SHANNON),
        )  # fmt: skip

    assert call()[2] > 3
    same_bits(call)


@given(networks(demand_mbps=200.0), strategies.generators())
def test_the_rest_corrected_gives_the_loads_of_all_links(case, rng):
    """From a field that is far off, by the SINR with every sector at its own load."""
    links, field = half_listed(case)
    whole, nothing = listed(case), nothing_around(len(case[0]))
    off = links._replace(rest=links.rest * rng.uniform(0.2, 3.0, links.rest.size))
    load = np.zeros(len(case[0]))
    for _ in range(60):
        load, _, _ = coupled_loads(off, field, SHANNON, load, 1e-9)
        sinr_db = -10 * np.log10(disturbances(whole, np.zeros(1), load))
        put_rest(off, loads_around(field, load), load, sinr_db, off.rest)
    expected = coupled_loads(whole, nothing, SHANNON, np.zeros(load.size), 1e-12)[0]
    np.testing.assert_allclose(load, expected, rtol=2e-5, atol=1e-7)


def rest_after(links, *at):
    """What `put_rest` leaves of a copy."""
    own = links._replace(rest=links.rest.copy())
    put_rest(own, *at, own.rest)
    return own.rest


def test_the_rest_is_as_it_was_where_nothing_is_known():
    links, field, n_sector = many_points(50)
    idle, full = np.zeros(n_sector), np.ones(n_sector)
    some = np.full(50, 3.0, np.float32)
    assert (rest_after(links, loads_around(field, idle), idle, some) == links.rest).all()
    deaf = np.full(50, np.nan, np.float32)
    assert (rest_after(links, loads_around(field, full), full, deaf) == links.rest).all()
    same = -10 * np.log10(disturbances(links, loads_around(field, full), full))
    found = rest_after(links, loads_around(field, full), full, same.astype(np.float32))
    np.testing.assert_allclose(found, links.rest, atol=2e-6)


def test_efficiency_and_time_are_those_of_the_sinr():
    links, field, n_sector = many_points(50)
    load = np.random.default_rng(1).uniform(0, 1, n_sector)
    around = loads_around(field, load)
    term = (links.ratio.astype(float) * load[links.sector]).reshape(50, -1).sum(axis=1)
    sinr = 1.0 / (links.noise.astype(float) + links.rest.astype(float) * around[links.block] + term)
    expected = np.log2(1 + sinr)
    np.testing.assert_allclose(efficiencies(links, around, load, SHANNON), expected, rtol=1e-12)
    work = np.where(np.arange(50) % 3 == 0, 0.0, links.work)
    spent = busy_time(work, 10 * np.log10(sinr), SHANNON)
    np.testing.assert_allclose(spent, work / expected, rtol=1e-12)
