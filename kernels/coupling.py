"""Loads of cells that interfere with each other, every link explicit.

Source: I. Siomina and D. Yuan, IEEE Trans. Wireless Commun. 11 (2012) 6; R. D. Yates, IEEE JSAC
13 (1995) 7; models.md C.4.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel

Float = NDArray[np.float64]

_MAX_ROUNDS = 1000


@kernel
def coupled_loads(
    power_mw: Float, serving: NDArray[np.int32], demand_bps: Float, bandwidth_hz: float,
    noise_mw: float, tolerance: float,
) -> tuple[Float, Float, int]:  # fmt: skip
    """Loads by Jacobi rounds from zero, each at most one.

    Parameters
    ----------
    power_mw : (cell, pixel)
        Received power of each cell at each pixel.
    serving : (pixel,)
        Cell that serves the pixel.
    demand_bps : (pixel,)
    bandwidth_hz, noise_mw : float
    tolerance : float
        Rounds end when no load moves by more.

    Returns
    -------
    load, wanted : (cell,)
        Load, and what the demand asks for; beyond one, 1 / wanted of it is served.
    rounds : int
    """
    n_cell, n_pixel = power_mw.shape
    load, wanted = np.zeros(n_cell), np.zeros(n_cell)
    rounds, moved = 0, math.inf
    while moved >= tolerance and rounds < _MAX_ROUNDS:
        rounds += 1
        wanted = np.zeros(n_cell)
        for j in range(n_pixel):
            own = serving[j]
            others = noise_mw
            for k in range(n_cell):
                if k != own:
                    others += load[k] * power_mw[k, j]
            rate = bandwidth_hz * math.log2(1.0 + power_mw[own, j] / others)
            wanted[own] += demand_bps[j] / rate
        after = np.minimum(wanted, 1.0)
        moved = np.abs(after - load).max()
        load = after
    return load, wanted, rounds


@kernel
def coupling_matrix(
    power_mw: Float, serving: NDArray[np.int32], demand_bps: Float, bandwidth_hz: float
) -> Float:
    """Matrix whose spectral radius is below one where unclipped loads exist.

    Parameters are those of `coupled_loads`; the result is (cell, cell) with a zero diagonal.
    """
    n_cell, n_pixel = power_mw.shape
    out = np.zeros((n_cell, n_cell))
    for j in range(n_pixel):
        own = serving[j]
        for k in range(n_cell):
            if k != own:
                share = demand_bps[j] / bandwidth_hz * math.log(2.0)
                out[own, k] += share * power_mw[k, j] / power_mw[own, j]
    return out
