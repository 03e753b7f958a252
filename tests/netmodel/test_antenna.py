"""Antennas from files and from formulas: tables, where the maximum lies, and refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netmodel as nm
from netmodel._antenna import Antenna, array_antenna, element_antenna, sector_antenna
from netmodel.kernels.antenna import (
    array_gain_dbi,
    element_gain_dbi,
    pattern_gain_dbi,
    sector_gain_dbi,
)
from tests.reference import antenna as twin

HEADER = ("NAME panel 65", "MAKE Example", "FREQUENCY 2600", "GAIN 15.5 dBd", "COMMENT a test")
DOWN_DEG = st.integers(-90, 90)


def rows(cut_db, step=1):
    return [f"{angle} {cut_db[angle]:.12g}" for angle in range(0, 360, step)]


def written(tmp_path, header=HEADER, cuts=None, end="\n"):
    """A file of a sector antenna, or of the given lines after the header."""
    antenna = sector_antenna()
    if cuts is None:
        cuts = ["HORIZONTAL 360", *rows(antenna.horizontal_db), "VERTICAL 360"]
        cuts += rows(antenna.vertical_db)
    path = tmp_path / "panel.msi"
    path.write_bytes(end.join([*header, *cuts, ""]).encode("latin-1"))
    return path


def with_row(text):
    """Lines of cuts whose 11th horizontal row is another."""
    antenna = sector_antenna()
    lines = ["HORIZONTAL 360", *rows(antenna.horizontal_db), "VERTICAL 360"]
    lines += rows(antenna.vertical_db)
    lines[11] = text
    return lines


def gain_dbi(antenna, azimuth, down):
    return pattern_gain_dbi(
        float(azimuth), float(down), antenna.horizontal_db, antenna.vertical_db, antenna.gain_dbi
    )


# Files -------------------------------------------------------------------------------------------


def test_file_is_read(tmp_path):
    antenna, made = nm.read_antenna(written(tmp_path)), sector_antenna()
    assert antenna.name == "panel 65"
    assert antenna.gain_dbi == pytest.approx(17.65, abs=1e-12)
    assert (antenna.frequency_mhz, antenna.electrical_tilt_deg) == (2600.0, 0.0)
    assert antenna.horizontal_db == pytest.approx(made.horizontal_db, abs=1e-9)
    assert antenna.vertical_db == pytest.approx(made.vertical_db, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("17 dBi", 17.0), ("17dbi", 17.0), ("15 DBD", 17.15), ("15.0", 17.15), ("-3 dBi", -3.0)],
)
def test_gain_is_over_isotropic(tmp_path, text, expected):
    """Without a unit it is over a dipole, as the format has it."""
    header = [line for line in HEADER if "GAIN" not in line]
    path = written(tmp_path, [*header, f"gain\t{text}"])
    assert nm.read_antenna(path).gain_dbi == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["TILT ELECTRICAL", "ELECTRICAL_TILT 6"], 6.0),
        (["ELECTRICAL_TILT 2.5", "TILT 4"], 2.5),
        (["Tilt 4"], 4.0),
        (["TILT ELECTRICAL"], 0.0),
        (["TILT MECHANICAL 4"], 0.0),
    ],
)
def test_electrical_tilt(tmp_path, lines, expected):
    path = written(tmp_path, [*HEADER, *lines])
    assert nm.read_antenna(path).electrical_tilt_deg == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("2600 MHz", 2600.0), ("2.6 GHz", 2600.0), ("1710-2170", 1940.0)]
)
def test_frequency(tmp_path, text, expected):
    header = [line for line in HEADER if "FREQUENCY" not in line]
    assert nm.read_antenna(written(tmp_path, [*header, f"FREQUENCY {text}"])).frequency_mhz == (
        pytest.approx(expected)
    )
    assert math.isnan(nm.read_antenna(written(tmp_path, header)).frequency_mhz)


def test_case_blanks_line_ends_and_encodings_do_not_matter(tmp_path):
    expected = nm.read_antenna(written(tmp_path))
    header = [
        "\tname   panel 65", "Make Kö", "vendor_key 12 x", "12 AB", "", "Gain  15.5\tdbd",
    ]  # fmt: skip
    cuts = [line.replace(" ", "\t").lower() + "  " for line in with_row("10 0.24489795918")]
    got = nm.read_antenna(written(tmp_path, header, [*cuts, "", "comment end"], end="\r\n"))
    assert (got.name, got.gain_dbi) == (expected.name, expected.gain_dbi)
    assert got.horizontal_db == pytest.approx(expected.horizontal_db, abs=1e-9)
    assert got.vertical_db == pytest.approx(expected.vertical_db, abs=1e-9)


def test_file_without_a_name_has_that_of_the_file(tmp_path):
    assert nm.read_antenna(written(tmp_path, ["NAME", *HEADER[1:]])).name == "panel"


@pytest.mark.parametrize("step", [2, 5, 10])
def test_missing_angles_are_filled_around_the_circle(tmp_path, step):
    antenna = sector_antenna()
    cuts = ["HORIZONTAL 360", *rows(antenna.horizontal_db, step)[::-1], "VERTICAL 360"]
    cuts += rows(antenna.vertical_db, step)
    got = nm.read_antenna(written(tmp_path, cuts=cuts))
    for table, whole in (
        (got.horizontal_db, antenna.horizontal_db),
        (got.vertical_db, antenna.vertical_db),
    ):
        assert table[::step] == pytest.approx(whole[::step], abs=1e-9)
        ends = (table[360 - step], table[0])
        between = np.linspace(*ends, step + 1)[:-1]
        assert table[360 - step :] == pytest.approx(between, abs=1e-9)


def test_the_circle_may_be_closed_by_360(tmp_path):
    antenna = sector_antenna()
    vertical = ["VERTICAL 360", *rows(antenna.vertical_db)]
    whole = rows(antenna.horizontal_db)
    for horizontal in ([*whole, "360 0"], [*whole[1:], "360 0"], ["360 0", *whole]):
        cuts = ["HORIZONTAL 361", *horizontal, *vertical]
        got = nm.read_antenna(written(tmp_path, cuts=cuts))
        assert got.horizontal_db == pytest.approx(antenna.horizontal_db, abs=1e-9)


# Refusals ----------------------------------------------------------------------------------------


def test_unknown_file_and_folder(tmp_path):
    with pytest.raises(nm.DataError, match="none.msi: no such file; check the path"):
        nm.read_antenna(tmp_path / "none.msi")
    with pytest.raises(nm.DataError, match="cannot be read"):
        nm.read_antenna(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("400 3", "line 17: angle 400 must be in 0-360"),
        ("-10 3", "line 17: angle -10 must be in 0-360"),
        ("10 -3", "line 17: attenuation -3 must be zero or more; .* without a minus sign"),
        ("10 nan", "line 17: attenuation nan must be zero or more"),
        ("10 inf", "line 17: attenuation inf must be zero or more"),
        ("nan 1", "line 17: angle nan must be in 0-360"),
        ("9 1", "line 17: angle 9 a second time; keep one"),
        ("10", "line 17: '10' is no row; give an angle and an attenuation"),
        ("10 1 2", "line 17: '10 1 2' is no row"),
        ("10 0,5", "line 17: '10 0,5' is no row"),
        ("HORIZONTAL 360", "line 17: a second HORIZONTAL; keep one antenna a file"),
    ],
)
def test_bad_rows_name_their_line(tmp_path, text, message):
    with pytest.raises(nm.InputError, match=f"panel.msi {message}") as caught:
        nm.read_antenna(written(tmp_path, cuts=with_row(text)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("GAIN high", "panel.msi line 4: GAIN 'high' is no gain; give a number and dBd or dBi"),
        ("GAIN 15 dBm", "panel.msi line 4: GAIN '15 dBm' is no gain"),
        ("GAIN nan", "panel.msi line 4: GAIN 'nan' is no gain"),
        ("ELECTRICAL_TILT down", "panel.msi line 4: ELECTRICAL_TILT 'down' is no number"),
    ],
)
def test_bad_header_names_its_line(tmp_path, line, message):
    header = [*HEADER[:3], line, "GAIN 15"]
    with pytest.raises(nm.InputError, match=message):
        nm.read_antenna(written(tmp_path, header))


def test_missing_parts(tmp_path):
    with pytest.raises(nm.DataError, match="no GAIN; add a line such as"):
        nm.read_antenna(written(tmp_path, HEADER[:3]))
    for name, cuts in (("VERTICAL", with_row("10 1")[:361]), ("HORIZONTAL", [])):
        with pytest.raises(nm.DataError, match=f"no section {name}; add '{name} 360'"):
            nm.read_antenna(written(tmp_path, cuts=cuts))


def test_cuts_with_too_few_angles(tmp_path):
    antenna = sector_antenna()
    sparse = ["HORIZONTAL 35", *rows(antenna.horizontal_db, 10)[:35]]
    with pytest.raises(nm.InputError, match="HORIZONTAL has 35 angles; give 36 at least"):
        nm.read_antenna(written(tmp_path, cuts=sparse))
    torn = ["HORIZONTAL 360", *rows(antenna.horizontal_db)[:200]]
    with pytest.raises(nm.InputError, match="has no angle for 161 degrees after 199"):
        nm.read_antenna(written(tmp_path, cuts=torn))


@pytest.mark.parametrize(
    ("table", "gain"),
    [(np.zeros(359), 1.0), (np.full(360, -1.0), 1.0), (np.full(360, np.nan), 1.0),
     (np.zeros(360), math.nan)],
)  # fmt: skip
def test_antennas_are_checked(table, gain):
    with pytest.raises(nm.InputError, match="must be"):
        Antenna("x", gain, table, np.zeros(360), math.nan, 0.0)


# Parametric patterns -----------------------------------------------------------------------------


@given(st.integers(0, 359), DOWN_DEG, st.integers(0, 12))
def test_table_of_the_sector_equals_its_formula(azimuth, down, tilt):
    expected = sector_gain_dbi(float(azimuth), float(down), float(tilt), 17.0)
    antenna = sector_antenna(17.0, float(tilt))
    assert gain_dbi(antenna, azimuth, down) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 359), DOWN_DEG)
def test_table_of_the_element_equals_its_formula(azimuth, down):
    expected = element_gain_dbi(float(azimuth), 90.0 + down)
    assert gain_dbi(element_antenna(), azimuth, down) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 359), DOWN_DEG, st.sampled_from([(8, 1), (8, 8)]), st.integers(0, 10))
def test_table_of_the_array_equals_its_formula_in_both_cuts(azimuth, down, size, tilt):
    antenna = array_antenna(size, float(tilt))
    deepest = max(antenna.horizontal_db.max(), antenna.vertical_db.max())
    for at in ((azimuth, tilt), (0, down)):
        expected = array_gain_dbi(float(at[0]), 90.0 + at[1], size, float(tilt), 0.0)
        expected = max(expected, antenna.gain_dbi - deepest)
        assert gain_dbi(antenna, *at) == pytest.approx(expected, abs=1e-8)


def test_vertical_cut_goes_around():
    """Straight down and up, and behind: those of the twin."""
    antenna = array_antenna((8, 1), 6.0)
    for angle, azimuth, zenith in ((90, 0, 180), (270, 0, 0), (174, 180, 96), (186, 180, 84)):
        expected = twin.composite_gain_dbi(azimuth, zenith, 8, 1, 6.0)
        assert antenna.gain_dbi - antenna.vertical_db[angle] == pytest.approx(float(expected))


@pytest.mark.parametrize("tilt", [0, 3, 6, 10])
def test_maximum_lies_at_the_tilt(tilt):
    """Pitfall 12: the vertical cut counts downward."""
    for antenna in (sector_antenna(17.0, float(tilt)), array_antenna((10, 1), float(tilt))):
        assert antenna.electrical_tilt_deg == tilt
        assert antenna.vertical_db.argmin() == tilt
        assert antenna.horizontal_db.argmin() == 0
        assert gain_dbi(antenna, 0, tilt) == antenna.gain_dbi
    assert element_antenna().vertical_db.argmin() == 0


@pytest.mark.parametrize("scan", [-30, 20, 30])
def test_maximum_lies_at_the_scan_angle(scan):
    """Clockwise is positive; the element draws the beam toward boresight by 2 degrees at most."""
    antenna = array_antenna((8, 8), 6.0, float(scan))
    off = (antenna.horizontal_db.argmin() - scan + 180) % 360 - 180
    assert abs(off) <= 2 and off * scan <= 0
    assert antenna.vertical_db.argmin() == 6


def test_table_read_from_a_file_points_as_its_formula(tmp_path):
    antenna = array_antenna((8, 4), 8.0)
    cuts = ["HORIZONTAL 360", *rows(antenna.horizontal_db), "VERTICAL 360"]
    path = written(
        tmp_path,
        ["GAIN 20 dBi", "ELECTRICAL_TILT 8"],
        [*cuts, *rows(antenna.vertical_db)],
    )
    got = nm.read_antenna(path)
    assert got.vertical_db.argmin() == got.electrical_tilt_deg == 8
    assert gain_dbi(got, 0, 8) == 20.0
