"""Tables of a run: provinces, counties, targets, and the headline figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel import facts
from netmodel._indicators import Sums, unserved_shares
from netmodel._region import matching_rows
from netmodel.grids.cells import Cells
from netmodel.grids.layers import grid_of
from netmodel.grids.overlap import Overlap
from netmodel.grids.zones import Zones, sums_by_level
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
    _Column("macro_demand_gbps", "capacity", "demand_mbps", 1e-3, "float64"),
    _Column("macro_served_gbps", "capacity", "served_mbps", 1e-3, "float64"),
    _Column("stations_to_add", "capacity", "stations_to_add", 1.0, "float64"),
)
_PLAN_YEAR = 2025  # of the 14th Five-Year Plan
_NAMES = ("code", "name_en", "name_zh", "province_code")


@dataclass(frozen=True)
class ZoneNames:
    """Names of the zones of a level, a row a label; where their people and stations come from.

    `overlap` has the shares of the run's cells in zones that are polygons.
    """

    table: pd.DataFrame
    people_status: list[str] | str
    stations_status: list[str] | str
    overlap: Overlap | None = None


def zone_tables(
    run: xr.DataTree, levels: Mapping[str, ZoneNames], scenario: Scenario
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """A row a zone that has cells in the run, with what its stages know of it, by level.

    Parameters
    ----------
    run : DataTree
    levels : mapping
        By "province" or "county": `code`, `name_en`, `name_zh` (and `province_code`) of the
        zones, and the status of their numbers of people and stations: published, unverified,
        scaled, given, listed or synthesised.
    scenario : Scenario
        Of the run.

    Returns
    -------
    tables : dict of DataFrame
        population [people] and population_status, area_km2, busy_hour_dl_gbps and
        busy_hour_dl_5g_gbps [Gbit/s], sites_5g [stations] in all and by network,
        sites_per_10k; covered_share (expected), covered_share_90 (of people where the
        probability is at least 0.9), covered_served_share (of those, served too) and link_share;
        macro_demand_gbps, macro_served_gbps and stations_to_add in all and by network;
        mean_load, congested_share (either direction), uplink_congested_share,
        beyond_tables_share, beyond_spectrum_share, energy_gwh and carriers_to_add (carriers that
        macro stations lack for the target load, the other remedy than stations).
    headline : dict
        The same shares over all cells.

    Notes
    -----
    Zones from a polygon file have their exact share of every cell: of its people, demand,
    covered people and whatever else is a sum. Stations are whole, and counted in the zone that
    holds most of their cell. area_km2 is the polygon's within the frame of the run, also
    where there is no data; with an area asked for, of the area's cells.
    """
    people = run["population"].to_dataset()
    inside = np.any([people[f"{k}_label"].values >= 0 for k in levels], axis=0)
    cells = Cells.where(grid_of(people), inside)
    zones = {k: _zones_of(cells, people[f"{k}_label"].values, levels[k]) for k in levels}
    out = {
        k: v.table[[c for c in _NAMES if c in v.table.columns]].copy() for k, v in levels.items()
    }
    _add_area(out, zones, levels, cells)
    for column in _COLUMNS:
        if column.stage in run.children:
            layer = run[column.stage].to_dataset()[column.variable]
            _add_column(out, zones, column, cells, layer)
    sums = Sums.of(run, scenario, cells, zones)
    for level, table in out.items():
        after = table.columns.tolist().index("population") + 1
        table.insert(after, "population_status", levels[level].people_status)
        if "sites" in run.children:
            table["sites_5g_status"] = levels[level].stations_status
            residents = table["population"].where(table["population"] > 0)
            table["sites_per_10k"] = table["sites_5g"] / residents * 1e4
        out[level] = pd.concat([table, sums.columns(level, table["population"])], axis=1)
    shown = {k: table[table["area_km2"] > 0].reset_index(drop=True) for k, table in out.items()}
    return shown, sums.headline()


def _zones_of(cells: Cells, label: NDArray[np.int32], names: ZoneNames) -> Zones:
    """The zones of a level on cells, from their labels (row, column)."""
    overlap = None if names.overlap is None else names.overlap.at(cells)
    return Zones(cells.take_label(label), names.table, overlap)


def _add_area(
    out: dict[str, pd.DataFrame],
    zones: dict[str, Zones],
    levels: Mapping[str, ZoneNames],
    cells: Cells,
) -> None:
    """Areas of zones; those of polygons also where there is no data."""
    _add(out, zones, "area_km2", cells.area_km2())
    for level, names in levels.items():
        if names.overlap is not None:
            out[level]["area_km2"] = names.overlap.area_km2(cells.grid)


def _add_column(
    out: dict[str, pd.DataFrame],
    zones: dict[str, Zones],
    column: _Column,
    cells: Cells,
    layer: xr.DataArray,
) -> None:
    """Sums of a layer as a column, and by network where it has networks."""
    if "network" not in layer.dims:
        _add(out, zones, column.name, cells.take(layer.values), column.factor, column.dtype)
        return
    names = [f"{column.name}_{n}" for n in layer["network"].attrs["flag_meanings"].split()]
    for table in out.values():
        table[column.name] = 0  # keeps its place before the networks' columns
    for k, name in enumerate(names):
        _add(out, zones, name, cells.take(layer.values[k]), column.factor, column.dtype)
    for table in out.values():
        table[column.name] = table[names].sum(axis=1)


def _add(
    out: dict[str, pd.DataFrame],
    zones: dict[str, Zones],
    name: str,
    value: NDArray[np.float64],
    factor: float = 1.0,
    dtype: str = "float64",
) -> None:
    """Sums of values (cell,) over the zones of every level; whole numbers stay whole."""
    whole = np.issubdtype(np.dtype(dtype), np.integer)
    for level, sums in sums_by_level(zones, value, whole=whole).items():
        out[level][name] = (sums * factor).astype(dtype)


def nation(run: xr.DataTree, scenario: Scenario) -> dict[str, float]:
    """The headline of `zone_tables` without its tables."""
    people = run["population"].to_dataset()
    cells = Cells.where(grid_of(people), ~np.isnan(people.people.values))
    return Sums.of(run, scenario, cells, {}).headline()


def summary(run: xr.DataTree, scenario: Scenario, found: dict[str, float]) -> Summary:
    """Headline figures by stage; beside the published ones where the whole nation was run.

    `found` is the headline of `zone_tables`.

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
    if "coverage" in run.children:
        out["coverage"] = _coverage_figures(found)
        for name in ("sectors", "sectors_without_pixel"):
            if name in run["coverage"].attrs:
                figure = {"value": run["coverage"].attrs[name], "unit": "sectors"}
                out["coverage"][name] = figure
    if "projection" in run.children:
        out["projection"] = _projection_figures(run["projection"].to_dataset())
    if "capacity" in run.children:
        out["capacity"] = _capacity_figures(run["capacity"].to_dataset(), found)
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
        "traffic_bn_gb": {
            "value": total * ds.attrs["traffic_gb_per_mbps"] / 1e9,
            "unit": "bn GB a year",
        },
    }


