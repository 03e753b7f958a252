"""The command line: arguments, progress, and exit codes."""

import json
import math
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from netmodel import _cli_export, _cli_import, _cli_next_sites, _cli_what_if
from netmodel._cli_progress import progress as _progress
from netmodel.errors import InputError, NetmodelError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="National 5G, fiber, NB-IoT and IPv6 capacity on one population grid.",
    epilog="Start with: netmodel run china-2020 -o out/",
)
app.add_typer(_cli_import.app, name="import")
app.command()(_cli_export.export)
app.command("what-if")(_cli_what_if.what_if)
app.command("next-sites")(_cli_next_sites.next_sites)
_out = Console(soft_wrap=False)

ScenarioName = Annotated[
    str, typer.Argument(help="a scenario file, or the name of a preset: china-2020")
]


def main() -> None:
    """Run the command line; an error that the user can mend is one line and exit code 2."""
    try:
        sys.exit(app(prog_name="netmodel", standalone_mode=False))
    except NetmodelError as error:
        _fail(str(error))
    except _UsageError as error:
        said = error.format_message().rstrip(".")
        if not said:  # no arguments at all: the help was printed
            sys.exit(2)
        _fail(f"{said}; `{_help_command(error)}` shows what it takes")
    except MemoryError as error:
        _fail(f"out of memory ({error}); give a smaller --area, or a coarser [grid] resolution_m")


# Typer keeps a click of its own; this is the class of what it says of arguments.
_UsageError: Any = typer.BadParameter.__base__


def _help_command(error: Any) -> str:
    """The command that explains the arguments of the one that failed."""
    words = error.ctx.command_path.split()[1:] if error.ctx else []
    return " ".join(["netmodel", *words, "--help"])


def _fail(message: str) -> NoReturn:
    print(f"netmodel: error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(2)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"netmodel {version('netmodel')}")
        raise typer.Exit()


@app.callback()
def _root(
    wanted: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="print the version and stop"
        ),
    ] = False,
) -> None:
    """Take the options of all commands."""


@app.command()
def run(
    scenario: ScenarioName,
    out: Annotated[Path, typer.Option("--out", "-o", help="folder to write, made by the run")],
    area: Annotated[
        str | None,
        typer.Option(help="zone name or code, west,south,east,north in degrees, or a polygon file"),
    ] = None,
    stages: Annotated[str, typer.Option(help="core, all, or names with commas")] = "all",
    seed: Annotated[int | None, typer.Option(help="seed of every random draw")] = None,
    threads: Annotated[int | None, typer.Option(help="threads; default all cores")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace a run that is already there")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print errors only")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print the summary as JSON")] = False,
) -> None:
    """Run a scenario and write its store, tables and maps.

    OUT gets run.zarr, tables of provinces and counties, targets.csv, summary.json and maps.

    It appears when the run is whole; after a kill the same command resumes.
    """
    begin = time.perf_counter()
    chosen = _scenario(scenario, area=area, seed=seed)
    _set_threads(threads)
    from netmodel._run import run_into

    with _progress(show=not quiet and not as_json) as progress:
        figures = run_into(chosen, out, stages=stages, overwrite=overwrite, progress=progress)
    if as_json:
        typer.echo(json.dumps(figures, ensure_ascii=False))
    elif not quiet:
        _print_summary(chosen, figures, out / "targets.csv")
        _out.print(f"{out} written in {time.perf_counter() - begin:.1f} s", highlight=False)


@app.command()
def sensitivity(
    scenario: ScenarioName,
    out: Annotated[Path, typer.Option("--out", "-o", help="folder to write, made if missing")],
    area: Annotated[str | None, typer.Option(help="as for run")] = None,
    threads: Annotated[int | None, typer.Option(help="threads; default all cores")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace the two files if they are there")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print errors only")] = False,
) -> None:
    """Show how far the headline figures move with each assumption.

    Each assumption marked [A] goes to its low and high end, one at a time.

    OUT gets sensitivity.csv and tornado.png; the nation takes some minutes.
    """
    chosen = _scenario(scenario, area=area)
    _set_threads(threads)
    from netmodel._run import sensitivity_into

    with _progress(show=not quiet, width=30) as progress:
        table = sensitivity_into(chosen, out, overwrite=overwrite, progress=progress)
    if not quiet:
        _print_sensitivity(table)


