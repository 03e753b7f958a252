"""Zones: a label per cell, a table of names, and shares of cells where zones are polygons."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from netmodel.grids.errors import InputError
from netmodel.grids.grid import Grid
from netmodel.grids.overlap import Overlap, overlap_of
from netmodel.grids.polygons import check_column, on_grid, read_polygons
from netmodel.kernels.zonal import zonal_sum

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Float = NDArray[np.float64]
Label = NDArray[np.int32]


@dataclass(frozen=True)
class Zones:
    """Zones of one level.

    Parameters
    ----------
    label : (row, column)
        Row of `table` that the cell belongs to; -1 for none.
    table : DataFrame
        `code`, `name_en`, `name_zh` and whatever else is known, a row a zone.
    overlap : Overlap, optional
        Shares of cells in zones that are polygons; otherwise cells are of their label's zone.
    polygons : GeoDataFrame, optional
        Those polygons as they were given, a row a zone.
    """

    label: Label
    table: pd.DataFrame
    overlap: Overlap | None = None
    polygons: "GeoDataFrame | None" = None

    def __len__(self) -> int:
        return len(self.table)

    def sums(self, layer: NDArray[np.generic]) -> Float:
        """Sum of a layer (row, column) per zone by its share of the cells; NaN is left out."""
        return self.counts(layer) if self.overlap is None else self.overlap.sums(layer)

    def counts(self, layer: NDArray[np.generic]) -> Float:
        """Sum of a layer (row, column) over the cells labeled with each zone, whole."""
        value = np.ascontiguousarray(layer, np.float64).reshape(-1)
        return zonal_sum(value, self.label.reshape(-1), len(self))

    def area_km2(self, grid: Grid) -> Float:
        """True area of each zone [km2]."""
        return self.sums(np.broadcast_to(grid.area_km2(), grid.shape))

    def crop(self, rows: slice, columns: slice) -> "Zones":
        """The same zones in a window."""
        overlap = None if self.overlap is None else self.overlap.crop(rows, columns)
        label = np.ascontiguousarray(self.label[rows, columns])
        return replace(self, label=label, overlap=overlap)

    def within(self, mask: NDArray[np.bool_]) -> "Zones":
        """The same zones without the cells where `mask` (row, column) is false."""
        overlap = None if self.overlap is None else self.overlap.where(mask)
        label = np.where(mask, self.label, -1).astype(np.int32)
        return replace(self, label=label, overlap=overlap)


def sums_by_level(
    zones: Mapping[str, Zones], value: NDArray[np.generic], *, whole: bool = False
) -> dict[str, Float]:
    """Sums of a layer over the zones of several levels, each level on a thread of its own.

    With `whole`, cells are not shared: each counts for its label.
    """

    def of(one: Zones) -> Float:
        return one.counts(value) if whole else one.sums(value)

    with ThreadPoolExecutor(max(len(zones), 1)) as pool:
        return dict(zip(zones, pool.map(of, zones.values()), strict=True))


def one_zone(name: str, mask: NDArray[np.bool_]) -> Zones:
    """A single zone of the cells where `mask` (row, column) is true."""
    table = pd.DataFrame({"code": ["0"], "name_en": [name], "name_zh": [""]})
    return Zones(mask.astype(np.int32) - 1, table)


def read_zones(
    path: str | Path,
    grid: Grid,
    code: str | None = None,
    name: str | None = None,
    *,
    whole_edges: bool = False,
) -> Zones:
    """Zones from a polygon file, with exact shares of cells; labels are by the greatest share.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON, shapefile, GeoParquet or any vector file that GDAL reads, with a CRS.
    grid : Grid
    code, name : str, optional
        Columns of codes and names; by default a row number.
    whole_edges : bool
        Whether cells that reach beyond all zones, as on a coast, count whole in sums.

    Raises
    ------
    InputError
        As by `read_polygons`, or no polygon on the grid.
    """
    frame = read_polygons(path, code)
    if name is not None:
        check_column(path, frame, name)
    shapes = on_grid(path, frame, grid)
    overlap = overlap_of(shapes, grid)
    if not overlap.share.any():
        raise InputError(f"{path}: no polygon overlaps the grid; give zones of its region")
    shared = overlap.with_whole_edges() if whole_edges else overlap
    number = [str(i + 1) for i in range(len(frame))]
    codes = frame[code].astype(str).tolist() if code else number
    names = frame[name].astype(str).tolist() if name else codes
    table = pd.DataFrame({"code": codes, "name_en": names, "name_zh": ""})
    return Zones(overlap.labels(), table, shared, frame)


def polygon_mask(path: str | Path, grid: Grid) -> NDArray[np.bool_]:
    """Cells whose centers lie in any polygon of a file."""
    return np.asarray(_burn(on_grid(path, read_polygons(path), grid), grid) >= 0)


def box_mask(box: tuple[float, float, float, float], grid: Grid) -> NDArray[np.bool_]:
    """Cells whose centers lie in a box (west, south, east, north) [degrees]."""
    west, south, east, north = box
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise InputError(
            f"area = [{west:g}, {south:g}, {east:g}, {north:g}]: expected west < east in "
            "-180..180 and south < north in -90..90 degrees"
        )
    mask = np.zeros(grid.shape, np.bool_)
    rows, columns = _box_window(box, grid)
    window = grid.crop(rows, columns)
    lon, lat = window.lonlat(*window.centers(0, window.shape[0]))
    mask[rows, columns] = (lon >= west) & (lon < east) & (lat >= south) & (lat < north)
    return mask


def _box_window(
    box: tuple[float, float, float, float], grid: Grid, n: int = 33
) -> tuple[slice, slice]:
    """Window of the grid that holds a box of degrees."""
    west, south, east, north = box
    lon, lat = np.meshgrid(np.linspace(west, east, n), np.linspace(south, north, n))
    to_grid = Transformer.from_crs(grid.crs.geodetic_crs, grid.crs, always_xy=True)
    column, row = grid.pixel(*to_grid.transform(lon, lat))
    # One cell of margin for the bulge of edges between the sampled points.
    margin = 1 + (row.max() - row.min() + column.max() - column.min()) / n**2
    return (
        _span(row.min() - margin, row.max() + margin, grid.shape[0]),
        _span(column.min() - margin, column.max() + margin, grid.shape[1]),
    )


def _span(low: float, high: float, size: int) -> slice:
    return slice(min(max(int(low), 0), size), min(max(int(np.ceil(high)), 0), size))


def _burn(frame: "GeoDataFrame", grid: Grid) -> Label:
    """Row of the polygon that holds each cell's center, -1 for none."""
    from rasterio.features import rasterize

    shapes = [(geometry, i) for i, geometry in enumerate(frame.geometry)]
    label = rasterize(shapes, out_shape=grid.shape, transform=grid.affine, fill=-1, dtype="int32")
    return np.asarray(label, np.int32)
