"""Counts of one raster shared over the cells of another by area, every count kept.

Source: conservative remapping of the first order (Jones, Mon. Weather Rev. 127, 1999), with the
cells as quadrilaterals whose straight edges join the transformed corners; models.md K.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

_MAX_VERTEX = 16  # a quadrilateral cut by four lines has at most eight


@kernel
def share_counts(
    corner_column: NDArray[np.float64],
    corner_row: NDArray[np.float64],
    count: NDArray[np.float64],
    out: NDArray[np.float64],
    known: NDArray[np.bool_],
) -> float:
    """Add the counts to `out` by area of overlap; the sum that fell outside it.

    Parameters
    ----------
    corner_column, corner_row : (row + 1, column + 1)
        Corners of the source cells, in columns and rows of `out`.
    count : (row, column)
        Counts of the source cells; NaN is no data.
    out : (target row, target column)
        Added to in place.
    known : (target row, target column)
        Set in place where a source cell with data overlaps.
    """
    outside = 0.0
    work = np.empty((8, _MAX_VERTEX))
    for r in range(count.shape[0]):
        for c in range(count.shape[1]):
            if not math.isnan(count[r, c]):
                _corners(corner_column, r, c, work[0])
                _corners(corner_row, r, c, work[1])
                outside += _share_cell(work, count[r, c], out, known)
    return outside


@kernel
def _corners(corner: NDArray[np.float64], r: int, c: int, vertex: NDArray[np.float64]) -> None:
    """The four corners of source cell (r, c), in order around it."""
    vertex[0] = corner[r, c]
    vertex[1] = corner[r, c + 1]
    vertex[2] = corner[r + 1, c + 1]
    vertex[3] = corner[r + 1, c]


@kernel
def _share_cell(
    work: NDArray[np.float64], count: float, out: NDArray[np.float64], known: NDArray[np.bool_]
) -> float:
    """Add the count of the cell in work[0:2] to the target cells under it; what fell outside."""
    x, y = work[0], work[1]
    first_column, last_column = _cell_range(x)
    first_row, last_row = _cell_range(y)
    if first_row == last_row and first_column == last_column:
        return _add(out, known, first_row, first_column, count)
    # Areas are differences of products: offsets from a near corner keep their digits.
    for k in range(4):
        x[k] -= first_column
        y[k] -= first_row
    per_area = count / _polygon_area(x, y, 4)
    outside = 0.0
    for r in range(last_row - first_row + 1):
        n = _clip_to_strip(work[0:2], 4, 1, float(r), work[2:4], work[4:6])
        for c in range(last_column - first_column + 1):
            m = _clip_to_strip(work[4:6], n, 0, float(c), work[2:4], work[6:8])
            area = _polygon_area(work[6], work[7], m)
            if area > 0.0:
                outside += _add(out, known, first_row + r, first_column + c, per_area * area)
    return outside


@kernel
def _cell_range(vertex: NDArray[np.float64]) -> tuple[int, int]:
    """First and last cell under the four corners along one axis."""
    low = min(min(vertex[0], vertex[1]), min(vertex[2], vertex[3]))
    high = max(max(vertex[0], vertex[1]), max(vertex[2], vertex[3]))
    return int(math.floor(low)), int(math.floor(high))


@kernel
def _add(out: NDArray[np.float64], known: NDArray[np.bool_], r: int, c: int, count: float) -> float:
    """Add to one target cell, or return the count if that cell does not exist."""
    if 0 <= r < out.shape[0] and 0 <= c < out.shape[1]:
        out[r, c] += count
        known[r, c] = True
        return 0.0
    return count


@kernel
def _clip_to_strip(
    polygon: NDArray[np.float64],
    n: int,
    axis: int,
    low: float,
    half: NDArray[np.float64],
    clipped: NDArray[np.float64],
) -> int:
    """Cut the convex polygon to low <= coordinate of `axis` <= low + 1; vertices left."""
    n_half = _clip_to_half_plane(polygon, n, axis, low, 1.0, half)
    return _clip_to_half_plane(half, n_half, axis, low + 1.0, -1.0, clipped)


@kernel
def _clip_to_half_plane(
    polygon: NDArray[np.float64],
    n: int,
    axis: int,
    bound: float,
    sign: float,
    clipped: NDArray[np.float64],
) -> int:
    """Keep where sign * (coordinate - bound) >= 0 (Sutherland and Hodgman 1974)."""
    kept = 0
    for k in range(n):
        nxt = k + 1 if k + 1 < n else 0
        here = sign * (polygon[axis, k] - bound)
        there = sign * (polygon[axis, nxt] - bound)
        if here >= 0.0:
            clipped[0, kept] = polygon[0, k]
            clipped[1, kept] = polygon[1, k]
            kept += 1
        if (here > 0.0 and there < 0.0) or (here < 0.0 and there > 0.0):
            t = here / (here - there)
            clipped[1 - axis, kept] = polygon[1 - axis, k] + t * (
                polygon[1 - axis, nxt] - polygon[1 - axis, k]
            )
            clipped[axis, kept] = bound
            kept += 1
    return kept


@kernel
def _polygon_area(x: NDArray[np.float64], y: NDArray[np.float64], n: int) -> float:
    """Area of the polygon of the first `n` vertices (shoelace)."""
    twice = 0.0
    for k in range(n):
        nxt = k + 1 if k + 1 < n else 0
        twice += x[k] * y[nxt] - x[nxt] * y[k]
    return abs(twice) / 2.0
