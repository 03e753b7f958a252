"""Figures of tables; matplotlib is imported inside the functions."""

from typing import TYPE_CHECKING

import pandas as pd

from netmodel._projection_charts import fan as fan
from netmodel._projection_charts import fans as fans
from netmodel._projection_charts import target_dashboard as target_dashboard

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOW, _HIGH = "#4575b4", "#d73027"


def tornado(table: pd.DataFrame) -> "Figure":
    """Tornado figure of a table of `sensitivity`: a panel a headline figure.

    Bars run from the figure at an assumption's low end to that at its high end, the widest on
    top; assumptions that do not move a figure are left out. The line is the scenario as given,
    which the table names in its attributes. Shares are in percent.
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
    figure.legend(handles=ends, loc="outside lower right", ncols=2, frameon=False, fontsize=9)
    title = "Headline figures with one assumption at a time at its low and high end"
    label = table.attrs.get("scenario", "")
    figure.suptitle(f"{title}\n{label}".rstrip(), x=0.02, ha="left", fontweight="bold")
    figure.set_layout_engine("constrained", h_pad=0.12, w_pad=0.12)
    return figure


_ROUNDING = 1e-9  # of a figure; what is less is no move


def _panel(ax: "Axes", rows: pd.DataFrame, title: str, unit: str) -> None:
    """Bars of one headline figure."""
    factor, unit = (100.0, "%") if unit == "1" else (1.0, unit)
    base = float(rows["base"].iloc[0]) * factor
    spread = (rows["high"] - rows["low"]).abs()
    moved = spread[spread * factor > _ROUNDING * abs(base)].sort_values(kind="stable")
    rows = rows.loc[moved.index]
    labels = [f"{r.assumption} {r.setting_low:g} to {r.setting_high:g}" for r in rows.itertuples()]
    for end, color in (("low", _LOW), ("high", _HIGH)):
        widths = rows[end] * factor - base
        ax.barh(labels, widths, left=base, color=color, height=0.6, alpha=0.85)
    ax.set_title(title, loc="left", fontsize=9)
    ax.set_xlabel(f"{unit} (as given: {base:.4g} {unit})", fontsize=8)
    ax.tick_params(labelsize=7)
    if rows.empty:
        ax.set(xticks=[], yticks=[])
        ax.text(0.5, 0.5, "no assumption moves it", transform=ax.transAxes, ha="center", fontsize=8)
        return
    ax.axvline(base, color="black", linewidth=0.8)
    ax.locator_params(axis="x", nbins=5)
    ax.ticklabel_format(axis="x", useOffset=False)
    ax.margins(x=0.08)
