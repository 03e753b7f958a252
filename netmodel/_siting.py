"""The next sites to build: those that newly cover most people, and what each person costs."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from netmodel.errors import InputError
from netmodel.kernels import greedy
from netmodel.kernels.economics import cost_per_unit

Float = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reach:
    """How probably each candidate site covers each point (CSR by candidate).

    Parameters
    ----------
    start : (candidate + 1,) of int
        Where each candidate's points begin in `point`; 0 first, their number last.
    point : (pair,) of int
        Index of a point, none twice in one candidate.
    probability : (pair,)
        Of coverage, 0 to 1; used in float32.
    candidate : (candidate,), optional
        Name or number of each candidate; its index if not given.
    """

    start: ArrayLike
    point: ArrayLike
    probability: ArrayLike
    candidate: ArrayLike | None = None


def chosen_sites(
    reach: Reach,
    people: ArrayLike,
    *,
    cost: ArrayLike | None = None,
    count: int | None = None,
    budget: float | None = None,
    most: ArrayLike | None = None,
) -> pd.DataFrame:
    """The best candidates to build, one after the other, and what each newly covered person costs.

    By `count`, the next candidate is the one that newly covers most people, whatever it costs; the
    people covered are at least 1 - 1/e of the most that so many candidates can cover. By `budget`,
    it is the better of that order and the order of people per cost, among those that the rest of
    the budget pays: at least half as good a bound. Equals are taken in the order of the candidates.

    Parameters
    ----------
    reach : Reach
    people : (point,)
        People whom the present network does not cover; fractions where it may.
    cost : (candidate,) or float, optional
        Present cost of each candidate, or of every one.
    count : int, optional
        How many to choose; either this or `budget`.
    budget : float, optional
        What they may cost together; needs `cost`.
    most : (candidate,), optional
        Of what each can gain at most, such as the traffic that it carries.

    Returns
    -------
    DataFrame
        `rank` from 1, `candidate`, `new_people`, `cumulative_people`; with `cost` also `cost`,
        `cumulative_cost`, `cost_per_new_person`, `cumulative_cost_per_person`. Ends where no other
        candidate covers anybody new, so that it may be shorter than `count`, or empty.

    Raises
    ------
    InputError
        If there is no candidate or no one way to end, for values out of range, or if the budget
        pays for none.
    """
    weight = _amounts(people, "people", "point")
    names = _names(reach)
    pairs = _pairs(reach, names, weight.size)
    price = None if cost is None else _prices(cost, names)
    limit = None if most is None else _amounts(most, "most", "candidate")
    if count is not None and budget is None:
        choice = greedy.chosen_by_count(pairs, weight, _whole(count), False, limit)
    elif budget is not None and count is None:
        price = _affordable(price, float(budget), names)
        choice = greedy.chosen_by_budget(pairs, weight, price, float(budget), False, limit)
    else:
        raise InputError("next-sites: give one of count and budget")
    return _table(choice, names, price)


def _table(choice: greedy.Choice, names: pd.Index, price: Float | None) -> pd.DataFrame:
    """Choice as a table, with costs if there are any."""
    table = pd.DataFrame(
        {
            "rank": np.arange(1, choice.order.size + 1),
            "candidate": names[choice.order],
            "new_people": choice.gain,
            "cumulative_people": choice.total,
        }
    )
    if price is not None:
        table["cost"] = price[choice.order]
        table["cumulative_cost"] = np.cumsum(price[choice.order])
        incremental, cumulative = cost_per_unit(price[choice.order], choice.gain)
        table["cost_per_new_person"] = incremental
        table["cumulative_cost_per_person"] = cumulative
    return table


def _names(reach: Reach) -> pd.Index:
    """Names of the candidates, their indices if none were given."""
    n = np.size(reach.start) - 1
    if n < 1:
        raise InputError("reach: no candidates; give at least one")
    names = pd.Index(np.arange(n) if reach.candidate is None else np.asarray(reach.candidate))
    if names.size != n:
        raise InputError(f"reach: {names.size} names for {n} candidates; give one each")
    return names


def _pairs(reach: Reach, names: pd.Index, n_point: int) -> greedy.Reach:
    """Reach as the kernel takes it, checked."""
    start, point = (_integers(v, k) for v, k in ((reach.start, "start"), (reach.point, "point")))
    probability = np.ascontiguousarray(reach.probability, np.float32)
    if start[0] != 0 or np.any(np.diff(start) < 0) or start[-1] != point.size:
        raise InputError(f"reach: start must rise from 0 to the {point.size} pairs of point")
    if probability.shape != point.shape:
        raise InputError(f"reach: {probability.size} probabilities for {point.size} points")
    pairs = greedy.Reach(start.astype(np.int64), point.astype(np.int32), probability)
    _refuse(pairs, names, (point < 0) | (point >= n_point), f"only points 0 to {n_point - 1} exist")
    out = ~((probability >= 0.0) & (probability <= 1.0))
    _refuse(pairs, names, out, "probabilities must be 0 to 1")
    repeat = greedy.first_repeat(pairs, n_point)
    _refuse(pairs, names, np.arange(point.size) == repeat, "a point may stand there once only")
    return pairs


def _refuse(pairs: greedy.Reach, names: pd.Index, bad: NDArray[np.bool_], remedy: str) -> None:
    """Error for the first bad pair, if there is one."""
    if bad.any():
        k = int(np.argmax(bad))
        name = names[int(np.searchsorted(pairs.start, k, side="right")) - 1]
        at = f"point {pairs.point[k]} with probability {pairs.value[k]:g}"
        raise InputError(f"reach: candidate {name} has {at}; {remedy}")


def _integers(values: ArrayLike, what: str) -> NDArray[np.int64]:
    """One dimension of whole numbers."""
    out = np.asarray(values)
    if out.ndim != 1 or not (out.dtype.kind in "iu" or out.size == 0):
        raise InputError(f"reach: {what} must be one array of whole numbers, got {out.dtype}")
    return out


def _amounts(values: ArrayLike, what: str, of: str) -> Float:
    """One dimension of finite numbers of zero or more."""
    out = np.ascontiguousarray(values, np.float64)
    if out.ndim != 1:
        raise InputError(f"{what}: {out.ndim} dimensions; give one number a {of}")
    bad = np.flatnonzero(~(np.isfinite(out) & (out >= 0.0)))
    if bad.size:
        raise InputError(
            f"{what}: {out[bad[0]]:g} at {of} {bad[0]}; give finite numbers of zero or more"
        )
    return out


def _prices(cost: ArrayLike, names: pd.Index) -> Float:
    """Cost of each candidate; one number is every one's."""
    given = np.asarray(cost, np.float64)
    price = _amounts(np.full(names.size, given) if given.ndim == 0 else given, "cost", "candidate")
    if price.size != names.size:
        raise InputError(f"cost: {price.size} values for {names.size} candidates; give one each")
    return price


def _affordable(price: Float | None, budget: float, names: pd.Index) -> Float:
    """Costs, of which the budget pays one at least."""
    if price is None:
        raise InputError("next-sites: a budget needs the cost of each candidate")
    least = int(np.argmin(price))
    if not budget >= price[least]:
        raise InputError(
            f"budget {budget:g}: the cheapest candidate, {names[least]}, costs {price[least]:g}; "
            "give that at least"
        )
    return price


def _whole(count: int) -> int:
    """A number of sites from 1 on."""
    if not isinstance(count, int | np.integer) or count < 1:
        raise InputError(f"count {count}: give a whole number from 1 on")
    return int(count)
