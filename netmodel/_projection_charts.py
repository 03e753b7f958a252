"""Figures of the projection: fans of indicators and the dashboard of targets."""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._growth_presets import INDICATORS
from netmodel._series import Series, longest_series, national_series
from netmodel._targets import projected_indicator, targets
from netmodel.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Float = NDArray[np.float64]
_FAN, _LINE, _TARGET, _LATER = "#9ecae1", "#08519c", "#d94801", "#636363"
_COLORS = {"met": "#2166ac", "open": "#878787", "missed": "#b35806"}


def fan(run: xr.DataTree, indicator: str, ax: "Axes | None" = None) -> "Axes":
    """Fan chart of an indicator: what was known, the draws' median and 10-90 %, and targets.

    Values published after the projection's date are shown hollow; the projection did not use
    them.

    Parameters
    ----------
    run : DataTree
        With the `projection` stage.
    indicator : str
        One of the stage's `indicator`; InputError for another.
    ax : Axes, optional
        A figure of its own without one.
    """
    ds = run["projection"].to_dataset()
    if indicator not in ds.indicator.values:
        known = ", ".join(map(str, ds.indicator.values))
        raise InputError(f"fan: no projected indicator {indicator!r}; known: {known}")
    return _fan(_axes() if ax is None else ax, ds, indicator, targets(run))


