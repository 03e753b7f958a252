"""Draws of one series' future: the models' bootstraps mixed, with a persistent growth error."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from netmodel._fits import (
    CURVES,
    MODELS,
    UNIDENTIFIED,
    Base,
    Diffusion,
    bootstrap,
    fit_base,
    paths,
    prior_of,
    saturation_interval,
)
from netmodel._growth_presets import ANALOG_SATURATION, LAUNCHED, Indicator
from netmodel._mixture import CALM, Learned, generator, last_growth, recent, saturation_of
from netmodel._series import AsOf, Series, from_working, last_known, longest_series, national_series
from netmodel.kernels.allocation import largest_remainder

Float = NDArray[np.float64]
ENOUGH = 4  # yearly values of its own from which a series needs no analog


@dataclass(frozen=True)
class Future:
    """Draws of a series.

    Parameters
    ----------
    draws : (draw, year)
        In the series' unit; each row is one path.
    method : str
        How it was projected, in words.
    saturation : (float, float)
        90 % interval of K that the values alone allow; NaN where no curve was fitted to them.
    notes : tuple of str
    """

    draws: Float
    method: str
    saturation: tuple[float, float]
    notes: tuple[str, ...]


def unprojectable(series: Series, analog: str) -> str:
    """Why a series cannot be projected; empty where it can."""
    n = int(series.yearly.sum())
    if n >= 3 or (analog and not math.isnan(series.launch)):
        return ""
    known = "no value" if n == 0 else ("one value" if n == 1 else f"{n} values")
    return f"{known} so far" + ("" if analog else " and no analog")


def future(
    series: Series,
    saturation: tuple[float, float],
    years: Float,
    known: Learned,
    *,
    draws: int,
    seed: int,
    analog: Series | None = None,
) -> Future:
    """Draws of a series in the years after its last value.

    Parameters
    ----------
    series : Series
    saturation : (float, float)
        Mean and standard deviation of ln K.
    years : (year,)
    known : Learned
    draws, seed : int
    analog : Series, optional
        Carries a series with fewer than four yearly values.
    """
    short = int(series.yearly.sum()) < ENOUGH and analog is not None
    names = _models(series, short)
    bases = []
    for name in names:
        diffusion = _diffusion(name, analog, known) if short and analog is not None else None
        prior = prior_of(name, recent(series), saturation, known.damping, diffusion)
        bases.append(fit_base(name, recent(series), prior))
    working = _mixed(bases, years, known, draws, seed, short)
    method = f"by analogy with {analog.key}" if short and analog is not None else _named(names)
    interval, notes = (math.nan, math.nan), series.notes
    if not short and names != [m for m in MODELS if m not in CURVES]:
        interval = saturation_interval(recent(series), bases)
        if interval[1] > UNIDENTIFIED * interval[0]:
            notes += ("saturation unidentified: it stands on its prior",)
    if series.falls:
        notes += (f"falls in {series.falls}",)
    return Future(from_working(working, series.scale), method, interval, notes)


def _named(names: list[str]) -> str:
    return "mixture" if len(names) == len(MODELS) else "mixture of " + ", ".join(names)


def _models(series: Series, short: bool) -> list[str]:
    """Curves alone for young series, smoothing alone for those that fall."""
    if short:
        return list(CURVES)
    return [m for m in MODELS if m not in CURVES] if series.falls else list(MODELS)


def _diffusion(model: str, analog: Series, known: Learned) -> Diffusion:
    """Rate and midpoint of a model of the analog's whole path."""
    last = float(analog.value[-1]) / (100.0 if analog.kind == "share" else 1.0)
    top = min(ANALOG_SATURATION.factor * last, 0.98 if analog.kind == "share" else math.inf)
    prior = prior_of(model, analog, (math.log(top), ANALOG_SATURATION.sd), known.damping)
    theta = fit_base(model, analog, prior).theta
    return Diffusion((float(theta[1]), float(theta[2])), analog.launch)


def analog_series(indicator: Indicator, as_of: AsOf) -> Series | None:
    """What carries an indicator while it is short: its own older definition, or its analog."""
    own = longest_series(indicator, as_of, but_newest=True)
    if int(own.yearly.sum()) >= ENOUGH:
        return replace(own, key=f"{own.key} by its older definition")
    if not indicator.analog:
        return None
    like = replace(indicator, key=indicator.analog, series="", recent="", analog="")
    series = longest_series(like, as_of)
    if series.value.size < 3:
        return None
    return replace(series, launch=LAUNCHED.get(indicator.analog, series.launch))


def _mixed(
    bases: list[Base], years: Float, known: Learned, draws: int, seed: int, short: bool
) -> Float:
    """Paths (draw, year) on the working scale, each of one model drawn by the models' weights."""
    weight = np.array([known.weight[b.model] for b in bases])
    one = np.zeros(len(bases), np.int32)
    count = largest_remainder(weight, one, np.array([draws], np.int64))
    key = bases[0].series.key
    model = generator(seed, key).permutation(np.repeat(np.arange(len(bases)), count))
    out = np.empty((draws, years.size))
    for k, base in enumerate(bases):
        rng = generator(seed, key, base.model)
        theta, values = bootstrap(base, draws, rng)
        error = known.growth_error[base.model] * rng.normal(size=draws)
        one_model = _at_own_pace if short else _with_growth_error
        out[model == k] = one_model(base, theta, values, years, error)[model == k]
    return out


def _with_growth_error(
    base: Base, theta: Float, values: Float, years: Float, error: Float
) -> Float:
    """Paths with an error of the yearly growth that persists: it grows with the years themselves.

    It is a share of the last growth, as it was learned.
    """
    growth = max(abs(last_growth(base.series)), CALM)
    steps = years - np.round(base.series.time[-1])
    return paths(base, theta, values, years) + np.outer(error, growth * steps)


def _at_own_pace(base: Base, theta: Float, values: Float, years: Float, error: Float) -> Float:
    """Paths that are run through faster or slower.

    The last growth of a young series is bound to slow down and measures no error; an error of
    the pace keeps the ceiling.
    """
    series = base.series
    begin = float(series.time[-1]) if series.time.size else series.launch
    steps = np.arange(0.25, 4.0 * (years[-1] - begin) + 0.25, 0.25)
    path = paths(base, theta, values, begin + steps)
    pace = np.minimum(np.exp(error), 4.0)
    rows = [np.interp((years - begin) * p, steps, one) for p, one in zip(pace, path, strict=True)]
    return np.array(rows)


def national_future(
    indicator: Indicator, as_of: AsOf, years: Float, known: Learned, draws: int, seed: int
) -> Future | str:
    """Draws of an indicator of the nation, or why there are none."""
    series, analog = national_series(indicator, as_of), analog_series(indicator, as_of)
    why = unprojectable(series, analog.key if analog is not None else "")
    if why:
        return why
    saturation = saturation_of(indicator, series, as_of)
    out = future(series, saturation, years, known, draws=draws, seed=seed, analog=analog)
    if not indicator.limit:
        return out
    top = last_known(indicator.limit, as_of)
    return replace(out, draws=np.minimum(out.draws, top))
