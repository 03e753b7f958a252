"""Splitting a total: capped water-filling, largest remainder, systematic sampling, raking.

Sources: models.md E 3, 4 and 6; largest remainder after A. Hamilton (1792), see Balinski and
Young, Fair Representation (1982); raking after Deming and Stephan, Ann. Math. Stat. 11 (1940).
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

_PHASE = 0.5  # of systematic sampling; fixed, so that the same input gives the same places


@scalar
def hex_density_per_km2(isd_km: float) -> float:
    """Sites per km2 of a hexagonal lattice of inter-site distance `isd_km`, 2/(sqrt(3) d^2)."""
    return 2.0 / (math.sqrt(3.0) * isd_km * isd_km)


@kernel
def water_filling(
    weight_per_km2: NDArray[np.float64],
    area_km2: NDArray[np.float64],
    cap_per_km2: NDArray[np.float64],
    group: NDArray[np.int32],
    group_total: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Expected number per cell, min(cap, kappa weight) times area, with each group's total kept.

    The total placed is a concave, piecewise linear function of kappa, so that Newton's steps
    from below reach its root in finitely many passes over the cells, without a bracket.

    Parameters
    ----------
    weight_per_km2, area_km2, cap_per_km2 : (cell,)
        Non-negative; a weight of zero gets nothing.
    group : (cell,)
        Group of the cell; -1 for none, which gets nothing.
    group_total : (group,)
        Number to place.

    Returns
    -------
    kappa : (group,)
        Scale of the weights; NaN where the caps hold less than the total ("infeasible").
    expected : (cell,)
        Expected number; NaN in infeasible groups.
    """
    kappa = np.zeros(group_total.size)
    open_groups = True
    while open_groups:
        placed, slope = _placed(weight_per_km2, area_km2, cap_per_km2, group, kappa)
        open_groups = False
        for g in range(kappa.size):
            missing = group_total[g] - placed[g]
            if missing > 1e-12 * group_total[g]:
                step = missing / slope[g] if slope[g] > 0.0 else np.nan
                if kappa[g] + step != kappa[g]:
                    kappa[g] += step
                    open_groups = open_groups or not math.isnan(step)
    expected = np.zeros(group.size)
    for i in range(group.size):
        if group[i] >= 0 and math.isnan(kappa[group[i]]):
            expected[i] = np.nan
        elif group[i] >= 0:
            density = min(cap_per_km2[i], kappa[group[i]] * weight_per_km2[i])
            expected[i] = density * area_km2[i]
    return kappa, expected


