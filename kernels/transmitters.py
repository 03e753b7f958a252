"""Sectors of masts of sites on one carrier, and those of them that lie around some points."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import fast_kernel, kernel, scalar
from netmodel.kernels.approx import Real
from netmodel.kernels.chunk import LANES, MOST, cut_power, sector_power

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Int = NDArray[np.int64]
Int32 = NDArray[np.int32]


class Transmitters(NamedTuple):
    """Sectors of masts of sites, each level pointing into the next.

    `x`, `y` (site,) in the CRS; `mast_start` (site + 1,); `curve` (mast,) rows of `curves`;
    `sector_start` (mast + 1,); `sector` (sector, 6) with the columns of `chunk`; `pattern`
    (sector,) rows of `patterns` (pattern, 5), or -1 - row of `cuts` (cut, 2, 362); `mast` (sector,)
    and `site` (mast,) point back.
    """

    x: Float
    y: Float
    mast_start: Int
    curve: Int32
    sector_start: Int
    sector: Float32
    pattern: Int32
    curves: Float32
    patterns: Float32
    cuts: Float32
    mast: Int32
    site: Int32


class Bins(NamedTuple):
    """Sites by square bins of `side` from (x, y): `order` holds those of bin b from `start[b]`."""

    start: Int32
    order: Int32
    x: float
    y: float
    side: float
    rows: int
    columns: int


class Points(NamedTuple):
    """Points of a block on the ground, from the first one [m], to whole chunks of lanes."""

    east: Float32
    north: Float32


class Near(NamedTuple):
    """Some sites around a block: number, offset on the ground from its first point [m].

    `apart2` (site,) is the squared distance from the block's box.
    """

    site: Int
    east: Float32
    north: Float32
    apart2: Float


class Masts(NamedTuple):
    """Masts around a block and their sectors, copied together: a block reads nothing else.

    Offsets `at` (mast, 2) [m], row of the curves, whether it is the last one of its site, first
    sector; of the sectors `number`, columns, pattern; whether any of them has a direction.
    """

    at: Float32
    curve: Int32
    ends_site: NDArray[np.bool_]
    start: Int
    number: Int32
    sector: Float32
    pattern: Int32
    directed: bool


@scalar
def ground_offset(dx: float, dy: float, matrix: Float) -> tuple[float, float]:
    """Offset on the ground, east and north, of one in the CRS by a block's matrix (2, 2)."""
    return matrix[0, 0] * dx + matrix[0, 1] * dy, matrix[1, 0] * dx + matrix[1, 1] * dy


@kernel
def on_ground(x: Float, y: Float, matrix: Float) -> Points:
    """Offsets of points from the first one, formed in float64; the last one fills the lanes."""
    n = (x.size + LANES - 1) // LANES * LANES
    east, north = np.empty(n, np.float32), np.empty(n, np.float32)
    for k in range(n):
        j = min(k, x.size - 1)
        east[k], north[k] = ground_offset(x[j] - x[0], y[j] - y[0], matrix)
    return Points(east, north)


@kernel
def sites_around(
    x: Float, y: Float, matrix: Float, points: Points,
    sectors: Transmitters, bins: Bins, horizon_m: float,
) -> Near:  # fmt: skip
    """Sites within a horizon of the box around some points (x, y in the CRS; on the ground)."""
    west, east = points.east.min(), points.east.max()
    south, north = points.north.min(), points.north.max()
    r0, r1, c0, c1 = bins_within(x, y, matrix, bins, horizon_m)
    most = 0
    for r in range(r0, r1):
        most += bins.start[r * bins.columns + c1] - bins.start[r * bins.columns + c0]
    site, apart2 = np.empty(most, np.int64), np.empty(most)
    at_east, at_north = np.empty(most, np.float32), np.empty(most, np.float32)
    n = 0
    for r in range(r0, r1):
        for k in range(bins.start[r * bins.columns + c0], bins.start[r * bins.columns + c1]):
            s = bins.order[k]
            e, f = ground_offset(sectors.x[s] - x[0], sectors.y[s] - y[0], matrix)
            away2 = max(west - e, e - east, 0.0) ** 2 + max(south - f, f - north, 0.0) ** 2
            if away2 <= horizon_m * horizon_m:
                site[n], at_east[n], at_north[n], apart2[n] = s, e, f, away2
                n += 1
    return Near(site[:n], at_east[:n], at_north[:n], apart2[:n])


@kernel
def bins_within(
    x: Float, y: Float, matrix: Float, bins: Bins, horizon_m: float
) -> tuple[int, int, int, int]:
    """Rows and columns of the bins within a horizon of the points' box, ends excluded."""
    reach = min(horizon_m / least_scale(matrix), 1e12)
    r0 = min(max(int(math.floor((y.min() - reach - bins.y) / bins.side)), 0), bins.rows)
    r1 = min(max(int(math.floor((y.max() + reach - bins.y) / bins.side)) + 1, r0), bins.rows)
    c0 = min(max(int(math.floor((x.min() - reach - bins.x) / bins.side)), 0), bins.columns)
    c1 = min(max(int(math.floor((x.max() + reach - bins.x) / bins.side)) + 1, c0), bins.columns)
    return r0, r1, c0, c1


@scalar
def least_scale(matrix: Float) -> float:
    """Least length on the ground of a unit of the CRS."""
    a, b, c, d = matrix[0, 0], matrix[0, 1], matrix[1, 0], matrix[1, 1]
    squares, twice = a * a + b * b + c * c + d * d, 2.0 * abs(a * d - b * c)
    return 0.5 * (math.sqrt(squares + twice) - math.sqrt(max(squares - twice, 0.0)))


@kernel
def masts_of(near: Near, wanted: NDArray[np.bool_], sectors: Transmitters) -> Masts:
    """Masts of the sites that are wanted, in contiguous arrays."""
    n_mast, n_sector = 0, 0
    for j in np.flatnonzero(wanted):
        a, e = sectors.mast_start[near.site[j]], sectors.mast_start[near.site[j] + 1]
        n_mast += e - a
        n_sector += sectors.sector_start[e] - sectors.sector_start[a]
    at, curve = np.empty((n_mast, 2), np.float32), np.empty(n_mast, np.int32)
    ends_site, start = np.zeros(n_mast, np.bool_), np.zeros(n_mast + 1, np.int64)
    number = np.empty(n_sector, np.int32)
    m, k = 0, 0
    for j in np.flatnonzero(wanted):
        for mast in range(sectors.mast_start[near.site[j]], sectors.mast_start[near.site[j] + 1]):
            at[m, 0], at[m, 1], curve[m] = near.east[j], near.north[j], sectors.curve[mast]
            for sector in range(sectors.sector_start[mast], sectors.sector_start[mast + 1]):
                number[k] = sector
                k += 1
            m += 1
            start[m] = k
        ends_site[m - 1] = True
    pattern = sectors.pattern[number]
    directed = False
    for k in range(n_sector):
        directed |= pattern[k] < 0 or sectors.patterns[pattern[k], MOST] > 0.0
    return Masts(at, curve, ends_site, start, number, sectors.sector[number], pattern, directed)


@fast_kernel
def any_power(
    c: Float32, serve2: Real, sector: Float32, k: int,
    pattern: int, patterns: Float32, cuts: Float32,
) -> None:  # fmt: skip
    """Write the power of sector `k` of the chunk's mast at the chunk's points [mW]."""
    if pattern >= 0:
        sector_power(c, serve2, sector, k, patterns, pattern)
    else:
        cut_power(c, serve2, sector, k, cuts, -1 - pattern)
