"""Pixels after a few sites have changed: the blocks that may hear them are computed anew."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._explicit import (
    Work,
    cell_dataset,
    pixel_dataset,
    pixel_store,
    put_means,
    room_for_means,
    served_table,
)
from netmodel._load_points import Blocks, block_m
from netmodel._pixels import (
    CELL_LAYERS,
    HORIZON_M,
    Carrier,
    Layers,
    Tallies,
    TilePeople,
    layer_dtype,
    point_values,
    put_values,
    tallies,
    tile_people,
)
from netmodel._site_edits import EditedTable
from netmodel.errors import InputError
from netmodel.grids.tiles import Tile

Bool = NDArray[np.bool_]

_NEEDED = ("server", "coverage_probability", "link_probability")  # of which cells are made
_BLOCKS_AT_ONCE = 6
_MOST_HELD = 2 * 2**30  # bytes of layers that are kept in memory


@dataclass(frozen=True)
class Change:
    """A carrier after edits: its number among the run's, itself, its table, and the numbers."""

    number: int
    carrier: Carrier
    edited: EditedTable


class HeldPixels:
    """The layers of a finished run by tiles, and what its sectors serve in each.

    Parameters
    ----------
    work : Work
    store : path
        Of the run; it is only read.

    Raises
    ------
    InputError
        If the run did not keep the layers that cells are made of.
    """

    def __init__(self, work: Work, store: Path) -> None:
        import zarr

        lacking = [name for name in _NEEDED if name not in work.radio.layers]
        if lacking:
            raise InputError(
                f"{store.parent}: the run kept no {lacking[0]}; run it with [radio] layers that "
                f"hold {', '.join(_NEEDED)}"
            )
        self.work = work
        names: tuple[str, ...] = work.radio.layers
        self._arrays = {name: zarr.open_array(store / "pixels" / name, mode="r") for name in names}
        self._held: dict[Tile, Layers] = {}
        self._room = _MOST_HELD
        _ = work.pixels.order  # made once, before the threads
        with ThreadPoolExecutor(numba.get_num_threads()) as pool:
            self.served = dict(zip(work.tiles, pool.map(self._served, work.tiles), strict=True))

    def layers(self, tile: Tile) -> Layers:
        """The run's layers (carrier, row, column) of a tile; not to be changed."""
        if tile in self._held:
            return self._held[tile]
        place = self.work.place(tile)
        out = {name: np.asarray(array[:, *place]) for name, array in self._arrays.items()}
        size = sum(layer.nbytes for layer in out.values())
        if size <= self._room:
            self._room -= size
            self._held[tile] = out
        return out

    def _people(self, tile: Tile, blocks: Bool | None = None) -> TilePeople | None:
        work = self.work
        return tile_people(tile, work.pixels, work.ground, work.radio, blocks)

    def _served(self, tile: Tile) -> NDArray[np.float64]:
        found = self._tallied(tile, self.layers(tile))
        return np.zeros((0, 4)) if found is None else found.served

    def _tallied(self, tile: Tile, layers: Layers) -> Tallies | None:
        """Of a tile's cells and sectors, from its layers; None where nobody lives."""
        known, carriers = self._people(tile), self.work.carriers
        if known is None:
            return None
        flat = known.points.flat
        values = [
            {name: layers[name][k].reshape(-1)[flat] for name in _NEEDED}
            for k in range(len(carriers))
        ]
        return tallies(self.work.pixels, known, [c.network for c in carriers], values)

    def after(self, changes: list[Change]) -> "EditedPixels":
        """The tiles that differ after the changes, and what follows for cells and sectors."""
        jobs = [job for tile in self.work.tiles for job in self._jobs(tile, changes)]
        tiles: dict[Tile, Layers] = {}
        with ThreadPoolExecutor(numba.get_num_threads()) as pool:
            for job, values in zip(jobs, pool.map(self._computed, jobs), strict=True):
                if values is not None:
                    old = self.layers(job.tile)
                    layers = tiles.setdefault(job.tile, {k: v.copy() for k, v in old.items()})
                    put_values(layers, job.change.number, *values)
            found = pool.map(self._tallied, tiles, tiles.values())
            made = {tile: t for tile, t in zip(tiles, found, strict=True) if t is not None}
        return EditedPixels(self, changes, tiles, made)

    def _jobs(self, tile: Tile, changes: list[Change]) -> Iterator["_Job"]:
        """Blocks of a tile that may hear what a change differs in, some at a time."""
        pixels, side = self.work.pixels, block_m(self.work)
        blocks = Blocks(*pixels.block_centers(tile), pixels.matrices(tile))
        for change in changes:
            x, y = change.edited.x, change.edited.y
            near = np.flatnonzero(blocks.within(x, y, max(HORIZON_M, side) + side))
            for first in range(0, near.size, _BLOCKS_AT_ONCE):
                mask = np.zeros(blocks.x.size, np.bool_)
                mask[near[first : first + _BLOCKS_AT_ONCE]] = True
                yield _Job(tile, change, mask)

    def _computed(self, job: "_Job") -> tuple[NDArray[np.int64], Layers] | None:
        """Flat pixels of a job's blocks, and their values; None where nobody lives."""
        known = self._people(job.tile, job.blocks)
        if known is None or known.points.flat.size == 0:
            return None
        values = point_values(known, job.change.carrier, self.work.radio)
        number = job.change.edited.table["sector"].to_numpy(np.int32)
        server = values["server"]
        values["server"] = np.where(server >= 0, number[server], server)
        return known.points.flat, values


