"""Rasters of any size read by windows: whole blocks of the file, each decoded once."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numba
import numpy as np

from netmodel.grids.errors import InputError
from netmodel.grids.io import open_raster

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

R = TypeVar("R")

_MOST_BLOCK_BYTES = 2**29
_AHEAD = 2  # results a thread may be ahead of the one that is used


class Window(NamedTuple):
    """Rows and columns of a raster."""

    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns in it."""
        return self.rows.stop - self.rows.start, self.columns.stop - self.columns.start


def windows_of(shape: tuple[int, int], block: tuple[int, int], most_cells: int) -> list[Window]:
    """Windows that cover a raster, of whole blocks where a block has at most `most_cells`.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the raster.
    block : tuple of int
        Rows and columns of a block of the file.
    most_cells : int
        Of a window; a block with more is cut.

    Returns
    -------
    list of Window
        From left to right, then down.
    """
    height, width = (min(b, n) for b, n in zip(block, shape, strict=True))
    if height * width > most_cells:
        width = min(width, most_cells)
        height = max(1, most_cells // width)
    else:
        # Near squares of blocks, that fewer windows cut a target cell.
        across = min(math.isqrt(most_cells) // width, most_cells // (width * height))
        width = min(width * max(1, across), shape[1])
        height *= max(1, most_cells // (width * height))
    return [
        Window(slice(r, min(r + height, shape[0])), slice(c, min(c + width, shape[1])))
        for r in range(0, shape[0], height)
        for c in range(0, shape[1], width)
    ]


def check_blocks(source: "DatasetReader", path: str | Path) -> None:
    """Refuse a raster of which one block would fill the memory."""
    height, width = source.block_shapes[0]
    if height * width * np.dtype(source.dtypes[0]).itemsize > _MOST_BLOCK_BYTES:
        raise InputError(
            f"{path}: one block of it has {height:,} x {width:,} cells and is decoded as a whole; "
            "rewrite it with `gdal_translate -co TILED=YES -co COMPRESS=DEFLATE`"
        )


def window_results(
    path: str | Path,
    windows: Sequence[Window],
    function: "Callable[[DatasetReader, Window], R]",
    threads: int | None = None,
) -> Iterator[R]:
    """What `function` gives for each window, in their order, computed in threads.

    Parameters
    ----------
    path : path
        Of the raster; each thread opens it for itself.
    windows : sequence of Window
    function : callable
        Called with the open raster and the window.
    threads : int, optional
        By default as many as Numba may use.

    Raises
    ------
    DataError
        The file is missing, no raster or cut short.
    """
    n = threads or numba.get_num_threads()
    with ExitStack() as stack:
        handles: SimpleQueue[DatasetReader] = SimpleQueue()
        for _ in range(n):
            handles.put(stack.enter_context(open_raster(path)))

        def one(window: Window) -> R:
            handle = handles.get()
            try:
                return function(handle, window)
            finally:
                handles.put(handle)

        yield from _in_order(one, windows, n)


def _in_order(function: Callable[[Window], R], windows: Sequence[Window], n: int) -> Iterator[R]:
    """Results in the order of the windows, of which only a few are waiting to be used."""
    pool, waiting = ThreadPoolExecutor(n), deque[Future[R]]()
    try:
        for window in windows:
            waiting.append(pool.submit(function, window))
            if len(waiting) > _AHEAD * n:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
