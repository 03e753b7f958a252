"""What points list of their interferers, against the twin and the engine's own server."""

import numpy as np
import pandas as pd
import pytest

from netmodel._transmitters import bins_of, transmitters
from netmodel.kernels.links import Listed, list_links
from netmodel.kernels.server import Reach
from tests.kernels.test_server import (
    EVERYTHING,
    N_POINT,
    NOISE_MW,
    SIDE_M,
    as_twin,
    network,
    points,
    served,
)
from tests.reference import links as twin

NEAR_ONLY = Reach(SIDE_M, 1e9, NOISE_MW, 0.0, False, False)
ALL_EXACT = Reach(1e9, 1e9, NOISE_MW, 0.0, False, False)
LEAST = 0.01


def links(table, xy, reach=ALL_EXACT, least=LEAST, most=100, start=None):
    sectors, n = transmitters(table.assign(load=1.0)), xy.shape[1]
    start = np.array([0, n]) if start is None else start
    matrix = np.repeat(np.eye(2)[np.newaxis], start.size - 1, axis=0)
    out = Listed(
        np.empty(n, np.int32), np.empty(n, np.float32), np.empty(n, np.int32),
        np.full((n, most), -1, np.int32), np.zeros((n, most), np.float32),
        np.empty(n, np.float32), np.empty(n, np.float32),
    )  # fmt: skip
    list_links(xy[0], xy[1], start, matrix, sectors, bins_of(sectors, SIDE_M), reach, least, out)
    return out


def by_sector(found, n_sector):
    """Ratios (point, sector), zero where not listed; each sector is listed at most once."""
    out = np.zeros((found.n.size, n_sector))
    for j, n in enumerate(found.n):
        assert len(set(found.sector[j, :n])) == n
        out[j, found.sector[j, :n]] = found.ratio[j, :n]
    return out


def total(found):
    """Noise and all interference at full load over the signal."""
    taken = np.arange(found.ratio.shape[1]) < found.n[:, np.newaxis]
    listed = np.where(taken, found.ratio, 0.0).sum(axis=1, dtype=float)
    return found.noise.astype(float) + found.rest + listed


@pytest.mark.parametrize("frequency", [0.7, 2.6, 3.5])
def test_lists_equal_the_twin(frequency):
    table, xy = network(1, frequency), points(2)
    ours = links(table, xy)
    masts, sectors = as_twin(table)
    theirs = twin.listed(*xy, masts, sectors, NOISE_MW, LEAST)
    heard = theirs.server >= 0
    np.testing.assert_array_equal(ours.server, theirs.server)
    np.testing.assert_allclose(ours.signal_mw[heard], theirs.signal_mw[heard], rtol=5e-5)
    assert (ours.n[~heard] == 0).all() and np.isinf(ours.noise[~heard]).all()
    # What is as near to the least share as powers are exact may be on either side.
    sure = np.abs(theirs.share / LEAST - 1.0) > 1e-3
    found = by_sector(ours, len(table))[heard]
    expected, sure = theirs.ratio[heard], sure[heard]
    np.testing.assert_array_equal((found > 0.0)[sure], (expected > 0.0)[sure])
    np.testing.assert_allclose(found[sure], expected[sure], rtol=1e-4)
    np.testing.assert_allclose(ours.noise[heard], theirs.noise[heard], rtol=5e-5)
    clear = sure.all(axis=1)
    rest, signal_free = ours.rest[heard][clear], theirs.rest[heard][clear]
    whole = (theirs.ratio.sum(axis=1) + theirs.rest)[heard][clear]
    np.testing.assert_allclose(rest, signal_free, atol=1e-4 * whole.max(), rtol=1e-3)


