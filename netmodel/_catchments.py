"""Catchments of the national mode: who serves cells that have less than a site of their own.

Where sites are dense a cell is a piece of a lattice. Where they are not, whole sites stand in few
of the cells, and each serves what lies nearest to it: its load is that of its catchment, and not
of the mean density (models.md 0.1: "explicit points only where lambda A < 1").
"""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel._networks import Network, cell_side_m, whole_sites
from netmodel._radio_tables import DISTANCE_M, ISD_M
from netmodel._ring_tables import FAR_ISD_M
from netmodel._settings import Sites
from netmodel.grids.cells import Cells
from netmodel.kernels.catchment import facing_sectors, greatest_move, kept_busy, time_per_site
from netmodel.kernels.distance import nearest_mark
from netmodel.kernels.load import efficiency_at_load
from netmodel.kernels.lookup import curve_values

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_SQUARE = 8  # cells a side, over 3 x 3 of which loads are averaged
_TOLERANCE = 1e-4
_SERVED = 0.01  # share in service from which a distance counts as in range


@dataclass(frozen=True)
class Catchments:
    """The sparse cells of a network and the sites that serve them.

    Parameters
    ----------
    network : Network
    square, width, n_square : (cell,), int, int
        Number of the square of 8 x 8 cells that holds each; how many there are in a row, in all.
    sparse : (sparse,)
        Positions of the cells that have less than a site on average.
    host : (sparse,)
        Position of the cell whose sites serve each, -1 where none is in range.
    distance_m : (sparse,)
        Between the centers of both.
    sector : (sparse,)
        The third of the circle, from 60 degrees west of north, in which the cell lies; 3 in the
        site's own cell.
    sites : (cell,)
        Sites of each cell: whole ones in sparse cells, the mean of dense ones.
    """

    network: Network
    square: Int
    width: int
    n_square: int
    sparse: Int
    host: Int
    distance_m: Float
    sector: NDArray[np.int8]
    sites: Float

    def far(self, curves: Float) -> Float:
        """Values (sparse,) of curves (class, distance) of the tables."""
        settlement = self.network.settlement[self.sparse]
        return curve_values(settlement, self.distance_m, DISTANCE_M, curves)

    def served_share(self) -> Float:
        """Share (sparse,) of each cell in service, for the nearest of the tables' densities."""
        octave = np.log2(np.fmax(self.network.isd_m[self.sparse] / FAR_ISD_M[0], 1.0))
        row = np.rint(octave).clip(0, FAR_ISD_M.size - 1)
        share = np.zeros(self.sparse.size)
        for k in range(FAR_ISD_M.size):
            mine = (row == k) & (self.host >= 0)
            share[mine] = self.far(self.network.tables.far.served[:, k])[mine]
        return share

    def time(self, work: Float, dense_se: Float, far_se: Float) -> Float:
        """Time (cell,) that a cell takes of a site.

        Parameters
        ----------
        work : (cell,)
            Demand over the capacity of a site at an efficiency of one.
        dense_se : (cell,)
            Efficiency of a cell of the lattice.
        far_se : (class, distance)
            Efficiency over the distance from a site.
        """
        out = work / dense_se
        out[self.sparse] = work[self.sparse] / self.far(far_se)
        return np.asarray(out)

    def time_per_site(self, time: Float) -> Float:
        """Busy time (cell,) of the sectors that serve each cell, NaN without any.

        `time` (cell,) is what each cell takes of a site.
        """
        return time_per_site(time, self.sparse, self.host, self.sector, self.sites)

    def loads(self, time: Float, per_site: Float, dense: Float) -> Float:
        """Load (sparse,) that is asked of the sectors that serve the sparse cells.

        Their interference follows the mean load of the sites in 3 x 3 squares of 8 cells: what is
        next to them is their own site's.

        Parameters
        ----------
        time, per_site : (cell,)
            That each cell takes of a site without interference, and `time_per_site` of it.
        dense : (cell,)
            Load that is asked of the dense cells; not used in sparse ones.
        """
        alone, mine = per_site[self.sparse], time[self.sparse]
        network, at = self.network, self.sparse
        of = network.log_isd[at], network.settlement[at]

        def se(around: Float) -> Float:
            return efficiency_at_load(*of, around, network.tables.se, np.log(ISD_M))

        where = self.square[at]
        sites, idle = self._around(self.sites, where), se(np.zeros(mine.size))
        busy = np.nan_to_num(np.fmin(dense, 1.0)) * self.sites
        load, moved, slower = alone, np.inf, np.ones(mine.size)
        while moved > _TOLERANCE:
            busy[self.sparse] = kept_busy(mine, slower, load)
            slower = idle / se(self._around(busy, where) / np.fmax(sites, 1e-9))
            before, load = load, alone * slower
            moved = greatest_move(before, load)
        return load

    def _around(self, value: Float, where: Int) -> Float:
        """Sums of values (cell,) over 3 x 3 squares, around some squares."""
        total = np.bincount(self.square, value, minlength=self.n_square)
        near = np.zeros(total.size)
        for shift in (r * self.width + c for r in (-1, 0, 1) for c in (-1, 0, 1)):
            near += np.roll(total, shift)  # squares at the margin are empty
        return np.asarray(near[where])


def catchments(ds: xr.Dataset, cells: Cells, network: Network, sites: Sites) -> Catchments:
    """The catchments of a network's sites."""
    mean = network.sites_per_km2 * cells.area_km2()
    sparse = np.flatnonzero(~(mean >= 1.0))
    standing = whole_sites(ds, cells, network.number, sites)
    standing[mean >= 1.0] = mean[mean >= 1.0]
    side = cell_side_m(cells)
    limit = _limit_m(network) / side.min(initial=1e6)
    marked = cells.spread(standing > 0.0, False)
    apart, at = nearest_mark(marked, cells.index[sparse], int(limit) + 1)
    host = np.where(at >= 0, np.searchsorted(cells.index, at), -1)
    distance = apart.astype(np.float64) * side[sparse]
    host[distance > _limit_m(network)] = -1
    sector = _sectors(cells, sparse, host)
    distance = np.nan_to_num(distance, posinf=1e9)
    squares = _squares(cells)
    return Catchments(network, *squares, sparse, host, distance, sector, standing)


def _squares(cells: Cells) -> tuple[Int, int, int]:
    """Number of each cell's square, squares in a row and in all, a margin of one around."""
    row, column = (part // _SQUARE for part in cells.absolute())
    if not row.size:
        return row, 0, 0
    row, column = row - row.min() + 1, column - column.min() + 1
    width = int(column.max()) + 2
    return row * width + column, width, (int(row.max()) + 2) * width


def _limit_m(network: Network) -> float:
    """Distance beyond which no class is served."""
    heard = (network.tables.far.served >= _SERVED).any(axis=(0, 1))
    return float(DISTANCE_M[heard].max())


def _sectors(cells: Cells, sparse: Int, host: Int) -> NDArray[np.int8]:
    """Sector (sparse,) of the host that looks at each cell, by grid north."""
    row, column = np.divmod(cells.index, cells.grid.shape[1])
    there = np.maximum(host, 0)
    return facing_sectors(column[sparse] - column[there], row[there] - row[sparse])
