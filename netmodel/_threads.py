"""Work on independent items at once, in threads that release Python's lock in their kernels."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba

T = TypeVar("T")
R = TypeVar("R")


def in_threads(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Results in the order of the items, on as many threads as Numba may use."""
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        return list(pool.map(function, items))
