import math
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.hexagon import Layout, drawn_powers, link_powers, sinr_db
from netmodel.kernels.link_budget import noise_dbm, power_per_element_dbm
from netmodel.kernels.load import (
    carriers_for_load,
    density_for_load,
    efficiency_at_load,
    mean_field_loads,
    people_above,
    people_by_load,
)
from netmodel.kernels.propagation import UMA
from netmodel.kernels.rate import harmonic_mean, truncated_shannon_curve
from netmodel.kernels.units import linear
from netmodel.presets import BANDS
from tests import strategies
from tests.oracles import oracle
from tests.reference import load as twin

ISD_M = np.array([250.0, 500.0, 1000.0, 1732.0, 3000.0, 5000.0])
AXIS = np.log(ISD_M)
LOADS = np.linspace(0.0, 1.0, 11)
HALF_A_PERCENT = 0.005


class Field(NamedTuple):
    """What the kernel is given, after the grid of loads."""

    index: np.ndarray
    per_capacity: np.ndarray
    log_isd: np.ndarray
    settlement: np.ndarray
    tables: np.ndarray
    axis: np.ndarray


def some_tables(rng, n_class=2):
    """Efficiencies that fall with the load, more slowly than the load rises (models.md C.4)."""
    alone = rng.uniform(0.5, 4.0, (n_class, ISD_M.size, 1))
    return alone / (1 + rng.uniform(0, 6, alone.shape) * LOADS)


def some_field(rng, shape, busy=1.5, share=0.8):
    """Loads to fill, NaN where there is no site or no demand is known, and the other inputs."""
    index = np.flatnonzero(rng.random(shape) < share)
    n = index.size
    per_capacity = rng.uniform(0, busy, n) * 10 ** rng.uniform(-2, 0.3, n)
    per_capacity[rng.random(n) < 0.1] = 0.0
    start = np.full(shape, np.nan, np.float32)
    start.ravel()[index] = np.where(rng.random(n) < 0.1, np.nan, 0.0)
    field = Field(
        index, per_capacity, rng.uniform(5, 9, n), rng.integers(0, 2, n, dtype=np.int8),
        some_tables(rng), AXIS,
    )  # fmt: skip
    return start, field


@st.composite
def fields(draw, max_side=5):
    return some_field(draw(strategies.generators()), draw(strategies.shapes(max_side)))


def solved(start, field):
    """Loads on the grid, those that the demand asks for, and the rounds."""
    load = start.copy()
    wanted, rounds = mean_field_loads(load, *field)
    return load, wanted, rounds


# Published numbers -------------------------------------------------------------------------------


@cache
def powers_of_c25():
    """Server and others [mW] in a lattice whose sites are all out of sight."""
    element = power_per_element_dbm(53.0, 273.0) - 2.0
    nlos = link_powers(Layout(500.0, 3.5, 25.0, 1.5, 6.0, 17.0, element, UMA))[1]
    return drawn_powers(nlos, nlos, np.zeros_like(nlos), 1)


@cache
def efficiency(load):
    """Harmonic efficiency of C28."""
    sinr = sinr_db(*powers_of_c25(), load, linear(noise_dbm(30e3, 9.0)))
    se = truncated_shannon_curve(sinr, 0.6, -10.0, 22.0)
    return harmonic_mean(se, np.ones(se.size))


def plain_of_c29(curve, mimo_gain, demand):
    """Capacity [Mbit/s/km2] and load in the middle of 5 x 5 equal cells of sites 500 m apart."""
    density = 2 / (math.sqrt(3) * 0.5**2)
    at_one = density * 3 * BANDS["n78"].dl_mhz * mimo_gain
    n = 25
    field = Field(
        np.arange(n), np.full(n, demand / at_one), np.full(n, math.log(500.0)),
        np.zeros(n, np.int8), np.tile(curve, (1, 6, 1)), AXIS,
    )  # fmt: skip
    load, wanted, _ = solved(np.zeros((5, 5), np.float32), field)
    assert np.ptp(load) < 1e-6
    return demand / wanted[12], load[2, 2]


