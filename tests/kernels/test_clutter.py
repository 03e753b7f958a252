import csv
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels import propagation as kernel
from netmodel.kernels.clutter import (
    knife_edge_loss_db,
    p2108_terrestrial_losses_db,
    p2109_entry_losses_db,
)
from tests.oracles import assert_oracle
from tests.reference import clutter as twin

PERCENT = st.floats(0.1, 99.9)
DISTANCE_KM, CLUTTER_GHZ = st.floats(0.25, 20.0), st.floats(0.5, 67.0)
ENTRY_GHZ, ELEVATION_DEG = st.floats(0.08, 100.0), st.floats(-90, 90)
HEIGHT_GAIN = st.tuples(
    st.floats(0.03, 3.0), st.floats(0.1, 40), st.floats(1, 50), st.floats(1, 30)
)
KINDS = st.sampled_from(sorted(twin.KINDS))
BUILDINGS = {"traditional": 1, "efficient": 2}


def published(shared, name):
    """Rows of a table that are results, not refusals."""
    with (shared / "validation/p2108" / name).open(encoding="utf-8") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    return [row for row in rows if row["rtn"] == 0]


# Published numbers -------------------------------------------------------------------------------


def test_height_gain_oracle():
    cases = [(0.7, "suburban"), (2.6, "urban"), (2.6, "dense_urban"), (0.7, "open")]
    at = [(f, 1.5, 27.0, float(twin.HEIGHTS_M[kind]), kind) for f, kind in cases]
    assert_oracle("A15", [kernel.p2108_height_gain_loss_db(*a, twin.KINDS[k]) for *a, k in at])
    assert_oracle("A15", [twin.height_gain_loss_db(*a, k) for *a, k in at])


def test_terrestrial_oracle():
    cases = [(1.0, 3.5, 50.0), (0.25, 3.5, 50.0), (5.0, 3.5, 50.0), (1.0, 26.0, 50.0)]
    cases += [(1.0, 3.5, 90.0)]
    assert_oracle("A16", [kernel.p2108_terrestrial_loss_db(*at) for at in cases])
    assert_oracle("A16", [twin.terrestrial_loss_db(*at) for at in cases])


def test_entry_oracles():
    for row, f, building in (("A11a", 0.7, 1), ("A11b", 3.5, 1), ("A11c", 3.5, 2)):
        losses = [kernel.p2109_entry_loss_db(f, p, building, 0.0) for p in (50.0, 90.0)]
        assert_oracle(row, losses)


def test_knife_edge_oracle():
    assert_oracle("A17", [knife_edge_loss_db(v) for v in (-1.0, -0.78, 0.0, 1.0, 2.4)])
    assert_oracle("A17", twin.knife_edge_db([-1.0, -0.78, 0.0, 1.0, 2.4]))


def test_published_height_gains(shared):
    rows = published(shared, "ntia_HeightGainTerminalCorrectionModelTestData.csv")
    assert len(rows) == 18
    for row in rows:
        *at, code, _, expected = row.values()
        assert abs(kernel.p2108_height_gain_loss_db(*at, int(code)) - expected) <= 0.05, row


def test_published_terrestrial_losses(shared):
    rows = published(shared, "ntia_TerrestrialStatisticalModelTestData.csv")
    assert len(rows) == 7
    for row in rows:
        f, d, p, _, expected = row.values()
        assert abs(kernel.p2108_terrestrial_loss_db(d, f, p) - expected) <= 0.05, row


def test_published_entry_losses(shared):
    path = shared / "validation/p2108/p2109_validation_covlib.csv"
    table = np.loadtxt(path, delimiter=",", skiprows=1)
    assert len(table) == 31_250
    worst = 0.0
    for (f, p, building), group in groupby(table, key=lambda row: tuple(row[:3])):
        rows = np.array(list(group))
        losses = p2109_entry_losses_db(rows[:, 3].copy(), f, p, int(building))
        worst = max(worst, np.abs(losses - rows[:, 4]).max())
    assert worst <= 1e-6


