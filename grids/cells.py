"""The door between layers on (row, column) and flat, contiguous float64 cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from netmodel.grids.errors import GridMismatchError
from netmodel.grids.grid import Grid
from netmodel.kernels.hilbert import hilbert_index
from netmodel.kernels.spread import gather, spread

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

    def some(self, position: NDArray[np.int64]) -> "Cells":
        """The cells at some positions, which must increase."""
        return Cells(self.grid, self.index[position])

    def take(self, layer: NDArray[Any], dtype: DTypeLike = np.float64) -> NDArray[Any]:
        """Values of a layer (row, column) at the cells, contiguous."""
        _check_shape(self.grid, layer.shape)
        out = np.empty(self.index.size, dtype)
        gather(out, np.ascontiguousarray(layer), self.index)
        return out

    def take_label(self, layer: NDArray[Any]) -> NDArray[np.int32]:
        """Labels of a layer (row, column) at the cells, as contiguous int32."""
        return self.take(layer, np.int32)

    def spread(
        self, value: NDArray[Any], fill: float = 0.0, dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Layer (row, column) with the cells' values, `fill` elsewhere; of the values' dtype."""
        layer = np.empty(self.grid.shape, value.dtype if dtype is None else dtype)
        spread(layer, self.index, value, fill)
        return layer

    def stack(
        self, layers: Sequence[NDArray[Any]], fill: float = 0.0, dtype: DTypeLike | None = None
    ) -> NDArray[Any]:
        """Layers (layer, row, column) with the cells' values, `fill` elsewhere."""
        dtype = layers[0].dtype if dtype is None else dtype
        out = np.empty((len(layers), *self.grid.shape), dtype)
        for layer, value in zip(out, layers, strict=True):
            spread(layer, self.index, value, fill)
        return out

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
        row, column = self.absolute()
        return np.argsort(hilbert_index(column, row, _ORDER), kind="stable")

    def absolute(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows and columns counted from a fixed place of the CRS, whatever the window."""
        a = self.grid.affine
        row, column = np.divmod(self.index, self.grid.shape[1])
        return row + round(a.f / a.e) + _HALF_SPAN, column + round(a.c / a.a) + _HALF_SPAN


_ORDER = 20
_HALF_SPAN = 1 << (_ORDER - 1)


def _check_shape(grid: Grid, shape: tuple[int, ...]) -> None:
    if shape != grid.shape:
        raise GridMismatchError(f"a layer of shape {shape} does not fit a grid of {grid.shape}")
