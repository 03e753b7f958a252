"""Scores of forecasts, and how far a value is from a target.

T. Gneiting and A. Raftery 2007, Strictly proper scoring rules (CRPS and interval score);
C. Ferro 2014, Fair scores for ensemble forecasts. Oracles I10-I16 of models.md.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.normal import normal_cdf

Float = NDArray[np.float64]


@scalar
def normal_crps(mu: float, sigma: float, y: float) -> float:
    """Continuous ranked probability score of a normal forecast, in the unit of `y`."""
    z = (y - mu) / sigma
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return sigma * (z * (2.0 * normal_cdf(z) - 1.0) + 2.0 * density - 1.0 / math.sqrt(math.pi))


@kernel
def ensemble_crps(x: Float, y: float, fair: bool) -> float:
    """CRPS of an ensemble (member,), in the unit of `y`.

    Parameters
    ----------
    x : (member,)
    y : float
        What came.
    fair : bool
        Whether to correct for the number of members, which must then be two or more.
    """
    n = x.size
    ordered = np.sort(x)
    miss, spread = 0.0, 0.0
    for i in range(n):
        miss += abs(ordered[i] - y)
        spread += (2.0 * i - n + 1.0) * ordered[i]  # sum over pairs, once each
    return miss / n - spread / (n * (n - 1.0) if fair else n * n)


@scalar
def interval_score(low: float, high: float, y: float, alpha: float) -> float:
    """Winkler's score of a central interval that should hold `y` with probability 1 - `alpha`."""
    return (high - low) + 2.0 / alpha * (max(low - y, 0.0) + max(y - high, 0.0))


@kernel
def mape(actual: Float, forecast: Float) -> float:
    """Mean absolute percentage error [%]."""
    total = 0.0
    for i in range(actual.size):
        total += abs(forecast[i] - actual[i]) / abs(actual[i])
    return 100.0 * total / actual.size


@scalar
def required_cagr(now: float, target: float, years: float) -> float:
    """Compound annual growth that takes `now` to `target`."""
    return math.exp(math.log(target / now) / years) - 1.0


@scalar
def required_logit_slope(now: float, target: float, years: float) -> float:
    """Yearly change of the logit that takes a share `now` to `target`."""
    return (math.log(target / (1.0 - target)) - math.log(now / (1.0 - now))) / years
