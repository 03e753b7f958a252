"""Lists of items that are kept one after the other, some of them replaced by others."""

from typing import TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, parallel_kernel

Int = NDArray[np.int64]
T = TypeVar("T", bound=np.generic)


def spliced_starts(start: Int, replaced: NDArray[np.bool_], n: NDArray[np.int32]) -> Int:
    """Where lists begin (list + 1,) when those that are replaced have `n` items, in their order."""
    size = np.diff(start)
    size[replaced] = n
    return np.append(0, np.cumsum(size))


def spliced(
    start: Int, item: NDArray[T], begin: Int, replaced: NDArray[np.bool_], new: NDArray[T]
) -> NDArray[T]:
    """Items of all lists, those of some replaced.

    Parameters
    ----------
    start : (list + 1,)
        First of each list in `item`.
    item : (item,)
    begin : (list + 1,)
        First of each list in the result (`spliced_starts`).
    replaced : (list,)
    new : (item,)
        Of the replaced lists, one after the other.
    """
    out = np.empty(begin[-1], item.dtype)
    size = np.where(replaced, np.diff(begin), 0)
    _splice(start, item, begin, replaced, np.cumsum(size) - size, new, out)
    return out


@parallel_kernel
def _splice(
    start: Int, item: NDArray[np.generic], begin: Int, replaced: NDArray[np.bool_],
    of_new: Int, new: NDArray[np.generic], out: NDArray[np.generic],
) -> None:  # fmt: skip
    for i in numba.prange(replaced.size):
        for k in range(begin[i + 1] - begin[i]):
            out[begin[i] + k] = new[of_new[i] + k] if replaced[i] else item[start[i] + k]


@kernel
def renumber(number: NDArray[np.int32], new: NDArray[np.int32]) -> NDArray[np.int32]:
    """Numbers (item,) as they are now; -1 stays."""
    out = np.empty_like(number)
    for i in range(number.size):
        out[i] = new[number[i]] if number[i] >= 0 else -1
    return out
