"""Pixels nested in the cells of a grid, in tiles of whole blocks and whole cells.

Blocks of 64 x 64 pixels and tiles are anchored at the origin of a frame, so that they are the
same whatever window of it is computed.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.kernels.hilbert import hilbert_index

Float = NDArray[np.float64]
Int = NDArray[np.int64]

BLOCK = 64
_SUB = 8  # pixels of a block are taken by squares of this side, so that those in a row are near
_LEAST_TILE, _MOST_TILE = 320, 640


@dataclass(frozen=True)
class Tile:
    """A tile by its first pixel and cell in the frame, both (row, column)."""

    pixel: tuple[int, int]
    cell: tuple[int, int]


@dataclass(frozen=True)
class Pixels:
    """Pixels of a frame: `factor` a side in each of its cells, `tile` a side in a tile.

    Parameters
    ----------
    frame : Grid
        Unrotated, of square cells.
    factor, tile : int
    """

    frame: Grid
    factor: int
    tile: int

    @classmethod
    def of(cls, frame: Grid, resolution_m: float, span: int) -> "Pixels":
        """Pixels of a resolution [m]; tiles are smaller where the window spans few cells.

        Raises
        ------
        InputError
            A resolution that is no whole part of the cell, or a grid in degrees.
        """
        side = abs(frame.affine.a)
        if frame.crs.is_geographic:
            raise InputError(
                "[radio] explicit mode needs a run grid in meters; give [grid] crs and bounds"
            )
        factor = round(side / resolution_m)
        if factor < 1 or abs(factor * resolution_m - side) > 1e-5 * side:
            near = side / max(factor, 1)
            raise InputError(
                f"[radio] resolution_m = {resolution_m:g} is no whole part of the run grid's "
                f"{side:g} m; give {near:g}"
            )
        least = math.lcm(BLOCK, factor)
        most = _MOST_TILE if span * factor > 4 * _MOST_TILE else _LEAST_TILE
        return cls(frame, factor, least * max(most // least, 1))

    @property
    def cells(self) -> int:
        """Cells along the side of a tile."""
        return self.tile // self.factor

    def tiles(self, rows: slice, columns: slice) -> list[Tile]:
        """Tiles that hold the cells of a window of the frame, row by row."""
        return [
            Tile((r * self.tile, c * self.tile), (r * self.cells, c * self.cells))
            for r in range(rows.start // self.cells, -(-rows.stop // self.cells))
            for c in range(columns.start // self.cells, -(-columns.stop // self.cells))
        ]

    def grid(self, tiles: list[Tile]) -> Grid:
        """Grid of the pixels of a rectangle of tiles."""
        (r0, c0), (r1, c1) = tiles[0].pixel, tiles[-1].pixel
        a, f = self.frame.affine, self.factor
        affine = Affine(a.a / f, 0.0, a.c + c0 * a.a / f, 0.0, a.e / f, a.f + r0 * a.e / f)
        return Grid(self.frame.crs, affine, (r1 - r0 + self.tile, c1 - c0 + self.tile))

    @cached_property
    def order(self) -> Int:
        """Flat pixels of a tile block by block, and in a block by squares of 8 x 8."""
        row, column = np.divmod(np.arange(self.tile**2), self.tile)
        within = np.lexsort(
            (column, row, column // _SUB, row // _SUB, column // BLOCK, row // BLOCK)
        )
        return within.astype(np.int64)

    @cached_property
    def curve(self) -> tuple[NDArray[np.int32], Int]:
        """Cell of a tile and flat pixel, in an order in which a cell's pixels follow a curve."""
        row, column = np.divmod(np.arange(self.tile**2), self.tile)
        cell = row // self.factor * self.cells + column // self.factor
        order = max((self.factor - 1).bit_length(), 1)
        along = hilbert_index(column % self.factor, row % self.factor, order)
        flat = np.lexsort((along, cell))
        return cell[flat].astype(np.int32), flat

    def blocks(self, wanted: NDArray[np.bool_]) -> tuple[Int, Int]:
        """Flat pixels (point,) of a tile that are wanted, by blocks, and each block's first."""
        flat = self.order[wanted.reshape(-1)[self.order]]
        row, column = np.divmod(flat, self.tile)
        side = self.tile // BLOCK
        count = np.bincount(row // BLOCK * side + column // BLOCK, minlength=side * side)
        return flat, np.concatenate([[0], np.cumsum(count)])

    def centers(self, tile: Tile, flat: Int) -> tuple[Float, Float]:
        """X and y of pixels of a tile [CRS units]."""
        row, column = np.divmod(flat, self.tile)
        a = self.frame.affine
        x = a.c + (tile.pixel[1] + column + 0.5) * (a.a / self.factor)
        return x, a.f + (tile.pixel[0] + row + 0.5) * (a.e / self.factor)

    def block_centers(self, tile: Tile) -> tuple[Float, Float]:
        """X and y of a middle pixel of each block of a tile [CRS units]."""
        side = self.tile // BLOCK
        row, column = np.divmod(np.arange(side * side), side)
        middle = (row * BLOCK + BLOCK // 2) * self.tile + column * BLOCK + BLOCK // 2
        return self.centers(tile, middle)

    def matrices(self, tile: Tile) -> Float:
        """Matrix (block, 2, 2) from the CRS to the ground at the center of each block."""
        return self.frame.local_matrix(*self.block_centers(tile))

    def spread(self, layer: NDArray[np.generic], tile: Tile, fill: float) -> NDArray[np.generic]:
        """Values of a frame's layer (row, column) at a tile's cells, `fill` beyond the frame."""
        out = np.full((self.cells, self.cells), fill, layer.dtype)
        part = layer[
            tile.cell[0] : tile.cell[0] + self.cells, tile.cell[1] : tile.cell[1] + self.cells
        ]
        out[: part.shape[0], : part.shape[1]] = part
        return out

    def refined(self, cells: NDArray[np.generic]) -> NDArray[np.generic]:
        """Each cell's value at all its pixels."""
        return np.repeat(np.repeat(cells, self.factor, axis=0), self.factor, axis=1)

    def shared(self, cells: Float, weight: Float | None = None) -> Float:
        """Counts of cells shared over their pixels, each cell's kept.

        By a weight (pixel row, pixel column) where one is given and not zero all over the cell,
        evenly else. NaN is no data; of the weight it is zero.
        """
        even = self.refined(cells / self.factor**2)
        if weight is None:
            return np.asarray(even, np.float64)
        known = np.nan_to_num(weight, nan=0.0).clip(min=0.0)
        total = np.asarray(self.refined(self.summed(known)), np.float64)
        share = np.divide(known, total, out=np.zeros_like(known), where=total > 0.0)
        return np.where(total > 0.0, self.refined(cells) * share, even)

    def summed(self, pixels: Float) -> Float:
        """Sum of the pixels of each cell."""
        n, f = self.cells, self.factor
        return np.asarray(pixels.reshape(n, f, n, f).sum(axis=(1, 3)))
