"""`netmodel export`: a finished run as files that a GIS opens."""

from pathlib import Path
from typing import Annotated

import typer

from netmodel._cli_progress import progress as progress_of_layers
from netmodel.errors import InputError

_WIDTH = 40  # of the names of layers in the progress


def export(
    run: Annotated[Path, typer.Argument(help="folder of a finished run")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="folder to write; default RUN/gis")
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            help="names with commas: cell_load, capacity/cell_load, zones, sites; default all"
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace an export that is already there")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="print errors only")] = False,
) -> None:
    """Write a run as GeoTIFF, GeoPackage and GeoParquet, styled for QGIS.

    A GeoTIFF a layer and network, equal to run.zarr cell for cell, cloud-optimized.

    QGIS styles it by the .qml beside it: drag the .tif into a project.

    zones.gpkg: provinces, and counties or your own polygons, with the tables' columns.

    sites.gpkg: sectors, the stations of your list, or cells with synthesised ones.

    The folder appears when it is whole; after a kill the same command resumes.
    """
    from netmodel._export import export as export_run

    names = None if layers is None else [n.strip() for n in layers.split(",") if n.strip()]
    if names == []:
        raise InputError(f"--layers {layers!r}: no name in it; leave it out for all layers")
    with progress_of_layers(show=not quiet, width=_WIDTH) as progress:
        files = export_run(run, out, layers=names, overwrite=overwrite, progress=progress)
    if not quiet:
        typer.echo(_last_line(files, out if out is not None else run / "gis"))


def _last_line(files: list[Path], place: Path) -> str:
    """Where the files are, how many, and how large."""
    endings = [path.suffix for path in files]
    rasters, packages = endings.count(".tif"), endings.count(".gpkg")
    size = sum(path.stat().st_size for path in files) / 1e6
    said = f"{rasters} layers (.tif with .qml)" if rasters else ""
    vectors = f"{packages} GeoPackages with their GeoParquet" if packages else ""
    return f"{place}: {' and '.join(filter(None, (said, vectors)))}, {size:,.1f} MB"
