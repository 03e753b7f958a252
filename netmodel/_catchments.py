"""Catchments of the national mode: who serves cells that have less than a site of their own.

Where sites are dense a cell is a piece of a lattice. Where they are not, whole sites stand in few
of the cells, and each serves what hears it best: its load is that of its catchment, and not of the
mean density (models.md 0.1: "explicit points only where lambda A < 1").
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel._networks import Network, cell_side_m, whole_sites
from netmodel._radio_tables import DISTANCE_M
from netmodel._ring_tables import FULL_DB, OFF_AXIS_DEG, RISE_DB
from netmodel._settings import Sites
from netmodel.grids.cells import Cells
from netmodel.kernels.catchment import (
    facing_sectors,
    first_marks,
    greatest_move,
    interference,
    kept_busy,
    slow_down,
    standing_sites,
    time_per_site,
)
from netmodel.kernels.lookup import Axes, cube_values

Float = NDArray[np.float64]
Int = NDArray[np.int64]

_RISE_SQUARE = 4  # cells a side, in which sites that are far are taken together
_SQUARE = 8  # cells a side, over 3 x 3 of which loads are averaged
_TOLERANCE = 1e-4
_AXES = Axes(FULL_DB, OFF_AXIS_DEG, DISTANCE_M)
_UNHEARD_DB = -1e4  # beyond a model's range
_NEAR_DB = 24.0
_NOBODY = 1e-5  # share in service that is what interpolation leaves
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
    off_axis_deg : (sparse,)
        Angle at which the host's nearest sector sees the cell, 0 to 60.
    rise_db : (sparse,)
        Noise and the interference of all other sites at full load, over noise.
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
    off_axis_deg: Float
    rise_db: Float
    sector: NDArray[np.int8]
    sites: Float

    def far(self, curves: Float) -> Float:
        """Values (sparse,) of curves (class, rise, angle, distance) of the tables."""
        return self._seen(curves[..., np.newaxis], self.rise_db)[:, 0].astype(np.float64)

    def _seen(self, tables: Float, rise_db: Float) -> NDArray[np.float32]:
        """Values (sparse, table) of tables (class, rise, angle, distance, table)."""
        settlement = self.network.settlement[self.sparse]
        at = rise_db, self.off_axis_deg, self.distance_m
        return cube_values(settlement, at, _AXES, np.ascontiguousarray(tables))

    def served_share(self) -> Float:
        """Share (sparse,) of each cell in service.

        Where others are so strong that they are near, who is lost to the host is theirs.
        """
        table = self.network.tables.far.served[..., np.newaxis]
        share = self._seen(table, np.minimum(self.rise_db, _NEAR_DB))[:, 0].astype(np.float64)
        return np.where((self.host >= 0) & (share > _NOBODY), share, 0.0)

    def time(self, work: Float, dense_se: Float, far_se: Float) -> Float:
        """Time (cell,) that a cell takes of a site.

        Parameters
        ----------
        work : (cell,)
            Demand over the capacity of a site at an efficiency of one.
        dense_se : (cell,)
            Efficiency of a cell of the lattice.
        far_se : (class, rise, angle, distance)
            Efficiency of those in service, over the angle and distance at which they are seen.
        """
        out = work / dense_se
        out[self.sparse] = work[self.sparse] / self.far(far_se)
        return np.asarray(out)

    def time_per_site(self, time: Float) -> Float:
        """Busy time (cell,) of the sectors that serve each cell, NaN without any.

        `time` (cell,) is what each cell takes of a site.
        """
        return time_per_site(time, self.sparse, self.host, self.sector, self.sites)

    def loads(self, time: Float, per_site: Float, dense: Float) -> tuple[Float, Float]:
        """Load (sparse,) that is asked of the sectors that serve the sparse cells; how they slow.

        Interference follows the mean load of the sites in 3 x 3 squares of 8 cells: what is next to
        them is their own site's. By the second value (sparse,) rates are lower than without any.

        Parameters
        ----------
        time, per_site : (cell,)
            That each cell takes of a site without interference, and `time_per_site` of it.
        dense : (cell,)
            Load that is asked of the dense cells; not used in sparse ones.
        """
        alone, mine = per_site[self.sparse], time[self.sparse]
        curves = self._seen(np.moveaxis(self.network.tables.far.se, 1, -1), self.rise_db)
        where = self.square[self.sparse]
        sites = np.fmax(self._around(self.sites, where), 1e-9)
        busy = np.nan_to_num(np.fmin(dense, 1.0)) * self.sites
        load, moved, slower = alone, np.inf, np.ones(mine.size)
        while moved > _TOLERANCE:
            busy[self.sparse] = kept_busy(mine, slower, load)
            around = self._around(busy, where) / sites
            slower = slow_down(curves, self.rise_db, around, RISE_DB)
            before, load = load, alone * slower
            moved = greatest_move(before, load)
        return load, slower

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
    side = cell_side_m(cells)[sparse]
    offsets = _offsets(network, _nominal_side_m(cells))
    marked = cells.spread(standing > 0.0, False)
    first = first_marks(marked, cells.index[sparse], offsets.down, offsets.right)
    found = np.maximum(first, 0)
    at = cells.index[sparse] + offsets.down[found] * marked.shape[1] + offsets.right[found]
    distance = offsets.apart[found] * side
    heard = (first >= 0) & (distance <= _limit_m(network))
    host = np.where(heard, np.searchsorted(cells.index, np.where(heard, at, 0)), -1)
    # As the host sees the cell.
    sector = facing_sectors(-offsets.right[found], offsets.down[found])
    distance[~heard], off_axis = 1e9, offsets.off_axis[found]
    rise = _rise_db(cells, network, standing, (sparse, host, distance, off_axis))
    squares = _squares(cells)
    return Catchments(network, *squares, sparse, host, distance, off_axis, rise, sector, standing)


def _rise_db(
    cells: Cells, network: Network, standing: Float, seen: tuple[Int, Int, Float, Float]
) -> Float:
    """Noise and the interference of all other sites over noise (sparse,) [dB].

    Those of the host's cell see the cell as the server does; of all others the bearing is any.
    """
    sparse, host, distance, off_axis = seen
    far = network.tables.far
    window, row, column = standing_sites(*cells.absolute(), standing, _RISE_SQUARE)
    at = np.where(host >= 0, row[host] * window.cells.shape[1] + column[host], -1)
    other = interference(
        row[sparse], column[sparse], window, at, distance, cell_side_m(cells)[sparse], far.other[-1]
    )
    beside = np.maximum(standing[host] - 1.0, 0.0) * (host >= 0)
    other += beside * 10.0 ** (_snr_db(network, distance, off_axis) / 10.0)
    return np.asarray(10.0 * np.log10(1.0 + other))


def _snr_db(network: Network, distance_m: Float, off_axis: Float) -> Float:
    """SNR of the sector that looks at a cell, by the tables of the highest masts [dB]."""
    curves = np.maximum(network.tables.far.snr_db[-1], _UNHEARD_DB)
    nothing = np.zeros(distance_m.size)
    table = np.stack([curves, curves])[np.newaxis, ..., np.newaxis]
    at = nothing, off_axis, distance_m
    return cube_values(nothing.astype(np.int8), at, _AXES, table)[:, 0].astype(np.float64)


def _nominal_side_m(cells: Cells) -> float:
    """Side of a cell by the grid alone, so that no window of it orders offsets otherwise."""
    per_unit = 78_000.0 if cells.grid.crs.is_geographic else 1.0  # a degree at 45 degrees
    return abs(cells.grid.affine.a) * per_unit


class _Offsets(NamedTuple):
    """Where a cell looks for a host [cells], the best heard first: its distance and angle."""

    down: Int
    right: Int
    apart: Float
    off_axis: Float


def _offsets(network: Network, side_m: float) -> _Offsets:
    """All offsets in range, in the order of the power of the sector that looks at the cell.

    By the tables of the highest masts, which hear farthest; of equals the nearest first, then from
    the north and the west.
    """
    most = int(_limit_m(network) / side_m) + 1
    down, right = (part.ravel() for part in np.mgrid[-most : most + 1, -most : most + 1])
    apart, off_axis = np.hypot(down, right), _off_axis(-right, down)
    heard = _snr_db(network, apart * side_m, off_axis)
    heard[apart == 0.0] = np.inf  # a cell's own sites
    order = np.lexsort((right, down, apart, -heard))
    order = order[heard[order] > 0.9 * _UNHEARD_DB]
    return _Offsets(down[order], right[order], apart[order], off_axis[order])


def _off_axis(east: Int, north: Int) -> Float:
    """Angle between a direction and the axis of the nearest of three sectors, one to the north."""
    bearing = np.degrees(np.arctan2(east, north)) % 120.0
    return np.asarray(np.minimum(bearing, 120.0 - bearing))


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
    heard = (network.tables.far.served >= _SERVED).any(axis=(0, 1, 2))
    return float(DISTANCE_M[heard].max())
