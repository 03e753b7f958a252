"""Villages, or other places that fiber has to reach, of a planner's list."""

from pathlib import Path

import numpy as np
import pandas as pd

from netmodel._reading import Reading
from netmodel._site_checks import texts
from netmodel.errors import InputError
from netmodel.intake.output import Place, write_points
from netmodel.intake.people import People, note_people_within
from netmodel.intake.points import Placed, placed_file
from netmodel.intake.report import Report

_NUMBERS = ("population", "households")
WANTED = ("lon", "lat", "x", "y", "village_id", "name", *_NUMBERS, "datum")


def import_villages(
    path: str | Path,
    out: str | Path,
    *,
    reading: Reading | None = None,
    people: People | None = None,
    overwrite: bool = False,
) -> Report:
    """Write a list of villages ready for a scenario's `[villages] path`.

    Parameters
    ----------
    path, out : path
        OUT is GeoParquet, GeoPackage, GeoJSON or CSV, by its suffix, with `village_id`, `name`,
        `lon`, `lat` and, where given, `population` and `households`.
    reading : Reading, optional
    people : People, optional
        Villages outside their raster are dropped, and people by distance reported.
    overwrite : bool

    Raises
    ------
    DataError, InputError
        As `read_rows` and `placed_points`; ids given twice; numbers that are none or negative.
    """
    reading, report = reading or Reading(), Report()
    place = Place.of(path, out, overwrite=overwrite)
    placed = placed_file(path, reading, WANTED, people, report)
    villages = _villages(path, placed, report)
    if people is not None:
        note_people_within(people, villages["lon"].to_numpy(), villages["lat"].to_numpy(), report)
    write_points(villages, place)
    return report


def _villages(path: str | Path, placed: Placed, report: Report) -> pd.DataFrame:
    """A row a village, without copies."""
    table = placed.rows.table
    out = pd.DataFrame({"lon": placed.lon.round(7), "lat": placed.lat.round(7)}, index=table.index)
    has_id = "village_id" in table.columns
    if has_id:
        out.insert(0, "village_id", texts(table, "village_id", ""))
    out.insert(int(has_id), "name", texts(table, "name", ""))
    for name in (n for n in _NUMBERS if n in table.columns):
        out[name] = _number(path, table, name)
    copies = out.duplicated().to_numpy()
    report.drop("copies of a row before", placed.rows.number[copies])
    out = out[~copies]
    if has_id:
        _check_ids(path, out)
    else:
        digits = len(str(len(out)))
        out.insert(0, "village_id", [f"{k + 1:0{digits}d}" for k in range(len(out))])
    report.note("villages", len(out))
    for name in (n for n in _NUMBERS if n in out.columns):
        report.note(f"{name} in all", float(out[name].sum()))
    return out.reset_index(drop=True)


def _number(path: str | Path, table: pd.DataFrame, name: str) -> "pd.Series[float]":
    """A column of counts; blanks are not known."""
    value = pd.to_numeric(table[name], errors="coerce").astype(np.float64)
    bad = (table[name].notna() & ~(value >= 0.0)).to_numpy(np.bool_)
    if bad.any():
        k = int(np.argmax(bad))
        raise InputError(
            f"{path}: row {table.index[k]}: {name} {str(table[name].iloc[k])!r}; "
            "expected a number from 0 on, or nothing"
        )
    return value


def _check_ids(path: str | Path, out: pd.DataFrame) -> None:
    """Refuse blank ids, and those that name two villages."""
    blank = (out["village_id"] == "").to_numpy()
    if blank.any():
        raise InputError(
            f"{path}: row {out.index[int(np.argmax(blank))]}: no village_id; give each village "
            "one, or --column village_id= for new ones"
        )
    twice = out["village_id"].duplicated().to_numpy()
    if twice.any():
        k = int(np.argmax(twice))
        raise InputError(
            f"{path}: row {out.index[k]}: village_id {out['village_id'].iloc[k]!r} again, "
            f"as in {int(twice.sum()):,} rows; give each village one, or --column village_id= for "
            "new ones"
        )