def _site_figures(ds: xr.Dataset, people: float) -> dict[str, dict[str, Any]]:
    stations = int(ds.sites_5g.sum())
    return {
        "stations_5g": {"value": stations, "unit": "stations"},
        "stations_5g_indoor": {"value": int(ds.sites_5g_indoor.sum()), "unit": "stations"},
        "stations_per_10k": {"value": stations / people * 1e4, "unit": "per 10,000 people"},
    }


def _projection_figures(ds: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Medians of some indicators in the plan's target year, where it is projected."""
    figures: dict[str, dict[str, Any]] = {}
    for key in ("mobile_traffic", "bs_5g", "bs_5g_per_10k", "5g_penetration", "cellular_iot"):
        if key in ds.indicator.values and _PLAN_YEAR in ds.year.values:
            one = ds["value"].sel(indicator=key, quantile=0.5, year=_PLAN_YEAR)
            figures[f"{key}_{_PLAN_YEAR}"] = {"value": float(one), "unit": str(one.unit.values)}
    return figures


def _coverage_figures(found: dict[str, float]) -> dict[str, dict[str, Any]]:
    names = {
        "covered_population_share": "covered_share",
        "covered_population_share_90": "covered_share_90",
        "served_population_share": "covered_served_share",
        "link_population_share": "link_share",
        "computed_population_share": "computed_share",  # of the explicit mode
    }
    return {k: {"value": found[v], "unit": "1"} for k, v in names.items() if v in found}


def _capacity_figures(ds: xr.Dataset, found: dict[str, float]) -> dict[str, dict[str, Any]]:
    served = _total(ds.served_mbps) / _total(ds.demand_mbps)
    figures: dict[str, dict[str, Any]] = {
        "served_demand_share": {"value": served, "unit": "1"},
        "mean_load": {"value": found.get("mean_load"), "unit": "1"},
        "congested_population_share": {"value": found["congested_share"], "unit": "1"},
        "uplink_congested_population_share": {
            "value": found["uplink_congested_share"],
            "unit": "1",
        },
        "beyond_tables_population_share": {"value": found["beyond_tables_share"], "unit": "1"},
        "stations_to_add": {"value": _total(ds.stations_to_add), "unit": "stations"},
        "carriers_to_add": {"value": found["carriers_to_add"], "unit": "carriers"},
        "energy_twh": {"value": found["energy_gwh"] / 1e3, "unit": "TWh a year"},
    }
    for reason, share in unserved_shares(ds).items():
        figures[f"unserved_{reason}_share"] = {"value": share, "unit": "1"}
    if "beyond_spectrum_share" in found:
        beyond = {"value": found["beyond_spectrum_share"], "unit": "1"}
        figures["beyond_spectrum_population_share"] = beyond
    return figures


def _published(scenario: Scenario) -> dict[str, tuple[float, str]]:
    """Published values of the headline figures, if they speak of what was run."""
    if scenario.extends is None:
        return {}
    if scenario.area is not None:
        return _published_of_province(scenario)
    stations, traffic = facts.fact("F06"), facts.fact("F09")
    ratios = facts.series("bs_5g_per_10k")
    ratio = ratios[ratios["year"] == 2020].iloc[0]
    census = int(facts.provinces()["census_pop_2020"].sum())
    source = facts.source_text("CENSUSPROV")
    return {
        "population.people": (census, f"{source}, sum of 31 provinces"),
        "sites.stations_5g": (int(stations.value), stations.source),
        "sites.stations_per_10k": (float(ratio["value"]), facts.source_text(ratio["source_id"])),
        "demand.traffic_bn_gb": (traffic.value, traffic.source),
    }


def _published_of_province(scenario: Scenario) -> dict[str, tuple[float, str]]:
    """Published values of the province that the area names, if it names one."""
    table = facts.provinces().reset_index()
    rows = matching_rows(scenario.area, table) if isinstance(scenario.area, str) else []
    if len(rows) != 1:
        return {}
    province = table.iloc[rows[0]]
    stations = facts.provinces_5g_2020().iloc[rows[0]]
    columns = facts.table("provinces_columns").set_index("column")["source_id"]
    people, traffic = "census_pop_2020", "mobile_traffic_2020_GB"
    out: dict[str, tuple[float, str]] = {
        "population.people": (int(province[people]), facts.source_text(columns[people])),
        "demand.traffic_bn_gb": (
            float(province[traffic]) / 1e9,
            facts.source_text(columns[traffic]),
        ),
    }
    if stations["status"] == "published":
        source = facts.source_text(stations["source_id"])
        out["sites.stations_5g"] = (int(stations["stations"]), source)
    return out


def _total(layer: xr.DataArray) -> float:
    """Sum of a float32 layer in float64, NaN left out."""
    return float(np.nansum(layer.values, dtype=np.float64))


def targets(scenario: Scenario) -> pd.DataFrame:
    """The plan's targets with their 2020 baselines; empty without the reference case."""
    table = facts.targets()
    return table if scenario.extends is not None else table.iloc[:0]
