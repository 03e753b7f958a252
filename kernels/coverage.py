"""Probability that a link works, over the states of its line of sight and over its servers.

Source: models.md B.5. Two log-normal states are mixed as probabilities, never in decibels.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.hexagon import (
    Layout,
    lattice_points,
    lattice_sites,
    link_losses,
    link_losses_at,
)
from netmodel.kernels.link_curve import HATA_SUBURBAN, HATA_UP_TO_GHZ, RANGE_M
from netmodel.kernels.normal import normal_cdf
from netmodel.kernels.propagation import extended_hata_loss_db, extended_hata_sigma_db

Float = NDArray[np.float64]
Pair = tuple[float, float]

SITE_CORRELATION = 0.5  # of shadowing between sites
NODE, _WEIGHT = np.polynomial.hermite_e.hermegauss(16)
WEIGHT = _WEIGHT / _WEIGHT.sum()
_N_SERVER = 3
_POINTS = 20  # along an inter-site distance: within 1e-3 of 50 (tested)


@scalar
def mixture_coverage(
    max_loss_db: float, losses: tuple[float, float, float], sigma_db: Pair
) -> float:
    """Probability that the loss stays within `max_loss_db`.

    `losses` is loss with and without line of sight [dB] and its probability; `sigma_db` the
    standard deviations of shadowing in both states.
    """
    los = normal_cdf((max_loss_db - losses[0]) / sigma_db[0])
    nlos = normal_cdf((max_loss_db - losses[1]) / sigma_db[1])
    return losses[2] * los + (1.0 - losses[2]) * nlos


@kernel
def multi_server_coverage(
    max_loss_db: float, losses: Float, sigma_db: Pair, correlation: float
) -> float:
    """Probability that at least one of several sites is within `max_loss_db`.

    The part of shadowing that sites share is integrated over by 16 Gauss-Hermite nodes.

    Parameters
    ----------
    max_loss_db : float
    losses : (site, 3)
        Loss with and without line of sight [dB] and its probability.
    sigma_db : (float, float)
        Of shadowing, with and without line of sight.
    correlation : float
        Of shadowing between sites, below 1.
    """
    shared, own = math.sqrt(correlation), math.sqrt(1.0 - correlation)
    missed = 0.0
    for q in range(NODE.size):
        none = WEIGHT[q]
        for site in range(losses.shape[0]):
            miss = 0.0
            for state in range(2):
                p = losses[site, 2] if state == 0 else 1.0 - losses[site, 2]
                margin = (max_loss_db - losses[site, state]) / sigma_db[state]
                miss += p * normal_cdf((shared * NODE[q] - margin) / own)
            none *= miss
        missed += none
    return float(1.0 - missed)


def hexagon_coverage(layout: Layout, max_loss_db: float, sigma_db: Pair) -> float:
    """Mean probability over the points of the middle cell of a lattice, from three sites."""
    points, sites = lattice_points(layout.isd_m, _POINTS), lattice_sites(layout.isd_m)
    offset = points[:, np.newaxis] - sites
    nearest = np.sort(np.hypot(offset[..., 0], offset[..., 1]), axis=1)[:, :_N_SERVER]
    losses = link_losses_at(nearest.ravel(), layout).reshape((*nearest.shape, 3))
    return _mean_multi_server(max_loss_db, losses, sigma_db)


@kernel
def _mean_multi_server(max_loss_db: float, losses: Float, sigma_db: Pair) -> float:
    """Mean of `multi_server_coverage` over the points of losses (point, site, 3)."""
    total = 0.0
    for k in range(losses.shape[0]):
        total += multi_server_coverage(max_loss_db, losses[k], sigma_db, SITE_CORRELATION)
    return float(total / losses.shape[0])


def ring_coverage(
    layout: Layout, max_loss_db: float, sigma_db: Pair, distance_m: Float, side_m: float
) -> Float:
    """Mean probability over a square cell whose center is at a distance from a site.

    Beyond the 5 km of TR 38.901 by extended Hata (suburban) up to 3 GHz, and zero above.

    Parameters
    ----------
    distance_m : (point,)
        Increasing. The result never rises along it, not even from one model to the next.
    side_m : float
        Side of the cell, averaged over midpoints 100 m apart (models.md A.6).
    """
    m = min(max(math.ceil(side_m / 100.0), 1), 20)
    middle = ((np.arange(m) + 0.5) / m - 0.5) * side_m
    apart = np.hypot((distance_m[:, np.newaxis] + middle)[:, np.newaxis], middle[:, np.newaxis])
    within = apart <= RANGE_M
    out = np.zeros(apart.shape)
    losses = link_losses_at(apart[within], layout)
    out[within] = _mixtures(max_loss_db, losses, sigma_db)
    if layout.frequency_ghz <= HATA_UP_TO_GHZ:
        out[~within] = _hata_coverage(apart[~within], layout, max_loss_db, sigma_db[1])
    return np.minimum.accumulate(out.mean(axis=(1, 2)))


@kernel
def _mixtures(max_loss_db: float, losses: Float, sigma_db: Pair) -> Float:
    """`mixture_coverage` of losses (point, 3)."""
    out = np.empty(losses.shape[0])
    for k in range(out.size):
        one = (losses[k, 0], losses[k, 1], losses[k, 2])
        out[k] = mixture_coverage(max_loss_db, one, sigma_db)
    return out


@kernel
def _hata_coverage(
    distance_m: Float, layout: Layout, max_loss_db: float, least_sigma_db: float
) -> Float:
    """Probability by extended Hata; its shadowing spreads at least as the nearer model's."""
    out = np.empty(distance_m.size)
    for k in range(out.size):
        km = distance_m[k] / 1000.0
        loss = extended_hata_loss_db(
            km, layout.frequency_ghz * 1e3, layout.h_bs_m, layout.h_ut_m, HATA_SUBURBAN
        )
        sigma = max(extended_hata_sigma_db(km, True), least_sigma_db)
        out[k] = normal_cdf((max_loss_db - loss) / sigma)
    return out


@scalar
def pixel_gain_loss_db(dx_m: float, dy_m: float, side_m: float, m: int, layout: Layout) -> float:
    """Loss of the mean linear gain over a square pixel, for interference and energy.

    Mean over m x m midpoints and both states of the line of sight; `dx_m` and `dy_m` lead from
    the site to the pixel's center (models.md A.6).
    """
    gain = 0.0
    for r in range(m):
        for c in range(m):
            dx = dx_m + ((c + 0.5) / m - 0.5) * side_m
            d = max(math.hypot(dx, dy_m + ((r + 0.5) / m - 0.5) * side_m), 10.0)
            los, nlos, p_los = link_losses(d, layout)
            gain += p_los * 10.0 ** (-los / 10.0) + (1.0 - p_los) * 10.0 ** (-nlos / 10.0)
    return -10.0 * math.log10(gain / (m * m))


@scalar
def reach_m(max_loss_db: float, layout: Layout, state: int) -> tuple[float, bool]:
    """Ground distance up to which a state's loss stays within a limit, and whether it is known.

    State 0 is with line of sight, 1 without. Between 10 m and the 5 km of the tables by
    bisection; the end of the range, and false, where the limit lies beyond it (models.md A.7).
    """
    low, high = 10.0, RANGE_M
    if link_losses(high, layout)[state] <= max_loss_db:
        return high, False
    if link_losses(low, layout)[state] > max_loss_db:
        return low, False
    while high - low > 1e-9 * high:
        middle = 0.5 * (low + high)
        if link_losses(middle, layout)[state] <= max_loss_db:
            low = middle
        else:
            high = middle
    return low, True
