"""Position of a cell along the Hilbert curve, so that neighbors on the curve are near on Earth.

Source: D. Hilbert, Math. Ann. 38 (1891); bitwise form after J. Skilling, AIP Conf. Proc. 707
(2004). Curve of 2**order cells a side, from (0, 0), first step along x at odd orders.
"""

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar


@scalar
def hilbert_position(x: int, y: int, order: int) -> int:
    """Position of cell (x, y), both in [0, 2**order), along the curve of `order` levels."""
    position = 0
    side = 1 << (order - 1)
    while side > 0:
        right = 1 if (x & side) != 0 else 0
        upper = 1 if (y & side) != 0 else 0
        position += side * side * ((3 * right) ^ upper)
        if upper == 0:
            if right == 1:
                x = (side - 1) - (x & (side - 1))
                y = (side - 1) - (y & (side - 1))
            else:
                x = x & (side - 1)
                y = y & (side - 1)
            x, y = y, x
        else:
            x = x & (side - 1)
            y = y & (side - 1)
        side >>= 1
    return position


@kernel
def hilbert_index(x: NDArray[np.int64], y: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Position of each cell along the curve.

    Parameters
    ----------
    x, y : (cell,)
        Column and row of the cell, in [0, 2**order).
    order : int
        Levels of the curve, at most 31.
    """
    out = np.empty(x.size, np.int64)
    for i in range(x.size):
        out[i] = hilbert_position(x[i], y[i], order)
    return out
