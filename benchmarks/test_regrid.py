"""Conservative import of rasters finer and coarser than the run grid."""

import numpy as np
import pytest

from netmodel.kernels.regrid import share_counts


@pytest.mark.parametrize("ratio", [0.1, 0.25, 8.0], ids=lambda r: f"source_over_target={r}")
def test_share_counts(benchmark, ratio):
    n = 300
    row, column = np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij")
    x = (np.cos(0.2) * column - np.sin(0.2) * row) * ratio + 600.0
    y = (np.sin(0.2) * column + np.cos(0.2) * row) * ratio
    count = np.random.default_rng(1).pareto(1.2, (n, n))
    side = int(n * ratio * 1.5) + 700
    out, known = np.zeros((side, side)), np.zeros((side, side), bool)
    benchmark.extra_info["source_cells"] = n * n
    share_counts(x[:3, :3], y[:3, :3], count[:2, :2].copy(), out.copy(), known.copy())
    outside = benchmark.pedantic(share_counts, (x, y, count, out, known), rounds=1)
    assert out.sum() + outside == pytest.approx(count.sum(), rel=1e-12)
