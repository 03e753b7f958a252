"""Nearest site of each cell, from exact positions of sites."""

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import parallel_kernel, scalar
from netmodel.kernels.bins import bin_index

_SIDE = 8  # cells along a bin; 4 is as fast where sites are, and slower in deserts
_BLOCK = 4096  # cells; the first of a block has no cell before it
_ROOM = 1.0 + 1e-9  # of squared distances, so that rounding leaves out no site


class _Binned(NamedTuple):
    """Sites by bin, and positions in their order."""

    start: NDArray[np.int32]
    order: NDArray[np.int32]
    column: NDArray[np.float64]
    row: NDArray[np.float64]


@parallel_kernel
def nearest_site(
    index: NDArray[np.int64],
    column: NDArray[np.float64],
    row: NDArray[np.float64],
    shape: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Distance from the center of a cell to the site nearest to it [cells], and that site.

    Exact: the answer of the cell before bounds the search, and rows of bins are looked through
    outward until none can hold a nearer site. Fast where successive cells are neighbors.

    Parameters
    ----------
    index : (cell,)
        Flat indices of the cells to compute.
    column, row : (site,)
        Finite position in cells, corners of cells at whole numbers; may be outside the raster.
    shape : (2,)
        Rows and columns of the raster.

    Returns
    -------
    distance : (cell,)
        Infinite if there is no site.
    site : (cell,)
        The lowest of those equally near; -1 if there is no site.
    """
    start, order = bin_index(column, row, _SIDE, shape)
    binned = _Binned(start, order, column[order], row[order])
    distance, site = np.full(index.size, np.inf), np.full(index.size, -1, np.int32)
    n_block = -(-index.size // _BLOCK) if column.size else 0
    for block in numba.prange(n_block):
        near = 0
        for k in range(block * _BLOCK, min((block + 1) * _BLOCK, index.size)):
            x, y = index[k] % shape[1] + 0.5, index[k] // shape[1] + 0.5
            near = _nearest(binned, x, y, shape, near)
            distance[k], site[k] = math.sqrt(_squared(binned, near, x, y)), order[near]
    return distance, site


@scalar
def _nearest(binned: _Binned, x: float, y: float, shape: tuple[int, int], near: int) -> int:
    """Place in the order of the site nearest to (x, y), starting from the one at `near`.

    Rows of bins by their distance: the home row, then by turns below and above, nearer side first.
    """
    n_row, n_column = -(-shape[0] // _SIDE), -(-shape[1] // _SIDE)
    home = int(y) // _SIDE
    r, gap = home, 0.0
    side = 1 if y > (home + 0.5) * _SIDE else -1
    for turn in range(1, 2 * n_row):
        if gap * gap > _squared(binned, near, x, y):
            break
        if 0 <= r < n_row:
            near = _nearest_of_row(binned, r * n_column, n_column, x, y, gap, near)
        r += side * turn
        side = -side
        gap = r * _SIDE - y if r > home else y - (r + 1) * _SIDE
    return near


@scalar
def _nearest_of_row(
    binned: _Binned, first_bin: int, n_bin: int, x: float, y: float, gap: float, near: int
) -> int:
    """The same among `near` and the `n_bin` bins of a row that is `gap` cells away or more."""
    best = _squared(binned, near, x, y)
    half = math.sqrt(best * _ROOM - gap * gap)
    left = int(max(x - half, 0.0)) // _SIDE
    right = int(min(x + half, _SIDE * n_bin - 1.0)) // _SIDE
    for s in range(binned.start[first_bin + left], binned.start[first_bin + right + 1]):
        squared = _squared(binned, s, x, y)
        if squared < best or (squared == best and binned.order[s] < binned.order[near]):
            best, near = squared, s
    return near


@scalar
def _squared(binned: _Binned, s: int, x: float, y: float) -> float:
    """Squared distance from (x, y) to the site in place `s` of the order."""
    across, down = binned.column[s] - x, binned.row[s] - y
    return float(across * across + down * down)
