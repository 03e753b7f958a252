"""A what-if into a folder: layers that the edits change, sectors, figures before and after."""

import hashlib
from pathlib import Path

import pandas as pd
import xarray as xr

from netmodel._explicit_run import SECTORS_FILE
from netmodel._given import write_zones
from netmodel._reopened import Reopened, reopened
from netmodel._run import write_level
from netmodel._site_edits import Edits, read_edits
from netmodel._stages import Clock, Progress
from netmodel._what_if import Study, WhatIf
from netmodel._zone_names import zone_levels
from netmodel._zone_sectors import with_sectors
from netmodel.errors import InputError
from netmodel.store import RunFolder, write_parquet, write_text
from netmodel.tables import zone_tables


def what_if_into(
    run: str | Path,
    edits: Edits,
    place: str | Path,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Leave the folder of a what-if at `place`; its figures before and after.

    After an error nothing is left.
    """
    if Path(place).resolve() == Path(run).resolve():
        raise InputError(f"{place}: is the run itself, which stays as it is; give another folder")
    clock, (_, table) = Clock(progress), read_edits(edits)
    text = table.to_csv(index=False, lineterminator="\n")
    folder = RunFolder(place, hashlib.sha256(text.encode()).hexdigest(), overwrite=overwrite)
    try:
        with clock.step("run"):
            study = _opened(run, clock)
        with clock.step("edits"):
            after = study.after(edits)
        with clock.step("loads"):
            figures = after.figures
        with clock.step("files"):
            _write(after, figures, folder, text)
    except BaseException:  # Ctrl-C too: it is quicker done again than resumed
        folder.discard()
        raise
    return figures


def _opened(run: str | Path, clock: Clock) -> Study:
    """The run, its loads made ready where it has any."""
    study = Study(
        reopened(run), lambda done, total: clock.note(f"loads of the run: tile {done} of {total}")
    )
    if study.run.has_loads:
        _ = study.loads
    return study


def _write(after: WhatIf, figures: pd.DataFrame, folder: RunFolder, edits: str) -> None:
    """An ordinary run folder without stations by cell, its pixels those of tiles that change."""
    run = after.study.run
    groups = {k: run.groups[k].to_dataset() for k in ("population", "demand")}
    groups["coverage"] = after.coverage
    if run.has_loads:
        groups["capacity"] = after.capacity
    for name, ds in groups.items():
        folder.write_stage(name, ds)
    folder.wait()
    after.edited.write(folder.store)
    write_parquet(after.sectors, folder.partial / SECTORS_FILE)
    _write_zones(run, groups, folder.partial)
    write_text(folder.partial / "edits.csv", edits)
    write_text(folder.partial / "figures.csv", figures.to_csv(index=False, lineterminator="\n"))
    folder.finish(dict(run.groups.attrs) | {"what_if_of": run.folder.name, "edits": edits})


def _write_zones(run: Reopened, groups: dict[str, xr.Dataset], folder: Path) -> None:
    """Tables of zones, without what follows from the stations of the run's cells."""
    scenario, region = run.inputs.scenario, run.inputs.region
    write_zones(region.counties, folder)
    tree = xr.DataTree.from_dict(groups | {"sites": run.groups["sites"].to_dataset()})
    levels = zone_levels(region, scenario)
    rows_of, _ = zone_tables(tree, levels, scenario)
    sectors = pd.read_parquet(folder / SECTORS_FILE)
    rows_of = with_sectors(
        rows_of, groups["population"], levels, sectors, scenario.radio.target_load
    )
    for level, rows in rows_of.items():
        stale = [c for c in rows.columns if c.startswith(("sites_", "energy_"))]
        write_level(rows.drop(columns=stale), level, folder)
