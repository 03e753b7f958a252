"""A run into a folder: store, tables, summary, maps."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import xarray as xr

from netmodel import charts, maps
from netmodel._assess import (
    Clock,
    Progress,
    chosen_stages,
    fingerprint,
    province_stations,
    run_stages,
)
from netmodel._region import Region
from netmodel._sensitivity import sensitivity
from netmodel.errors import InputError
from netmodel.scenario import Scenario
from netmodel.store import RunFolder, folder_for_output, write_text, writing
from netmodel.tables import Summary, ZoneNames, summary, targets, zone_tables


def run_into(
    scenario: Scenario,
    place: str | Path,
    *,
    stages: str = "all",
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Run a scenario and leave its folder at `place`; the headline figures.

    After an error nothing is left; after a kill, or Ctrl-C, the same call resumes.
    """
    chosen_stages(stages)
    folder = RunFolder(place, fingerprint(scenario, stages), overwrite=overwrite)
    try:
        run, region = run_stages(scenario, stages=stages, folder=folder, progress=progress)
        clock = Clock(progress)
        with clock.step("tables"):
            figures = write_tables(run, region, scenario, folder.partial)
        with clock.step("maps"):
            maps.save_all(run, folder.partial / "maps")
        folder.finish(run.attrs)
    except Exception:  # any error; what interrupts a run is none of these
        folder.discard()
        raise
    return figures


def sensitivity_into(
    scenario: Scenario,
    place: str | Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Write the table and the figure of a scenario's sensitivity into a folder."""
    folder = Path(place)
    names = ("sensitivity.csv", "tornado.png")
    standing = [name for name in names if (folder / name).exists()]
    if standing and not overwrite:
        raise InputError(f"{folder / standing[0]}: exists; give another folder, or --overwrite")
    with folder_for_output(folder):
        table = sensitivity(scenario, progress=progress)
        with writing(folder), TemporaryDirectory(prefix=".partial-", dir=folder) as temporary:
            _write_csv(table, Path(temporary) / names[0])
            charts.tornado(table).savefig(Path(temporary) / names[1], dpi=150)
            for name in names:
                (Path(temporary) / name).replace(folder / name)
    return table


def write_tables(run: xr.DataTree, region: Region, scenario: Scenario, folder: Path) -> Summary:
    """Write provinces, counties, targets and summary into a folder."""
    levels = {
        "province": ZoneNames(region.provinces.table, *_province_status(region, scenario)),
        "county": ZoneNames(region.counties.table, *_status_below(scenario)),
    }
    rows_of, headline = zone_tables(run, levels, scenario)
    for level, rows in rows_of.items():
        _write(rows, folder / _FILES[level])
    _write_csv(targets(scenario), folder / "targets.csv")
    figures = summary(run, scenario, headline)
    write_text(folder / "summary.json", json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return figures


def _status_below(scenario: Scenario) -> tuple[str, str]:
    """Where the people and the stations of a part of a province come from."""
    people = "synthesised" if scenario.population.path is None else "given"
    return people, "synthesised" if scenario.sites.path is None else "listed"


def _province_status(region: Region, scenario: Scenario) -> tuple[list[str], list[str]]:
    """The same of each province: of its own numbers if it is whole in the run."""
    people, stations = _status_below(scenario)
    size = len(region.provinces)
    whole = np.ones(size, np.bool_)
    if region.wanted is not None:
        left_out = region.provinces.label[~region.wanted]
        whole[left_out[left_out >= 0]] = False
    of_people = "published" if people == "synthesised" else people
    of_stations = province_stations(scenario)[1] if stations == "synthesised" else [stations] * size
    return (
        [of_people if w else people for w in whole],
        [own if w else stations for own, w in zip(of_stations, whole, strict=True)],
    )


_FILES = {"province": "provinces", "county": "counties"}


def _write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV and as Parquet."""
    _write_csv(table, path.with_suffix(".csv"))
    temporary = path.with_name(f".{path.name}.parquet.partial")
    table.to_parquet(temporary, index=False)
    temporary.replace(path.with_suffix(".parquet"))


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
