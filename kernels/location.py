"""The p-median: p places such that all clients' costs to their nearest one are least.

Sources: A. A. Kuehn and M. J. Hamburger, Management Science 9 (1963), for the greedy start;
M. B. Teitz and P. Bart, Operations Research 16 (1968), for vertex substitution; R. Whitaker,
INFOR 21 (1983), with P. Hansen and N. Mladenovic, Location Science 5 (1997), for its gains.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

_LEAST = 1e-12  # of the total; less is rounding, on which substitution could go round in circles


class _Served(NamedTuple):
    """Each client's nearest and second nearest open place."""

    first: NDArray[np.int64]  # position among those open
    cost: NDArray[np.float64]
    second_cost: NDArray[np.float64]  # infinite if only one is open


@kernel
def greedy_median(cost: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Places opened one after the other, each the one that saves most.

    Parameters
    ----------
    cost : (place, client)
        Finite, weights included.
    count : int
        1 to the number of places.

    Returns
    -------
    (count,)
        In the order of opening; of equal ones the lowest.
    """
    n_place, n_client = cost.shape
    opened = np.empty(count, np.int64)
    nearest = np.full(n_client, np.inf)
    for step in range(count):
        total = np.zeros(n_place)
        for j in range(n_place):
            for i in range(n_client):
                total[j] += min(cost[j, i], nearest[i])
        # One that is open saves nothing, and must not win where nothing else does either.
        total[opened[:step]] = np.inf
        opened[step] = np.argmin(total)
        nearest = np.minimum(nearest, cost[opened[step]])
    return opened


@kernel
def interchanged_median(
    cost: NDArray[np.float64], opened: NDArray[np.int64]
) -> tuple[NDArray[np.int64], float]:
    """Places after substitution: the best swap of an open place for a closed one, while any saves.

    Parameters
    ----------
    cost : (place, client)
        Finite, weights included.
    opened : (count,)
        Places to start from, none twice.

    Returns
    -------
    opened : (count,)
        A new place stands where the one that it replaced stood.
    total : float
        Clients' costs to their nearest open places.
    """
    opened = opened.copy()
    served = _served(cost, opened)
    total = served.cost.sum()
    while True:
        saving, place, closing = _best_swap(cost, opened, served)
        if not saving > _LEAST * total:
            return opened, total
        opened[closing] = place
        served = _served(cost, opened)
        total = served.cost.sum()


@kernel
def _served(cost: NDArray[np.float64], opened: NDArray[np.int64]) -> _Served:
    """Nearest and second nearest of the open places, the earlier opened of equals."""
    n_client = cost.shape[1]
    first = np.zeros(n_client, np.int64)
    nearest, second = np.full(n_client, np.inf), np.full(n_client, np.inf)
    for i in range(n_client):
        for k in range(opened.size):
            c = cost[opened[k], i]
            if c < nearest[i]:
                nearest[i], second[i], first[i] = c, nearest[i], k
            elif c < second[i]:
                second[i] = c
    return _Served(first, nearest, second)


@kernel
def _best_swap(
    cost: NDArray[np.float64], opened: NDArray[np.int64], served: _Served
) -> tuple[float, int, int]:
    """Greatest saving, the place that opens and the position that closes for it.

    All closings of one opening are weighed in one pass over the clients: opening saves `saved`
    whatever closes, closing costs its own clients what their next best is farther.
    """
    best, best_place, best_closing = 0.0, -1, -1
    loss = np.empty(opened.size)
    for place in range(cost.shape[0]):
        saved = 0.0
        loss[:] = 0.0
        for i in range(cost.shape[1]):
            closer = served.cost[i] - cost[place, i]
            if closer > 0.0:
                saved += closer
            else:
                loss[served.first[i]] += min(cost[place, i], served.second_cost[i]) - served.cost[i]
        closing = int(np.argmin(loss))
        if saved - loss[closing] > best:
            best, best_place, best_closing = saved - loss[closing], place, closing
    return best, best_place, best_closing
