"""Figures of a run; matplotlib is imported inside the functions.

Every figure has a legend with its unit, a scale bar, province outlines, its source, and says
"synthesised" where the values are.
"""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel.grids.grid import Grid
from netmodel.grids.layers import grid_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Float = NDArray[np.float64]
_MAX_PIXELS = 1600  # on the longer side of a figure; larger grids are averaged


@dataclass(frozen=True)
class _Map:
    """What a map shows: the layer's stage and name, title, unit and colors."""

    stage: str
    variable: str
    title: str
    unit: str
    colors: str
    lowest: float


MAPS = {
    "population": _Map("population", "people", "Population", "people per km²", "viridis", 1.0),
    "site_density": _Map(
        "sites", "sites_5g", "5G base stations", "stations per km²", "inferno", 1e-2
    ),
    "demand_density": _Map(
        "demand", "demand_mbps", "Busy-hour downlink demand", "Mbit/s per km²", "cividis", 1e-2
    ),
}


def population(run: xr.DataTree, ax: "Axes | None" = None) -> "Axes":
    """Map of people per km2, on a logarithmic scale."""
    return _draw(run, MAPS["population"], ax)


def site_density(run: xr.DataTree, ax: "Axes | None" = None) -> "Axes":
    """Map of 5G base stations per km2 (averaged over the figure's pixels)."""
    return _draw(run, MAPS["site_density"], ax)


def demand_density(run: xr.DataTree, ax: "Axes | None" = None) -> "Axes":
    """Map of busy-hour downlink demand per km2, on a logarithmic scale."""
    return _draw(run, MAPS["demand_density"], ax)


def save_all(run: xr.DataTree, folder: Path) -> list[Path]:
    """Write a PNG for each map whose stage is in the run."""
    folder.mkdir(parents=True, exist_ok=True)
    out = []
    for name, spec in MAPS.items():
        if spec.stage in run.children:
            ax = _draw(run, spec, None)
            path = folder / f"{name}.png"
            _figure_of(ax).savefig(path, metadata={"Source": run.attrs.get("attribution", "")})
            out.append(path)
    return out


