"""The compile settings that all kernels share.

The disk cache is on in an installed package and off in a source checkout, because Numba does
not notice edits in a file that a cached kernel calls into. `NETMODEL_JIT_CACHE` (0 or 1)
overrides.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def cache_enabled(folder: Path, environment: str | None) -> bool:
    """Whether compiled kernels are kept on disk, for kernels that live in `folder`."""
    if environment is not None:
        return environment == "1"
    # A symlinked checkout must resolve to its root, where pyproject.toml stands.
    return not (folder.resolve().parent / "pyproject.toml").exists()


CACHE = cache_enabled(Path(__file__).parent, os.environ.get("NETMODEL_JIT_CACHE"))


def scalar(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a formula of single numbers; division by zero gives inf or NaN, never raises."""
    jit = numba.njit(cache=CACHE, error_model="numpy")
    return cast(Callable[P, R], jit(function))


# All of fast math but its claims that there are no NaN and no infinity. Only for what a benchmark
# shows to gain: without them no loop over a block's points is vectorised (benchmarks/test_server).
_FAST = {"nsz", "arcp", "contract", "afn", "reassoc"}


def fast_scalar(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a formula of the block kernels, whose arguments are ordinary numbers."""
    jit = numba.njit(cache=CACHE, error_model="numpy", fastmath=_FAST)
    return cast(Callable[P, R], jit(function))


def fast_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial loop over arrays as `fast_scalar` compiles a formula."""
    jit = numba.njit(cache=CACHE, error_model="numpy", nogil=True, fastmath=_FAST)
    return cast(Callable[P, R], jit(function))


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a serial loop over arrays; same settings as `scalar`, named for the reader."""
    jit = numba.njit(cache=CACHE, error_model="numpy", nogil=True)
    return cast(Callable[P, R], jit(function))


def parallel_kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a loop whose iteration `i` writes element `i` and nothing else."""
    jit = numba.njit(cache=CACHE, error_model="numpy", parallel=True, nogil=True)
    return cast(Callable[P, R], jit(function))
