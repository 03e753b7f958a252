"""Interference from far away, at 8 x 8 nodes over a block and interpolated between them.

Sources that are farther from a block than its own side vary smoothly over it. The logarithm of
their sum is interpolated by cubic polynomials through four nodes a side; the error of the SINR
is held below 0.1 dB against the full sum (tests/kernels/test_server.py).
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel
from netmodel.kernels.chunk import (
    LANES,
    LOAD,
    N_VALUE,
    X,
    Y,
    add_loaded,
    add_others,
    mast_gain,
)
from netmodel.kernels.transmitters import Masts, Points, Transmitters, any_power

Float = NDArray[np.float64]
Float32 = NDArray[np.float32]

_SIDE = 8  # nodes, at most LANES in all
_LEAST = 1e-60  # mW, so that a network without load has a logarithm


@kernel
def far_interference(points: Points, far: Masts, sectors: Transmitters) -> Float:
    """Interference of far sites at the points (point,) [mW]."""
    if far.curve.size == 0:
        return np.zeros(points.east.size)
    west, south = points.east.min(), points.north.min()
    step_east = max((points.east.max() - west) / (_SIDE - 1), np.float32(1.0))
    step_north = max((points.north.max() - south) / (_SIDE - 1), np.float32(1.0))
    east, north = np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for k in range(LANES):
        node = min(k, _SIDE * _SIDE - 1)
        east[k] = west + np.float32(node % _SIDE) * step_east
        north[k] = south + np.float32(node // _SIDE) * step_north
    power = interference(east, north, far, sectors)[: _SIDE * _SIDE]
    logarithm = np.log(np.maximum(power, _LEAST))
    u = (points.east - west) / step_east
    v = (points.north - south) / step_north
    return _interpolated(logarithm.reshape((_SIDE, _SIDE)), u, v)


@kernel
def interference(east: Float32, north: Float32, far: Masts, sectors: Transmitters) -> Float:
    """Sum of all sectors' powers times their loads at the points of one chunk [mW]."""
    total, c = np.zeros(LANES), np.zeros(N_VALUE, np.float32)
    c[X : X + LANES], c[Y : Y + LANES] = east, north
    at, curve, start, sector, pattern = far.at, far.curve, far.start, far.sector, far.pattern
    directed = far.directed
    curves, patterns, cuts = sectors.curves, sectors.patterns, sectors.cuts
    for m in range(curve.size):
        mast_gain(c, at[m, 0], at[m, 1], curves, curve[m], directed)
        for k in range(start[m], start[m + 1]):
            any_power(c, np.float32(0.0), sector, k, pattern[k], patterns, cuts)
            add_loaded(c, sector[k, LOAD])
        add_others(total, 0, c)
    return total


@kernel
def _interpolated(node: Float, u: Float32, v: Float32) -> Float:
    """Powers between nodes whose logarithms are given, at positions in steps of the nodes."""
    out = np.empty(u.size)
    across, along = np.empty(4), np.empty(4)
    for k in range(u.size):
        i = _cubic_weights(u[k], across)
        j = _cubic_weights(v[k], along)
        value = 0.0
        for b in range(4):
            for a in range(4):
                value += along[b] * across[a] * node[j + b, i + a]
        out[k] = math.exp(value)
    return out


@kernel
def _cubic_weights(position: float, weight: Float) -> int:
    """Lagrange weights of the four nodes around a position, and the first of them."""
    first = min(max(int(position) - 1, 0), _SIDE - 4)
    t = position - first
    weight[0] = -(t - 1.0) * (t - 2.0) * (t - 3.0) / 6.0
    weight[1] = t * (t - 2.0) * (t - 3.0) / 2.0
    weight[2] = -t * (t - 1.0) * (t - 3.0) / 2.0
    weight[3] = t * (t - 1.0) * (t - 2.0) / 6.0
    return first
