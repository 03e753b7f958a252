"""Link budget, signal quality and coverage probability: models.md, sections B.1 and B.3-B.5."""

import math
from statistics import NormalDist

import numpy as np

from tests.reference.propagation import MEAN_INDOOR_LOSS_DB, wall_loss_high_db, wall_loss_low_db

THERMAL_NOISE_DBM_PER_HZ = -174.0
SUBCARRIERS_PER_BLOCK = 12

probability_below = np.vectorize(NormalDist().cdf, otypes=[float])
quantile = NormalDist().inv_cdf


def milliwatt(dbm):
    return 10 ** (np.asarray(dbm, dtype=float) / 10)


def decibel(ratio):
    return 10 * np.log10(ratio)


# Powers ------------------------------------------------------------------------------------------


def noise_dbm(bandwidth_hz, noise_figure_db):
    """Noise power in a bandwidth.

    References
    ----------
    netmodel modelling specification, section B.1: -174 + 10 lg B + NF.
    """
    return THERMAL_NOISE_DBM_PER_HZ + decibel(bandwidth_hz) + noise_figure_db


def power_per_re_dbm(power_dbm, n_rb):
    """Power of one resource element of a carrier of `n_rb` blocks that are all in use."""
    return power_dbm - decibel(SUBCARRIERS_PER_BLOCK * n_rb)


def rsrp_dbm(power_dbm, n_rb, gain_dbi, fixed_loss_db, path_loss_db):
    """Received power of one reference resource element."""
    return power_per_re_dbm(power_dbm, n_rb) + gain_dbi - fixed_loss_db - path_loss_db


def mapl_db(
    power_dbm, n_rb, gain_dbi, fixed_loss_db, scs_hz, noise_figure_db, sinr_db, margin_db=0.0
):
    """Greatest path loss at which a resource element still has the SINR asked for.

    Downlink: the station's power over all blocks of the carrier and the terminal's noise figure.
    Uplink: the terminal's power over the blocks it is given and the station's noise figure.

    References
    ----------
    netmodel modelling specification, section B.1.
    """
    floor = noise_dbm(scs_hz, noise_figure_db) + sinr_db
    return rsrp_dbm(power_dbm, n_rb, gain_dbi, fixed_loss_db, 0.0) - floor - margin_db


# Quality -----------------------------------------------------------------------------------------


def sinr_db(serving_dbm, interferers_dbm, load, noise_re_dbm):
    """SINR per resource element, the interferers along the last axis, each at its own load.

    References
    ----------
    netmodel modelling specification, section B.3: P_b / (sum of rho_k P_k + N).
    """
    interference = (milliwatt(interferers_dbm) * load).sum(axis=-1)
    return decibel(milliwatt(serving_dbm) / (interference + milliwatt(noise_re_dbm)))


def rsrq_db(own_load, sinr=math.inf):
    """RSRQ of a cell that is used to `own_load`, of interference given as SINR (not dB).

    References
    ----------
    netmodel modelling specification, section B.3: RSSI = 12 N RSRP (own load + 1/SINR).
    """
    return -decibel(SUBCARRIERS_PER_BLOCK * (own_load + 1 / sinr))


# One server --------------------------------------------------------------------------------------


def fade_margin_db(sigma_db, edge_probability):
    """Margin against shadowing that a probability at the cell edge needs."""
    return sigma_db * quantile(edge_probability)


def area_probability(edge_probability, exponent, sigma_db):
    """Share of a disc that is covered when its edge is with the given probability.

    References
    ----------
    W. C. Jakes, Microwave Mobile Communications, 1974, section 2.5.3; D. O. Reudink.
    """
    a = -quantile(edge_probability) / math.sqrt(2)
    b = 10 * exponent * math.log10(math.e) / (sigma_db * math.sqrt(2))
    tail = math.exp((1 - 2 * a * b) / b**2) * (1 - math.erf((1 - a * b) / b))
    return (1 - math.erf(a) + tail) / 2


def area_probability_by_integration(edge_probability, exponent, sigma_db, n=80):
    """`area_probability` as the mean over the disc, by Gauss-Legendre over radius squared."""
    node, weight = np.polynomial.legendre.leggauss(n)
    radius = (node + 1) / 2
    margin = fade_margin_db(sigma_db, edge_probability) - 10 * exponent * np.log10(radius)
    return float((weight * radius * probability_below(margin / sigma_db)).sum())


