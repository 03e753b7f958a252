"""The shipped tables as typed frames and as rows, one per number; `facts` is their public face."""

from functools import cache
from importlib.resources import files

import numpy as np
import pandas as pd

MAINLAND = "China (mainland)"
FACT = ["id", "name", "value", "unit", "date", "geography", "definition", "source_id"]
FACT += ["status", "confidence", "note", "op"]

_FLOATS = ("value", "low", "high", "baseline", "target", "actual")
_YEARS = ("year", "baseline_year", "target_year", "year_first_met")
_WIDE = ("provinces", "provinces_panel")
_WIDE_TEXT = ("gbt2260_code", "code", "name_zh", "name_en", "miit_region")
_WIDE_STATUS = ("family_households_status", "bs5g_confidence")


@cache
def read(name: str) -> pd.DataFrame:
    """A table as typed columns; the cached frame itself, which nobody may change."""
    with files("netmodel").joinpath("data", f"{name}.csv").open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    for column in frame.columns:
        if column in _FLOATS:
            frame[column] = pd.to_numeric(frame[column]).astype(np.float64)
        elif column in _YEARS:
            years = pd.to_numeric(frame[column])
            frame[column] = years.astype("Int64" if years.isna().any() else np.int64)
        elif column == "annual":
            frame[column] = frame[column] == "True"
        elif name in _WIDE and column not in _WIDE_TEXT + _WIDE_STATUS:
            frame[column] = pd.to_numeric(frame[column])
    return frame


@cache
def history() -> pd.DataFrame:
    """The national series and those of the four regions."""
    regions = read("regions").assign(annual=False, note="")
    regions["definition"] = regions["indicator"]
    regions["year"] = regions["date"].str[:4].astype(np.int64)
    return pd.concat([read("history"), regions], ignore_index=True)


@cache
def fact_rows() -> pd.DataFrame:
    """Rows that have an id: baseline, targets, parameters, history and regions."""
    parts = {
        "baseline_2020": _baseline_facts(),
        "targets": _target_facts(),
        "parameters": _parameter_facts(),
        "history": _history_facts(),
    }
    frames = [f.assign(table=name) for name, f in parts.items()]
    frame = pd.concat(frames, ignore_index=True)
    frame.loc[(frame["table"] == "history") & (frame["geography"] != MAINLAND), "table"] = "regions"
    frame["op"] = frame["op"].fillna("=")
    return frame[["table", *FACT]]


def _baseline_facts() -> pd.DataFrame:
    frame = read("baseline_2020").rename(columns={"fact_id": "id", "indicator": "name"})
    check = "check: " + frame["check"].where(frame["check"] != "")
    frame["note"] = _joined(check.fillna(""), frame["note"])
    return frame.replace({"op": {"": "="}})


def _target_facts() -> pd.DataFrame:
    frame = read("targets").rename(columns={"target_id": "id", "indicator": "name"})
    frame["date"] = frame["target_year"].astype(str) + "-12-31"
    frame["definition"] = frame["document"]
    return frame.rename(columns={"target": "value"})


def _parameter_facts() -> pd.DataFrame:
    frame = read("parameters")
    low, high = (frame[c].map("{:g}".format) for c in ("low", "high"))
    spread = ("range " + low + " to " + high).where(frame["low"].notna(), "")
    frame = frame.assign(note=_joined(spread, frame["note"]), definition=frame["group"])
    names = {"param_id": "id", "parameter": "name", "applies_to": "geography"}
    return frame.rename(columns=names)


def _history_facts() -> pd.DataFrame:
    frame = history().rename(columns={"indicator": "name"})
    place = ("/" + frame["geography"]).where(frame["geography"] != MAINLAND, "")
    return frame.assign(id=frame["series"] + place + "@" + frame["date"])


def _joined(first: "pd.Series[str]", second: "pd.Series[str]") -> "pd.Series[str]":
    return (first + "; " + second).str.strip("; ")


@cache
def all_rows() -> pd.DataFrame:
    """Every number of every table that holds numbers, as rows to search."""
    wide = [_long(name) for name in _WIDE]
    names = read("provinces").set_index("gbt2260_code")
    stations = read("provinces_5g")
    place = stations["code"].map(names["name_en"])
    chinese = stations["code"].map(names["name_zh"])
    stations = stations.assign(table="provinces_5g", geography=place, definition="")
    stations["id"] = stations["code"] + ".bs5g@" + stations["date"]
    stations["name"] = place + " " + chinese + ": 5G base stations 5G基站"
    return pd.concat([fact_rows(), wide[0], stations, wide[1]], ignore_index=True)


def _long(name: str) -> pd.DataFrame:
    """A wide table as rows, with the provenance of its columns."""
    frame = read(name).rename(columns={"gbt2260_code": "code"})
    keys = [c for c in ("code", "year") if c in frame.columns]
    skip = {*_WIDE_TEXT, *_WIDE_STATUS, "year"}
    rows = frame.melt(keys, [c for c in frame.columns if c not in skip], "column")
    rows = rows[rows["value"].notna()].merge(read(f"{name}_columns"), on="column")
    names = read("provinces").set_index("gbt2260_code")
    rows["geography"] = rows["code"].map(names["name_en"])
    rows["name"] = rows["geography"] + " " + rows["code"].map(names["name_zh"])
    rows["name"] += ": " + rows["column"]
    rows["id"] = rows["code"] + "." + rows["column"]
    if "year" in keys:
        rows["date"] = rows["year"].astype(str) + "-12-31"
        rows["id"] += "@" + rows["date"]
    _mend_status(rows, frame)
    return rows.assign(table=name)


def _mend_status(rows: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Give the households of each province the status of their row, not of the column."""
    if "family_households_status" in frame.columns:
        own = frame.set_index("code")["family_households_status"]
        here = rows["column"] == "family_households_2020"
        status = rows.loc[here, "code"].map(own)
        rows.loc[here, "status"] = status
        rows.loc[here, "source_id"] = status.map({"published": "CENSUSBJ", "unverified": "UNV"})


@cache
def haystack() -> "pd.Series[str]":
    """What a search looks through, beside `all_rows`."""
    rows = all_rows()
    text = rows["id"] + " " + rows["name"] + " " + rows["definition"]
    return text.str.casefold()
