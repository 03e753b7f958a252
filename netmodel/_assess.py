"""The whole chain for one scenario."""

import hashlib
import json
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from netmodel._explicit_run import ExplicitRun
from netmodel._networks import tables_side_m
from netmodel._radio_tables import cell_tables
from netmodel._region import Region
from netmodel._site_list import column_notes
from netmodel._stages import (
    CORE,
    Clock,
    Inputs,
    Progress,
    chosen_stages,
    computed_stage,
    open_inputs,
    shown,
)
from netmodel._years import as_dataset, later_years
from netmodel._zone_names import zone_levels
from netmodel.errors import DataError
from netmodel.grids.china import POPULATION_FILE
from netmodel.scenario import Scenario
from netmodel.store import RunFolder


class Ran(NamedTuple):
    """A run, the region with the names of its zones, the tables of its years if many, its list."""

    tree: xr.DataTree
    region: Region
    by_year: dict[str, pd.DataFrame]
    listed: pd.DataFrame | None = None


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
    return run_stages(scenario, stages=stages, progress=progress).tree


def run_stages(
    scenario: Scenario,
    *,
    stages: str = "all",
    folder: RunFolder | None = None,
    progress: Progress | None = None,
) -> Ran:
    """What `assess` computes, and what its tables need besides.

    With a `folder`, finished stages are written to it, and read from it when a run resumes.
    """
    names = chosen_stages(stages, scenario)
    clock = Clock(progress)
    with clock.step("inputs"):
        inputs = open_inputs(scenario)
        region = inputs.region
    if "coverage" in names and scenario.radio.mode == "national":
        _begin_tables(inputs)
    domain: dict[str, xr.Dataset] = {}
    groups: dict[str, xr.Dataset] = {}
    explicit: ExplicitRun | None = None
    for name in names:
        with clock.step(name):
            # An area's stage is stored cut to the area, and later ones need its provinces.
            if folder is not None and name in folder.done and region.wanted is None:
                domain[name] = groups[name] = folder.read_stage(name)
                continue
            if name in ("coverage", "capacity") and scenario.radio.mode == "explicit":
                explicit = explicit or ExplicitRun(inputs, domain, folder, clock)
                groups |= explicit.groups(name)
                domain[name] = groups[name]
            else:
                domain[name] = computed_stage(name, inputs, domain)
                groups[name] = shown(domain[name], region) if name in CORE else domain[name]
            if name == "population":  # which has the people from here on
                region = replace(region, people=np.empty((0, 0)))
                inputs = replace(inputs, region=region)
            if folder is not None:
                folder.write_stage(name, groups[name])
    by_year = _by_year(inputs, domain, region, clock)
    if by_year:
        groups["years"] = as_dataset(by_year)
        if folder is not None:
            folder.write_stage("years", groups["years"])
    tree = xr.DataTree.from_dict({f"/{name}": ds for name, ds in groups.items()})
    tree.attrs |= _run_attributes(scenario, region, clock.seconds)
    return Ran(tree, region, by_year, inputs.listed)


def _by_year(
    inputs: Inputs, domain: dict[str, xr.Dataset], region: Region, clock: Clock
) -> dict[str, pd.DataFrame]:
    """Tables of all years of a scenario that has later ones; empty without them."""
    if len(inputs.scenario.years) == 1 or not {*CORE, "projection"} <= set(domain):
        return {}
    return later_years(inputs, domain, zone_levels(region, inputs.scenario), clock)


def _begin_tables(inputs: Inputs) -> None:
    """Compute the simulator's tables beside the first stages, which use one core."""
    radio, grid = inputs.scenario.radio, inputs.region.grid
    side = tables_side_m(float(np.sqrt(np.median(grid.area_km2()))) * 1000.0)
    for band in {radio.band, *radio.bands.values()}:
        Thread(target=cell_tables, args=(band, side), daemon=True).start()


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
        "site_columns": column_notes(scenario.sites.path, scenario.radio.mode)
        if scenario.sites.path
        else "",
    }


def input_hashes(scenario: Scenario) -> dict[str, str]:
    """SHA-256 of each file that a scenario names, and of the embedded ones that it uses."""
    named = {
        "population": scenario.population.path,
        "zones": scenario.zones.path,
        "sites": scenario.sites.path,
        "villages": scenario.villages.path,
        "dem": scenario.dem.path,
        "weights": scenario.radio.weights,
        "series": scenario.projection.series,
        "targets": scenario.projection.targets,
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
