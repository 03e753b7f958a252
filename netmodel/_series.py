"""Series of indicators up to a date, from the facts or a user's table, checked."""

import math
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel import facts
from netmodel._csv import check_columns, finite, read_csv
from netmodel._growth_presets import Indicator
from netmodel.errors import InputError
from netmodel.kernels.growth import LOG, LOGIT

Float = NDArray[np.float64]
AsOf = int | Literal["latest"]

# Each is a ratio of two series in percent, year by year.
RATIOS = {"ipv6_user_share": ("ipv6_active_users", "internet_users")}
# A fall beyond this share in a year is no growth curve's.
_FALL = 0.02
_PANEL_FROM = 2016.0


@dataclass(frozen=True)
class Series:
    """One indicator's values up to a date, in time order.

    Parameters
    ----------
    key, kind : str
        Kind is count, flow or share (in percent).
    time : (n,)
        Years, such that the last day of 2020 is 2020.
    value : (n,)
    yearly : (n,) bool
        Whether a value stands for its year; others are dates within one.
    launch : float
        Time at which growth began; NaN is unknown.
    notes : tuple of str
        What a reader of its projection should know.
    """

    key: str
    kind: str
    time: Float
    value: Float
    yearly: NDArray[np.bool_]
    launch: float = math.nan
    notes: tuple[str, ...] = field(default=())

    @property
    def scale(self) -> int:
        """LOG or LOGIT, the scale on which it is fitted."""
        return LOGIT if self.kind == "share" else LOG

    @property
    def falls(self) -> str:
        """The years in which a yearly value falls by more than 2 %, in words."""
        year, value = np.round(self.time[self.yearly]).astype(int), self.value[self.yearly]
        down = year[1:][np.diff(value) < -_FALL * value[:-1]]
        return ", ".join(str(y) for y in down)

    def by_year(self) -> dict[int, float]:
        """The yearly values by year."""
        yearly = self.only_yearly()
        return dict(zip(yearly.time.astype(int).tolist(), yearly.value.tolist(), strict=True))

    def only_yearly(self) -> "Series":
        """The yearly values, at whole years."""
        keep = self.yearly
        time = np.round(self.time[keep])
        return replace(self, time=time, value=self.value[keep], yearly=self.yearly[keep])

    def between(self, first: float, last: float) -> "Series":
        """The values from the end of a year to that of another."""
        keep = (self.time >= first - 0.5) & (self.time <= last + 1e-9)
        return replace(self, time=self.time[keep], value=self.value[keep], yearly=self.yearly[keep])


def to_working(value: Float, scale: int) -> Float:
    """Logarithms, or logits of percentages."""
    if scale == LOG:
        return np.log(value)
    return np.log(value / (100.0 - value))


def from_working(working: Float, scale: int) -> Float:
    """The inverse of `to_working`."""
    if scale == LOG:
        return np.exp(working)
    return 50.0 * (1.0 + np.tanh(0.5 * working))


def decimal_year(date: "pd.Series[str]") -> Float:
    """Years such that the last day of a year is the whole number."""
    day = pd.to_datetime(date)
    length = np.where(day.dt.is_leap_year, 366.0, 365.0)
    out: Float = day.dt.year.to_numpy(float) - 1.0 + day.dt.day_of_year.to_numpy(float) / length
    return out


def known_until(as_of: AsOf) -> float:
    """Time up to which values are used; inf for "latest"."""
    return math.inf if as_of == "latest" else float(as_of)


def national_series(indicator: Indicator, as_of: AsOf) -> Series:
    """The values of the newest definition that are known at `as_of`.

    Values of an older definition are not chained to it. A printed 0 is no value of a curve: it
    is left out and becomes the launch.
    """
    rows, parts = _definitions(indicator, as_of)
    if not parts:
        return _series_of(indicator, rows, math.nan, ())
    notes: tuple[str, ...] = ()
    if len(parts) > 1:
        last = float(parts[-2]["time"].max())
        notes = (f"values up to {last:.0f} have another definition and are left out",)
    return _series_of(indicator, parts[-1], float(rows["time"].min()) - 1.0, notes)


def longest_series(indicator: Indicator, as_of: AsOf, *, but_newest: bool = False) -> Series:
    """The values of the definition that lasted longest; of those before the newest, if asked."""
    rows, parts = _definitions(indicator, as_of)
    parts = parts[:-1] if but_newest else parts
    if not parts:
        return _series_of(indicator, rows.iloc[:0], math.nan, ())
    return _series_of(indicator, max(parts, key=len), float(rows["time"].min()) - 1.0, ())


def _definitions(indicator: Indicator, as_of: AsOf) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """Rows known at `as_of`, and the same cut where the definition changes."""
    rows = _history(indicator.series or indicator.key)
    if indicator.recent:
        more = _history(indicator.recent)
        rows = pd.concat([rows, more[more["time"] > rows["time"].max()]])
    rows = rows[rows["time"] <= known_until(as_of) + 1e-9]
    rows = rows if len(rows) else _baseline(indicator, as_of)
    change = (rows["definition"] != rows["definition"].shift()).cumsum()
    return rows, [part for _, part in rows.groupby(change)]


def _series_of(
    indicator: Indicator, rows: pd.DataFrame, launch: float, notes: tuple[str, ...]
) -> Series:
    """Rows as a series, zeros left out."""
    zero = rows["value"] <= 0.0
    if zero.any():
        launch = float(rows[zero]["time"].max())
        notes += (f"0 in {launch:.0f} is taken as the launch",)
    kept = rows[~zero]
    return Series(
        indicator.key,
        indicator.kind,
        kept["time"].to_numpy(float),
        kept["value"].to_numpy(float),
        kept["annual"].to_numpy(bool),
        launch,
        notes,
    )


