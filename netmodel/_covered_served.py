"""People who are covered and whose demand is served too: coverage that capacity limits.

Nobody is counted twice: a person is one network's, and networks share people as they share demand.
"""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel.grids.cells import Cells

Float = NDArray[np.float64]


class Room:
    """Share of the demand in service that sectors have room for, over the networks of cells."""

    def __init__(self, n_cell: int) -> None:
        self._asked, self._kept = np.zeros((2, n_cell))

    def add(self, mbps: Float, share: Float) -> None:
        """Add a network: what it is asked for (cell,), and the share that it has room for.

        What is in service at no point has no share; it counts as none.
        """
        asked = np.nan_to_num(mbps)
        self._asked += asked
        self._kept += asked * np.nan_to_num(share)

    @property
    def share(self) -> Float:
        """Mean over the networks by demand (cell,); one where nothing is asked for."""
        out = np.ones(self._asked.size)
        return np.divide(self._kept, self._asked, out=out, where=self._asked > 0.0)


def covered_served_share(ds: xr.Dataset, cells: Cells, room: Room) -> Float:
    """Share of people who are covered, and served in the busy hour (cell,).

    The probability of coverage by any network, times the share of what is in service that loads
    of at most one leave room for. NaN without the variables of `coverage`.
    """
    if "coverage_probability" not in ds:
        return np.full(cells.index.size, np.nan)
    return np.asarray(cells.take(ds.coverage_probability.values) * room.share)
