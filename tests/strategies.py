"""Hypothesis strategies that all tests share: grids, populations with gaps, zones, shares.

Large arrays are drawn by a NumPy generator whose seed Hypothesis gives, so every failure repeats.
"""

import math
from typing import NamedTuple

import numpy as np
from affine import Affine
from hypothesis import strategies as st


class Allocation(NamedTuple):
    """Integers to hand out: one share and group per item, one total per group."""

    share: np.ndarray
    group: np.ndarray
    group_total: np.ndarray


class WaterFilling(NamedTuple):
    """Sites to place under density caps in one group."""

    weight_per_km2: np.ndarray
    area_km2: np.ndarray
    cap_per_km2: np.ndarray
    total: float


def generators():
    """NumPy generators that Hypothesis seeds."""
    return st.integers(0, 2**32 - 1).map(np.random.default_rng)


def shapes(max_side=24, min_side=1):
    """Shapes (n_row, n_column), square or not."""
    side = st.integers(min_side, max_side)
    return st.tuples(side, side)


@st.composite
def affines(draw, min_cell=10.0, max_cell=5000.0, max_offset=1e6, rotated=True):
    """Affine maps from (column, row) to (x, y): any offset, cells not square.

    North-up and south-up, and turned by any angle unless `rotated` is false.
    """
    width = draw(st.floats(min_cell, max_cell))
    height = draw(st.floats(min_cell, max_cell))
    flip = draw(st.sampled_from([-1, 1]))  # -1: rows run south (north-up), 1: rows run north
    degrees = draw(st.just(0.0) | st.floats(-180, 180)) if rotated else 0.0
    x = draw(st.floats(-max_offset, max_offset))
    y = draw(st.floats(-max_offset, max_offset))
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return Affine(
        width * cos, -flip * height * sin, x,
        width * sin, flip * height * cos, y,
    )  # fmt: skip


@st.composite
def populations(draw, max_side=24, min_side=1, gaps=True):
    """People per cell (row, column) in float64: heavy tails, true zeros and NaN gaps.

    `gaps` may be false for populations that are known everywhere.
    """
    shape = draw(shapes(max_side, min_side))
    rng = draw(generators())
    spread = draw(st.sampled_from([0.0, 1.0, 3.0]))  # of the logarithm: even, town, megacity
    people = 50.0 * np.exp(spread * rng.standard_normal(shape))
    if draw(st.booleans()):
        people = np.floor(people)
    people[rng.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))] = 0.0
    if gaps:
        people[rng.random(shape) < draw(st.sampled_from([0.0, 0.2, 0.8, 1.0]))] = np.nan
    return people


@st.composite
def zones_for(draw, shape, n_zone=5):
    """Labels in int32 of the given shape, from -1 (no zone) to n_zone - 1, some perhaps unused."""
    rng = draw(generators())
    used = draw(st.integers(0, n_zone))
    lowest = draw(st.sampled_from([-1, 0])) if used else -1
    return rng.integers(lowest, used, size=shape, dtype=np.int32)


@st.composite
def positive_vectors(draw, min_size=1, max_size=40, low=1e-3, high=1e6):
    """Vectors of finite numbers above zero, in float64."""
    element = st.floats(low, high)
    return np.array(draw(st.lists(element, min_size=min_size, max_size=max_size)), dtype=float)


@st.composite
def allocation_groups(draw, max_group=6, max_item=40, max_total=500):
    """Feasible `Allocation`s: non-negative shares, items in no order of group, groups of any size.

    A group that is empty, or whose shares are all zero, has a total of zero.
    """
    n_group = draw(st.integers(1, max_group))
    n_item = draw(st.integers(1, max_item))
    share = np.array(
        draw(st.lists(st.just(0.0) | st.floats(1e-3, 1e4), min_size=n_item, max_size=n_item))
    )
    label = st.integers(0, n_group - 1)
    group = np.array(draw(st.lists(label, min_size=n_item, max_size=n_item)), dtype=np.int32)
    group_total = np.zeros(n_group, dtype=np.int64)
    for g in range(n_group):
        if share[group == g].sum() > 0:
            group_total[g] = draw(st.integers(0, max_total))
    return Allocation(share, group, group_total)


@st.composite
def water_filling_cases(draw, max_cell=30, max_fill=0.999):
    """Feasible `WaterFilling`s, from none to `max_fill` of the room under the caps.

    Some cells weigh nothing and some have a cap of zero; at least one has both weight and room.
    """
    n_cell = draw(st.integers(1, max_cell))
    weight = draw(positive_vectors(n_cell, n_cell))
    area = draw(positive_vectors(n_cell, n_cell, 0.01, 1e3))
    cap = draw(positive_vectors(n_cell, n_cell, 0.01, 20.0))
    rng = draw(generators())
    open_cell = draw(st.integers(0, n_cell - 1))
    for values in (weight, cap):
        closed = rng.random(n_cell) < 0.15
        closed[open_cell] = False
        values[closed] = 0.0
    room = math.fsum((cap * area)[weight > 0])
    return WaterFilling(weight, area, cap, room * draw(st.just(0.0) | st.floats(1e-6, max_fill)))


@st.composite
def scattered_sites(draw, max_side=24, max_site=60):
    """Shape of a raster, and columns and rows of sites in and around it, in cells.

    They may be anywhere, or on corners, edges and centers, or few places with many sites each.
    """
    shape = draw(shapes(max_side))
    n = draw(st.integers(0, max_site))
    rng = draw(generators())
    row, column = (rng.uniform(-0.5 * side - 1, 1.5 * side + 1, n) for side in shape)
    step = draw(st.sampled_from([0.0, 0.5, 5.0]))  # 0: anywhere
    if step:
        row, column = (np.round(at / step) * step for at in (row, column))
    return shape, column, row


def lonlat_in_china():
    """(lon, lat) in degrees in the box of the 31 provinces."""
    return st.tuples(st.floats(73.5, 135.0), st.floats(18.2, 53.5))
