"""Cloud-optimized GeoTIFFs, written by windows so that memory does not grow with the raster.

A tiled GeoTIFF is written beside the place, GDAL's COG driver copies it with its overviews, and
the copy is renamed; whatever happens, what is temporary is removed.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from netmodel.grids.errors import DataError
from netmodel.grids.grid import Grid

Window = tuple[int, int, NDArray[Any]]
Color = tuple[int, int, int, int]

BLOCK = 512  # pixels on the side of a tile
_CACHE = 256 * 2**20  # bytes that GDAL may hold; its own 5 % of the machine is more than it needs
_RESAMPLING = ("average", "nearest", "mode")
_COMPRESSION = {"COMPRESS": "DEFLATE", "PREDICTOR": "YES", "OVERVIEW_COMPRESS": "DEFLATE"}


@dataclass(frozen=True)
class Band:
    """What the band of a raster holds.

    Parameters
    ----------
    description, unit : str
    nodata : float, optional
        NaN for layers of floats; must be a value of the raster's dtype.
    resampling : str
        Of the overviews: "average" for what is continuous, "mode" for classes, "nearest" for
        counts, which have no mean.
    colors : mapping, optional
        Red, green, blue and opacity (0-255) by value; uint8 and uint16 only.
    tags : mapping
        Further metadata of the band, text by name.
    """

    description: str = ""
    unit: str = ""
    nodata: float | None = None
    resampling: str = "average"
    colors: Mapping[int, Color] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.resampling not in _RESAMPLING:
            raise ValueError(f"resampling = {self.resampling!r}: one of {_RESAMPLING}")


class Moments:
    """Count, least, greatest, mean and spread of values that come by windows, NaN left out.

    Windows are joined by the update of Chan, Golub and LeVeque (1983), stable where the spread
    is small beside the mean.
    """

    def __init__(self) -> None:
        self.count = 0
        self.least, self.greatest = math.inf, -math.inf
        self.mean = self._m2 = 0.0

    def add(self, value: NDArray[Any]) -> None:
        """Take in the values of a window."""
        known = value[~np.isnan(value)] if value.dtype.kind == "f" else value.reshape(-1)
        if known.size == 0:
            return
        self.least = min(self.least, float(known.min()))
        self.greatest = max(self.greatest, float(known.max()))
        mean = float(known.mean(dtype=np.float64))
        m2 = float(known.var(dtype=np.float64)) * known.size
        both, step = self.count + known.size, mean - self.mean
        self._m2 += m2 + step**2 * self.count * known.size / both
        self.mean += step * known.size / both
        self.count = both

    @property
    def deviation(self) -> float:
        """Standard deviation of all values, as GDAL has it (over their number)."""
        return math.sqrt(self._m2 / self.count) if self.count else math.nan

    def tags(self, size: int) -> dict[str, str]:
        """GDAL's names for them; none without values. `size` is that of the whole raster."""
        if not self.count:
            return {}
        found = {
            "MINIMUM": self.least, "MAXIMUM": self.greatest, "MEAN": self.mean,
            "STDDEV": self.deviation, "VALID_PERCENT": 100.0 * self.count / size,
        }  # fmt: skip
        return {f"STATISTICS_{name}": repr(value) for name, value in found.items()}


def write_cog(
    path: str | Path,
    grid: Grid,
    dtype: DTypeLike,
    windows: Iterable[Window],
    *,
    band: Band,
    tags: Mapping[str, str] | None = None,
) -> Moments:
    """Write a raster of one band as a cloud-optimized GeoTIFF (deflate, tiles of 512).

    Parameters
    ----------
    path : path
        Replaced if it exists, and only when the new file is whole.
    grid : Grid
    dtype : dtype
    windows : iterable of (first row, first column, array)
        Parts of the raster (row, column), in any order; what none covers is nodata, or 0 without
        one. Widths that are multiples of 512 are the fastest.
    band : Band
    tags : mapping, optional
        Metadata of the file, text by name: TIFFTAG_COPYRIGHT, TIFFTAG_IMAGEDESCRIPTION, ...

    Returns
    -------
    Moments
        Of the values that are no nodata; also in the file as STATISTICS_*.

    Raises
    ------
    DataError
        A place that cannot be written.
    """
    import rasterio
    from rasterio.shutil import copy

    path = Path(path)
    options = {**_COMPRESSION, "OVERVIEW_RESAMPLING": band.resampling.upper()}
    with _writing(path), TemporaryDirectory(prefix=".partial-", dir=path.parent) as folder:
        plain, cog = Path(folder) / "plain.tif", Path(folder) / "cog.tif"
        # Without PAM, so that all there is to say is in the file itself.
        with rasterio.Env(GDAL_PAM_ENABLED=False, GDAL_CACHEMAX=_CACHE):
            found = _write_plain(plain, grid, np.dtype(dtype), windows, band, tags or {})
            copy(
                plain, cog, driver="COG", BLOCKSIZE=BLOCK, BIGTIFF="IF_SAFER",
                NUM_THREADS="ALL_CPUS", **options,
            )  # fmt: skip
        cog.replace(path)
    return found


def named_wkt(grid: Grid) -> str:
    """A grid's CRS with names that a GIS can show, where it has none."""
    wkt = grid.crs.to_wkt()
    if grid.crs.name != "unknown":
        return wkt
    wkt = wkt.replace('PROJCRS["unknown"', f'PROJCRS["netmodel {grid.name}"', 1)
    return wkt.replace('BASEGEOGCRS["unknown"', 'BASEGEOGCRS["WGS 84"', 1)


def _write_plain(
    path: Path,
    grid: Grid,
    dtype: np.dtype[Any],
    windows: Iterable[Window],
    band: Band,
    tags: Mapping[str, str],
) -> Moments:
    """Write the windows into a tiled file without compression; tiles of nodata take no room."""
    import rasterio
    from rasterio.windows import Window as At

    found = Moments()
    with rasterio.open(
        path, "w", driver="GTiff", height=grid.shape[0], width=grid.shape[1], count=1, dtype=dtype,
        crs=named_wkt(grid), transform=grid.affine, nodata=band.nodata, tiled=True,
        blockxsize=BLOCK, blockysize=BLOCK, SPARSE_OK=True, BIGTIFF="IF_SAFER",
    ) as target:  # fmt: skip
        for row, column, array in windows:
            part = np.ascontiguousarray(array, dtype)
            target.write(part, 1, window=At(column, row, part.shape[1], part.shape[0]))
            found.add(part if band.nodata is None else part[part != band.nodata])
        target.set_band_description(1, band.description)
        target.units = (band.unit,)
        if band.colors is not None:
            target.write_colormap(1, dict(band.colors))
        target.update_tags(**tags)
        target.update_tags(1, **band.tags, **found.tags(grid.shape[0] * grid.shape[1]))
    return found


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn refusals of the system and of GDAL into one line that names the file."""
    from rasterio.errors import RasterioError

    try:
        yield
    except (OSError, RasterioError) as error:
        reason = getattr(error, "strerror", None) or error.__cause__ or error
        raise DataError(
            f"{path}: cannot be written ({' '.join(str(reason).split())}); "
            "give a folder that you may write to, on a disk with room"
        ) from error
