"""The mean-field fixed point against its plain NumPy form, and at the size of the nation."""

import numpy as np
import pytest

from netmodel._radio_tables import ISD_M, LOADS, _computed_tables, cell_tables
from netmodel.kernels.load import mean_field_loads

AXIS = np.log(ISD_M)
LARGE = (4048, 4836)  # the national grid; 9.6 million of its cells are land


def network(shape, cells, seed=1):
    """Loads to fill in, and the other arguments of `mean_field_loads`."""
    rng = np.random.default_rng(seed)
    index = np.sort(rng.choice(shape[0] * shape[1], cells, replace=False))
    load = np.full(shape, np.nan, np.float32)
    load.reshape(-1)[index] = 0.0
    per_capacity = np.minimum(rng.pareto(1.2, cells) * 0.02, 2.0)  # some 1 % are overloaded
    log_isd = np.log(rng.uniform(250.0, 5000.0, cells))
    settlement = rng.integers(0, 5, cells).astype(np.int8)
    return load, index, per_capacity, log_isd, settlement, cell_tables("n78", 1000.0).se, AXIS


def numpy_loads(load, index, per_capacity, log_isd, settlement, tables, axis):
    """Jacobi rounds over all cells, arrays throughout."""
    i = np.clip(np.searchsorted(axis, log_isd) - 1, 0, axis.size - 2)
    u = np.clip((log_isd - axis[i]) / (axis[i + 1] - axis[i]), 0.0, 1.0)
    known = ~np.isnan(load)
    padded = np.pad(known, 1).astype(float)
    n = sum(
        padded[r : r + load.shape[0], c : c + load.shape[1]] for r in range(3) for c in range(3)
    )
    now = np.zeros(load.shape)
    moved = 1.0
    while moved > 1e-5:
        p = np.pad(now, 1)
        total = sum(
            p[r : r + load.shape[0], c : c + load.shape[1]] for r in range(3) for c in range(3)
        )
        at = (total / np.maximum(n, 1)).reshape(-1)[index] * (LOADS.size - 1)
        j = np.minimum(at.astype(int), LOADS.size - 2)
        v = at - j
        near = tables[settlement, i, j] * (1 - v) + tables[settlement, i, j + 1] * v
        far = tables[settlement, i + 1, j] * (1 - v) + tables[settlement, i + 1, j + 1] * v
        after = np.minimum(per_capacity / (near * (1 - u) + far * u), 1.0)
        moved = np.abs(after - now.reshape(-1)[index]).max()
        now.reshape(-1)[index] = after
    return now


@pytest.mark.parametrize("cells", [10_000, 1_000_000], ids=lambda n: f"cells={n}")
@pytest.mark.benchmark(group="mean_field")
def test_mean_field(benchmark, cells):
    side = int((cells * 2) ** 0.5)
    work = network((side, side), cells)

    def solve():
        load = work[0].copy()
        return load, *mean_field_loads(load, *work[1:])

    solve()
    load, _, rounds = benchmark(solve)
    benchmark.extra_info |= {"cells": cells, "rounds": rounds}
    twin = numpy_loads(*work)
    np.testing.assert_allclose(load.reshape(-1)[work[1]], twin.reshape(-1)[work[1]], atol=5e-5)


@pytest.mark.parametrize("cells", [10_000, 1_000_000], ids=lambda n: f"cells={n}")
@pytest.mark.benchmark(group="mean_field")
def test_mean_field_numpy(benchmark, cells):
    side = int((cells * 2) ** 0.5)
    work = network((side, side), cells)
    benchmark.pedantic(numpy_loads, work, rounds=1)


@pytest.mark.national
def test_mean_field_of_two_networks_on_the_nation(benchmark):
    """Limit of issue 2: both networks on 9.6 million cells in 10 s on two cores."""
    networks = [network(LARGE, 9_600_000, seed) for seed in (1, 2)]
    small = network((200, 200), 20_000)
    mean_field_loads(*small)

    def solve():
        return [mean_field_loads(*work)[1] for work in networks]

    rounds = benchmark.pedantic(solve, rounds=1)
    benchmark.extra_info["rounds"] = rounds
    assert max(rounds) < 200


def test_simulator_tables(benchmark):
    """Tables of one band, compiled before."""
    cell_tables("n41", 1000.0)
    _computed_tables.cache_clear()
    tables = benchmark.pedantic(cell_tables, ("n41", 1000.0), rounds=1)
    assert tables.se.shape == (5, ISD_M.size, LOADS.size)
