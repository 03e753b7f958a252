import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.catchment import (
    N_SECTOR,
    facing_sectors,
    first_marks,
    greatest_move,
    interference,
    kept_busy,
    slow_down,
    standing_sites,
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


@given(strategies.generators())
def test_first_marks_are_in_the_order_of_the_offsets(rng):
    marked = rng.random((9, 11)) < 0.1
    down, right = (part.ravel() for part in np.mgrid[-3:4, -3:4])
    order = rng.permutation(down.size)
    index = np.arange(marked.size)
    found = first_marks(marked, index, down[order], right[order])
    for k in index:
        at = np.stack([k // 11 + down[order], k % 11 + right[order]])
        inside = ((at >= 0) & (at < np.array([[9], [11]]))).all(axis=0)
        hit = inside & marked[tuple(np.where(inside, at, 0))]
        assert found[k] == (np.argmax(hit) if hit.any() else -1)


@given(strategies.generators())
def test_others_slow_down_by_their_load(rng):
    rise_db = np.array([0.0, 3.0, 10.0])
    curves = np.sort(rng.uniform(0.1, 5.0, (20, 3)), axis=1)[:, ::-1].astype(np.float32)
    full, load = rng.uniform(0.0, 15.0, 20), rng.uniform(0.0, 1.5, 20)
    now = 10 * np.log10(1 + np.minimum(load, 1.0) * (10 ** (full / 10) - 1))
    expected = [
        c[0] / np.interp(at, rise_db, c) for c, at in zip(curves.astype(float), now, strict=True)
    ]
    np.testing.assert_allclose(slow_down(curves, full, load, rise_db), expected, rtol=1e-6)
    assert (slow_down(curves, full, np.zeros(20), rise_db) == 1.0).all()


@given(strategies.generators())
def test_interference_adds_up_site_by_site_nearby(rng):
    """In a window of one square and its neighbors all sites are taken at their cells."""
    row, column = (part.ravel() for part in np.mgrid[0:8, 0:8])
    sites = rng.integers(0, 3, 64) * (rng.random(64) < 0.3)
    power = 1.0 / np.arange(1.0, 121.0) ** 2
    window, r, c = standing_sites(row - 40, column + 12, sites.astype(float), 4)
    host = rng.integers(-1, 64, 64)
    distance = rng.uniform(0.0, 4000.0, 64)
    found = interference(r, c, window, host, distance, np.full(64, 1000.0), power)
    at = (np.arange(120) + 0.5) * 250.0
    for k in range(64):
        away = np.hypot(row - row[k], column - column[k]) * 1000.0
        each = np.interp(np.maximum(away, distance[k]), at, power, right=0.0)
        each[max(host[k], 0)] = 0.0
        expected = (sites * each).sum() if host[k] >= 0 else 0.0
        assert found[k] == pytest.approx(expected, rel=1e-9, abs=1e-12)