@app.command()
def backtest(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV to write every forecast to")
    ] = None,
    draws: Annotated[int, typer.Option(min=100, help="paths drawn of each indicator")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="seed of every random draw")] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace the file if it is there")
    ] = False,
) -> None:
    """Score forecasts of 2021-2025 made from what was known by 2020.

    The mixture of models is held against the last value, the last growth and
    constant compound growth, by indicator and pooled.
    """
    if out is not None and out.exists() and not overwrite:
        raise InputError(f"{out}: exists; give another file with -o, or --overwrite")
    from netmodel._backtest import backtest as run_backtest
    from netmodel._backtest import backtest_scores
    from netmodel.store import write_text, writing

    table = run_backtest(draws=draws, seed=seed)
    if out is not None:
        with writing(out):
            write_text(out, table.to_csv(index=False, lineterminator="\n"))
    _print_scores(backtest_scores(table))


def _print_scores(scores: Any) -> None:
    """Errors of the mixture and the naive methods by indicator, the models in the pool."""
    shown = ("mixture", "last_value", "last_growth", "constant_cagr")
    table = Table("MAPE [%]", *[m.replace("_", " ") for m in shown], "coverage of 10-90 %")
    table.box, table.pad_edge = None, False
    for name, rows in scores.groupby("indicator", sort=False):
        by_model = rows.set_index("model")
        errors = [_text(by_model["mape"].get(m)) for m in shown]
        table.add_row(str(name), *errors, _text(by_model["coverage"].get("mixture")))
    _out.print(table)
    _out.print("an indicator weighs the same in the pool, whatever its years", highlight=False)


@app.command()
def check(
    scenario: ScenarioName,
    area: Annotated[str | None, typer.Option(help="as for run")] = None,
) -> None:
    """Validate a scenario and its files without running it, and say what would be used."""
    chosen = _scenario(scenario, area=area)
    from netmodel._check import used

    table = Table("input", "what would be used", box=None, pad_edge=False)
    for name, what in used(chosen):
        table.add_row(name, escape(what))
    _out.print(table)


@app.command()
def init() -> None:
    """Print a commented scenario: netmodel init > my-scenario.toml."""
    from netmodel.template import scenario_template

    sys.stdout.write(scenario_template())


