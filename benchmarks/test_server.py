"""Links of the block engine: nanoseconds each, and the share of the machine's arithmetic limit."""

import time

import numpy as np
import pandas as pd
import pytest

from netmodel._transmitters import bins_of, transmitters
from netmodel.kernels._jit import fast_kernel
from netmodel.kernels.chunk import LANES
from netmodel.kernels.diversity import diversity
from netmodel.kernels.server import Reach, Served, serve

SITES, SIDE_M = 400, 6400.0
# Additions, multiplications, divisions, roots, comparisons and selections of float32 that
# `kernels.chunk` does of a mast at a point, and of a sector: counted line by line, a polynomial of
# degree n as 2n. Mast: offsets 11, angle 21, log2 of the slant 21, lines 16, sight 26, mix 40.
# Sector: attenuation 29, power 28, best 11.
FLOPS_OF_MAST, FLOPS_OF_SECTOR = 135, 68


def block(n: int):
    rng = np.random.default_rng(1)
    at = rng.uniform(-SIDE_M, 2.0 * SIDE_M, (SITES, 2))
    rows = pd.DataFrame(np.repeat(at, 3, axis=0), columns=["x", "y"]).assign(
        height_m=25.0, model="uma", frequency_ghz=3.5, tilt_deg=7.0, antenna="sector_36814",
        azimuth_deg=np.tile([0.0, 120.0, 240.0], SITES), eirp_dbm=33.0, load=1.0, link_dbm=-120.0,
    )  # fmt: skip
    sectors = transmitters(rows)
    x, y = np.ascontiguousarray(rng.uniform(0.0, SIDE_M, (2, n)))
    start, matrix = np.array([0, n]), np.eye(2)[np.newaxis]
    powers = [np.empty(n, np.float32) for _ in range(4)]
    whole = np.empty(n, np.int32), np.empty(n, np.int16), np.empty((3, n), np.int32)
    out = Served(powers[0], whole[0], powers[1], powers[2], powers[3], whole[1], whole[2])
    return x, y, start, matrix, sectors, bins_of(sectors, SIDE_M), out


@fast_kernel
def multiply_add(c, n):
    """Four chains of multiply-adds a lane, all in registers."""
    for k in range(LANES):
        p, q, r, s = c[k], c[k] + c[0], c[k] + c[1], c[k] + c[2]
        for _ in range(n):
            p, q, r, s = p * p + q, q * q + r, r * r + s, s * s + p
        c[k] = p + q + r + s


def limit_gflops(n: int = 20_000) -> float:
    """Float32 operations a second of one core, in a loop that does nothing else."""
    c = np.zeros(LANES, np.float32)
    multiply_add(c, 1)
    best = 0.0
    for _ in range(3):
        begin = time.perf_counter()
        multiply_add(c, n)
        best = max(best, 8.0 * n * LANES / (time.perf_counter() - begin))
    return best / 1e9


@pytest.mark.parametrize("three_sites", [False, True], ids=["server", "three-sites"])
def test_mixture_with_sector_antennas(benchmark, three_sites):
    n = 4096 if benchmark.enabled else LANES
    x, y, start, matrix, sectors, bins, out = block(n)
    reach = Reach(1e9, 1e9, 1e-12, 0.0, three_sites, False)
    serve(x, y, start, matrix, sectors, bins, reach, out)
    benchmark(serve, x, y, start, matrix, sectors, bins, reach, out)
    links = 3 * SITES * n
    benchmark.extra_info |= {"links": links, "flops": links * (FLOPS_OF_MAST / 3 + FLOPS_OF_SECTOR)}
    if benchmark.enabled:
        seconds = benchmark.stats.stats.median
        gflops = benchmark.extra_info["flops"] / seconds / 1e9
        benchmark.extra_info |= {
            "ns_per_link": 1e9 * seconds / links,
            "share_of_limit": gflops / limit_gflops(),
        }
    assert (out.server >= 0).all()


def test_coverage_of_three_sites(benchmark):
    n = 4096 if benchmark.enabled else LANES
    x, y, start, matrix, sectors, bins, out = block(n)
    serve(x, y, start, matrix, sectors, bins, Reach(1e9, 1e9, 1e-12, 0.0, True, False), out)
    found = np.empty((4, n), np.float32)
    diversity(x, y, start, matrix, out.sites, sectors, -105.0, found)
    benchmark(diversity, x, y, start, matrix, out.sites, sectors, -105.0, found)
    benchmark.extra_info["points"] = n
    assert (found >= 0).all() and (found <= 1).all()
