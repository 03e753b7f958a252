"""Growth curves, their fits, and the scores of forecasts: models.md, section I."""

import itertools
import math
from typing import NamedTuple

import numpy as np
from scipy.integrate import quad
from scipy.optimize import least_squares
from scipy.special import expit, logit, ndtr

# Curves ------------------------------------------------------------------------------------------


def logistic(t, k, r, t0):
    """K / (1 + e^(-r (t - t0))).

    References
    ----------
    P. F. Verhulst, Correspondance mathématique et physique 10, 1838; netmodel modelling
    specification, section I.1.
    """
    return k * expit(r * (np.asarray(t, dtype=float) - t0))


def gompertz(t, k, c, t0):
    """K exp(-e^(-c (t - t0))).

    References
    ----------
    B. Gompertz, Philosophical Transactions 115, 1825; netmodel modelling specification,
    section I.1.
    """
    return k * np.exp(-np.exp(-c * (np.asarray(t, dtype=float) - t0)))


def bass(t, m, p, q):
    """Adopters at a time since launch: m (1 - e^(-(p+q) t)) / (1 + (q/p) e^(-(p+q) t)).

    References
    ----------
    F. M. Bass, Management Science 15(5), 1969; netmodel modelling specification, section I.1.
    """
    decay = np.exp(-(p + q) * np.asarray(t, dtype=float))
    return m * (1 - decay) / (1 + q / p * decay)


def bass_peak_time(p, q):
    """Time since launch of most adopters a year: ln(q/p) / (p + q)."""
    return math.log(q / p) / (p + q)


def damped_trend(level, growth, phi, steps):
    """The next values when each log growth is phi times the one before.

    References
    ----------
    E. S. Gardner and E. McKenzie, Management Science 31(10), 1985, on the logarithm; netmodel
    modelling specification, section I.1.
    """
    log_growth = growth * phi ** np.arange(1, steps + 1)
    return level * np.exp(np.cumsum(log_growth))


class Smoothed(NamedTuple):
    """One-step errors (n,) and the state after the last point."""

    error: np.ndarray
    level: float
    trend: float


def smoothing(z, alpha, beta, phi):
    """Damped additive trend in error-correction form, ETS(A,Ad,N), by matrices.

    y_t = w' x + e, x <- F x + g e with x = (level, trend), w = (1, phi), F = ((1, phi), (0, phi)),
    g = (alpha, beta). The first two points start the state and have no error, nor have missing
    ones (NaN), which the state passes by.

    References
    ----------
    R. J. Hyndman, A. B. Koehler, J. K. Ord and R. D. Snyder, Forecasting with Exponential
    Smoothing, Springer, 2008, section 2.5.
    """
    z = np.asarray(z, dtype=float)
    state = np.array([z[1], z[1] - z[0]])
    forward, weight = np.array([[1.0, phi], [0.0, phi]]), np.array([1.0, phi])
    error = np.zeros(len(z))
    for i in range(2, len(z)):
        error[i] = 0.0 if np.isnan(z[i]) else z[i] - weight @ state
        state = forward @ state + np.array([alpha, beta]) * error[i]
    return Smoothed(error, *state)


# Fits --------------------------------------------------------------------------------------------

MODELS = ("logistic", "gompertz", "bass", "smoothing")
SCALES = {"log": np.log, "logit": logit}


def curve(model, t, theta):
    """A curve at its parameters (ln K, ln r, t0), (ln K, ln c, t0) or (ln m, ln p, ln q)."""
    k, rate = np.exp(theta[:2])
    if model == "bass":
        return bass(t, k, rate, math.exp(theta[2]))
    return {"logistic": logistic, "gompertz": gompertz}[model](t, k, rate, theta[2])


def residual(model, t, z, theta, scale="log"):
    """Model minus data on the working scale."""
    if model == "smoothing":
        return -smoothing(z, *theta).error
    with np.errstate(all="ignore"):  # a curve too near 0 or 1 is infinitely far from its data
        return SCALES[scale](curve(model, t, theta)) - z


class Fit(NamedTuple):
    """Parameters (3,) and sum of r^2 + (weight (theta - mean))^2."""

    theta: np.ndarray
    cost: float


def descent(model, t, z, start, prior, bounds, scale="log"):
    """The `Fit` that SciPy finds from a start; `prior` is (mean, weight), `bounds` (low, high).

    References
    ----------
    M. A. Branch, T. F. Coleman and Y. Li, SIAM Journal on Scientific Computing 21(1), 1999.
    """
    mean, weight = prior

    def rows(theta):
        # Far from the data a Gompertz curve underflows: a wall that SciPy can step back from.
        far = np.nan_to_num(residual(model, t, z, theta, scale), nan=1e6, posinf=1e6, neginf=-1e6)
        return np.concatenate((far, weight * (theta - mean)))

    found = least_squares(
        rows, start, "3-point", bounds, x_scale="jac",
        ftol=1e-15, xtol=1e-15, gtol=1e-15, max_nfev=1000,
    )  # fmt: skip
    return Fit(found.x, 2 * found.cost)


