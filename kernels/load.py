"""Load of cells by mean-field fixed point: what they serve, and what they cannot.

Source: models.md C.4, "Mode N version": a standard interference function (Yates 1995) with a
unique limit, reached from below (Siomina and Yuan 2012).
"""

import math
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import parallel_kernel, scalar
from netmodel.kernels.lookup import curve_value, position, table_value

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]
Index = NDArray[np.int64]
Marks = NDArray[np.bool_]

_TOLERANCE, _MAX_ROUNDS = 1e-5, 200
_BLOCK_BITS = 6  # 64 cells in a row are looked at together
_CHUNK = 512  # cells that are skipped together; their places increase


class Cells(NamedTuple):
    """What stays the same of the cells of a network: the arguments of `mean_field_loads`."""

    per_capacity: Float
    log_isd: Float
    settlement: NDArray[np.int8]


@parallel_kernel
def _counts_around(known: Marks, place: Index) -> NDArray[np.int8]:
    """Cells of the 3 x 3 around each that have a load; arrays have a margin of one cell."""
    out = np.empty(place.size, np.int8)
    flat, width = known.reshape(-1), known.shape[1]
    for k in numba.prange(place.size):
        n = 0
        for row in (place[k] - width, place[k], place[k] + width):
            n += int(flat[row - 1]) + int(flat[row]) + int(flat[row + 1])
        out[k] = n
    return out


@parallel_kernel
def _active_blocks(moved: Marks) -> Marks:
    """Whether anything has moved in each block of cells that lie together in memory."""
    flat = moved.reshape(-1)
    out = np.zeros((flat.size >> _BLOCK_BITS) + 1, np.bool_)
    for block in numba.prange(out.size):
        for k in range(block << _BLOCK_BITS, min((block + 1) << _BLOCK_BITS, flat.size)):
            if flat[k]:
                out[block] = True
                break
    return out


@scalar
def _moved_around(flat: Marks, active: Marks, at: int, width: int) -> bool:
    """Whether any of the 3 x 3 cells around one has moved."""
    for k in (at - width, at, at + width):
        if active[(k - 1) >> _BLOCK_BITS] or active[(k + 1) >> _BLOCK_BITS]:
            if flat[k - 1] or flat[k] or flat[k + 1]:
                return True
    return False


@scalar
def _any_active(active: Marks, first: int, last: int, width: int) -> bool:
    """Whether anything has moved around the cells from one place to another."""
    for shift in (-width - 1, -1, width - 1):
        for block in range((first + shift) >> _BLOCK_BITS, ((last + shift + 2) >> _BLOCK_BITS) + 1):
            if active[block]:
                return True
    return False


