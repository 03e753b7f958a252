"""Sites sorted into the square bins of a raster, so that those near a cell are found at once."""

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar


@scalar
def bin_of(position: float, side: int, n_bin: int) -> int:
    """Bin along one axis; what is outside the raster belongs to the nearest bin."""
    return int(min(max(np.floor(position), 0.0), side * n_bin - 1.0)) // side


@kernel
def bin_index(
    column: NDArray[np.float64], row: NDArray[np.float64], side: int, shape: tuple[int, int]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Sites by bin, bins row by row: a counting sort, so that a row's bins follow each other.

    Sites of the bin in bin row i and bin column j are `order[start[b]:start[b + 1]]`, b being
    i * ceil(columns / side) + j; those of bins b to e of a row are `order[start[b]:start[e + 1]]`.

    Parameters
    ----------
    column, row : (site,)
        Finite position in cells, corners of cells at whole numbers. A site outside the raster
        is in the bin nearest to it.
    side : int
        Cells along the side of a bin.
    shape : (2,)
        Rows and columns of the raster, in cells.

    Returns
    -------
    start : (bin + 1,)
        Where each bin begins in `order`.
    order : (site,)
        Sites by bin, within a bin by their index.
    """
    n_row, n_column = -(-shape[0] // side), -(-shape[1] // side)
    site_bin = np.empty(column.size, np.int32)
    start = np.zeros(n_row * n_column + 1, np.int32)
    for k in range(column.size):
        site_bin[k] = bin_of(row[k], side, n_row) * n_column + bin_of(column[k], side, n_column)
        start[site_bin[k]] += 1
    return start, _order(site_bin, start)


@kernel
def _order(site_bin: NDArray[np.int32], start: NDArray[np.int32]) -> NDArray[np.int32]:
    """Sites by bin, filled from the end; counts in `start` become ends, then starts."""
    end = 0
    for b in range(start.size):
        end += start[b]
        start[b] = end
    order = np.empty(site_bin.size, np.int32)
    for k in range(site_bin.size - 1, -1, -1):
        start[site_bin[k]] -= 1
        order[start[site_bin[k]]] = k
    return order
