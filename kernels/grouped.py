"""Sums and quantiles of items by group, in the order of the items whatever the threads."""

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, parallel_kernel
from netmodel.kernels.rate import weighted_quantile

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]


@kernel
def by_group(group: Int32, n_group: int) -> tuple[Int, Int32]:
    """Items of each group in their order: those of group g are order[start[g]:start[g + 1]].

    Items of group -1 are left out.
    """
    start = np.zeros(n_group + 1, np.int64)
    for g in group:
        if g >= 0:
            start[g + 1] += 1
    start = np.cumsum(start)
    at, order = start[:-1].copy(), np.empty(start[-1], np.int32)
    for j in range(group.size):
        if group[j] >= 0:
            order[at[group[j]]] = j
            at[group[j]] += 1
    return start, order


@parallel_kernel
def grouped_sums(start: Int, order: Int32, value: Float) -> Float:
    """Sum over the items of each group (group,), in their order."""
    out = np.zeros(start.size - 1)
    for i in numba.prange(out.size):
        total = 0.0
        for k in range(start[i], start[i + 1]):
            total += value[order[k]]
        out[i] = total
    return out


@parallel_kernel
def grouped_quantile(
    start: NDArray[np.int64], order: NDArray[np.int32],
    value: NDArray[np.float64], weight: NDArray[np.float64], share: float,
) -> NDArray[np.float64]:  # fmt: skip
    """`weighted_quantile` of each group (group,), NaN of one without weight.

    Parameters
    ----------
    start, order : (group + 1,), (item,)
        Items of group g are order[start[g]:start[g + 1]].
    value, weight : (item,)
    """
    out = np.full(start.size - 1, np.nan)
    for g in numba.prange(out.size):
        mine = order[start[g] : start[g + 1]]
        if mine.size > 0 and weight[mine].sum() > 0.0:
            out[g] = weighted_quantile(value[mine], weight[mine], share)
    return out
