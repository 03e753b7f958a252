"""Antennas as tables: read from MSI or Planet files, or made from parametric patterns."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netmodel.errors import DataError, InputError
from netmodel.kernels.antenna import array_gain_dbi, element_gain_dbi, sector_gain_dbi, wrapped_deg

Float = NDArray[np.float64]
_Fields = dict[str, tuple[int, str]]
_Rows = list[tuple[int, str]]

_DBI_OVER_DBD = 2.15
_CUTS = ("HORIZONTAL", "VERTICAL")
_LEAST_POINTS = 36
_WIDEST_GAP_DEG = 15.0
_HEADER = (
    "NAME", "MAKE", "FREQUENCY", "H_WIDTH", "V_WIDTH", "FRONT_TO_BACK", "GAIN", "TILT",
    "ELECTRICAL_TILT", "POLARIZATION", "COMMENT",
)  # fmt: skip
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_GAIN = re.compile(rf"({_NUMBER.pattern})\s*(dBd|dBi)?", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Antenna:
    """A pattern as two cuts.

    Parameters
    ----------
    name : str
    gain_dbi : float
        In the direction of the maximum.
    horizontal_db, vertical_db : (360,)
        Attenuation at whole degrees, zero or more: clockwise from boresight, and downward from
        the horizon ahead, so that 90 is straight down.
    frequency_mhz : float
        NaN if unknown.
    electrical_tilt_deg : float
        Positive downward, and in the vertical cut already.
    """

    name: str
    gain_dbi: float
    horizontal_db: Float
    vertical_db: Float
    frequency_mhz: float
    electrical_tilt_deg: float

    def __post_init__(self) -> None:
        for cut in ("horizontal_db", "vertical_db"):
            table = np.ascontiguousarray(getattr(self, cut), dtype=float)
            if table.shape != (360,) or not (np.isfinite(table) & (table >= 0)).all():
                raise InputError(f"{cut} must be 360 finite attenuations of zero or more")
            object.__setattr__(self, cut, table)
        if not math.isfinite(self.gain_dbi):
            raise InputError(f"gain_dbi must be finite, got {self.gain_dbi}")


def read_antenna(path: str | Path) -> Antenna:
    """An antenna from an MSI or Planet file (`.msi`, `.pln`).

    Keywords of any case, blanks or tabs. A gain without a unit is in dBd, as the format has it.
    Cuts of fewer angles, 36 at least, are interpolated in degrees; unknown keywords above the cuts
    are skipped.

    Parameters
    ----------
    path : path

    Returns
    -------
    Antenna
        Its tilt is ELECTRICAL_TILT, or the number in TILT unless that is mechanical, or zero; a
        range of FREQUENCY is its middle.

    Raises
    ------
    DataError
        No such file, no GAIN, a cut that is missing.
    InputError
        A value that cannot be right; the message has its line.

    References
    ----------
    Planet antenna format as in Radio Mobile's definitions (radiomobile.pe1mew.nl).

    Examples
    --------
    >>> import netmodel as nm
    >>> nm.read_antenna("panel.msi").gain_dbi  # doctest: +SKIP
    17.65
    """
    path = Path(path)
    fields, cuts = _sections(path, _text(path))
    return Antenna(
        name=fields["NAME"][1] if fields.get("NAME", (0, ""))[1] else path.stem,
        gain_dbi=_gain_dbi(path, fields),
        horizontal_db=_cut(path, cuts, "HORIZONTAL"),
        vertical_db=_cut(path, cuts, "VERTICAL"),
        frequency_mhz=_frequency_mhz(fields),
        electrical_tilt_deg=_tilt_deg(path, fields),
    )


# Files -------------------------------------------------------------------------------------------


def _text(path: Path) -> str:
    """A file's text; old ones are Latin-1."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such file; check the path") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give a text file") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _sections(path: Path, text: str) -> tuple[_Fields, dict[str, _Rows]]:
    """Keywords of a file with their lines and values, and the rows of its cuts."""
    fields: _Fields = {}
    cuts: dict[str, _Rows] = {}
    rows: _Rows | None = None
    for line, content in enumerate(text.splitlines(), start=1):
        key, _, value = content.strip().replace("\t", " ").partition(" ")
        key = key.upper()
        if key in _CUTS:
            if key in cuts:
                raise InputError(f"{path} line {line}: a second {key}; keep one antenna a file")
            rows = cuts[key] = []
        elif rows is None or key in _HEADER:
            fields.setdefault(key, (line, value.strip()))
        elif key:
            rows.append((line, content.strip()))
    return fields, cuts


def _gain_dbi(path: Path, fields: _Fields) -> float:
    """Gain over an isotropic antenna."""
    if "GAIN" not in fields:
        raise DataError(f"{path}: no GAIN; add a line such as 'GAIN 15.5 dBd'")
    line, text = fields["GAIN"]
    match = _GAIN.fullmatch(text)
    if match is None:
        raise InputError(
            f"{path} line {line}: GAIN {text!r} is no gain; give a number and dBd or dBi"
        )
    is_dbi = (match[2] or "dBd").lower() == "dbi"
    return float(match[1]) + (0.0 if is_dbi else _DBI_OVER_DBD)


