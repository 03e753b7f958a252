"""Fits of growth models to one series: priors, many starts, bootstrap with refit, profiles."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netmodel._series import Series, to_working
from netmodel.kernels.growth import (
    BASS,
    GOMPERTZ,
    LOGISTIC,
    SMOOTHING,
    evaluate,
    extrapolate,
    fit_curves,
)

Float = NDArray[np.float64]

# Fitted models by name; the damped trend is smoothing with its weights held at 1.
MODELS = {
    "logistic": LOGISTIC,
    "gompertz": GOMPERTZ,
    "bass": BASS,
    "damped_trend": SMOOTHING,
    "smoothing": SMOOTHING,
}
CURVES = ("logistic", "gompertz", "bass")
SIGMA = 0.10  # standard deviation of a residual on the working scale (models.md I.2)
UNIDENTIFIED = 4.0  # factor between the ends of K's interval (models.md I.2)
_CHI2_90 = 2.705543454095404  # 90 % of chi-squared with one degree of freedom
_LOOSE = {  # means and standard deviations of the second and third parameter [A]
    "logistic": ((math.log(0.5), 1.0), (0.0, math.inf)),
    "gompertz": ((math.log(0.3), 1.0), (0.0, math.inf)),
    "bass": ((math.log(0.01), 2.0), (math.log(0.4), 0.7)),  # Sultan and others 1990: q 0.38
}
_BY_ANALOGY_SD = 0.3  # of a rate
_BY_ANALOGY_YEARS = 1.5  # of a midpoint


@dataclass(frozen=True)
class Prior:
    """Normal priors on a model's three parameters, and their bounds.

    Parameters
    ----------
    mean, sd : (3,)
        An infinite sd is no prior.
    bounds : (2, 3)
    """

    mean: Float
    sd: Float
    bounds: Float


@dataclass(frozen=True)
class Diffusion:
    """What an analog says of a model's second and third parameter, since its launch."""

    mean: tuple[float, float]
    launch: float


@dataclass(frozen=True)
class Base:
    """The best fit of a model to a series; `prior` is what it was fitted with."""

    model: str
    series: Series
    prior: Prior
    theta: Float
    cost: float


def prior_of(
    model: str,
    series: Series,
    saturation: tuple[float, float],
    damping: float,
    analog: Diffusion | None = None,
) -> Prior:
    """Prior and bounds of a model for a series.

    Parameters
    ----------
    model : str
    series : Series
    saturation : (float, float)
        Mean and standard deviation of ln K, K in the series' unit (shares in parts of one).
    damping : float
        Mean of phi.
    analog : Diffusion, optional
        For a series too short to show its own rate.
    """
    if model not in CURVES:
        held = model == "damped_trend"
        low, high = ((1.0, 1.0), (1.0, 1.0)) if held else ((0.2, 0.0), (1.0, 1.0))
        return Prior(
            np.array([0.9, 0.5, damping]),
            np.array([0.2, 0.3, 0.15]),
            np.array([[*low, 0.0], [*high, 1.0]]),
        )
    (m1, s1), (m2, s2) = _LOOSE[model]
    if analog is not None:
        m1, m2 = analog.mean
        s1 = _BY_ANALOGY_SD
        s2 = _BY_ANALOGY_SD if model == "bass" else _BY_ANALOGY_YEARS
        m2 = m2 if model == "bass" else m2 - analog.launch + series.launch
    return Prior(
        np.array([saturation[0], m1, m2]),
        np.array([saturation[1], s1, s2]),
        _curve_bounds(model, series, saturation),
    )


