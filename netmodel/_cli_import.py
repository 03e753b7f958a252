"""`netmodel import`: a planner's own files, checked and written ready for a scenario."""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from netmodel.errors import InputError

if TYPE_CHECKING:
    from netmodel._reading import Reading
    from netmodel.intake.people import People
    from netmodel.intake.rasters import Share
    from netmodel.intake.report import Report

_out = Console(soft_wrap=False)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Check files of your own and write them ready for a scenario.",
    epilog=(
        "netmodel import sites 262.csv.gz -o sites.parquet --keep radio=LTE,NR\n\n"
        "netmodel import zones districts.gpkg -o zones.parquet --column code=ADM2 --repair\n\n"
        "netmodel import population worldpop.tif -o people.tif --resolution-m 1000"
    ),
)

File = Annotated[Path, typer.Argument(help="file to read; its format is found out")]
Vector = Annotated[
    Path, typer.Option("--out", "-o", help="file to write: .parquet, .gpkg, .geojson or .csv")
]
Raster = Annotated[Path, typer.Option("--out", "-o", help="GeoTIFF to write, cloud-optimized")]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        "-c",
        help="netmodel's NAME=COLUMN of the file, once for each; NAME= leaves one out",
    ),
]
Crs = Annotated[str | None, typer.Option(help="CRS of coordinates whose file states none")]
Datum = Annotated[str | None, typer.Option(help="wgs84 or gcj02; needed for points in China")]
Layer = Annotated[str | None, typer.Option(help="of a file with several layers")]
Encoding = Annotated[str, typer.Option(help="of a text file, such as gb18030")]
Decimal = Annotated[str, typer.Option(help="mark of decimals in a text file: . or ,")]
Keep = Annotated[
    list[str] | None,
    typer.Option(help="COLUMN=VALUE,VALUE: rows with other values are dropped"),
]
PeopleOf = Annotated[
    str | None,
    typer.Option(
        "--population",
        help="raster of counts, or china-2020, for the report; what lies outside it is dropped",
    ),
]
Like = Annotated[str | None, typer.Option(help="raster whose grid is taken instead, or china-2020")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace the file if it is there")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="print errors only")]
AsJson = Annotated[bool, typer.Option("--json", help="print the report as JSON")]


@app.command()
def sites(
    file: File,
    out: Vector,
    column: Columns = None,
    crs: Crs = None,
    datum: Datum = None,
    keep: Keep = None,
    cluster_m: Annotated[
        float | None,
        typer.Option(
            help="meters within which rows are one site; default 100 for radio cells, else 10"
        ),
    ] = None,
    population: PeopleOf = None,
    layer: Layer = None,
    encoding: Encoding = "utf-8-sig",
    decimal: Decimal = ".",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Base stations: OpenCelliD (plain or gzip), CSV, GeoPackage, GeoJSON, Parquet.

    Rows of a network near each other become one site; sectors are kept.

    Columns: lon, lat (or x, y with --crs), network, kind, site_id, band,

    azimuth_deg, tilt_deg, height_m, power_dbm, antenna, carriers, samples,

    datum. Usual spellings are known, and the report says what was read.
    """
    reading = _reading(column, crs, datum, layer, encoding, decimal, keep)
    from netmodel.intake.sites import import_sites

    def work(_: "Share") -> "Report":
        people = _people(population)
        return import_sites(
            file, out, reading=reading, cluster_m=cluster_m, people=people, overwrite=overwrite
        )

    _show(work, out, 'sites = {{ path = "{}" }}', quiet=quiet, as_json=as_json)


@app.command()
def villages(
    file: File,
    out: Vector,
    column: Columns = None,
    crs: Crs = None,
    datum: Datum = None,
    keep: Keep = None,
    population: PeopleOf = None,
    layer: Layer = None,
    encoding: Encoding = "utf-8-sig",
    decimal: Decimal = ".",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Villages, or other places that fiber has to reach, as points.

    Columns: lon, lat (or x, y with --crs), village_id, name, population, households.
    """
    reading = _reading(column, crs, datum, layer, encoding, decimal, keep)
    from netmodel.intake.villages import import_villages

    def work(_: "Share") -> "Report":
        people = _people(population)
        return import_villages(file, out, reading=reading, people=people, overwrite=overwrite)

    _show(work, out, 'villages = {{ path = "{}" }}', quiet=quiet, as_json=as_json)


@app.command()
def zones(
    file: File,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="file to write: .parquet, .gpkg or .geojson")
    ],
    column: Columns = None,
    crs: Crs = None,
    datum: Datum = None,
    keep: Keep = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="mend invalid polygons, leave out rows without one")
    ] = False,
    population: PeopleOf = None,
    layer: Layer = None,
    encoding: Encoding = "utf-8-sig",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Zones to report by: polygons of GeoPackage, GeoJSON, shapefile or GeoParquet.

    Columns: code and name; rows are numbered without them.
    """
    reading = _reading(column, crs, datum, layer, encoding, ".", keep)
    from netmodel.intake.zones import import_zones

    def work(_: "Share") -> "Report":
        people = _people(population)
        return import_zones(
            file, out, reading=reading, repair=repair, people=people, overwrite=overwrite
        )

    _show(
        work,
        out,
        'zones = {{ path = "{}", code = "code", name = "name" }}',
        quiet=quiet,
        as_json=as_json,
    )


@app.command()
def population(
    file: File,
    out: Raster,
    kind: Annotated[
        str, typer.Option(help="what a value means: count, or density_per_km2 as GPW has")
    ] = "count",
    nodata: Annotated[
        float | None, typer.Option(help="value that means no data, besides the file's own")
    ] = None,
    band: Annotated[int | None, typer.Option(min=1, help="of a raster of several")] = None,
    resolution_m: Annotated[
        float, typer.Option(min=1.0, help="side of a cell of the equal-area grid, in meters")
    ] = 1000.0,
    like: Like = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """People: a GeoTIFF of WorldPop, GHS-POP or GPW kind, of any CRS and size.

    Counts are shared over the cells by area, so that every person is kept.
    """
    from netmodel.intake.rasters import import_population

    if kind not in ("count", "density_per_km2"):
        raise InputError(f"--kind {kind}: expected count or density_per_km2")

    def work(progress: "Share") -> "Report":
        return import_population(
            file,
            out,
            kind=cast('Literal["count", "density_per_km2"]', kind),
            nodata=nodata,
            band=band,
            resolution_m=resolution_m,
            like=like,
            overwrite=overwrite,
            progress=progress,
        )

    _show(work, out, 'population = {{ path = "{}" }}', quiet=quiet, as_json=as_json)


@app.command()
def dem(
    file: File,
    out: Raster,
    resolution_m: Annotated[
        float | None,
        typer.Option(min=1.0, help="side of a cell, in meters; default 100, or the file's if more"),
    ] = None,
    like: Like = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Elevation of the ground: a GeoTIFF of meters, of any CRS and size."""
    from netmodel.intake.rasters import import_dem

    def work(progress: "Share") -> "Report":
        return import_dem(
            file,
            out,
            resolution_m=resolution_m,
            like=like,
            overwrite=overwrite,
            progress=progress,
        )

    _show(work, out, 'dem = {{ path = "{}" }}', quiet=quiet, as_json=as_json)


