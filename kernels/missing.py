"""Cells without data, marked and counted in one pass."""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel


@kernel
def mark_missing(
    value: NDArray[np.float64], marks: NDArray[np.float64]
) -> tuple[int, int, int, float, float]:
    """Turn each of `marks` into NaN in place, and say what is left.

    Parameters
    ----------
    value : (row, column)
    marks : (mark,)
        Values that mean no data.

    Returns
    -------
    missing, positive, unsound : int
        Cells without data, above zero, and negative or infinite.
    total, highest : float
        Sum and highest of the others, in the order of the cells; 0 if there are none.
    """
    missing = positive = unsound = 0
    total = highest = 0.0
    for r in range(value.shape[0]):
        row_total = 0.0
        for c in range(value.shape[1]):
            v = value[r, c]
            if v == 0.0 and not _is_one_of(v, marks):
                continue
            if math.isnan(v) or _is_one_of(v, marks):
                value[r, c] = np.nan
                missing += 1
            elif v < 0.0 or math.isinf(v):
                unsound += 1
            else:
                positive += 1
                row_total += v
                highest = max(highest, v)
        total += row_total
    return missing, positive, unsound, total, highest


@kernel
def _is_one_of(v: float, marks: NDArray[np.float64]) -> bool:
    for mark in marks:
        if v == mark:
            return True
    return False
