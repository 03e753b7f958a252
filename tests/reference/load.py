"""Cell loads that feed on each other: models.md, section C.4."""

import math

import numpy as np

# An explicit network: power [W] per sector, gain (sector, pixel), noise [W], serving sector and
# demand [bit/s] per pixel, bandwidth [Hz] ---------------------------------------------------------


def sinr(load, power, gain, noise, serving):
    """SINR (not dB) of each pixel: p_i g_ij / (sum over k other than i of p_k g_kj rho_k + N)."""
    received = np.asarray(power)[:, None] * gain
    sector = np.arange(len(received))[:, None]
    own = sector == np.asarray(serving)
    interference = np.where(own, 0.0, received * np.asarray(load)[:, None]).sum(axis=0)
    return (received * own).sum(axis=0) / (interference + noise)


def wanted_load(load, power, gain, noise, serving, demand, bandwidth):
    """f(rho): share of time each sector needs, whatever its size.

    References
    ----------
    I. Siomina and D. Yuan, IEEE Transactions on Wireless Communications 11(6), 2012.
    """
    efficiency = np.log2(1 + sinr(load, power, gain, noise, serving))
    share = np.asarray(demand) / (bandwidth * efficiency)
    own = np.arange(len(power))[:, None] == np.asarray(serving)
    return (own * share).sum(axis=1)


def fixed_point(power, gain, noise, serving, demand, bandwidth, tolerance=1e-10):
    """Loads, and rounds taken, of min(f, 1) from no load at all, all sectors at once.

    References
    ----------
    R. D. Yates, IEEE Journal on Selected Areas in Communications 13(7), 1995.
    """
    load, change, n_round = np.zeros(len(power)), math.inf, 0
    while change >= tolerance:
        wanted = wanted_load(load, power, gain, noise, serving, demand, bandwidth)
        clipped = np.minimum(wanted, 1)
        change, load, n_round = np.abs(clipped - load).max(), clipped, n_round + 1
    return load, n_round


def asymptotic_matrix(power, gain, serving, demand, bandwidth):
    """H0: slope of f at large loads, ln 2 sum over j of d_j/B p_k g_kj / (p_i g_ij); 0 for k = i.

    References
    ----------
    netmodel modelling specification, section C.4, existence.
    """
    received = np.asarray(power)[:, None] * gain
    own = np.arange(len(received))[:, None] == np.asarray(serving)
    ratio = received / (received * own).sum(axis=0)
    h0 = math.log(2) * (own * np.asarray(demand) / bandwidth) @ ratio.T
    return h0 * (1 - np.eye(len(received)))


def spectral_radius(matrix):
    """Greatest modulus of an eigenvalue."""
    return np.abs(np.linalg.eigvals(matrix)).max()


# The mean field ----------------------------------------------------------------------------------


def hexagon_isd_m(density_per_km2):
    """ISD = sqrt(2 / (sqrt(3) lambda)) of a hexagonal lattice."""
    return 1e3 * np.sqrt(2 / (math.sqrt(3) * np.asarray(density_per_km2)))


def cell_capacity(density_per_km2, efficiency, bandwidth_mhz, mimo_gain, n_sector=3):
    """C = lambda n_sec B G SE_h [Mbit/s/km2]."""
    return density_per_km2 * n_sector * bandwidth_mhz * mimo_gain * efficiency


def mean_field_load(demand, capacity):
    """The load of one cell amid its likes: rho = min(1, D/C(rho)), by bisection.

    For a standard function D/C(rho) - rho is positive below the fixed point and negative above.

    References
    ----------
    netmodel modelling specification, section C.4, mode N version.
    """
    if demand >= capacity(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        above = demand > middle * capacity(middle)
        low, high = (middle, high) if above else (low, middle)
    return (low + high) / 2


def efficiency_lookup(isd_m, load, isd_axis_m, load_axis, table):
    """Bilinear in (log ISD, load) from a table (ISD, load), held at its edges."""

    def place(value, axis):
        axis = np.asarray(axis, dtype=float)
        value = min(max(value, axis[0]), axis[-1])
        i = min(int(np.searchsorted(axis, value, side="right")) - 1, len(axis) - 2)
        return i, (value - axis[i]) / (axis[i + 1] - axis[i])

    i, u = place(math.log(isd_m), np.log(isd_axis_m))
    j, v = place(load, load_axis)
    t = np.asarray(table)
    return (
        (1 - u) * (1 - v) * t[i, j]
        + (1 - u) * v * t[i, j + 1]
        + u * (1 - v) * t[i + 1, j]
        + u * v * t[i + 1, j + 1]
    )


def environment_load(load, area_km2):
    """Mean of the loads of the 3 x 3 cells around each, by area, over those that have one."""
    result = np.full(load.shape, np.nan)
    for row, column in np.ndindex(load.shape):
        around = (
            slice(max(row - 1, 0), row + 2),
            slice(max(column - 1, 0), column + 2),
        )
        known = ~np.isnan(load[around])
        if known.any():
            area = area_km2[around][known]
            result[row, column] = math.fsum(area * load[around][known]) / math.fsum(area)
    return result


def mean_field_grid(demand, density_per_km2, area_km2, capacity, tolerance=1e-13):
    """Load of every cell whose interferers are used to the mean of the 3 x 3 cells around it.

    `demand` is per km2, and capacity(density, environment load) the rate per km2 of one cell. All
    cells move at once, from no load at all. A cell without site or of unknown demand has no load
    (NaN) and stays out of the mean.

    References
    ----------
    netmodel modelling specification, section C.4, mode N version.
    """
    has_load = (density_per_km2 > 0) & ~np.isnan(demand)
    load, change = np.where(has_load, 0.0, np.nan), math.inf
    while change > tolerance:
        around, moved = environment_load(load, area_km2), load.copy()
        for cell in zip(*np.nonzero(has_load), strict=True):
            can = capacity(density_per_km2[cell], around[cell])
            moved[cell] = min(1.0, demand[cell] / can)
        change = np.abs(moved - load)[has_load].max(initial=0.0)
        load = moved
    return load