def _reading(
    column: list[str] | None,
    crs: str | None,
    datum: str | None,
    layer: str | None,
    encoding: str,
    decimal: str,
    keep: list[str] | None,
) -> "Reading":
    """How the file is read, from the command line's words."""
    from netmodel._reading import Reading

    if decimal not in (".", ","):
        raise InputError(f"--decimal {decimal}: expected . or ,")
    columns: dict[str, str] = {}
    for name, value in (_pair("--column", text, "lon=LONGITUDE") for text in column or []):
        if name in columns:
            raise InputError(f"--column {name}={value}: {name} is {columns[name]!r} already")
        columns[name] = value
    kept: dict[str, tuple[str, ...]] = {}
    for name, value in (_pair("--keep", text, "radio=LTE,NR") for text in keep or []):
        kept[name] = (*kept.get(name, ()), *(v.strip() for v in value.split(",")))
    return Reading(columns, crs, datum, layer, encoding, decimal, kept)


def _pair(option: str, text: str, example: str) -> tuple[str, str]:
    """Both sides of NAME=VALUE."""
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise InputError(f"{option} {text}: expected NAME=VALUE, such as {option} {example}")
    return name.strip(), value.strip()


def _people(source: str | None) -> "People | None":
    from netmodel.intake.people import People

    return None if source is None else People.of(source)


def _show(
    work: "Callable[[Share], Report]", out: Path, key: str, *, quiet: bool, as_json: bool
) -> None:
    """Do the work and print its report."""
    begin = time.perf_counter()
    with _out.status("reading ...") if not (quiet or as_json) else nullcontext() as status:

        def progress(share: float) -> None:
            left = (time.perf_counter() - begin) * (1.0 - share) / max(share, 1e-9)
            if status is not None:
                status.update(f"reading ... {share:.0%}, {left:,.0f} s left")

        report = work(progress)
    if as_json:
        typer.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    elif not quiet:
        table = Table("report", "", box=None, pad_edge=False)
        for name, text in report.lines():
            table.add_row(escape(name), escape(text))
        _out.print(table)
        seconds = time.perf_counter() - begin
        # Not wrapped, to be copied.
        typer.echo(f"{out} written in {seconds:.1f} s")
        typer.echo(f"in a scenario: {key.format(out.as_posix())}")
