"""Uniform numbers from a hash of counters, in plain integers, the same on every machine.

For simulators whose number of draws is not known beforehand. Mixing after the multiply-xorshift
scheme of C. Wellons' lowbias32 (2018), on 31 bits so that no product leaves 64.
"""

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

_BITS = 0x7FFFFFFF


@scalar
def hash_uniform(seed: int, item: int, attempt: int) -> float:
    """Number in [0, 1) that depends on its counters alone; all non-negative."""
    x = (seed * 73856093) & _BITS
    for part in (item, attempt):
        x = (x ^ ((part + 0x3C6EF372) * 0x27D4EB2D)) & _BITS
        x = ((x ^ (x >> 16)) * 0x21F0AAAD) & _BITS
        x = ((x ^ (x >> 15)) * 0x735A2D97) & _BITS
        x = x ^ (x >> 15)
    return x / 2147483648.0


# The plane's golden ratio (M. Roberts, 2018): points of its multiples stay apart from each other.
_GOLDEN = (0.7548776662466927, 0.5698402909980532)


@kernel
def spread_points(
    seed: int, row: NDArray[np.int64], column: NDArray[np.int64], nth: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Places (point, 2) in unit squares: the nth of its square, apart from those before it.

    A square's first place is drawn by its row and column, so that no pattern is seen.
    """
    out = np.empty((row.size, 2))
    for k in range(row.size):
        for axis in range(2):
            begin = hash_uniform(2 * seed + axis, row[k], column[k])
            out[k, axis] = (begin + nth[k] * _GOLDEN[axis]) % 1.0
    return out