def two_state_probability(allowed_loss_db, loss_db, sigma_db, los_probability):
    """Probability that the loss is at most the one allowed; losses and sigmas as (LOS, NLOS).

    References
    ----------
    netmodel modelling specification, section B.5, P_out.
    """
    los, nlos = (
        probability_below((allowed_loss_db - np.asarray(loss)) / sigma)
        for loss, sigma in zip(loss_db, sigma_db, strict=True)
    )
    return los_probability * los + (1 - np.asarray(los_probability)) * nlos


def wrong_single_gaussian(allowed_loss_db, loss_db, sigma_db, los_probability):
    """A mistake, for checks: one Gaussian around the mean of decibels (pitfall 2)."""
    mean = los_probability * loss_db[0] + (1 - los_probability) * loss_db[1]
    return probability_below((allowed_loss_db - mean) / sigma_db)


def indoor_probability(
    allowed_loss_db,
    loss_db,
    los_probability,
    wall_loss_db,
    wall_sigma_db,
    mean_indoor_loss_db=MEAN_INDOOR_LOSS_DB["urban"],
    shadow_sigma_db=7.0,
):
    """`two_state_probability` behind a wall: its loss and mean depth add, its sigma by squares.

    References
    ----------
    3GPP TR 38.901 section 7.4.3.1; netmodel modelling specification, section B.5.
    """
    sigma = math.hypot(shadow_sigma_db, wall_sigma_db)
    allowed = allowed_loss_db - wall_loss_db - mean_indoor_loss_db
    return two_state_probability(allowed, loss_db, (sigma, sigma), los_probability)


def mixed_probability(
    allowed_loss_db,
    loss_db,
    los_probability,
    frequency_ghz,
    indoor_share=0.8,
    high_loss_share=0.2,
    outdoor_sigma_db=(4.0, 6.0),
):
    """Outdoor, indoor behind low and behind high loss, and all together, of urban terminals."""
    at = (allowed_loss_db, loss_db, los_probability)
    out = two_state_probability(allowed_loss_db, loss_db, outdoor_sigma_db, los_probability)
    low = indoor_probability(*at, wall_loss_low_db(frequency_ghz), 4.4)
    high = indoor_probability(*at, wall_loss_high_db(frequency_ghz), 6.5)
    indoor = (1 - high_loss_share) * low + high_loss_share * high
    return out, low, high, (1 - indoor_share) * out + indoor_share * indoor


# Many servers ------------------------------------------------------------------------------------


def _uncovered(z, margin_db, sigma_db, state_probability, correlation):
    """Probability that no site covers, given the shadowing z that all share."""
    m, s, p = np.broadcast_arrays(margin_db, sigma_db, state_probability)
    argument = m / s - math.sqrt(correlation) * np.asarray(z)[..., None, None]
    covered = probability_below(argument / math.sqrt(1 - correlation))
    return (1 - (p * covered).sum(axis=-1)).prod(axis=-1)


def multi_server_probability(
    margin_db, sigma_db, state_probability=1.0, correlation=0.5, n_node=16
):
    """Probability that at least one site covers, by Gauss-Hermite.

    `margin_db` is (site, state): the allowed loss less the median one. Each site's states are
    mixed inside the product, at every node. The correlation must be below one.

    References
    ----------
    netmodel modelling specification, section B.5, multi-server.
    """
    node, weight = np.polynomial.hermite.hermgauss(n_node)
    at = _uncovered(math.sqrt(2) * node, margin_db, sigma_db, state_probability, correlation)
    return 1 - float(weight @ at) / math.sqrt(math.pi)


def multi_server_probability_dense(
    margin_db, sigma_db, state_probability=1.0, correlation=0.5, n=2001
):
    """`multi_server_probability` by the trapezoidal rule over +-10 standard deviations."""
    z = np.linspace(-10, 10, n)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    at = _uncovered(z, margin_db, sigma_db, state_probability, correlation)
    return 1 - float(np.trapezoid(density * at, z))
