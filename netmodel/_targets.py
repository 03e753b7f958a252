"""Targets of plans held against the draws of a projection."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel import facts
from netmodel._csv import check_columns, finite, read_csv
from netmodel.errors import InputError
from netmodel.kernels.scores import required_cagr, required_logit_slope
from netmodel.scenario import Scenario

Float = NDArray[np.float64]

# Projected indicator behind each indicator of the plans, and its unit over the plan's.
_PROJECTED = {
    "10G-PON ports": ("pon10g_ports", 1.0),
    "10G-PON-and-above ports": ("pon10g_ports", 1.0),
    "5G base stations per 10,000 people": ("bs_5g_per_10k", 1.0),
    "5G individual user penetration": ("5g_penetration", 1.0),
    "5G user penetration": ("5g_penetration", 1.0),
    "FTTH users >=1000 Mbit/s": ("gigabit_users", 1.0),
    "IPv6 active users": ("ipv6_users", 1.0),
    "IPv6 share of fixed traffic": ("ipv6_share_fixed", 1.0),
    "IPv6 share of metro-network traffic (城域网)": ("ipv6_share_fixed", 1.0),
    "IPv6 share of mobile network traffic": ("ipv6_share_mobile", 1.0),
    "IPv6 share of mobile traffic": ("ipv6_share_mobile", 1.0),
    "Internet users": ("internet_users", 1.0),
    "IoT connections (all)": ("cellular_iot", 1e-3),
    "administrative villages reached by 5G": ("village_5g_share", 1.0),
    "data-center compute": ("compute", 1.0),
    "gigabit broadband users": ("gigabit_users", 1.0),
    "gigabit broadband users (>=1000 Mbit/s)": ("gigabit_users", 1.0),
    "gigabit users": ("gigabit_users", 1.0),
    "households passed by gigabit fiber": ("gigabit_homes_passed", 1.0),
    "mobile IoT connections": ("cellular_iot", 1e-3),
    "network terminal connections": ("terminal_connections", 1.0),
}
_INCREMENT = {"new 5G base stations in 2021": ("bs_5g", 1.0)}
_REMARK = {
    "IoT connections (all)": "cellular connections alone, a part of all",
    "IPv6 share of metro-network traffic (城域网)": "the fixed network as a whole",
}
_ELSEWHERE = {
    "5G base stations per 10,000 people (gigabit-city criterion)": "speaks of gigabit cities",
    "Hubei 5G base stations": "stations of provinces have no history in the facts",
}
_COLUMNS = [
    "target_id", "indicator", "unit", "document", "issuer", "doc_date", "baseline_year", "baseline",
    "target_year", "op", "target", "p10", "median", "p90", "probability", "year_met_p10",
    "year_met", "year_met_p90", "required_growth", "required_growth_unit", "outlook", "actual",
    "actual_date", "verdict", "status", "method", "note",
]  # fmt: skip
_LIKELIHOOD = (
    (0.99, "virtually certain"), (0.9, "very likely"), (0.66, "likely"),
    (0.33, "about as likely as not"), (0.1, "unlikely"), (0.01, "very unlikely"),
)  # fmt: skip
_OWN = ("indicator", "target_year", "target")


def targets(run: xr.DataTree) -> pd.DataFrame:
    """Every target with its projection: interval, probability, year met, growth it needs.

    Parameters
    ----------
    run : DataTree
        With the `projection` stage.

    Returns
    -------
    DataFrame
        A row a target: `target_id`, `indicator`, `unit`, `document`, `issuer`, `doc_date`,
        `baseline_year`, `baseline`, `target_year`, `op`, `target`; `p10`, `median` and `p90` of
        the draws in the target's year; `probability` of meeting it then; `year_met` (median) and
        its 10-90 % range, inf where it is not met by the horizon; `required_growth` a year from
        the last known value (`required_growth_unit` is "a year", or "logit a year" for shares);
        `outlook`, or "not projected: why"; `actual`, `actual_date` and `verdict` where known;
        `method` and `note`.

    Raises
    ------
    InputError
        The run has no projection.

    Examples
    --------
    >>> import netmodel as nm
    >>> table = nm.targets(nm.assess("china-2020", stages="projection"))  # doctest: +SKIP
    """
    if "projection" not in run.children:
        raise InputError(
            "targets: the run has no projection; run with --stages all or --stages projection"
        )
    ds = run["projection"].to_dataset()
    scenario = Scenario.model_validate_json(run.attrs["scenario"])
    rows = pd.DataFrame(list(_rows(_table(scenario), ds)))
    return rows.reindex(columns=_COLUMNS)


def _table(scenario: Scenario) -> pd.DataFrame:
    """The scenario's own targets, or those of the plans."""
    if scenario.projection.targets is not None:
        return read_targets(scenario.projection.targets)
    if scenario.extends is None or scenario.projection.series is not None:
        return facts.table("targets").iloc[:0]
    return facts.table("targets")


