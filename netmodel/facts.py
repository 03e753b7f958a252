"""The shipped tables, with the unit, date, source and status of every number.

Status is `published` (found in a source), `derived` (the note or definition holds the
arithmetic) or `unverified` (recollected; never behind a headline where a published value
exists). Wide tables have a row per column in `<table>_columns`.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from netmodel._fact_rows import FACT, MAINLAND, all_rows, fact_rows, haystack, history, read
from netmodel.errors import InputError

TABLES = (
    "baseline_2020",
    "history",
    "parameters",
    "provinces",
    "provinces_5g",
    "provinces_columns",
    "provinces_panel",
    "provinces_panel_columns",
    "regions",
    "sources",
    "targets",
)

_STATIONS = "F06"
_SEARCH = ["table", "id", "name", "value", "unit", "date", "geography", "status", "source"]
_TARGET = ["target_id", "indicator", "unit", "document", "baseline_year", "baseline"]
_TARGET += ["target_year", "op", "target", "actual", "actual_date", "verdict", "status"]
_SERIES = ["year", "date", "value", "unit", "geography", "definition", "annual"]
_SERIES += ["source_id", "status", "confidence", "note"]


@dataclass(frozen=True)
class Fact:
    """One number and where it comes from.

    Parameters
    ----------
    id, name : str
    value : float
        NaN for the few facts without a figure (unit "qualitative").
    unit : str
    date : str
        ISO date; the last day of a flow's period; empty for undated parameters.
    geography : str
        Place, or what a parameter applies to.
    definition : str
    source : str
        Title and locator of every source.
    status : str
        published, derived or unverified.
    confidence : str
        high, medium or low.
    note : str
        Cross-checks, disagreements, arithmetic, range.
    op : str
        "=" or how the source bounds the value: ">", "<", "~", ">=", "<=".
    """

    id: str
    name: str
    value: float
    unit: str
    date: str
    geography: str
    definition: str
    source: str
    status: str
    confidence: str
    note: str
    op: str = "="

    def __str__(self) -> str:
        """Value, unit, date, status and source in one line."""
        sign = "" if self.op == "=" else f"{self.op} "
        figure = "" if np.isnan(self.value) else f"{sign}{self.value:.15g} "
        date = f"{self.date}, " if self.date else ""
        return f"{figure}{self.unit} ({date}{self.status}: {self.source})"


def table(name: str) -> pd.DataFrame:
    """A shipped table by its name in `TABLES`: codes and dates as text, values as floats.

    Raises
    ------
    InputError
        No such table.
    """
    if name not in TABLES:
        raise InputError(_unknown("table", name, TABLES, "one of " + ", ".join(TABLES)))
    return read(name).copy()


def fact(fact_id: str) -> Fact:
    """A fact by id: baseline (F06), parameter (P001), target (T02), history (bs_5g@2020-12-31).

    Raises
    ------
    InputError
        No such id.
    """
    return _fact_of(_position(fact_id, _ids(), "fact"))


def parameter(id_or_name: str) -> Fact:
    """An engineering parameter by id or full name; its range is in the note.

    Raises
    ------
    InputError
        No such parameter.
    """
    rows = fact_rows()
    rows = rows[rows["table"] == "parameters"]
    known = _positions(rows["id"]) | _positions(rows["name"])
    return _fact_of(_position(id_or_name, known, "parameter"))


def provinces() -> pd.DataFrame:
    """The 31 provinces of the census, indexed by code; `provinces_columns` explains columns."""
    return table("provinces").rename(columns={"gbt2260_code": "code"}).set_index("code")


def series(name: str, geography: str = MAINLAND) -> pd.DataFrame:
    """A series of the history by date; `annual` marks the best value of its year.

    Definitions may break within a series: compare `definition` before chaining years.

    Parameters
    ----------
    name : str
        Such as mobile_traffic.
    geography : str
        The mainland, or one of the regions East, Central, West and Northeast.

    Raises
    ------
    InputError
        No such series, or not for that place.
    """
    rows = history()
    _position(name, _positions(rows["series"]), "series")
    rows = rows[rows["series"].str.casefold() == name.strip().casefold()]
    places = tuple(dict.fromkeys(rows["geography"]))
    if geography not in places:
        has = f"{name} is known for " + ", ".join(places)
        raise InputError(_unknown("geography", geography, places, has))
    rows = rows[rows["geography"] == geography].sort_values("date", kind="stable")
    return rows[_SERIES].reset_index(drop=True)


def targets() -> pd.DataFrame:
    """The plans' targets with baseline, latest actual and verdict; `status` is the target's."""
    return table("targets")[_TARGET]


def provinces_5g_2020() -> pd.DataFrame:
    """5G stations per province at the end of 2020, adding up to the published total.

    Published provincial counts are kept; the unverified weights of the other provinces share
    the rest by largest remainder (models.md E 6).

    Returns
    -------
    DataFrame
        code, stations [stations], status, source_id, a row a province.
    """
    # Imported here, so that the facts alone compile nothing.
    from netmodel.kernels.allocation import largest_remainder

    weight = provinces()["bs5g_2020_unverified"]
    found = table("provinces_5g")
    found = found[(found["date"] == "2020-12-31") & (found["status"] == "published")]
    kept = found.set_index("code").reindex(weight.index)
    known = kept["value"].notna().to_numpy()
    rest = fact(_STATIONS).value - kept["value"].sum()
    share = weight.to_numpy(np.float64)
    group = np.where(known, -1, 0).astype(np.int32)
    stations = largest_remainder(share, group, np.array([rest], np.int64))
    stations += kept["value"].fillna(0).to_numpy(np.int64)
    status = np.where(known, "published", "unverified")
    source = kept["source_id"].fillna("UNV").to_numpy()
    columns = {"code": weight.index, "stations": stations, "status": status, "source_id": source}
    return pd.DataFrame(columns)


def search(text: str) -> pd.DataFrame:
    """Facts of all tables whose id, name or definition holds every word of `text`.

    Case does not matter; Chinese is found too.

    Raises
    ------
    InputError
        Nothing to look for.
    """
    words = text.casefold().split()
    if not words:
        raise InputError("facts: nothing to look for; give an id (F06) or words such as traffic")
    rows, text_of_rows = all_rows(), haystack()
    hit = np.ones(len(rows), np.bool_)
    for word in words:
        hit &= text_of_rows.str.contains(word, regex=False).to_numpy(np.bool_)
    found = rows[hit].reset_index(drop=True)
    found["source"] = [source_text(s) for s in found["source_id"]]
    return found[_SEARCH]


@cache
def _ids() -> dict[str, int]:
    return _positions(fact_rows()["id"])


def _positions(names: "pd.Series[str]") -> dict[str, int]:
    """Row label of each name, regardless of case."""
    labels = names.index.to_numpy(np.int64).tolist()
    return {str(name).casefold(): row for row, name in zip(labels, names, strict=True)}


def _position(name: str, known: dict[str, int], kind: str) -> int:
    """Row label of `name`, or an error that names the nearest."""
    row = known.get(name.strip().casefold())
    if row is None:
        remedy = "`netmodel facts WORD` searches all tables"
        raise InputError(_unknown(kind, name, known, remedy))
    return row


def _unknown(kind: str, name: str, known: Iterable[str], remedy: str) -> str:
    near = difflib.get_close_matches(name.strip().casefold(), list(known), n=4, cutoff=0.5)
    guess = f"; did you mean {' or '.join(sorted(near))}?" if near else ""
    return f"facts: no {kind} {name!r}{guess}; {remedy}"


def _fact_of(row: int) -> Fact:
    fields = fact_rows().loc[[row], FACT].to_dict("records")[0]
    source = source_text(fields.pop("source_id"))
    return Fact(**{str(name): value for name, value in fields.items()}, source=source)


@cache
def source_text(source_ids: str) -> str:
    """Title and locator of sources, for reading; `source_ids` is as in the tables, with ;."""
    known = read("sources").set_index("source_id")
    text = known["title"] + ", " + known["locator"]
    return "; ".join(text.loc[source_ids.split(";")])
