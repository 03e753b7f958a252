"""Distance from cells to the nearest marked one."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import parallel_kernel

_BLOCK = 512  # columns


def nearest_marked(
    marked: NDArray[np.bool_], index: NDArray[np.int64], limit: int
) -> NDArray[np.float32]:
    """Distance (cell,) of `nearest_mark` [cells]."""
    return nearest_mark(marked, index, limit)[0]


@parallel_kernel
def nearest_mark(
    marked: NDArray[np.bool_], index: NDArray[np.int64], limit: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Distance between the centers of a cell and of the marked cell nearest to it [cells].

    Exact: along columns first, then over the columns around, outward until none can be nearer.
    Beside it the flat index of the marked cell, -1 where it is too far; of equal ones that in the
    nearest column, the western before the eastern, and in a column the northern one.

    Parameters
    ----------
    marked : (row, column)
    index : (cell,)
        Flat indices of the cells to compute.
    limit : int
        Cells up to which to look, below 65,534; farther is infinite.
    """
    gap = _column_gaps(marked, limit)
    rows, columns = gap.shape
    out, which = np.empty(index.size, np.float32), np.full(index.size, -1, np.int64)
    for k in numba.prange(index.size):
        row, column = index[k] // columns, index[k] % columns
        best, gap_there, column_there = limit * limit + 1, 0, 0
        away = 0
        while away <= limit and away * away < best:
            for side in (column - away, column + away):
                if 0 <= side < columns:
                    g = int(gap[row, side])
                    if g * g + away * away < best:
                        best, gap_there, column_there = g * g + away * away, g, side
            away += 1
        out[k] = np.inf
        if best <= limit * limit:
            north = row - gap_there
            at = north if north >= 0 and marked[north, column_there] else row + gap_there
            out[k], which[k] = math.sqrt(best), at * columns + column_there
    return out, which


@parallel_kernel
def _column_gaps(marked: NDArray[np.bool_], limit: int) -> NDArray[np.uint16]:
    """Cells to the nearest mark in the same column, `limit` + 1 for farther."""
    rows, columns = marked.shape
    gap = np.empty((rows, columns), np.uint16)
    for block in numba.prange(columns // _BLOCK + 1):
        first, end = block * _BLOCK, min((block + 1) * _BLOCK, columns)
        last = np.full(end - first, limit + 1, np.int64)
        for r in range(rows):
            for c in range(first, end):
                last[c - first] = 0 if marked[r, c] else min(last[c - first] + 1, limit + 1)
                gap[r, c] = last[c - first]
        last[:] = limit + 1
        for r in range(rows - 1, -1, -1):
            for c in range(first, end):
                last[c - first] = 0 if marked[r, c] else min(last[c - first] + 1, limit + 1)
                if last[c - first] < gap[r, c]:
                    gap[r, c] = last[c - first]
    return gap
