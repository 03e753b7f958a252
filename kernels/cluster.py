"""Points on Earth gathered around leaders: no member is farther from its leader than a reach."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

_MARGIN = 1.001  # of a row's stretch of longitude, whose length in meters changes across a row


class Rows(NamedTuple):
    """Points by group and band of latitude, in a row by longitude.

    Parameters
    ----------
    start : (row + 1,)
        Where each row begins.
    key : (row,)
        Increasing; rows whose keys differ by 1 are neighboring bands of one group. A band is at
        least as high as the reach.
    lon, lat : (point,)
        In the order of the rows [degrees].
    east_m, north_m : (point,)
        Length of a degree of longitude and of latitude there [m].
    """

    start: NDArray[np.int64]
    key: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    east_m: NDArray[np.float64]
    north_m: NDArray[np.float64]


@kernel
def leaders(rows: Rows, order: NDArray[np.int64], reach_m: float) -> NDArray[np.int64]:
    """Leader of each point: itself, or a point of its group within reach that came before it.

    The points come forward in `order`. One that no leader has claimed becomes a leader and
    claims all unclaimed points of its group within reach, so that no chain of near points grows
    into one cluster, and leaders of a group are farther apart than the reach.

    Parameters
    ----------
    rows : Rows
    order : (point,)
        Positions in the rows, the first the most likely leader.
    reach_m : float

    Returns
    -------
    (point,)
        Position of the leader, in the order of the rows.
    """
    leader = np.full(rows.lon.size, np.int64(-1))
    row_of = np.empty(rows.lon.size, np.int64)
    for r in range(rows.key.size):
        row_of[rows.start[r] : rows.start[r + 1]] = r
    for i in range(order.size):
        if leader[order[i]] < 0:
            _claim(leader, rows, order[i], row_of[order[i]], reach_m)
    return leader


@kernel
def _claim(leader: NDArray[np.int64], rows: Rows, point: int, row: int, reach_m: float) -> None:
    """Give `point` the unclaimed points within reach, in its row and the two beside it."""
    lon, lat = rows.lon[point], rows.lat[point]
    east, north = rows.east_m[point], rows.north_m[point]
    half = _MARGIN * reach_m / east
    for r in range(max(row - 1, 0), min(row + 2, rows.key.size)):
        if abs(rows.key[r] - rows.key[row]) > 1:
            continue
        first, end = rows.start[r], rows.start[r + 1]
        k = first + np.searchsorted(rows.lon[first:end], lon - half)
        while k < end and rows.lon[k] <= lon + half:
            dx, dy = (rows.lon[k] - lon) * east, (rows.lat[k] - lat) * north
            if leader[k] < 0 and dx * dx + dy * dy <= reach_m * reach_m:
                leader[k] = point
            k += 1