@pytest.mark.parametrize(
    ("row", "mimo_gain", "demand"), [("C29a", 4, 1100), ("C29b", 1, 1100), ("C29c", 1, 275)]
)
def test_mode_n_oracles(row, mimo_gain, demand):
    """C28's three loads, constant below the first: on an even axis."""
    quarter, half, full = (efficiency(load) for load in (0.25, 0.5, 1.0))
    curve = np.array([quarter, quarter, half, (half + full) / 2, full])
    capacity, load = plain_of_c29(curve, float(mimo_gain), float(demand))
    expected = oracle(row)
    assert load == pytest.approx(expected[1], rel=0, abs=1e-4)
    assert capacity == pytest.approx(expected[0], rel=HALF_A_PERCENT)


def test_mode_n_oracle_on_the_full_axis_of_loads():
    """The remark of row C29."""
    curve = np.array([efficiency(float(load)) for load in LOADS])
    capacity, load = plain_of_c29(curve, 4.0, 1100.0)
    assert load == pytest.approx(0.11658, rel=0, abs=1e-4)
    assert capacity == pytest.approx(9436, rel=HALF_A_PERCENT)


@given(st.floats(1.0, 15_000.0), st.sampled_from([1.0, 4.0]))
def test_an_even_plain_has_the_load_of_one_cell(demand, mimo_gain):
    """Within the 1e-4 of models.md, section M, at any demand."""
    curve = np.array([efficiency(float(load)) for load in LOADS])
    at_one = 2 / (math.sqrt(3) * 0.5**2) * 3 * BANDS["n78"].dl_mhz * mimo_gain
    expected = twin.mean_field_load(demand, lambda rho: at_one * np.interp(rho, LOADS, curve))
    assert plain_of_c29(curve, mimo_gain, demand)[1] == pytest.approx(expected, rel=0, abs=1e-4)


# The mean field and its twin ---------------------------------------------------------------------


def twin_loads(start, field):
    """The twin's cells are known by a number, which takes the place of their density."""
    number, demand = np.zeros(start.shape), np.full(start.shape, np.nan)
    number.ravel()[field.index] = np.arange(1, field.index.size + 1)
    demand.ravel()[field.index] = field.per_capacity
    number[np.isnan(start)] = 0

    def capacity(n, around):
        k = int(n) - 1
        table = field.tables[field.settlement[k]]
        return twin.efficiency_lookup(math.exp(field.log_isd[k]), around, ISD_M, LOADS, table)

    return twin.mean_field_grid(demand, number, np.ones(start.shape), capacity, 1e-9), capacity


@given(fields())
def test_loads_equal_their_twin(case):
    start, field = case
    load, wanted, rounds = solved(start, field)
    expected, capacity = twin_loads(start, field)
    assert rounds < 200
    np.testing.assert_allclose(load, expected, rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        np.minimum(wanted, 1.0), load.ravel()[field.index], rtol=0, atol=1e-6
    )
    around = twin.environment_load(expected, np.ones(start.shape)).ravel()[field.index]
    for k in np.flatnonzero(~np.isnan(wanted)):
        asked = field.per_capacity[k] / capacity(k + 1, around[k])
        assert wanted[k] == pytest.approx(asked, rel=1e-3, abs=1e-4)


@given(fields())
def test_loads_are_at_most_one_and_missing_where_they_were(case):
    start, field = case
    load, wanted, _ = solved(start, field)
    np.testing.assert_array_equal(np.isnan(load), np.isnan(start))
    np.testing.assert_array_equal(np.isnan(wanted), np.isnan(load.ravel()[field.index]))
    known = load[~np.isnan(load)]
    assert ((known >= 0) & (known <= 1)).all()


@given(fields(), st.floats(1, 5))
def test_loads_rise_with_demand(case, factor):
    start, field = case
    load = solved(start, field)[0]
    more = solved(start, field._replace(per_capacity=field.per_capacity * factor))[0]
    known = ~np.isnan(load)
    assert (more[known] >= load[known] - 2e-5).all()


@given(fields())
def test_loads_settle_from_any_overload(case):
    """Pitfall 18."""
    start, field = case
    crowded = field._replace(per_capacity=field.per_capacity * 1e3 + 1.0)
    load, wanted, rounds = solved(start, crowded)
    assert rounds < 200
    full = wanted[~np.isnan(wanted)] > 1
    loads = load.ravel()[field.index][~np.isnan(wanted)]
    assert (loads[full] == 1).all()


@given(fields(), st.randoms(use_true_random=False))
def test_order_of_cells_does_not_matter(case, random):
    start, field = case
    order = np.array(random.sample(range(field.index.size), field.index.size), int)
    turned = field._replace(**{name: getattr(field, name)[order] for name in Field._fields[:4]})
    load, wanted, _ = solved(start, field)
    again, wanted_again, _ = solved(start, turned)
    assert load.tobytes() == again.tobytes()
    assert wanted[order].tobytes() == wanted_again.tobytes()


