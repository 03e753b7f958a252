"""Shares of cells inside polygons, exact in float64."""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

Float = NDArray[np.float64]
Index = NDArray[np.int64]


@kernel
def polygon_shares(
    xy: Float,
    ring_start: Index,
    hole: NDArray[np.bool_],
    zone_ring: Index,
    cell: Index,
    zone_cell: Index,
    shape: tuple[int, int],
) -> Float:
    """Share of each listed cell that lies inside its zone.

    Green's theorem cell by cell: an edge that falls or rises by dy in a row adds dy to the cells
    at its right, and to the cell that it is in dy times the width at its right. Rings may run
    either way; edges beyond the frame count for what is inside it.

    Parameters
    ----------
    xy : (point, 2)
        Column and row, with fractions, of the points of closed rings, ring after ring.
    ring_start : (ring + 1,)
        First point of each ring, and the number of points.
    hole : (ring,)
        Whether the ring bounds a hole.
    zone_ring : (zone + 1,)
        First ring of each zone, and the number of rings.
    cell : (pair,)
        Flat indices, increasing within a zone, with every cell that the zone has a share of.
    zone_cell : (zone + 1,)
        First pair of each zone, and the number of pairs.
    shape : tuple of int
        Rows and columns of the frame.

    Returns
    -------
    (pair,)
        In 0..1, to 1e-12 of a cell in frames of thousands of cells.
    """
    before, inside = np.zeros(cell.size), np.zeros(cell.size)
    for z in range(zone_cell.size - 1):
        first, last = zone_cell[z], zone_cell[z + 1]
        part = cell[first:last]
        for ring in range(zone_ring[z], zone_ring[z + 1]):
            points = xy[ring_start[ring] : ring_start[ring + 1]]
            sign = _orientation(points) * (1.0 if hole[ring] else -1.0)
            _add_ring(points, sign, part, shape, before[first:last], inside[first:last])
        _sum_along_rows(part, shape[1], before[first:last], inside[first:last])
    return inside


@kernel
def _orientation(points: Float) -> float:
    """Sign of a ring's area, seen from its first point so that digits are kept."""
    twice, x, y = 0.0, points[0, 0], points[0, 1]
    for i in range(len(points) - 1):
        twice += (points[i, 0] - x) * (points[i + 1, 1] - y)
        twice -= (points[i + 1, 0] - x) * (points[i, 1] - y)
    return 1.0 if twice > 0.0 else -1.0


@kernel
def _add_ring(
    points: Float, sign: float, cell: Index, shape: tuple[int, int], before: Float, inside: Float
) -> None:
    """Add a ring's edges, cut at the borders of rows."""
    for i in range(len(points) - 1):
        x0, y0, x1, y1 = points[i, 0], points[i, 1], points[i + 1, 0], points[i + 1, 1]
        if y0 == y1:
            continue
        low, high, slope = min(y0, y1), max(y0, y1), (x1 - x0) / (y1 - y0)
        way = sign if y1 > y0 else -sign
        for row in range(max(math.floor(low), 0), min(math.ceil(high), shape[0])):
            top, bottom = max(low, float(row)), min(high, row + 1.0)
            a = _at(top, y0, x0, y1, x1, slope)
            b = _at(bottom, y0, x0, y1, x1, slope)
            dy = way * (bottom - top)
            _add_piece(min(a, b), max(a, b), dy, row, shape[1], cell, before, inside)


@kernel
def _at(y: float, y0: float, x0: float, y1: float, x1: float, slope: float) -> float:
    """Column of an edge at a row; its ends are met exactly."""
    if y == y0:
        return x0
    return x1 if y == y1 else x0 + (y - y0) * slope


@kernel
def _add_piece(
    low: float,
    high: float,
    dy: float,
    row: int,
    columns: int,
    cell: Index,
    before: Float,
    inside: Float,
) -> None:
    """Add what an edge does within one row, cut at the borders of columns."""
    first = math.floor(min(max(low, -1.0), float(columns)))
    last = math.floor(min(max(high, -1.0), float(columns)))
    for column in range(first, last + 1):
        left = low if column == first else float(column)
        right = high if column == last else column + 1.0
        part = dy if first == last else dy * ((right - left) / (high - low))
        at = np.searchsorted(cell, row * columns + max(column, 0))
        if 0 <= column < columns and at < cell.size and cell[at] == row * columns + column:
            inside[at] += part * (column + 1.0 - 0.5 * (left + right))
            at += 1
        if at < cell.size and cell[at] < (row + 1) * columns:
            before[at] += part


@kernel
def _sum_along_rows(cell: Index, columns: int, before: Float, inside: Float) -> None:
    """Carry what the edges at its left add to each cell; rounding noise at 0 and 1 is cut off."""
    row, carried = -1, 0.0
    for i in range(cell.size):
        if cell[i] // columns != row:
            row, carried = cell[i] // columns, 0.0
        carried += before[i]
        share = inside[i] + carried
        inside[i] = 0.0 if share < _NOISE else (1.0 if share > 1.0 - _NOISE else share)


_NOISE = 1e-12