# Twins -------------------------------------------------------------------------------------------


@given(HEIGHT_GAIN, KINDS)
def test_height_gain_equals_its_twin(at, kind):
    loss = kernel.p2108_height_gain_loss_db(*at, twin.KINDS[kind])
    assert loss == pytest.approx(float(twin.height_gain_loss_db(*at, kind)), rel=1e-11, abs=1e-11)


@given(DISTANCE_KM, CLUTTER_GHZ, PERCENT)
def test_terrestrial_equals_its_twin(d, f, p):
    expected = float(twin.terrestrial_loss_db(d, f, p))
    assert kernel.p2108_terrestrial_loss_db(d, f, p) == pytest.approx(expected, abs=1e-9)
    assert p2108_terrestrial_losses_db(np.array([d]), f, p) == pytest.approx(expected, abs=1e-9)


@given(ENTRY_GHZ, PERCENT, st.sampled_from(sorted(BUILDINGS)), ELEVATION_DEG)
def test_entry_equals_its_twin(f, p, building, elevation):
    expected = float(twin.entry_loss_db(f, p, building, elevation))
    loss = kernel.p2109_entry_loss_db(f, p, BUILDINGS[building], elevation)
    assert loss == pytest.approx(expected, abs=1e-9)


# Laws --------------------------------------------------------------------------------------------


@given(DISTANCE_KM, DISTANCE_KM, CLUTTER_GHZ, st.floats(0.1, 50))
def test_terrestrial_rises_with_distance_up_to_the_median(a, b, f, p):
    near, far = (kernel.p2108_terrestrial_loss_db(d, f, p) for d in sorted((a, b)))
    assert near <= far + 1e-9


@given(st.floats(2.0, 1000.0), CLUTTER_GHZ, PERCENT)
def test_terrestrial_is_that_of_two_kilometers_at_most(d, f, p):
    assert kernel.p2108_terrestrial_loss_db(d, f, p) <= kernel.p2108_terrestrial_loss_db(2.0, f, p)


@given(DISTANCE_KM, CLUTTER_GHZ, PERCENT, PERCENT)
def test_terrestrial_rises_with_percentage(d, f, a, b):
    low, high = (kernel.p2108_terrestrial_loss_db(d, f, p) for p in sorted((a, b)))
    assert low <= high


@given(HEIGHT_GAIN, KINDS, st.floats(0.1, 40))
def test_height_gain_falls_with_height(at, kind, other_m):
    f, h, w, clutter_m = at
    low, high = (
        kernel.p2108_height_gain_loss_db(f, at_m, w, clutter_m, twin.KINDS[kind])
        for at_m in sorted((h, other_m))
    )
    # The diffracted form ends 0.01 dB short of zero at the clutter's top.
    assert low >= high - 0.01
    assert kernel.p2108_height_gain_loss_db(f, clutter_m, w, clutter_m, twin.KINDS[kind]) == 0


@given(ENTRY_GHZ, PERCENT, PERCENT, st.sampled_from([1, 2]), ELEVATION_DEG)
def test_entry_rises_with_percentage_and_is_even_in_elevation(f, a, b, building, elevation):
    low, high = (kernel.p2109_entry_loss_db(f, p, building, elevation) for p in sorted((a, b)))
    assert low <= high
    assert low == kernel.p2109_entry_loss_db(f, min(a, b), building, -elevation)
    assert kernel.p2109_entry_loss_db(f, 50.0, building, 0.0) <= kernel.p2109_entry_loss_db(
        f, 50.0, building, elevation
    )


@given(ENTRY_GHZ, ELEVATION_DEG)
def test_efficient_buildings_lose_more_in_the_median(f, elevation):
    old, new = (kernel.p2109_entry_loss_db(f, 50.0, building, elevation) for building in (1, 2))
    assert old < new
