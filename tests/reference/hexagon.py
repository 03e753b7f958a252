"""A hexagonal layout of 19 sites with 3 sectors each: models.md, sections B.2-B.3 and C.4.

Places are complex numbers in metres, the centre site at 0. Every step is a whole matrix of
(point, site) or (point, site, sector).
"""

import math
from typing import NamedTuple

import numpy as np

from tests.reference import antenna, coverage, propagation, rate


class Radio(NamedTuple):
    """What all sectors and terminals share; the defaults are those of oracle C25."""

    frequency_ghz: float = 3.5
    h_bs_m: float = 25.0
    h_ut_m: float = 1.5
    power_dbm: float = 53.0
    n_rb: int = 273
    scs_hz: float = 30e3
    gain_dbi: float = 17.0
    fixed_loss_db: float = 2.0
    noise_figure_db: float = 9.0


class Model(NamedTuple):
    """Losses in both states over (distance, f, h_bs, h_ut), line of sight over (distance, h_ut)."""

    los_loss_db: object
    nlos_loss_db: object
    los_probability: object


class Links(NamedTuple):
    """Received power per resource element [mW] of (point, site, sector), by state of the site."""

    los: np.ndarray
    nlos: np.ndarray
    los_probability: np.ndarray
    noise: float


UMA = Model(
    propagation.uma_los_loss_db, propagation.uma_nlos_loss_db, propagation.uma_los_probability
)
RMA = Model(
    propagation.rma_los_loss_db,
    propagation.rma_nlos_loss_db,
    lambda distance_m, h_ut_m: propagation.rma_los_probability(distance_m),
)

# Off the direction to the neighbours, which lie at 0, 60, ... degrees.
BORESIGHT_DEG = np.array([30.0, 150.0, 270.0])


def sites_m(isd_m):
    """The centre site first, then two rings."""
    i, j = np.indices((5, 5)).reshape(2, -1) - 2
    lattice = (i + j * np.exp(1j * math.pi / 3))[np.abs(i + j) <= 2]
    return isd_m * lattice[np.argsort(np.abs(lattice), kind="stable")]


def points_m(isd_m, step_m):
    """Midpoints of a square grid of the given step to which no site is nearer than the centre."""
    half = math.ceil(isd_m / step_m)
    axis = (np.arange(-half, half) + 0.5) * step_m
    grid = (axis[None, :] + 1j * axis[:, None]).ravel()
    return grid[np.argmin(np.abs(grid[:, None] - sites_m(isd_m)), axis=1) == 0]


def gains_dbi(points, sites, tilt_deg, radio):
    """Antenna gain of (point, site, sector)."""
    leg = points[:, None] - sites
    azimuth = np.angle(leg, deg=True)[..., None] - BORESIGHT_DEG
    drop = radio.h_bs_m - radio.h_ut_m
    depression = np.degrees(np.arctan(drop / propagation.held_distance_m(np.abs(leg))))
    return antenna.sector_gain_dbi(azimuth, depression[..., None], tilt_deg, radio.gain_dbi)


def links(isd_m, step_m, tilt_deg, model=UMA, radio=None):
    """All links of the points of the centre site."""
    radio = radio or Radio()
    points, sites = points_m(isd_m, step_m), sites_m(isd_m)
    distance = np.abs(points[:, None] - sites)
    gain = gains_dbi(points, sites, tilt_deg, radio)
    at = (distance, radio.frequency_ghz, radio.h_bs_m, radio.h_ut_m)
    los, nlos = (
        coverage.rsrp_dbm(radio.power_dbm, radio.n_rb, gain, radio.fixed_loss_db, loss[..., None])
        for loss in (model.los_loss_db(*at), model.nlos_loss_db(*at))
    )
    noise = coverage.noise_dbm(radio.scs_hz, radio.noise_figure_db)
    probability = model.los_probability(distance, radio.h_ut_m)
    mw = coverage.milliwatt
    return Links(mw(los), mw(nlos), probability, mw(noise))


# One state ---------------------------------------------------------------------------------------