class _Job(NamedTuple):
    tile: Tile
    change: Change
    blocks: Bool


@dataclass(frozen=True)
class EditedPixels:
    """Tiles with their layers after changes, and the tallies of those where people live."""

    held: HeldPixels
    changes: list[Change]
    tiles: dict[Tile, Layers]
    tallies: dict[Tile, Tallies]

    def cells(self, before: xr.Dataset) -> xr.Dataset:
        """The coverage stage's layers: those before, with the cells of the tiles as they are."""
        work = self.held.work
        means, mine = room_for_means(work), room_for_means(work)
        for tile, of_tile in self.tallies.items():
            put_means(means, work, tile, of_tile.means)
            put_means(mine, work, tile, np.ones_like(of_tile.means))
        now, changed = cell_dataset(work, means), mine[0] == 1.0
        out = before.copy()
        for name in CELL_LAYERS:
            values = np.where(changed, now[name].values, before[name].values)
            out[name] = before[name].copy(data=values)
        return out

    def served(self) -> pd.DataFrame:
        """What each sector serves."""
        now = {tile: made.served for tile, made in self.tallies.items()}
        return served_table(list((self.held.served | now).values()))

    @property
    def window(self) -> Work | None:
        """The work on the least rectangle of tiles with all that differ; None without any."""
        if not self.tiles:
            return None
        work = self.held.work
        n = work.pixels.cells
        row, column = np.array([tile.cell for tile in self.tiles]).T
        inside = slice(row.min(), row.max() + n), slice(column.min(), column.max() + n)
        return replace(work, tiles=work.pixels.tiles(*inside))

    def layers(self, tile: Tile) -> Layers:
        """Layers (carrier, row, column) of a tile after the changes."""
        return self.tiles[tile] if tile in self.tiles else self.held.layers(tile)

    def dataset(self) -> xr.Dataset | None:
        """Layers of the pixels of the window, in memory; None without any that differ."""
        work = self.window
        if work is None:
            return None
        out: Layers = {n: np.empty(work.shape, layer_dtype(n)) for n in work.radio.layers}
        for tile in work.tiles:
            for name, layer in self.layers(tile).items():
                out[name][:, *work.place(tile)] = layer
        return pixel_dataset(work, out)

    def write(self, store: Path) -> None:
        """Write the pixels of the window into a new store, tile by tile."""
        import zarr

        work = self.window
        if work is None:
            return
        pixel_store(work, store)
        for name in work.radio.layers:
            array: Any = zarr.open_array(store / "pixels" / name, mode="r+")
            for tile in work.tiles:
                array[:, *work.place(tile)] = self.layers(tile)[name]
