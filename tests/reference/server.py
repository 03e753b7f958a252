"""Explicit sectors at explicit points by brute force: models.md, sections A.2-A.3 and B.1-B.5.

Places are in meters on a plane, x east and y north; azimuths count clockwise from north, tilts and
depressions from the horizon down. Every step is a whole matrix of (point, mast) or (point,
sector), taken in blocks of points; losses by state end in the axis (LOS, NLOS).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tests.reference import coverage, hata, propagation
from tests.reference.antenna import wrapped_deg

RANGE_38901_M = 5000.0
RANGE_BELOW_3_GHZ_M = 20_000.0
PLOS_TERMINAL_M = 1.5
N_SITE = 3
BLOCK = 250

SIGMA_DB = {"UMA": (4.0, 6.0), "RMA": (4.0, 8.0)}
INDOOR_SIGMA_DB = {"UMA": 7.0, "RMA": 8.0}
DEPTH_LOSS_DB = {
    "UMA": propagation.MEAN_INDOOR_LOSS_DB["urban"],
    "RMA": propagation.MEAN_INDOOR_LOSS_DB["rural"],
}
LOSSES = {
    "UMA": (propagation.uma_los_loss_db, propagation.uma_nlos_loss_db),
    "RMA": (propagation.rma_los_loss_db, propagation.rma_nlos_loss_db),
}
PLACES = ("outdoor", "low", "high")


class Antenna(NamedTuple):
    """A pattern of two parabolas."""

    gain_dbi: float
    hpbw_h_deg: float
    hpbw_v_deg: float
    a_h_db: float
    a_v_db: float
    a_m_db: float


SECTOR_36814 = Antenna(17.0, 70.0, 10.0, 25.0, 20.0, 25.0)
ELEMENT_38901 = Antenna(8.0, 65.0, 65.0, 30.0, 30.0, 30.0)


def omni(gain_dbi):
    """The same gain in all directions."""
    return Antenna(gain_dbi, math.inf, math.inf, 0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Masts:
    """Arrays over masts; `model` holds "UMA" or "RMA"."""

    x_m: np.ndarray
    y_m: np.ndarray
    height_m: np.ndarray
    frequency_ghz: np.ndarray
    model: np.ndarray

    def __len__(self):
        return len(self.x_m)


@dataclass(frozen=True)
class Sectors:
    """Arrays over sectors, and `antenna` (sector, field of `Antenna`).

    `element_dbm` is the power of a resource element less the feeder's loss, `limit_db` the
    greatest loss that a link of this sector allows, its antenna's gain at boresight counted in.
    """

    mast: np.ndarray
    azimuth_deg: np.ndarray
    tilt_deg: np.ndarray
    element_dbm: np.ndarray
    antenna: np.ndarray
    limit_db: np.ndarray
    load: np.ndarray

    def __len__(self):
        return len(self.mast)


class Terms(NamedTuple):
    """What is the same for all points.

    `state` is "mean", "los" or "nlos". Coverage is taken by 16 nodes of Gauss-Hermite or, with
    `is_dense`, by 2,001 of the trapezoidal rule.
    """

    noise_mw: float = 1e-12
    h_ut_m: float = 1.5
    within_db: float = 6.0
    state: str = "mean"
    correlation: float = 0.5
    is_dense: bool = False


class Links(NamedTuple):
    """(point, mast): ground distance, loss by state, probability of LOS, whether Hata holds.

    Where Hata holds both states have the same loss and the probability is 1.
    """

    distance_m: np.ndarray
    loss_db: np.ndarray
    los_probability: np.ndarray
    is_hata: np.ndarray


class Served(NamedTuple):
    """By point. Without a sector in range: -1, NaN, 0 sectors and no coverage.

    `coverage` is (point, place); see `PLACES`.
    """

    server: np.ndarray
    rsrp_dbm: np.ndarray
    second_dbm: np.ndarray
    n_close: np.ndarray
    sinr_db: np.ndarray
    coverage: np.ndarray


# Loss of (point, mast) ---------------------------------------------------------------------------


def los_probability(distance_m, model, state="mean"):
    """Probability of LOS of a terminal at 1.5 m, or the certainty asked for."""
    if state != "mean":
        return np.full(np.shape(distance_m), float(state == "los"))
    if model == "UMA":
        return propagation.uma_los_probability(distance_m, PLOS_TERMINAL_M)
    return propagation.rma_los_probability(distance_m)


def _losses_38901(distance_m, masts, terms):
    """Loss by state and probability of LOS, by the tables at any distance."""
    loss, probability = np.empty((*distance_m.shape, 2)), np.empty(distance_m.shape)
    for model in SIGMA_DB:
        own = masts.model == model
        at = (distance_m[:, own], masts.frequency_ghz[own], masts.height_m[own], terms.h_ut_m)
        loss[:, own] = np.stack([state(*at) for state in LOSSES[model]], axis=-1)
        probability[:, own] = los_probability(distance_m[:, own], model, terms.state)
    return loss, probability


def mean_loss_db(loss_db, probability):
    """Loss of the mean linear gain over the states of the last axis."""
    return propagation.mean_gain_loss_db(loss_db[..., 0], loss_db[..., 1], probability)


def suburban_hata_loss_db(distance_m, frequency_ghz, h_bs_m, h_ut_m):
    """Extended Hata, suburban, from 100 m on: a straight line in lg d at any distance.

    The line is that of 1-10 km, where alpha is one; it goes on beyond 20 km.

    References
    ----------
    netmodel modelling specification, section A.3, with alpha = 1 throughout.
    """
    f_mhz, far = frequency_ghz * 1e3, np.vectorize(hata.far_loss_db, otypes=[float])
    at_1, at_10 = (far(f_mhz, d_km, h_bs_m, h_ut_m, "suburban") for d_km in (1.0, 10.0))
    line = at_1 + (at_10 - at_1) * np.log10(distance_m / 1e3)
    slant_km = np.hypot(distance_m, h_bs_m - h_ut_m) / 1e3
    return np.maximum(line, 32.4 + 20 * np.log10(f_mhz) + 20 * np.log10(slant_km))


def _hata_loss_db(distance_m, masts, terms):
    """Extended Hata, never below the mean loss of 38.901 at the end of its range."""
    edge = np.full((1, len(masts)), RANGE_38901_M)
    least = mean_loss_db(*_losses_38901(edge, masts, terms))
    at = (masts.frequency_ghz, masts.height_m, terms.h_ut_m)
    return np.maximum(suburban_hata_loss_db(distance_m, *at), least)


def links(x_m, y_m, masts, terms):
    """All links of points and masts: 38.901 up to 5 km and above 3 GHz, Hata else."""
    distance = np.hypot(x_m[:, None] - masts.x_m, y_m[:, None] - masts.y_m)
    held = propagation.held_distance_m(distance)
    loss, probability = _losses_38901(held, masts, terms)
    is_hata = (distance > RANGE_38901_M) & (masts.frequency_ghz <= 3)
    single = _hata_loss_db(held, masts, terms)
    loss = np.where(is_hata[..., None], single[..., None], loss)
    return Links(distance, loss, np.where(is_hata, 1.0, probability), is_hata)


# Power of (point, sector) ------------------------------------------------------------------------


def attenuation_db(x_m, y_m, masts, sectors, h_ut_m=1.5):
    """What a sector's antenna gives less than at boresight.

    References
    ----------
    3GPP TR 36.814 table A.2.1.1-2; TR 38.901 table 7.3-1.
    """
    east = (x_m[:, None] - masts.x_m)[:, sectors.mast]
    north = (y_m[:, None] - masts.y_m)[:, sectors.mast]
    phi = wrapped_deg(np.degrees(np.arctan2(east, north)) - sectors.azimuth_deg)
    drop = (masts.height_m - h_ut_m)[sectors.mast]
    delta = np.degrees(np.arctan(drop / propagation.held_distance_m(np.hypot(east, north))))
    _, hpbw_h, hpbw_v, a_h, a_v, a_m = sectors.antenna.T
    horizontal = np.minimum(12 * (phi / hpbw_h) ** 2, a_h)
    vertical = np.minimum(12 * ((delta - sectors.tilt_deg) / hpbw_v) ** 2, a_v)
    return np.minimum(horizontal + vertical, a_m)


def received_dbm(link, attenuation, sectors):
    """Mean received power of a resource element."""
    mean = mean_loss_db(link.loss_db, link.los_probability)[:, sectors.mast]
    return sectors.element_dbm + sectors.antenna[:, 0] - attenuation - mean


def may_serve(link, masts, sectors):
    """Whether a sector's mast is within 5 km, or 20 km up to 3 GHz."""
    reach = np.where(masts.frequency_ghz <= 3, RANGE_BELOW_3_GHZ_M, RANGE_38901_M)
    return (link.distance_m <= reach)[:, sectors.mast]


