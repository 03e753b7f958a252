"""The whole chain for one scenario."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel import facts
from netmodel._capacity import capacity
from netmodel._coverage import coverage
from netmodel._demand import demand
from netmodel._feasible import check_demand, check_networks
from netmodel._networks import tables_side_m
from netmodel._population import population
from netmodel._radio_tables import cell_tables
from netmodel._region import Region, open_region
from netmodel._site_list import column_notes, listed_sites, read_sites
from netmodel._sites import synthesised_sites
from netmodel.errors import DataError, InputError
from netmodel.grids.china import POPULATION_FILE
from netmodel.grids.layers import coordinates
from netmodel.kernels.allocation import largest_remainder
from netmodel.scenario import Scenario
from netmodel.store import RunFolder

STAGES = ("population", "demand", "sites", "coverage", "capacity")
CORE = STAGES
NEEDS: dict[str, tuple[str, ...]] = {
    "population": (),
    "demand": ("population",),
    "sites": ("population", "demand"),
    "coverage": ("population", "sites"),
    "capacity": ("population", "demand", "sites", "coverage"),
}
Progress = Callable[[str, float], None]


def chosen_stages(stages: str) -> tuple[str, ...]:
    """Stages named by "core", "all" or a comma-separated list, with those that they need."""
    given = [name.strip() for name in stages.split(",")]
    sets = {"all": STAGES, "core": CORE}
    wanted = {stage for name in given for stage in sets.get(name, (name,))}
    unknown = sorted(wanted - set(STAGES))
    if unknown:
        raise InputError(
            f"--stages {stages}: unknown stage {unknown[0]!r}; "
            f"known: core, all, {', '.join(STAGES)}"
        )
    for name in reversed(STAGES):
        wanted |= set(NEEDS[name]) if name in wanted else set()
    return tuple(name for name in STAGES if name in wanted)


def assess(
    scenario: Scenario | str,
    *,
    stages: str = "all",
    progress: Progress | None = None,
) -> xr.DataTree:
    """Run the stages of a scenario.

    Parameters
    ----------
    scenario : Scenario or str
        A preset's name stands for its scenario.
    stages : str
        "core", "all", or names with commas; what they need is added.
    progress : callable, optional
        Called with the name of each step and the seconds it took, NaN when it begins.

    Returns
    -------
    DataTree
        A group a stage; attributes hold scenario, version, input hashes, seed and timings.

    Examples
    --------
    >>> import netmodel as nm
    >>> run = nm.assess("china-2020")  # doctest: +SKIP
    >>> int(run["sites"].sites_5g.sum())  # doctest: +SKIP
    718000
    """
    scenario = Scenario.preset(scenario) if isinstance(scenario, str) else scenario
    return run_stages(scenario, stages=stages, progress=progress)[0]


def run_stages(
    scenario: Scenario,
    *,
    stages: str = "all",
    folder: RunFolder | None = None,
    progress: Progress | None = None,
) -> tuple[xr.DataTree, Region]:
    """The DataTree of `assess`, and the region with the names of its zones.

    With a `folder`, finished stages are written to it, and read from it when a run resumes.
    """
    names = chosen_stages(stages)
    clock = Clock(progress)
    with clock.step("inputs"):
        inputs = open_inputs(scenario)
        region = inputs.region
    if "coverage" in names:
        _begin_tables(inputs)
    domain: dict[str, xr.Dataset] = {}
    groups: dict[str, xr.Dataset] = {}
    for name in names:
        with clock.step(name):
            # An area's stage is stored cut to the area, and later ones need its provinces.
            if folder is not None and name in folder.done and region.wanted is None:
                domain[name] = groups[name] = folder.read_stage(name)
                continue
            domain[name] = computed_stage(name, inputs, domain)
            groups[name] = shown(domain[name], region)
            if name == "population":  # which has the people from here on
                region = replace(region, people=np.empty((0, 0)))
                inputs = replace(inputs, region=region)
            if folder is not None:
                folder.write_stage(name, groups[name])
    tree = xr.DataTree.from_dict({f"/{name}": ds for name, ds in groups.items()})
    tree.attrs |= _run_attributes(scenario, region, clock.seconds)
    return tree, region


def _begin_tables(inputs: "Inputs") -> None:
    """Compute the simulator's tables beside the first stages, which use one core."""
    radio, grid = inputs.scenario.radio, inputs.region.grid
    side = tables_side_m(float(np.sqrt(np.median(grid.area_km2()))) * 1000.0)
    for band in {radio.band, *radio.bands.values()}:
        Thread(target=cell_tables, args=(band, side), daemon=True).start()


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

    def _report(self, name: str, seconds: float) -> None:
        if self._progress is not None:
            self._progress(name, seconds)