def _curve_bounds(model: str, series: Series, saturation: tuple[float, float]) -> Float:
    """Bounds of a curve's parameters: K between the greatest value and five sd above its prior."""
    share = series.kind == "share"
    top = series.value.max(initial=0.0) / (100.0 if share else 1.0)
    low_k = math.log(top * (1.0 + 1e-6)) if top > 0.0 else saturation[0] - 5.0 * saturation[1]
    high_k = max(saturation[0] + 5.0 * saturation[1], low_k + 1e-3)
    if share:
        high_k = min(high_k, max(math.log(0.995), low_k + 1e-4))
    first = float(series.time[0]) if series.time.size else series.launch
    if model == "bass":
        return np.array([[low_k, math.log(1e-7), math.log(0.01)], [high_k, -0.7, math.log(4.0)]])
    return np.array([[low_k, math.log(0.01), first - 40.0], [high_k, math.log(4.0), first + 60.0]])


def times(model: str, series: Series, time: Float) -> Float:
    """Times as a model's kernel takes them: since the launch for Bass."""
    return time - series.launch if model == "bass" else time


def code_of(model: str, series: Series) -> int:
    """The kernel's code of a model on a series' scale."""
    return MODELS[model] + 4 * series.scale


def fit_base(model: str, series: Series, prior: Prior) -> Base:
    """The best of many starts."""
    seen = series if model in CURVES else series.only_yearly()
    start = _starts(model, series, prior)
    working = to_working(seen.value, series.scale)
    theta, cost = fit_rows(
        model, seen, np.repeat(working[None], len(start), 0), start, prior, prior.mean
    )
    best = int(np.argmin(cost))
    return Base(model, seen, prior, theta[best], float(cost[best]))


def fit_rows(
    model: str, series: Series, working: Float, start: Float, prior: Prior, mean: Float
) -> tuple[Float, Float]:
    """Parameters (row, 3) and costs (row,) of a model for rows of values.

    Parameters
    ----------
    working : (row, n)
        Values on the working scale at the times of `series`.
    start : (row, 3)
    prior : Prior
    mean : (3,) or (row, 3)
        Of the prior, which a bootstrap draws anew for each row.
    """
    rows = working.shape[0]
    given = np.isfinite(prior.sd)
    stacked = np.zeros((rows, 2, 3))
    stacked[:, 0] = np.where(given, mean, 0.0)
    stacked[:, 1] = np.where(given, SIGMA / prior.sd, 0.0)
    theta = np.empty((rows, 3))
    cost = fit_curves(
        code_of(model, series),
        times(model, series, series.time),
        np.ascontiguousarray(working),
        np.ascontiguousarray(np.broadcast_to(start, (rows, 3))),
        stacked,
        np.repeat(prior.bounds[None], rows, 0),
        theta,
    )
    return theta, cost


def _starts(model: str, series: Series, prior: Prior) -> Float:
    """48 starts or more over the parameters' likely ranges, inside the bounds."""
    if model not in CURVES:
        # Smoothing has several valleys.
        weights = [0.1, 0.4, 0.7, 0.95]
        grid = np.meshgrid(weights, weights, [0.2, 0.5, 0.8, 0.95])
    else:
        low, high = prior.bounds[:, 0]
        sizes = np.unique(np.clip([low + 0.02, low + 0.4, prior.mean[0], high - 0.1], low, high))
        first = float(series.time[0]) if series.time.size else series.launch
        last = float(series.time[-1]) if series.time.size else series.launch
        if model == "bass":
            second, third = np.log([1e-5, 1e-3, 0.02, 0.1]), np.log([0.1, 0.4, 1.0, 2.0])
        else:
            second = np.log([0.05, 0.2, 0.6, 1.5])
            third = np.array([first - 4.0, 0.5 * (first + last), last + 1.0, last + 6.0])
        grid = np.meshgrid(sizes, second, third)
    start = np.stack([g.ravel() for g in grid], axis=1)
    inside: Float = np.clip(np.vstack([start, prior.mean]), prior.bounds[0], prior.bounds[1])
    return inside