# Server ------------------------------------------------------------------------------------------


def best_two(power_dbm, able):
    """Index and power of the best sector that may serve, and power of the next."""
    candidate = np.where(able, power_dbm, -np.inf)
    row, best = np.arange(len(candidate)), candidate.argmax(axis=1)
    rsrp = candidate[row, best]
    candidate[row, best] = -np.inf
    second = candidate.max(axis=1)
    second[second == -np.inf] = np.nan
    none = rsrp == -np.inf
    return np.where(none, -1, best), np.where(none, np.nan, rsrp), second


def sinr_db(power_dbm, server, load, noise_mw):
    """SINR in the serving sector; all other sectors interfere, in range or not."""
    mw = coverage.milliwatt(power_dbm)
    is_server = np.arange(mw.shape[1]) == server[:, None]
    signal = np.where(server < 0, np.nan, (mw * is_server).sum(axis=1))
    return coverage.decibel(signal / ((mw * ~is_server) @ load + noise_mw))


# Coverage ----------------------------------------------------------------------------------------


def extra_loss_and_sigma_db(model, frequency_ghz, place):
    """What a place adds to the median loss, and the deviations by state."""
    if place == "outdoor":
        return 0.0, SIGMA_DB[model]
    is_high = place == "high" and model == "UMA"
    wall = propagation.wall_loss_high_db if is_high else propagation.wall_loss_low_db
    sigma = math.hypot(INDOOR_SIGMA_DB[model], 6.5 if is_high else 4.4)
    return wall(frequency_ghz) + DEPTH_LOSS_DB[model], (sigma, sigma)


