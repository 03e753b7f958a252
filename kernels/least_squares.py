"""Levenberg-Marquardt with box bounds and Gaussian priors, for problems of a few parameters.

Each step solves the damped problem by Householder's QR of the stacked rows, which squares no
condition number (J. More 1978, The Levenberg-Marquardt algorithm).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

Float = NDArray[np.float64]
Evaluate = Callable[[int, Float, Float, Float, Float, Float], Any]

_MAX_STEPS = 2000
_SAME = 1e-14  # of the cost, below which a reduction is rounding
_STILL = 1e-11  # of a parameter, below which a step is none


@kernel
def minimise(
    evaluate: Evaluate,
    model: int,
    time: Float,
    value: Float,
    theta: Float,
    prior: Float,
    bounds: Float,
) -> float:
    """Least sum of squared residuals and of weighted distances from the prior, from `theta`.

    Parameters
    ----------
    evaluate : function
        `evaluate(model, time, value, theta, residual, jacobian)` fills residual (n,) and
        jacobian (n, p).
    model : int
        Handed to `evaluate`.
    time, value : (n,)
    theta : (p,)
        Where to begin, inside the bounds; the best parameters on return.
    prior : (2, p)
        Means and weights (standard deviation of a residual over that of the parameter).
    bounds : (2, p)
        Least and greatest parameters.

    Returns
    -------
    float
        The least cost found.
    """
    n, p = value.size, theta.size
    residual, trial_residual = np.empty(n + p), np.empty(n + p)
    jacobian, trial_jacobian = np.zeros((n + p, p)), np.zeros((n + p, p))
    work, scale, trial, step = np.empty((n + 2 * p, p + 1)), np.zeros(p), np.empty(p), np.empty(p)
    cost = _cost(evaluate, model, time, value, theta, prior, residual, jacobian)
    damping = 1e-3
    for _ in range(_MAX_STEPS):
        _fill(residual, jacobian, theta, bounds, damping, scale, work)
        _solve(work, step)
        moved = 0.0
        for k in range(p):
            trial[k] = min(max(theta[k] + step[k], bounds[0, k]), bounds[1, k])
            step[k] = trial[k] - theta[k]
            moved = max(moved, abs(step[k]) / (abs(theta[k]) + 1e-12))
        promised = cost - _linear_cost(residual, jacobian, step)
        new = _cost(evaluate, model, time, value, trial, prior, trial_residual, trial_jacobian)
        if new < cost:
            gained = cost - new
            theta[:] = trial
            residual, trial_residual = trial_residual, residual
            jacobian, trial_jacobian = trial_jacobian, jacobian
            cost = new
            damping *= 0.1 if gained > 0.75 * promised else (1.0 if gained > 0.25 * promised else 4)
            if (gained <= _SAME * cost and promised <= _SAME * cost) or moved <= _STILL:
                break
        else:  # also where the trial's cost is no number
            if promised <= _SAME * cost or moved <= _STILL or damping > 1e15:
                break
            damping *= 8.0
    return cost


@kernel
def _cost(
    evaluate: Evaluate,
    model: int,
    time: Float,
    value: Float,
    theta: Float,
    prior: Float,
    residual: Float,
    jacobian: Float,
) -> float:
    """Sum of squares at `theta`, its residuals and Jacobian with the prior's rows below."""
    n, p = value.size, theta.size
    evaluate(model, time, value, theta, residual[:n], jacobian[:n])
    for k in range(p):
        residual[n + k] = prior[1, k] * (theta[k] - prior[0, k])
        jacobian[n + k, k] = prior[1, k]
    total = 0.0
    for i in range(n + p):
        total += residual[i] * residual[i]
    return total


@kernel
def _linear_cost(residual: Float, jacobian: Float, step: Float) -> float:
    """Sum of squares that the linear model expects after a step."""
    total = 0.0
    for i in range(residual.size):
        r = residual[i]
        for k in range(step.size):
            r += jacobian[i, k] * step[k]
        total += r * r
    return total


@kernel
def _fill(
    residual: Float,
    jacobian: Float,
    theta: Float,
    bounds: Float,
    damping: float,
    scale: Float,
    work: Float,
) -> None:
    """The stacked rows [J, -r] and [sqrt(damping) D, 0]; parameters held by a bound have no J."""
    n, p = jacobian.shape
    work[n:] = 0.0
    for i in range(n):
        work[i, p] = -residual[i]
    for k in range(p):
        gradient, norm = 0.0, 0.0
        for i in range(n):
            gradient += jacobian[i, k] * residual[i]
            norm += jacobian[i, k] * jacobian[i, k]
        held = (theta[k] <= bounds[0, k] and gradient > 0.0) or (
            theta[k] >= bounds[1, k] and gradient < 0.0
        )
        for i in range(n):
            work[i, k] = 0.0 if held else jacobian[i, k]
        scale[k] = max(scale[k], math.sqrt(norm))
        work[n + k, k] = math.sqrt(damping) * scale[k] if scale[k] > 0.0 else 1.0


@kernel
def _solve(work: Float, step: Float) -> None:
    """Least-squares solution of the stacked rows [A, b] by Householder reflections, in place."""
    m, p = work.shape[0], work.shape[1] - 1
    for k in range(p):
        norm = 0.0
        for i in range(k, m):
            norm += work[i, k] * work[i, k]
        norm = math.sqrt(norm)
        if norm == 0.0:
            continue
        head = work[k, k] + (norm if work[k, k] >= 0.0 else -norm)
        for j in range(k + 1, p + 1):
            dot = head * work[k, j]
            for i in range(k + 1, m):
                dot += work[i, k] * work[i, j]
            dot /= norm * abs(head)
            work[k, j] -= dot * head
            for i in range(k + 1, m):
                work[i, j] -= dot * work[i, k]
        work[k, k] = -norm if head > 0.0 else norm
    for k in range(p - 1, -1, -1):
        total = work[k, p]
        for j in range(k + 1, p):
            total -= work[k, j] * step[j]
        step[k] = total / work[k, k] if work[k, k] != 0.0 else 0.0
