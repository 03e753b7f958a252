"""The stages of a run, what each needs, and the inputs they are computed from."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel import facts
from netmodel._capacity import capacity
from netmodel._coverage import coverage
from netmodel._demand import demand
from netmodel._explicit import Sectors, Work, work_of
from netmodel._feasible import check_demand, check_explicit, check_networks, check_projection
from netmodel._population import population
from netmodel._projection import projection
from netmodel._region import Region, open_region
from netmodel._sectors import listed_sectors, synthesised_sectors
from netmodel._site_list import listed_sites, read_sectors, stations_of
from netmodel._sites import synthesised_sites
from netmodel.errors import InputError
from netmodel.grids.layers import coordinates
from netmodel.kernels.allocation import largest_remainder
from netmodel.scenario import Scenario

CORE = ("population", "demand", "sites", "coverage", "capacity")
STAGES = (*CORE, "projection")
NEEDS: dict[str, tuple[str, ...]] = {
    "population": (),
    "demand": ("population",),
    "sites": ("population", "demand"),
    "coverage": ("population", "sites"),
    "capacity": ("population", "demand", "sites", "coverage"),
    "projection": ("population",),  # which a run's tables are of
}
Progress = Callable[[str, float], None]


def chosen_stages(stages: str, scenario: Scenario) -> tuple[str, ...]:
    """Stages named by "core", "all" or a comma-separated list, with those that they need.

    "all" leaves the projection out where there is no series to project.
    """
    has_series = scenario.extends is not None or scenario.projection.series is not None
    given = [name.strip() for name in stages.split(",")]
    sets = {"all": (*CORE, "projection") if has_series else CORE, "core": CORE}
    wanted = {stage for name in given for stage in sets.get(name, (name,))}
    unknown = sorted(wanted - set(STAGES))
    if unknown:
        raise InputError(
            f"--stages {stages}: unknown stage {unknown[0]!r}; "
            f"known: core, all, {', '.join(STAGES)}"
        )
    if "projection" in wanted and not has_series:
        raise InputError(
            "--stages projection: the scenario has nothing to project; give [projection] series, "
            'a CSV of your own, or extends = "china-2020"'
        )
    if len(scenario.years) > 1:
        if not set(CORE) <= wanted:
            raise InputError(
                f"--stages {stages}: later years need the stages core; give core or all, "
                "or one year"
            )
        wanted.add("projection")
    for name in reversed(STAGES):
        wanted |= set(NEEDS[name]) if name in wanted else set()
    return tuple(name for name in STAGES if name in wanted)


class Clock:
    """Seconds of each step, reported as it begins and ends.

    Parameters
    ----------
    progress : callable, optional
        Called with the step's name and NaN, then with its seconds.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        self._report(name, math.nan)
        begin = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - begin, 3)
        self._report(name, self.seconds[name])

    def note(self, words: str) -> None:
        """Report what a long step is at."""
        self._report(words, math.nan)

    def _report(self, name: str, seconds: float) -> None:
        if self._progress is not None:
            self._progress(name, seconds)


@dataclass(frozen=True)
class Inputs:
    """What the stages of a scenario are computed from, all of it checked."""

    scenario: Scenario
    region: Region
    listed: pd.DataFrame | None
    province_gb: NDArray[np.float64] | None = None  # instead of the scenario's
    province_stations: NDArray[np.int64] | None = None

    def of(self, scenario: Scenario) -> "Inputs":
        """The same files and area for a scenario with other settings."""
        return replace(self, scenario=scenario)


def open_inputs(scenario: Scenario) -> Inputs:
    """Read the files of a scenario, and check that its settings fit them."""
    region, listed = open_region(scenario), None
    if scenario.sites.path is not None:
        listed = read_sectors(scenario.sites.path, region.frame, scenario.sites.crs)
    names = list(scenario.sites.networks) if listed is None else sorted(set(listed["network"]))
    check_networks(scenario, names)
    check_demand(scenario, region, province_traffic_gb(scenario))
    check_projection(scenario)
    if scenario.radio.mode == "explicit":
        check_explicit(scenario, region, listed)
    return Inputs(scenario, region, listed)


