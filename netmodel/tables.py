"""Tables of a run: provinces, counties, targets, and the headline figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel import facts
from netmodel.grids.layers import grid_of
from netmodel.grids.zones import Zones
from netmodel.scenario import Scenario

Summary = dict[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class _Column:
    """A column of the zone tables that sums a layer over zones."""

    name: str
    stage: str
    variable: str
    factor: float
    dtype: str


_COLUMNS = (
    _Column("population", "population", "people", 1.0, "float64"),
    _Column("busy_hour_dl_gbps", "demand", "demand_mbps", 1e-3, "float64"),
    _Column("busy_hour_dl_5g_gbps", "demand", "demand_5g_mbps", 1e-3, "float64"),
    _Column("sites_5g", "sites", "sites_5g", 1.0, "int64"),
    _Column("sites_5g_indoor", "sites", "sites_5g_indoor", 1.0, "int64"),
)
_NAMES = ("code", "name_en", "name_zh", "province_code")


@dataclass(frozen=True)
class ZoneNames:
    """Names of the zones of a level, a row a label, and where their stations come from."""

    table: pd.DataFrame
    status: list[str] | str


def zone_tables(run: xr.DataTree, levels: Mapping[str, ZoneNames]) -> dict[str, pd.DataFrame]:
    """A row a zone that has cells in the run, with what its stages know of it, by level.

    Parameters
    ----------
    run : DataTree
    levels : mapping
        By "province" or "county": `code`, `name_en`, `name_zh` (and `province_code`) of the
        zones, and the status of their numbers of stations.

    Returns
    -------
    dict of DataFrame
        population [people], area_km2, busy_hour_dl_gbps and busy_hour_dl_5g_gbps [Gbit/s],
        sites_5g [stations] in all and by network, sites_per_10k.
    """
    people = run["population"].to_dataset()
    zones = {k: Zones(people[f"{k}_label"].values, v.table) for k, v in levels.items()}
    out = {
        k: v.table[[c for c in _NAMES if c in v.table.columns]].copy() for k, v in levels.items()
    }
    grid = grid_of(people)
    _add(out, zones, "area_km2", np.broadcast_to(grid.area_km2(), grid.shape))
    for column in _COLUMNS:
        if column.stage in run.children:
            layer = run[column.stage].to_dataset()[column.variable]
            _add_column(out, zones, column, layer)
    for level, table in out.items():
        if "sites" in run.children:
            table["sites_5g_status"] = levels[level].status
            inhabited = table["population"].where(table["population"] > 0)
            table["sites_per_10k"] = table["sites_5g"] / inhabited * 1e4
    return {k: table[table["area_km2"] > 0].reset_index(drop=True) for k, table in out.items()}


def _add_column(
    out: dict[str, pd.DataFrame], zones: dict[str, Zones], column: _Column, layer: xr.DataArray
) -> None:
    """Sums of a layer as a column, and by network where it has networks."""
    if "network" not in layer.dims:
        _add(out, zones, column.name, layer.values, column.factor, column.dtype)
        return
    names = [f"{column.name}_{n}" for n in layer["network"].attrs["flag_meanings"].split()]
    for table in out.values():
        table[column.name] = 0  # keeps its place before the networks' columns
    for k, name in enumerate(names):
        _add(out, zones, name, layer.values[k], column.factor, column.dtype)
    for table in out.values():
        table[column.name] = table[names].sum(axis=1)


def _add(
    out: dict[str, pd.DataFrame],
    zones: dict[str, Zones],
    name: str,
    layer: NDArray[np.generic],
    factor: float = 1.0,
    dtype: str = "float64",
) -> None:
    """Sums of a layer (row, column) over the zones of every level; cast once for all."""
    value = np.ascontiguousarray(layer, np.float64)
    for level, table in out.items():
        table[name] = (zones[level].sums(value) * factor).astype(dtype)


def summary(run: xr.DataTree, scenario: Scenario) -> Summary:
    """Headline figures by stage; beside the published ones where the whole nation was run.

    Returns
    -------
    dict
        `{stage: {figure: {"value", "unit", "published", "source"}}}`.
    """
    published = _published(scenario)
    people = _total(run["population"].people)
    out: Summary = {"population": {"people": {"value": people, "unit": "people"}}}
    if "demand" in run.children:
        out["demand"] = _demand_figures(run["demand"].to_dataset(), people)
    if "sites" in run.children:
        out["sites"] = _site_figures(run["sites"].to_dataset(), people)
    for stage, figures in out.items():
        for name, figure in figures.items():
            value, source = published.get(f"{stage}.{name}", (None, None))
            figure |= {"published": value, "source": source}
    return out


def _demand_figures(ds: xr.Dataset, people: float) -> dict[str, dict[str, Any]]:
    total, fiveg = _total(ds.demand_mbps), _total(ds.demand_5g_mbps)
    return {
        "busy_hour_dl_tbps": {"value": total / 1e6, "unit": "Tbit/s"},
        "busy_hour_dl_5g_tbps": {"value": fiveg / 1e6, "unit": "Tbit/s"},
        "busy_hour_dl_kbps_per_person": {"value": total / people * 1e3, "unit": "kbit/s"},
        "traffic_bn_gb": {"value": ds.attrs["traffic_gb"] / 1e9, "unit": "bn GB a year"},
    }


def _site_figures(ds: xr.Dataset, people: float) -> dict[str, dict[str, Any]]:
    stations = int(ds.sites_5g.sum())
    return {
        "stations_5g": {"value": stations, "unit": "stations"},
        "stations_5g_indoor": {"value": int(ds.sites_5g_indoor.sum()), "unit": "stations"},
        "stations_per_10k": {"value": stations / people * 1e4, "unit": "per 10,000 people"},
    }


def _published(scenario: Scenario) -> dict[str, tuple[float, str]]:
    """Published values of the headline figures, if they speak of what was run."""
    if scenario.extends is None or scenario.area is not None:
        return {}
    stations, traffic = facts.fact("F06"), facts.fact("F09")
    ratios = facts.series("bs_5g_per_10k")
    ratio = ratios[ratios["year"] == 2020]
    census = int(facts.provinces()["census_pop_2020"].sum())
    return {
        "population.people": (census, "2020 census, sum of 31 provinces"),
        "sites.stations_5g": (stations.value, stations.source),
        "sites.stations_per_10k": (float(ratio["value"].iloc[0]), str(ratio["source_id"].iloc[0])),
        "demand.traffic_bn_gb": (traffic.value, traffic.source),
    }


def _total(layer: xr.DataArray) -> float:
    """Sum of a float32 layer in float64, NaN left out."""
    return float(np.nansum(layer.values, dtype=np.float64))


def targets(scenario: Scenario) -> pd.DataFrame:
    """The plan's targets with their 2020 baselines; empty without the reference case."""
    table = facts.targets()
    return table if scenario.extends is not None else table.iloc[:0]
