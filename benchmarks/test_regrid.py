"""Conservative import of rasters finer and coarser than the run grid."""

import numpy as np
import pytest

from netmodel.kernels.regrid import share_patches


@pytest.mark.parametrize("ratio", [0.1, 0.25, 8.0], ids=lambda r: f"source_over_target={r}")
def test_share_patches(benchmark, ratio):
    n = 300
    row, column = np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij")
    x = (np.cos(0.2) * column - np.sin(0.2) * row) * ratio + 600.0
    y = (np.sin(0.2) * column + np.cos(0.2) * row) * ratio
    count = np.random.default_rng(1).pareto(1.2, (n, n))
    side = int(n * ratio * 1.5) + 700
    out, known = np.zeros((side, side)), np.zeros((side, side), bool)
    benchmark.extra_info["source_cells"] = n * n
    node, at = np.stack([x, y]), np.arange(n + 1)
    share_patches(node, at, at, count, out.copy(), known.copy(), np.inf)
    outside = benchmark.pedantic(share_patches, (node, at, at, count, out, known, np.inf), rounds=1)
    assert out.sum() + outside == pytest.approx(count.sum(), rel=1e-12)
