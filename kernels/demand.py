"""Busy-hour traffic from yearly traffic, and its split over cells.

Source: models.md D 1-7.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.zonal import zonal_sum


@scalar
def mean_rate_bps(total_gb: float, gb_bytes: float, days: float) -> float:
    """Mean bit rate over a year of `days` that carried `total_gb` GB of `gb_bytes` bytes."""
    return total_gb * gb_bytes * 8.0 / (days * 86400.0)


@scalar
def peak_to_mean(busy_day_factor: float, busy_hour_share: float) -> float:
    """Busy-hour rate over mean rate: 24 hours, times the busy hour's share, times the busy day."""
    return 24.0 * busy_hour_share * busy_day_factor


@scalar
def fiveg_traffic_share(penetration: float, usage_multiple: float) -> float:
    """Share of traffic on 5G where `penetration` of users use `usage_multiple` times as much."""
    weight = penetration * usage_multiple
    return weight / (weight + 1.0 - penetration)


@kernel
def split_by_weight(
    weight: NDArray[np.float64], zone: NDArray[np.int32], zone_total: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Split each zone's total over its cells in proportion to `weight`.

    Parameters
    ----------
    weight : (cell,)
        Non-negative; NaN (no data) stays NaN.
    zone : (cell,)
        Label; -1 belongs to no zone and gets NaN.
    zone_total : (zone,)
        What to split; lost where all weights of a zone are zero, which the caller checks.
    """
    weight_sum = zonal_sum(weight, zone, zone_total.size)
    out = np.zeros(weight.size)
    for i in range(weight.size):
        if zone[i] < 0 or math.isnan(weight[i]):
            out[i] = np.nan
        elif weight_sum[zone[i]] > 0.0:
            out[i] = weight[i] * (zone_total[zone[i]] / weight_sum[zone[i]])
    return out
