"""Sums over squares of cells, so that a layer fits a screen with nothing lost.

Source: models.md K (counts are added, never averaged).
"""

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel


@kernel
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
    for r in range(rows):
        for c in range(columns):
            if value[r, c] == value[r, c]:
                out[r // step, c // step] += value[r, c]
    return out