@pytest.mark.parametrize("frequency", [0.7, 3.5])
@pytest.mark.parametrize("reach", [ALL_EXACT, NEAR_ONLY])
def test_listed_and_rest_and_noise_are_what_serve_has(frequency, reach):
    table, xy = network(4, frequency).assign(load=1.0), points(5)
    found = links(table, xy, reach)
    whole = served(table, xy, reach)
    np.testing.assert_array_equal(found.server, whole.server)
    heard = found.server >= 0
    assert heard.any()
    sinr_db = -10 * np.log10(total(found)[heard])
    np.testing.assert_allclose(sinr_db, whole.sinr_db[heard], atol=1e-4)
    power_db = 10 * np.log10(found.signal_mw[heard].astype(float))
    np.testing.assert_allclose(power_db, whole.rsrp_dbm[heard], atol=1e-4)
    exact = served(table, xy, EVERYTHING)
    np.testing.assert_allclose(sinr_db, exact.sinr_db[heard], atol=0.1)


@pytest.mark.parametrize("least", [0.003, 0.03, 0.2])
def test_who_is_listed_has_the_share(least):
    table, xy = network(6, 3.5), points(7)
    found = links(table, xy, least=least, most=400)
    share = by_sector(found, len(table)) / total(found)[:, np.newaxis]
    assert share[share > 0.0].min() >= least * (1 - 1e-4)
    assert found.n.max() <= 1 / least
    fewer = links(table, xy, least=2 * least, most=400)
    assert (fewer.n <= found.n).all() and (fewer.rest >= found.rest * (1 - 1e-4)).all()


def test_sectors_of_the_same_mast_interfere():
    """Pitfall 13."""
    table = network(9, 3.5, 1).iloc[:1]
    table = pd.concat([table.assign(azimuth_deg=a) for a in (0.0, 120.0)], ignore_index=True)
    xy = np.array([[table["x"][0]], [table["y"][0] + 200.0]]) + np.array([[0.0, 5.0]])
    found = links(table, xy)
    assert found.server.tolist() == [0, 0]
    assert found.n.tolist() == [1, 1] and (found.sector[:, 0] == 1).all()
    sinr_db = served(table.assign(load=1.0), xy, EVERYTHING).sinr_db
    np.testing.assert_allclose(-10 * np.log10(total(found)), sinr_db, atol=1e-4)


def test_blocks_do_not_depend_on_others():
    table, xy = network(5, 3.5), points(6)
    n = xy.shape[1]
    start = np.array([0, n // 3, n // 3, n // 2, n])
    whole = links(table, xy, NEAR_ONLY, start=start)
    for a, e in zip(start[:-1], start[1:], strict=True):
        if e > a:
            alone = links(table, np.ascontiguousarray(xy[:, a:e]), NEAR_ONLY)
            for name in ("server", "signal_mw", "n", "sector", "rest", "noise"):
                one, other = getattr(whole, name)[a:e], getattr(alone, name)
                assert one.tobytes() == other.tobytes(), name
            assert whole.ratio[a:e].tobytes() == alone.ratio.tobytes()


def test_what_has_no_room_goes_to_the_rest():
    table, xy = network(2, 3.5), points(3)
    roomy, tight = (links(table, xy, most=most, least=0.005) for most in (200, 2))
    assert roomy.n.max() > 2 and tight.n.max() == 2
    np.testing.assert_allclose(total(tight), total(roomy), rtol=1e-5)
    full = roomy.n > 2
    assert (tight.rest[full] > roomy.rest[full]).all()
    np.testing.assert_array_equal(tight.sector[~full], roomy.sector[~full, :2])


def test_nothing_is_listed_without_a_server():
    table = network(7, 3.5, 3, 1000.0)
    found = links(table, points(8, 5, 500.0, (20_000.0, 20_000.0)))
    assert (found.server == -1).all() and (found.n == 0).all() and (found.signal_mw == 0.0).all()
    assert (found.rest == 0.0).all() and np.isinf(found.noise).all()


def test_the_load_of_the_sectors_is_not_asked():
    """Callers give full load; the list is of powers, whatever the column says of the server."""
    table, xy = network(1, 3.5), points(2, N_POINT // 3)
    once, again = links(table, xy), links(table.assign(load=0.3), xy)
    assert once.ratio.tobytes() == again.ratio.tobytes()
