"""A run into a folder: store, tables, summary, maps."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import xarray as xr

from netmodel import _pixel_maps, _projection_charts, charts, maps
from netmodel._assess import Ran, fingerprint, run_stages
from netmodel._explicit import forget_marks
from netmodel._explicit_run import SECTORS_FILE
from netmodel._given import write_stations, write_zones
from netmodel._projection import projection_tables
from netmodel._sensitivity import sensitivity
from netmodel._stages import Clock, Progress, chosen_stages
from netmodel._targets import targets as projected_targets
from netmodel._zone_names import zone_levels
from netmodel._zone_sectors import with_sectors
from netmodel.errors import InputError
from netmodel.scenario import Scenario
from netmodel.store import RunFolder, folder_for_output, write_parquet, write_text, writing
from netmodel.tables import Summary, summary, targets, zone_tables


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
    chosen_stages(stages, scenario)
    folder = RunFolder(place, fingerprint(scenario, stages), overwrite=overwrite)
    try:
        ran = run_stages(scenario, stages=stages, folder=folder, progress=progress)
        clock = Clock(progress)
        with clock.step("tables"):
            figures = write_tables(ran, scenario, folder.partial)
        with clock.step("maps"):
            maps.save_all(ran.tree, folder.partial / "maps")
            if (folder.store / "pixels").exists():
                pixels = xr.open_zarr(folder.store, group="pixels", consolidated=False)
                _pixel_maps.save_all(pixels, ran.tree.attrs, folder.partial / "maps")
            if "projection" in ran.tree.children:
                _projection_charts.save_all(ran.tree, folder.partial / "charts", ran.by_year)
        forget_marks(folder.store)
        folder.finish(ran.tree.attrs)
    except Exception:  # any error; what interrupts a run is none of these
        folder.discard()
        raise
    except BaseException:  # Ctrl-C
        folder.pause()
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


def write_tables(ran: Ran, scenario: Scenario, folder: Path) -> Summary:
    """Write provinces, counties, targets, projection, years and summary into a folder.

    Polygons and stations of a user's own are kept beside them.
    """
    run = ran.tree
    write_zones(ran.region.counties, folder)
    if ran.listed is not None and "sites" in run.children:
        write_stations(ran.listed, ran.region, folder)
    levels = zone_levels(ran.region, scenario)
    rows_of, headline = zone_tables(run, levels, scenario)
    if (folder / SECTORS_FILE).exists():
        sectors = pd.read_parquet(folder / SECTORS_FILE)
        people = run["population"].to_dataset()
        rows_of = with_sectors(rows_of, people, levels, sectors, scenario.radio.target_load)
    for level, rows in rows_of.items():
        write_level(rows, level, folder)
    _write_csv(_targets_of(run, scenario), folder / "targets.csv")
    for name, rows in projection_tables(run).items():
        _write_csv(rows, folder / f"{name}.csv")
    for level, rows in ran.by_year.items():
        _write(rows, folder / _FILES_BY_YEAR[level])
    figures = summary(run, scenario, headline)
    write_text(folder / "summary.json", json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return figures


def write_level(rows: pd.DataFrame, level: str, folder: Path) -> None:
    """Write the table of a level of zones as CSV and as Parquet."""
    _write(rows, folder / _FILES[level])


def _targets_of(run: xr.DataTree, scenario: Scenario) -> pd.DataFrame:
    """The plan's targets, with their projection where it was run."""
    if "projection" in run.children:
        return projected_targets(run)
    return targets(scenario)


_FILES = {"province": "provinces", "county": "counties"}
_FILES_BY_YEAR = {"years": "years", **{k: f"{v}_by_year" for k, v in _FILES.items()}}


def _write(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV and as Parquet."""
    _write_csv(table, path.with_suffix(".csv"))
    write_parquet(table, path.with_suffix(".parquet"))


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
