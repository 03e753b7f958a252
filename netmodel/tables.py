"""Tables of a run: provinces, counties, targets, and the headline figures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

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
    _Column("sites_5g", "sites", "sites_5g", 1.0, "int64"),
    _Column("sites_5g_indoor", "sites", "sites_5g_indoor", 1.0, "int64"),
    _Column("busy_hour_dl_gbps", "demand", "demand_mbps", 1e-3, "float64"),
    _Column("busy_hour_dl_5g_gbps", "demand", "demand_5g_mbps", 1e-3, "float64"),
)


def zone_table(
    run: xr.DataTree, level: str, table: pd.DataFrame, status: list[str] | str
) -> pd.DataFrame:
    """A row a zone that has cells in the run, with what its stages know of it.

    Parameters
    ----------
    run : DataTree
    level : {"province", "county"}
    table : DataFrame
        `code`, `name_en`, `name_zh` (and `province_code`), a row a label.
    status : list of str, or str
        Where the number of stations of each zone, or of all, comes from.

    Returns
    -------
    DataFrame
        population [people], area_km2, sites_5g [stations], sites_per_10k,
        busy_hour_dl_gbps and busy_hour_dl_5g_gbps [Gbit/s].
    """
    people = run["population"].to_dataset()
    zones = Zones(people[f"{level}_label"].values, table)
    out = table[[c for c in _NAMES if c in table.columns]].copy()
    for column in _COLUMNS:
        if column.stage in run.children:
            layer = run[column.stage].to_dataset()[column.variable]
            flat = layer.sum("network") if "network" in layer.dims else layer
            out[column.name] = (zones.sums(flat.values) * column.factor).astype(column.dtype)
    out.insert(list(out.columns).index("population") + 1, "area_km2", 0.0)
    grid = grid_of(people)
    out["area_km2"] = zones.sums(np.broadcast_to(grid.area_km2(), grid.shape))
    if "sites" in run.children:
        _add_sites(out, run["sites"].to_dataset(), zones, status)
    cells = np.bincount(zones.label[zones.label >= 0], minlength=len(zones))
    return out[cells > 0].reset_index(drop=True)


_NAMES = ("code", "name_en", "name_zh", "province_code")


def _add_sites(out: pd.DataFrame, sites: xr.Dataset, zones: Zones, status: list[str] | str) -> None:
    """Columns per network, the status of the counts, and stations per 10,000 people."""
    names = sites["network"].attrs["flag_meanings"].split()
    for k, name in enumerate(names):
        out[f"sites_5g_{name}"] = zones.sums(sites.sites_5g.values[k]).astype(np.int64)
    out["sites_5g_status"] = status
    out["sites_per_10k"] = out["sites_5g"] / out["population"].where(out["population"] > 0) * 1e4


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