@dataclass(frozen=True)
class Inputs:
    """What the stages of a scenario are computed from, all of it checked."""

    scenario: Scenario
    region: Region
    listed: pd.DataFrame | None

    def of(self, scenario: Scenario) -> "Inputs":
        """The same files and area for a scenario with other settings."""
        return replace(self, scenario=scenario)


def open_inputs(scenario: Scenario) -> Inputs:
    """Read the files of a scenario, and check that its settings fit them."""
    region, listed = open_region(scenario), None
    if scenario.sites.path is not None:
        listed = read_sites(scenario.sites.path, region.frame, scenario.sites.crs)
    names = list(scenario.sites.networks) if listed is None else sorted(set(listed["network"]))
    check_networks(scenario, names)
    check_demand(scenario, region, province_traffic_gb(scenario))
    return Inputs(scenario, region, listed)


def computed_stage(name: str, inputs: Inputs, done: dict[str, xr.Dataset]) -> xr.Dataset:
    """One stage of a scenario, from the stages before it."""
    scenario = inputs.scenario
    synthesised = scenario.population.path is None
    if name == "population":
        return population(inputs.region, synthesised=synthesised)
    if name == "demand":
        return demand(
            done["population"],
            province_total_gb=province_traffic_gb(scenario),
            year=scenario.year,
            options=scenario.demand,
            synthesised=synthesised,
        )
    if name == "sites":
        return _sites(inputs, done)
    both = synthesised or inputs.listed is None
    ds = joined([done[k] for k in NEEDS[name]])
    if name == "coverage":
        return coverage(ds, radio=scenario.radio, sites=scenario.sites, synthesised=both)
    return capacity(
        ds, radio=scenario.radio, sites=scenario.sites, demand=scenario.demand, synthesised=both
    )


def _sites(inputs: Inputs, done: dict[str, xr.Dataset]) -> xr.Dataset:
    """Stations counted from the scenario's list, or synthesised."""
    if inputs.listed is not None:
        return listed_sites(done["population"], inputs.listed)
    return synthesised_sites(
        joined([done["population"], done["demand"]]),
        province_stations=province_stations(inputs.scenario)[0],
        options=inputs.scenario.sites,
        province_names=inputs.region.provinces.table["name_en"].tolist(),
    )


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


def _run_attributes(
    scenario: Scenario, region: Region, seconds: dict[str, float]
) -> dict[str, Any]:
    """Where a run came from."""
    return {
        "title": f"netmodel run of {scenario.label}",
        "Conventions": "CF-1.11",
        "scenario": scenario.to_json(),
        "netmodel_version": version("netmodel"),
        "seed": scenario.seed,
        "input_sha256": json.dumps(input_hashes(scenario)),
        "timings_s": json.dumps(seconds),
        "people_accounting": json.dumps(region.losses),
        "attribution": region.attribution,
        "site_columns": column_notes(scenario.sites.path) if scenario.sites.path else "",
    }


def input_hashes(scenario: Scenario) -> dict[str, str]:
    """SHA-256 of each file that a scenario names, and of the embedded ones that it uses."""
    named = {
        "population": scenario.population.path,
        "zones": scenario.zones.path,
        "sites": scenario.sites.path,
    }
    if isinstance(scenario.area, str) and Path(scenario.area).is_file():
        named["area"] = Path(scenario.area)
    out = {key: _sha256(path) for key, path in named.items() if path is not None}
    return out | (embedded_hashes(scenario) if scenario.extends else {})


def embedded_hashes(scenario: Scenario) -> dict[str, str]:
    """SHA-256 of the shipped rasters and tables that the reference case is made of, by name."""
    homes = [files(name).joinpath("data") for name in ("netmodel.grids", "netmodel")]
    shipped = {f.name: f for home in homes for f in home.iterdir() if f.is_file()}
    if scenario.population.path is not None:
        del shipped[POPULATION_FILE]
    return {k: hashlib.sha256(f.read_bytes()).hexdigest() for k, f in sorted(shipped.items())}


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error


def fingerprint(scenario: Scenario, stages: str) -> str:
    """Hash of everything that a run's results follow from."""
    parts = [scenario.to_json(), stages, version("netmodel"), json.dumps(input_hashes(scenario))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
