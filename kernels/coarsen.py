"""Sums, means and extremes over squares of cells, so that a layer fits a screen with nothing lost.

Source: models.md K (counts are added, never averaged).
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import parallel_kernel, scalar


@parallel_kernel
def block_sums(value: NDArray[np.float32], step: int) -> NDArray[np.float64]:
    """Sums over squares of `step` cells, those at the far edges cut; NaN counts as nothing.

    Parameters
    ----------
    value : (row, column)
    step : int

    Returns
    -------
    (ceil(row / step), ceil(column / step))
    """
    rows, columns = value.shape
    out = np.zeros((-(-rows // step), -(-columns // step)))
    for block in numba.prange(out.shape[0]):
        for r in range(block * step, min((block + 1) * step, rows)):
            for c in range(columns):
                if not math.isnan(value[r, c]):
                    out[block, c // step] += value[r, c]
    return out


@parallel_kernel
def block_means(
    value: NDArray[np.float32], wanted: NDArray[np.bool_], step: int
) -> NDArray[np.float64]:
    """Means over squares of `step` cells of the greatest of some layers.

    Parameters
    ----------
    value : (layer, row, column)
        NaN is left out.
    wanted : (row, column)
        Cells that count.
    step : int

    Returns
    -------
    (ceil(row / step), ceil(column / step))
        NaN where no cell counts.
    """
    rows, columns = wanted.shape
    out = np.zeros((-(-rows // step), -(-columns // step)))
    for block in numba.prange(out.shape[0]):
        count = np.zeros(out.shape[1])
        for r in range(block * step, min((block + 1) * step, rows)):
            for c in range(columns):
                most = _greatest(value, r, c)
                if wanted[r, c] and most > -math.inf:
                    out[block, c // step] += most
                    count[c // step] += 1.0
        for c in range(out.shape[1]):
            out[block, c] = out[block, c] / count[c] if count[c] > 0.0 else np.nan
    return out


@parallel_kernel
def block_greatest(
    value: NDArray[np.float32], wanted: NDArray[np.bool_], step: int
) -> NDArray[np.float64]:
    """Greatest values in squares of `step` cells; as `block_means`."""
    rows, columns = wanted.shape
    out = np.full((-(-rows // step), -(-columns // step)), np.nan)
    for block in numba.prange(out.shape[0]):
        for r in range(block * step, min((block + 1) * step, rows)):
            for c in range(columns):
                most = _greatest(value, r, c)
                if wanted[r, c] and most > -math.inf and not out[block, c // step] >= most:
                    out[block, c // step] = most
    return out


@scalar
def _greatest(value: NDArray[np.float32], row: int, column: int) -> float:
    """Greatest of the layers at a cell; minus infinity where all are NaN."""
    most = -math.inf
    for k in range(value.shape[0]):
        most = value[k, row, column] if value[k, row, column] > most else most
    return most