def sinr_db(power, noise, load):
    """SINR of each point in the best of all sectors, every other one being used to `load`.

    References
    ----------
    netmodel modelling specification, section B.3; sectors of the serving site interfere too.
    """
    by_sector = power.reshape(len(power), -1)
    best = by_sector.max(axis=1)
    return coverage.decibel(best / (load * (by_sector.sum(axis=1) - best) + noise))


# A mixture of both states ------------------------------------------------------------------------


def mean_power(link):
    """Mean linear power of (point, site, sector) over the states."""
    p = link.los_probability[..., None]
    return p * link.los + (1 - p) * link.nlos


def _power_of_others(link):
    """Mean power of all sectors but one: (point, site), the one being the site's best sector."""
    mean = mean_power(link)
    return mean.sum(axis=(1, 2))[:, None] - mean.max(axis=2)


def _drawn(link, uniform):
    """Power of (point, site, draw): of the site's best sector, and of all its sectors."""
    is_los = uniform < link.los_probability[..., None]

    def power(combine):
        return np.where(is_los, combine(link.los)[..., None], combine(link.nlos)[..., None])

    return power(lambda x: x.max(axis=2)), power(lambda x: x.sum(axis=2))


def drawn_sinr_db(link, load, uniform, interferers="mean"):
    """SINR of (point, draw): the state of every site is drawn, and the strongest sector serves.

    A site is in line of sight where its number in `uniform` (point, site, draw) lies below the
    probability. All other sectors interfere by their mean power or, with interferers="drawn", by
    the power of the state that was drawn for their site.

    References
    ----------
    netmodel modelling specification, section C.4, mode N version: serving link per state,
    interferers by mean gain.
    """
    best, whole = _drawn(link, uniform)
    server = best.argmax(axis=1)
    signal = best.max(axis=1)
    if interferers == "drawn":
        others = whole.sum(axis=1) - signal
    else:
        others = np.take_along_axis(_power_of_others(link), server, axis=1)
    return coverage.decibel(signal / (load * others + link.noise))


def _probability_not_to_beat(link, signal):
    """(point, 2 sites, site): that a site's best sector has less power than each candidate.

    Of two of equal power the site of lower index is the stronger.
    """
    n_site = link.los.shape[1]
    later = np.arange(n_site) > np.tile(np.arange(n_site), 2)[:, None]

    def is_below(power):
        other, own = power.max(axis=2)[:, None, :], signal[:, :, None]
        return (other < own) | (other == own) & later

    p = link.los_probability[:, None, :]
    return p * is_below(link.los) + (1 - p) * is_below(link.nlos)


def stated_sinr_db(link, load):
    """SINR and probability of (point, 2 sites): each site serving in LOS, then each in NLOS.

    What `drawn_sinr_db` tends to: a site serves in a state when it is in that state and no other
    site is in one of more power.
    """
    signal = np.concatenate([link.los.max(axis=2), link.nlos.max(axis=2)], axis=1)
    itself = np.tile(np.eye(link.los.shape[1], dtype=bool), (2, 1))
    probability = np.where(itself, 1.0, _probability_not_to_beat(link, signal)).prod(axis=2)
    probability *= np.concatenate([link.los_probability, 1 - link.los_probability], axis=1)
    others = np.tile(_power_of_others(link), (1, 2))
    return coverage.decibel(signal / (load * others + link.noise)), probability


# Summary -----------------------------------------------------------------------------------------


def efficiency_summary(sinr, weight=None, efficiency=rate.chain_a_efficiency, sinr_min_db=-10.0):
    """Mean and harmonic efficiency where SINR suffices, and the share where it does not.

    References
    ----------
    netmodel modelling specification, section C.4, mode N version.
    """
    sinr = np.ravel(sinr)
    weight = np.ones_like(sinr) if weight is None else np.ravel(weight)
    served = (sinr >= sinr_min_db) & (weight > 0)
    se, w = efficiency(sinr[served]), weight[served]
    return (w @ se) / w.sum(), rate.harmonic_mean(se, w), 1 - w.sum() / weight.sum()
