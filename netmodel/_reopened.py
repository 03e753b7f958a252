"""A finished run of the explicit mode with the inputs that it was made from."""

import json
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import xarray as xr

from netmodel._assess import input_hashes
from netmodel._explicit import Sectors, Work
from netmodel._explicit_run import SECTORS_FILE, with_coverage
from netmodel._stages import Inputs, computed_stage, explicit_work, open_inputs
from netmodel.errors import InputError
from netmodel.scenario import Scenario
from netmodel.store import STORE, open_run


class Reopened(NamedTuple):
    """A run: its folder, what it was made from, its groups and its table of sectors.

    `domain` has the variables that the capacity stage needs, on the whole grid.
    """

    folder: Path
    inputs: Inputs
    domain: xr.Dataset
    work: Work
    sectors: Sectors
    groups: xr.DataTree
    table: pd.DataFrame

    @property
    def store(self) -> Path:
        """The Zarr store of the run."""
        return self.folder / STORE

    @property
    def stations_per_site(self) -> float:
        """Stations that share a mast: one in a list, so many in synthesised sites."""
        listed = self.inputs.listed is not None
        return 1.0 if listed else self.inputs.scenario.sites.gnb_per_macro_site

    @property
    def has_loads(self) -> bool:
        """Whether the run has loads."""
        return "capacity" in self.groups.children


def reopened(folder: str | Path) -> Reopened:
    """A finished run with its inputs read again.

    Raises
    ------
    InputError
        No run, a run of the national mode, or one whose input files are not what they were.
    """
    groups = open_run(folder)
    scenario = Scenario.from_json(groups.attrs["scenario"])
    if scenario.radio.mode != "explicit" or "coverage" not in groups.children:
        raise InputError(
            f"{folder}: a run without sectors; make one with the coverage stage and "
            '[radio] mode = "explicit"'
        )
    _check_inputs(folder, groups, scenario)
    inputs, done = open_inputs(scenario), dict[str, xr.Dataset]()
    for name in ("population", "demand", "sites"):
        done[name] = computed_stage(name, inputs, done)
    work, sectors = explicit_work(inputs, done)
    domain = with_coverage(done, groups["coverage"].to_dataset())
    table = pd.read_parquet(Path(folder) / SECTORS_FILE)
    return Reopened(Path(folder), inputs, domain, work, sectors, groups, table)


def _check_inputs(folder: str | Path, groups: xr.DataTree, scenario: Scenario) -> None:
    """Refuse files that have changed since the run."""
    before = json.loads(groups.attrs["input_sha256"])
    for name, now in input_hashes(scenario).items():
        if before.get(name) != now:
            raise InputError(
                f"{folder}: its {name} file has changed since the run; run the scenario again"
            )