def bootstrap(base: Base, draws: int, rng: np.random.Generator) -> tuple[Float, Float]:
    """Refitted parameters (draw, 3) and the values (draw, n) they were fitted to.

    The priors' means are drawn anew, so that what the values do not tell keeps its spread. A
    curve is refitted to itself with its residuals resampled; smoothing goes on from the values
    as they are, which are its state, and its errors to come are the mixture's growth error.
    """
    working = to_working(base.series.value, base.series.scale)
    values = np.repeat(working[None], draws, 0)
    if base.model in CURVES:
        values = _resampled(base, working, draws, rng)
    spread = np.where(np.isfinite(base.prior.sd), base.prior.sd, 0.0)
    mean = base.prior.mean + spread * rng.normal(size=(draws, 3))
    theta, _ = fit_rows(base.model, base.series, values, base.theta, base.prior, mean)
    return theta, values


def _resampled(base: Base, working: Float, draws: int, rng: np.random.Generator) -> Float:
    """The fitted curve with residuals in another order, scaled for the parameters spent.

    With fewer than three residuals to spare, normal noise of the default standard deviation, or
    of half a usual step where that is less.
    """
    n = working.size
    residual = np.zeros(n)
    if n:
        time = times(base.model, base.series, base.series.time)
        code = code_of(base.model, base.series)
        evaluate(code, time, working, base.theta, residual, np.zeros((n, 3)))
    if n < 6:
        step = float(np.median(np.abs(np.diff(working)))) if n > 1 else 2.0 * SIGMA
        return working + residual + rng.normal(0.0, min(SIGMA, 0.5 * step), (draws, n))
    centered = (residual - residual.mean()) * math.sqrt(n / (n - 3.0))
    drawn: Float = working + residual + centered[rng.integers(0, n, (draws, n))]
    return drawn


def paths(base: Base, theta: Float, values: Float, ahead: Float) -> Float:
    """Continuations (draw, step) on the working scale at the times `ahead`.

    They go on from the last value: a curve's residual there is kept, since growth is what the
    models differ in.
    """
    series = base.series
    time = series.time
    out = extrapolate(
        code_of(base.model, series),
        times(base.model, series, time),
        np.ascontiguousarray(values),
        np.ascontiguousarray(theta),
        times(base.model, series, np.append(ahead, time[-1:])),
    )
    if base.model not in CURVES or time.size == 0:
        return out[:, : ahead.size]
    last = to_working(series.value[-1:], series.scale)
    anchored: Float = out[:, :-1] - out[:, -1:] + last
    return anchored


def saturation_interval(series: Series, bases: list[Base]) -> tuple[float, float]:
    """Ends of the 90 % interval of K from the profile of the likelihood, without its prior.

    Over the logistic and the Gompertz curve together: a value of K is inside where either fits
    nearly as well as the best of both. In the series' unit.
    """
    working = to_working(series.value, series.scale)
    grid, costs = np.empty(0), []
    for base in (b for b in bases if b.model in ("logistic", "gompertz")):
        low = base.prior.bounds[0, 0]
        top = math.log(0.995) if series.kind == "share" else low + math.log(100.0)
        grid = np.linspace(low, max(top, low + 1e-4), 121)
        costs.append(_profile(base, working, grid))
    inside = np.flatnonzero(np.min(costs, axis=0) <= np.min(costs) + _CHI2_90 * SIGMA**2)
    # The ends lie between points of the grid.
    first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, grid.size - 1)
    unit = 100.0 if series.kind == "share" else 1.0
    return float(np.exp(grid[first])) * unit, float(np.exp(grid[last])) * unit


def _profile(base: Base, working: Float, grid: Float) -> Float:
    """Least cost at each ln K of the grid, each fitted from its neighbor's best."""
    sd = base.prior.sd.copy()
    sd[0] = math.inf
    out, start = np.empty(grid.size), base.theta
    near = int(np.argmin(np.abs(grid - base.theta[0])))
    for order in (range(near, grid.size), range(near, -1, -1)):
        start = base.theta
        for i in order:
            bounds = base.prior.bounds.copy()
            bounds[:, 0] = grid[i]
            prior = Prior(base.prior.mean, sd, bounds)
            theta, cost = fit_rows(
                base.model, base.series, working[None], start[None], prior, prior.mean
            )
            out[i], start = cost[0], theta[0]
    return out
