"""What past forecasts teach: weights of the models, their growth errors, the damping.

All of it from values known at a date, by forecasts of the national and provincial series from
earlier origins (models.md I.3, I.4). A single series cannot choose a model; the pool can.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from netmodel._fits import MODELS, bootstrap, fit_base, paths, prior_of
from netmodel._growth_presets import INDICATORS, PANEL_ONLY, Indicator, Saturation
from netmodel._series import (
    AsOf,
    Series,
    last_known,
    national_series,
    panel_series,
    to_working,
)
from netmodel._threads import in_threads
from netmodel.kernels.normal import normal_quantile
from netmodel.kernels.scores import ensemble_crps

Float = NDArray[np.float64]
Held = tuple[str, Float, Float]  # group, draws (year, draw), what came (year,)

WINDOW = 6  # yearly values that are fitted: older ones are of another regime
_HORIZON = 4
_DRAWS = 100
CALM = 0.005  # yearly change on the working scale below which errors do not shrink further
_SHORTEST = 3


@dataclass(frozen=True)
class Learned:
    """What is known of the models' skill at a date.

    Parameters
    ----------
    weight : dict of float
        By model; they add up to 1.
    growth_error : dict of float
        By model: standard deviation of the persistent error of a forecast's yearly growth, as
        a share of the last growth.
    damping : float
        Mean of phi over the national series.
    crps : dict of float
        By model: mean score, in units of the last growth times the horizon.
    """

    weight: dict[str, float]
    growth_error: dict[str, float]
    damping: float
    crps: dict[str, float]


def recent(series: Series) -> Series:
    """The last values, those that are fitted."""
    yearly = series.only_yearly().time
    return series if yearly.size == 0 else series.between(float(yearly[-1]) - WINDOW + 1, np.inf)


def last_growth(series: Series) -> float:
    """Last yearly change on the working scale; 0 with fewer than two yearly values."""
    yearly = series.only_yearly()
    if yearly.value.size < 2:
        return 0.0
    working = to_working(yearly.value[-2:], series.scale)
    return float((working[1] - working[0]) / (yearly.time[-1] - yearly.time[-2]))


def saturation_of(indicator: Indicator, series: Series, as_of: AsOf) -> tuple[float, float]:
    """Mean and standard deviation of ln K for an indicator's national series."""
    rule: Saturation = indicator.saturation
    if rule.reference == "self":
        level = rule.factor * float(series.value[-1]) if series.value.size else rule.factor
    else:
        level = rule.factor * (last_known(rule.reference, as_of) if rule.reference else 1.0)
    return float(np.log(level / (100.0 if series.kind == "share" else 1.0))), rule.sd


def generator(seed: int, *names: str) -> np.random.Generator:
    """Random numbers of their own for a series and model, whatever runs beside them."""
    return np.random.default_rng([seed, *(zlib.crc32(n.encode()) for n in names)])


@cache
def learned(as_of: AsOf) -> Learned:
    """Weights and growth errors from forecasts whose outcome was known at `as_of`."""
    pool = list(_pool(as_of))
    damping = pooled_damping([s for _, s, _ in pool if "/" not in s.key])
    items = [(*one, *cut) for one in pool for cut in _origins(one[1])]
    forecasts = in_threads(lambda item: _forecast(*item, damping), items)
    held = {m: [f[m] for f in forecasts] for m in MODELS}
    growth_error = {m: _growth_error(held[m]) for m in MODELS}
    crps = {m: _mean_crps(held[m], growth_error[m], m) for m in MODELS}
    inverse = {m: 1.0 / crps[m] for m in MODELS}
    total = sum(inverse.values())
    return Learned({m: w / total for m, w in inverse.items()}, growth_error, damping, crps)


def _pool(as_of: AsOf) -> Iterator[tuple[str, Series, tuple[float, float]]]:
    """Every series long enough to be forecast once, with its prior on ln K."""
    for indicator in INDICATORS:
        series = national_series(indicator, as_of)
        if series.only_yearly().value.size > _SHORTEST:
            yield indicator.key, series, saturation_of(indicator, series, as_of)
    for indicator in INDICATORS + PANEL_ONLY:
        if indicator.panel:
            for series, saturation in provincial(indicator, as_of):
                if series.value.size > _SHORTEST:
                    yield f"{indicator.key} by province", series, saturation


