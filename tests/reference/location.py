"""The p-median by its definition: exhaustive, and vertex substitution with all costs anew."""

from itertools import combinations


def median_cost(cost, opened):
    """Sum over the clients of the cost to their cheapest open place; `cost` is by place."""
    return sum(min(cost[j][i] for j in opened) for i in range(len(cost[0])))


def exhaustive_median(cost, count):
    """Least cost of any `count` places."""
    return min(median_cost(cost, opened) for opened in combinations(range(len(cost)), count))


def greedy_median(cost, count):
    """Places opened one by one, each the one after which the cost is least; the first of equals."""
    opened = []
    for _ in range(count):
        closed = [j for j in range(len(cost)) if j not in opened]
        opened.append(min(closed, key=lambda j: median_cost(cost, [*opened, j])))
    return opened


def interchanged_median(cost, opened):
    """The swap that saves most, the first of equals by its new place, while there is one.

    References
    ----------
    M. B. Teitz and P. Bart, Operations Research 16(5), 1968.
    """
    opened = list(opened)
    while True:
        swaps = [
            [*opened[:k], j, *opened[k + 1 :]]
            for j in range(len(cost))
            if j not in opened
            for k in range(len(opened))
        ]
        best = min(swaps, key=lambda s: median_cost(cost, s), default=opened)
        if median_cost(cost, best) >= median_cost(cost, opened):
            return opened, median_cost(cost, opened)
        opened = best
