"""Rounds of coupled loads that evaluate only the parts of which something has moved.

Points fall into parts that lie together. A part is evaluated again when the loads that it hears,
or the mean around it, may have moved by a tolerance since it was last evaluated: what each round
moves is added up, so that many small steps count as one. Far from a change nothing is evaluated,
and when no part is left the loads are settled, all as near as the tolerance.

Source: asynchronous iteration of a standard interference function; R. D. Yates, IEEE JSAC 13
(1995) 7, theorem 4.
"""

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, parallel_kernel, scalar
from netmodel.kernels.chain import Chain, efficiency
from netmodel.kernels.coupling import Field, Links, disturbance, loads_around
from netmodel.kernels.grouped import by_group

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]


class Parts(NamedTuple):
    """Points of part p from `first[p]` on, and the sectors that serve or disturb them.

    `of_block` (block,) is the part of a block of `Links`; the sectors are `sector` from `start[p]`
    on, each once.
    """

    first: Int
    of_block: Int32
    start: Int
    sector: Int32


class Settling(NamedTuple):
    """Loads on their way, changed in place by `settle`.

    `load`, `wanted` (sector,); `busy` (point,) time of its server; `moved` (part,) by how much,
    at most, what a part hears has moved since it was evaluated; `order_start`, `order` the points
    of each sector.
    """

    load: Float
    wanted: Float
    busy: Float
    moved: Float
    order_start: Int
    order: Int32


def parts_of(links: Links, first: Int, of_block: Int32, n_sector: int) -> Parts:
    """Parts of points in their order, with the sectors of each."""
    start, sector = _sectors_of(links, first, n_sector)
    return Parts(first, of_block, start, sector)


def one_part(links: Links, field: Field, n_sector: int) -> Parts:
    """All points as one."""
    first = np.array([0, links.server.size])
    return parts_of(links, first, np.zeros(field.start.size - 1, np.int32), n_sector)


@kernel
def _sectors_of(links: Links, first: Int, n_sector: int) -> tuple[Int, Int32]:
    """Sectors of each part as CSR: those that serve, then those that disturb."""
    server, begin, listed = links.server, links.start, links.sector
    last = np.full(n_sector, -1, np.int32)  # part that a sector was last found in
    start, out, n = np.zeros(first.size, np.int64), np.empty(n_sector, np.int32), 0
    for p in range(first.size - 1):
        if out.size < n + n_sector:
            more = np.empty(2 * out.size, np.int32)
            more[:n] = out[:n]
            out = more
        for j in range(first[p], first[p + 1]):
            n = _append(server[j], p, last, out, n)
        for k in range(begin[first[p]], begin[first[p + 1]]):
            n = _append(listed[k], p, last, out, n)
        start[p + 1] = n
    return start, out[:n].copy()


@scalar
def _append(sector: int, part: int, last: Int32, out: Int32, n: int) -> int:
    """Number of sectors once one is there that the part has not had yet."""
    if last[sector] == part:
        return n
    last[sector] = part
    out[n] = sector
    return n + 1


def unsettled(links: Links, parts: Parts, load: Float) -> Settling:
    """Nothing evaluated yet, from some loads (sector,)."""
    moved = np.full(parts.first.size - 1, np.inf)
    order = by_group(links.server, load.size)
    return Settling(load.copy(), np.zeros(load.size), np.zeros(links.server.size), moved, *order)


def settle(
    links: Links, field: Field, chain: Chain, parts: Parts, state: Settling,
    tolerance: float, max_rounds: int = 1000,
) -> int:  # fmt: skip
    """Move the loads until no part has moved by a tolerance since it was evaluated.

    Parameters
    ----------
    links : Links
        Points without service left out beforehand: a cut that came and went with the loads would
        cost the fixed point its uniqueness.
    state : Settling
        Changed in place; of any loads, since the fixed point is one.

    Returns
    -------
    int
        Rounds.
    """
    around, rounds = loads_around(field, state.load), 0
    active = np.flatnonzero(state.moved >= tolerance)
    while active.size and rounds < max_rounds:
        rounds += 1
        before, before_around = state.load.copy(), around
        _evaluate(links, around, chain, parts.first, active, state.load, state.busy)
        which = _to_sum(links.server, parts.first, active, before.size, rounds == 1)
        _sum_up(which, state.order_start, state.order, state.busy, state.wanted)
        state.load[which] = np.minimum(state.wanted[which], 1.0)
        around = loads_around(field, state.load)
        state.moved[active] = 0.0
        _add_moves(parts, np.abs(state.load - before), np.abs(around - before_around), state.moved)
        active = np.flatnonzero(state.moved >= tolerance)
    return rounds


def coupled_loads(
    links: Links, field: Field, chain: Chain, load: Float, tolerance: float, max_rounds: int = 1000
) -> tuple[Float, Float, int]:
    """Loads by rounds over all points, each at most one.

    Parameters
    ----------
    load : (sector,)
        To begin from: zero, or those of another state.
    tolerance : float
        Rounds end when no load moves by more.

    Returns
    -------
    load, wanted : (sector,)
        Load, and what the demand asks for; beyond one, 1 / wanted of it is served.
    rounds : int
    """
    parts = one_part(links, field, load.size)
    state = unsettled(links, parts, load)
    rounds = settle(links, field, chain, parts, state, tolerance, max_rounds)
    return state.load, state.wanted, rounds


@parallel_kernel
def _evaluate(
    links: Links, around: Float, chain: Chain, first: Int, active: Int, load: Float, out: Float
) -> None:
    """Write the share of time that each point of some parts takes of its server."""
    for i in numba.prange(active.size):
        for j in range(first[active[i]], first[active[i] + 1]):
            out[j] = 0.0
            if links.work[j] > 0.0:
                sinr = 1.0 / disturbance(links, j, around, load)
                out[j] = np.float64(links.work[j]) / efficiency(sinr, chain)


@kernel
def _to_sum(server: Int32, first: Int, active: Int, n_sector: int, every: bool) -> Int:
    """Sectors that serve a point of some parts, or all: they may have lost points to others."""
    out = np.full(n_sector, every)
    if not every:
        for p in active:
            for j in range(first[p], first[p + 1]):
                out[server[j]] = True
    return np.flatnonzero(out)


@parallel_kernel
def _sum_up(which: Int, start: Int, order: Int32, value: Float, out: Float) -> None:
    """Write the sums of some groups, in the order of their items."""
    for i in numba.prange(which.size):
        total = 0.0
        for k in range(start[which[i]], start[which[i] + 1]):
            total += value[order[k]]
        out[which[i]] = total


@kernel
def _add_moves(parts: Parts, of_sector: Float, of_block: Float, out: Float) -> None:
    """Add to each part the most that a load which it hears has moved."""
    most = most_of(parts, of_sector)
    for b in range(of_block.size):
        most[parts.of_block[b]] = max(most[parts.of_block[b]], of_block[b])
    out += most


@kernel
def most_of(parts: Parts, of_sector: Float) -> Float:
    """The most of any sector of a part (part,), zero without."""
    out = np.zeros(parts.first.size - 1)
    for p in range(out.size):
        for k in range(parts.start[p], parts.start[p + 1]):
            out[p] = max(out[p], of_sector[parts.sector[k]])
    return out
