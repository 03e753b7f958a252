import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.catchment import (
    N_SECTOR,
    facing_sectors,
    greatest_move,
    kept_busy,
    time_per_site,
)
from tests import strategies


@st.composite
def countries(draw):
    """Time of cells, which are sparse, their hosts and sectors, and the sites of the cells."""
    rng, n = draw(strategies.generators()), draw(st.integers(1, 12))
    sites = rng.integers(0, 3, n).astype(float)
    sparse = np.flatnonzero(rng.random(n) < 0.7)
    sites[np.setdiff1d(np.arange(n), sparse)] += 1.0
    with_site = np.flatnonzero(sites > 0)
    host = rng.choice(with_site, sparse.size) if with_site.size else np.full(sparse.size, -1)
    host = np.where(rng.random(sparse.size) < 0.2, -1, host)
    own = np.isin(sparse, with_site)
    host[own] = sparse[own]
    sector = rng.integers(0, N_SECTOR, sparse.size).astype(np.int8)
    sector[host == sparse] = N_SECTOR
    return rng.uniform(0, 1, n), sparse, host.astype(np.int64), sector, sites


def by_sector(time, sparse, host, sector, sites):
    """Load of every sector, one after the other: its third of the own cell, and what it faces."""
    load = {}
    for h in np.flatnonzero(sites > 0):
        own = time[h] if h not in sparse or h in host[sparse == h] else 0.0
        for s in range(N_SECTOR):
            faced = time[sparse[(host == h) & (sector == s)]].sum()
            load[h, s] = (own / N_SECTOR + faced) / (sites[h] / N_SECTOR)
    return load


@given(countries())
def test_each_cell_has_the_load_of_its_sectors(country):
    time, sparse, host, sector, sites = country
    got, load = time_per_site(*country), by_sector(*country)
    for i, k in enumerate(sparse):
        if host[i] < 0:
            assert np.isnan(got[k])
        elif sector[i] < N_SECTOR:
            assert got[k] == pytest.approx(load[host[i], sector[i]])
    for k in np.flatnonzero(sites > 0):
        if k not in sparse or k in host[sparse == k]:
            assert got[k] == pytest.approx(np.mean([load[k, s] for s in range(N_SECTOR)]))


def test_sectors_face_their_third():
    bearing = np.radians([0, 59, 61, 120, 179, 181, 240, 299, 301])
    east, north = (np.rint(1000 * f(bearing)).astype(np.int64) for f in (np.sin, np.cos))
    assert facing_sectors(east, north).tolist() == [0, 0, 1, 1, 1, 2, 2, 2, 0]
    assert facing_sectors(np.zeros(1, np.int64), np.zeros(1, np.int64)).tolist() == [N_SECTOR]


@given(strategies.generators())
def test_what_is_served_is_cut_at_full_load(rng):
    time, slower, load = rng.uniform(0, 2, (3, 9))
    load[rng.random(9) < 0.2] = np.nan
    expected = np.where(np.isnan(load), 0.0, time * slower / np.maximum(load, 1.0))
    np.testing.assert_allclose(kept_busy(time, slower, load), expected)


def test_moves_are_of_loads_up_to_one_and_known():
    before, after = np.array([0.1, 1.5, np.nan, 0.4]), np.array([0.3, 9.0, 0.7, 0.5])
    assert greatest_move(before, after) == pytest.approx(0.2)