def _figure_of(ax: "Axes") -> "Figure":
    from matplotlib.figure import Figure

    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def _draw(run: xr.DataTree, spec: _Map, ax: "Axes | None") -> "Axes":
    """Draw one map."""
    people = run["population"].to_dataset()
    grid = grid_of(people)
    step = max(1, -(-max(grid.shape) // _MAX_PIXELS))
    ax = _new_axes(grid) if ax is None else ax
    density = _density(run, spec, grid, step)
    _image(ax, density, grid, spec)
    _outlines(ax, people.province_label.values[::step, ::step], grid)
    _scale_bar(ax, grid)
    _words(ax, run, spec, step)
    return ax


def _new_axes(grid: Grid) -> "Axes":
    """Axes of a new figure in the shape of the grid, without pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    aspect = min(max(grid.shape[0] / grid.shape[1], 0.5), 1.6)
    figure = Figure(figsize=(9.0, 7.2 * aspect + 1.2), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _density(run: xr.DataTree, spec: _Map, grid: Grid, step: int) -> Float:
    """Layer per km2, averaged over squares of `step` cells; NaN where nothing is known."""
    layer = run[spec.stage].to_dataset()[spec.variable]
    value = (layer.sum("network") if "network" in layer.dims else layer).values
    known = ~np.isnan(run["population"].to_dataset().people.values)
    area = np.broadcast_to(grid.area_km2(), grid.shape)
    total = _block_sums(np.where(known, value, 0.0), step)
    km2 = _block_sums(np.where(known, area, 0.0), step)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / np.where(km2 > 0.0, km2, np.nan))


def _block_sums(value: NDArray[np.generic], step: int) -> Float:
    """Sums over squares of `step` cells, the last ones cut at the edge."""
    rows, columns = (np.arange(0, n, step) for n in value.shape)
    by_row = np.add.reduceat(value, rows, axis=0, dtype=np.float64)
    return np.asarray(np.add.reduceat(by_row, columns, axis=1))


def _extent(grid: Grid) -> tuple[float, float, float, float]:
    """Left, right, bottom and top [km, or degrees on a geographic grid]."""
    left, bottom, right, top = grid.bounds
    unit = 1.0 if grid.crs.is_geographic else 1000.0
    return left / unit, right / unit, bottom / unit, top / unit


def _image(ax: "Axes", density: Float, grid: Grid, spec: _Map) -> None:
    """The layer in color on a logarithmic scale, with its bar."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    top = max(float(np.nanmax(density, initial=0.0)), 10.0 * spec.lowest)
    norm = LogNorm(vmin=spec.lowest, vmax=10.0 ** np.ceil(np.log10(top)))
    colors = colormaps[spec.colors]
    known = np.where(np.isnan(density), np.nan, 0.0)
    ax.imshow(known, extent=_extent(grid), cmap=ListedColormap(["#e6e6e6"]))
    shown = np.where(density >= spec.lowest, density, np.nan)
    image = ax.imshow(shown, extent=_extent(grid), cmap=colors, norm=norm, interpolation="nearest")
    bar = _figure_of(ax).colorbar(image, ax=ax, shrink=0.7, pad=0.02, extend="min")
    bar.set_label(f"{spec.title} [{spec.unit}]; gray: below {spec.lowest:g}")


def _outlines(ax: "Axes", label: NDArray[np.int32], grid: Grid) -> None:
    """Thin lines between provinces and around them."""
    edge = np.zeros(label.shape, np.bool_)
    edge[1:] |= label[1:] != label[:-1]
    edge[:, 1:] |= label[:, 1:] != label[:, :-1]
    ax.imshow(
        np.where(edge, 0.0, np.nan),
        extent=_extent(grid),
        cmap="Greys_r",
        alpha=0.6,
        interpolation="nearest",
        vmin=0.0,
        vmax=1.0,
    )


def _scale_bar(ax: "Axes", grid: Grid) -> None:
    """A bar of a round number of ground kilometers, true at the map's center."""
    left, right, bottom, top = _extent(grid)
    x, y = (grid.bounds[0] + grid.bounds[2]) / 2, (grid.bounds[1] + grid.bounds[3]) / 2
    if grid.crs.is_geographic:
        per_unit = np.cos(np.radians(y)) * 111.32
    else:
        per_unit = float(grid.distance_m(x - 500.0, y, x + 500.0, y)[0]) / 1000.0
    ground = (right - left) * per_unit / 5.0
    length = float(10.0 ** np.floor(np.log10(ground)))
    length *= max(k for k in (1, 2, 5) if k * length <= ground)
    x0, y0 = left + 0.04 * (right - left), bottom + 0.04 * (top - bottom)
    ax.plot(
        [x0, x0 + length / per_unit], [y0, y0], color="black", linewidth=3, solid_capstyle="butt"
    )
    ax.text(x0, y0 + 0.012 * (top - bottom), f"{length:g} km", fontsize=9)


def _words(ax: "Axes", run: xr.DataTree, spec: _Map, step: int) -> None:
    """Title, axes and source of a map."""
    layer = run[spec.stage][spec.variable]
    mark = " (synthesised)" if layer.attrs.get("status") == "synthesised" else ""
    ax.set_title(f"{spec.title}{mark}", loc="left", fontweight="bold")
    grid = grid_of(run["population"].to_dataset())
    unit = "degrees" if grid.crs.is_geographic else "km"
    ax.set_xlabel(f"{grid.crs.name if grid.crs.name != 'unknown' else 'grid'} easting [{unit}]")
    ax.set_ylabel(f"northing [{unit}]")
    ax.tick_params(labelsize=8)
    pixel = f", mean of {step} x {step} cells a pixel" if step > 1 else ""
    source = f"{run.attrs['title']}, netmodel {run.attrs['netmodel_version']}{pixel}"
    attribution = run.attrs.get("attribution", "")
    text = f"{source}. {attribution}" if attribution else source
    wrapped = "\n".join(textwrap.wrap(text, 150))
    _figure_of(ax).supxlabel(wrapped, x=0.01, ha="left", fontsize=6)
