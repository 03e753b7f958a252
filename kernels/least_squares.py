"""Levenberg-Marquardt with box bounds and Gaussian priors, for problems of a few parameters.

Each step solves the damped problem by Householder's QR of the stacked rows, which squares no
condition number (J. More 1978, The Levenberg-Marquardt algorithm).
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

Float = NDArray[np.float64]
Bool = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., Any])
Evaluate = Callable[[int, Float, Float, Float, Float, Float], Any]
Minimise = Callable[[int, Float, Float, Float, Float, Float], float]

_MAX_STEPS = 2000
_SAME = 1e-14  # of the cost, below which a reduction is rounding
_STILL = 1e-11  # of a parameter, below which a step is none
_STIFF = 1e15  # damping beyond which no step gains anything


def minimiser(evaluate: Evaluate, *, compiled: bool = True, same: float = _SAME) -> Minimise:
    """A function that finds the least sum of squares of a model from a start.

    It is compiled into its callers and kept with them: Numba keeps no function on disk that
    takes another as an argument.

    Parameters
    ----------
    evaluate : function
        `evaluate(model, time, value, theta, residual, jacobian)` fills residual (n,) and
        jacobian (n, p).
    compiled : bool
        False for a plain Python function to `evaluate`.
    same : float
        Share of the cost below which a gain is none; parameters are good to its root.

    Returns
    -------
    function
        `minimise(model, time, value, theta, prior, bounds)`: the least sum of squared residuals
        and of weighted distances from the prior. `model` is handed to `evaluate`; `theta` (p,)
        is where to begin, inside the bounds, and the best parameters on return; `prior` (2, p)
        has means and weights (standard deviation of a residual over that of the parameter),
        `bounds` (2, p) the least and greatest parameters.
    """
    jit: Callable[[F], F] = _compile if compiled else _as_it_is

    @jit
    def cost_at(
        model: int,
        time: Float,
        value: Float,
        theta: Float,
        prior: Float,
        residual: Float,
        jacobian: Float,
    ) -> float:
        n, p = value.size, theta.size
        evaluate(model, time, value, theta, residual[:n], jacobian[:n])
        for k in range(p):
            residual[n + k] = prior[1, k] * (theta[k] - prior[0, k])
            jacobian[n + k, k] = prior[1, k]
        total = 0.0
        for r in residual:
            total += r * r
        return total

    @jit
    def minimise(
        model: int, time: Float, value: Float, theta: Float, prior: Float, bounds: Float
    ) -> float:
        n, p = value.size, theta.size
        residual, trial_residual = np.empty(n + p), np.empty(n + p)
        jacobian, trial_jacobian = np.zeros((n + p, p)), np.zeros((n + p, p))
        work, scale = np.empty((n + 2 * p, p + 1)), np.zeros(p)
        trial, step, stopped = np.empty(p), np.empty(p), np.zeros(p, dtype=np.bool_)
        cost = cost_at(model, time, value, theta, prior, residual, jacobian)
        damping = 1e-3
        for _ in range(_MAX_STEPS):
            stopped[:] = False
            more = True
            while more:  # the others know of those that a bound stops
                _fill(residual, jacobian, theta, bounds, damping, scale, stopped, trial, work)
                _solve(work, step)
                more = _stop(theta, step, bounds, stopped, trial)
            moved = _move(theta, step, trial)
            promised = cost - _linear_cost(residual, jacobian, step)
            new = cost_at(model, time, value, trial, prior, trial_residual, trial_jacobian)
            small = (abs(promised) <= same * cost or moved <= _STILL) and not stopped.any()
            if new < cost:
                gained = cost - new
                theta[:] = trial
                residual, trial_residual = trial_residual, residual
                jacobian, trial_jacobian = trial_jacobian, jacobian
                cost = new
                damping *= _factor(gained, promised)
                if small and (moved <= _STILL or gained <= same * cost):
                    break
            else:  # also where the trial's cost is no number
                if small or damping > _STIFF:
                    break
                damping *= 8.0
        return cost

    return minimise


def _compile(function: F) -> F:
    return cast(F, numba.njit(error_model="numpy", nogil=True)(function))


def _as_it_is(function: F) -> F:
    return function


@kernel
def _factor(gained: float, promised: float) -> float:
    """What becomes of the damping after a step, by how well the linear model foresaw it."""
    if gained > 0.75 * promised:
        return 0.1
    return 1.0 if gained > 0.25 * promised else 4.0


@kernel
def _stop(theta: Float, step: Float, bounds: Float, stopped: Bool, trial: Float) -> bool:
    """Take a step as far as the bounds let it; whether they stop parameters anew."""
    more = False
    for k in range(theta.size):
        if not stopped[k]:
            wanted = theta[k] + step[k]
            trial[k] = min(max(wanted, bounds[0, k]), bounds[1, k])
            if trial[k] != wanted:
                stopped[k] = more = True
    return more


@kernel
def _move(theta: Float, step: Float, trial: Float) -> float:
    """The step as it was taken; the greatest relative change."""
    moved = 0.0
    for k in range(theta.size):
        step[k] = trial[k] - theta[k]
        moved = max(moved, abs(step[k]) / (abs(theta[k]) + 1e-12))
    return moved


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
    stopped: Bool,
    trial: Float,
    work: Float,
) -> None:
    """The stacked rows [J, -r] and [sqrt(damping) D, 0]; parameters held by a bound have no J.

    Those that a bound stops go there: their part of J is taken to the right.
    """
    n, p = jacobian.shape
    work[n:] = 0.0
    for i in range(n):
        work[i, p] = -residual[i]
    for k in range(p):
        gradient, norm = 0.0, 0.0
        for i in range(n):
            gradient += jacobian[i, k] * residual[i]
            norm += jacobian[i, k] * jacobian[i, k]
        hair = 1e-13 * (1.0 + abs(theta[k]))
        held = (theta[k] <= bounds[0, k] + hair and gradient > 0.0) or (
            theta[k] >= bounds[1, k] - hair and gradient < 0.0
        )
        if stopped[k]:
            for i in range(n):
                work[i, p] -= jacobian[i, k] * (trial[k] - theta[k])
        for i in range(n):
            work[i, k] = 0.0 if held or stopped[k] else jacobian[i, k]
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
