"""Where the cells of one grid lie on another: exact at nodes, bilinear between them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

from netmodel.grids.grid import Grid, mapped
from netmodel.grids.windows import Window

Float = NDArray[np.float64]
Int = NDArray[np.int64]

# Of the smaller of the two cells: what interpolation over twice the nodes' distance may miss, so
# that over that distance it misses about a quarter of it.
TOLERANCE = 1e-3
_STEPS = (32, 16, 8, 4, 2)
_EXACT_CELLS = 1 << 16  # a raster of fewer cells is transformed corner by corner
_PROBES = 9
_SAME_PLANE = 1e-6  # cells
_ON_AN_EDGE = 1e-7  # cells; rounding of coordinates of 1e7 m leaves 1e-9
_TORN_M, _TORN_DEGREES = 1e7, 90.0  # no cell is as large as a quarter of the Earth


@dataclass(frozen=True)
class Placement:
    """Cells of `source` in columns and rows of `target`.

    Parameters
    ----------
    source, target : Grid
    """

    source: Grid
    target: Grid

    def pixel(self, row: ArrayLike, column: ArrayLike) -> Float:
        """Column and row of `target`, first axis, of corners of `source` by row and column.

        NaN where the map of `target` has no place for them.
        """
        corner = self._to_target.transform(*mapped(self.source.affine, column, row))
        place = np.stack(self.target.pixel(*corner))
        place[~np.isfinite(place)] = np.nan
        with np.errstate(invalid="ignore"):
            nearest = np.rint(place)
            return np.where(np.abs(place - nearest) < _ON_AN_EDGE, nearest, place)

    def nodes(self, window: Window) -> tuple[Float, Int, Int]:
        """Nodes around the cells of a window, for `share_patches`.

        Returns
        -------
        node : (2, node row, node column)
            Columns and rows of `target`.
        at_row, at_column : (node,)
            Where they are in the window.
        """
        node, rows, columns = self._lattice(window, self.step)
        # Where the map is torn or ends, every corner is asked for.
        if self.step > 1 and not _bend(node) <= self.tolerance:
            node, rows, columns = self._lattice(window, 1)
        return node, rows - window.rows.start, columns - window.columns.start

    @cached_property
    def step(self) -> int:
        """Cells of `source` between nodes; they stand on multiples of it, whatever the window."""
        rows, columns = self.source.shape
        if self._is_affine:
            return _STEPS[0]
        if rows * columns <= _EXACT_CELLS:
            return 1
        for step in _STEPS:
            if min(rows, columns) > 2 * step and _bend(self._probes(step)) <= self.tolerance:
                return step
        return 1

    @cached_property
    def tolerance(self) -> float:
        """Largest error of interpolation over two steps [cells of `target`]."""
        return TOLERANCE * min(1.0, float(np.nanmin(self._sides, initial=1.0)))

    @cached_property
    def target_cells(self) -> float:
        """Most cells of `target` under a cell of `source`, roughly."""
        return float(np.nanmax(self._sides[0] * self._sides[1], initial=0.0))

    @property
    def most_span(self) -> float:
        """Columns or rows of `target` that no cell of `source` spans."""
        crs, side = self.target.crs, abs(self.target.affine.a)
        if crs.is_geographic:
            return _TORN_DEGREES / side
        return _TORN_M / (side * float(crs.axis_info[0].unit_conversion_factor))

    @cached_property
    def _to_target(self) -> Transformer:
        return Transformer.from_crs(self.source.crs, self.target.crs, always_xy=True)

    @cached_property
    def _is_affine(self) -> bool:
        """Whether both grids lie in one plane, so that cells' edges may meet exactly."""
        rows, columns = (np.linspace(0, n, 5) for n in self.source.shape)
        place = self.pixel(rows[:, None], columns)
        relative = ~self.target.affine @ self.source.affine
        straight = np.stack(mapped(relative, *np.meshgrid(columns, rows)))
        return bool(np.abs(place - straight).max() <= _SAME_PLANE)

    @cached_property
    def _sides(self) -> Float:
        """Height and width [cells of `target`] of the cells of `source`, at some of them."""
        node = self._probes(1)
        down, right = np.diff(node, axis=-2)[..., 0], np.diff(node, axis=-1)[..., 0, :]
        with np.errstate(invalid="ignore"):
            sides = np.stack([np.hypot(*down[..., 0]), np.hypot(*right[..., 0])])
        return np.where(sides < self.most_span, sides, np.nan)

    def _probes(self, step: int) -> Float:
        """Three by three nodes at some places over `source`: (2, place, place, 3, 3)."""
        rows, columns = (
            np.linspace(0, max(n - 2 * step, 0), _PROBES).round() for n in self.source.shape
        )
        offset = step * np.arange(3.0)
        row = rows[:, None, None, None] + offset[:, None]
        column = columns[:, None, None] + offset
        return self.pixel(*np.broadcast_arrays(row, column))

    def _lattice(self, window: Window, step: int) -> tuple[Float, Int, Int]:
        rows, columns = (
            np.arange(part.start // step * step, part.stop + step, step) for part in window
        )
        return self.pixel(*np.broadcast_arrays(rows[:, None], columns)), rows, columns


def _bend(node: Float) -> float:
    """Largest distance of a node from the middle of its neighbors; NaN where one has no place."""
    down = node[..., 1:-1, :] - (node[..., :-2, :] + node[..., 2:, :]) / 2.0
    right = node[..., 1:-1] - (node[..., :-2] + node[..., 2:]) / 2.0
    largest = [float(np.abs(part).max(initial=0.0)) for part in (down, right)]
    return max(largest) if np.isfinite(node).all() else np.nan
