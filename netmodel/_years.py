"""Later years of a scenario: demand, stations and load along the projection."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel import facts
from netmodel._stages import (
    Clock,
    Inputs,
    computed_stage,
    province_stations,
    province_traffic_gb,
    shown,
)
from netmodel.errors import InfeasibleError, InputError
from netmodel.kernels.allocation import largest_remainder
from netmodel.scenario import Scenario
from netmodel.tables import ZoneNames, summary, zone_tables

Float = NDArray[np.float64]

_CHANGED = ("demand", "sites", "coverage", "capacity")
_MORE_A_SITE = 1.15  # steps in which stations a site are raised until they fit
_MOST_A_SITE = 10.0


@dataclass(frozen=True)
class Year:
    """What the projection says of a year.

    Parameters
    ----------
    year : int
    province_gb : (province,)
        Traffic of the year [GB].
    province_stations : (province,)
    fiveg_penetration : float
        5G users over mobile subscriptions.
    rural_weight : float
    """

    year: int
    province_gb: Float
    province_stations: NDArray[np.int64]
    fiveg_penetration: float
    rural_weight: float


def later_years(
    inputs: Inputs,
    done: Mapping[str, xr.Dataset],
    levels: Mapping[str, ZoneNames],
    clock: Clock,
) -> dict[str, pd.DataFrame]:
    """Tables of each later year: the nation's headline, provinces and counties.

    Parameters
    ----------
    inputs : Inputs
    done : mapping
        Stages of the scenario's first year, and its projection.
    levels : mapping
        As in `zone_tables`.
    clock : Clock

    Returns
    -------
    dict of DataFrame
        "years": a row a year, headline figures as columns; "province" and "county": as
        `zone_tables`, with the column `year` first. The first year is in them too.
    """
    parts: dict[str, list[pd.DataFrame]] = {"years": [], **{k: [] for k in levels}}
    for year in inputs.scenario.years:
        with clock.step(str(year)):
            for level, table in _one_year(year, inputs, done, levels).items():
                parts[level].append(table)
    return {k: _year_first(pd.concat(v, ignore_index=True)) for k, v in parts.items()}


def _one_year(
    year: int, inputs: Inputs, done: Mapping[str, xr.Dataset], levels: Mapping[str, ZoneNames]
) -> dict[str, pd.DataFrame]:
    """The tables of one year; its layers are gone before those of the next are made."""
    stages, used, note = _stages_of(year, inputs, done)
    run = xr.DataTree.from_dict({f"/{k}": shown(ds, inputs.region) for k, ds in stages.items()})
    tables, found = zone_tables(run, levels, used)
    headline = pd.DataFrame([_headline(year, summary(run, used, found)) | {"note": note}])
    return {"years": headline, **{k: table.assign(year=year) for k, table in tables.items()}}


def _headline(year: int, figures: dict[str, dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Headline figures of a year in one row."""
    row = {f"{stage}.{k}": f["value"] for stage, g in figures.items() for k, f in g.items()}
    return {"year": year, **row}


def _year_first(table: pd.DataFrame) -> pd.DataFrame:
    return table[["year", *[c for c in table.columns if c != "year"]]]


def _stages_of(
    year: int, inputs: Inputs, done: Mapping[str, xr.Dataset]
) -> tuple[dict[str, xr.Dataset], Scenario, str]:
    """The stages of a year, the scenario they are of, and what was changed to make it fit."""
    core = {k: ds for k, ds in done.items() if k in ("population", *_CHANGED)}
    if year == inputs.scenario.year:
        return core, inputs.scenario, ""
    path = year_of(year, inputs.scenario, done["projection"])
    changed = _scenario_of(path, inputs.scenario)
    first = changed.sites.gnb_per_macro_site
    while True:
        try:
            stages = _computed(path, replace(inputs, scenario=changed), core["population"])
            break
        except InfeasibleError:
            share = changed.sites.gnb_per_macro_site * _MORE_A_SITE
            if share > _MOST_A_SITE:
                raise
            sites = changed.sites.model_copy(update={"gnb_per_macro_site": share})
            changed = changed.model_copy(update={"sites": sites})
    share = changed.sites.gnb_per_macro_site
    note = "" if share == first else f"{share:.2f} stations a site, or they would not fit"
    return stages, changed, note


def _computed(path: Year, inputs: Inputs, people: xr.Dataset) -> dict[str, xr.Dataset]:
    """Stages of a year in their order."""
    stages = {"population": people}
    own = replace(inputs, province_gb=path.province_gb, province_stations=path.province_stations)
    for name in _CHANGED:
        stages[name] = computed_stage(name, own, stages)
    return stages


