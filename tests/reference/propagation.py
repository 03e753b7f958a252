"""Median path loss, line of sight, walls, averages and radii: models.md, sections A.1-A.2, A.6-A.7.

Distances and heights are in metres, frequencies in GHz; every function takes arrays. No range is
checked here: a terminal is held 10 m from its station (`MIN_DISTANCE_M`), and that is all.
"""

import math

import numpy as np

SPEED_OF_LIGHT = 299_792_458.0
# The notes of 3GPP TR 38.901 table 7.4.1-1 give this value for the break-points.
SPEED_OF_LIGHT_38901 = 3.0e8
MIN_DISTANCE_M = 10.0
MEAN_INDOOR_LOSS_DB = {"urban": 0.5 * 25 / 3, "rural": 0.5 * 10 / 3}


def lg(x):
    return np.log10(x)


def free_space_loss_db(distance_m, frequency_ghz):
    """Free-space basic transmission loss, 20 lg(4 pi d f / c).

    References
    ----------
    Recommendation ITU-R P.525, basic transmission loss between isotropic antennas.
    """
    wavelength_m = SPEED_OF_LIGHT / (np.asarray(frequency_ghz) * 1e9)
    return 20 * lg(4 * math.pi * np.asarray(distance_m) / wavelength_m)


def held_distance_m(distance_2d_m):
    """The horizontal distance, never below 10 m."""
    return np.maximum(np.asarray(distance_2d_m, dtype=float), MIN_DISTANCE_M)


def distance_3d_m(distance_2d_m, h_bs_m, h_ut_m):
    """Length of the slanted path of a horizontal distance that is held at 10 m."""
    return np.hypot(held_distance_m(distance_2d_m), np.asarray(h_bs_m) - h_ut_m)


# Urban macro and urban micro street canyon -------------------------------------------------------


def urban_break_point_m(frequency_ghz, h_bs_m, h_ut_m, h_e_m=1.0):
    """d'_BP = 4 h'_BS h'_UT f/c of UMa and UMi, both heights lessened by h_E.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, note 1.
    """
    f_hz = np.asarray(frequency_ghz) * 1e9
    return 4 * (np.asarray(h_bs_m) - h_e_m) * (h_ut_m - h_e_m) * f_hz / SPEED_OF_LIGHT_38901


def _two_slopes(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, near, far_slope, h_e_m=1.0):
    """(a + b lg d3D up to the break-point, a + 40 lg d3D - c lg(d'_BP^2 + dh^2) beyond) + 20 lg f.

    The break-point is compared with the horizontal distance.
    """
    constant, slope = near
    d3d = distance_3d_m(distance_2d_m, h_bs_m, h_ut_m)
    d_bp = urban_break_point_m(frequency_ghz, h_bs_m, h_ut_m, h_e_m)
    corner = d_bp**2 + (np.asarray(h_bs_m) - h_ut_m) ** 2
    pl1 = constant + slope * lg(d3d)
    pl2 = constant + 40 * lg(d3d) - far_slope * lg(corner)
    return np.where(held_distance_m(distance_2d_m) <= d_bp, pl1, pl2) + 20 * lg(frequency_ghz)


def uma_los_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, h_e_m=1.0):
    """Urban macro, line of sight.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, UMa LOS.
    """
    return _two_slopes(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, (28.0, 22), 9, h_e_m)


def uma_nlos_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, h_e_m=1.0):
    """Urban macro, no line of sight: PL'_UMa-NLOS, never below the loss in line of sight.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, UMa NLOS.
    """
    d3d = distance_3d_m(distance_2d_m, h_bs_m, h_ut_m)
    pl = 13.54 + 39.08 * lg(d3d) + 20 * lg(frequency_ghz) - 0.6 * (np.asarray(h_ut_m) - 1.5)
    return np.maximum(uma_los_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, h_e_m), pl)


def umi_los_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m):
    """Urban micro street canyon, line of sight.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, UMi - Street Canyon LOS.
    """
    return _two_slopes(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, (32.4, 21), 9.5)


def umi_nlos_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m):
    """Urban micro street canyon, no line of sight, never below the loss in line of sight.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, UMi - Street Canyon NLOS.
    """
    d3d = distance_3d_m(distance_2d_m, h_bs_m, h_ut_m)
    pl = 22.4 + 35.3 * lg(d3d) + 21.3 * lg(frequency_ghz) - 0.3 * (np.asarray(h_ut_m) - 1.5)
    return np.maximum(umi_los_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m), pl)


def uma_environment_heights(distance_2d_m, h_ut_m):
    """Heights h_E of one link and their probabilities.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, note 1. The TR's list is empty between 13 and 13.5 m: 12 m there.
    """
    if h_ut_m < 13:
        return {1.0: 1.0}
    g = 1.25 * (distance_2d_m / 100) ** 3 * math.exp(-distance_2d_m / 150)
    c = ((h_ut_m - 13) / 10) ** 1.5 * (g if distance_2d_m > 18 else 0)
    raised = [float(h) for h in range(12, 24, 3) if h <= h_ut_m - 1.5] or [12.0]
    return {1.0: 1 / (1 + c)} | {h: c / (1 + c) / len(raised) for h in raised}


