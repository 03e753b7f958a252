"""Loads of cells that interfere with each other, every sector and its points explicit.

Points list their strongest interferers; the rest of the interference, known at full load or at
some loads (`put_rest`), follows the mean load around (`Field`). All terms are positive and grow
with the loads, so that the mapping stays a standard interference function: clipped at one it has
one fixed point, reached from any start.

Their rounds are those of `settling`.

Source: I. Siomina and D. Yuan, IEEE Trans. Wireless Commun. 11 (2012) 6; R. D. Yates, IEEE JSAC
13 (1995) 7; models.md C.4; pitfalls 18, 19 and 36.
"""

import math
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, parallel_kernel, scalar
from netmodel.kernels.chain import Chain, efficiency
from netmodel.kernels.units import linear

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]


class Links(NamedTuple):
    """Points with demand and what they hear, powers relative to their server's.

    `server` (point,); `work` (point,) demand over the server's bandwidth, the time that it takes
    at 1 bit/s/Hz; `noise` (point,); `rest` (point,) interference at full load that is not listed;
    `block` (point,) whose surroundings `rest` follows; interferers of point j are `sector` and
    `ratio` (link,) from `start[j]` on.
    """

    server: Int32
    work: NDArray[Any]
    noise: NDArray[Any]
    rest: NDArray[Any]
    block: Int32
    start: Int
    sector: Int32
    ratio: NDArray[Any]


class Field(NamedTuple):
    """Mean load around a block: `weight` of the groups `group` from `start[b]`, adding up to one.

    `group_of` (sector,) is the group of a sector.
    """

    start: Int
    group: Int32
    weight: Float
    group_of: Int32
    n_group: int


@kernel
def loads_around(field: Field, load: Float) -> Float:
    """Mean load around each block (block,): of a group's sectors alike, of groups by weight."""
    total, n = np.zeros(field.n_group), np.zeros(field.n_group)
    for i in range(load.size):
        total[field.group_of[i]] += load[i]
        n[field.group_of[i]] += 1.0
    out = np.zeros(field.start.size - 1)
    for b in range(out.size):
        for k in range(field.start[b], field.start[b + 1]):
            g = field.group[k]
            out[b] += field.weight[k] * total[g] / max(n[g], 1.0)
    return out


@scalar
def disturbance(links: Links, j: int, around: Float, load: Float) -> float:
    """Noise and interference at point j over the power of its server."""
    return float(_listed(links, j, load) + np.float64(links.rest[j]) * around[links.block[j]])


@scalar
def _listed(links: Links, j: int, load: Float) -> float:
    """Noise and the listed interference at point j over the power of its server."""
    total = np.float64(links.noise[j])
    for k in range(links.start[j], links.start[j + 1]):
        total += np.float64(links.ratio[k]) * load[links.sector[k]]
    return float(total)


@parallel_kernel
def disturbances(links: Links, around: Float, load: Float) -> Float:
    """`disturbance` of each point (point,) at some loads."""
    out = np.empty(links.server.size)
    for j in numba.prange(out.size):
        out[j] = disturbance(links, j, around, load)
    return out


@parallel_kernel
def efficiencies(links: Links, around: Float, load: Float, chain: Chain) -> Float:
    """Spectral efficiency of each point (point,) at some loads [bit/s/Hz]."""
    out = np.empty(links.server.size)
    for j in numba.prange(out.size):
        out[j] = efficiency(1.0 / disturbance(links, j, around, load), chain)
    return out


@parallel_kernel
def put_rest(links: Links, around: Float, load: Float, sinr_db: Float32, out: NDArray[Any]) -> None:
    """Write `rest` (point,) such that the SINR at some loads is that of every sector at its own.

    As it was where that is not known, or where nobody around has a load.

    Parameters
    ----------
    sinr_db : (point,)
        At these loads, all sectors evaluated one by one.
    """
    for j in numba.prange(sinr_db.size):
        known = _listed(links, j, load)
        of_block = around[links.block[j]]
        if of_block > 0.0 and math.isfinite(sinr_db[j]):
            out[j] = max(linear(-np.float64(sinr_db[j])) - known, 0.0) / of_block


@parallel_kernel
def busy_time(work: NDArray[Any], sinr_db: Float, chain: Chain) -> Float:
    """Time (point,) that work takes at some SINR [dB]; none without work."""
    out = np.zeros(work.size)
    for j in numba.prange(out.size):
        if work[j] > 0.0:
            sinr = linear(np.float64(sinr_db[j]))
            out[j] = np.float64(work[j]) / efficiency(sinr, chain)
    return out


@kernel
def coupling_matrix(links: Links, n_sector: int) -> Float:
    """Matrix (sector, sector) of the listed links for log2(1 + SINR), zero on its diagonal.

    Unclipped loads exist where its spectral radius is below one.
    """
    out = np.zeros((n_sector, n_sector))
    for j in range(links.server.size):
        for k in range(links.start[j], links.start[j + 1]):
            term = math.log(2.0) * links.work[j] * links.ratio[k]
            out[links.server[j], links.sector[k]] += term
    return out
