"""Time of cells on the sectors of the sites that serve them.

Source: models.md 0.1 and C.4; sites have three sectors, one third of the circle each.
"""

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, parallel_kernel, scalar

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Int8 = NDArray[np.int8]

_NEAR = 2  # squares whose sites are taken one by one
STEP_M = 250.0  # of the power of other sites over distance
N_SECTOR = 3  # also the number that stands for all of them, in the site's own cell


@parallel_kernel
def first_marks(marked: NDArray[np.bool_], index: Int, down: Int, right: Int) -> NDArray[np.int32]:
    """First of some offsets (cell,) at which a marked cell stands, -1 where none does.

    Parameters
    ----------
    marked : (row, column)
    index : (cell,)
        Flat indices of the cells to compute.
    down, right : (offset,)
        Rows and columns to look at, in their order [cells].
    """
    rows, columns = marked.shape
    out = np.full(index.size, -1, np.int32)
    for k in numba.prange(index.size):
        row, column = index[k] // columns, index[k] % columns
        for i in range(down.size):
            r, c = row + down[i], column + right[i]
            if 0 <= r < rows and 0 <= c < columns and marked[r, c]:
                out[k] = i
                break
    return out


@parallel_kernel
def facing_sectors(east: Int, north: Int) -> Int8:
    """Third of the circle (cell,), from 60 degrees west of north, at offsets from a site [cells].

    `N_SECTOR` at the site itself.
    """
    out = np.empty(east.size, np.int8)
    for k in numba.prange(out.size):
        bearing = math.degrees(math.atan2(east[k], north[k]))
        third = int(((bearing + 60.0) % 360.0) // 120.0)
        out[k] = N_SECTOR if east[k] == 0 and north[k] == 0 else third
    return out


class Standing(NamedTuple):
    """Sites of the cells (row, column) of a window, and of squares of `square` cells a side."""

    cells: NDArray[np.float32]
    squares: Float
    square: int


def standing_sites(row: Int, column: Int, sites: Float, square: int) -> tuple[Standing, Int, Int]:
    """Sites of a window that begins with a square, and the rows and columns of cells in it.

    Parameters
    ----------
    row, column : (cell,)
        Wherever the cells are a window of, so that squares do not depend on the window.
    sites : (cell,)
    """
    r, c = (part - (part.min() if part.size else 0) // square * square for part in (row, column))
    shape = int(r.max(initial=0)) // square + 1, int(c.max(initial=0)) // square + 1
    cells = np.zeros((shape[0] * square, shape[1] * square), np.float32)
    cells[r, c] = sites
    squares = cells.reshape(shape[0], square, shape[1], square).sum(axis=(1, 3), dtype=np.float64)
    return Standing(cells, squares, square), r, c


@parallel_kernel
def interference(
    row: Int, column: Int, standing: Standing, host: Int, distance_m: Float, side_m: Float,
    power: Float,
) -> Float:  # fmt: skip
    """Power (point,) that cells receive from all sites but those of their host.

    Sites of 5 x 5 squares around are taken at their cells, others at the center of their square,
    and none nearer than the host.

    Parameters
    ----------
    row, column : (point,)
        Of the cells, in the window.
    host : (point,)
        Flat cell of the window that holds the host, -1 without one.
    distance_m, side_m : (point,)
        From the host; of the cell.
    power : (step,)
        Of a site over its distance, in steps of 250 m from 125 m on; none beyond.
    """
    out, n, width = np.zeros(row.size), standing.square, standing.cells.shape[1]
    for i in numba.prange(row.size):
        if host[i] < 0:
            continue
        r, c, h = row[i] // n, column[i] // n, host[i]
        reach = int(math.ceil(power.size * STEP_M / (side_m[i] * n)))
        total = 0.0
        for y in range(max(r - reach, 0), min(r + reach + 1, standing.squares.shape[0])):
            for x in range(max(c - reach, 0), min(c + reach + 1, standing.squares.shape[1])):
                if standing.squares[y, x] == 0.0:
                    continue
                if abs(y - r) > _NEAR or abs(x - c) > _NEAR:
                    apart = math.hypot(
                        (y + 0.5) * n - 0.5 - row[i], (x + 0.5) * n - 0.5 - column[i]
                    )
                    total += standing.squares[y, x] * _at(
                        power, max(apart * side_m[i], distance_m[i])
                    )
                    continue
                for v in range(y * n, y * n + n):
                    for u in range(x * n, x * n + n):
                        if standing.cells[v, u] > 0.0 and v * width + u != h:
                            apart = math.hypot(v - row[i], u - column[i])
                            total += np.float64(standing.cells[v, u]) * _at(
                                power, max(apart * side_m[i], distance_m[i])
                            )
        out[i] = total
    return out


@scalar
def _at(power: Float, distance_m: float) -> float:
    """Power at a distance, linear between the steps, none beyond the last."""
    at = max(distance_m / STEP_M - 0.5, 0.0)
    k = int(at)
    if k + 1 >= power.size:
        return 0.0
    return float(power[k] + (at - k) * (power[k + 1] - power[k]))


@kernel
def time_per_site(time: Float, sparse: Int, host: Int, sector: Int8, sites: Float) -> Float:
    """Busy time (cell,) of the sectors that serve each cell, NaN without any.

    Parameters
    ----------
    time : (cell,)
        That each cell takes of a site.
    sparse : (sparse,)
        Positions of the cells that are served by the site of another, or by a whole one of theirs.
    host, sector : (sparse,)
        Position of the cell whose sites serve each, -1 without; its sector, or `N_SECTOR` for all.
    sites : (cell,)
        Sites of each cell.
    """
    own, inward = time.copy(), np.zeros((time.size, N_SECTOR))
    for k in sparse:
        own[k] = 0.0
    for i in range(sparse.size):
        if host[i] >= 0 and sector[i] == N_SECTOR:
            own[host[i]] += time[sparse[i]]
        elif host[i] >= 0:
            inward[host[i], sector[i]] += time[sparse[i]]
    out = np.full(time.size, np.nan)
    for k in range(time.size):
        if sites[k] > 0.0:
            out[k] = (own[k] + inward[k].sum()) / sites[k]
    total = out.copy()
    for i in range(sparse.size):
        h, s = host[i], sector[i]
        out[sparse[i]] = np.nan
        if h >= 0 and s == N_SECTOR:
            out[sparse[i]] = total[h]
        elif h >= 0:
            out[sparse[i]] = (own[h] + N_SECTOR * inward[h, s]) / sites[h]
    return out


@parallel_kernel
def kept_busy(time: Float, slower: Float, load: Float) -> Float:
    """Time (cell,) that is served: prolonged by a factor, cut where a load is beyond one.

    None where there is no load.
    """
    out = np.zeros(time.size)
    for k in numba.prange(out.size):
        if load[k] >= 0.0:
            out[k] = time[k] * slower[k] / max(load[k], 1.0)
    return out


@parallel_kernel
def slow_down(curves: NDArray[np.float32], full_db: Float, load: Float, rise_db: Float) -> Float:
    """By how much the others' load lowers efficiencies (cell,): one where they are idle.

    Parameters
    ----------
    curves : (cell, rise)
        Efficiency of each cell at interference and noise over noise of `rise_db`.
    full_db : (cell,)
        Interference and noise over noise at full load of all others.
    load : (cell,)
        Theirs, at most one.
    rise_db : (rise,)
        Increasing from 0 on; the last value holds beyond.
    """
    out = np.empty(load.size)
    for k in numba.prange(load.size):
        others = math.pow(10.0, full_db[k] / 10.0) - 1.0
        at = 10.0 * math.log10(1.0 + min(load[k], 1.0) * others)
        j = 1
        while j + 1 < rise_db.size and rise_db[j] < at:
            j += 1
        share = min((at - rise_db[j - 1]) / (rise_db[j] - rise_db[j - 1]), 1.0)
        now = (1.0 - share) * np.float64(curves[k, j - 1]) + share * np.float64(curves[k, j])
        out[k] = np.float64(curves[k, 0]) / now
    return out


@kernel
def greatest_move(before: Float, after: Float) -> float:
    """Greatest difference of two states of loads, each at most one; NaN does not count."""
    out = 0.0
    for k in range(before.size):
        moved = abs(min(after[k], 1.0) - min(before[k], 1.0))
        out = moved if moved > out else out
    return out
