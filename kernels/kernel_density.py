"""Sums of Gaussian kernels around points, over the cells of a grid.

Source: B. W. Silverman, Density Estimation (1986), section 4.2; distances on the ground through
the point's local matrix.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

_REACH = 3.5  # widths; beyond it lies 0.2 % of a kernel, which is given back to the rest
_MAX_SCALE = 1.06  # of ground over grid distance, so that the window holds the reach


@kernel
def kernel_sums(
    point: NDArray[np.float64],
    ground: NDArray[np.float64],
    value: NDArray[np.float64],
    width_km: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Add to `out` each value spread over the cells by a Gaussian whose weights add up to one.

    Parameters
    ----------
    point : (point, 2)
        Column and row of each point, with fractions.
    ground : (point, 2, 2)
        From an offset in columns and rows to one on the ground [km].
    value, width_km : (point,)
        What to spread, and the standard deviation of its kernel.
    out : (row, column)
        Added to in place; what falls outside of it is lost.
    """
    for k in range(point.shape[0]):
        total = 0.0
        reach = int(_REACH * width_km[k] * _MAX_SCALE) + 1
        first_row, first_column = int(point[k, 1]) - reach, int(point[k, 0]) - reach
        # Twice: the weights are summed over the whole window, then shared out.
        for share in (False, True):
            for r in range(first_row, first_row + 2 * reach + 1):
                for c in range(first_column, first_column + 2 * reach + 1):
                    weight = _weight(
                        c + 0.5 - point[k, 0], r + 0.5 - point[k, 1], ground[k], width_km[k]
                    )
                    if not share:
                        total += weight
                    elif 0 <= r < out.shape[0] and 0 <= c < out.shape[1]:
                        out[r, c] += value[k] * weight / total


@kernel
def _weight(dx: float, dy: float, ground: NDArray[np.float64], width_km: float) -> float:
    """Gaussian of the ground distance, zero beyond its reach."""
    east = ground[0, 0] * dx + ground[0, 1] * dy
    north = ground[1, 0] * dx + ground[1, 1] * dy
    half_square = (east * east + north * north) / (2.0 * width_km * width_km)
    return math.exp(-half_square) if half_square < _REACH * _REACH / 2.0 else 0.0
