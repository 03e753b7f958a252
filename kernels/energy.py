"""Power and energy of sites under load.

Source: models.md J: a site's power is linear in its load (E. Auer and others, IEEE Wireless
Communications 18 (2011) 5), so that the mean load suffices as long as nothing sleeps.
"""

from netmodel.kernels._jit import scalar

HOURS_PER_YEAR = 8760.0


@scalar
def site_power_w(
    load: float, n_sector: float, idle_w: float, full_w: float, fixed_w: float, overhead: float
) -> float:
    """Power that a site draws [W].

    Parameters
    ----------
    load : float
        Mean load of its sectors, 0 to 1.
    n_sector : float
    idle_w, full_w : float
        Of a sector's radio at loads 0 and 1.
    fixed_w : float
        Of the baseband unit.
    overhead : float
        Factor for cooling and rectifiers.
    """
    return overhead * (n_sector * (idle_w + load * (full_w - idle_w)) + fixed_w)