@given(fields())
def test_turning_the_grid_turns_the_loads(case):
    start, field = case
    number = np.arange(start.size).reshape(start.shape)
    turned = field._replace(index=np.argsort(number.T.ravel())[field.index])
    load = solved(start, field)[0]
    again = solved(np.ascontiguousarray(start.T), turned)[0]
    np.testing.assert_allclose(again.T, load, rtol=0, atol=2e-5)


def test_a_window_with_a_halo_has_the_bits_of_the_whole():
    rng = np.random.default_rng(20)
    start, field = some_field(rng, (6, 150))
    load, wanted, rounds = solved(start, field)
    first, last = 65, 85
    assert rounds <= first
    column = field.index % 150
    inside = (column >= first - rounds) & (column < last + rounds)
    row = field.index[inside] // 150
    width = last - first + 2 * rounds
    cut = start[:, first - rounds : last + rounds].copy()
    cells = {name: getattr(field, name)[inside] for name in Field._fields[:4]}
    cells["index"] = row * width + column[inside] - (first - rounds)
    part, part_wanted, _ = solved(cut, field._replace(**cells))
    assert part[:, rounds:-rounds].tobytes() == load[:, first:last].tobytes()
    own = (column[inside] >= first) & (column[inside] < last)
    assert part_wanted[own].tobytes() == wanted[inside][own].tobytes()


# What follows from a load ------------------------------------------------------------------------


def efficiency_at(curve, density):
    """Of a table (isd,), in a lattice of so many sites per km2."""
    return np.interp(np.log(twin.hexagon_isd_m(density)), AXIS, curve)


@st.composite
def dimensionings(draw):
    """Demand and sites per km2, classes and a table by class; more sites always carry more."""
    rng = draw(strategies.generators())
    n = draw(st.integers(1, 12))
    today = 10 ** rng.uniform(-2, 1.5, n)
    demand = today * 10 ** rng.uniform(-1, 1.5, n)
    return demand, today, rng.integers(0, 2, n, dtype=np.int8), rng.uniform(1.0, 1.8, (2, 6))


@given(dimensionings())
def test_density_carries_the_demand_and_is_not_under_todays(case):
    demand, today, settlement, tables = case
    found = density_for_load(*case, AXIS)
    for k, density in enumerate(found):
        curve = tables[settlement[k]]
        assert density >= today[k]
        if density == today[k]:
            assert today[k] * efficiency_at(curve, today[k]) >= demand[k] * (1 - 1e-9)
        else:
            assert density * efficiency_at(curve, density) == pytest.approx(demand[k], rel=1e-9)


@given(dimensionings())
def test_density_is_enough_already_or_unknown(case):
    demand, today, settlement, tables = case
    again = density_for_load(demand, density_for_load(*case, AXIS), settlement, tables, AXIS)
    np.testing.assert_allclose(again, density_for_load(*case, AXIS), rtol=1e-9)
    unknown = density_for_load(np.full(today.size, np.nan), today, settlement, tables, AXIS)
    np.testing.assert_array_equal(unknown, today)


def test_density_where_there_is_no_site():
    """From nothing, as from a millionth of a site."""
    tables = np.full((1, 6), 1.5)
    found = density_for_load(np.array([3.0, 0.0]), np.zeros(2), np.zeros(2, np.int8), tables, AXIS)
    np.testing.assert_allclose(found, [2.0, 0.0], rtol=1e-9)


@given(strategies.generators(), st.floats(0.2, 0.9), st.floats(1.1, 20), st.floats(0.05, 5))
def test_density_found_has_the_target_load_in_an_even_plain(rng, target, factor, today):
    # Less than twice as much from one distance to the next: more sites carry more.
    tables = rng.uniform(1.0, 1.75, (1, 6, 1)) / (1 + rng.uniform(0, 6) * LOADS)
    at_target = np.array([[np.interp(target, LOADS, curve) for curve in tables[0]]])
    demand = np.array([today * efficiency_at(at_target[0], today) * factor])
    zero = np.zeros(1, np.int8)
    density = density_for_load(demand, np.array([today]), zero, at_target, AXIS)[0]
    n = 9
    field = Field(
        np.arange(n), np.full(n, demand[0] * target / density),
        np.full(n, math.log(twin.hexagon_isd_m(density))), np.zeros(n, np.int8), tables, AXIS,
    )  # fmt: skip
    load = solved(np.zeros((3, 3), np.float32), field)[0]
    np.testing.assert_allclose(load, target, rtol=0, atol=1e-4)


