"""Grids written into xarray datasets by the CF conventions, and read back."""

from collections.abc import Hashable

import numpy as np
import xarray as xr
from affine import Affine
from pyproj import CRS

from netmodel.grids.errors import GridMismatchError
from netmodel.grids.grid import Grid

GRID_MAPPING = "spatial_ref"


def coordinates(grid: Grid) -> dict[Hashable, xr.Variable]:
    """Coordinates `y`, `x` and `spatial_ref` of an unrotated grid (CF 1.11, chapter 5)."""
    a = grid.affine
    standard = ("latitude", "longitude") if grid.crs.is_geographic else _PROJECTED
    unit = "degrees" if grid.crs.is_geographic else "m"
    mapping = {
        **grid.crs.to_cf(),
        "spatial_ref": grid.crs.to_wkt(),
        "GeoTransform": " ".join(repr(float(v)) for v in (a.c, a.a, a.b, a.f, a.d, a.e)),
    }
    return {
        "y": xr.Variable("y", grid.y, {"standard_name": standard[0], "units": unit}),
        "x": xr.Variable("x", grid.x, {"standard_name": standard[1], "units": unit}),
        GRID_MAPPING: xr.Variable((), np.int8(0), mapping),
    }


_PROJECTED = ("projection_y_coordinate", "projection_x_coordinate")


def grid_of(ds: xr.Dataset) -> Grid:
    """The grid of a dataset made with `coordinates`."""
    if GRID_MAPPING not in ds.coords:
        raise GridMismatchError(
            f"the dataset has no {GRID_MAPPING!r} coordinate; make it with netmodel.population"
        )
    mapping = ds[GRID_MAPPING].attrs
    c, a, b, f, d, e = (float(v) for v in mapping["GeoTransform"].split())
    crs = CRS.from_wkt(mapping["spatial_ref"])
    return Grid(crs, Affine(a, b, c, d, e, f), (ds.sizes["y"], ds.sizes["x"]))
