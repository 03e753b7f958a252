"""The worked numbers of the modelling specification, by id."""

import csv
from functools import cache
from pathlib import Path

VALIDATION = Path(__file__).parent / "validation"


@cache
def oracles():
    """Values of each oracle row, as printed."""
    rows = {}
    for path in sorted(VALIDATION.glob("oracles_*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            assert next(file).startswith("# netmodel modelling specification, section ")
            for row in csv.DictReader(file):
                assert row["id"] not in rows
                rows[row["id"]] = row["value"].split(";")
    return rows


def oracle(name):
    """Values of one oracle row as numbers."""
    return [float(v) for v in oracles()[name]]


def tolerance(text):
    """Half a unit of the last printed decimal, or 1e-6 of the value (models.md, section M)."""
    decimals = text.split(".")[1] if "." in text else ""
    half_unit = 0.5 * 10.0 ** -len(decimals) * (1 + 1e-6) if decimals else 0.0
    return max(half_unit, 1e-6 * abs(float(text)))


def assert_oracle(name, values):
    """Equal to the printed digits of a row."""
    printed = oracles()[name]
    assert len(values) == len(printed)
    for value, text in zip(values, printed, strict=True):
        assert abs(float(value) - float(text)) <= tolerance(text), (name, value, text)
