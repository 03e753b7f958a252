"""How far the headline figures move with each engineering assumption."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd
import xarray as xr

from netmodel._stages import CORE, Clock, Inputs, Progress, computed_stage, open_inputs, shown
from netmodel.errors import InputError
from netmodel.presets import ASSUMPTIONS, Assumption
from netmodel.scenario import Scenario
from netmodel.tables import nation, summary

FIGURES = {
    "coverage.covered_population_share": "share of people covered outdoors",
    "coverage.link_population_share": "share of people with a link, indoors included",
    "capacity.served_demand_share": "share of macro demand that is served",
    "capacity.mean_load": "mean busy-hour load",
    "capacity.congested_population_share": "share of people in congested cells",
    "capacity.energy_twh": "energy of the macro stations",
}


def sensitivity(
    scenario: Scenario | str,
    *,
    assumptions: Sequence[Assumption] = ASSUMPTIONS,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Headline figures of a scenario with each assumption at its low and high end, one at a time.

    Only the stages that an assumption changes are run again.

    Parameters
    ----------
    scenario : Scenario or str
        A preset's name stands for its scenario.
    assumptions : sequence of Assumption
    progress : callable, optional
        As in `assess`.

    Returns
    -------
    DataFrame
        A row an assumption and figure: `assumption`, `keys`, `figure`, `meaning`, `unit`, the
        settings `setting_low`, `setting_high`, the figure's `low`, `base`, `high` and the
        range's `source`; in the attributes `scenario`, its name and area.

    Examples
    --------
    >>> import netmodel as nm
    >>> table = nm.sensitivity("china-2020")  # doctest: +SKIP
    >>> nm.charts.tornado(table).savefig("tornado.png")  # doctest: +SKIP
    """
    scenario = Scenario.preset(scenario) if isinstance(scenario, str) else scenario
    if scenario.radio.mode == "explicit":
        raise InputError('sensitivity is of the national mode; set [radio] mode = "national"')
    clock = Clock(progress)
    with clock.step("as given"):
        inputs = open_inputs(scenario)
        done = _stages(inputs, {}, CORE[0])
        base = _figures(inputs, done)
    rows: list[dict[str, Any]] = []
    for one in assumptions:
        ends = []
        for setting in (one.low, one.high):
            with clock.step(f"{one.name} {setting:g}"):
                changed = inputs.of(with_setting(scenario, one.keys, setting))
                ends.append(_figures(changed, _stages(changed, done, one.stage)))
        rows += _rows(one, base, *ends)
    table = pd.DataFrame(rows)
    table.attrs["scenario"] = scenario.label
    return table


def with_setting(scenario: Scenario, keys: Sequence[str], value: float) -> Scenario:
    """The scenario with a value at some dotted keys, checked as if it had been given so."""
    data = scenario.model_dump()
    for key in keys:
        table, name = key.split(".")
        data[table][name] = value
    return Scenario.model_validate(data)


def _stages(inputs: Inputs, done: dict[str, xr.Dataset], first: str) -> dict[str, xr.Dataset]:
    """The core stages, those before `first` taken from `done`."""
    out: dict[str, xr.Dataset] = {}
    for name in CORE:
        reused = CORE.index(name) < CORE.index(first)
        out[name] = done[name] if reused else computed_stage(name, inputs, out)
    return out


def _figures(inputs: Inputs, done: dict[str, xr.Dataset]) -> dict[str, dict[str, Any]]:
    """Headline figures by dotted name."""
    groups = {f"/{name}": shown(ds, inputs.region) for name, ds in done.items()}
    run = xr.DataTree.from_dict(groups)
    found = summary(run, inputs.scenario, nation(run, inputs.scenario))
    return {f"{stage}.{name}": f for stage, group in found.items() for name, f in group.items()}


def _rows(one: Assumption, *figures: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A row a figure, from the figures as given and at both ends."""
    for name in FIGURES:
        base, low, high = (f[name]["value"] for f in figures)
        yield {
            "assumption": one.name,
            "keys": " ".join(one.keys),
            "figure": name,
            "meaning": FIGURES[name],
            "unit": figures[0][name]["unit"],
            "setting_low": one.low,
            "setting_high": one.high,
            "low": low,
            "base": base,
            "high": high,
            "source": one.source,
        }
