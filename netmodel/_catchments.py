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
from netmodel._radio_tables import DISTANCE_M
from netmodel._ring_tables import FAR_ISD_M
from netmodel._settings import Sites
from netmodel.grids.cells import Cells
from netmodel.kernels.distance import nearest_mark
from netmodel.kernels.lookup import curve_values

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_OWN = 3  # beside the three sectors: the cell in which the site stands
_SERVED = 0.01  # share in service from which a distance counts as in range


@dataclass(frozen=True)
class Catchments:
    """The sparse cells of a network and the sites that serve them.

    Parameters
    ----------
    network : Network
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
    sparse: Int
    host: Int
    distance_m: Float
    sector: Int
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

    def time_per_site(self, work: Float, dense_se: Float, far_se: Float) -> Float:
        """Busy time (cell,) of the sectors that serve each cell, NaN without any.

        Parameters
        ----------
        work : (cell,)
            Demand over the capacity of a site at an efficiency of one.
        dense_se : (cell,)
            Efficiency of a cell of the lattice.
        far_se : (class, distance)
            Efficiency over the distance from a site.
        """
        n, sparse = work.size, self.sparse
        known = self.host >= 0
        host, sector = self.host[known], self.sector[known]
        time = work / dense_se
        time[sparse] = work[sparse] / self.far(far_se)
        # A sparse cell's time is its host's, in one sector or, of the host's own cell, in all.
        own = time.copy()
        own[sparse] = 0.0
        inward = np.bincount(host * (_OWN + 1) + sector, time[sparse[known]], n * (_OWN + 1))
        inward = inward.reshape(n, _OWN + 1)
        own += inward[:, _OWN]
        total = own + inward[:, :_OWN].sum(axis=1)
        out = np.full(n, np.nan)
        served = self.sites > 0.0
        out[served] = total[served] / self.sites[served]
        out[sparse] = np.nan
        one = np.where(sector == _OWN, total[host], own[host] + _OWN * inward[host, sector])
        out[sparse[known]] = one / self.sites[host]
        return out


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
    return Catchments(network, sparse, host, np.nan_to_num(distance, posinf=1e9), sector, standing)


def _limit_m(network: Network) -> float:
    """Distance beyond which no class is served."""
    heard = (network.tables.far.served >= _SERVED).any(axis=(0, 1))
    return float(DISTANCE_M[heard].max())


def _sectors(cells: Cells, sparse: Int, host: Int) -> Int:
    """Sector (sparse,) of the host that looks at each cell, by grid north."""
    row, column = np.divmod(cells.index, cells.grid.shape[1])
    there = np.maximum(host, 0)
    east, south = column[sparse] - column[there], row[sparse] - row[there]
    bearing = np.degrees(np.arctan2(east, -south))
    sector = np.floor(((bearing + 60.0) % 360.0) / 120.0).astype(np.int64)
    sector[(east == 0) & (south == 0)] = _OWN
    return np.asarray(sector)
