"""Present cost of kit and its operation, and what it comes to per person, Mbit/s or GB.

Source: models.md J, discounted cash flows. Rates and prices are both nominal or both real.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar


@scalar
def annuity_factor(rate: float, n_year: float) -> float:
    """Present value of one a year, paid at the end of each of `n_year` years."""
    return n_year if rate == 0.0 else -math.expm1(-n_year * math.log1p(rate)) / rate


@scalar
def _discount(rate: float, year: float) -> float:
    """Present value of one after `year` years."""
    return math.exp(-year * math.log1p(rate))


@scalar
def capital_recovery_factor(rate: float, n_year: float) -> float:
    """Payment at the end of each of `n_year` years whose present value is one."""
    return 1.0 / annuity_factor(rate, n_year)


@scalar
def present_cost(
    capex: float,
    opex_per_year: float,
    rate: float,
    n_year: float,
    opex_at_start: bool,
    residual: float,
) -> float:
    """Present value of an investment now and of its operation.

    Parameters
    ----------
    capex : float
        Paid now; of kit that is replaced, its `replaced_capex`.
    opex_per_year : float
    rate : float
        Of discount, a year, above -1.
    n_year : float
        Horizon.
    opex_at_start : bool
        Each year's operation is paid at the start of the year, else at its end.
    residual : float
        What the kit is worth at the end of the horizon.
    """
    running = opex_per_year * annuity_factor(rate, n_year)
    if opex_at_start:
        running *= 1.0 + rate
    return capex + running - residual * _discount(rate, n_year)


@scalar
def replaced_capex(
    capex: float, rate: float, life_year: float, n_year: float, yearly_fall: float
) -> float:
    """Present value of kit bought now, and again whenever its life ends within the horizon.

    Parameters
    ----------
    capex : float
        Price now.
    rate : float
    life_year : float
        Above zero.
    n_year : float
        Horizon; nothing is bought at its end.
    yearly_fall : float
        Share that the price loses in a year, below 1.
    """
    total = 0.0
    for k in range(math.ceil(n_year / life_year)):
        year = k * life_year
        total += eroded_price(capex, yearly_fall, year) * _discount(rate, year)
    return total


@scalar
def eroded_price(price: float, yearly_fall: float, n_year: float) -> float:
    """Price after `n_year` years, each of which takes off the same share, below 1."""
    return price * math.exp(n_year * math.log1p(-yearly_fall))


@scalar
def equivalent_annual_cost(cost: float, rate: float, n_year: float) -> float:
    """Present cost as a payment at the end of each year; over a year's GB it is cost per GB."""
    return cost * capital_recovery_factor(rate, n_year)


@kernel
def cost_per_unit(
    cost: NDArray[np.float64], gain: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cost per person newly covered, or per Mbit/s relieved, of each tier and of all up to it.

    The second hides what the last tier costs, so that both are needed.

    Parameters
    ----------
    cost : (tier,)
        Present cost of the tier alone.
    gain : (tier,)
        What the tier adds; infinite or NaN cost where it adds nothing.

    Returns
    -------
    incremental, cumulative : (tier,)
    """
    return cost / gain, np.cumsum(cost) / np.cumsum(gain)
