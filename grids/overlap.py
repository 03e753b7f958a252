"""Shares of cells in polygons, and sums over polygons that cut cells."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.cells import Cells
from netmodel.grids.errors import GridMismatchError
from netmodel.grids.grid import Grid
from netmodel.kernels.polygon import polygon_shares
from netmodel.kernels.zonal import shared_sum

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Float = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Overlap:
    """Which zone has which share of which cell.

    Parameters
    ----------
    zone : (pair,)
        Zones 0 to n - 1, in order.
    cell : (pair,)
        Flat indices into layers of `shape`, increasing within a zone.
    share : (pair,)
        Of the cell's area that lies in the zone, in 0..1.
    n : int
        Number of zones.
    shape : tuple of int
        (row, column) of the layers, or (cell,).
    weight : (pair,), optional
        What sums take of the cell instead of the share of its area.
    """

    zone: NDArray[np.int32]
    cell: Index
    share: Float
    n: int
    shape: tuple[int, ...]
    weight: Float | None = None

    def __len__(self) -> int:
        return self.n

    def sums(self, layer: NDArray[Any]) -> Float:
        """Sum of value x share, or weight, per zone of a layer of `shape`; NaN is left out."""
        return self._sums(layer, self.share if self.weight is None else self.weight)

    def _sums(self, layer: NDArray[Any], share: Float) -> Float:
        if layer.shape != self.shape:
            raise GridMismatchError(
                f"a layer of shape {layer.shape} does not fit zones on {self.shape}"
            )
        value = np.ascontiguousarray(layer, np.float64).reshape(-1)
        return shared_sum(value, self.zone, self.cell, share, self.n)

    def area_km2(self, grid: Grid) -> Float:
        """True area of each zone within the frame of the grid [km2]."""
        return self._sums(np.broadcast_to(grid.area_km2(), grid.shape), self.share)

    def labels(self) -> NDArray[np.int32]:
        """Zone of `shape` with the greatest share of each cell, the first of equals; -1 is none."""
        label = np.full(int(np.prod(self.shape)), -1, np.int32)
        order = np.lexsort((-self.zone, self.share))  # the last to be written stays
        label[self.cell[order]] = self.zone[order]
        return label.reshape(self.shape)

    def with_whole_edges(self) -> "Overlap":
        """Zones that share the whole of every cell that any of them touches.

        So that people are kept on a coast, where the rest of a cell is the sea's.
        """
        total = np.bincount(self.cell, self.share, int(np.prod(self.shape)))[self.cell]
        return replace(self, weight=self.share / np.minimum(total, 1.0))

    def where(self, mask: NDArray[np.bool_]) -> "Overlap":
        """The shares of the cells where `mask`, of `shape`, is true."""
        kept = mask.reshape(-1)[self.cell]
        return self._some(kept, self.cell[kept], self.shape)

    def crop(self, rows: slice, columns: slice) -> "Overlap":
        """The shares in a window, given by slices with both ends."""
        row, column = np.divmod(self.cell, self.shape[1])
        row, column = row - rows.start, column - columns.start
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        kept = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
        return self._some(kept, (row * shape[1] + column)[kept], shape)

    def at(self, cells: Cells) -> "Overlap":
        """The shares of some cells, for values (cell,) in their order."""
        if cells.grid.shape != self.shape:
            raise GridMismatchError(
                f"cells of a grid of {cells.grid.shape} do not fit zones on {self.shape}"
            )
        position = np.full(int(np.prod(self.shape)), -1, np.int64)
        position[cells.index] = np.arange(cells.index.size)
        found = position[self.cell]
        kept = found >= 0
        return self._some(kept, found[kept], (cells.index.size,))

    def _some(self, kept: NDArray[np.bool_], cell: Index, shape: tuple[int, ...]) -> "Overlap":
        weight = None if self.weight is None else self.weight[kept]
        return Overlap(self.zone[kept], cell, self.share[kept], self.n, shape, weight)


def overlap_of(polygons: "GeoDataFrame", grid: Grid) -> Overlap:
    """Exact shares of a grid's cells in polygons.

    exactextract finds the cells of each polygon. It keeps shares in float32, 1e-8 off, so that
    a kernel computes them again in float64.

    Parameters
    ----------
    polygons : GeoDataFrame
        Valid polygons or multipolygons in the CRS of the grid; edges are straight there. They
        may cross the frame and each other, and be empty.
    grid : Grid

    Returns
    -------
    Overlap
        A zone a row, with shares right to 1e-12.
    """
    from netmodel.grids._exactextract import touched_cells

    geometries = _in_pixels(polygons, grid)
    cells = touched_cells(grid.shape, _wkb(geometries, grid.shape[0]))
    size, cell = [len(c) for c in cells], np.concatenate([np.empty(0, np.int64), *cells])
    del cells  # as large as all that is kept
    share = polygon_shares(*_rings(geometries), cell, _starts(size), grid.shape)
    zone = np.repeat(np.arange(len(size), dtype=np.int32), size)
    return Overlap(zone, cell, share, len(size), grid.shape)


def polygon_sums(layer: NDArray[Any], grid: Grid, polygons: "GeoDataFrame") -> Float:
    """Sum of value x share per polygon of one layer (row, column); NaN is left out.

    Straight through exactextract, faster than `overlap_of` for a layer or two; borders are
    right to 1e-7 of a cell.
    """
    from netmodel.grids._exactextract import sums

    if layer.shape != grid.shape:
        raise GridMismatchError(f"a layer of shape {layer.shape} does not fit {grid.shape}")
    return sums(layer, _wkb(_in_pixels(polygons, grid), grid.shape[0]))


def _in_pixels(polygons: "GeoDataFrame", grid: Grid) -> NDArray[np.object_]:
    """Geometries in columns and rows of the grid."""
    import shapely

    if polygons.crs is not None and polygons.crs != grid.crs:
        raise GridMismatchError(f"polygons in {polygons.crs.name}, a grid in {grid.name}")
    plane = shapely.force_2d(np.asarray(polygons.geometry.array, object))
    out: NDArray[np.object_] = shapely.transform(
        plane, lambda xy: np.column_stack(grid.pixel(xy[:, 0], xy[:, 1]))
    )
    return out


def _wkb(geometries: NDArray[np.object_], rows: int) -> list[bytes]:
    """Geometries with rows upward, as exactextract has them."""
    import shapely

    flipped = shapely.transform(geometries, lambda xy: np.column_stack([xy[:, 0], rows - xy[:, 1]]))
    return [
        b"" if empty else shapely.to_wkb(one)
        for one, empty in zip(flipped, shapely.is_empty(flipped), strict=True)
    ]


def _rings(geometries: NDArray[np.object_]) -> tuple[Float, Index, NDArray[np.bool_], Index]:
    """Points of all rings, first point of each, whether it is a hole, first ring of each zone."""
    import shapely

    parts, zone = shapely.get_parts(geometries, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    hole = np.zeros(len(rings), np.bool_)
    hole[1:] = part[1:] == part[:-1]
    return (
        xy,
        _starts(np.bincount(ring, minlength=len(rings))),
        hole,
        _starts(np.bincount(zone[part], minlength=len(geometries))),
    )


def _starts(size: "list[int] | NDArray[Any]") -> Index:
    """Where each of some runs begins, and the end of the last."""
    return np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
