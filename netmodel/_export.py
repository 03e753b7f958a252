"""A run's layers, zones and sites as files of a GIS."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel._export_folder import ExportFolder
from netmodel._gis_vectors import LEVELS, sites, write_vectors, zone_rows, zones
from netmodel._stages import Clock, Progress
from netmodel._styles import (
    Seen,
    class_colors,
    identity_colors,
    palette_qml,
    ramp_of,
    ramp_qml,
)
from netmodel.errors import InputError
from netmodel.grids.cog import BLOCK, Band, Moments, Window, write_cog
from netmodel.grids.layers import grid_of
from netmodel.grids.windows import windows_of
from netmodel.store import open_run, read_state, write_text

FOLDER = "gis"  # in the run's, by default
_SIDE = 2 * BLOCK  # of the windows that are copied, at least
_SAMPLE = 250_000  # values of a layer that a ramp is made from, about
_NO_CLASS = 255  # nodata of classes, which are bytes so that they can carry colors
_MOST_COLORS = 1024  # of sectors; more are a ramp
_LABELS = {label: level for level, label in LEVELS.items()}  # table of each layer of labels
_NUMBERED = {*_LABELS, "server"}  # layers of numbers of something, -1 for none


@dataclass(frozen=True)
class Layer:
    """One layer of cells of a run: a variable, of one network or carrier where it has those.

    Parameters
    ----------
    stage, name : str
    part : str
        The network or carrier, or empty.
    array : (row, column)
        Read from the store by windows only.
    path : str
        Of its files in the folder, without an ending.
    """

    stage: str
    name: str
    part: str
    array: xr.DataArray
    path: str

    @property
    def meanings(self) -> list[str]:
        """Names of the classes; empty for a layer of numbers."""
        return str(self.array.attrs.get("flag_meanings", "")).split()


def export(
    run_folder: str | Path,
    out: str | Path | None = None,
    *,
    layers: Sequence[str] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Write a finished run as files that a GIS opens: layers, zones and sites.

    Parameters
    ----------
    run_folder : path
        As `netmodel run` leaves it.
    out : path, optional
        Folder to write; by default `gis` in the run's. It appears when it is whole; after a
        kill the same call resumes.
    layers : sequence of str, optional
        Names of variables ("cell_load"), with their stage ("capacity/cell_load") or network
        ("capacity/cell_load_mobile") to be closer; "zones" and "sites". By default all.
    overwrite : bool
        Whether an export that is there is replaced. Files that are not of an export never are.
    progress : callable, optional
        Called with the name of each layer and the seconds it took, NaN when it begins.

    Returns
    -------
    list of Path
        A cloud-optimized GeoTIFF a layer, equal to the store cell for cell, with a style
        (`.qml`) beside it; zones.gpkg and sites.gpkg, and the same as GeoParquet.

    Raises
    ------
    InputError
        A folder that is no run, an unknown layer, a place that is taken.

    Examples
    --------
    >>> import netmodel as nm
    >>> nm.export("out/", layers=["cell_load", "zones"])  # doctest: +SKIP
    """
    source = Path(run_folder)
    run = open_run(source)
    every = layers_of(run)
    wanted, vectors = _chosen(every, layers, has_sites="sites" in run.children)
    mark = json.dumps([read_state(source).get("fingerprint"), version("netmodel"), layers])
    folder = ExportFolder(out if out is not None else source / FOLDER, mark, overwrite=overwrite)
    try:
        return folder.finish(_files(run, source, wanted, vectors, folder.partial, progress))
    except Exception:  # any error; what interrupts is none of these
        folder.discard()
        raise


def layers_of(run: xr.DataTree) -> list[Layer]:
    """Every layer of cells of a run, a network or carrier each."""
    out: list[Layer] = []
    for stage, group in run.children.items():
        for name, array in group.to_dataset().data_vars.items():
            if array.dims[-2:] == ("y", "x"):
                out += _parts(stage, str(name), array)
    return out


def _parts(stage: str, name: str, array: xr.DataArray) -> list[Layer]:
    """The layers of a variable."""
    if array.ndim == 2:
        return [Layer(stage, name, "", array, f"{stage}/{name}")]
    names = _part_names(array, array.dims[0])
    shown = _safe(names)
    return [
        Layer(stage, name, part, array[k], f"{stage}/{name}_{shown[k]}")
        for k, part in enumerate(names)
    ]


