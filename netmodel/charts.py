"""Figures of tables; matplotlib is imported inside the functions."""

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOW, _HIGH = "#4575b4", "#d73027"


def tornado(table: pd.DataFrame) -> "Figure":
    """Tornado figure of a table of `sensitivity`: a panel a headline figure.

    Bars run from the figure at an assumption's low end to that at its high end, the widest on
    top; assumptions that do not move a figure are left out. The line is the scenario as given.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    names = list(dict.fromkeys(table["figure"]))
    rows = -(-len(names) // 2)
    figure = Figure(figsize=(11, 0.9 + rows * (0.55 + 0.33 * table["assumption"].nunique())))
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, 2, squeeze=False).flat
    for ax, name in zip(panels, names, strict=False):
        rows_of = table[table["figure"] == name]
        _panel(ax, rows_of, rows_of["meaning"].iloc[0], rows_of["unit"].iloc[0])
    for ax in list(panels)[len(names) :]:
        ax.set_axis_off()
    ends = [Patch(color=_LOW, label="low end"), Patch(color=_HIGH, label="high end")]
    figure.legend(handles=ends, loc="upper right", ncols=2, frameon=False)
    title = "Headline figures with one assumption at a time at its low and high end"
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold")
    figure.set_layout_engine("constrained")
    return figure


def _panel(ax: "Axes", rows: pd.DataFrame, title: str, unit: str) -> None:
    """Bars of one headline figure."""
    base = float(rows["base"].iloc[0])
    spread = (rows["high"] - rows["low"]).abs()
    rows = rows.loc[spread[spread > 0.0].sort_values(kind="stable").index]
    labels = [f"{r.assumption} {r.setting_low:g} to {r.setting_high:g}" for r in rows.itertuples()]
    for end, color in (("low", _LOW), ("high", _HIGH)):
        ax.barh(labels, rows[end] - base, left=base, color=color, height=0.6, alpha=0.85)
    ax.axvline(base, color="black", linewidth=0.8)
    ax.set_title(title, loc="left", fontsize=9)
    ax.set_xlabel(f"as given: {base:.4g}{'' if unit == '1' else f' {unit}'}", fontsize=8)
    ax.tick_params(labelsize=7)
    ax.locator_params(axis="x", nbins=5)
    ax.margins(x=0.08)
