"""Sums of cell values per zone label, in float64 and in the order of the cells."""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel


@kernel
def zonal_sum(
    value: NDArray[np.float64], zone: NDArray[np.int32], n_zone: int
) -> NDArray[np.float64]:
    """Sum of `value` in each zone; zone -1 and NaN (no data) are left out.

    Serial on purpose: adding into a zone from several threads loses values.

    Parameters
    ----------
    value, zone : (cell,)
    n_zone : int
        Labels run from 0 to n_zone - 1.

    Returns
    -------
    (zone,)
    """
    out = np.zeros(n_zone)
    for i in range(value.size):
        if zone[i] >= 0 and not math.isnan(value[i]):
            out[zone[i]] += value[i]
    return out


@kernel
def shared_sum(
    value: NDArray[np.float64],
    zone: NDArray[np.int32],
    cell: NDArray[np.int64],
    share: NDArray[np.float64],
    n_zone: int,
) -> NDArray[np.float64]:
    """Sum of `value` times the zone's share of the cell, in each zone; NaN is left out.

    Parameters
    ----------
    value : (cell,)
    zone, cell, share : (pair,)
        Which zone has which share of which cell.
    n_zone : int

    Returns
    -------
    (zone,)
    """
    out = np.zeros(n_zone)
    for i in range(cell.size):
        one = value[cell[i]]
        if not math.isnan(one):
            out[zone[i]] += one * share[i]
    return out


@kernel
def float32_keeping_sums(
    value: NDArray[np.float64], zone: NDArray[np.int32], n_zone: int
) -> NDArray[np.float32]:
    """The values in float32, rounded up or down so that each zone's running sum is kept.

    Plain rounding moves the sum of a zone by up to 6e-8 of it. Here the error is carried along,
    and a value takes the next float32 up or down where that brings the sum nearer; no value is
    off by more than 2e-7 of itself. Zeros and NaN stay what they are.

    Parameters
    ----------
    value, zone : (cell,)
        Zone -1 is rounded plainly.
    n_zone : int
        Labels run from 0 to n_zone - 1.
    """
    carried = np.zeros(n_zone)
    out = np.empty(value.size, np.float32)
    for i in range(value.size):
        g = zone[i]
        if g < 0 or not value[i] > 0.0:
            out[i] = np.float32(value[i])
        else:
            nearest = np.float32(value[i])
            missing = carried[g] + value[i] - np.float64(nearest)
            other = np.nextafter(nearest, np.float32(np.inf if missing > 0.0 else 0.0))
            step = np.float64(other) - np.float64(nearest)
            use_other = abs(missing - step) < abs(missing)
            out[i] = other if use_other else nearest
            carried[g] = missing - step if use_other else missing
    return out
