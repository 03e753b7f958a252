"""Zones and sites of a run as points and polygons."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._given import STATIONS, ZONES
from netmodel._networks import network_names
from netmodel.errors import DataError
from netmodel.grids.cog import named_wkt
from netmodel.grids.grid import Grid
from netmodel.grids.layers import grid_of
from netmodel.store import writing

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely import MultiPolygon

LEVELS = {"provinces": "province_label", "counties": "county_label"}
_WGS_84 = "EPSG:4326"
_POSITION = "center of the cell"  # where a count has no place of its own


def zone_polygons(label: NDArray[np.int32], grid: Grid) -> "dict[int, MultiPolygon]":
    """Outline of each label's cells, in the order of the labels, in the CRS of the grid.

    Parameters
    ----------
    label : (row, column)
        -1 is none.
    """
    import shapely
    from rasterio.features import shapes

    parts: dict[int, list[Any]] = {}
    for outline, value in shapes(label, mask=label >= 0, transform=grid.affine):
        parts.setdefault(int(value), []).append(shapely.geometry.shape(outline))
    return {k: shapely.MultiPolygon(parts[k]) for k in sorted(parts)}


def zone_rows(run: xr.DataTree, folder: Path, level: str) -> pd.DataFrame:
    """The run's table of a level of zones, by label.

    A table leaves out zones without area; the labels are the places of its codes in the store.

    Raises
    ------
    DataError
        A table that is missing or not of this run.
    """
    layer = run["population"].to_dataset()[LEVELS[level]]
    path = folder / f"{level}.parquet"
    if not path.exists():
        raise DataError(f"{path}: no such file; make the run again with `netmodel run`")
    table = pd.read_parquet(path)
    labels = pd.Index(layer.attrs.get("codes", [])).get_indexer(table["code"])
    if (labels < 0).any():
        raise DataError(
            f"{path}: its codes are not those of the zones in run.zarr; "
            "make the run again with `netmodel run`"
        )
    return table.set_index(pd.Index(labels, name="label"))


def zones(run: xr.DataTree, folder: Path, level: str) -> "GeoDataFrame":
    """The outlines of a level of zones with all columns of the run's table.

    A user's own polygons are as they were given, others the outlines of their cells.
    """
    import geopandas

    rows = zone_rows(run, folder, level)
    if level == "counties" and (folder / ZONES).exists():
        own = geopandas.read_parquet(folder / ZONES).set_index("code").geometry
        return geopandas.GeoDataFrame(
            rows.reset_index(), geometry=own.loc[rows["code"]].to_numpy(), crs=own.crs
        )
    people = run["population"].to_dataset()
    grid = grid_of(people)
    outline = zone_polygons(people[LEVELS[level]].values, grid)
    geometry = [outline[k] for k in rows.index]
    return geopandas.GeoDataFrame(rows.reset_index(), geometry=geometry, crs=named_wkt(grid))


def sites(run: xr.DataTree, folder: Path) -> "GeoDataFrame":
    """Sectors of the explicit mode, stations of a list, or cells with stations at their centers.

    Points in WGS 84, whatever the run's CRS.
    """
    for name in ("sectors.parquet", STATIONS):
        if (folder / name).exists():
            grid = grid_of(run["population"].to_dataset())
            return _points(pd.read_parquet(folder / name), grid)
    ds = run["sites"].to_dataset()
    return _points(_cells_with_stations(ds), grid_of(ds))


def _cells_with_stations(ds: xr.Dataset) -> pd.DataFrame:
    """A row a cell that has stations: its center and how many, in all and by network."""
    total, names = ds.sites_5g.values.sum(axis=0), network_names(ds)
    row, column = np.nonzero(total)
    out: dict[str, Any] = {"x": ds.x.values[column], "y": ds.y.values[row]}
    for layer in ("sites_5g", "sites_5g_indoor"):
        counts = ds[layer].values[:, row, column]
        out[layer] = counts.sum(axis=0)
        out |= {f"{layer}_{name}": counts[k] for k, name in enumerate(names)}
    status = "synthesised" if ds.sites_5g.attrs.get("status") == "synthesised" else "listed"
    return pd.DataFrame(out).assign(status=status, position=_POSITION)


def _points(table: pd.DataFrame, grid: Grid) -> "GeoDataFrame":
    """A table with `x` and `y` on the run grid as points, with `lon` and `lat`."""
    import geopandas

    place = geopandas.points_from_xy(table["x"], table["y"], crs=grid.crs).to_crs(_WGS_84)
    table = table.assign(lon=place.x, lat=place.y)
    return geopandas.GeoDataFrame(table, geometry=place, crs=_WGS_84)


def write_vectors(
    frames: "Mapping[str, GeoDataFrame]", path: Path, about: Mapping[str, str]
) -> list[Path]:
    """Write frames as the layers of a GeoPackage, and each as a GeoParquet of its name.

    Each file is written under a temporary name, then renamed. `about` is metadata, text by name.
    """
    with writing(path.parent), TemporaryDirectory(prefix=".partial-", dir=path.parent) as folder:
        package = Path(folder) / path.name
        for layer, frame in frames.items():
            frame.to_file(
                package, layer=layer, driver="GPKG", engine="pyogrio", layer_metadata=dict(about)
            )
        out = [path]
        for layer, frame in frames.items():
            frame.attrs |= about
            frame.to_parquet(Path(folder) / f"{layer}.parquet")
            out.append(path.with_name(f"{layer}.parquet"))
        for place in out:
            (Path(folder) / place.name).replace(place)
    return out