def strongest_by_mast(power_dbm, able, mast, n=N_SITE):
    """Of one point: the best sector of each mast, of the n masts that come strongest."""
    order = np.argsort(-power_dbm, kind="stable")
    order = order[able[order]]
    _, first = np.unique(mast[order], return_index=True)
    return order[np.sort(first)[:n]]


def _sigma_db(distance_m, is_hata, sigma_db):
    """Deviations by state of one link; beyond 5 km at least those of extended Hata."""
    if not is_hata:
        return sigma_db
    return (max(hata.extended_hata_sigma_db(distance_m / 1e3), sigma_db[1]),) * 2


def _margin_and_sigma_db(row, attenuation, masts, sectors, sector, place):
    """Allowed loss less the median one, by state, and the deviations, of one link."""
    m = sectors.mast[sector]
    extra, by_state = extra_loss_and_sigma_db(masts.model[m], masts.frequency_ghz[m], place)
    margin = sectors.limit_db[sector] - row.loss_db[m] - attenuation[sector] - extra
    return margin, _sigma_db(row.distance_m[m], row.is_hata[m], by_state)


def point_coverage(row, attenuation, masts, sectors, chosen, place, terms):
    """Coverage by the chosen sectors of one point, of which `row` holds the links."""
    if not len(chosen):
        return 0.0
    at = (row, attenuation, masts, sectors)
    margin, sigma = zip(*(_margin_and_sigma_db(*at, k, place) for k in chosen), strict=True)
    p = row.los_probability[sectors.mast[chosen]]
    states = np.column_stack([p, 1 - p])
    if terms.is_dense:
        return coverage.multi_server_probability_dense(margin, sigma, states, terms.correlation)
    return coverage.multi_server_probability(margin, sigma, states, terms.correlation)


def mixed(by_place, indoor_share, low_share):
    """(1 - s) P_out + s (q P_low + (1 - q) P_high), of (point, place)."""
    out, low, high = by_place.T
    s, q = np.asarray(indoor_share), np.asarray(low_share)
    return (1 - s) * out + s * (q * low + (1 - q) * high)


# Everything --------------------------------------------------------------------------------------


def _coverage(link, attenuation, power, able, masts, sectors, terms):
    """Coverage of (point, place)."""
    result = np.zeros((len(power), len(PLACES)))
    for i in range(len(power)):
        row = Links(*(part[i] for part in link))
        chosen = strongest_by_mast(power[i], able[i], sectors.mast)
        at = (row, attenuation[i], masts, sectors, chosen)
        result[i] = [point_coverage(*at, place, terms) for place in PLACES]
    return result


def _block(x_m, y_m, masts, sectors, terms):
    """`served` of points few enough to be held at once."""
    link = links(x_m, y_m, masts, terms)
    attenuation = attenuation_db(x_m, y_m, masts, sectors, terms.h_ut_m)
    power, able = received_dbm(link, attenuation, sectors), may_serve(link, masts, sectors)
    server, rsrp, second = best_two(power, able)
    n_close = (able & (power >= rsrp[:, None] - terms.within_db)).sum(axis=1)
    sinr = sinr_db(power, server, sectors.load, terms.noise_mw)
    covered = _coverage(link, attenuation, power, able, masts, sectors, terms)
    return Served(server, rsrp, second, n_close, sinr, covered)


def served(x_m, y_m, masts, sectors, terms=None):
    """Server, powers, SINR and coverage of every point, all sectors looked at."""
    cuts = range(BLOCK, len(x_m), BLOCK)
    parts = zip(np.split(x_m, cuts), np.split(y_m, cuts), strict=True)
    blocks = [_block(x, y, masts, sectors, terms or Terms()) for x, y in parts]
    return Served(*(np.concatenate(part) for part in zip(*blocks, strict=True)))
