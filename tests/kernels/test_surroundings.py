"""Weights of the bins around a block, against sums over all sites."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel._transmitters import bins_of, transmitters
from netmodel.kernels.link_curve import curve_gain_log2
from netmodel.kernels.surroundings import bin_of_sector, bin_weights
from tests.conftest import JIT_OFF
from tests.kernels.test_server import network

N_SITE = 20 if JIT_OFF else 200
HORIZON_M, LEAST_M, SIDE_M = 12_000.0, 1500.0, 3200.0
X, Y = np.array([3e3, 16e3, 25e3]), np.array([4e3, 14e3, 28e3])


def surroundings(table, horizon=HORIZON_M, x=X, y=Y):
    sectors = transmitters(table)
    bins = bins_of(sectors, SIDE_M)
    matrix = np.repeat(np.eye(2)[np.newaxis], x.size, axis=0)
    return sectors, bins, *bin_weights(x, y, matrix, sectors, bins, horizon, LEAST_M)


def mean_over(table, start, group, weight, of_group):
    return [weight[a:e] @ of_group[group[a:e]] for a, e in zip(start[:-1], start[1:], strict=True)]


@given(st.integers(0, 20))
def test_weights_are_shares(seed):
    _, bins, start, group, weight = surroundings(network(seed, 3.5, N_SITE))
    assert (weight >= 0.0).all() and group.min() >= 0 and group.max() < bins.start.size - 1
    sums = np.add.reduceat(weight, start[:-1])
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)
    empty = bins.start[group + 1] == bins.start[group]
    assert (weight[empty] == 0.0).all() and (weight > 0.0).any()


@pytest.mark.parametrize("frequency", [0.7, 3.5])
def test_weights_are_those_of_sums_over_all_sites(frequency):
    table = network(3, frequency, N_SITE)
    sectors, bins, start, group, weight = surroundings(table)
    of_sector = bin_of_sector(sectors, bins)
    away = np.hypot(table["x"].to_numpy()[:, None] - X, table["y"].to_numpy()[:, None] - Y)
    curve = sectors.curves[sectors.curve[sectors.mast]]
    eirp = table["eirp_dbm"].to_numpy()
    for b in range(X.size):
        held = np.maximum(away[:, b], LEAST_M)
        gain = [curve_gain_log2(c, d) for c, d in zip(curve, held, strict=True)]
        power = np.where(away[:, b] <= HORIZON_M, 2.0 ** np.array(gain) * 10 ** (eirp / 10), 0.0)
        expected = np.bincount(of_sector, power, bins.start.size - 1) / power.sum()
        found = np.zeros(expected.size)
        found[group[start[b] : start[b + 1]]] = weight[start[b] : start[b + 1]]
        np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-12)


def test_the_nearer_of_two_equal_sites_counts_more():
    row = network(9, 3.5, 1).iloc[[0]]
    sites = [row.assign(x=x, y=100.0) for x in (2100.0, 11_000.0)]
    table = pd.concat(sites, ignore_index=True)
    place = np.array([100.0]), np.array([100.0])
    sectors, bins, start, group, weight = surroundings(table, x=place[0], y=place[1])
    of_sector = bin_of_sector(sectors, bins)
    near, far = (weight[group == of_sector[k]].sum() for k in (0, 1))
    assert near > 5 * far > 0.0
    # Within the least distance they are alike.
    close = np.array([2100.0 + (11_000.0 - 2100.0) / 2])
    _, _, _, group, weight = surroundings(table, x=close, y=place[1])
    assert weight[group == of_sector[0]].sum() == pytest.approx(0.5, rel=1e-6)


def test_nobody_within_the_horizon_weighs_nothing():
    place = np.array([900e3])
    _, _, start, _, weight = surroundings(network(1, 3.5, 5), x=place, y=place)
    assert start.tolist() == [0, 0] and weight.size == 0


def test_bins_of_sectors_are_those_of_their_sites():
    table = network(5, 3.5, N_SITE)
    sectors = transmitters(table)
    bins = bins_of(sectors, SIDE_M)
    column = np.floor((table["x"].to_numpy() - bins.x) / bins.side).astype(int)
    row = np.floor((table["y"].to_numpy() - bins.y) / bins.side).astype(int)
    np.testing.assert_array_equal(bin_of_sector(sectors, bins), row * bins.columns + column)
