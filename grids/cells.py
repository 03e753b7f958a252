"""The door between layers on (row, column) and flat, contiguous float64 cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.errors import GridMismatchError
from netmodel.grids.grid import Grid
from netmodel.kernels.hilbert import hilbert_index

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Some cells of a grid, by flat index, in the order of the grid.

    Parameters
    ----------
    grid : Grid
    index : (cell,)
        Flat indices, increasing.
    """

    grid: Grid
    index: NDArray[np.int64]

    @classmethod
    def where(cls, grid: Grid, mask: NDArray[np.bool_]) -> "Cells":
        """The cells of `grid` where `mask` (row, column) is true."""
        _check_shape(grid, mask.shape)
        return cls(grid, np.flatnonzero(mask))

    def take(self, layer: NDArray[np.generic]) -> Float:
        """Values of a layer (row, column) at the cells, as contiguous float64."""
        _check_shape(self.grid, layer.shape)
        return np.ascontiguousarray(layer.reshape(-1)[self.index], dtype=np.float64)

    def take_label(self, layer: NDArray[np.generic]) -> NDArray[np.int32]:
        """Labels of a layer (row, column) at the cells, as contiguous int32."""
        _check_shape(self.grid, layer.shape)
        return np.ascontiguousarray(layer.reshape(-1)[self.index], dtype=np.int32)

    def spread(self, value: NDArray[np.generic], fill: float = 0.0) -> NDArray[np.generic]:
        """Layer (row, column) with the cells' values, `fill` elsewhere, of the values' dtype."""
        layer = np.full(self.grid.shape, fill, value.dtype)
        layer.reshape(-1)[self.index] = value
        return layer

    def area_km2(self) -> Float:
        """True area of each cell [km2]."""
        area = self.grid.area_km2()
        if area.size == 1:
            return np.full(self.index.size, area[0, 0])
        return np.ascontiguousarray(np.broadcast_to(area, self.grid.shape).reshape(-1)[self.index])

    def hilbert_order(self) -> NDArray[np.int64]:
        """Positions that sort the cells along a Hilbert curve fixed to the CRS's origin.

        A window of a grid is sorted as the whole grid is.
        """
        a = self.grid.affine
        row, column = np.divmod(self.index, self.grid.shape[1])
        x = column + round(a.c / a.a) + _HALF_SPAN
        y = row + round(a.f / a.e) + _HALF_SPAN
        return np.argsort(hilbert_index(x, y, _ORDER), kind="stable")


_ORDER = 20
_HALF_SPAN = 1 << (_ORDER - 1)


def _check_shape(grid: Grid, shape: tuple[int, ...]) -> None:
    if shape != grid.shape:
        raise GridMismatchError(f"a layer of shape {shape} does not fit a grid of {grid.shape}")