def _part_names(array: xr.DataArray, dim: Any) -> list[str]:
    """Networks or carriers along a dimension, by number where the store does not name them."""
    size = array.sizes[dim]
    names = str(array[dim].attrs.get("flag_meanings", "") if dim in array.coords else "").split()
    return names if len(names) == size else [f"{dim}_{k}" for k in range(size)]


def _safe(names: list[str]) -> list[str]:
    """Names that any file system takes, and none of them twice."""
    out = [re.sub(r"[^\w-]", "", name) for name in names]
    folded = [name.casefold() for name in out]
    if all(folded) and len(set(folded)) == len(names):
        return out
    return [f"{k}_{name}".rstrip("_") for k, name in enumerate(out)]


def _chosen(
    every: list[Layer], names: Sequence[str] | None, *, has_sites: bool
) -> tuple[list[Layer], list[str]]:
    """The layers and the kinds of vectors that are asked for."""
    vectors = ["zones", "sites"] if has_sites else ["zones"]
    if names is None:
        return every, vectors
    wanted: list[Layer] = []
    for name in names:
        found = [one for one in every if name in (one.name, f"{one.stage}/{one.name}", one.path)]
        if not found and name not in vectors:
            known = ", ".join([*dict.fromkeys(f"{o.stage}/{o.name}" for o in every), *vectors])
            raise InputError(f"layers: the run has no {name!r}; it has {known}")
        wanted += [one for one in found if one not in wanted]
    return wanted, [name for name in vectors if name in names]


def _files(
    run: xr.DataTree,
    source: Path,
    wanted: list[Layer],
    vectors: list[str],
    folder: Path,
    progress: Progress | None,
) -> list[Path]:
    """Write everything into a folder; the files that are there after it."""
    clock, out = Clock(progress), list[Path]()
    for layer in wanted:
        with clock.step(layer.path):
            out += _layer_files(layer, run, source, folder)
    for kind in vectors:
        with clock.step(kind):
            out += write_vectors(_frames(kind, run, source), folder / f"{kind}.gpkg", _about(run))
    return out


def _frames(kind: str, run: xr.DataTree, source: Path) -> dict[str, Any]:
    """Layers of a GeoPackage by name."""
    if kind == "zones":
        return {level: zones(run, source, level) for level in LEVELS}
    return {kind: sites(run, source)}


def _about(run: xr.DataTree) -> dict[str, str]:
    """Where the files come from; what is not known is left out."""
    said = {
        "title": str(run.attrs.get("title", "")),
        "attribution": str(run.attrs.get("attribution", "")),
        "software": f"netmodel {run.attrs.get('netmodel_version', '')}".strip(),
    }
    return {name: text for name, text in said.items() if text}


