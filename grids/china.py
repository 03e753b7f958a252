"""The embedded China 2020 grid: people and counties per square kilometer.

Synthesised below province level by `netmodel.grids.build_china_2020`; the outline is the
extent of the data and no position on borders.
"""

from dataclasses import dataclass
from importlib.resources import as_file, files

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from netmodel.grids.datum import in_gcj02_box
from netmodel.grids.grid import NATIONAL_CRS, Grid
from netmodel.grids.io import open_raster
from netmodel.grids.zones import Zones

_DATA = "data"
POPULATION_FILE = "china_2020_population.tif"
_COUNTY = "china_2020_county.tif"
_COUNTIES = "china_2020_counties.csv"


@dataclass(frozen=True)
class China:
    """People and counties of the embedded grid.

    Parameters
    ----------
    grid : Grid
    people : (row, column)
        People per cell; NaN outside the 31 provinces.
    counties : Zones
        With `province_code` in the table.
    attribution : str
        Sources and licenses, to travel with outputs.
    """

    grid: Grid
    people: NDArray[np.float64]
    counties: Zones
    attribution: str


def open_china_2020() -> China:
    """Read the embedded grid."""
    people, grid, tags = _read(POPULATION_FILE)
    label, label_grid, _ = _read(_COUNTY)
    if grid != label_grid:
        raise RuntimeError("the embedded rasters do not align; rebuild them")
    counties = Zones(np.asarray(label, np.int32) - 1, county_table())
    known = people.astype(np.float64)
    known[counties.label < 0] = np.nan
    return China(grid, known, counties, tags["ATTRIBUTION"])


def embedded_grid() -> Grid:
    """The national grid, without its people."""
    return _read(_COUNTY)[1]


def in_china(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Whether points in WGS 84 [degrees] lie in cells of the embedded grid's 31 provinces."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    inside = in_gcj02_box(x, y)
    if inside.any():
        label, grid, _ = _read(_COUNTY)
        to_grid = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
        cell = grid.cell(*to_grid.transform(x[inside], y[inside]))
        inside[inside] = (cell >= 0) & (np.asarray(label, np.int32).reshape(-1)[cell] > 0)
    return inside


def county_table() -> pd.DataFrame:
    """The embedded counties in the order of their labels."""
    with as_file(files("netmodel.grids") / _DATA / _COUNTIES) as path:
        table = pd.read_csv(path, dtype={"code": str, "province_code": str}, encoding="utf-8")
    return table.sort_values("label", ignore_index=True)


def _read(name: str) -> tuple[NDArray[np.generic], Grid, dict[str, str]]:
    """Band 1, grid and tags of an embedded raster."""
    with as_file(files("netmodel.grids") / _DATA / name) as path, open_raster(path) as source:
        grid = Grid(CRS.from_user_input(NATIONAL_CRS), source.transform, source.shape)
        return source.read(1), grid, source.tags()
