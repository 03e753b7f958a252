"""Nearest sites of cells, all distances compared."""

import numpy as np


def nearest_by_comparison(index, column, row, shape):
    """Distance from each cell's center to its nearest site [cells], and the lowest such site.

    Infinite and -1 without sites. Positions are in cells from the raster's corner, so that the
    center of cell (row, column) is half a cell farther than its indices.
    """
    if column.size == 0:
        return np.full(index.size, np.inf), np.full(index.size, -1)
    cell_row, cell_column = np.unravel_index(index, shape)
    offset = np.stack(
        [
            np.subtract.outer(cell_column + 0.5, column),
            np.subtract.outer(cell_row + 0.5, row),
        ]
    )
    squared = np.square(offset).sum(axis=0)
    return np.sqrt(squared.min(axis=1)), squared.argmin(axis=1)
