"""Points gathered around leaders, all pairs compared by geodesics."""

import numpy as np
from pyproj import Geod

GEOD = Geod(ellps="WGS84")


def distances(lon, lat):
    """All distances between points [m]."""
    a, b = np.meshgrid(lon, lon), np.meshgrid(lat, lat)
    return GEOD.inv(a[0], b[0], a[1], b[1])[2]


def leader_of_each(lon, lat, group, weight, reach_m):
    """Who leads whom: the heaviest first, of equal weight the most western, then southern."""
    apart = distances(lon, lat)
    left = set(range(len(lon)))
    leader = [None] * len(lon)
    for k in sorted(left, key=lambda i: (-weight[i], lon[i], lat[i])):
        if k in left:
            own = {i for i in left if group[i] == group[k] and apart[k][i] <= reach_m}
            for i in own:
                leader[i] = k
            left -= own
    return leader
