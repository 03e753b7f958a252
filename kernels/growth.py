"""Curves of growth, their analytic Jacobians, and their fits in batches.

Curves are fitted on the working scale: logarithm for counts and flows, logit for shares. Every
model has three parameters, so that one solver serves them all:

LOGISTIC   ln K, ln r, t0      K / (1 + exp(-r (t - t0)))
GOMPERTZ   ln K, ln c, t0      K exp(-exp(-c (t - t0)))
BASS       ln m, ln p, ln q    m (1 - exp(-(p+q) t)) / (1 + (q/p) exp(-(p+q) t)), t since launch
SMOOTHING  alpha, beta, phi    ETS(A,Ad,N): level and damped trend; 1, 1, phi is the damped trend
                               of the last growth

Sources: models.md I.1 and I.2; F. Bass 1969, A new product growth for model consumer durables;
R. Hyndman and others 2008, Forecasting with exponential smoothing, chapter 2.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.least_squares import minimiser

Float = NDArray[np.float64]

LOGISTIC, GOMPERTZ, BASS, SMOOTHING = 0, 1, 2, 3
LOG, LOGIT = 0, 1
_N_MODEL = 4  # a code is model + 4 * scale
_STEEP = 300.0  # exponents beyond this would overflow


@scalar
def logistic(t: float, k: float, r: float, t0: float) -> float:
    """Logistic curve: `k` / (1 + exp(-`r` (`t` - `t0`)))."""
    return k / (1.0 + math.exp(min(-r * (t - t0), _STEEP)))


@scalar
def gompertz(t: float, k: float, c: float, t0: float) -> float:
    """Gompertz curve: `k` exp(-exp(-`c` (`t` - `t0`)))."""
    return k * math.exp(-math.exp(min(-c * (t - t0), _STEEP)))


@scalar
def bass(t: float, m: float, p: float, q: float) -> float:
    """Bass diffusion: adopters of `m` a time `t` after launch; 0 before it."""
    if t <= 0.0:
        return 0.0
    e = math.exp(-(p + q) * t)
    return m * (1.0 - e) / (1.0 + q / p * e)


@scalar
def bass_peak_time(p: float, q: float) -> float:
    """Time after launch at which adoption is fastest; below 0 where `q` < `p`."""
    return math.log(q / p) / (p + q)


@scalar
def damped_trend(level: float, growth: float, phi: float, steps: int) -> float:
    """Value `steps` after `level`, the growth of its logarithm damped by `phi` at each step."""
    total = 0.0
    for _ in range(steps):
        growth *= phi
        total += growth
    return level * math.exp(total)


@scalar
def logistic_year(target: float, k: float, r: float, t0: float) -> float:
    """Time at which a logistic curve reaches `target`; inf if it never does."""
    if target >= k:
        return math.inf
    return t0 - math.log(k / target - 1.0) / r


@scalar
def _log_logistic(t: float, theta: Float, slope: Float) -> float:
    """Logarithm of the curve and its derivatives by `theta`."""
    r, shift = math.exp(theta[1]), t - theta[2]
    x = r * shift
    e = math.exp(-abs(x))
    rest = e / (1.0 + e) if x > 0.0 else 1.0 / (1.0 + e)  # what is left to the ceiling
    slope[0], slope[1], slope[2] = 1.0, x * rest, -r * rest
    return float(theta[0] + min(x, 0.0) - math.log1p(e))


@scalar
def _log_gompertz(t: float, theta: Float, slope: Float) -> float:
    """Logarithm of the curve and its derivatives by `theta`."""
    c, shift = math.exp(theta[1]), t - theta[2]
    g = math.exp(min(-c * shift, _STEEP))
    slope[0], slope[1], slope[2] = 1.0, c * shift * g, -c * g
    return float(theta[0]) - g


@scalar
def _log_bass(t: float, theta: Float, slope: Float) -> float:
    """Logarithm of the curve and its derivatives by `theta`, for `t` after launch."""
    p, q = math.exp(theta[1]), math.exp(theta[2])
    s = (p + q) * t
    ahead = q / p * math.exp(-s)
    met = ahead / (1.0 + ahead)
    early = 1.0 / math.expm1(min(s, _STEEP))
    slope[0] = 1.0
    slope[1] = p * t * early + met * (1.0 + p * t)
    slope[2] = q * t * early - met * (1.0 - q * t)
    return float(theta[0]) + math.log(-math.expm1(-s)) - math.log1p(ahead)


@scalar
def curve(code: int, t: float, theta: Float, slope: Float) -> float:
    """Value of a curve on its working scale and its derivatives by `theta` into `slope` (3,)."""
    model = code % _N_MODEL
    if model == LOGISTIC:
        value = _log_logistic(t, theta, slope)
    elif model == GOMPERTZ:
        value = _log_gompertz(t, theta, slope)
    else:
        value = _log_bass(t, theta, slope)
    if code // _N_MODEL == LOG:
        return value
    rest = -math.expm1(value)
    for k in range(3):
        slope[k] /= rest
    return value - math.log(rest)


@scalar
def _smooth(time: Float, value: Float, theta: Float, residual: Float, jacobian: Float) -> None:
    """One-step errors (predicted minus value) and their derivatives.

    The level and trend after the last point, per step, are left in the last row of `jacobian`
    beyond `value`, if it has one.
    """
    n = value.size
    residual[: min(n, 2)] = 0.0
    jacobian[: min(n, 2)] = 0.0
    alpha, beta, phi = theta[0], theta[1], theta[2]
    level = value[min(n, 2) - 1]
    trend = (value[1] - value[0]) / max(1.0, round(time[1] - time[0])) if n > 1 else 0.0
    d_level, d_trend = np.zeros(3), np.zeros(3)
    for i in range(2, n):
        for _ in range(max(1, round(time[i] - time[i - 1]))):
            for k in range(3):
                d_trend[k] *= phi
            d_trend[2] += trend
            trend *= phi
            level += trend
            for k in range(3):
                d_level[k] += d_trend[k]
        error = value[i] - level
        residual[i] = -error
        for k in range(3):
            jacobian[i, k] = d_level[k]
            change = -d_level[k]
            d_level[k] += alpha * change
            d_trend[k] += beta * change
        d_level[0] += error
        d_trend[1] += error
        level += alpha * error
        trend += beta * error
    if jacobian.shape[0] > n:
        jacobian[n, 0], jacobian[n, 1] = level, trend


@scalar
def evaluate(
    code: int, time: Float, value: Float, theta: Float, residual: Float, jacobian: Float
) -> None:
    """Model minus value (n,) on the working scale, and its derivatives by theta (n, 3).

    Parameters
    ----------
    code : int
        Model + 4 * scale; with SMOOTHING the errors of one-step predictions, 0 for the first two.
    time : (n,)
        Years; with BASS since launch; with SMOOTHING gaps are whole numbers of steps.
    value : (n,)
        On the working scale.
    theta : (3,)
    residual, jacobian : (n,), (n, 3)
        Filled.
    """
    if code % _N_MODEL == SMOOTHING:
        _smooth(time, value, theta, residual, jacobian)
        return
    for i in range(value.size):
        residual[i] = curve(code, time[i], theta, jacobian[i]) - value[i]


_minimise = minimiser(evaluate, same=1e-12)


@kernel
def fit_curves(
    code: int,
    time: Float,
    value: Float,
    start: Float,
    prior: Float,
    bounds: Float,
    theta: Float,
) -> Float:
    """Best parameters of a model for each row of values, each from its own start.

    Parameters
    ----------
    code : int
        Model + 4 * scale.
    time : (n,)
    value : (row, n)
        On the working scale.
    start : (row, 3)
    prior : (row, 2, 3)
        Means and weights; a weight is the residuals' standard deviation over the parameter's.
    bounds : (row, 2, 3)
    theta : (row, 3)
        Filled with the best parameters.

    Returns
    -------
    (row,)
        Sum of squares of residuals and of weighted distances from the prior.
    """
    cost = np.empty(value.shape[0])
    for row in range(value.shape[0]):
        for k in range(3):
            inside = max(start[row, k], bounds[row, 0, k])
            theta[row, k] = min(inside, bounds[row, 1, k])
        cost[row] = _minimise(code, time, value[row], theta[row], prior[row], bounds[row])
    return cost


@kernel
def extrapolate(code: int, time: Float, value: Float, theta: Float, ahead: Float) -> Float:
    """Values (row, step) of fitted models at the times `ahead`, on the working scale.

    Parameters
    ----------
    code : int
        Model + 4 * scale.
    time, value : (n,), (row, n)
        As fitted; SMOOTHING goes on from their end, the curves need them not.
    theta : (row, 3)
    ahead : (step,)
        Times in the scale of `time`, after its last.
    """
    rows, n = value.shape
    out = np.empty((rows, ahead.size))
    for row in range(rows):
        slope = np.empty(3)
        if code % _N_MODEL == SMOOTHING:
            state = np.empty((n + 1, 3))
            _smooth(time, value[row], theta[row], np.empty(n), state)
            for j in range(ahead.size):
                level, trend = state[n, 0], state[n, 1]
                for _ in range(round(ahead[j] - time[n - 1])):
                    trend *= theta[row, 2]
                    level += trend
                out[row, j] = level
        else:
            for j in range(ahead.size):
                out[row, j] = curve(code, ahead[j], theta[row], slope)
    return out
