"""Power of a sector at a chunk's points, against the published patterns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netmodel._antenna import Antenna, array_antenna, sector_antenna
from netmodel._transmitters import transmitters
from netmodel.kernels.antenna import element_gain_dbi, pattern_gain_dbi, sector_gain_dbi
from netmodel.kernels.chunk import (
    DEPRESSION,
    DX,
    DY,
    GAIN,
    LANES,
    N_VALUE,
    POWER,
    SERVED,
    SQUARED,
    X,
    Y,
    cut_power,
    mast_gain,
    sector_power,
)
from netmodel.kernels.link_curve import SERVE2
from netmodel.presets import TERMINAL_HEIGHT_M

EIRP_DBM = 20.0
SEED = st.integers(0, 10**6)
AZIMUTH, TILT = st.floats(-360.0, 720.0), st.floats(-10.0, 15.0)


def sector(antenna="sector_36814", azimuth=0.0, tilt=0.0, height=30.0, antennas=None):
    """One sector at the origin."""
    row = {
        "x": 0.0, "y": 0.0, "height_m": height, "model": "free_space", "frequency_ghz": 3.5,
        "azimuth_deg": azimuth, "tilt_deg": tilt, "antenna": antenna, "eirp_dbm": EIRP_DBM,
        "load": 1.0, "link_dbm": -110.0,
    }  # fmt: skip
    return transmitters(pd.DataFrame([row]), antennas)


def directions(seed):
    """Azimuths [degrees] and depressions all around; the last ones toward the four winds."""
    rng = np.random.default_rng(seed)
    azimuth, depression = rng.uniform(-180.0, 180.0, LANES), rng.uniform(-89.0, 89.0, LANES)
    azimuth[-4:], depression[-4:] = (0.0, 90.0, 180.0, -90.0), 0.0
    return azimuth, depression


def toward(azimuth_deg, depression_deg):
    """A chunk whose points lie in these directions, at a gain of one."""
    c = np.zeros(N_VALUE, np.float32)
    azimuth = np.radians(azimuth_deg)
    c[DX : DX + LANES], c[DY : DY + LANES] = np.sin(azimuth), np.cos(azimuth)
    c[DEPRESSION : DEPRESSION + LANES] = np.radians(depression_deg)
    c[GAIN : GAIN + LANES], c[SQUARED : SQUARED + LANES] = 1.0, 1e6
    return c


def at_points(x, y, sectors):
    """A chunk of points on the ground around the mast, by `mast_gain`."""
    c = np.zeros(N_VALUE, np.float32)
    c[X : X + LANES], c[Y : Y + LANES] = x, y
    mast_gain(c, np.float32(0.0), np.float32(0.0), sectors.curves, 0, True)
    return c


def off_maximum_db(c, sectors):
    """Power at the points below that of the maximum [dB]."""
    serve2 = np.float32(sectors.curves[0, SERVE2])
    pattern = int(sectors.pattern[0])
    if pattern >= 0:
        sector_power(c, serve2, sectors.sector, 0, sectors.patterns, pattern)
    else:
        cut_power(c, serve2, sectors.sector, 0, sectors.cuts, -1 - pattern)
    np.testing.assert_array_equal(c[SERVED : SERVED + LANES], c[POWER : POWER + LANES])
    power, gain = (c[k : k + LANES].astype(np.float64) for k in (POWER, GAIN))
    return EIRP_DBM - 10.0 * np.log10(power / gain) - 10.0 * 40.0 * np.log10(2.0)


def random_cut(rng, roughness):
    """A closed cut of 0 to 40 dB from a few waves: `roughness` is their number."""
    turn = np.radians(np.arange(360.0))
    waves = sum(
        rng.normal() / k * np.cos(k * turn + rng.uniform(0.0, 2.0 * np.pi))
        for k in range(1, roughness + 1)
    )
    return rng.uniform(10.0, 40.0) * (waves - waves.min()) / np.ptp(waves)


def random_antenna(seed, roughness=12):
    rng = np.random.default_rng(seed)
    cuts = random_cut(rng, roughness), random_cut(rng, roughness)
    return Antenna("random", 17.0, *cuts, np.nan, 0.0)


def pattern_losses(antenna, azimuth, depression, boresight, tilt):
    return -np.array([
        pattern_gain_dbi(
            float(a - boresight), float(d - tilt), antenna.horizontal_db, antenna.vertical_db, 0.0
        )
        for a, d in zip(azimuth, depression, strict=True)
    ])  # fmt: skip


@given(SEED, AZIMUTH, TILT)
@example(0, 0.0, 0.0)
@example(0, 120.0, 6.0)
def test_sector_is_that_of_36814(seed, boresight, tilt):
    azimuth, depression = directions(seed)
    depression[: LANES // 2] *= 0.2
    found = off_maximum_db(toward(azimuth, depression), sector(azimuth=boresight, tilt=tilt))
    expected = [
        -sector_gain_dbi(float(a - boresight), float(d), tilt, 0.0)
        for a, d in zip(azimuth, depression, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-4)


@given(SEED, AZIMUTH, TILT)
def test_element_is_that_of_38901(seed, boresight, tilt):
    azimuth, depression = directions(seed)
    sectors = sector("element_38901", boresight, tilt)
    found = off_maximum_db(toward(azimuth, depression), sectors)
    expected = [
        8.0 - element_gain_dbi(float(a - boresight), float(90.0 + d - tilt))
        for a, d in zip(azimuth, depression, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-4)


@given(SEED, AZIMUTH, TILT)
def test_omni_is_the_same_all_around(seed, boresight, tilt):
    found = off_maximum_db(toward(*directions(seed)), sector("omni", boresight, tilt))
    np.testing.assert_allclose(found, 0.0, atol=1e-4)


@given(SEED, AZIMUTH, TILT)
@example(0, 0.0, 0.0)
@example(1, 90.0, 0.0)
def test_cuts_are_those_of_the_file(seed, boresight, tilt):
    antenna = random_antenna(seed)
    sectors = sector("random", boresight, tilt, antennas={"random": antenna})
    azimuth, depression = directions(seed)
    found = off_maximum_db(toward(azimuth, depression), sectors)
    expected = pattern_losses(antenna, azimuth, depression, boresight, tilt)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-4)


@given(SEED, AZIMUTH)
def test_cuts_ahead_and_behind(seed, boresight):
    """Where the arc cosine of a float32 is least exact."""
    antenna = random_antenna(seed)
    sectors = sector("random", boresight, antennas={"random": antenna})
    off = np.geomspace(1e-4, 3.0, LANES // 4)
    azimuth = boresight + np.concatenate([off, -off, 180.0 - off, 180.0 + off])
    found = off_maximum_db(toward(azimuth, np.zeros(LANES)), sectors)
    expected = pattern_losses(antenna, azimuth, np.zeros(LANES), boresight, 0.0)
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-4)


@given(SEED, AZIMUTH, TILT, st.floats(10.0, 60.0))
def test_points_on_the_ground(seed, boresight, tilt, height):
    """Geometry and pattern together, in both kinds of pattern."""
    azimuth, _ = directions(seed)
    distance = np.random.default_rng(seed).uniform(10.0, 5000.0, LANES)
    x, y = (np.float32(distance * f(np.radians(azimuth))) for f in (np.sin, np.cos))
    ground = np.hypot(x.astype(np.float64), y)
    azimuth = np.degrees(np.arctan2(x.astype(np.float64), y))
    depression = np.degrees(np.arctan((height - TERMINAL_HEIGHT_M) / np.maximum(ground, 10.0)))
    antenna = random_antenna(seed)
    for name in ("sector_36814", "random"):
        sectors = sector(name, boresight, tilt, height, {"random": antenna})
        found = off_maximum_db(at_points(x, y, sectors), sectors)
        expected = pattern_losses(antenna, azimuth, depression, boresight, tilt)
        if name != "random":
            expected = [
                -sector_gain_dbi(float(a - boresight), float(d), tilt, 0.0)
                for a, d in zip(azimuth, depression, strict=True)
            ]
        np.testing.assert_allclose(found, expected, rtol=0.0, atol=1e-4)


@pytest.mark.parametrize("name", ["sector_36814", "element_38901", "tabled"])
@pytest.mark.parametrize("tilt", [2.0, 6.0, 11.0])
@pytest.mark.parametrize("boresight", [0.0, 120.0, 287.5])
def test_maximum_lies_where_the_tilt_points(name, tilt, boresight):
    """Ahead of the antenna, at the distance at which its beam meets the terminals."""
    height = 40.0
    antennas = {"tabled": sector_antenna(17.0, 0.0)}
    sectors = sector(name, boresight, tilt, height, antennas)
    meets = (height - TERMINAL_HEIGHT_M) / np.tan(np.radians(tilt))
    middle = LANES // 2
    along = meets * np.append(np.geomspace(0.1, 10.0, LANES - 1), -1.0)  # the last one behind
    found = loss_along(sectors, along, boresight)
    # The element's beam is so wide that float32 hardly tells its maximum from its neighbours.
    assert found[middle - 1] <= found.min() + 2e-5
    assert found[middle - 1] == pytest.approx(0.0, abs=1e-4)
    assert (found[[0, -2, -1]] > found[middle - 1] + 0.005).all()
    if name != "element_38901":
        assert found.argmin() == middle - 1
    around = boresight + np.append(np.linspace(-90.0, 90.0, LANES - 1), 180.0)
    assert loss_along(sectors, meets, around).argmin() == middle - 1


def loss_along(sectors, distance, azimuth):
    """Loss off the maximum at points of a distance and an azimuth."""
    turn = np.radians(azimuth)
    return off_maximum_db(
        at_points(distance * np.sin(turn), distance * np.cos(turn), sectors), sectors
    )


def test_electrical_tilt_of_a_cut_adds_to_the_tilt():
    """That of a file is in its cut already."""
    array = array_antenna((8, 8), tilt_deg=5.0)
    sectors = sector("array", 0.0, 2.0, antennas={"array": array})
    depression = np.linspace(0.0, 12.6, LANES)
    found = off_maximum_db(toward(np.zeros(LANES), depression), sectors)
    assert depression[found.argmin()] == pytest.approx(7.0, abs=0.2)


def test_what_is_too_far_is_not_served():
    sectors = sector()
    c = toward(*directions(0))
    c[SQUARED : SQUARED + 3] = 2e6
    sector_power(c, np.float32(1e6), sectors.sector, 0, sectors.patterns, 0)
    assert (c[SERVED : SERVED + 3] == 0.0).all() and (c[POWER : POWER + 3] > 0.0).all()
    assert (c[SERVED + 3 : SERVED + LANES] == c[POWER + 3 : POWER + LANES]).all()
