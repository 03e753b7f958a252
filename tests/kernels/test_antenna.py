import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.antenna import (
    array_gain_dbi,
    cut_loss_db,
    default_tilt_deg,
    element_gain_dbi,
    pattern_gain_dbi,
    pattern_gains_dbi,
    sector_gain_dbi,
    wrapped_deg,
)
from tests.oracles import assert_oracle, oracle
from tests.reference import antenna as twin

AZIMUTH_DEG = st.floats(-720, 720)
ZENITH_DEG = st.floats(0, 180)
SIZE = st.tuples(st.integers(1, 10), st.integers(1, 10))
TILT_DEG, SCAN_DEG = st.floats(0, 15), st.floats(-60, 60)
EIGHTHS = st.integers(-16_000, 16_000).map(lambda n: n / 8)  # of a degree, exact in binary


def array_alone_db(azimuth, zenith, size, tilt, scan):
    """Gain of an array over that of its element."""
    whole = array_gain_dbi(azimuth, zenith, size, tilt, scan)
    return whole - element_gain_dbi(azimuth, zenith)


def test_oracles():
    points = [(0, 90), (32.5, 90), (65, 90), (0, 122.5), (45, 100), (180, 90), (110, 150)]
    assert_oracle("B04", [element_gain_dbi(float(a), float(z)) for a, z in points])
    points = [(0, 6), (35, 6), (0, 1), (60, 3), (180, 0)]
    assert_oracle("B05", [sector_gain_dbi(float(a), float(d), 6.0, 17.0) for a, d in points])
    column = [array_gain_dbi(0.0, z, (8, 1), 6.0, 0.0) for z in (96.0, 90.0, 100.0)]
    panel = [array_gain_dbi(a, 96.0, (8, 8), 6.0, a) for a in (0.0, 30.0)]
    assert_oracle("B06", [*column, *panel])


def test_directivity_oracle():
    """B07 by midpoints of a quarter of the sphere, of which the others are mirror images."""
    n = 180
    ring = [math.sin(math.pi / 2 * (i + 0.5) / n) for i in range(n)]
    mean = 0.0
    for i in range(n):
        zenith = 90.0 * (i + 0.5) / n
        around = [10 ** (element_gain_dbi(180.0 * (k + 0.5) / n, zenith) / 10) for k in range(n)]
        mean += ring[i] * sum(around) / n / sum(ring)
    directivity = element_gain_dbi(0.0, 90.0) - 10 * math.log10(mean)
    assert directivity == pytest.approx(oracle("B07")[0], abs=1e-4)


@given(AZIMUTH_DEG, ZENITH_DEG)
def test_element_equals_its_twin(azimuth, zenith):
    expected = twin.element_gain_dbi(azimuth, zenith)
    assert element_gain_dbi(azimuth, zenith) == pytest.approx(expected, abs=1e-10)


@given(AZIMUTH_DEG, st.floats(-90, 90), TILT_DEG, st.floats(0, 30))
def test_sector_equals_its_twin(azimuth, depression, tilt, gain):
    expected = twin.sector_gain_dbi(azimuth, depression, tilt, gain)
    assert sector_gain_dbi(azimuth, depression, tilt, gain) == pytest.approx(expected, abs=1e-10)


@given(st.floats(-180, 180), ZENITH_DEG, SIZE, TILT_DEG, SCAN_DEG)
def test_array_equals_its_twin(azimuth, zenith, size, tilt, scan):
    """As a ratio: in a null the decibels are noise."""
    gain = 10 ** (array_gain_dbi(azimuth, zenith, size, tilt, scan) / 10)
    expected = twin.composite_gain_dbi(azimuth, zenith, *size, tilt, scan)
    peak = size[0] * size[1] * 10**0.8
    assert gain == pytest.approx(10 ** (expected / 10), rel=1e-12, abs=1e-12 * peak)


@given(st.floats(5, 150), st.floats(1, 10), st.floats(50, 20_000))
def test_tilt_equals_its_twin(h_bs, h_ut, isd):
    tilt = default_tilt_deg(h_bs, h_ut, isd)
    assert tilt == pytest.approx(twin.default_tilt_deg(h_bs, h_ut, isd), rel=1e-12)
    assert 2 <= tilt <= 12


