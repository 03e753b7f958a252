"""Between layers on (row, column) and flat cells, every row on its own.

NumPy's indexing does the same on one core; most of the time is the first touch of the memory.
"""

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import parallel_kernel


@parallel_kernel
def spread(out: NDArray[Any], index: NDArray[np.int64], value: NDArray[Any], fill: float) -> None:
    """Write the cells' values into a layer, and `fill` elsewhere.

    Parameters
    ----------
    out : (row, column)
        Written whole, in its own dtype.
    index : (cell,)
        Flat indices, increasing.
    value : (cell,)
    fill : float
    """
    rows, columns = out.shape
    for r in numba.prange(rows):
        out[r] = fill
        begin = np.searchsorted(index, r * columns)
        end = np.searchsorted(index, (r + 1) * columns)
        for k in range(begin, end):
            out[r, index[k] - r * columns] = value[k]


@parallel_kernel
def gather(out: NDArray[Any], layer: NDArray[Any], index: NDArray[np.int64]) -> None:
    """Write a layer's values at the cells into `out`, in its dtype.

    Parameters
    ----------
    out : (cell,)
    layer : (row, column)
    index : (cell,)
        Flat indices.
    """
    flat = layer.reshape(-1)
    for k in numba.prange(index.size):
        out[k] = flat[index[k]]
