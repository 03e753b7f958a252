"""Vector files read through GDAL or as GeoParquet; errors name the file and the remedy."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.errors import DataError, InputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame, GeoSeries

_PARQUET = b"PAR1"  # how every Parquet file begins


def read_vector(
    path: str | Path,
    layer: str | None = None,
    *,
    encoding: str | None = None,
    needs_crs: bool = True,
) -> "GeoDataFrame":
    """Features of a vector file, in the order of the file.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON, shapefile or any vector file that GDAL reads, or GeoParquet.
    layer : str, optional
        Of a file of several layers; tables without geometries do not count.
    encoding : str, optional
        Of a shapefile that does not state its own.
    needs_crs : bool
        Whether a file that states no CRS is refused.

    Returns
    -------
    GeoDataFrame
        A row a feature, numbered from 0; geometries may be missing or empty.

    Raises
    ------
    DataError
        No such file, or not a vector file.
    InputError
        Several layers and none stated, no such layer, no geometries, or no CRS.
    """
    if not Path(path).exists():
        raise DataError(f"{path}: no such file; check the path")
    frame = _geoparquet(path, layer) if _is_parquet(path) else _gdal_layer(path, layer, encoding)
    if needs_crs and frame.crs is None:
        raise InputError(f"{path}: no CRS; state it in the file")
    return frame.reset_index(drop=True)


def vector_columns(path: str | Path) -> list[str]:
    """Names of the columns of a file that `read_vector` reads, without reading its features."""
    if _is_parquet(path):
        from pyarrow.parquet import read_schema

        return [name for name in read_schema(path).names if not name.startswith("__index_level")]
    from pyogrio import read_info

    return [*map(str, read_info(path)["fields"]), "geometry"]


def without_shape(shapes: "GeoSeries") -> NDArray[np.bool_]:
    """Which geometries are missing or empty."""
    from shapely import is_empty, is_missing

    array = shapes.to_numpy()
    return np.asarray(is_missing(array) | is_empty(array))


def _is_parquet(path: str | Path) -> bool:
    if Path(path).is_dir():  # which a file geodatabase is
        return False
    with Path(path).open("rb") as file:
        return file.read(len(_PARQUET)) == _PARQUET


def _geoparquet(path: str | Path, layer: str | None) -> "GeoDataFrame":
    import geopandas
    from pyarrow import ArrowException

    if layer is not None:
        raise InputError(f"{path}: GeoParquet has no layers; leave {layer!r} out")
    try:
        return geopandas.read_parquet(path)
    except (ArrowException, ValueError, OSError) as error:
        raise DataError(f"{path}: not GeoParquet ({_line(error)}); give a GeoPackage") from error


def _gdal_layer(path: str | Path, layer: str | None, encoding: str | None) -> "GeoDataFrame":
    import geopandas
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        more = {} if encoding is None else {"encoding": encoding}
        frame = geopandas.read_file(path, layer=_layer_of(path, layer), **more)
    except (DataSourceError, DataLayerError, UnicodeError, LookupError) as error:
        raise DataError(
            f"{path}: not a vector file that GDAL reads whole ({_line(error)}); give a GeoPackage"
        ) from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        raise InputError(f"{path}: no geometries in it; give points, lines or polygons")
    return frame


def _layer_of(path: str | Path, layer: str | None) -> str | None:
    """Name of the layer to read: the stated one, or the only one with geometries."""
    import pyogrio

    found = pyogrio.list_layers(path)
    names = [str(name) for name, kind in found if kind is not None]
    listed = ", ".join(names)
    if layer is not None:
        if layer not in names:
            raise InputError(f"{path}: no layer {layer!r} of geometries; it has {listed or 'none'}")
        return layer
    if len(names) > 1:
        raise InputError(
            f"{path}: {len(names)} layers ({listed}); state which one, as `netmodel import` does "
            "with --layer"
        )
    return names[0] if names else None


def _line(error: Exception) -> str:
    return str(error).split("\n")[0].rstrip(".")
