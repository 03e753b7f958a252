"""Maps of the explicit mode's pixels: power and quality of the best server."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from netmodel.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Attributes = Mapping[Any, Any]

_MOST = 1600  # pixels on the longer side of a figure; of larger grids every nth is shown


@dataclass(frozen=True)
class _Layer:
    """Name, title, unit, and steps of a layer's colors."""

    name: str
    title: str
    unit: str
    steps: tuple[float, ...]
    colors: str


# Classes of SS-RSRP after models.md B.3; of SINR about the ends of the rate tables.
LAYERS = (
    _Layer("rsrp_dbm", "SS-RSRP of the best server", "dBm", (-125, -115, -105, -95, -85, -75, -65),
           "viridis"),
    _Layer("sinr_db", "SINR of the best server", "dB", (-10, -5, 0, 5, 10, 15, 20, 25, 30),
           "cividis"),
)  # fmt: skip


def rsrp(run: xr.DataTree, carrier: int = 0, ax: "Axes | None" = None) -> "Axes":
    """Map of the best server's SS-RSRP at the pixels of an explicit run."""
    return _of_run(run, "rsrp_dbm", carrier, ax)


def sinr(run: xr.DataTree, carrier: int = 0, ax: "Axes | None" = None) -> "Axes":
    """Map of the best server's SINR at the pixels of an explicit run."""
    return _of_run(run, "sinr_db", carrier, ax)


def _of_run(run: xr.DataTree, name: str, carrier: int, ax: "Axes | None") -> "Axes":
    if "pixels" not in run.children:
        raise InputError('the run has no pixels; run a scenario with [radio] mode = "explicit"')
    return _drawn(run["pixels"].to_dataset(), run.attrs, name, carrier, ax)


def _drawn(
    pixels: xr.Dataset, about: Attributes, name: str, carrier: int, ax: "Axes | None" = None
) -> "Axes":
    """Map of a layer of one carrier; `about` are the attributes of the run.

    Raises
    ------
    InputError
        A layer that the run did not keep.
    """
    if name not in pixels:
        kept = ", ".join(map(str, pixels.data_vars))
        raise InputError(f"the run keeps no {name}; it has {kept}; see [radio] layers")
    layer = next(one for one in LAYERS if one.name == name)
    rows, columns = (pixels.sizes[d] for d in ("y", "x"))
    step = max(-(-max(rows, columns) // _MOST), 1)
    shown = pixels[name].isel(carrier=carrier, y=slice(None, None, step), x=slice(None, None, step))
    ax = _axes(rows / columns) if ax is None else ax
    _image(ax, shown, layer)
    carriers = pixels["carrier"].attrs["flag_meanings"].split()
    every = f", one in {step} each way shown" if step > 1 else ""
    side = float(pixels.attrs["resolution_m"])
    mark = " (synthesised)" if shown.attrs.get("status") == "synthesised" else ""
    label = str(about.get("title", "")).removeprefix("netmodel run of ")
    ax.set_title(f"{layer.title}, {carriers[carrier]}{mark}\n{label}; pixels of {side:g} m{every}")
    words = f"{about.get('title', '')}. {about.get('attribution', '')}"
    ax.figure.supxlabel("\n".join(textwrap.wrap(words, 150)), x=0.01, ha="left", fontsize=6)
    ax.set_xlabel("x of the run grid [km]")
    ax.set_ylabel("y of the run grid [km]")
    return ax


def _axes(aspect: float) -> "Axes":
    """Axes of a new figure, without pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 7.0 * min(max(aspect, 0.5), 1.5) + 1.2), dpi=150)
    FigureCanvasAgg(figure)
    figure.set_layout_engine("constrained")
    return figure.add_subplot()


def _image(ax: "Axes", shown: xr.DataArray, layer: _Layer) -> None:
    """The layer in steps of color, and its bar."""
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm

    value, x, y = shown.values, shown.x.values / 1e3, shown.y.values / 1e3
    known = np.isfinite(value)
    if known.any():  # the frame around what is known
        rows, columns = (np.flatnonzero(known.any(axis=axis)) for axis in (1, 0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        value, y, x = value[part], y[part[0]], x[part[1]]
    half = abs(float(shown.x[1] - shown.x[0])) / 2e3 if shown.sizes["x"] > 1 else 0.5
    norm = BoundaryNorm(layer.steps, 256, extend="both")
    extent = (x[0] - half, x[-1] + half, y[-1] - half, y[0] + half)
    image: Any = ax.imshow(
        value, extent=extent, norm=norm, cmap=colormaps[layer.colors], interpolation="nearest"
    )
    ax.set_facecolor("0.92")
    bar = ax.figure.colorbar(image, ax=ax, extend="both", shrink=0.8)
    bar.set_label(f"{layer.title} [{layer.unit}]; gray is not computed or not served")


def save_all(pixels: xr.Dataset, about: Attributes, folder: Path) -> list[Path]:
    """Write a PNG for each layer and carrier that has a map."""
    out = []
    for layer in LAYERS:
        if layer.name not in pixels:
            continue
        for k, carrier in enumerate(pixels["carrier"].attrs["flag_meanings"].split()):
            ax = _drawn(pixels, about, layer.name, k)
            out.append(folder / f"{layer.name.split('_')[0]}_{carrier}.png")
            figure: Any = ax.figure
            figure.savefig(out[-1])
    return out