@given(strategies.generators(), st.integers(0, 20))
def test_what_is_left_equals_its_twin(rng, n):
    tables, load = some_tables(rng), rng.uniform(0, 2, n)
    load[rng.random(n) < 0.3] = np.nan
    log_isd, settlement = rng.uniform(5, 9, n), rng.integers(0, 2, n, dtype=np.int8)
    got = efficiency_at_load(log_isd, settlement, load, tables, AXIS)
    for k in range(n):
        if math.isnan(load[k]):
            assert math.isnan(got[k])
            continue
        own = min(load[k], 1.0)
        at = (math.exp(log_isd[k]), own, ISD_M, LOADS, tables[settlement[k]])
        assert got[k] == pytest.approx(twin.efficiency_lookup(*at), rel=1e-10, abs=1e-12)


@given(strategies.generators(), st.integers(0, 20), st.floats(0.1, 1), st.floats(0.5, 3))
def test_carriers_bring_both_loads_to_the_target(rng, n, target, carriers):
    down, up = rng.uniform(0, 20, n), rng.uniform(0, 20, n)
    down[rng.random(n) < 0.3] = np.nan
    up[rng.random(n) < 0.3] = np.nan
    up[rng.random(n) < 0.1] = 0.0
    got = carriers_for_load(down, up, target, carriers)
    asked = np.nan_to_num(np.fmax(down, up)) / target * carriers
    np.testing.assert_array_equal(got, np.ceil(asked))
    assert ((got - 1) * target < np.nan_to_num(np.fmax(down, up)) * carriers).all()


def test_carriers_are_counted_up_to_the_end_of_their_type():
    huge = np.array([1e4, 1e9, 1e15])
    got = carriers_for_load(huge, np.full(3, np.nan), 0.7, 1.0)
    assert got.tolist() == [math.ceil(1e4 / 0.7), 32767, 32767]


@given(strategies.generators(), st.integers(1, 3), st.integers(0, 15), st.floats(0.3, 0.9))
def test_people_by_load_equal_their_twin(rng, n_network, n, target):
    shape = (n_network, n)
    people, demand = rng.uniform(0, 1e4, n), rng.uniform(0, 50, shape).astype(np.float32)
    demand[:, rng.random(n) < 0.2] = 0.0
    load = rng.uniform(0, 1, shape).astype(np.float32)
    load[rng.random(shape) < 0.3] = np.nan
    limit = np.full(n_network, target)
    total = demand.sum(axis=0, dtype=float)
    share = people * demand / np.where(total > 0, total, 1.0)
    expected = [
        np.nansum(share * load, axis=0),
        (share * ~np.isnan(load)).sum(axis=0),
        (share * (load > target)).sum(axis=0),
    ]
    got = [*people_by_load(people, demand, load), people_above(people, demand, load, limit)]
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-9)
    # Uncompiled, NumPy keeps sums of float32 in float32.
    assert (got[1] <= people * (1 + 1e-6)).all() and (got[2] <= got[1] * (1 + 1e-6)).all()


# Threads -----------------------------------------------------------------------------------------


def test_same_loads_on_all_threads(same_bits):
    start, field = some_field(np.random.default_rng(21), (150, 200))
    same_bits(lambda: solved(start, field))


def test_same_consequences_on_all_threads(same_bits):
    rng = np.random.default_rng(22)
    n = 20_000
    settlement, log_isd = rng.integers(0, 2, n, dtype=np.int8), rng.uniform(5, 9, n)
    load, other = rng.uniform(0, 2, n), rng.uniform(0, 2, n)
    load[::7] = np.nan
    tables = some_tables(rng)
    people = rng.uniform(0, 1e4, n)
    demand, loads = rng.uniform(0, 3, (2, 3, n)).astype(np.float32)
    limit = np.array([1.0, 2.0, 3.0])

    def call():
        return (
            density_for_load(load, other, settlement, tables[:, :, 7], AXIS),
            efficiency_at_load(log_isd, settlement, load, tables, AXIS),
            carriers_for_load(load, other, 0.7, 1.0),
            people_by_load(people, demand, loads),
            people_above(people, demand, loads, limit),
        )

    same_bits(call)