@app.command()
def facts(
    indicator: Annotated[
        str | None, typer.Argument(help="a table's name, an id (F06), or words to look for")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print all columns as JSON")] = False,
) -> None:
    """Show the shipped tables with units and sources.

    Without an argument: the tables. With a table's name: its rows. Otherwise: a search of
    every table, by id, name or words, English or Chinese.
    """
    from netmodel._facts_view import facts_frame, facts_text

    if as_json:
        typer.echo(facts_frame(indicator).to_json(orient="records", force_ascii=False))
    else:
        typer.echo(facts_text(indicator))


def _scenario(name: str, *, area: str | None = None, seed: int | None = None) -> Any:
    """The scenario of a file or preset, with the command line's changes."""
    from netmodel.scenario import PRESETS, Scenario

    is_file = name not in PRESETS and (name.endswith(".toml") or Path(name).exists())
    scenario = Scenario.from_toml(name) if is_file else Scenario.preset(name)
    changes: dict[str, Any] = {}
    if area is not None:
        changes["area"] = _area(area)
    if seed is not None:
        if not 0 <= seed < 2**63:
            raise InputError(f"--seed {seed}: expected a whole number from 0 on, below 2**63")
        changes["seed"] = seed
    return scenario.model_copy(update=changes)


def _area(text: str) -> str | tuple[float, ...]:
    """A box of four numbers, or the text itself."""
    parts = text.strip("[] ").split(",")
    box = tuple(_number(p) for p in parts)
    if len(box) == 1 or all(map(math.isnan, box)) or Path(text).exists():
        return text
    if len(box) != 4 or not all(map(math.isfinite, box)):
        raise InputError(f"--area {text}: expected west,south,east,north, four finite numbers")
    return box


def _number(text: str) -> float:
    """The number that a text says; NaN if it says none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _set_threads(threads: int | None) -> None:
    if threads is not None:
        import numba

        cores = os.cpu_count() or 1
        if not 1 <= threads <= cores:
            raise InputError(f"--threads {threads}: this machine has {cores} cores, give 1 or more")
        numba.set_num_threads(threads)


def _print_summary(
    scenario: Any, figures: dict[str, dict[str, dict[str, Any]]], targets: Path
) -> None:
    """Headline figures beside the published ones, then the plan's targets."""
    table = Table(
        "figure",
        "value",
        "published",
        "unit",
        title=escape(scenario.label),
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    for column in table.columns[1:3]:
        column.justify, column.no_wrap = "right", True
    table.columns[0].no_wrap = True
    for stage, group in figures.items():
        table.add_row(f"{stage}:")
        for name, figure in group.items():
            cells = _text(figure["value"]), _text(figure["published"]), figure["unit"]
            table.add_row(f"  {name}", *cells)
    _out.print(table)
    _print_targets(targets)


def _print_sensitivity(table: Any) -> None:
    """For each headline figure, the assumptions that move it, the most first."""
    for name, rows in table.groupby("meaning", sort=False):
        unit = "" if rows["unit"].iloc[0] == "1" else f" [{rows['unit'].iloc[0]}]"
        grid = Table("assumption", "low end", "high end", box=None, pad_edge=False)
        grid.title = f"{name}{unit}, as given {_text(float(rows['base'].iloc[0]))}"
        grid.title_justify = "left"
        spread = (rows["high"] - rows["low"]).abs()
        order = spread[spread > 0.0].sort_values(ascending=False, kind="stable").index
        for row in rows.loc[order].itertuples():
            label = f"{row.assumption}, {row.setting_low:g} to {row.setting_high:g}"
            grid.add_row(label, _text(float(row.low)), _text(float(row.high)))
        _out.print(grid)


def _print_targets(path: Path) -> None:
    """The main targets of a run's table: those of 2025 in the reference case, or a user's own."""
    import pandas as pd

    rows = pd.read_csv(path)
    if rows.empty:
        return
    if "baseline_year" in rows and (rows["baseline_year"] == 2020).any():
        main = rows[(rows["baseline_year"] == 2020) & (rows["target_year"] == 2025)]
        main = main[main["status"] == "published"]
    else:
        main = rows
    projected = "probability" in rows
    title = "Targets of the plans"
    title += ", median with 10-90 % and probability of meeting them" if projected else ""
    names = ["id", "plan target", "2020", "target"] + (["projected", "P"] if projected else [])
    table = Table(*names, title=title, title_justify="left", box=None, pad_edge=False)
    # Several plans state the same target.
    for row in main.drop_duplicates(["indicator", "target_year", "target"]).to_dict("records"):
        table.add_row(*_target_cells(row, projected=projected))
    _out.print(table)
    _out.print(f"all {len(rows)} targets are in targets.csv, with their plans", highlight=False)


def _target_cells(row: dict[Any, Any], *, projected: bool) -> list[str]:
    """One line of the targets' table."""
    name = f"{row['indicator']}, {row['target_year']:.0f}"
    unit = f" [{row['unit']}]" if isinstance(row.get("unit"), str) else ""
    cells = [str(row["target_id"]), escape(name + unit), _text(row.get("baseline"))]
    cells.append(f"{row['op']} {_text(row['target'])}")
    if not projected:
        return cells
    if math.isnan(row["probability"]):
        return [*cells, escape(str(row["outlook"])), "-"]
    middle, low, high = (_text(row[k]) for k in ("median", "p10", "p90"))
    return [*cells, f"{middle} ({low}-{high})", f"{row['probability']:.2f}"]


def _text(value: Any) -> str:
    """A number with separators and four figures, or the value as it is."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, int) or (isinstance(value, float) and abs(value) >= 1e5):
        return f"{value:,.0f}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
