"""Interpolation in tables of the radio simulator."""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import parallel_kernel, scalar

Float = NDArray[np.float64]


@scalar
def position(axis: Float, at: float) -> tuple[int, float]:
    """Interval of an increasing axis and the share of it at which a value lies; ends hold."""
    low, high = 0, axis.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if at > axis[middle]:
            low = middle
        else:
            high = middle
    share = (at - axis[low]) / (axis[high] - axis[low])
    return low, min(max(share, 0.0), 1.0)


@scalar
def table_value(table: Float, row: int, share: float, load: float) -> float:
    """Value of a table (isd, load) between two rows, at a load.

    `row` and `share` are the `position` among the rows; loads run evenly from 0 to 1.
    """
    steps = table.shape[1] - 1
    at = min(max(load, 0.0), 1.0) * steps
    j = min(int(at), steps - 1)
    v = at - j
    near = table[row, j] * (1.0 - v) + table[row, j + 1] * v
    far = table[row + 1, j] * (1.0 - v) + table[row + 1, j + 1] * v
    return float(near * (1.0 - share) + far * share)


@scalar
def curve_value(curve: Float, axis: Float, at: float) -> float:
    """Linear interpolation; the ends hold beyond the axis."""
    i, u = position(axis, at)
    return float(curve[i] * (1.0 - u) + curve[i + 1] * u)


class Axes(NamedTuple):
    """Increasing axes of a table over three of them."""

    first: Float
    second: Float
    third: Float


@parallel_kernel
def cube_values(
    settlement: NDArray[np.int8], at: tuple[Float, Float, Float], axes: Axes, tables: Float
) -> NDArray[np.float32]:
    """Linear interpolation in the tables of each cell's class (cell, table); ends hold.

    Parameters
    ----------
    settlement : (cell,)
        Class.
    at : three of (cell,)
        Where to look, on each axis.
    tables : (class, first, second, third, table)
    """
    n = tables.shape[4]
    out = np.empty((settlement.size, n), np.float32)
    x, y, z = at
    for k in numba.prange(settlement.size):
        i, u = position(axes.first, x[k])
        j, v = position(axes.second, y[k])
        m, w = position(axes.third, z[k])
        table = tables[settlement[k]]
        for t in range(n):
            total = 0.0
            for a in range(2):
                for b in range(2):
                    near, far = table[i + a, j + b, m, t], table[i + a, j + b, m + 1, t]
                    share = (u if a else 1.0 - u) * (v if b else 1.0 - v)
                    total += share * (near * (1.0 - w) + far * w)
            out[k, t] = total
    return out


@parallel_kernel
def curve_values(settlement: NDArray[np.int8], at: Float, axis: Float, curves: Float) -> Float:
    """Linear interpolation of the curve of each cell's class; the ends hold beyond the axis.

    Parameters
    ----------
    settlement, at : (cell,)
        Class and where to look.
    axis : (point,)
        Increasing.
    curves : (class, point)
    """
    out = np.empty(at.size)
    for k in numba.prange(at.size):
        out[k] = curve_value(curves[settlement[k]], axis, at[k])
    return out