def _urban_los_probability(distance_2d_m, decay_m):
    d = np.maximum(np.asarray(distance_2d_m, dtype=float), 18.0)
    return 18 / d + np.exp(-d / decay_m) * (1 - 18 / d)


def uma_los_probability(distance_2d_m, h_ut_m):
    """Probability of line of sight of an urban macro cell; it is 1 up to 18 m.

    For terminals far above 13 m the formula exceeds one just beyond 18 m: it is held at one.

    References
    ----------
    3GPP TR 38.901 table 7.4.2-1, UMa.
    """
    d = np.asarray(distance_2d_m, dtype=float)
    c = np.maximum((np.asarray(h_ut_m, dtype=float) - 13) / 10, 0) ** 1.5
    raised = 1 + c * 1.25 * (d / 100) ** 3 * np.exp(-d / 150)
    return np.where(d <= 18, 1.0, np.minimum(_urban_los_probability(d, 63) * raised, 1.0))


def umi_los_probability(distance_2d_m):
    """Probability of line of sight in a street canyon; it is 1 up to 18 m.

    References
    ----------
    3GPP TR 38.901 table 7.4.2-1, UMi - Street canyon.
    """
    return _urban_los_probability(distance_2d_m, 36)


# Rural macro -------------------------------------------------------------------------------------


def rma_break_point_m(frequency_ghz, h_bs_m, h_ut_m):
    """d_BP = 2 pi h_BS h_UT f/c.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, note 5.
    """
    f_hz = np.asarray(frequency_ghz) * 1e9
    return 2 * math.pi * np.asarray(h_bs_m) * h_ut_m * f_hz / SPEED_OF_LIGHT_38901


def rma_los_loss_db(
    distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, street_width_m=20.0, building_height_m=5.0
):
    """Rural macro, line of sight. The street width does not enter.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, RMa LOS. PL2 starts from PL1 of the break-point itself.
    """
    h = np.asarray(building_height_m, dtype=float)

    def pl1(d):
        spread = 20 * lg(40 * math.pi * d * np.asarray(frequency_ghz) / 3)
        roofs = np.minimum(0.03 * h**1.72, 10) * lg(d) - np.minimum(0.044 * h**1.72, 14.77)
        return spread + roofs + 0.002 * lg(h) * d

    d3d = distance_3d_m(distance_2d_m, h_bs_m, h_ut_m)
    d_bp = rma_break_point_m(frequency_ghz, h_bs_m, h_ut_m)
    pl2 = pl1(d_bp) + 40 * lg(d3d / d_bp)
    return np.where(held_distance_m(distance_2d_m) <= d_bp, pl1(d3d), pl2)


def rma_nlos_loss_db(
    distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, street_width_m=20.0, building_height_m=5.0
):
    """Rural macro, no line of sight, never below the loss in line of sight.

    References
    ----------
    3GPP TR 38.901 table 7.4.1-1, RMa NLOS.
    """
    w, h = np.asarray(street_width_m), np.asarray(building_height_m)
    h_bs, lg_h_bs = np.asarray(h_bs_m), lg(h_bs_m)
    d3d = distance_3d_m(distance_2d_m, h_bs_m, h_ut_m)
    pl = 161.04 - 7.1 * lg(w) + 7.5 * lg(h) - (24.37 - 3.7 * (h / h_bs) ** 2) * lg_h_bs
    pl = pl + (43.42 - 3.1 * lg_h_bs) * (lg(d3d) - 3) + 20 * lg(frequency_ghz)
    pl = pl - (3.2 * lg(11.75 * np.asarray(h_ut_m)) ** 2 - 4.97)
    los = rma_los_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m, w, h)
    return np.maximum(los, pl)


def rma_los_probability(distance_2d_m):
    """Probability of line of sight of a rural macro cell; it is 1 up to 10 m.

    References
    ----------
    3GPP TR 38.901 table 7.4.2-1, RMa.
    """
    return np.exp(-np.maximum(np.asarray(distance_2d_m, dtype=float) - 10, 0) / 1000)


# Walls -------------------------------------------------------------------------------------------


def _wall_loss_db(share_and_loss):
    through = sum(share * 10 ** (-np.asarray(loss) / 10) for share, loss in share_and_loss)
    return 5 - 10 * lg(through)


def wall_loss_low_db(frequency_ghz):
    """Loss through the wall of a building of low loss: 30 % plain glass, 70 % concrete.

    References
    ----------
    3GPP TR 38.901 tables 7.4.3-1 and 7.4.3-2.
    """
    f = np.asarray(frequency_ghz)
    return _wall_loss_db([(0.3, 2 + 0.2 * f), (0.7, 5 + 4 * f)])