@cache
def _history(name: str) -> pd.DataFrame:
    """A series of the facts, or a ratio of two, with its times."""
    if name in RATIOS:
        part, whole = (facts.series(n) for n in RATIOS[name])
        both = part[part["annual"]].merge(whole[whole["annual"]], on="year", suffixes=("", "_of"))
        both["value"] = 100.0 * both["value"] / both["value_of"]
        rows = both
    else:
        rows = facts.series(name)
    rows = rows[["year", "date", "value", "definition", "annual"]].reset_index(drop=True)
    rows["time"] = decimal_year(rows["date"])
    yearly = rows["annual"].to_numpy(bool)
    # A survey of March stands for the year before, at its own date.
    return rows[yearly | ~rows["year"].isin(rows["year"][yearly])] if len(rows) else rows


def _baseline(indicator: Indicator, as_of: AsOf) -> pd.DataFrame:
    """The value of 2020 that only the plan gives: 5G users are 15 % of the population."""
    columns = ["year", "date", "value", "definition", "annual", "time"]
    if indicator.key != "5g_users" or known_until(as_of) < 2020:
        return pd.DataFrame(columns=columns)
    share = facts.table("targets").set_index("target_id")["baseline"].loc["T06"]
    people = last_known("population", 2020)
    row = [2020, "2020-12-31", float(share) / 100.0 * people, "plan baseline", True, 2020.0]
    return pd.DataFrame([row], columns=columns)


def estimated_years(indicator: Indicator) -> set[int]:
    """Years whose value the facts mark as an estimate."""
    rows = facts.series(indicator.series or indicator.key)
    return set(rows.loc[rows["note"].str.startswith("estimate"), "year"].tolist())


def last_known(name: str, as_of: AsOf) -> float:
    """Newest value of a series of the facts at `as_of`."""
    rows = _history(name)
    known = rows[rows["time"] <= known_until(as_of) + 1e-9]
    return float(known["value"].iloc[-1])


def panel_series(indicator: Indicator, as_of: AsOf) -> list[Series]:
    """The indicator's series of each province, in the order of the provinces table."""
    panel = facts.table("provinces_panel")
    panel = panel[panel["year"] <= known_until(as_of)].sort_values("year")
    out = []
    for code in facts.provinces().index:
        rows = panel[(panel["code"] == code) & panel[indicator.panel].notna()]
        out.append(
            Series(
                f"{indicator.key}/{code}",
                indicator.kind,
                rows["year"].to_numpy(float),
                rows[indicator.panel].to_numpy(float),
                np.ones(len(rows), np.bool_),
                _panel_launch(indicator),
            )
        )
    return out


def _panel_launch(indicator: Indicator) -> float:
    """The year before the nation's first value, or a decade before the panel."""
    known = facts.table("history")
    dates = known[known["series"] == (indicator.series or indicator.key)]["year"]
    first = float(dates.min()) if len(dates) else math.inf
    return first - 1.0 if first <= _PANEL_FROM else _PANEL_FROM - 10.0


def read_series(path: str | Path) -> dict[str, Series]:
    """A user's series: a CSV with indicator, year, value and, by choice, kind.

    Raises
    ------
    DataError
        Not a CSV, a column missing.
    InputError
        No rows, parts of years, duplicated years, zeros or negative values, shares above 100 %,
        values that are no number.
    """
    table = read_csv(path, "[projection] series")
    check_columns(path, table, ("indicator", "year", "value"))
    kinds = table["kind"] if "kind" in table.columns else pd.Series("count", table.index)
    table = table.assign(kind=kinds.fillna("count"))
    return {
        str(key): checked_series(str(key), rows, str(path))
        for key, rows in table.groupby("indicator", sort=False)
    }


def checked_series(key: str, rows: pd.DataFrame, where: str) -> Series:
    """One indicator of a user's table."""
    place = f"{where}: indicator {key!r}"
    kind = str(rows["kind"].iloc[0])
    if kind not in ("count", "flow", "share"):
        raise InputError(f"{place}: kind {kind!r}; known: count, flow, share (in percent)")
    year = finite(rows["year"], f"{place}: year")
    value = finite(rows["value"], f"{place}: value")
    if (year != np.round(year)).any():
        part = year[year != np.round(year)][0]
        raise InputError(f"{place}: year {part:g} is no whole year; give one value a year")
    order = np.argsort(year, kind="stable")
    year, value = year[order], value[order]
    twice = year[1:][np.diff(year) == 0.0]
    if twice.size:
        raise InputError(f"{place}: year {twice[0]:g} appears twice; keep one value a year")
    if (value < 0.0).any() or (kind != "share" and (value == 0.0).any()):
        at = int(np.flatnonzero(value <= 0.0)[0])
        raise InputError(
            f"{place}: {value[at]:g} in {year[at]:g}; growth is fitted on logarithms: "
            "give values above 0 and leave out the years before the launch"
        )
    if kind == "share" and ((value >= 100.0) | (value == 0.0)).any():
        at = int(np.flatnonzero((value >= 100.0) | (value == 0.0))[0])
        raise InputError(
            f"{place}: {value[at]:g} % in {year[at]:g}; shares must lie between 0 and 100, "
            "both excluded"
        )
    missing = sorted(set(range(int(year[0]), int(year[-1]) + 1)) - set(year.astype(int).tolist()))
    notes = (f"no value for {', '.join(map(str, missing))}",) if missing else ()
    return Series(key, kind, year, value, np.ones(year.size, np.bool_), float(year[0]) - 1.0, notes)
