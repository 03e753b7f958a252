"""A raster's windows in whole blocks of its file, so that none is decoded twice."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

Window = tuple[slice, slice]
T = TypeVar("T")
W = TypeVar("W")

_LARGE = 4  # windows that a block may hold
_AHEAD = 2  # windows that are held besides the one in use


def block_windows(source: "DatasetReader", cells: int) -> Iterator[Window]:
    """Rows and columns of windows of about so many cells, that together are the raster."""
    height, width = source.block_shapes[0]
    if height * width > _LARGE * cells:  # a strip of the whole file, which GDAL holds
        height = max(1, cells // width)
    across = min(source.width, max(1, cells // (height * width)) * width)
    down = min(source.height, max(1, cells // (height * across)) * height)
    for row in range(0, source.height, down):
        for column in range(0, source.width, across):
            yield (
                slice(row, min(row + down, source.height)),
                slice(column, min(column + across, source.width)),
            )


def ahead(prepared: Callable[[W], T], windows: Iterable[W]) -> Iterator[T]:
    """What is prepared of each window, in their order; the next ones on a thread of their own."""
    with ThreadPoolExecutor(1) as pool:
        coming: list[Future[T]] = []
        for window in windows:
            coming.append(pool.submit(prepared, window))
            if len(coming) > _AHEAD:
                yield coming.pop(0).result()
        for one in coming:
            yield one.result()
