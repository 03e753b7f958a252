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

from netmodel._pixel_maps import rsrp as rsrp
from netmodel._pixel_maps import sinr as sinr
from netmodel.grids.grid import Grid
from netmodel.grids.layers import grid_of
from netmodel.kernels.coarsen import block_greatest, block_means, block_sums

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

Float = NDArray[np.float64]
_MAP_LEFT, _MAP_WIDTH = 0.085, 0.77  # of the figure's width; the rest is the legend
_MAX_PIXELS = 1600  # on the longer side of a figure; larger grids are averaged


@dataclass(frozen=True)
class _Map:
    """What a map shows: the layers' stage and names, title, unit, colors, and the bar's words.

    Values run logarithmically from `lowest`, or from where the data begin if that is more; in
    `steps`, or evenly from 0 to 1, where there is no lowest. Layers with a density are divided
    by the pixel's area; of others the mean is shown, and of networks and layers the greatest.
    """

    stage: str
    variables: tuple[str, ...]
    title: str
    unit: str
    colors: str
    lowest: float | None = None
    steps: tuple[float, ...] = ()
    is_density: bool = True
    of_worst: bool = False
    bar: str = ""

    @property
    def quantity(self) -> str:
        """What the bar says; the title where nothing shorter is given."""
        return self.bar or self.title


