"""The block engine on one core: ns per link, its share of the machine's flops, ns per point."""

import timeit

import numpy as np
import pandas as pd
import pytest

from netmodel._transmitters import bins_of, transmitters
from netmodel.kernels._jit import fast_kernel
from netmodel.kernels.diversity import diversity
from netmodel.kernels.server import Reach, Served, serve

N_SITE, N_SECTOR, SIDE_M, PIXELS, PIXEL_M = 400, 3, 40_000.0, 64, 100.0
N_POINT = PIXELS**2
LINKS = N_SITE * N_SECTOR * N_POINT
EVERY_LINK = Reach(1e9, 1e9, 1e-12, 0.0, False, False)
THREE_SITES = Reach(1e9, 1e9, 1e-12, 0.0, True, False)

# Floating-point operations at a point, counted by hand in kernels/chunk.py and kernels/approx.py:
# each sum, product, quotient, root, minimum, maximum and comparison is one; selections, absolute
# values, conversions and operations on bits are none. exp2_f32 14, log2_f32 15, atan_f32 17,
# acos_f32 18. Of a mast above 3 GHz: offsets 10, depression 1 + 17, slant 1 + 15, sight 11 + 14,
# line of sight 9, without 3, both mixed 5 + 2 * 14; of a site, the sum of the others' interference
# 1. Of a sector: across 6 + 18, down and power 8 + 14, serving 1, the best kept 5.
FLOPS_OF_SITE = 10 + 18 + 16 + 25 + 9 + 3 + 33 + 1
FLOPS_OF_SECTOR = 24 + 22 + 1 + 5
FLOPS = N_POINT * N_SITE * (FLOPS_OF_SITE + N_SECTOR * FLOPS_OF_SECTOR)

N_LANE, N_ROUND, N_CHAIN = 4096, 2000, 24


@fast_kernel
def multiply_add(c, factor, term):
    """Chains of multiply-adds over float32 lanes, each chain in a register."""
    for _ in range(N_ROUND):
        for k in range(N_LANE):
            value = c[k]
            for _ in range(N_CHAIN):
                value = value * factor + term
            c[k] = value


def flops_per_second():
    """The most that a core multiplies and adds, best of a few runs."""
    c, numbers = np.ones(N_LANE, np.float32), (np.float32(0.999), np.float32(1e-3))
    multiply_add(c, *numbers)
    best = min(timeit.repeat(lambda: multiply_add(c, *numbers), number=1, repeat=9))
    return 2.0 * N_LANE * N_ROUND * N_CHAIN / best


def network():
    """Three-sector sites around the block, whose points lie in the middle."""
    xy = np.random.default_rng(11).uniform(0.0, SIDE_M, (2, N_SITE))
    x, y = (np.repeat(a, N_SECTOR) for a in xy)
    return pd.DataFrame(
        {
            "x": x, "y": y, "height_m": 25.0, "model": "uma", "frequency_ghz": 3.5,
            "azimuth_deg": np.tile([0.0, 120.0, 240.0], N_SITE), "tilt_deg": 6.0,
            "antenna": "sector_36814", "eirp_dbm": 32.0, "load": 0.5, "link_dbm": -115.0,
        }
    )  # fmt: skip


def room():
    f32 = [np.empty(N_POINT, np.float32) for _ in range(4)]
    i32 = [np.empty(shape, np.int32) for shape in (N_POINT, (3, N_POINT))]
    return Served(f32[0], i32[0], *f32[1:], np.empty(N_POINT, np.int16), i32[1])


@pytest.fixture(scope="module")
def block():
    """Points, start of the block, its matrix, sectors, their bins."""
    row, column = np.divmod(np.arange(N_POINT), PIXELS)
    corner = 0.5 * (SIDE_M - PIXELS * PIXEL_M)
    x, y = (corner + PIXEL_M * (place + 0.5) for place in (column, row))
    sectors = transmitters(network())
    start, matrix = np.array([0, N_POINT]), np.eye(2)[np.newaxis]
    return x, y, start, matrix, sectors, bins_of(sectors, 5000.0)


def test_links(benchmark, block):
    out = room()
    serve(*block, EVERY_LINK, out)
    benchmark.extra_info |= {"links": LINKS, "flops": FLOPS, "flops_of_link": FLOPS / LINKS}
    benchmark(serve, *block, EVERY_LINK, out)
    assert np.isfinite(out.sinr_db).all() and (out.server >= 0).all()
    if benchmark.stats is not None:
        median, limit = benchmark.stats.stats.median, flops_per_second()
        benchmark.extra_info |= {
            "ns_per_link": 1e9 * median / LINKS,
            "gflops": 1e-9 * FLOPS / median,
            "gflops_limit": 1e-9 * limit,
            "share_of_limit": FLOPS / median / limit,
        }


def test_diversity(benchmark, block):
    x, y, start, matrix, sectors, _ = block
    out, found = room(), np.empty((4, N_POINT), np.float32)
    serve(*block, THREE_SITES, out)
    arguments = (x, y, start, matrix, out.sites, sectors, -105.0, found)
    diversity(*arguments)
    benchmark.extra_info["points"] = N_POINT
    benchmark(diversity, *arguments)
    assert (found >= 0.0).all() and (found <= 1.0).all() and found.max() > 0.5
    if benchmark.stats is not None:
        benchmark.extra_info["ns_per_point"] = 1e9 * benchmark.stats.stats.median / N_POINT
