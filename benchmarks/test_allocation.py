"""Kernels of allocation against their plain NumPy form on the same work."""

import numpy as np
import pytest

from netmodel.kernels.allocation import systematic_counts, water_filling
from netmodel.kernels.hilbert import hilbert_index

SIZES = [10_000, 1_000_000]


def cells(n, groups=31):
    rng = np.random.default_rng(1)
    weight = rng.pareto(1.2, n)
    cap = rng.choice([18.0, 7.2, 2.4, 0.4, 0.13], n)
    group = rng.integers(0, groups, n).astype(np.int32)
    room = np.bincount(group, cap, groups)
    return weight, np.ones(n), cap, group, room / 3


def numpy_water_filling(weight, area, cap, group, total):
    """The specification's bisection, in NumPy, all groups at once."""
    low, high = np.zeros(total.size), np.full(total.size, 1e6)
    for _ in range(80):
        middle = (low + high) / 2
        placed = np.bincount(group, np.minimum(cap, middle[group] * weight) * area, total.size)
        low, high = np.where(placed < total, middle, low), np.where(placed < total, high, middle)
    return np.minimum(cap, high[group] * weight) * area


@pytest.mark.parametrize("n", SIZES, ids=lambda n: f"cells={n}")
@pytest.mark.benchmark(group="water_filling")
def test_water_filling(benchmark, n):
    work = cells(n)
    benchmark.extra_info["cells"] = n
    _, expected = benchmark(water_filling, *work)
    np.testing.assert_allclose(expected, numpy_water_filling(*work), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n", SIZES, ids=lambda n: f"cells={n}")
@pytest.mark.benchmark(group="water_filling")
def test_water_filling_numpy(benchmark, n):
    work = cells(n)
    benchmark(numpy_water_filling, *work)


@pytest.mark.parametrize("n", SIZES, ids=lambda n: f"cells={n}")
def test_systematic_counts(benchmark, n):
    weight, _, _, group, _ = cells(n)
    total = np.full(31, 20_000)
    counts = benchmark(systematic_counts, weight, group, total)
    assert counts.sum() == total.sum()


@pytest.mark.parametrize("n", SIZES, ids=lambda n: f"cells={n}")
def test_hilbert_index(benchmark, n):
    x, y = np.random.default_rng(2).integers(0, 8192, (2, n))
    index = benchmark(hilbert_index, x, y, 13)
    assert index.max() < 4**13
