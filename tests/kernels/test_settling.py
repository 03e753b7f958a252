"""Rounds by parts against rounds over everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.coupling import Field, Links
from netmodel.kernels.settling import coupled_loads, parts_of, settle, unsettled
from tests import strategies
from tests.kernels.test_coupling import SHANNON, many_points


def by_blocks(n_point=400, n_sector=30):
    """Points in the order of their blocks, and the first of each block."""
    links, field, _ = many_points(n_point, n_sector)
    links = links._replace(block=np.sort(links.block))
    first = np.searchsorted(links.block, np.arange(8)).astype(np.int64)
    return links, field, first, n_sector


def parts_by_blocks(links, first, n_sector):
    return parts_of(links, first, np.arange(7, dtype=np.int32), n_sector)


def chain_of_towns(n_town=12, n_point=20):
    """Towns of one sector in a row, each disturbed by its neighbors only; work can be raised."""
    rng = np.random.default_rng(3)
    town = np.repeat(np.arange(n_town), n_point)
    beside = np.stack([np.maximum(town - 1, 0), np.minimum(town + 1, n_town - 1)], axis=1)
    links = Links(
        town.astype(np.int32), rng.uniform(0, 0.05, town.size), np.full(town.size, 0.01),
        np.zeros(town.size), town.astype(np.int32), np.arange(0, 2 * town.size + 1, 2),
        beside.reshape(-1).astype(np.int32), rng.uniform(0, 0.05, 2 * town.size),
    )  # fmt: skip
    nothing = np.zeros(n_town + 1, np.int64), np.zeros(0, np.int32), np.zeros(0)
    field = Field(*nothing, np.zeros(n_town, np.int32), 1)
    first = np.arange(0, town.size + 1, n_point)
    return links, field, parts_of(links, first, np.arange(n_town, dtype=np.int32), n_town)


def test_sectors_of_a_part_are_those_that_serve_or_disturb_it():
    links, _, first, n_sector = by_blocks()
    parts = parts_by_blocks(links, first, n_sector)
    for p in range(7):
        mine = slice(links.start[first[p]], links.start[first[p + 1]])
        expected = {*links.server[first[p] : first[p + 1]], *links.sector[mine]}
        found = parts.sector[parts.start[p] : parts.start[p + 1]]
        assert len(found) == len(set(found)) and set(found) == expected


@given(st.floats(1e-12, 1e-3), strategies.generators())
def test_parts_end_where_everything_at_once_ends(tolerance, rng):
    links, field, first, n_sector = by_blocks(120, 12)
    links = links._replace(work=links.work * np.float32(rng.uniform(0.1, 8.0)))
    state = unsettled(links, parts_by_blocks(links, first, n_sector), rng.random(n_sector))
    settle(links, field, SHANNON, parts_by_blocks(links, first, n_sector), state, tolerance)
    load, wanted, _ = coupled_loads(links, field, SHANNON, np.zeros(n_sector), 1e-12)
    # What remains of a part's moves is multiplied by at most the rounds' contraction.
    np.testing.assert_allclose(state.load, load, atol=20 * tolerance + 1e-9)
    np.testing.assert_allclose(state.wanted, wanted, rtol=50 * tolerance + 1e-8)


def test_nothing_to_do_is_no_round():
    links, field, first, n_sector = by_blocks()
    parts = parts_by_blocks(links, first, n_sector)
    state = unsettled(links, parts, np.zeros(n_sector))
    assert settle(links, field, SHANNON, parts, state, 1e-9) > 3
    before = state.load.copy()
    assert settle(links, field, SHANNON, parts, state, 1e-9) == 0
    assert (state.load == before).all()


def test_a_change_is_felt_as_far_as_it_matters():
    """The busy time of a town far down the row is not evaluated again: it keeps its bits."""
    links, field, parts = chain_of_towns()
    state = unsettled(links, parts, np.zeros(12))
    settle(links, field, SHANNON, parts, state, 1e-9)
    old = state.busy.copy()
    more = links._replace(work=np.where(links.server == 0, 1.5 * links.work, links.work))
    state.moved[0] = np.inf
    settle(more, field, SHANNON, parts, state, 1e-6)
    changed = np.flatnonzero(np.add.reduceat(state.busy != old, parts.first[:-1]) > 0)
    assert changed.tolist() == list(range(changed.size)) and 1 < changed.size < 11
    expected, wanted, _ = coupled_loads(more, field, SHANNON, np.zeros(12), 1e-12)
    np.testing.assert_allclose(state.load, expected, atol=3e-6)
    np.testing.assert_allclose(state.wanted, wanted, atol=3e-6)


def test_a_sector_that_has_lost_its_points_has_no_load():
    links, field, parts = chain_of_towns(3)
    state = unsettled(links, parts, np.ones(3))
    gone = links._replace(server=np.where(links.server == 2, 1, links.server).astype(np.int32))
    state = unsettled(gone, parts, state.load)
    settle(gone, field, SHANNON, parts, state, 1e-12)
    assert state.load[2] == 0.0 and state.load[1] > 0.0


def test_same_bits_on_one_thread_and_all(same_bits):
    links, field, first, n_sector = by_blocks(5000, 60)

    def call():
        parts = parts_by_blocks(links, first, n_sector)
        state = unsettled(links, parts, np.zeros(n_sector))
        return settle(links, field, SHANNON, parts, state, 1e-9), *state

    same_bits(call)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_small_moves_add_up(tolerance):
    """Rounds end only when all moves since a part's evaluation are below the tolerance."""
    links, field, parts = chain_of_towns()
    state = unsettled(links, parts, np.zeros(12))
    settle(links, field, SHANNON, parts, state, tolerance)
    assert (state.moved < tolerance).all() and np.isfinite(state.moved).all()