def _layer_files(layer: Layer, run: xr.DataTree, source: Path, folder: Path) -> list[Path]:
    """Write a layer and its style, unless an interrupted export has."""
    tif, qml = (folder / f"{layer.path}.{ending}" for ending in ("tif", "qml"))
    if not (tif.exists() and qml.exists()):
        tif.parent.mkdir(exist_ok=True)
        grid, band = grid_of(run[layer.stage].to_dataset()), _band(layer)
        sample = _Sample(layer, band)
        dtype = np.uint8 if layer.meanings else layer.array.dtype
        found = write_cog(tif, grid, dtype, sample.passed(), band=band, tags=_tags(layer, run))
        cell = grid.crop(slice(grid.shape[0] // 2, grid.shape[0] // 2 + 1), slice(0, 1))
        km2 = float(cell.area_km2()[0, 0])
        write_text(qml, _style(layer, run, source, sample, found, km2))
    return [tif, qml]


def _band(layer: Layer) -> Band:
    """Unit, nodata, colors and words of a layer."""
    attrs, names = layer.array.attrs, layer.meanings
    said = {"variable": layer.name, "stage": layer.stage, "part": layer.part}
    said |= {"status": str(attrs.get("status", "")), "flag_meanings": " ".join(names)}
    if names:
        said["flag_values"] = " ".join(map(str, range(len(names))))
    nodata: float | None = None
    if layer.array.dtype.kind == "f":
        nodata, resampling = np.nan, "average"
    elif names:
        nodata, resampling = _NO_CLASS, "mode"
    elif layer.name in _NUMBERED:
        nodata, resampling = -1, "mode"
    else:
        resampling = "nearest"
    return Band(
        description=_description(layer),
        unit=str(attrs.get("units", "")),
        nodata=nodata,
        resampling=resampling,
        colors=class_colors(names) if names else None,
        tags={name: text for name, text in said.items() if text},
    )


def _description(layer: Layer) -> str:
    """What a layer is, of which network, and whether it is synthesised."""
    text = str(layer.array.attrs.get("long_name", layer.name))
    text = f"{layer.part}: {text}" if layer.part else text
    status = layer.array.attrs.get("status")
    return f"{text} ({status})" if status else text


def _tags(layer: Layer, run: xr.DataTree) -> dict[str, str]:
    """The tags of TIFF that say where a file comes from."""
    about = _about(run)
    said = {"TIFFTAG_IMAGEDESCRIPTION": f"{about.get('title', '')}: {_description(layer)}"}
    names = {"TIFFTAG_COPYRIGHT": "attribution", "TIFFTAG_SOFTWARE": "software"}
    return said | {tag: about[name] for tag, name in names.items() if name in about}


class _Sample:
    """A layer's windows on their way to a file, and some of their values for its style."""

    def __init__(self, layer: Layer, band: Band) -> None:
        self._layer, self._band = layer, band
        self._step = max(round((layer.array.size / _SAMPLE) ** 0.5), 1)
        self._values: list[NDArray[Any]] = []

    def passed(self) -> Iterator[Window]:
        """The windows of the layer, read one by one."""
        for row, column, part in _windows(self._layer.array):
            if self._layer.meanings:
                part = np.where(part < 0, _NO_CLASS, part).astype(np.uint8)
            self._values.append(part[:: self._step, :: self._step].ravel())
            yield row, column, part

    def values(self, found: Moments) -> NDArray[np.float64]:
        """Values that are known, the least and the greatest of all among them."""
        ends = [found.least, found.greatest] if found.count else []
        value = np.concatenate([*self._values, np.array(ends)]).astype(np.float64)
        known = ~np.isnan(value)
        if self._band.nodata is not None:
            known &= value != self._band.nodata
        return np.asarray(value[known])


def _windows(array: xr.DataArray) -> Iterable[Window]:
    """Parts of a layer in whole chunks of its store."""
    chunk = int((array.encoding.get("chunks") or (_SIDE,))[-1])
    side = chunk * -(-_SIDE // chunk)
    for rows, columns in windows_of((array.shape[0], array.shape[1]), (side, side), side**2):
        yield rows.start, columns.start, array[rows, columns].values


def _style(
    layer: Layer, run: xr.DataTree, source: Path, sample: _Sample, found: Moments, km2: float
) -> str:
    """The style of a layer: its classes, its numbered things, or a ramp."""
    if layer.meanings:
        return palette_qml(class_colors(layer.meanings), dict(enumerate(layer.meanings)))
    labels = _numbered(layer, run, source, found)
    if labels is not None:
        return palette_qml(identity_colors(list(labels)), labels)
    capacity = run["capacity"].attrs if "capacity" in run.children else {}
    seen = Seen(
        stage=layer.stage,
        name=layer.name,
        unit=str(layer.array.attrs.get("units", "")),
        sample=sample.values(found),
        cell_km2=km2,
        target_load=float(capacity.get("target_load", 1.0)),
        # Counts have no nodata, and expected stations are 0 outside the area.
        zero_is_blank=layer.array.dtype.kind != "f" or layer.stage == "sites",
    )
    return ramp_qml(ramp_of(seen))


def _numbered(
    layer: Layer, run: xr.DataTree, source: Path, found: Moments
) -> Mapping[int, str] | None:
    """What the numbers of a layer stand for; None if they are no numbers, or too many."""
    if layer.name in _LABELS:
        rows = zone_rows(run, source, _LABELS[layer.name])
        named = zip(rows.index, rows["code"], rows["name_en"], strict=True)
        return {int(k): code if code == name else f"{code} {name}" for k, code, name in named}
    if layer.name != "server" or found.greatest >= _MOST_COLORS:
        return None
    return {k: f"sector {k}" for k in range(int(max(found.greatest, -1)) + 1)}
