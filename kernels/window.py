"""Densities of sites over windows of cells."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, parallel_kernel, scalar

_QUANTA = 2.0**36
_WINDOW_ISD = 1.5  # half of the three distances over which a density is taken
_MAX_HALF_WIDTH = 8  # cells: three times the 5 km beyond which no table goes
_BLOCK = 64  # rows


@parallel_kernel
def smooth_sites(
    macro: NDArray[np.float32],
    known: NDArray[np.bool_],
    index: NDArray[np.int64],
    side_m: NDArray[np.float64],
    per_site: float,
) -> NDArray[np.float64]:
    """Macro sites per km2 as the mean over about three inter-site distances around a cell.

    Parameters
    ----------
    macro, known : (row, column)
        Stations per km2, and the cells that count. All stations together must be fewer than
        1e8: sums are kept in multiples of 2**-36, exact in every order, so that a window of a
        grid has the bits of the whole.
    index : (cell,)
        Flat indices of the cells to compute.
    side_m : (cell,)
        Side of the cells [m].
    per_site : float
        Stations on a site.

    Notes
    -----
    By summed-area tables (F. C. Crow, SIGGRAPH 1984), so that a window's size costs nothing,
    one for a block of rows and what its windows reach, so that they stay in the cache.
    """
    rows, columns = macro.shape
    out = np.empty(index.size)
    for block in numba.prange(rows // _BLOCK + 1):
        first, end = block * _BLOCK, min((block + 1) * _BLOCK, rows)
        top, bottom = max(first - _MAX_HALF_WIDTH, 0), min(end + _MAX_HALF_WIDTH, rows)
        total, count = _summed_area(macro[top:bottom], known[top:bottom])
        begin = np.searchsorted(index, first * columns)
        for k in range(begin, np.searchsorted(index, end * columns)):
            row, column = index[k] // columns, index[k] % columns
            h = _half_width(macro[row, column] / per_site, side_m[k])
            r0, r1 = max(row - h, 0) - top, min(row + h + 1, rows) - top
            c0, c1 = max(column - h, 0), min(column + h + 1, columns)
            n = count[r1, c1] - count[r0, c1] - count[r1, c0] + count[r0, c0]
            inside = total[r1, c1] - total[r0, c1] - total[r1, c0] + total[r0, c0]
            out[k] = inside / _QUANTA / n / per_site if n > 0 else np.nan
    return out


@scalar
def _half_width(sites_per_km2: float, side_m: float) -> int:
    """Cells on either side of the middle one of a cell's window."""
    if not sites_per_km2 > 0.0:
        return _MAX_HALF_WIDTH
    isd_m = 1000.0 * math.sqrt(2.0 / (math.sqrt(3.0) * sites_per_km2))
    return int(min(max(round(_WINDOW_ISD * isd_m / side_m), 1.0), float(_MAX_HALF_WIDTH)))


@kernel
def _summed_area(
    macro: NDArray[np.float32], known: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Sums over all cells above and to the left, of stations in quanta and of known cells."""
    rows, columns = macro.shape
    total = np.zeros((rows + 1, columns + 1), np.int64)
    count = np.zeros((rows + 1, columns + 1), np.int32)
    for r in range(rows):
        along, seen = np.int64(0), np.int32(0)
        for c in range(columns):
            if known[r, c]:
                along += np.int64(macro[r, c] * _QUANTA)
                seen += 1
            total[r + 1, c + 1] = total[r, c + 1] + along
            count[r + 1, c + 1] = count[r, c + 1] + seen
    return total, count
