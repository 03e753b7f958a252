"""Queues of users: shared rates of elastic traffic, and blocking of calls that need a rate each.

Source: models.md C.5; L. Kleinrock, Queueing Systems II (1976) 4.4 for processor sharing; the
recursion of A. K. Erlang's loss formula. What is no number, or cannot be, gives NaN.
"""

import math

from netmodel.kernels._jit import scalar

_N_BISECTION = 60
_ROUNDING = 1e-12  # 0.3 Mbit/s hold three calls of 0.1, whatever the division says


@scalar
def flow_mbps(rate_mbps: float, load: float) -> float:
    """Mean throughput of elastic traffic under processor sharing; zero at full load."""
    return rate_mbps * max(1.0 - load, 0.0)


@scalar
def erlang_b(offered_erlang: float, n_server: int) -> float:
    """Share of calls that are blocked, by the recursion (never factorials)."""
    if not 0.0 <= offered_erlang < math.inf:
        return math.nan
    blocked = 1.0
    for n in range(1, n_server + 1):
        blocked = offered_erlang * blocked / (n + offered_erlang * blocked)
    return blocked


@scalar
def servers_for_blocking(offered_erlang: float, max_blocking: float) -> float:
    """Least number of servers that blocks no more than a share of calls, which is above zero."""
    if not (0.0 <= offered_erlang < math.inf and 0.0 < max_blocking):
        return math.nan
    n, blocked = 0, 1.0
    while blocked > max_blocking:
        n += 1
        blocked = offered_erlang * blocked / (n + offered_erlang * blocked)
    return float(n)


@scalar
def gbr_calls(capacity_mbps: float, call_mbps: float) -> float:
    """Whole calls of a rate above zero that a capacity holds at a time."""
    if not (abs(capacity_mbps) < math.inf and 0.0 < call_mbps < math.inf):
        return math.nan
    return float(math.floor(max(capacity_mbps, 0.0) / call_mbps * (1.0 + _ROUNDING)))


@scalar
def gbr_blocking(offered_erlang: float, capacity_mbps: float, call_mbps: float) -> float:
    """Share of the calls of a guaranteed rate that find no room in a capacity."""
    n = gbr_calls(capacity_mbps, call_mbps)
    return math.nan if math.isnan(n) else erlang_b(offered_erlang, int(n))


@scalar
def erlangs_for_blocking(n_server: int, max_blocking: float) -> float:
    """Greatest traffic of which so many servers block no more than a share below one [erlang].

    By bisection, from below.
    """
    if not 0.0 < max_blocking < 1.0:
        return math.nan
    if n_server < 1:
        return 0.0
    low, high = 0.0, 1.0
    while erlang_b(high, n_server) <= max_blocking:
        low, high = high, 2.0 * high
    for _ in range(_N_BISECTION):
        middle = 0.5 * (low + high)
        if erlang_b(middle, n_server) <= max_blocking:
            low = middle
        else:
            high = middle
    return low


@scalar
def gbr_erlangs(capacity_mbps: float, call_mbps: float, max_blocking: float) -> float:
    """Greatest traffic of calls of a guaranteed rate that a capacity carries [erlang]."""
    n = gbr_calls(capacity_mbps, call_mbps)
    return math.nan if math.isnan(n) else erlangs_for_blocking(int(n), max_blocking)
