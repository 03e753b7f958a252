"""Plain greedy choice and the exhaustive optimum: models.md, section E, "Greedy expansion".

A candidate's reach is a dict {point: value}. Objectives are "coverage", the weighted probability
that at least one chosen candidate covers a point, and "best_server", the weighted best value.
"""

from fractions import Fraction
from itertools import combinations
from math import prod


def objective(chosen, reach, weight, kind):
    """What a set of candidates is worth, exactly, from its definition."""
    total = Fraction(0)
    for x, w in enumerate(weight):
        values = [Fraction(reach[s].get(x, 0.0)) for s in chosen]
        if kind == "coverage":
            total += Fraction(w) * (1 - prod(1 - v for v in values))
        else:
            total += Fraction(w) * max(values, default=Fraction(0))
    return total


def marginal_gain(site, chosen, reach, weight, kind):
    """What `site` adds to those chosen, in doubles and in the order of its points."""
    gain = 0.0
    for x, value in reach[site].items():
        if kind == "coverage":
            left = float(weight[x])
            for s in chosen:
                if x in reach[s]:
                    left *= 1.0 - reach[s][x]
            gain += left * value
        else:
            best = max((reach[s].get(x, 0.0) for s in chosen), default=0.0)
            gain += float(weight[x]) * max(value - best, 0.0)
    return gain


def plain_greedy(reach, weight, kind, count=None, cost=None, budget=None, per_cost=False):
    """All gains anew at every step, the first of the greatest taken while it is above zero.

    References
    ----------
    G. L. Nemhauser, L. A. Wolsey and M. L. Fisher, Mathematical Programming 14, 1978.
    """
    chosen, gains = [], []
    left = None if budget is None else budget * (1 + 1e-12)
    while count is None or len(chosen) < count:
        open_sites = [
            s for s in range(len(reach)) if s not in chosen and (left is None or cost[s] <= left)
        ]
        gain = {s: marginal_gain(s, chosen, reach, weight, kind) for s in open_sites}

        def rank(s, gain=gain):
            if not per_cost or gain[s] == 0:
                return gain[s]
            return gain[s] / cost[s] if cost[s] else float("inf")

        best = max(open_sites, key=rank, default=None)
        if best is None or gain[best] <= 0:
            break
        chosen.append(best)
        gains.append(gain[best])
        left = None if left is None else left - cost[best]
    return chosen, gains


def subsets(n, count=None, cost=None, budget=None):
    """All sets of at most `count` candidates that cost at most `budget`."""
    for size in range((n if count is None else min(count, n)) + 1):
        for chosen in combinations(range(n), size):
            if budget is None or sum(cost[s] for s in chosen) <= budget * (1 + 1e-12):
                yield chosen


def exhaustive_optimum(reach, weight, kind, **limit):
    """The greatest worth of any set within the limit."""
    sets = subsets(len(reach), **limit)
    return max(objective(chosen, reach, weight, kind) for chosen in sets)
