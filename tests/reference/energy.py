"""Annuities, present cost, power and energy of sites: models.md, section J."""

import numpy as np

HOURS_PER_YEAR = 8760
DAYS_PER_YEAR = 365
JOULE_PER_KWH = 3.6e6


def discount(rate, year):
    """Present value of one paid at the end of a year."""
    return (1 + rate) ** -np.asarray(year, dtype=float)


def annuity_factor(rate, n_year):
    """Present value of one paid at the end of each of n years, summed term by term.

    References
    ----------
    netmodel modelling specification, section J: (1 - (1+r)^-n)/r.
    """
    return discount(rate, np.arange(1, n_year + 1)).sum()


def capital_recovery_factor(rate, n_year):
    """Yearly payment whose present value is one."""
    return 1 / annuity_factor(rate, n_year)


def npv_cost(capex, opex_per_year, rate, n_year, opex_at_start=False, residual=0.0):
    """Present cost of one investment and its operation, less a residual at the end."""
    year = np.arange(n_year) + (0 if opex_at_start else 1)
    running = (opex_per_year * discount(rate, year)).sum()
    return capex + running - residual * discount(rate, n_year)


def equivalent_annual_cost(present_cost, rate, n_year):
    """The same cost as a yearly payment."""
    return present_cost * capital_recovery_factor(rate, n_year)


def replaced_capex(capex, rate, life_years, n_year):
    """Present cost of equipment that is bought anew whenever its life ends inside the horizon."""
    bought = np.arange(0, n_year, life_years)
    return (capex * discount(rate, bought)).sum()


def eroded_price(price, yearly_fall, n_year):
    """Price after n years that each take off the same share."""
    return price * (1 - yearly_fall) ** n_year


def cost_per_person(cost, people):
    """Cost of each tier per person it adds, and of all tiers together."""
    cost, people = np.asarray(cost, dtype=float), np.asarray(people, dtype=float)
    return cost / people, cost.sum() / people.sum()


def site_power_w(
    load,
    idle_w=600.0,
    full_w=1050.0,
    baseband_w=300.0,
    n_sector=3,
    site_factor=1.3,
):
    """Power that a site takes from the grid at a load of its sectors.

    References
    ----------
    netmodel modelling specification, section J, site power.
    """
    unit = idle_w + np.asarray(load) * (full_w - idle_w)
    return site_factor * (n_sector * unit + baseband_w)


def yearly_kwh(power_w, hours_per_day=24.0):
    """Energy of a year of 365 days in which the power is drawn for some hours a day."""
    return power_w * hours_per_day * DAYS_PER_YEAR / 1e3


def yearly_kwh_with_sleep(load, sleep_hours, sleep_w=150.0, **unit):
    """Energy of a year whose sectors sleep without load for some hours a day."""
    awake = yearly_kwh(site_power_w(load, **unit), 24 - sleep_hours)
    asleep = site_power_w(0.0, **{**unit, "idle_w": sleep_w})
    return awake + yearly_kwh(asleep, sleep_hours)


def bits_per_joule(bits_per_year, kwh_per_year):
    """Energy efficiency.

    References
    ----------
    ETSI ES 203 228, mobile network data energy efficiency.
    """
    return bits_per_year / (kwh_per_year * JOULE_PER_KWH)