def read_targets(path: Path) -> pd.DataFrame:
    """A user's targets: a CSV with indicator, target_year, target and, by choice, op, baseline.

    Raises
    ------
    DataError
        Not a CSV, a column missing.
    InputError
        No rows, a number that is none, an unknown sign.
    """
    table = read_csv(path, "[projection] targets")
    check_columns(path, table, _OWN)
    table["op"] = table["op"].fillna(">=") if "op" in table.columns else ">="
    for column in ("target_year", "target"):
        table[column] = finite(table[column], f"{path}: {column}")
    unknown = sorted(set(table["op"]) - {">=", ">", "<=", "<"})
    if unknown:
        raise InputError(f"{path}: op {unknown[0]!r}; known: >=, >, <=, <")
    default = [f"T{k + 1:02d}" for k in range(len(table))]
    table["target_id"] = table["target_id"] if "target_id" in table.columns else default
    return table


def _rows(table: pd.DataFrame, ds: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Each target as it stands, with its projection or the reason why it has none."""
    for row in table.to_dict("records"):
        entry = {str(k): v for k, v in row.items()}
        why = _unprojected(entry, ds)
        entry |= {"outlook": f"not projected: {why}"} if why else _held(entry, ds)
        yield entry


def projected_indicator(name: str) -> tuple[str, float]:
    """Projected indicator behind an indicator of the plans, and the factor to the plan's unit."""
    return (_PROJECTED | _INCREMENT).get(name, (name, 1.0))


def _unprojected(entry: dict[str, Any], ds: xr.Dataset) -> str:
    """Why a target cannot be held against the draws; empty where it can."""
    name = str(entry["indicator"])
    key = projected_indicator(name)[0]
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    left_out = json.loads(ds.attrs["not_projected"])
    if key in left_out:
        return str(left_out[key])
    if key not in ds.indicator.values:
        return "no series in the facts" if "document" in entry else "no such indicator"
    first, last = int(ds.year[0]), int(ds.year[-1])
    if entry["target_year"] < first:
        return f"due before {first}"
    if entry["target_year"] > last:
        return f"due after the horizon {last}; raise [projection] horizon"
    if np.isnan(ds.draws.sel(indicator=key, year=int(entry["target_year"])).values).any():
        return f"not known in {entry['target_year']:.0f}"
    return ""


def _held(entry: dict[str, Any], ds: xr.Dataset) -> dict[str, Any]:
    """The projection's figures for one target."""
    key, factor = projected_indicator(str(entry["indicator"]))
    one = ds.sel(indicator=key)
    year, target, falls = int(entry["target_year"]), float(entry["target"]), "<" in entry["op"]
    draws = one.draws.values.astype(np.float64) * factor
    if str(entry["indicator"]) in _INCREMENT:
        before = one.known.sel(known_year=one.year[0] - 1) * factor
        draws = np.diff(draws, axis=1, prepend=float(before))
    at = draws[:, int(np.flatnonzero(ds.year.values == year)[0])]
    met = at <= target if falls else at >= target
    known = _last(one)
    found = dict(zip(("p10", "median", "p90"), np.quantile(at, (0.1, 0.5, 0.9)), strict=True))
    found |= {"probability": float(met.mean()), "outlook": _outlook(float(met.mean()))}
    if year <= known[0]:
        found["outlook"] = "met, as published" if met.all() else "missed, as published"
    reached = _years_met(draws, ds.year.values, target, falls)
    names = ("year_met_p10", "year_met", "year_met_p90")
    if str(entry["indicator"]) not in _INCREMENT:
        # Order statistics: a quantile between a year and "never" is no year.
        found |= dict(
            zip(names, np.quantile(reached, (0.1, 0.5, 0.9), method="lower"), strict=True)
        )
        found |= _required(one, known, year, target / factor)
    remark = [_REMARK.get(str(entry["indicator"]), ""), str(one.note.values)]
    found["method"] = str(one.method.values)
    found["note"] = "; ".join(r for r in [*remark, _text(entry.get("note"))] if r)
    return found


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _last(one: xr.Dataset) -> tuple[int, float]:
    """Year and value of the newest known value; NaN where there is none."""
    known = one.known.dropna("known_year")
    if known.size == 0:
        return int(one.year[0]) - 1, math.nan
    return int(known.known_year[-1]), float(known[-1])


def _years_met(draws: Float, years: NDArray[np.int64], target: float, falls: bool) -> Float:
    """First year of each path in which the target is met; inf where it is not by the horizon."""
    met = draws <= target if falls else draws >= target
    first = years[np.argmax(met, axis=1)].astype(np.float64)
    return np.where(met.any(axis=1), first, np.inf)


def _required(
    one: xr.Dataset, known: tuple[int, float], year: int, target: float
) -> dict[str, Any]:
    """Growth a year that leads from the last known value to the target in its year."""
    ahead, now = year - known[0], known[1]
    if ahead <= 0 or not now > 0.0:
        return {}
    if str(one.kind.values) == "share" and target < 100.0:
        slope = required_logit_slope(now / 100.0, target / 100.0, float(ahead))
        return {"required_growth": slope, "required_growth_unit": "logit a year"}
    growth = required_cagr(now, target, float(ahead))
    return {"required_growth": growth, "required_growth_unit": "a year"}


def _outlook(probability: float) -> str:
    """A probability in words, after the IPCC's scale of likelihood (AR5 guidance note, table 1)."""
    return next((n for least, n in _LIKELIHOOD if probability >= least), "exceptionally unlikely")