MAPS = {
    "population": _Map("population", ("people",), "Population", "people per km²", "viridis", 1.0),
    "site_density": _Map(
        "sites", ("sites_5g",), "5G base stations", "stations per km²", "inferno_r", 1e-2
    ),
    "demand_density": _Map(
        "demand", ("demand_mbps",), "Busy-hour downlink demand", "Mbit/s per km²", "cividis", 1e-2
    ),
    "coverage_probability": _Map(
        "coverage",
        ("coverage_probability",),
        "5G coverage outdoors",
        "probability",
        "viridis",
        is_density=False,
        bar="coverage",
    ),
    "cell_load": _Map(
        "capacity",
        ("cell_load",),
        "Busy-hour load of the busiest network",
        "share of resources",
        "magma_r",
        1e-3,
        is_density=False,
        bar="load",
    ),
    "congestion": _Map(
        "capacity",
        ("cell_load", "uplink_load"),
        "Congestion: worst load, down- or uplink, of any network and cell",
        "share of resources",
        "YlOrRd",
        steps=(0.0, 0.1, 0.2, 0.35, 0.5, 0.85, 1.0),
        is_density=False,
        of_worst=True,
        bar="load",
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


def coverage_probability(run: xr.DataTree, ax: "Axes | None" = None) -> "Axes":
    """Map of the probability of coverage outdoors, mean of the inhabited cells of a pixel."""
    return _draw(run, MAPS["coverage_probability"], ax)


def cell_load(run: xr.DataTree, ax: "Axes | None" = None) -> "Axes":
    """Map of the busy-hour load of the busiest network, on a logarithmic scale."""
    return _draw(run, MAPS["cell_load"], ax)


def congestion(run: xr.DataTree, ax: "Axes | None" = None) -> "Axes":
    """Map of the greatest load, down- or uplink, in steps; the target load is one of them."""
    return _draw(run, MAPS["congestion"], ax)


def save_all(run: xr.DataTree, folder: Path) -> list[Path]:
    """Write a PNG for each map whose stage is in the run."""
    folder.mkdir(parents=True, exist_ok=True)
    base = _Base.of(run)
    out = []
    for name, spec in MAPS.items():
        if spec.stage in run.children:
            ax = _draw(run, spec, None, base)
            out.append(folder / f"{name}.png")
            source = run.attrs.get("attribution", "")
            _figure_of(ax).savefig(out[-1], metadata={"Source": source})
    return out


@dataclass(frozen=True)
class _Base:
    """What all maps of a run share, on the pixels of a figure.

    Parameters
    ----------
    grid : Grid
        Of the run.
    step : int
        Cells on the side of a pixel.
    km2 : (row, column)
        Area of the pixel's cells with data.
    edge : (row, column)
        Whether the pixel lies on the outline of a province.
    """

    grid: Grid
    step: int
    km2: Float
    edge: NDArray[np.bool_]

    @classmethod
    def of(cls, run: xr.DataTree) -> "_Base":
        """The base of a run's maps."""
        ds = run["population"].to_dataset()
        grid = grid_of(ds)
        step = max(1, -(-max(grid.shape) // _MAX_PIXELS))
        area = np.where(np.isnan(ds.people.values), np.nan, grid.area_km2())
        label = ds.province_label.values[::step, ::step]
        edge = np.zeros(label.shape, np.bool_)
        edge[1:] |= label[1:] != label[:-1]
        edge[:, 1:] |= label[:, 1:] != label[:, :-1]
        return cls(grid, step, block_sums(area.astype(np.float32), step), edge)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top [km, or degrees on a geographic grid]."""
        left, bottom, right, top = self.grid.bounds
        unit = 1.0 if self.grid.crs.is_geographic else 1000.0
        return left / unit, right / unit, bottom / unit, top / unit


def _figure_of(ax: "Axes") -> "Figure":
    from matplotlib.figure import Figure

    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    return figure


def _draw(run: xr.DataTree, spec: _Map, ax: "Axes | None", base: _Base | None = None) -> "Axes":
    """Draw one map."""
    base = _Base.of(run) if base is None else base
    ax = _new_axes(base) if ax is None else ax
    target = float(run["capacity"].attrs["target_load"]) if "capacity" in run.children else 1.0
    _image(ax, _pixels(run, spec, base), base, spec, target)
    _scale_bar(ax, base)
    _words(ax, run, spec, base)
    return ax


def _new_axes(base: _Base) -> "Axes":
    """Axes of a new figure in the shape of the grid, without pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    aspect = min(max(base.km2.shape[0] / base.km2.shape[1], 0.5), 1.6)
    width, margin_below, margin_above = 9.0, 0.9, 0.55
    height = _MAP_WIDTH * width * aspect + margin_below + margin_above
    figure = Figure(figsize=(width, height), dpi=150)
    FigureCanvasAgg(figure)
    tall = 1.0 - (margin_below + margin_above) / height
    box = (_MAP_LEFT, margin_below / height, _MAP_WIDTH, tall)
    return figure.add_axes(box)


def _pixels(run: xr.DataTree, spec: _Map, base: _Base) -> Float:
    """Layer per km2, or its mean, over the cells of a pixel; NaN where nothing is known.

    Negative where people are known and no value is: no people, or no network in reach of them.
    """
    layers = [run[spec.stage].to_dataset()[name] for name in spec.variables]
    if spec.is_density:
        layer = layers[0]
        value = (layer.sum("network") if "network" in layer.dims else layer).values
        total = block_sums(value.astype(np.float32, copy=False), base.step)
        return np.asarray(total / np.where(base.km2 > 0.0, base.km2, np.nan))
    inhabited = run["population"].people.values > 0.0
    over = block_greatest if spec.of_worst else block_means
    out = np.full(base.km2.shape, np.nan)
    for layer in layers:
        cells = layer.values.reshape((-1, *layer.shape[-2:]))
        out = np.fmax(out, over(cells, inhabited, base.step))
    anyone = block_sums(inhabited.astype(np.float32), base.step) > 0.0
    blank = np.where(anyone, _NO_NETWORK, _NO_PEOPLE)
    return np.where(np.isnan(out) & (base.km2 > 0.0), blank, out)


_NO_PEOPLE, _NO_NETWORK = -1.0, -2.0


def norm_of(spec: _Map, values: Float, target: float) -> "Normalize":
    """How values become colors."""
    from matplotlib.colors import BoundaryNorm, LogNorm, Normalize

    if spec.steps:
        return BoundaryNorm(sorted({*spec.steps, target}), 256)
    if spec.lowest is None:
        return Normalize(0.0, 1.0)
    if not spec.is_density:
        return LogNorm(spec.lowest, 1.0)
    seen = values[values >= spec.lowest]  # NaN is not
    bottom, top = np.quantile(seen, (0.01, 1.0)) if seen.size else (spec.lowest, spec.lowest)
    bottom = _round_number(float(bottom), up=False)
    return LogNorm(bottom, max(_round_number(float(top), up=True), 10.0 * bottom))


def _round_number(value: float, *, up: bool) -> float:
    """The next of 1, 2 and 5 times a power of ten."""
    steps = np.array([1.0, 2.0, 5.0, 10.0]) * 10.0 ** np.floor(np.log10(value))
    return float(steps[steps >= value][0] if up else steps[steps <= value][-1])


def _image(ax: "Axes", values: Float, base: _Base, spec: _Map, target: float) -> None:
    """The layer in color, province outlines over it, with its bar and its grays."""
    from matplotlib import colormaps

    norm, colors = norm_of(spec, values, target), colormaps[spec.colors]
    if spec.is_density:  # most of a country is below the scale: one gray, not the least color
        colors = colors.with_extremes(under=_gray(_NOTHING))
    pixels = _colored(values, norm, colors)
    on_edge = pixels[base.edge]
    is_dark = on_edge[:, :3].mean(axis=1, keepdims=True) < _DARK
    pixels[base.edge] = np.where(is_dark, on_edge // 2 + 110, on_edge // 5 * 2).astype(np.uint8)
    pixels[..., 3] = 255
    ax.imshow(pixels, extent=base.extent, interpolation="nearest")
    least = norm.vmin or 0.0
    below = bool(((values > 0.0) & (values < least)).any())
    above = bool((values > (norm.vmax or 1.0)).any())
    extend = {(1, 0): "min", (0, 1): "max", (1, 1): "both"}.get((below, above), "neither")
    _bar(ax, norm, colors, spec, target, extend)
    no_people, no_network = (bool((values == code).any()) for code in (_NO_PEOPLE, _NO_NETWORK))
    if spec.is_density and (below or bool((values == 0.0).any())):
        _legend(ax, f"below {least:g}" if below else "none", with_hatch=False)
    else:
        _legend(ax, "no people" if no_people else None, with_hatch=no_network)


def _colored(values: Float, norm: "Normalize", colors: "Colormap") -> NDArray[np.uint8]:
    """Values as red, green, blue and opacity; white where nothing is known."""
    pixels = np.full((*values.shape, 4), 255, np.uint8)
    shown = values >= 0.0  # NaN is not
    pixels[shown] = colors(norm(np.maximum(values[shown], _TINY)), bytes=True)
    pixels[values == _NO_PEOPLE, :3] = _NOTHING
    without = values == _NO_NETWORK
    pixels[without, :3] = np.where(_stripes(values.shape)[without, None], *_HATCH)
    return pixels


def _bar(
    ax: "Axes", norm: "Normalize", colors: "Colormap", spec: _Map, target: float, extend: str
) -> None:
    """The bar of colors, with an arrow where the map has values beyond it."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    side = ax.inset_axes((1.03, 0.05, 0.035, 0.9))
    bar = _figure_of(ax).colorbar(ScalarMappable(norm, colors), cax=side, extend=extend)
    if isinstance(norm, LogNorm) and (norm.vmax or 1.0) <= 1000.0 * (norm.vmin or 1.0):
        bar.locator = LogLocator(subs=(1.0, 2.0, 5.0))
        bar.formatter = StrMethodFormatter("{x:g}")
        bar.update_ticks()
    at_target = f"; congested above {target:g}" if spec.steps else ""
    bar.set_label(f"{spec.quantity} [{spec.unit}]{at_target}")


_TINY = 1e-12  # for the logarithm of nothing
_NOTHING = 230  # gray of no people, or too few to show
_HATCH = (135, 185)  # grays of the stripes where no network is in reach


def _gray(level: int) -> str:
    """Matplotlib's name of a gray from 0 to 255."""
    return str(level / 255.0)


def _stripes(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Diagonal stripes, some 200 across the longer side."""
    row, column = np.ogrid[: shape[0], : shape[1]]
    period = max(2, round(max(shape) / 200))
    return np.asarray((row + column) % period < period // 2)


def _legend(ax: "Axes", nothing: str | None, *, with_hatch: bool) -> None:
    """What the grays of a map mean, below its right corner."""
    from matplotlib.patches import Patch

    patches = [Patch(facecolor=_gray(_NOTHING), edgecolor="gray", label=nothing)] if nothing else []
    if with_hatch:
        dark, light = (_gray(level) for level in _HATCH)
        hatched = Patch(facecolor=light, edgecolor=dark, hatch="/////", label="no network in reach")
        patches.append(hatched)
    if patches:
        legend = ax.legend(handles=patches, loc="upper right", ncols=len(patches), fontsize=8)
        legend.set_bbox_to_anchor((1.0, -0.03))
        legend.set_frame_on(False)


_DARK = 90  # mean of red, green and blue under which an outline is light instead of dark


def _scale_bar(ax: "Axes", base: _Base) -> None:
    """A bar of a round number of ground kilometers, true at the map's center."""
    left, right, bottom, top = base.extent
    bounds = base.grid.bounds
    x, y = (bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2
    if base.grid.crs.is_geographic:
        per_unit = np.cos(np.radians(y)) * 111.32
    else:
        per_unit = float(base.grid.distance_m(x - 500.0, y, x + 500.0, y)[0]) / 1000.0
    length = _round_number((right - left) * per_unit / 5.0, up=False)
    x0, y0 = left + 0.04 * (right - left), bottom + 0.04 * (top - bottom)
    ends = [x0, x0 + length / per_unit]
    ax.plot(ends, [y0, y0], color="black", linewidth=3, solid_capstyle="butt")
    ax.text(x0, y0 + 0.012 * (top - bottom), f"{length:g} km", fontsize=9)


def _words(ax: "Axes", run: xr.DataTree, spec: _Map, base: _Base) -> None:
    """Title, axes and source of a map."""
    layer = run[spec.stage].to_dataset()[spec.variables[0]]
    mark = " (synthesised)" if layer.attrs.get("status") == "synthesised" else ""
    label = run.attrs["title"].removeprefix("netmodel run of ")
    threshold = str(run[spec.stage].attrs.get("threshold", "")).replace(">=", "≥")
    title = f"{spec.title}, {threshold}" if threshold else spec.title
    ax.set_title(f"{title}{mark}\n{label}", loc="left", fontsize=11, fontweight="bold")
    crs = base.grid.crs
    unit = "degrees" if crs.is_geographic else "km"
    ax.set_xlabel(f"{base.grid.name}, easting [{unit}]", loc="left")
    ax.set_ylabel(f"northing [{unit}]")
    ax.tick_params(labelsize=8)
    how = "worst" if spec.of_worst else "mean"
    pixel = f", {how} of {base.step} x {base.step} cells a pixel" if base.step > 1 else ""
    source = f"{run.attrs['title']}, netmodel {run.attrs['netmodel_version']}{pixel}"
    attribution = run.attrs.get("attribution", "")
    text = f"{source}. {attribution}" if attribution else source
    wrapped = "\n".join(textwrap.wrap(text, 165))
    _figure_of(ax).supxlabel(wrapped, x=0.01, y=0.01, ha="left", fontsize=6)
