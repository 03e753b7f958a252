"""Greedy choice of sites under a gain that never rises: lazy, with the order of plain greedy.

Sources: G. L. Nemhauser, L. A. Wolsey and M. L. Fisher, Math. Programming 14 (1978), for the bound
1 - 1/e of a count; M. Minoux, Optimization Techniques, LNCIS 7 (1978), for stale gains as bounds;
S. Khuller, A. Moss and J. Naor, Inf. Processing Letters 70 (1999), and J. Leskovec and others,
KDD 2007, for the bound (1 - 1/e)/2 of a budget.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

Float = NDArray[np.float64]

_ROOM = 1.0 + 1e-12  # of a budget, so that three costs of 0.1 fit under 0.3


class Reach(NamedTuple):
    """Which points each candidate reaches, and how well (CSR by candidate).

    Parameters
    ----------
    start : (candidate + 1,)
        Where each candidate's points begin.
    point : (pair,)
        Index of a point; none twice in one candidate.
    value : (pair,)
        Probability of coverage, or what a point gets from the candidate; zero or more.
    """

    start: NDArray[np.int64]
    point: NDArray[np.int32]
    value: NDArray[np.float32]


class Choice(NamedTuple):
    """Candidates in the order of their choice.

    Parameters
    ----------
    order : (step,)
        Index of the candidate.
    gain, total : (step,)
        What the step added, and what all up to it have.
    n_evaluation : int
        Gains computed, the first one of every candidate included.
    """

    order: NDArray[np.int64]
    gain: Float
    total: Float
    n_evaluation: int


class _Heap(NamedTuple):
    """Keys and candidates; the parent of place i is at (i - 1) // 2 and comes before it.

    Only functions that are given it write into it: Numba 0.68 drops writes into the arrays of a
    tuple made in a function with a comprehension.
    """

    key: Float
    site: NDArray[np.int64]


def chosen_by_count(
    reach: Reach, weight: Float, count: int, best_server: bool, most: Float | None = None
) -> Choice:
    """The `count` candidates of greatest gain, one after the other.

    At least 1 - 1/e of what the best `count` candidates have together.

    Parameters
    ----------
    reach : Reach
    weight : (point,)
        Finite, zero or more.
    count : int
        Fewer are chosen where none of the others has a gain.
    best_server : bool
        The objective, over the points x and the chosen s: sum of w_x max_s v_sx if true
        (facility location: one site serves a point), else sum of w_x (1 - prod_s (1 - v_sx))
        (a point counts by the probability that at least one site covers it).
    most : (candidate,), optional
        Gain that a candidate can have at most, such as the traffic that it can carry; it then
        takes the same share of all its points. Not with `best_server`.
    """
    n = reach.start.size - 1
    limit = np.full(n, np.inf) if most is None else most
    return _chosen(reach, weight, np.zeros(n), limit, count, np.inf, False, best_server)


def chosen_by_budget(
    reach: Reach, weight: Float, cost: Float, budget: float, best_server: bool,
    most: Float | None = None,
) -> Choice:  # fmt: skip
    """The better of two choices that cost at most `budget`: by gain, and by gain per cost.

    Either alone may be arbitrarily bad. The first begins with the best single candidate, so that
    the better is also the best of three: at least (1 - 1/e)/2 of the optimum.

    Parameters
    ----------
    reach, weight, best_server, most
        As in `chosen_by_count`.
    cost : (candidate,)
        Finite, zero or more.
    budget : float
    """
    n = cost.size
    limit = np.full(n, np.inf) if most is None else most
    by_gain = _chosen(reach, weight, cost, limit, n, budget, False, best_server)
    by_ratio = _chosen(reach, weight, cost, limit, n, budget, True, best_server)
    first, second = by_gain.total[-1:].sum(), by_ratio.total[-1:].sum()
    n_evaluation = by_gain.n_evaluation + by_ratio.n_evaluation
    if second > first:
        return Choice(by_ratio.order, by_ratio.gain, by_ratio.total, n_evaluation)
    return Choice(by_gain.order, by_gain.gain, by_gain.total, n_evaluation)


@kernel
def first_repeat(reach: Reach, n_point: int) -> int:
    """First pair whose point its candidate already has, -1 if there is none."""
    last = np.full(n_point, -1, np.int64)
    for s in range(reach.start.size - 1):
        for k in range(reach.start[s], reach.start[s + 1]):
            if last[reach.point[k]] == s:
                return k
            last[reach.point[k]] = s
    return -1


@kernel
def _chosen(
    reach: Reach, weight: Float, cost: Float, most: Float,
    count: int, budget: float, per_cost: bool, best_server: bool,
) -> Choice:  # fmt: skip
    """Greedy choice by (-key, index), gains recomputed only where a stale one comes first.

    Rounded sums in one order do not rise either where no term does, so that a stale gain is a
    bound to the last bit, and order and gains are those of plain greedy.
    """
    state = np.zeros(weight.size) if best_server else weight.copy()
    n = cost.size
    gain = np.empty(n)
    for i in range(n):
        gain[i] = min(_gain(reach, weight, state, i, best_server), most[i])
    heap = _heap(gain, cost, per_cost)
    known_at, order = np.zeros(n, np.int64), np.empty(min(n, count), np.int64)
    size, step, n_evaluation, left = n, 0, n, budget * _ROOM
    while size > 0 and step < count:
        s = heap.site[0]
        if cost[s] > left:
            size = _without_first(heap, size)
        elif known_at[s] < step:
            gain[s] = min(_gain(reach, weight, state, s, best_server), most[s])
            known_at[s] = step
            n_evaluation += 1
            _lower_first(heap, size, _key(gain[s], cost[s], per_cost))
        elif gain[s] > 0.0:
            order[step] = s
            step, left = step + 1, left - cost[s]
            whole = _gain(reach, weight, state, s, best_server)
            _take(reach, state, s, gain[s] / whole, best_server)
            size = _without_first(heap, size)
        else:
            break
    return Choice(order[:step], gain[order[:step]], np.cumsum(gain[order[:step]]), n_evaluation)


@scalar
def _key(gain: float, cost: float, per_cost: bool) -> float:
    """What the largest of is chosen; a candidate that costs nothing comes first if it gains."""
    if not per_cost or gain == 0.0:
        return gain
    return gain / cost if cost > 0.0 else np.inf


@scalar
def _gain(
    reach: Reach,
    weight: Float,
    state: Float,
    site: int,
    best_server: bool,
) -> float:
    """What `site` would add, summed in the order of its points."""
    total = 0.0
    for k in range(reach.start[site], reach.start[site + 1]):
        x = reach.point[k]
        value = float(reach.value[k])
        if best_server:
            total += weight[x] * max(value - state[x], 0.0)
        else:
            total += state[x] * value
    return total


@scalar
def _take(reach: Reach, state: Float, site: int, share: float, best_server: bool) -> None:
    """Points as they are with `site`: their best value so far, or their weight not yet covered.

    `share` is what it can take of all that it reaches.
    """
    for k in range(reach.start[site], reach.start[site + 1]):
        x = reach.point[k]
        value = share * float(reach.value[k])
        state[x] = max(state[x], value) if best_server else state[x] * (1.0 - value)


@kernel
def _heap(gain: Float, cost: Float, per_cost: bool) -> _Heap:
    """All candidates by (-key, index)."""
    key = np.empty(gain.size)
    for i in range(gain.size):
        key[i] = _key(gain[i], cost[i], per_cost)
    heap = _Heap(key, np.arange(gain.size))
    for place in range(gain.size // 2 - 1, -1, -1):
        _sift_down(heap, place, gain.size)
    return heap


@scalar
def _lower_first(heap: _Heap, size: int, key: float) -> None:
    """Give the first of `size` entries a key that is no greater than its own."""
    heap.key[0] = key
    _sift_down(heap, 0, size)


@scalar
def _without_first(heap: _Heap, size: int) -> int:
    """Remove the first of `size` entries; how many are left."""
    heap.key[0], heap.site[0] = heap.key[size - 1], heap.site[size - 1]
    _sift_down(heap, 0, size - 1)
    return size - 1


@scalar
def _sift_down(heap: _Heap, place: int, size: int) -> None:
    """Move the entry at `place` below all that come before it."""
    key, site = heap.key[place], heap.site[place]
    child = 2 * place + 1
    while child < size:
        if child + 1 < size and _before(
            heap.key[child + 1], heap.site[child + 1], heap.key[child], heap.site[child]
        ):
            child += 1
        if not _before(heap.key[child], heap.site[child], key, site):
            break
        heap.key[place] = heap.key[child]
        heap.site[place] = heap.site[child]
        place, child = child, 2 * child + 1
    heap.key[place] = key
    heap.site[place] = site


@scalar
def _before(key: float, site: int, other_key: float, other_site: int) -> bool:
    """Whether an entry comes before another: the larger key, or the lower index of equals."""
    return key > other_key or (key == other_key and site < other_site)
