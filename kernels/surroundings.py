"""How much the sectors of each bin count in the interference around a block.

Interferers that a point does not list are many and far; only their mean load enters (`coupling`).

Source: models.md C.4, "Truncation must add a constant far-field term"; here it follows the loads.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel
from netmodel.kernels.chunk import LOG2_MW
from netmodel.kernels.link_curve import curve_gain_log2
from netmodel.kernels.transmitters import Bins, Transmitters, bins_within, ground_offset

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]


@kernel
def bin_weights(
    x: Float, y: Float, matrix: Float,
    sectors: Transmitters, bins: Bins, horizon_m: float, least_m: float,
) -> tuple[Int, Int32, Float]:  # fmt: skip
    """Share of each bin in the power that blocks receive from all around.

    Parameters
    ----------
    x, y, matrix : (block,), (block,), (block, 2, 2)
        Centers of the blocks, and their way to the ground.
    sectors, bins : Transmitters, Bins
        Antennas are taken as even in all directions.
    horizon_m, least_m : float
        How far to look; nearer sites count as at `least_m`, because points list the strongest.

    Returns
    -------
    start : (block + 1,)
    bin, weight : (entry,)
        Those of block b from `start[b]` on; weights of a block add up to one.
    """
    start = np.zeros(x.size + 1, np.int64)
    for b in range(x.size):
        r0, r1, c0, c1 = bins_within(x[b : b + 1], y[b : b + 1], matrix[b], bins, horizon_m)
        start[b + 1] = start[b] + (r1 - r0) * (c1 - c0)
    which, weight = np.empty(start[-1], np.int32), np.zeros(start[-1])
    for b in range(x.size):
        r0, r1, c0, c1 = bins_within(x[b : b + 1], y[b : b + 1], matrix[b], bins, horizon_m)
        n, total = start[b], 0.0
        for r in range(r0, r1):
            for c in range(c0, c1):
                which[n] = r * bins.columns + c
                for k in range(bins.start[which[n]], bins.start[which[n] + 1]):
                    site = bins.order[k]
                    dx, dy = sectors.x[site] - x[b], sectors.y[site] - y[b]
                    east, north = ground_offset(dx, dy, matrix[b])
                    away = math.sqrt(east * east + north * north)
                    if away <= horizon_m:
                        weight[n] += _site_power(site, max(away, least_m), sectors)
                total += weight[n]
                n += 1
        if total > 0.0:
            weight[start[b] : n] /= total
    return start, which, weight


@kernel
def _site_power(site: int, distance_m: float, sectors: Transmitters) -> float:
    """Power of all sectors of a site at a distance."""
    total = 0.0
    for mast in range(sectors.mast_start[site], sectors.mast_start[site + 1]):
        gain = curve_gain_log2(sectors.curves[sectors.curve[mast]], distance_m)
        for k in range(sectors.sector_start[mast], sectors.sector_start[mast + 1]):
            total += math.pow(2.0, gain + sectors.sector[k, LOG2_MW])
    return total


@kernel
def bin_of_sector(sectors: Transmitters, bins: Bins) -> Int32:
    """Bin of each sector's site (sector,)."""
    of_site = np.empty(sectors.x.size, np.int32)
    for b in range(bins.start.size - 1):
        for k in range(bins.start[b], bins.start[b + 1]):
            of_site[bins.order[k]] = b
    out = np.empty(sectors.mast.size, np.int32)
    for k in range(out.size):
        out[k] = of_site[sectors.site[sectors.mast[k]]]
    return out