def _frequency_mhz(fields: _Fields) -> float:
    """Frequency, the middle of a range, or NaN."""
    text = fields.get("FREQUENCY", (0, ""))[1]
    numbers = [float(n) for n in re.findall(r"\d+\.?\d*", text)[:2]]
    scale = 1000.0 if "ghz" in text.lower() else 1.0
    return scale * sum(numbers) / len(numbers) if numbers else math.nan


def _tilt_deg(path: Path, fields: _Fields) -> float:
    """Electrical tilt."""
    line, text = fields.get("ELECTRICAL_TILT", (0, ""))
    number = _NUMBER.search(text)
    if number is None and text:
        raise InputError(f"{path} line {line}: ELECTRICAL_TILT {text!r} is no number; give degrees")
    if number is None:
        text = fields.get("TILT", (0, ""))[1]
        number = None if "mechanical" in text.lower() else _NUMBER.search(text)
    return float(number[0]) if number else 0.0


def _cut(path: Path, cuts: dict[str, _Rows], name: str) -> Float:
    """Attenuations of a cut at whole degrees."""
    if name not in cuts:
        raise DataError(f"{path}: no section {name}; add '{name} 360' and its rows of angle and dB")
    points: dict[float, float] = {}
    for line, text in cuts[name]:
        angle, loss = _row(f"{path} line {line}", text)
        if angle in points:
            raise InputError(f"{path} line {line}: angle {angle:g} a second time; keep one of them")
        points[angle] = loss
    if 360.0 in points:
        points.setdefault(0.0, points.pop(360.0))
    angles = np.sort(list(points))
    _check_angles(f"{path}: {name}", angles)
    out: Float = np.interp(np.arange(360.0), angles, [points[a] for a in angles], period=360.0)
    return out


def _row(place: str, text: str) -> tuple[float, float]:
    """Angle and attenuation of a row."""
    try:
        angle, loss = (float(word) for word in text.split())
    except ValueError as error:
        raise InputError(
            f"{place}: {text!r} is no row; give an angle and an attenuation"
        ) from error
    if not 0.0 <= angle <= 360.0:
        raise InputError(f"{place}: angle {angle:g} must be in 0-360; give whole turns off")
    if not 0.0 <= loss < math.inf:
        raise InputError(
            f"{place}: attenuation {loss:g} must be zero or more; give what is lost below the "
            "maximum, without a minus sign"
        )
    return angle, loss


def _check_angles(place: str, angles: Float) -> None:
    """Refuse a cut of too few angles to be filled between them."""
    if angles.size < _LEAST_POINTS:
        raise InputError(f"{place} has {angles.size} angles; give {_LEAST_POINTS} at least")
    gap = np.diff(np.append(angles, angles[0] + 360.0))
    if gap.max() > _WIDEST_GAP_DEG:
        at = angles[int(gap.argmax())]
        raise InputError(
            f"{place} has no angle for {gap.max():g} degrees after {at:g}; "
            f"give one every {_WIDEST_GAP_DEG:g} at least"
        )


# Parametric patterns -----------------------------------------------------------------------------


def sector_antenna(gain_dbi: float = 17.0, tilt_deg: float = 6.0) -> Antenna:
    """The macro sector of TR 36.814."""

    def gain(azimuth: float, depression: float) -> float:
        return sector_gain_dbi(azimuth, depression, tilt_deg, gain_dbi)

    return _tabled("TR 36.814 sector", gain, tilt_deg)


def element_antenna() -> Antenna:
    """The element of TR 38.901."""

    def gain(azimuth: float, depression: float) -> float:
        return element_gain_dbi(azimuth, 90.0 + depression)

    return _tabled("TR 38.901 element", gain)


def array_antenna(size: tuple[int, int], tilt_deg: float = 0.0, scan_deg: float = 0.0) -> Antenna:
    """An array of M.2101, elements down and across, through the direction of its beam."""

    def gain(azimuth: float, depression: float) -> float:
        return array_gain_dbi(azimuth, 90.0 + depression, size, tilt_deg, scan_deg)

    return _tabled(f"M.2101 array {size[0]} x {size[1]}", gain, tilt_deg, scan_deg)


def _tabled(
    name: str,
    gain_dbi: Callable[[float, float], float],
    tilt_deg: float = 0.0,
    scan_deg: float = 0.0,
) -> Antenna:
    """Cuts of a pattern through a direction, each below its own maximum, as in MSI files."""
    horizontal = np.array([gain_dbi(float(a), tilt_deg) for a in range(360)])
    vertical = np.array([gain_dbi(*_ahead_or_behind(float(a), scan_deg)) for a in range(360)])
    return Antenna(
        name=name,
        gain_dbi=float(vertical.max()),
        horizontal_db=horizontal.max() - horizontal,
        vertical_db=vertical.max() - vertical,
        frequency_mhz=math.nan,
        electrical_tilt_deg=tilt_deg,
    )


def _ahead_or_behind(angle_deg: float, azimuth_deg: float) -> tuple[float, float]:
    """Azimuth and depression of an angle of the vertical cut."""
    angle = wrapped_deg(angle_deg)
    if abs(angle) <= 90.0:
        return azimuth_deg, angle
    return azimuth_deg + 180.0, wrapped_deg(180.0 - angle)