@kernel
def _placed(
    weight_per_km2: NDArray[np.float64],
    area_km2: NDArray[np.float64],
    cap_per_km2: NDArray[np.float64],
    group: NDArray[np.int32],
    kappa: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Number placed per group at `kappa`, and its slope to the right of it."""
    placed = np.zeros(kappa.size)
    slope = np.zeros(kappa.size)
    for i in range(group.size):
        g = group[i]
        if g < 0 or math.isnan(kappa[g]):
            continue
        wanted = kappa[g] * weight_per_km2[i]
        if wanted < cap_per_km2[i]:
            placed[g] += wanted * area_km2[i]
            slope[g] += weight_per_km2[i] * area_km2[i]
        else:
            placed[g] += cap_per_km2[i] * area_km2[i]
    return placed, slope


@kernel
def largest_remainder(
    share: NDArray[np.float64], group: NDArray[np.int32], group_total: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Whole numbers in proportion to `share` that add up to each group's total (Hamilton).

    Ties of remainders go to the lower index. A group whose shares are all zero gets nothing,
    and -1 as group means none.

    Parameters
    ----------
    share : (item,)
        Non-negative.
    group : (item,)
        Group of the item.
    group_total : (group,)
        Whole number to hand out.
    """
    share_sum = np.zeros(group_total.size)
    for i in range(share.size):
        if group[i] >= 0:
            share_sum[group[i]] += share[i]
    count = np.zeros(share.size, np.int64)
    remainder = np.full(share.size, -1.0)
    left = group_total.copy()
    for i in range(share.size):
        g = group[i]
        if g >= 0 and share_sum[g] > 0.0:
            quota = share[i] / share_sum[g] * group_total[g]
            count[i] = int(math.floor(quota))
            remainder[i] = quota - count[i]
            left[g] -= count[i]
    for i in np.argsort(-remainder, kind="mergesort"):
        g = group[i]
        if g >= 0 and left[g] > 0 and share[i] > 0.0:
            count[i] += 1
            left[g] -= 1
    return count


@kernel
def systematic_counts(
    expected: NDArray[np.float64], group: NDArray[np.int32], group_total: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Whole numbers that follow `expected` along the given order, each group's total exact.

    Systematic sampling with a fixed phase: the running sum of `expected`, scaled to the total,
    is rounded, and differences are taken. Every stretch of the order is within one of its
    expectation, which rounding cell by cell is not.

    Parameters
    ----------
    expected : (cell,)
        Non-negative, in the order of sampling (such as along a Hilbert curve).
    group : (cell,)
        Group of the cell; cells of different groups may be interleaved. -1 gets nothing.
    group_total : (group,)
        Whole number to hand out; nothing is handed out where all expectations are zero.
    """
    total = np.zeros(group_total.size)
    for i in range(expected.size):
        if group[i] >= 0:
            total[group[i]] += expected[i]
    running = np.zeros(group_total.size)
    handed_out = np.zeros(group_total.size, np.int64)
    count = np.zeros(expected.size, np.int64)
    for i in range(expected.size):
        g = group[i]
        if g < 0 or expected[i] <= 0.0:
            continue
        running[g] += expected[i]
        reached = int(math.floor(running[g] / total[g] * group_total[g] + _PHASE))
        count[i] = reached - handed_out[g]
        handed_out[g] = reached
    return count


@kernel
def rake(
    seed: NDArray[np.float64],
    row_total: NDArray[np.float64],
    column_total: NDArray[np.float64],
    tolerance: float,
    max_rounds: int,
) -> tuple[NDArray[np.float64], float]:
    """Table with the given margins, nearest to `seed` in relative entropy (raking, IPF).

    Parameters
    ----------
    seed : (row, column)
        Non-negative start; zeros stay zero.
    row_total, column_total : (row,), (column,)
        Margins, of equal sums.
    tolerance : float
        Largest relative error of a row margin at which to stop.
    max_rounds : int
        Bound on rounds of row and column scaling.

    Returns
    -------
    table : (row, column)
    error : float
        Largest relative error of a row margin, NaN where a positive margin meets an all-zero
        row or column; above `tolerance` where the rounds did not suffice.
    """
    table = seed.copy()
    error = np.inf
    for _ in range(max_rounds):
        _scale_rows(table, row_total)
        _scale_rows(table.T, column_total)
        error = _row_error(table, row_total)
        if not error > tolerance:
            break
    return table, error


@kernel
def _scale_rows(table: NDArray[np.float64], total: NDArray[np.float64]) -> None:
    """Scale each row in place to its total; NaN where a positive total meets zeros."""
    for r in range(table.shape[0]):
        row_sum = 0.0
        for c in range(table.shape[1]):
            row_sum += table[r, c]
        factor = total[r] / row_sum if row_sum > 0.0 else (np.nan if total[r] > 0.0 else 0.0)
        for c in range(table.shape[1]):
            table[r, c] *= factor


@kernel
def _row_error(table: NDArray[np.float64], total: NDArray[np.float64]) -> float:
    """Largest relative error of a row margin, NaN if any entry is NaN."""
    worst = 0.0
    for r in range(table.shape[0]):
        row_sum = 0.0
        for c in range(table.shape[1]):
            row_sum += table[r, c]
        error = abs(row_sum - total[r]) / max(total[r], 1e-300)
        if not error <= worst:
            worst = error
    return worst
