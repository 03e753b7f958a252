"""Counts of one raster shared over the cells of another by area, every count kept.

Source: conservative remapping of the first order (Jones, Mon. Weather Rev. 127, 1999), with the
cells as quadrilaterals whose straight edges join the transformed corners; models.md K.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_MAX_VERTEX = 16  # a quadrilateral cut by four lines has at most eight
# Rows of the working space: x and y of the source cell, and of its parts while it is cut.
_CELL, _HALF, _STRIP, _PART = 0, 2, 4, 6
# Of a cell's area: less of it is no part of the cell, where a corner should be on a line.
_ROUNDING = 1e-12
_UNKNOWN, _EMPTY, _INHABITED = 0, 1, 2


@kernel
def share_patches(
    node: Float,
    at_row: Int,
    at_column: Int,
    count: Float,
    out: Float,
    known: NDArray[np.bool_],
    most_span: float,
) -> float:
    """Add the counts to `out` by area of overlap; the sum that fell outside it.

    Parameters
    ----------
    node : (2, node row, node column)
        Column and row of `out` at which each node is; corners between nodes are bilinear.
    at_row, at_column : (node,)
        Rows and columns of the source at whose upper left corner the nodes are, increasing; the
        first and the last may lie beyond `count`.
    count : (row, column)
        Counts of the source cells; NaN is no data.
    out : (target row, target column)
        Added to in place.
    known : (target row, target column)
        Set in place where a source cell with data overlaps.
    most_span : float
        Cells that reach over more columns or rows of `out` are torn by the edge of a map, and
        outside, as those are whose corners are NaN.
    """
    outside = 0.0
    work, edge = np.empty((8, _MAX_VERTEX)), np.empty((2, 4))
    before, after = _fractions(at_column, count.shape[1])
    for i in range(at_row.size - 1):
        top, bottom = max(at_row[i], 0), min(at_row[i + 1], count.shape[0])
        for j in range(at_column.size - 1):
            left, right = max(at_column[j], 0), min(at_column[j + 1], count.shape[1])
            content = _content(count, top, bottom, left, right)
            if content == _UNKNOWN:
                continue
            if content == _EMPTY:
                # One cell, whose edges are those of its cells.
                _row_edges(node, at_row, i, j, top, bottom, edge)
                _corners(edge, before[left], after[right - 1], work)
                outside += _share_cell(work, 0.0, out, known, most_span)
                continue
            for r in range(top, bottom):
                _row_edges(node, at_row, i, j, r, r + 1, edge)
                for c in range(left, right):
                    value = count[r, c]
                    if math.isnan(value):
                        continue
                    column, row = _cell_of(edge, before[c], after[c])
                    if column >= 0 and row >= 0 and row < out.shape[0] and column < out.shape[1]:
                        out[row, column] += value
                        known[row, column] = True
                    else:
                        _corners(edge, before[c], after[c], work)
                        outside += _share_cell(work, value, out, known, most_span)
    return outside


@kernel
def _cell_of(edge: Float, u0: float, u1: float) -> tuple[int, int]:
    """The target cell that holds the whole cell between u0 and u1 of the edges, or -1."""
    w0, w1 = 1.0 - u0, 1.0 - u1
    a, b = w0 * edge[0, 0] + u0 * edge[0, 1], w1 * edge[0, 0] + u1 * edge[0, 1]
    c, d = w1 * edge[0, 2] + u1 * edge[0, 3], w0 * edge[0, 2] + u0 * edge[0, 3]
    column = np.floor(min(min(a, b), min(c, d)))
    end = column + 1.0  # a cell that ends on the line is still before it
    if not (a <= end and b <= end and c <= end and d <= end):
        return -1, -1
    a, b = w0 * edge[1, 0] + u0 * edge[1, 1], w1 * edge[1, 0] + u1 * edge[1, 1]
    c, d = w1 * edge[1, 2] + u1 * edge[1, 3], w0 * edge[1, 2] + u0 * edge[1, 3]
    row = np.floor(min(min(a, b), min(c, d)))
    end = row + 1.0
    if not (a <= end and b <= end and c <= end and d <= end):
        return -1, -1
    return int(column), int(row)


@kernel
def _fractions(at: Int, n: int) -> tuple[Float, Float]:
    """Where `n` cells begin and end between the nodes around them, 0 to 1."""
    before, after = np.empty(n), np.empty(n)
    for j in range(at.size - 1):
        width = at[j + 1] - at[j]
        for c in range(max(at[j], 0), min(at[j + 1], n)):
            before[c], after[c] = (c - at[j]) / width, (c + 1 - at[j]) / width
    return before, after


@kernel
def _row_edges(
    node: Float, at_row: Int, i: int, j: int, top: int, bottom: int, edge: Float
) -> None:
    """Ends of the edges above and below rows [top, bottom) of patch (i, j)."""
    height = at_row[i + 1] - at_row[i]
    v0, v1 = (top - at_row[i]) / height, (bottom - at_row[i]) / height
    for k in range(2):
        left, right = node[k, i, j], node[k, i, j + 1]
        low_left, low_right = node[k, i + 1, j], node[k, i + 1, j + 1]
        edge[k, 0] = (1.0 - v0) * left + v0 * low_left
        edge[k, 1] = (1.0 - v0) * right + v0 * low_right
        edge[k, 2] = (1.0 - v1) * left + v1 * low_left
        edge[k, 3] = (1.0 - v1) * right + v1 * low_right


@kernel
def _corners(edge: Float, u0: float, u1: float, work: Float) -> None:
    """The corners of the cell between u0 and u1 of the edges, in order around it."""
    for k in range(2):
        work[k, 0] = (1.0 - u0) * edge[k, 0] + u0 * edge[k, 1]
        work[k, 1] = (1.0 - u1) * edge[k, 0] + u1 * edge[k, 1]
        work[k, 2] = (1.0 - u1) * edge[k, 2] + u1 * edge[k, 3]
        work[k, 3] = (1.0 - u0) * edge[k, 2] + u0 * edge[k, 3]


@kernel
def _content(count: Float, top: int, bottom: int, left: int, right: int) -> int:
    """Whether a patch is without data, known and empty throughout, or anything else."""
    missing = 0
    for r in range(top, bottom):
        for c in range(left, right):
            if count[r, c] > 0.0:
                return _INHABITED
            if math.isnan(count[r, c]):
                missing += 1
    if missing == max(bottom - top, 0) * max(right - left, 0):
        return _UNKNOWN
    return _EMPTY if missing == 0 else _INHABITED


@kernel
def _share_cell(
    work: Float, count: float, out: Float, known: NDArray[np.bool_], most_span: float
) -> float:
    """Add the count of the cell in work[0:2] to the target cells under it; what fell outside."""
    if not np.isfinite(work[0, :4].sum() + work[1, :4].sum()):
        return count
    left, right = _range(work, 0)
    top, bottom = _range(work, 1)
    if not (right - left <= most_span and bottom - top <= most_span):
        return count
    column, row = int(left), int(top)
    width, height = int(right) - column + 1, int(bottom) - row + 1
    if width == 1 and height == 1:
        return _add(out, known, row, column, count)
    # Areas are differences of products: offsets from a near corner keep their digits.
    for k in range(4):
        work[_CELL, k] -= column
        work[_CELL + 1, k] -= row
    total = _polygon_area(work, _CELL, 4)
    per_area = count / total
    if width + height == 3:  # most cells that are cut at all: by one line
        n = _cut(work, _CELL, 4, 0 if width == 2 else 1, 1.0, -1.0, _PART)
        near = _polygon_area(work, _PART, n)
        outside = (
            _add(out, known, row, column, per_area * near) if near > _ROUNDING * total else 0.0
        )
        far = total - near
        if far > _ROUNDING * total:
            far_row, far_column = row + height - 1, column + width - 1
            outside += _add(out, known, far_row, far_column, count - per_area * near)
        return outside
    outside = 0.0
    for r in range(height):
        n = _cut_to_strip(work, _CELL, 4, 1, float(r), _STRIP)
        for c in range(width):
            m = _cut_to_strip(work, _STRIP, n, 0, float(c), _PART)
            area = _polygon_area(work, _PART, m)
            if area > _ROUNDING * total:
                outside += _add(out, known, row + r, column + c, per_area * area)
    return outside


@kernel
def _range(work: Float, axis: int) -> tuple[float, float]:
    """First and last target cell under the four corners along one axis, as floats."""
    a, b, c, d = work[axis, 0], work[axis, 1], work[axis, 2], work[axis, 3]
    first = np.floor(min(min(a, b), min(c, d)))
    return first, max(first, np.ceil(max(max(a, b), max(c, d))) - 1.0)


@kernel
def _add(out: Float, known: NDArray[np.bool_], r: int, c: int, count: float) -> float:
    """Add to one target cell, or return the count if that cell does not exist."""
    if 0 <= r < out.shape[0] and 0 <= c < out.shape[1]:
        out[r, c] += count
        known[r, c] = True
        return 0.0
    return count


@kernel
def _cut_to_strip(work: Float, polygon: int, n: int, axis: int, low: float, to: int) -> int:
    """Cut the convex polygon to low <= coordinate of `axis` <= low + 1; vertices left."""
    n_half = _cut(work, polygon, n, axis, low, 1.0, _HALF)
    return _cut(work, _HALF, n_half, axis, low + 1.0, -1.0, to)


@kernel
def _cut(work: Float, polygon: int, n: int, axis: int, bound: float, sign: float, to: int) -> int:
    """Keep where sign * (coordinate - bound) >= 0 (Sutherland and Hodgman 1974).

    `polygon` and `to` are rows of `work`: views of arrays cost more than the cut.
    """
    kept, other = 0, 1 - axis
    for k in range(n):
        nxt = k + 1 if k + 1 < n else 0
        here = sign * (work[polygon + axis, k] - bound)
        there = sign * (work[polygon + axis, nxt] - bound)
        if here >= 0.0:
            work[to, kept] = work[polygon, k]
            work[to + 1, kept] = work[polygon + 1, k]
            kept += 1
        if (here > 0.0 and there < 0.0) or (here < 0.0 and there > 0.0):
            t = here / (here - there)
            begin = work[polygon + other, k]
            work[to + other, kept] = begin + t * (work[polygon + other, nxt] - begin)
            work[to + axis, kept] = bound
            kept += 1
    return kept


@kernel
def _polygon_area(work: Float, polygon: int, n: int) -> float:
    """Area of the polygon of the first `n` vertices in two rows of `work` (shoelace)."""
    twice = 0.0
    for k in range(n):
        nxt = k + 1 if k + 1 < n else 0
        twice += work[polygon, k] * work[polygon + 1, nxt]
        twice -= work[polygon, nxt] * work[polygon + 1, k]
    return abs(twice) / 2.0
