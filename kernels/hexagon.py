"""A network of 19 sites with three sectors on a hexagonal lattice, seen from its middle cell.

Source: TR 36.942 A.1 and TR 38.901 7.8 for the lay-out; models.md C.1, C.4 and oracles C25-C30
for the set-up: two rings, boresights 30 degrees off the neighbors, sector antennas of 17 dBi,
feeder loss 2 dB, points on a mid-point grid of a fiftieth of the inter-site distance.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.antenna import sector_gain_dbi
from netmodel.kernels.draws import hash_uniform
from netmodel.kernels.propagation import (
    BUILDING_HEIGHT_M,
    STREET_WIDTH_M,
    Link,
    tr38901_state_losses,
)
from netmodel.kernels.uplink import PowerControl, uplink_sinrs_db

Float = NDArray[np.float64]

_POINTS = 50  # along an inter-site distance


class Layout(NamedTuple):
    """A lattice and its radio.

    `model` is UMA or RMA of `propagation`; `element_dbm` the power of a resource element at the
    antenna's foot, feeder taken off.
    """

    isd_m: float
    frequency_ghz: float
    h_bs_m: float
    h_ut_m: float
    tilt_deg: float
    gain_dbi: float
    element_dbm: float
    model: int


@scalar
def link_losses(distance_2d_m: float, layout: Layout) -> tuple[float, float, float]:
    """Loss with and without line of sight [dB], and the probability of it."""
    link = Link(
        layout.frequency_ghz, layout.h_bs_m, layout.h_ut_m, STREET_WIDTH_M, BUILDING_HEIGHT_M
    )
    return tr38901_state_losses(distance_2d_m, link, layout.model)


@kernel
def lattice_sites(isd_m: float) -> Float:
    """The 19 sites (site, 2) [m], the middle one first."""
    out = np.zeros((19, 2))
    n = 1
    for i in range(-2, 3):
        for j in range(-2, 3):
            if abs(i + j) <= 2 and (i != 0 or j != 0):
                out[n, 0] = isd_m * (i + 0.5 * j)
                out[n, 1] = isd_m * math.sqrt(3.0) / 2.0 * j
                n += 1
    return out


@kernel
def lattice_points(isd_m: float, per_isd: int) -> Float:
    """Points (point, 2) of a mid-point grid that are nearest to the middle site [m]."""
    sites = lattice_sites(isd_m)
    step = isd_m / per_isd
    half = per_isd * 3 // 5
    found = np.empty((4 * half * half, 2))
    n = 0
    for r in range(-half, half):
        for c in range(-half, half):
            x, y = (c + 0.5) * step, (r + 0.5) * step
            own = x * x + y * y
            nearest = True
            for s in range(1, sites.shape[0]):
                nearest &= own <= (x - sites[s, 0]) ** 2 + (y - sites[s, 1]) ** 2
            if nearest:
                found[n, 0], found[n, 1] = x, y
                n += 1
    return found[:n]


@kernel
def link_losses_at(distance_2d_m: Float, layout: Layout) -> Float:
    """`link_losses` (point, 3) of many distances, those under 10 m counting as 10 m.

    Callers hold the result instead of calling the formulas, which would be compiled again into
    each of them.
    """
    out = np.empty((distance_2d_m.size, 3))
    for k in range(distance_2d_m.size):
        los, nlos, p_los = link_losses(max(distance_2d_m[k], 10.0), layout)
        out[k, 0], out[k, 1], out[k, 2] = los, nlos, p_los
    return out


def link_powers(layout: Layout) -> tuple[Float, Float, Float]:
    """Power per resource element of every sector at every point of the middle cell.

    Returns
    -------
    los_mw, nlos_mw : (point, sector)
    p_los : (point, sector)
        Probability of line of sight.
    """
    points, sites = lattice_points(layout.isd_m, _POINTS), lattice_sites(layout.isd_m)
    offset = points[:, np.newaxis] - sites
    distance = np.hypot(offset[..., 0], offset[..., 1])
    losses = link_losses_at(distance.ravel(), layout).reshape((*distance.shape, 3))
    gain = sector_gains(offset, layout)
    los, nlos = (
        10.0 ** ((layout.element_dbm + gain - losses[..., state, np.newaxis]) / 10.0)
        for state in range(2)
    )
    n = points.shape[0]
    return los.reshape(n, -1), nlos.reshape(n, -1), np.repeat(losses[..., 2], 3, axis=1)


@kernel
def sector_gains(offset_m: Float, layout: Layout) -> Float:
    """Gain (point, site, sector) toward points at offsets from sites [dBi]."""
    n, n_site = offset_m.shape[:2]
    out = np.empty((n, n_site, 3))
    for k in range(n):
        for s in range(n_site):
            dx, dy = offset_m[k, s, 0], offset_m[k, s, 1]
            azimuth = math.degrees(math.atan2(dy, dx))
            drop = (layout.h_bs_m - layout.h_ut_m) / max(math.hypot(dx, dy), 10.0)
            depression = math.degrees(math.atan(drop))
            for b in range(3):
                out[k, s, b] = sector_gain_dbi(
                    azimuth - (30.0 + 120.0 * b), depression, layout.tilt_deg, layout.gain_dbi
                )
    return out


@kernel
def drawn_powers(los_mw: Float, nlos_mw: Float, p_los: Float, n_draw: int) -> tuple[Float, Float]:
    """Power of the server and of all others at every point, lines of sight being drawn [mW].

    A site is in sight of a point or not, with all its sectors; the server has the greatest
    power of the draw. Draws are a hash of point, site and draw, so that every load and band
    sees the same.

    Returns
    -------
    server, others : (draw x point,)
    """
    n, n_sector = los_mw.shape
    server, others = np.zeros(n_draw * n), np.zeros(n_draw * n)
    for draw in range(n_draw):
        for k in range(n):
            total, best = 0.0, 0.0
            for site in range(n_sector // 3):
                in_sight = hash_uniform(draw, k, site) < p_los[k, 3 * site]
                for s in range(3 * site, 3 * site + 3):
                    power = los_mw[k, s] if in_sight else nlos_mw[k, s]
                    total += power
                    best = max(best, power)
            server[draw * n + k] = best
            others[draw * n + k] = total - best
    return server, others


@kernel
def sinr_db(server: Float, others: Float, load: float, noise_mw: float) -> Float:
    """SINR where the others transmit for `load` of the time [dB].

    Parameters
    ----------
    server, others : (sample,)
        Powers [mW].
    """
    out = np.empty(server.size)
    for k in range(server.size):
        out[k] = 10.0 * math.log10(server[k] / (load * others[k] + noise_mw))
    return out


def uplink_sinr(
    layout: Layout,
    control: PowerControl,
    gain_db: float,
    n_rb: float,
    block_noise_dbm: float,
    rise_db: float,
) -> tuple[Float, Float]:
    """SINR at the middle site of terminals at the points of its cell, and their weights [dB].

    Parameters
    ----------
    layout : Layout
    control : PowerControl
    gain_db, n_rb : float
        Gains less losses, resource blocks scheduled.
    block_noise_dbm, rise_db : float
        Noise of a block, and the rise of interference over it.

    Returns
    -------
    sinr_db, weight : (2 point,)
        With line of sight first.
    """
    points = lattice_points(layout.isd_m, _POINTS)
    losses = link_losses_at(np.hypot(points[:, 0], points[:, 1]), layout)
    loss = np.concatenate([losses[:, 0], losses[:, 1]])
    weight = np.concatenate([losses[:, 2], 1.0 - losses[:, 2]])
    sinr = uplink_sinrs_db(loss - gain_db, gain_db, n_rb, block_noise_dbm, rise_db, control)
    return sinr, weight