def computed_stage(name: str, inputs: Inputs, done: dict[str, xr.Dataset]) -> xr.Dataset:
    """One stage of a scenario, from the stages before it."""
    scenario = inputs.scenario
    synthesised = scenario.population.path is None
    if name == "population":
        return population(inputs.region, synthesised=synthesised)
    if name == "projection":
        return projection(options=scenario.projection, seed=scenario.seed)
    if name == "demand":
        return demand(
            done["population"],
            province_total_gb=_given(inputs.province_gb, province_traffic_gb(scenario)),
            year=scenario.year,
            options=scenario.demand,
            synthesised=synthesised,
        )
    if name == "sites":
        return _sites(inputs, done)
    both = synthesised or inputs.listed is None
    ds = joined([done[k] for k in NEEDS[name]])
    if name == "coverage":
        return coverage(ds, radio=scenario.radio, options=scenario.sites, synthesised=both)
    return capacity(
        ds, radio=scenario.radio, sites=scenario.sites, demand=scenario.demand, synthesised=both
    )


def _sites(inputs: Inputs, done: dict[str, xr.Dataset]) -> xr.Dataset:
    """Stations counted from the scenario's list, or synthesised."""
    if inputs.listed is not None:
        return listed_sites(done["population"], stations_of(inputs.listed))
    return synthesised_sites(
        joined([done["population"], done["demand"]]),
        province_stations=_given(inputs.province_stations, province_stations(inputs.scenario)[0]),
        options=inputs.scenario.sites,
        province_names=inputs.region.provinces.table["name_en"].tolist(),
    )


def explicit_work(inputs: Inputs, done: dict[str, xr.Dataset]) -> tuple[Work, Sectors]:
    """What the explicit mode computes of a scenario, and its sectors."""
    scenario, region = inputs.scenario, inputs.region
    ds = joined([done["population"], done["sites"]])
    if inputs.listed is None:
        tables = synthesised_sectors(
            ds, radio=scenario.radio, sites=scenario.sites, seed=scenario.seed
        )
        sectors = Sectors(tables, {})
    else:
        path = scenario.sites.path
        folder = path.parent if path is not None else None
        sectors = Sectors(*listed_sectors(ds, inputs.listed, radio=scenario.radio, folder=folder))
    work = work_of(
        ds,
        region.frame,
        region.wanted,
        sectors,
        scenario.radio,
        synthesised=scenario.population.path is None or inputs.listed is None,
    )
    return work, sectors


def _given(own: NDArray[Any] | None, usual: NDArray[Any]) -> NDArray[Any]:
    return usual if own is None else own


def joined(stages: list[xr.Dataset]) -> xr.Dataset:
    """The variables of stages on one grid, none of them copied."""
    out = stages[0]
    for ds in stages[1:]:
        out = out.assign(ds.data_vars).assign_coords(ds.coords)
    return out


def province_traffic_gb(scenario: Scenario) -> NDArray[np.float64]:
    """Traffic of the year per province [GB], scaled to the scenario's total where it has one."""
    if scenario.extends is None:
        return np.array([scenario.demand.total_gb], np.float64)
    published: NDArray[np.float64] = facts.provinces()["mobile_traffic_2020_GB"].to_numpy(float)
    total = scenario.demand.total_gb
    return published if total is None else published * (total / published.sum())


def province_stations(scenario: Scenario) -> tuple[NDArray[np.int64], list[str]]:
    """Stations per province and the status of each number."""
    total = scenario.sites.total
    if scenario.extends is None:
        return np.array([total], np.int64), ["given"]
    table = facts.provinces_5g_2020()
    stations = table["stations"].to_numpy(np.int64)
    if total is None or total == stations.sum():
        return stations, table["status"].tolist()
    one = np.zeros(stations.size, np.int32)
    scaled = largest_remainder(stations.astype(np.float64), one, np.array([total]))
    return scaled, ["scaled"] * stations.size


def shown(ds: xr.Dataset, region: Region) -> xr.Dataset:
    """The part of a stage that the scenario's area asks for."""
    if region.wanted is None:
        return ds
    rows, columns = region.window(region.wanted)
    cut = ds.isel(y=rows, x=columns)
    window = coordinates(region.grid.crop(rows, columns))
    mask = xr.DataArray(region.wanted[rows, columns], dims=("y", "x"))
    for name, variable in cut.data_vars.items():
        counts = name in ("sites_5g", "sites_5g_indoor", "macro_density", "indoor_density")
        blank = 0 if counts or name == "carriers_needed" else _BLANK[variable.dtype.kind]
        cut[name] = variable.where(mask, variable.dtype.type(blank)).assign_attrs(variable.attrs)
    return cut.assign_coords(window)


_BLANK = {"f": np.nan, "i": -1}
