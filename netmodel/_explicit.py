"""The explicit mode of the coverage stage: every sector a point, every pixel computed, by tiles."""

import math
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._antenna import Antenna
from netmodel._pixels import (
    CELL_LAYERS,
    Carrier,
    Ground,
    Layers,
    Tallies,
    carriers_of,
    layer_dtype,
    layer_fill,
    tile_layers,
)
from netmodel._settings import Radio
from netmodel.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.layers import GRID_MAPPING, coordinates
from netmodel.grids.tiles import BLOCK, Pixels, Tile
from netmodel.store import write_arrays
from netmodel.variables import VARIABLES, annotated

Report = Callable[[int, int], None]

_MOST_BYTES = 4 * 2**30  # of layers held in memory
_MARKS = "tiles"


@dataclass(frozen=True)
class Sectors:
    """Tables of sectors by carrier, and the antennas from files that they name."""

    tables: Mapping[str, pd.DataFrame]
    antennas: Mapping[str, Antenna]


@dataclass(frozen=True)
class Work:
    """What is computed: the pixels of some tiles of a frame, on some carriers.

    `window` is the rows and columns of the frame that the results' cells are of; `synthesised`
    whether people or sites are.
    """

    pixels: Pixels
    tiles: list[Tile]
    ground: Ground
    carriers: list[Carrier]
    radio: Radio
    window: tuple[slice, slice]
    synthesised: bool

    @property
    def grid(self) -> Grid:
        """Grid of the pixels of all tiles."""
        return self.pixels.grid(self.tiles)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Carriers, rows and columns of the layers of pixels."""
        return (len(self.carriers), *self.grid.shape)

    def place(self, tile: Tile) -> tuple[slice, slice]:
        """Rows and columns of a tile in the layers of pixels."""
        row, column = (t - f for t, f in zip(tile.pixel, self.tiles[0].pixel, strict=True))
        n = self.pixels.tile
        return slice(row, row + n), slice(column, column + n)


def work_of(
    ds: xr.Dataset,
    frame: Grid,
    wanted: NDArray[np.bool_] | None,
    sectors: Sectors,
    radio: Radio,
    *,
    synthesised: bool,
) -> Work:
    """The work on the inhabited cells of a dataset, whose grid is a window of a frame.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population`.
    frame : Grid
        Blocks and tiles are anchored at its origin.
    wanted : (row, column), optional
        Cells of the dataset that are asked for.
    """
    people = ds.people.values
    if wanted is not None:
        people = np.where(wanted, people, np.float32(np.nan))
    known = ~np.isnan(people)
    if not (people > 0.0).any():
        raise InputError("area: nobody lives in it; give one with people")
    rows, columns = (np.flatnonzero(known.any(axis=1 - axis)) for axis in (0, 1))
    at = offset_in(ds, frame)
    inhabited = tuple(
        slice(int(part[0]) + o, int(part[-1]) + 1 + o)
        for part, o in zip((rows, columns), at, strict=True)
    )
    span = max(part.stop - part.start for part in inhabited)
    pixels = Pixels.of(frame, radio.resolution_m, span)
    place = tuple(slice(o, o + n) for o, n in zip(at, people.shape, strict=True))
    window = place if wanted is None else inhabited
    ground = Ground(
        in_frame(people, frame, place, np.nan),
        in_frame(ds.settlement_class.values, frame, place, -1),
        abs(frame.affine.a * frame.affine.e) / 1e6,
    )
    side = BLOCK * abs(frame.affine.a) / pixels.factor
    carriers = carriers_of(sectors.tables, sectors.antennas, side)
    tiles = pixels.tiles(*inhabited)
    return Work(pixels, tiles, ground, carriers, radio, (window[0], window[1]), synthesised)


def one_table(sectors: Sectors, work: Work, served: pd.DataFrame) -> pd.DataFrame:
    """All sectors as one table with what they serve; `server` of the pixels refers to `sector`.

    `in_area` tells those in the cells that are computed from those around them.
    """
    parts = []
    for number, (name, table) in enumerate(sectors.tables.items()):
        own = served[served["carrier"] == number].set_index("sector")
        # Edited tables keep the numbers that their run has.
        sector = table.get("sector", pd.Series(np.arange(len(table))))
        whole = own.reindex(sector, fill_value=0)
        counts = {c: whole[c].to_numpy() for c in ("served_pixels", "served_people")}
        parts.append(table.assign(carrier=name, sector=sector.to_numpy(), **counts))
    out = pd.concat(parts, ignore_index=True)
    x, y, frame = out["x"].to_numpy(), out["y"].to_numpy(), work.pixels.frame
    lon, lat = frame.lonlat(x, y)
    inside = np.isfinite(work.ground.people.reshape(-1)[frame.cell(x, y)])
    named = ["site_id"] if "site_id" in out else []  # of a list
    return out.assign(lon=lon, lat=lat, in_area=inside)[[*_COLUMNS, *named]]


_COLUMNS = (
    "carrier", "sector", "site", "network", "band", "lon", "lat", "x", "y", "height_m", "model",
    "azimuth_deg", "tilt_deg", "antenna", "eirp_dbm", "carriers", "status", "in_area",
    "served_pixels", "served_people",
)  # fmt: skip


def offset_in(ds: xr.Dataset, frame: Grid) -> tuple[int, int]:
    """Row and column of a dataset's first cell in a frame."""
    column, row = frame.pixel(ds.x.values[0], ds.y.values[0])
    return int(math.floor(float(row))), int(math.floor(float(column)))


def in_frame(
    layer: NDArray[Any], frame: Grid, place: tuple[slice, ...], fill: float
) -> NDArray[Any]:
    """A window's layer in its frame."""
    out = np.full(frame.shape, fill, layer.dtype)
    out[place] = layer
    return out


class Found(NamedTuple):
    """Means over the people of the run grid's cells, and what each sector serves.

    `served` is a row a sector that serves any pixel: `carrier` (number), `sector`,
    `served_pixels`, `served_people`.
    """

    cells: xr.Dataset
    served: pd.DataFrame


def in_memory(work: Work, report: Report | None = None) -> tuple[xr.Dataset, Found]:
    """Layers of the pixels, and what they add up to, all held in memory."""
    size = math.prod(work.shape) * sum(layer_dtype(n)().itemsize for n in work.radio.layers)
    if size > _MOST_BYTES:
        raise InputError(
            f"{work.shape[1]:,} x {work.shape[2]:,} pixels on {work.shape[0]} carriers take "
            f"{size / 2**30:.0f} GiB; give a smaller area, a coarser [radio] resolution_m or fewer "
            "layers, or let `netmodel run` write them to a folder"
        )
    layers: Layers = {
        n: np.full(work.shape, layer_fill(n), layer_dtype(n)) for n in work.radio.layers
    }
    tallies: dict[Tile, Tallies] = {}

    def keep(tile: Tile, found: Layers, of_tile: Tallies) -> None:
        for name, layer in found.items():
            layers[name][:, *work.place(tile)] = layer
        tallies[tile] = of_tile

    _each_tile(work, work.tiles, keep, report)
    return pixel_dataset(work, layers), _found(work, tallies.__getitem__)


def streamed(work: Work, store: Path, report: Report | None = None) -> Found:
    """Write the layers of the pixels into a store, tile by tile; what they add up to.

    Each tile leaves its tallies beside the store when it is written; the same call again computes
    those without.
    """
    import zarr

    marks = store.with_name(_MARKS)
    if not marks.exists():
        pixel_store(work, store)
        marks.mkdir()
    arrays: dict[str, Any] = {
        n: zarr.open_array(store / "pixels" / n, mode="r+") for n in work.radio.layers
    }

    def keep(tile: Tile, found: Layers, of_tile: Tallies) -> None:
        for name, array in arrays.items():
            # A chunk that is not written reads as NaN or 0; -1 as its fill would read as NaN.
            if found or layer_fill(name) < 0:
                array[:, *work.place(tile)] = found.get(name, layer_fill(name))
        write_arrays(_mark(marks, tile), of_tile._asdict())

    todo = [tile for tile in work.tiles if not _mark(marks, tile).exists()]
    _each_tile(work, todo, keep, report)

    def read(tile: Tile) -> Tallies:
        with np.load(_mark(marks, tile), allow_pickle=False) as mark:
            return Tallies(mark["means"], mark["served"])

    return _found(work, read)


def _found(work: Work, read: Callable[[Tile], Tallies]) -> Found:
    """The tallies of all tiles put together, in their order."""
    means, served = room_for_means(work), [np.zeros((0, 4))]
    for tile in work.tiles:
        of_tile = read(tile)
        put_means(means, work, tile, of_tile.means)
        served.append(of_tile.served)
    return Found(cell_dataset(work, means), served_table(served))


def served_table(served: list[NDArray[np.float64]]) -> pd.DataFrame:
    """What each sector serves, from that of all tiles in their order."""
    table = pd.DataFrame(np.concatenate(served), columns=_SERVED)
    table = table.astype({"carrier": int, "sector": int, "served_pixels": int})
    return table.groupby(["carrier", "sector"], as_index=False).sum()


_SERVED = ["carrier", "sector", "served_pixels", "served_people"]


def forget_marks(store: Path) -> None:
    """Remove the marks of a finished store."""
    shutil.rmtree(store.with_name(_MARKS), ignore_errors=True)


def _mark(marks: Path, tile: Tile) -> Path:
    return marks / f"{tile.cell[0]}_{tile.cell[1]}.npz"


def _each_tile(
    work: Work,
    tiles: list[Tile],
    keep: Callable[[Tile, Layers, Tallies], None],
    report: Report | None,
) -> None:
    """Compute tiles on all threads and keep each result; their kernels release Python's lock."""
    n = work.pixels.cells
    nothing = Tallies(np.full((len(CELL_LAYERS), n, n), np.nan, np.float32), np.zeros((0, 4)))

    def one(tile: Tile) -> None:
        found = tile_layers(tile, work.pixels, work.ground, work.carriers, work.radio)
        layers, tallies = ({}, nothing) if found is None else found
        keep(tile, layers, tallies)

    _ = work.pixels.order  # made once, before the threads
    before = len(work.tiles) - len(tiles)
    pool = ThreadPoolExecutor(numba.get_num_threads())
    try:
        futures = [pool.submit(one, tile) for tile in tiles]
        for done, future in enumerate(as_completed(futures), start=before + 1):
            future.result()
            if report is not None:
                report(done, len(work.tiles))
    finally:  # after an error, or Ctrl-C, those that wait are not begun
        pool.shutdown(cancel_futures=True)


def room_for_means(work: Work) -> NDArray[np.float32]:
    """Means (layer, row, column) of the window's cells, none known."""
    rows, columns = work.window
    shape = (len(CELL_LAYERS), rows.stop - rows.start, columns.stop - columns.start)
    return np.full(shape, np.nan, np.float32)


def put_means(
    means: NDArray[np.float32], work: Work, tile: Tile, found: NDArray[np.float32]
) -> None:
    """Put a tile's means in their place, what lies outside the window left out."""
    to, of = [], []
    for first, part in zip(tile.cell, work.window, strict=True):
        begin, end = max(first, part.start), min(first + work.pixels.cells, part.stop)
        to.append(slice(begin - part.start, end - part.start))
        of.append(slice(begin - first, end - first))
    means[:, *to] = found[:, *of]


def _carrier_coordinate(work: Work) -> xr.Variable:
    names = [carrier.name for carrier in work.carriers]
    flags = {"flag_values": list(range(len(names))), "flag_meanings": " ".join(names)}
    return xr.Variable("carrier", np.arange(len(names), dtype=np.int8), flags)


def pixel_dataset(work: Work, layers: Layers) -> xr.Dataset:
    """Layers (carrier, row, column) of the pixels of all tiles, with their coordinates."""
    coords = {"carrier": _carrier_coordinate(work), **coordinates(work.grid)}
    ds = xr.Dataset(
        {name: (("carrier", "y", "x"), layer) for name, layer in layers.items()},
        coords=coords,
        attrs={"title": "Pixels of the explicit mode", **_notes(work)},
    )
    return annotated(ds, "pixels", synthesised=work.synthesised)


def _notes(work: Work) -> dict[str, Any]:
    """What the layers were computed with."""
    return {
        "resolution_m": abs(work.grid.affine.a),
        "min_people_per_km2": work.radio.min_people_per_km2,
        "load": work.radio.load,
        "step_db": "decibels are kept in steps of 1/128",
    }


def cell_dataset(work: Work, means: NDArray[np.float32]) -> xr.Dataset:
    """Means over the people of the cells of the window."""
    rows, columns = work.window
    grid = work.pixels.frame.crop(rows, columns)
    people = work.ground.people[rows, columns]
    # Who is not computed counts as missed, and nobody is where nobody lives.
    known = np.where(np.isnan(people), np.float32(np.nan), np.nan_to_num(means))
    layers = {name: (("y", "x"), m) for name, m in zip(CELL_LAYERS, known, strict=True)}
    out = xr.Dataset(layers, coords=coordinates(grid), attrs={"title": "Coverage"})
    out.attrs |= {"threshold": f"SS-RSRP >= {work.radio.rsrp_dbm:g} dBm", "mode": "explicit"}
    return annotated(out, "coverage", synthesised=work.synthesised)


def pixel_store(work: Work, store: Path) -> None:
    """Write the coordinates and the empty layers of the pixels, a chunk a tile."""
    import numcodecs
    import zarr

    empty = pixel_dataset(work, {})
    empty.to_zarr(store, group="pixels", mode="w", zarr_format=2, consolidated=False)
    compressor = numcodecs.Blosc("zstd", 1, numcodecs.Blosc.BITSHUFFLE)
    for name in work.radio.layers:
        variable = VARIABLES["pixels", name]
        fill = np.nan if layer_dtype(name) is np.float32 else None
        attributes: Any = {
            "_ARRAY_DIMENSIONS": list(variable.dims),
            "units": variable.units,
            "long_name": variable.long_name,
            "grid_mapping": GRID_MAPPING,
        }
        if work.synthesised:
            attributes["status"] = "synthesised"
        n = work.pixels.tile
        zarr.create_array(
            store=store / "pixels" / name, shape=work.shape, chunks=(1, n, n),
            dtype=layer_dtype(name), fill_value=fill, compressors=compressor, zarr_format=2,
            attributes=attributes,
        )  # fmt: skip