def _fan(ax: "Axes", ds: xr.Dataset, indicator: str, table: pd.DataFrame) -> "Axes":
    """The fan chart of an indicator of the stage, with its rows of the table of targets."""
    from matplotlib.ticker import MaxNLocator

    one = ds.sel(indicator=indicator)
    known = one.known.dropna("known_year")
    low, middle, high = one.value.values
    years = one.year.values
    if known.size:  # the fan opens at the last known value
        join = (float(known.known_year[-1]), float(known[-1]))
        after = years > join[0]
        years = np.append(join[0], years[after])
        low, middle, high = (np.append(join[1], v[after]) for v in (low, middle, high))
    ax.fill_between(years, low, high, color=_FAN, alpha=0.6, lw=0, label="10-90 % of the draws")
    ax.plot(years, middle, color=_LINE, label="median")
    ax.plot(known.known_year, known, "o", color=_LINE, ms=4, label="published by then")
    _add_later(ax, indicator, ds)
    rows = _target_rows(table, indicator).drop_duplicates(["target_year", "target"])
    _add_targets(ax, rows)
    ax.set_title(str(one.title.values), loc="left", fontsize=10, fontweight="bold")
    ax.set_ylabel(str(one.unit.values), fontsize=8)
    ax.set_xlabel(f"year end ({one.method.values})", fontsize=7)
    _limit(ax, known.values, high, rows["target"].to_numpy(float))
    ax.tick_params(labelsize=7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
    return ax


def _axes() -> "Axes":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.subplots()


def _later(indicator: str, ds: xr.Dataset) -> list[Series]:
    """What was published after the projection's date; nothing for a user's series."""
    rule = next((i for i in INDICATORS if i.key == indicator), None)
    if rule is None or ds.attrs["as_of"] == "latest" or "province_value" not in ds:
        return []
    both = longest_series(rule, "latest", but_newest=True), national_series(rule, "latest")
    return [s.only_yearly().between(int(ds.attrs["as_of"]) + 1, np.inf) for s in both]


def _add_later(ax: "Axes", indicator: str, ds: xr.Dataset) -> None:
    for later in _later(indicator, ds):
        ax.plot(
            later.time, later.value, "o", mfc="white", mec=_LATER, ms=4.5,
            label="published later, not used",
        )  # fmt: skip


def _target_rows(table: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """Targets of an indicator, in the indicator's unit."""
    keys = table["indicator"].map(projected_indicator)
    rows = table[(keys.str[0] == indicator) & table["probability"].notna()]
    return rows.assign(target=rows["target"] / keys[rows.index].str[1].astype(float))


def _add_targets(ax: "Axes", rows: pd.DataFrame) -> None:
    """A mark at each target's year and level, with its sign and probability."""
    for k, row in enumerate(rows.to_dict("records")):
        year, target = float(row["target_year"]), float(row["target"])
        label = "target of a plan, with its probability" if k == 0 else None
        ax.plot(year, target, "_", color=_TARGET, ms=16, mew=2.2, label=label)
        text = f"{row['op']} {target:g}: P {row['probability']:.2f}"
        ax.annotate(
            text, (year, target), xytext=(9, 0), textcoords="offset points",
            fontsize=6.5, color=_TARGET, va="center",
        )  # fmt: skip


def _limit(ax: "Axes", known: Float, high: Float, wanted: Float) -> None:
    """From zero to a little beyond what is shown, however far the fan opens."""
    shown = np.concatenate([known, high[:6], wanted])
    ax.set_ylim(0.0, 1.12 * float(np.nanmax(shown)))


def fans(run: xr.DataTree) -> "Figure":
    """Fan charts of all projected indicators, with one legend."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    ds, table = run["projection"].to_dataset(), targets(run)
    names = [str(k) for k in ds.indicator.values]
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4.4 * columns, 2.9 * rows + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for ax, name in zip(panels, names, strict=False):
        _fan(ax, ds, name, table)
    for ax in panels[len(names) :]:
        ax.set_axis_off()
    handles = {
        h: lab for ax in panels for h, lab in zip(*ax.get_legend_handles_labels(), strict=True)
    }
    first = {lab: h for h, lab in reversed(list(handles.items()))}
    figure.legend(first.values(), first.keys(), loc="outside lower center", ncols=5, frameon=False)
    title = f"Projection with values up to {ds.attrs['as_of']}, {ds.sizes['draw']:,} draws"
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    return figure


def target_dashboard(run: xr.DataTree) -> "Figure":
    """Every projected target: its interval and median as a share of the target, and what came."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    table = targets(run)
    rows = table[table["probability"].notna()].drop_duplicates(
        ["indicator", "target_year", "target"]
    )
    rows = rows.sort_values(["target_year", "probability"], ascending=[False, True], kind="stable")
    figure = Figure(figsize=(11, 1.6 + 0.27 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    ax = figure.subplots()
    records = rows.to_dict("records")
    for k, row in enumerate(records):
        _bar(ax, k, row)
    labels = [
        f"{_plain(r['indicator'])} {r['op']} {r['target']:g}{_unit(r)}, {r['target_year']:.0f}"
        for r in records
    ]
    ax.set_yticks(range(len(rows)), labels, fontsize=7)
    _finish(ax, rows)
    as_of = run["projection"].attrs["as_of"]
    figure.suptitle(
        f"Targets as projected from values up to {as_of}", x=0.01, ha="left", fontweight="bold"
    )
    return figure


def _unit(row: dict[Hashable, Any]) -> str:
    """The unit of a target; a user's own may have none."""
    return f" {row['unit']}" if isinstance(row["unit"], str) else ""


def _plain(name: Any) -> str:
    """A name without its Chinese in parentheses, which the figures' font does not have."""
    return re.sub(r"\s*\([^)]*[^\x00-\x7f][^)]*\)", "", str(name))


def _bar(ax: "Axes", k: int, row: dict[Hashable, Any]) -> None:
    """One target: interval, median, actual and probability."""
    p, target, actual = (float(row[name]) for name in ("probability", "target", "actual"))
    color = _COLORS["met" if p >= 0.66 else ("missed" if p < 0.33 else "open")]
    low, middle, high = (float(row[n]) / target for n in ("p10", "median", "p90"))
    ax.plot([low, high], [k, k], color=color, lw=5, alpha=0.45, solid_capstyle="butt")
    ax.plot(middle, k, "o", color=color, ms=5)
    if np.isfinite(actual):
        ax.plot(actual / target, k, "x", color="black", ms=5, mew=1.4)
    ax.text(1.01, k, f"{p:.2f}", transform=ax.get_yaxis_transform(), fontsize=7, va="center")


def _finish(ax: "Axes", rows: pd.DataFrame) -> None:
    """Axis, the line of the target, legend."""
    from matplotlib.lines import Line2D

    ax.axvline(1.0, color="black", lw=0.8)
    ax.set_xscale("log")
    span = rows[["p10", "p90", "actual"]].div(rows["target"], axis=0).to_numpy(float)
    low, high = np.nanmin(span), np.nanmax(span)
    ax.set_xlim(max(low * 0.8, 0.02), min(high * 1.25, 20.0))
    ticks = [
        t for t in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if low * 0.8 <= t <= high * 1.25
    ]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_xlabel("share of the target (1 is the target); figures at the right: probability")
    ax.set_ylim(-0.8, len(rows) - 0.2)
    names = {"met": "likely (0.66 or more)", "open": "open", "missed": "unlikely (under 0.33)"}
    handles = [
        Line2D([], [], color=c, lw=5, alpha=0.45, label=names[k]) for k, c in _COLORS.items()
    ]
    handles += [
        Line2D([], [], color="gray", marker="o", lw=0, label="median"),
        Line2D([], [], color="black", marker="x", lw=0, label="actual, where known"),
    ]
    ax.figure.legend(
        handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=8
    )


def save_all(
    run: xr.DataTree, folder: Path, by_year: Mapping[str, pd.DataFrame] | None = None
) -> None:
    """Write the figures of a run's projection, and of its years if it has later ones."""
    folder.mkdir(parents=True, exist_ok=True)
    fans(run).savefig(folder / "projection.png", dpi=110)
    if targets(run)["probability"].notna().any():
        target_dashboard(run).savefig(folder / "targets.png", dpi=130)
    if by_year:
        year_panels(by_year["years"]).savefig(folder / "years.png", dpi=130)


_PANELS = (
    ("Busy-hour downlink demand", "Tbit/s", 1.0,
     {"demand.busy_hour_dl_tbps": "all", "demand.busy_hour_dl_5g_tbps": "on 5G"}),
    ("5G base stations", "million", 1e-6, {"sites.stations_5g": "macro and indoor"}),
    ("Load and congestion", "percent", 100.0,
     {"capacity.mean_load": "mean load", "capacity.congested_population_share":
      "people in congested cells"}),
    ("To keep load under its target", "thousand", 1e-3,
     {"capacity.stations_to_add": "stations, or", "capacity.carriers_to_add": "carriers"}),
)  # fmt: skip


def year_panels(table: pd.DataFrame) -> "Figure":
    """Demand, stations, load and remedies of a scenario with later years.

    Parameters
    ----------
    table : DataFrame
        A row a year, as `years.csv`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    FigureCanvasAgg(figure)
    for ax, panel in zip(figure.subplots(2, 2).flat, _PANELS, strict=True):
        title, unit, factor, lines = panel
        for (column, label), color in zip(lines.items(), (_LINE, _TARGET), strict=False):
            ax.plot(table["year"], table[column] * factor, "o-", ms=4, color=color, label=label)
        ax.set_title(title, loc="left", fontsize=10, fontweight="bold")
        ax.set_ylabel(unit)
        ax.set_xlabel("year end")
        ax.set_xticks(table["year"])
        ax.set_ylim(bottom=0.0)
        ax.legend(frameon=False, fontsize=8)
    return figure
