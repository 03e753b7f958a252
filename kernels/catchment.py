"""Time of cells on the sectors of the sites that serve them.

Source: models.md 0.1 and C.4; sites have three sectors, one third of the circle each.
"""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, parallel_kernel

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Int8 = NDArray[np.int8]

N_SECTOR = 3  # also the number that stands for all of them, in the site's own cell


@parallel_kernel
def facing_sectors(east: Int, north: Int) -> Int8:
    """Third of the circle (cell,), from 60 degrees west of north, at offsets from a site [cells].

    `N_SECTOR` at the site itself.
    """
    out = np.empty(east.size, np.int8)
    for k in numba.prange(out.size):
        bearing = math.degrees(math.atan2(east[k], north[k]))
        third = int(((bearing + 60.0) % 360.0) // 120.0)
        out[k] = N_SECTOR if east[k] == 0 and north[k] == 0 else third
    return out


@kernel
def time_per_site(time: Float, sparse: Int, host: Int, sector: Int8, sites: Float) -> Float:
    """Busy time (cell,) of the sectors that serve each cell, NaN without any.

    Parameters
    ----------
    time : (cell,)
        That each cell takes of a site.
    sparse : (sparse,)
        Positions of the cells that are served by the site of another, or by a whole one of theirs.
    host, sector : (sparse,)
        Position of the cell whose sites serve each, -1 without; its sector, or `N_SECTOR` for all.
    sites : (cell,)
        Sites of each cell.
    """
    own, inward = time.copy(), np.zeros((time.size, N_SECTOR))
    for k in sparse:
        own[k] = 0.0
    for i in range(sparse.size):
        if host[i] >= 0 and sector[i] == N_SECTOR:
            own[host[i]] += time[sparse[i]]
        elif host[i] >= 0:
            inward[host[i], sector[i]] += time[sparse[i]]
    out = np.full(time.size, np.nan)
    for k in range(time.size):
        if sites[k] > 0.0:
            out[k] = (own[k] + inward[k].sum()) / sites[k]
    total = out.copy()
    for i in range(sparse.size):
        h, s = host[i], sector[i]
        out[sparse[i]] = np.nan
        if h >= 0 and s == N_SECTOR:
            out[sparse[i]] = total[h]
        elif h >= 0:
            out[sparse[i]] = (own[h] + N_SECTOR * inward[h, s]) / sites[h]
    return out


@parallel_kernel
def kept_busy(time: Float, slower: Float, load: Float) -> Float:
    """Time (cell,) that is served: prolonged by a factor, cut where a load is beyond one.

    None where there is no load.
    """
    out = np.zeros(time.size)
    for k in numba.prange(out.size):
        if load[k] >= 0.0:
            out[k] = time[k] * slower[k] / max(load[k], 1.0)
    return out


@kernel
def greatest_move(before: Float, after: Float) -> float:
    """Greatest difference of two states of loads, each at most one; NaN does not count."""
    out = 0.0
    for k in range(before.size):
        moved = abs(min(after[k], 1.0) - min(before[k], 1.0))
        out = moved if moved > out else out
    return out