def provincial(indicator: Indicator, as_of: AsOf) -> list[tuple[Series, tuple[float, float]]]:
    """The provinces' series of an indicator with their priors on ln K.

    A saturation that is per person or household is shared by residents; others are multiples of
    the series' own last value.
    """
    series = panel_series(indicator, as_of)
    rule = indicator.saturation
    if rule.reference == "self":
        return [
            (s, (float(np.log(rule.factor * s.value[-1])) if s.value.size else 0.0, rule.sd))
            for s in series
        ]
    people = _province_people()
    nation = national_series(indicator, as_of)
    mean, sd = saturation_of(indicator, nation, as_of)
    # In the unit of the panel, which counts single users where the nation counts millions.
    unit = sum(s.value[-1] for s in series if s.value.size) / float(nation.value[-1])
    return [
        (s, (mean + float(np.log(unit * share)), sd))
        for s, share in zip(series, people / people.sum(), strict=True)
    ]


def _province_people() -> Float:
    from netmodel import facts

    out: Float = facts.provinces()["census_pop_2020"].to_numpy(float)
    return out


def _origins(series: Series) -> Iterator[tuple[Series, Series]]:
    """The series up to each year from which it can be forecast, and what came after."""
    yearly = series.only_yearly()
    for k in range(_SHORTEST, yearly.value.size):
        year = float(yearly.time[k - 1])
        later = yearly.between(year + 1.0, year + _HORIZON)
        if later.value.size:
            yield recent(series.between(-np.inf, year + 0.3)), later


def pooled_damping(series: list[Series]) -> float:
    """Mean over series of the least-squares ratio of a yearly growth to the one before."""
    ratios = []
    for one in series:
        yearly = recent(one).only_yearly()
        growth = np.diff(to_working(yearly.value, yearly.scale))
        if growth.size >= 2 and (growth[:-1] ** 2).sum() > 0.0:
            ratios.append(float((growth[1:] * growth[:-1]).sum() / (growth[:-1] ** 2).sum()))
    return float(np.clip(np.mean(np.clip(ratios, 0.0, 1.2)), 0.3, 0.95)) if ratios else 0.7


def _forecast(
    group: str,
    _: Series,
    saturation: tuple[float, float],
    cut: Series,
    later: Series,
    damping: float,
) -> dict[str, Held]:
    """Draws of each model from one origin beside what came, both over the growth before."""
    scale = max(abs(last_growth(cut)), CALM)
    actual = to_working(later.value, later.scale)
    unit = scale * (later.time - np.round(cut.only_yearly().time[-1]))
    out = {}
    for model in MODELS:
        base = fit_base(model, cut, prior_of(model, cut, saturation, damping))
        theta, values = bootstrap(base, _DRAWS, generator(0, cut.key, model, str(later.time[0])))
        drawn = paths(base, theta, values, later.time)
        out[model] = (group, (drawn / unit).T, actual / unit)
    return out


def _growth_error(held: list[Held]) -> float:
    """Standard deviation with which four in five outcomes fall between the 10 and 90 % quantile.

    It is added to what the draws spread by themselves; indicators count alike.
    """
    needed, group = [], []
    for name, drawn, actual in held:
        half = (actual - np.median(drawn, axis=1)) / normal_quantile(0.9)
        needed += np.maximum(half**2 - drawn.var(axis=1), 0.0).tolist()
        group += [name] * actual.size
    _, member, size = np.unique(group, return_inverse=True, return_counts=True)
    order = np.argsort(needed, kind="stable")
    share = np.cumsum(1.0 / size[member[order]]) / size.size
    return float(np.sqrt(np.array(needed)[order][np.searchsorted(share, 0.8)]))


def _mean_crps(held: list[Held], error: float, model: str) -> float:
    """Mean score with the growth error added, indicators alike."""
    noise = error * generator(0, model).normal(size=_DRAWS)
    by_group: dict[str, list[float]] = {}
    for group, drawn, actual in held:
        scores = [
            min(ensemble_crps(d + noise, float(a), True), 3.0)
            for d, a in zip(drawn, actual, strict=True)
        ]
        by_group.setdefault(group, []).extend(scores)
    return float(np.mean([np.mean(v) for v in by_group.values()]))