def wall_loss_high_db(frequency_ghz):
    """Loss through the wall of a building of high loss: 70 % coated glass, 30 % concrete.

    References
    ----------
    3GPP TR 38.901 tables 7.4.3-1 and 7.4.3-2, releases 14 to 18.
    """
    f = np.asarray(frequency_ghz)
    return _wall_loss_db([(0.7, 23 + 0.3 * f), (0.3, 5 + 4 * f)])


def mean_indoor_loss_db(max_depth_m, n=2000):
    """Mean of 0.5 dB/m times the lesser of two uniform depths, over n x n midpoints.

    The closed form is 0.5 max_depth/3 (`MEAN_INDOOR_LOSS_DB`).

    References
    ----------
    3GPP TR 38.901 section 7.4.3.1.
    """
    depth = (np.arange(n) + 0.5) * max_depth_m / n
    return 0.5 * np.mean(np.minimum(depth[:, None], depth[None, :]))


# Averages over states and places -----------------------------------------------------------------


def mean_gain_loss_db(los_loss_db, nlos_loss_db, los_probability):
    """Loss of the mean linear gain of the two states.

    References
    ----------
    netmodel modelling specification, section A.2, handling of LOS and NLOS.
    """
    p = np.asarray(los_probability)
    gain = p * 10 ** (-np.asarray(los_loss_db) / 10)
    return -10 * lg(gain + (1 - p) * 10 ** (-np.asarray(nlos_loss_db) / 10))


def uma_mean_gain_loss_db(distance_2d_m, frequency_ghz, h_bs_m, h_ut_m):
    """`mean_gain_loss_db` of an urban macro cell."""
    at = (distance_2d_m, frequency_ghz, h_bs_m, h_ut_m)
    p = uma_los_probability(held_distance_m(distance_2d_m), h_ut_m)
    return mean_gain_loss_db(uma_los_loss_db(*at), uma_nlos_loss_db(*at), p)


def wrong_plain_mean_db(los_loss_db, nlos_loss_db):
    """A mistake, for checks: the mean of decibels (pitfall 2)."""
    return (los_loss_db + nlos_loss_db) / 2


def wrong_weighted_mean_db(los_loss_db, nlos_loss_db, los_probability):
    """A mistake, for checks: the mean of decibels weighted by the states (pitfall 2)."""
    return los_probability * los_loss_db + (1 - los_probability) * nlos_loss_db


def pixel_distances_m(side_m, m=None, centre=(0.0, 0.0)):
    """Distances from the origin to m x m midpoints of a square pixel, held at 10 m.

    By default m is the least number of parts of at most 100 m.

    References
    ----------
    netmodel modelling specification, section A.6.
    """
    m = math.ceil(side_m / 100) if m is None else m
    offset = ((np.arange(m) + 0.5) / m - 0.5) * side_m
    x, y = np.meshgrid(centre[0] + offset, centre[1] + offset)
    return held_distance_m(np.hypot(x, y))


def pixel_mean_gain_loss_db(loss_db, side_m, m=None, centre=(0.0, 0.0)):
    """Loss of the mean linear gain over the midpoints of a pixel, of any loss over distance."""
    gain = 10 ** (-loss_db(pixel_distances_m(side_m, m, centre)) / 10)
    return -10 * lg(gain.mean())


def pixel_median_loss_db(loss_db, side_m, m=None, centre=(0.0, 0.0)):
    """Median of the losses at the midpoints of a pixel."""
    return np.median(loss_db(pixel_distances_m(side_m, m, centre)))


# Radius ------------------------------------------------------------------------------------------


def uma_nlos_radius_m(mapl_db, frequency_ghz, h_bs_m, h_ut_m):
    """Horizontal distance at which PL'_UMa-NLOS equals the greatest allowed loss, closed form.

    References
    ----------
    netmodel modelling specification, section A.7, for a terminal at any height.
    """
    constant = 13.54 + 20 * lg(frequency_ghz) - 0.6 * (np.asarray(h_ut_m) - 1.5)
    d3d = 10 ** ((np.asarray(mapl_db) - constant) / 39.08)
    return np.sqrt(d3d**2 - (np.asarray(h_bs_m) - h_ut_m) ** 2)


def radius_m(loss_db, mapl_db, d_min_m=MIN_DISTANCE_M, d_max_m=5000.0):
    """Distance at which a loss that rises with it meets the allowed one, and whether it does.

    Bisection to the last bit. Where the loss stays below the allowed one the answer is d_max and
    false, where it is above it everywhere 0 and false.
    """
    if loss_db(d_max_m) <= mapl_db:
        return d_max_m, False
    if loss_db(d_min_m) > mapl_db:
        return 0.0, False
    low, high = d_min_m, d_max_m
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if loss_db(middle) <= mapl_db else (low, middle)
    return low, True
