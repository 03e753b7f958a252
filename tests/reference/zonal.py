"""Sums per zone: models.md, section K (nodata) and pitfall 36 (drift of float32 sums)."""

import math

import numpy as np


def zonal_sum(values, zone, n_zone):
    """Sum of the known values of each zone, correctly rounded; cells of zone -1 count nowhere.

    A zone without a known value has the sum zero.

    References
    ----------
    J. R. Shewchuk, Discrete & Computational Geometry 18, 1997 (`math.fsum`).
    """
    known = [[] for _ in range(n_zone)]
    for value, z in zip(np.ravel(values), np.ravel(zone), strict=True):
        if z != -1 and not math.isnan(value):
            known[int(z)].append(float(value))
    return np.array([math.fsum(members) for members in known])
