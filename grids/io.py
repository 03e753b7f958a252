"""Raster and store files, read and written through libraries, with CRS and units kept."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.errors import DataError, InputError
from netmodel.grids.grid import Grid

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from rasterio.vrt import WarpedVRT


@contextmanager
def open_raster(path: str | Path) -> "Iterator[DatasetReader]":
    """Open a raster for reading; errors name the file and the remedy."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

    if not Path(path).exists():
        raise DataError(f"{path}: no such file; check the path")
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
        try:
            with warnings.catch_warnings():  # who needs a place on Earth says so itself
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                source = rasterio.open(path)
        except RasterioIOError as error:
            raise DataError(f"{path}: not a raster that GDAL reads; give a GeoTIFF") from error
        with source, reading(path):
            yield source


# GDAL would keep blocks up to a twentieth of the memory, and each is read once here.
_CACHE_MB = 256


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turn what a damaged raster makes GDAL say into one line."""
    from rasterio.errors import RasterioIOError

    try:
        yield
    except RasterioIOError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise DataError(
            f"{path}: cannot be read to its end ({reason}); the file is cut short or "
            "damaged, copy it again"
        ) from error


def attribution_of(source: "DatasetReader") -> str:
    """Source and license that a raster's tags name; empty if they name none."""
    tags = {key.lower(): " ".join(str(value).split()) for key, value in source.tags().items()}
    said = [tags[key] for key in _ATTRIBUTIONS if tags.get(key)]
    return "; ".join(dict.fromkeys(said))


_ATTRIBUTIONS = ("tifftag_copyright", "attribution", "source", "licence", "license")


def warped_window(path: str | Path, grid: Grid) -> NDArray[np.float64]:
    """Mean of a raster's first band over the cells of a grid; NaN without data.

    Read by windows and warped by GDAL, so that memory does not grow with the raster.
    """
    with open_raster(path) as source, warped(source, grid) as view:
        return scaled(source, np.asarray(view.read(1), np.float64))


def scaled(source: "DatasetReader", value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a raster's first band by its scale and offset."""
    return np.asarray(value * source.scales[0] + source.offsets[0])


def warped(source: "DatasetReader", grid: Grid) -> "WarpedVRT":
    """An open raster as means over the cells of a grid, computed where it is read.

    Raises
    ------
    InputError
        A raster over the 180th meridian, of which GDAL would leave out a half.
    """
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    bounds = source.bounds
    if source.crs is not None and source.crs.is_geographic:
        if bounds.left < -180.001 or bounds.right > 180.001:
            raise InputError(
                f"{source.name}: longitudes from {bounds.left:g} to {bounds.right:g}; cut it at "
                "the 180th meridian, or give it in a projected CRS"
            )
    return WarpedVRT(
        source,
        crs=grid.crs.to_wkt(),
        transform=grid.affine,
        height=grid.shape[0],
        width=grid.shape[1],
        resampling=Resampling.average,
        dtype="float64",
        nodata=np.nan,
    )