def test_tilt_oracles():
    """First numbers of C27."""
    tilt = [default_tilt_deg(25.0, 1.5, isd) for isd in (250.0, 500.0, 1000.0, 1732.0)]
    assert tilt == pytest.approx([oracle(f"C27{row}")[0] for row in "abcd"], rel=1e-6)


@given(EIGHTHS)
def test_angles_wrap(angle):
    wrapped = wrapped_deg(angle)
    assert -180 < wrapped <= 180
    assert (wrapped - angle) % 360 == 0


@given(EIGHTHS, st.integers(-3, 3), st.floats(-90, 90))
def test_azimuth_is_wrapped(azimuth, turns, down):
    """Pitfall 12: without it the back lobe is a main lobe."""
    turned = azimuth + 360.0 * turns
    assert element_gain_dbi(azimuth, 90 + down) == element_gain_dbi(turned, 90 + down)
    assert sector_gain_dbi(azimuth, down, 6.0, 17.0) == sector_gain_dbi(turned, down, 6.0, 17.0)


@given(SIZE, TILT_DEG, SCAN_DEG, st.floats(-180, 180), ZENITH_DEG)
def test_array_points_down_by_its_tilt_and_aside_by_its_scan(size, tilt, scan, azimuth, zenith):
    """Pitfall 12; nowhere else is it stronger, and there it gains all of its elements."""
    at_beam = array_alone_db(scan, 90 + tilt, size, tilt, scan)
    assert at_beam == pytest.approx(10 * math.log10(size[0] * size[1]), abs=1e-9)
    assert array_alone_db(azimuth, zenith, size, tilt, scan) <= at_beam + 1e-9


def test_signs_of_tilt_and_scan():
    """The beam's mirror images are side lobes."""
    beam, above, left = (
        array_alone_db(azimuth, zenith, (8, 8), 8.0, 30.0)
        for azimuth, zenith in ((30.0, 98.0), (30.0, 82.0), (-30.0, 98.0))
    )
    assert beam > above + 10 and beam > left + 10


@given(AZIMUTH_DEG, st.floats(-90, 90), st.floats(2, 12))
def test_patterns_are_bounded_and_the_sector_strongest_at_its_tilt(azimuth, down, tilt):
    assert -22 <= element_gain_dbi(azimuth, 90 + down) <= 8
    assert -8 <= sector_gain_dbi(azimuth, down, tilt, 17.0) <= 17
    assert sector_gain_dbi(0.0, tilt, tilt, 17.0) == 17


def test_gain_of_an_array_in_a_null_is_finite():
    """Two elements half a wavelength apart cancel along their line."""
    assert np.isfinite(array_gain_dbi(0.0, 0.0, (2, 1), 0.0, 0.0))


CUT_DB = st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).uniform(0, 40, 360))


@given(AZIMUTH_DEG, st.floats(-90, 90), CUT_DB, CUT_DB, st.floats(0, 30))
def test_pattern_of_cuts_equals_its_twin(azimuth, down, horizontal, vertical, gain):
    at = (azimuth, down, horizontal, vertical, gain)
    expected = float(twin.pattern_gain_dbi(*at))
    assert pattern_gain_dbi(*at) == pytest.approx(expected, abs=1e-9)
    many = pattern_gains_dbi(np.array([azimuth, 0.0]), np.array([down, 0.0]), *at[2:])
    assert many[0] == pattern_gain_dbi(*at)


@given(CUT_DB, st.integers(-720, 720))
def test_cut_at_whole_degrees_is_its_table(cut, angle):
    assert cut_loss_db(float(angle), cut) == cut[angle % 360]
    assert cut_loss_db(angle + 0.5, cut) == pytest.approx(
        (cut[angle % 360] + cut[(angle + 1) % 360]) / 2
    )


def test_cut_wraps_tiny_angles_and_keeps_nan():
    cut = np.arange(360.0)
    assert cut_loss_db(-1e-30, cut) == 0.0
    assert math.isnan(cut_loss_db(math.nan, cut))
    assert math.isnan(pattern_gain_dbi(math.nan, 0.0, cut, cut, 17.0))


@given(AZIMUTH_DEG, st.floats(-90, 90), CUT_DB, CUT_DB)
def test_pattern_of_cuts_is_bounded(azimuth, down, horizontal, vertical):
    deepest = max(horizontal.max(), vertical.max())
    gain = pattern_gain_dbi(azimuth, down, horizontal, vertical, 17.0)
    assert 17.0 - deepest - 1e-9 <= gain <= 17.0
