"""Vector files of any format that GDAL reads, and GeoParquet, with their CRS."""

from pathlib import Path
from typing import TYPE_CHECKING

from netmodel.grids.errors import DataError, InputError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def read_vector(path: str | Path, layer: str | None = None) -> "GeoDataFrame":
    """Features of a file, with geometry; the CRS is None where the file states none.

    Parameters
    ----------
    path : path
        GeoPackage, GeoJSON, shapefile, zipped or not, GeoParquet, ...
    layer : str, optional
        Of a file with several.

    Raises
    ------
    DataError
        No such file, or not a vector file.
    InputError
        Several layers and none named, or one that is not there.
    """
    if not Path(path).exists():
        raise DataError(f"{path}: no such file; check the path")
    if _is_parquet(path):
        return _read_geoparquet(path)
    import geopandas
    from pyogrio.errors import DataLayerError, DataSourceError

    try:
        return geopandas.read_file(path, layer=_layer(path, layer))
    except (DataSourceError, DataLayerError) as error:
        raise _not_vector(path, error) from error


def _is_parquet(path: str | Path) -> bool:
    with Path(path).open("rb") as file:
        return file.read(4) == b"PAR1"


def _read_geoparquet(path: str | Path) -> "GeoDataFrame":
    import geopandas
    from pyarrow.lib import ArrowException

    try:
        return geopandas.read_parquet(path)
    except (ArrowException, OSError) as error:
        raise _not_vector(path, error) from error
    except ValueError as error:  # what geopandas says of a Parquet file without geometry
        raise DataError(f"{path}: a Parquet file without geometry; give a GeoParquet") from error


def _layer(path: str | Path, layer: str | None) -> str | None:
    """The layer to read, of those that have geometry."""
    from pyogrio import list_layers
    from pyogrio.errors import DataSourceError

    try:
        names = [str(name) for name, kind in list_layers(path) if kind is not None]
    except DataSourceError as error:
        raise _not_vector(path, error) from error
    if layer is not None and layer not in names:
        raise InputError(f"{path}: no layer {layer!r}; it has {', '.join(names)}")
    if layer is None and len(names) > 1:
        raise InputError(f"{path}: {len(names)} layers, name one: {', '.join(names)}")
    return layer


def _not_vector(path: str | Path, error: Exception) -> DataError:
    reason = str(error).splitlines()[0]
    return DataError(
        f"{path}: not a whole vector file that GDAL reads ({reason}); give a GeoPackage"
    )
