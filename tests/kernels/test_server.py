"""The block engine against its twin, which computes every link in float64."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel._transmitters import bins_of, transmitters
from netmodel.kernels.diversity import HIGH, LOW, OUTDOOR, RSRP, diversity
from netmodel.kernels.server import Reach, Served, serve
from tests.conftest import JIT_OFF
from tests.reference import server as twin

NOISE_MW = 10.0**-12.0
SIDE_M = 6400.0
N_POINT = 12 if JIT_OFF else 300
N_SITE = 12 if JIT_OFF else 150
EVERYTHING = Reach(1e9, 1e9, NOISE_MW, 10**-0.6, True, True)
BY_DISTANCE = Reach(SIDE_M, 1e9, NOISE_MW, 10**-0.6, True, True)
PATTERN = {"sector_36814": twin.SECTOR_36814, "element_38901": twin.ELEMENT_38901}


def network(seed, frequency, n_site=N_SITE, side_m=30_000.0, two_masts_every=7):
    """Sectors of sites, some with two masts, of both models, heights, powers and patterns."""
    rng = np.random.default_rng(seed)
    rows = []
    for site in range(n_site):
        x, y = rng.uniform(0.0, side_m, 2)
        for _ in range(1 + (site % two_masts_every == 0)):
            height, model = rng.uniform(15.0, 50.0), str(rng.choice(["uma", "rma"]))
            antenna = str(rng.choice(list(PATTERN)))
            turn = rng.uniform(0.0, 360.0)
            for k in range(rng.integers(1, 5)):
                rows.append(
                    {
                        "x": x, "y": y, "height_m": height, "model": model,
                        "frequency_ghz": frequency, "azimuth_deg": turn + 120.0 * k,
                        "tilt_deg": rng.uniform(0.0, 12.0), "antenna": antenna,
                        "eirp_dbm": rng.uniform(10.0, 35.0), "load": rng.uniform(0.0, 1.0),
                        "link_dbm": -110.0,
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def as_twin(table, rsrp_dbm=-105.0):
    mast = (table[["x", "y", "height_m"]].diff() != 0).any(axis=1).cumsum().to_numpy() - 1
    first = table[~pd.Series(mast).duplicated()]
    masts = twin.Masts(
        *(first[c].to_numpy() for c in ("x", "y", "height_m", "frequency_ghz")),
        first["model"].str.upper().to_numpy(),
    )
    pattern = np.array([PATTERN[a] for a in table["antenna"]])
    element = table["eirp_dbm"].to_numpy() - pattern[:, 0]
    limit = table["eirp_dbm"].to_numpy() - rsrp_dbm
    sectors = twin.Sectors(
        mast, table["azimuth_deg"].to_numpy(), table["tilt_deg"].to_numpy(), element, pattern,
        limit, table["load"].to_numpy(),
    )  # fmt: skip
    return masts, sectors


def points(seed, n=N_POINT, side_m=SIDE_M, at=(10_000.0, 12_000.0)):
    rng = np.random.default_rng(seed)
    return np.ascontiguousarray(rng.uniform(0.0, side_m, (2, n)) + np.array(at)[:, np.newaxis])


def room(n):
    f32 = [np.empty(n, np.float32) for _ in range(4)]
    return Served(
        f32[0], np.empty(n, np.int32), f32[1], f32[2], f32[3], np.empty(n, np.int16),
        np.empty((3, n), np.int32),
    )  # fmt: skip


def served(table, xy, reach, state="mean_gain", start=None):
    sectors = transmitters(table, state=state)
    start = np.array([0, xy.shape[1]]) if start is None else start
    matrix = np.repeat(np.eye(2)[np.newaxis], start.size - 1, axis=0)
    out = room(xy.shape[1])
    serve(xy[0], xy[1], start, matrix, sectors, bins_of(sectors, SIDE_M), reach, out)
    return out


@pytest.mark.parametrize("frequency", [0.7, 2.6, 3.5])
@pytest.mark.parametrize("state", ["mean_gain", "los", "nlos"])
def test_every_link_equals_the_twin(frequency, state):
    table, xy = network(1, frequency), points(2)
    ours = served(table, xy, EVERYTHING, state)
    terms = twin.Terms(noise_mw=NOISE_MW, state=state.removesuffix("_gain"))
    theirs = twin.served(xy[0], xy[1], *as_twin(table), terms)
    np.testing.assert_array_equal(ours.server, theirs.server)
    np.testing.assert_allclose(ours.rsrp_dbm, theirs.rsrp_dbm, atol=1e-4)
    np.testing.assert_allclose(ours.second_dbm, theirs.second_dbm, atol=1e-4)
    np.testing.assert_allclose(ours.sinr_db, theirs.sinr_db, atol=2e-4)
    np.testing.assert_array_equal(ours.n_within, theirs.n_close)


@pytest.mark.parametrize("frequency", [0.7, 2.6, 3.5])
@pytest.mark.parametrize("seed", range(1 if JIT_OFF else 6))
def test_far_field_is_within_a_tenth_of_a_decibel(frequency, seed):
    n_site = N_SITE if JIT_OFF else 150 * 4**seed // 16 + 20
    table, xy = network(seed, frequency, n_site, 40_000.0), points(seed + 50)
    exact, ours = (served(table, xy, reach) for reach in (EVERYTHING, BY_DISTANCE))
    np.testing.assert_array_equal(ours.server, exact.server)
    np.testing.assert_array_equal(ours.rsrp_dbm, exact.rsrp_dbm)
    np.testing.assert_array_equal(ours.second_dbm, exact.second_dbm)
    np.testing.assert_array_equal(ours.sites, exact.sites)
    np.testing.assert_array_equal(ours.n_within, exact.n_within)
    np.testing.assert_allclose(ours.sinr_db, exact.sinr_db, atol=0.1)


@pytest.mark.parametrize("frequency", [0.7, 2.6, 3.5])
def test_coverage_equals_the_twin(frequency):
    # A site's masts share their shadowing; the twin has sites of one mast.
    table = network(3, frequency, N_SITE // 3, two_masts_every=1000)
    table = table[table["x"] != table["x"].iloc[0]].reset_index(drop=True)
    xy = points(4, N_POINT // 3)
    ours = served(table, xy, BY_DISTANCE)
    sectors, start = transmitters(table), np.array([0, xy.shape[1]])
    found = np.empty((4, xy.shape[1]), np.float32)
    matrix = np.eye(2)[np.newaxis]
    diversity(xy[0], xy[1], start, matrix, ours.sites, sectors, -105.0, found)
    terms = twin.Terms(noise_mw=NOISE_MW)
    signal = twin.served(xy[0], xy[1], *as_twin(table), terms).coverage
    link = twin.served(xy[0], xy[1], *as_twin(table, -110.0), terms).coverage
    np.testing.assert_allclose(found[RSRP], signal[:, 0], atol=1e-5)
    np.testing.assert_allclose(found[[OUTDOOR, LOW, HIGH]].T, link, atol=1e-5)


def test_chunks_and_blocks_change_nothing_but_the_far_field():
    table, xy = network(5, 3.5), points(6)
    whole = served(table, xy, EVERYTHING)
    n = xy.shape[1]
    apart = served(table, xy, EVERYTHING, start=np.array([0, n // 3, n // 3, n // 2, n]))
    np.testing.assert_array_equal(whole.server, apart.server)
    np.testing.assert_allclose(whole.sinr_db, apart.sinr_db, atol=2e-4)


def test_nobody_is_served_where_no_site_is_in_range():
    table = network(7, 3.5, 3, 1000.0)
    xy = points(8, 5, 500.0, (20_000.0, 20_000.0))
    out = served(table, xy, BY_DISTANCE)
    assert (out.server == -1).all() and (out.n_within == 0).all() and (out.sites == -1).all()
    assert np.isnan(out.rsrp_dbm).all() and np.isnan(out.sinr_db).all()
    assert np.isfinite(out.interference_dbm).all()


def test_sites_of_equal_power_are_served_by_the_lowest_number():
    row = network(9, 3.5, 1).iloc[:1].assign(antenna="element_38901", tilt_deg=0.0, azimuth_deg=0.0)
    table = pd.concat([row.assign(x=0.0, y=0.0), row.assign(x=2000.0, y=0.0)], ignore_index=True)
    xy = np.array([[1000.0], [500.0]])
    for order in ([0, 1], [1, 0]):
        assert served(table.iloc[order], xy, EVERYTHING).server[0] == 0


@given(st.floats(0.0, 1.0), st.integers(0, 5))
def test_interference_rises_with_load_and_power_does_not(share, seed):
    table, xy = network(seed, 3.5, 6), points(seed, 3)
    less, more = (
        served(table.assign(load=load), xy, EVERYTHING) for load in (0.5 * share, 0.5 + 0.5 * share)
    )
    np.testing.assert_array_equal(less.rsrp_dbm, more.rsrp_dbm)
    heard = less.server >= 0
    assert (more.sinr_db[heard] <= less.sinr_db[heard] + 1e-5).all()
