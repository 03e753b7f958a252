"""`netmodel what-if`: a finished run after edits of its sites."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from netmodel._cli_progress import progress as progress_of_steps


def what_if(
    run: Annotated[Path, typer.Argument(help="folder of a finished run in explicit mode")],
    edits: Annotated[Path, typer.Argument(help="CSV of edits, a row an edit")],
    out: Annotated[Path, typer.Option("--out", "-o", help="folder to write")],
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace a what-if that is already there")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print errors only")] = False,
) -> None:
    """Show what adding, moving, removing, retilting or upgrading sites would change.

    EDITS has a column action, and what the action takes; others stay blank:

    action,site,network,lon,lat,tilt_deg,carriers

    add,,cmcc,110.35,20.02,,

    move,35271,cmcc,110.36,20.01,,

    remove,35272,cmcc,,,,

    retilt,35273,cmcc,,,9,

    upgrade,35274,cmcc,,,,2

    site: its number in RUN/sectors.parquet, or the site_id of your list.

    band: only where a network has several. add: also the columns of a list.

    OUT is a run folder: run.zarr with the pixels of the tiles that change, tables,
    sectors.parquet, and figures.csv with before and after. RUN stays as it is.
    """
    from netmodel._what_if_run import what_if_into

    with progress_of_steps(show=not quiet) as progress:
        figures = what_if_into(run, edits, out, overwrite=overwrite, progress=progress)
    if not quiet:
        Console(soft_wrap=False).print(_table(figures))
        typer.echo(f"{out} written")


def _table(figures: Any) -> Table:
    table = Table("figure", "before", "after", "change", "unit", box=None, pad_edge=False)
    for column in table.columns[1:4]:
        column.justify = "right"
    for row in figures.itertuples():
        digits = 2 if row.unit == "%" else 0
        before, after = (f"{v:,.{digits}f}" for v in (row.before, row.after))
        table.add_row(row.figure, before, after, _change(row.change, digits), row.unit)
    return table


def _change(value: float, digits: int) -> str:
    """With a sign, and as fine as it takes to be seen."""
    return f"{value:+,.{digits}f}" if abs(value) >= 10.0**-digits or not value else f"{value:+.2g}"