@parallel_kernel
def _ask(
    wanted: Float, load: Float32, marks: tuple[Marks, Marks], place: Index,
    around: NDArray[np.int8], cells: Cells, tables: Float, axis: Float,
) -> None:  # fmt: skip
    """Write the load that each cell's demand asks for, where one around it has moved."""
    flat, moved, active, width = load.reshape(-1), marks[0].reshape(-1), marks[1], load.shape[1]
    for chunk in numba.prange(place.size // _CHUNK + 1):
        first, end = chunk * _CHUNK, min((chunk + 1) * _CHUNK, place.size)
        if first == end or not _any_active(active, place[first], place[end - 1], width):
            continue
        for k in range(first, end):
            if math.isnan(wanted[k]) or not _moved_around(moved, active, place[k], width):
                continue
            total = 0.0
            for row in (place[k] - width, place[k], place[k] + width):
                total += flat[row - 1]
                total += flat[row]
                total += flat[row + 1]
            i, u = position(axis, cells.log_isd[k])
            se = table_value(tables[cells.settlement[k]], i, u, total / around[k])
            wanted[k] = cells.per_capacity[k] / se


@parallel_kernel
def _take(
    wanted: Float, load: Float32, marks: tuple[Marks, Marks], place: Index, tolerance: float
) -> int:
    """Make the wanted loads, at most one, the present ones; how many moved."""
    flat, moved, active, width = load.reshape(-1), marks[0].reshape(-1), marks[1], load.shape[1]
    n = 0
    for chunk in numba.prange(place.size // _CHUNK + 1):
        first, end = chunk * _CHUNK, min((chunk + 1) * _CHUNK, place.size)
        if first == end or not _any_active(active, place[first], place[end - 1], width):
            continue
        for k in range(first, end):
            if not math.isnan(wanted[k]):
                after = np.float32(min(wanted[k], 1.0))
                moved[place[k]] = abs(after - flat[place[k]]) > tolerance
                n += moved[place[k]]
                flat[place[k]] = after
    return n


def mean_field_loads(
    load: Float32,
    index: Index,
    per_capacity: Float,
    log_isd: Float,
    settlement: NDArray[np.int8],
    tables: Float,
    axis: Float,
) -> tuple[Float, int]:
    """Loads by mean-field fixed point, written into `load`.

    Jacobi rounds from zero. A cell is computed again only while a load around it moves by more
    than 1e-5, so that its result follows from its surroundings alone: a window of a grid has
    the bits of the whole.

    Parameters
    ----------
    load : (row, column)
        Zero in the cells to compute, NaN elsewhere; replaced by loads of at most one.
    index : (cell,)
        Flat indices of the cells that follow, increasing.
    per_capacity : (cell,)
        Demand over what the cell would carry at a spectral efficiency of one.
    log_isd : (cell,)
        Logarithm of the inter-site distance.
    settlement : (cell,)
        Class, the first index of `tables`.
    tables : (class, isd, load)
        Harmonic spectral efficiency [bit/s/Hz].
    axis : (isd,)
        Logarithms of the tables' distances.

    Returns
    -------
    wanted : (cell,)
        Load that the demand asks for at the fixed point; beyond one, 1 / wanted is served. NaN
        where `load` is.
    rounds : int

    References
    ----------
    models.md C.4; R. D. Yates, IEEE JSAC 13 (1995) 7; I. Siomina and D. Yuan, IEEE Trans.
    Wireless Commun. 11 (2012) 6.
    """
    # A margin of one cell, and zero where there is no load, so that nine cells are just added.
    now = np.zeros((load.shape[0] + 2, load.shape[1] + 2), np.float32)
    moved = np.zeros(now.shape, np.bool_)
    moved[1:-1, 1:-1] = load == 0.0
    place = index + (load.shape[1] + 3 + 2 * (index // load.shape[1]))
    around = _counts_around(moved, place)
    wanted = load.reshape(-1)[index].astype(np.float64)
    cells = Cells(per_capacity, log_isd, settlement)
    rounds, n_moved = 0, 1
    while n_moved and rounds < _MAX_ROUNDS:
        marks = (moved, _active_blocks(moved))
        _ask(wanted, now, marks, place, around, cells, tables, axis)
        n_moved = _take(wanted, now, marks, place, _TOLERANCE)
        rounds += 1
    load.reshape(-1)[index] = np.where(np.isnan(wanted), np.nan, now.reshape(-1)[place])
    return wanted, rounds


@parallel_kernel
def density_for_load(
    demand: Float, today: Float, settlement: NDArray[np.int8], tables: Float, axis: Float
) -> Float:
    """Least density of sites, not under today's, that carries a demand.

    Bisection on the density's logarithm, because the efficiency depends on the distance that
    follows from it.

    Parameters
    ----------
    demand : (cell,)
        Demand per km2 over what a site would carry at an efficiency of one at the wanted load.
    today : (cell,)
        Sites per km2.
    settlement : (cell,)
    tables : (class, isd)
        Spectral efficiency at the wanted load [bit/s/Hz].
    axis : (isd,)
        Logarithms of the tables' distances [m].
    """
    out = today.copy()
    for k in numba.prange(demand.size):
        curve = tables[settlement[k]]
        low, high = math.log(max(today[k], 1e-6)), math.log(1e4)
        if demand[k] > today[k] * curve_value(curve, axis, _log_isd(math.log(max(today[k], 1e-6)))):
            for _ in range(50):
                middle = 0.5 * (low + high)
                carried = math.exp(middle) * curve_value(curve, axis, _log_isd(middle))
                if carried < demand[k]:
                    low = middle
                else:
                    high = middle
            out[k] = math.exp(high)
    return out


@scalar
def _log_isd(log_density: float) -> float:
    """Logarithm of the distance [m] in a hexagonal lattice of so many sites per km2."""
    return math.log(1000.0) + 0.5 * (math.log(2.0 / math.sqrt(3.0)) - log_density)


@parallel_kernel
def efficiency_at_load(
    log_isd: Float, settlement: NDArray[np.int8], load: Float, tables: Float, axis: Float
) -> Float:
    """Efficiency (cell,) of a table (class, isd, load) at loads, of which NaN stays.

    Loads beyond one count as one.
    """
    out = np.empty(load.size)
    for k in numba.prange(load.size):
        own = min(load[k], 1.0)
        i, u = position(axis, log_isd[k])
        out[k] = table_value(tables[settlement[k]], i, u, own) if own >= 0.0 else math.nan
    return out


@parallel_kernel
def carriers_for_load(
    downlink: Float, uplink: Float, target: float, carriers: float
) -> NDArray[np.int16]:
    """Carriers that bring both directions' loads to the target; zero where neither is known."""
    out = np.zeros(downlink.size, np.int16)
    for k in numba.prange(downlink.size):
        load = max(downlink[k] if downlink[k] > 0.0 else 0.0, uplink[k] if uplink[k] > 0.0 else 0.0)
        if load > 0.0:
            out[k] = np.int16(min(math.ceil(load / target * carriers), 32767.0))
    return out


@parallel_kernel
def people_by_load(people: Float, demand: Float32, load: Float32) -> Float:
    """People split over the networks by demand, times the load of their network.

    Parameters
    ----------
    people : (cell,)
    demand, load : (network, cell)
        Busy-hour demand, and load; NaN is none.

    Returns
    -------
    (2, cell)
        People times load, and people where there is a load.
    """
    out = np.zeros((2, people.size))
    for k in numba.prange(people.size):
        total = _demand_at(demand, k)
        for n in range(demand.shape[0] if total > 0.0 else 0):
            share = people[k] * demand[n, k] / total
            if not math.isnan(load[n, k]):
                out[0, k] += share * load[n, k]
                out[1, k] += share
    return out


@parallel_kernel
def people_above(people: Float, demand: Float32, value: Float32, limit: Float) -> Float:
    """People, split over the networks by demand, whose network's value is above its limit.

    Parameters
    ----------
    people : (cell,)
    demand, value : (network, cell)
        Busy-hour demand, and what is compared; NaN is not above.
    limit : (network,)

    Returns
    -------
    (cell,)
    """
    out = np.zeros(people.size)
    for k in numba.prange(people.size):
        total = _demand_at(demand, k)
        for n in range(demand.shape[0] if total > 0.0 else 0):
            if value[n, k] > limit[n]:
                out[k] += people[k] * demand[n, k] / total
    return out


@scalar
def _demand_at(demand: Float32, k: int) -> float:
    """Demand of all networks on a cell; NaN where one is unknown."""
    total = 0.0
    for n in range(demand.shape[0]):
        total += demand[n, k]
    return total