def box(model, t, y, scale="log"):
    """Bounds (low, high): saturation from the largest value, rates and dates from the span of t."""
    last, span = t[-1], t[-1] - t[0]
    k = (np.log(np.max(y)), np.log(np.max(y)) + math.log(1e3))
    if scale == "logit":
        k = (k[0], math.log1p(-1e-3 * (1 - np.max(y))))
    rate = (math.log(0.1 / span), math.log(20 / span))
    sides = {
        "logistic": (k, rate, (t[0] - span, last + 2 * span)),
        "gompertz": (k, rate, (t[0] - span, last + 2 * span)),
        "bass": (k, (math.log(1e-7 / last), math.log(3 / last)), (rate[0], math.log(30 / last))),
        "smoothing": ((0.01, 1.0), (0.0, 1.0), (0.5, 1.0)),
    }
    return np.transpose(sides[model])


def starts(model, low, high):
    """48 places spread over a box, for a curve more of them where saturation is low."""
    curves = ((0.01, 0.1, 0.3, 0.6), (0.2, 0.4, 0.6, 0.8), (0.25, 0.45, 0.7))
    weights = ((0.1, 0.4, 0.7, 0.95), (0.1, 0.4, 0.7, 0.95), (0.2, 0.5, 0.8))
    shares = itertools.product(*(weights if model == "smoothing" else curves))
    return low + np.array(list(shares)) * (high - low)


def saturation_prior(prior_ln_k, sigma):
    """(mean, weight) of the row (ln K - mu) / sd, times sigma: none if `prior_ln_k` is None."""
    mu, sd = prior_ln_k or (0.0, math.inf)
    return np.array([[mu, 0.0, 0.0], [sigma / sd, 0.0, 0.0]])


def fit_curve(model, t, y, prior_ln_k=None, sigma=0.10, scale="log"):
    """The best `Fit` of 48 starts; `prior_ln_k` is (mu, sd) of ln K, `sigma` that of a residual.

    References
    ----------
    netmodel modelling specification, section I.2.
    """
    t, y = np.asarray(t, dtype=float), np.asarray(y, dtype=float)
    prior, bounds = saturation_prior(prior_ln_k, sigma), box(model, t, y, scale)
    z = SCALES[scale](y)
    fits = [descent(model, t, z, start, prior, bounds, scale) for start in starts(model, *bounds)]
    return min(fits, key=lambda fit: fit.cost)


# Scores ------------------------------------------------------------------------------------------


def mape(actual, forecast):
    """Mean absolute error in percent of what came."""
    actual = np.asarray(actual, dtype=float)
    return 100 * np.mean(np.abs(np.asarray(forecast) - actual) / actual)


def normal_crps(mu, sigma, y):
    """Integral of the squared distance of a normal distribution from the step at y.

    References
    ----------
    J. E. Matheson and R. L. Winkler, Management Science 22(10), 1976: the definition, integrated.
    """
    z = (y - mu) / sigma
    ends = np.array([-40.0, -9.0, -5.0, -2.0, 0.0, 2.0, 5.0, 9.0, 40.0])
    knots = np.unique(np.append(ends, z))

    def square(u):
        return ndtr(u if u < z else -u) ** 2

    parts = [quad(square, *pair, epsabs=1e-13)[0] for pair in itertools.pairwise(knots)]
    return sigma * math.fsum(parts)


def ensemble_crps(x, y, fair=False):
    """Mean |x - y| less half the mean |x - x'| over all pairs, or over pairs of two (fair).

    References
    ----------
    T. Gneiting and A. E. Raftery, JASA 102(477), 2007, equation 21; C. A. T. Ferro, Quarterly
    Journal of the Royal Meteorological Society 140, 2014.
    """
    x = np.asarray(x, dtype=float)
    n_pair = len(x) * (len(x) - 1 if fair else len(x))
    return np.abs(x - y).mean() - np.abs(x[:, None] - x).sum() / (2 * n_pair)


def interval_score(low, high, y, alpha=0.2):
    """Width of a 1 - alpha interval, and 2/alpha for each unit by which it was missed.

    References
    ----------
    R. L. Winkler, JASA 67(337), 1972; T. Gneiting and A. E. Raftery, JASA 102(477), 2007,
    equation 43.
    """
    missed = max(low - y, 0) + max(y - high, 0)
    return high - low + 2 / alpha * missed


def coverage_band(share, n, deviates=1.96):
    """Where the covered share of n intervals lies 95 times in 100, by the normal approximation."""
    half = deviates * math.sqrt(share * (1 - share) / n)
    return share - half, share + half


# Targets -----------------------------------------------------------------------------------------


def required_cagr(now, target, years):
    """Yearly growth of a count that reaches the target in time."""
    return (target / now) ** (1 / years) - 1


def required_logit_slope(now, target, years):
    """Yearly step of the logit of a share that reaches the target in time."""
    return (logit(target) - logit(now)) / years


def logistic_year(target, k, r, t0):
    """Year in which a logistic reaches a target; never (infinity) at or above saturation."""
    if target >= k:
        return math.inf
    return t0 + logit(target / k) / r


def probability_of_target(now, target, years, mean, sigma, persistent=False):
    """P(hit) when log growth is N(mean, sigma), drawn anew each year or once for all years."""
    spread = sigma * (years if persistent else math.sqrt(years))
    return ndtr((mean * years - math.log(target / now)) / spread)


def lognormal_mean_over_median(sigma):
    """e^(sigma^2 / 2)."""
    return math.exp(sigma**2 / 2)
