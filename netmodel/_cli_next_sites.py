"""`netmodel next-sites`: which candidates to build on a finished run."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from netmodel._cli_progress import progress as progress_of_steps
from netmodel.errors import InputError

_SHOWN = 15  # rows on the screen


def next_sites(
    run: Annotated[Path, typer.Argument(help="folder of a finished run in explicit mode")],
    candidates: Annotated[Path, typer.Argument(help="list of candidate sites, as of sites")],
    out: Annotated[Path, typer.Option("--out", "-o", help="CSV to write")],
    count: Annotated[int | None, typer.Option(help="how many to choose")] = None,
    budget: Annotated[float | None, typer.Option(help="what they may cost together")] = None,
    objective: Annotated[
        Literal["people", "mbps"],
        typer.Option(help="people not covered, or unserved Mbit/s of the busy hour"),
    ] = "people",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace the file if it is there")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print errors only")] = False,
) -> None:
    """Choose the next sites to build, the best first, with what each gain costs.

    CANDIDATES has lon and lat, and where known site_id, network, band, height_m,
    azimuth_deg, tilt_deg, power_dbm, carriers and cost, in every row or in none.

    Without costs a site is 501,954 CNY of 2020 over ten years, 651,954 in rural
    cells, where tower and power are built too.

    people: whom no network covers now. mbps: what the candidate's network does
    not serve now, of which it takes as much as its sectors carry.

    netmodel next-sites out/ towers.csv --count 20 -o next.csv

    netmodel next-sites out/ towers.csv --budget 2e7 --objective mbps -o next.csv
    """
    if (count is None) == (budget is None):
        raise InputError("next-sites: give one of --count and --budget")
    if out.exists() and not overwrite:
        raise InputError(f"{out}: exists; give another file with -o, or --overwrite")
    from netmodel._next_sites import next_sites as choose
    from netmodel.store import write_text, writing

    with progress_of_steps(show=not quiet) as progress:
        table = choose(
            run, candidates, count=count, budget=budget, objective=objective, progress=progress
        )
    with writing(out.parent):
        write_text(out, table.to_csv(index=False, lineterminator="\n"))
    if not quiet:
        if len(table):
            Console(soft_wrap=False).print(_table(table, objective))
        typer.echo(f"{len(table)} sites chosen, all in {out}")


def _table(rows: Any, objective: str) -> Table:
    """The first of the chosen sites."""
    gain, total, unit = {
        "people": ("new_people", "cumulative_people", "cost_per_new_person"),
        "mbps": ("relieved_mbps", "cumulative_mbps", "cost_per_mbps"),
    }[objective]
    names = ("rank", "candidate", "network", gain, total, "cost", unit)
    table = Table(*(name.replace("_", " ") for name in names), box=None, pad_edge=False)
    for column in (table.columns[0], *table.columns[3:]):
        column.justify = "right"
    for row in rows.head(_SHOWN).itertuples():
        values = (getattr(row, name) for name in (gain, total, "cost", unit))
        table.add_row(
            str(row.rank), str(row.candidate), str(row.network), *(f"{v:,.0f}" for v in values)
        )
    return table
