"""From a year of national traffic to the busy hour of one cell: models.md, section D."""

import math

import numpy as np

SECONDS_PER_DAY = 24 * 60 * 60
SECONDS_PER_HOUR = 60 * 60


def mean_rate_bps(total_gb, days, gb_bytes):
    """Mean rate of a year's traffic [bit/s].

    References
    ----------
    netmodel modelling specification, section D, step 2: T gb 8 / (days 86400).
    """
    bits = total_gb * gb_bytes * 8
    return bits / (days * SECONDS_PER_DAY)


def busy_hour_dl_mbps(total_gb, gb_bytes, days, busy_day_factor, busy_hour_share, downlink_share):
    """Downlink rate in the busy hour of a busy day [Mbit/s].

    References
    ----------
    netmodel modelling specification, section D, steps 3 and 4:
    R_BH = T/days k_day k_BH 8 gb/3600, of which the downlink is `downlink_share`.
    """
    mean_day_gb = total_gb / days
    busy_day_gb = mean_day_gb * busy_day_factor
    busy_hour_gb = busy_day_gb * busy_hour_share
    busy_hour_bits = busy_hour_gb * gb_bytes * 8
    return busy_hour_bits * downlink_share / SECONDS_PER_HOUR / 1e6


def fiveg_traffic_share(penetration, usage_multiple):
    """Share of traffic made by 5G users, each of whom uses m times what another user does.

    References
    ----------
    netmodel modelling specification, section D, step 6: p m / (p m + 1 - p).
    """
    by_5g_users = penetration * usage_multiple
    by_others = 1 - penetration
    return by_5g_users / (by_5g_users + by_others)


def split_by_weight(weight, zone, zone_total):
    """Each zone's total shared over its cells in proportion to their weight.

    A cell without data (NaN) or without zone (-1) gets NaN and takes part in no sum; a cell of
    weight zero gets zero. A total that no cell of its zone can take raises ValueError.

    References
    ----------
    netmodel modelling specification, section D, step 5: D_i = R_zone w_i / sum of w in the zone.
    """
    weight = np.asarray(weight, dtype=float)
    zone = np.asarray(zone)
    if weight.shape != zone.shape:
        raise ValueError("weight and zone differ in shape")
    cells_of = {z: [] for z in range(len(zone_total))}
    for index in np.ndindex(weight.shape):
        if zone[index] != -1 and not math.isnan(weight[index]):
            cells_of[int(zone[index])].append(index)

    result = np.full(weight.shape, np.nan)
    for z, cells in cells_of.items():
        zone_weight = math.fsum(weight[index] for index in cells)
        if zone_weight == 0:
            if zone_total[z] != 0:
                raise ValueError(f"zone {z} has a total of {zone_total[z]} and no weight")
            for index in cells:
                result[index] = 0.0
            continue
        for index in cells:
            result[index] = zone_total[z] * (weight[index] / zone_weight)
    return result