def _scenario_of(path: Year, scenario: Scenario) -> Scenario:
    """The scenario with a year's 5G share and spread of its stations."""
    demand = scenario.demand.model_copy(update={"fiveg_penetration": path.fiveg_penetration})
    sites = scenario.sites.model_copy(update={"rural_weight": path.rural_weight})
    return scenario.model_copy(update={"years": (path.year,), "demand": demand, "sites": sites})


def year_of(year: int, scenario: Scenario, projection: xr.Dataset) -> Year:
    """Medians of the projection for a year, scaled to the scenario's own first year.

    Stations beyond the first year's are spread over provinces by residents: the early ones
    stood in the richest. Stations of cells under 500 people/km2 gain weight as villages are
    reached.
    """
    stations = stations_of(year, scenario, projection)
    base = _base_stations(scenario)
    people = facts.provinces()["census_pop_2020"].to_numpy(np.float64)
    expected = base * min(1.0, stations / base.sum())
    expected += people / people.sum() * max(0.0, stations - base.sum())
    one = np.zeros(base.size, np.int32)
    villages = median_of(projection, "village_5g_share", year) / 100.0
    weight = scenario.sites.rural_weight
    users = median_of(projection, "5g_users", year) / median_of(projection, "mobile_subs", year)
    return Year(
        year,
        _province_gb(year, scenario, projection),
        largest_remainder(expected, one, np.array([stations], np.int64)),
        float(min(1.0, max(users, scenario.demand.fiveg_penetration))),
        float(weight + (1.0 - weight) * villages),
    )


def _base_stations(scenario: Scenario) -> Float:
    return province_stations(scenario)[0].astype(np.float64)


def _province_gb(year: int, scenario: Scenario, projection: xr.Dataset) -> Float:
    """Medians of the provinces' traffic, scaled to the nation's median and the first year's total.

    Medians of parts do not add up to the median of the whole.
    """
    first = facts.provinces()["mobile_traffic_2020_GB"].sum()
    own = province_traffic_gb(scenario).sum() / first
    middle = projection.province_value.sel(
        province_indicator="mobile_traffic", quantile=0.5, year=year
    ).values
    total = median_of(projection, "mobile_traffic", year) * 1e9 * own
    out: Float = middle / middle.sum() * total
    return out


def stations_of(year: int, scenario: Scenario, projection: xr.Dataset) -> int:
    """5G stations of a year: those that are given, with steady growth between, or the median's."""
    given = {scenario.year: int(_base_stations(scenario).sum()), **scenario.sites.by_year}
    if len(given) > 1:
        at = np.array(sorted(given), float)
        value = np.log([given[int(y)] for y in at])
        return round(float(np.exp(np.interp(year, at, value))))
    growth = median_of(projection, "bs_5g", year) * 1e6 / facts.fact("F06").value
    return round(given[scenario.year] * growth)


def median_of(projection: xr.Dataset, indicator: str, year: int) -> float:
    """Median of an indicator's draws in a year.

    Raises
    ------
    InputError
        It is not projected, or not known in that year.
    """
    if indicator not in projection.indicator.values or year not in projection.year.values:
        raise InputError(
            f"years: {indicator} is not projected for {year} from values up to "
            f"{projection.attrs['as_of']}; give another [projection] as_of"
        )
    return float(projection.value.sel(indicator=indicator, quantile=0.5, year=year))


def as_dataset(tables: Mapping[str, pd.DataFrame]) -> xr.Dataset:
    """The provinces' table of all years as (year, province) variables."""
    table = tables["province"].set_index(["year", "code"])
    numbers = table.select_dtypes("number").astype(np.float64)
    ds: xr.Dataset = numbers.to_xarray().rename(code="province")
    for name in ds.data_vars:
        ds[name].attrs["units"] = _unit(str(name))
    ds["province"] = ds["province"].astype(str)
    return ds.assign_attrs(title="Provinces by year")


def _unit(name: str) -> str:
    """Unit of a column of the zone tables, by its ending."""
    endings = {"_gbps": "Gbit/s", "_km2": "km2", "_gwh": "GWh", "_10k": "per 10,000 people"}
    endings |= {
        "carriers": "carriers",
        "share": "1",
        "share_90": "1",
        "load": "1",
        "population": "people",
    }
    for end, unit in endings.items():
        if end in name:
            return unit
    return "stations"
