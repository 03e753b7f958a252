"""Styles of a run's layers for QGIS: `.qml` files that it loads by itself beside a raster."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from netmodel._pixel_maps import LAYERS
from netmodel.grids.cog import Color
from netmodel.maps import MAPS, norm_of

if TYPE_CHECKING:
    from matplotlib.colors import Colormap, Normalize

Float = NDArray[np.float64]

_QGIS = "3.22.0"  # whose form of style files this is
_N_STOPS = 11  # of an even ramp; QGIS runs straight between them
_LOG_FROM = 50.0  # ratio of the ends from which a ramp is logarithmic
_NOTHING = (230, 230, 230)  # gray of what is below a scale, as on the maps

# From the densest to the emptiest class, and from served to the worst reason.
_CLASS_COLORS = {
    "dense_urban": "#67000d", "urban": "#cb181d", "suburban": "#fc9272", "rural": "#fee0d2",
    "remote": "#f7f4ee", "served": "#1a9850", "quality": "#a6d96a", "overload": "#d73027",
    "partly_in_range": "#fee08b", "out_of_range": "#fdae61", "no_site": "#6a51a3",
}  # fmt: skip
_OTHERS = "#1f77b4 #ff7f0e #2ca02c #d62728 #9467bd #8c564b #e377c2 #7f7f7f #bcbd22 #17becf".split()


class Stop(NamedTuple):
    """A value, its color and what the legend says of it."""

    value: float
    color: Color
    label: str


@dataclass(frozen=True)
class Ramp:
    """Colors of numbers: straight between stops, or one up to each stop where `is_stepped`."""

    stops: tuple[Stop, ...]
    is_stepped: bool = False


@dataclass(frozen=True)
class Seen:
    """What a ramp is made from: where a layer is, and a sample of its values with its ends.

    Parameters
    ----------
    stage, name, unit : str
    sample : (value,)
        Without NaN.
    cell_km2 : float
        Area of a cell, for layers whose map is of a density.
    target_load : float
    zero_is_blank : bool
        Whether 0 fills what is outside, and is not drawn.
    """

    stage: str
    name: str
    unit: str
    sample: Float
    cell_km2: float = 1.0
    target_load: float = 1.0
    zero_is_blank: bool = False


def ramp_of(seen: Seen) -> Ramp:
    """The colors of the layer's map where it has one; else viridis over its 2-98 %."""
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, Normalize

    for layer in LAYERS:
        if (seen.stage, seen.name) == ("pixels", layer.name):
            steps = BoundaryNorm(layer.steps, 256, extend="both")
            return _steps(layer.steps, steps, colormaps[layer.colors], seen.unit)
    for spec in MAPS.values():
        if spec.stage != seen.stage or seen.name not in spec.variables:
            continue
        scale = seen.cell_km2 if spec.is_density else 1.0
        norm = norm_of(spec, seen.sample / scale, seen.target_load)
        colors = colormaps[spec.colors]
        if spec.steps:
            bounds = sorted({*spec.steps, seen.target_load})
            return _steps(bounds[1:], norm, colors, seen.unit)
        return _run(norm, colors, seen, scale, has_gray=spec.is_density)
    if seen.unit == "1" and seen.sample.size and 0 <= seen.sample.min() <= seen.sample.max() <= 1:
        return _run(Normalize(0.0, 1.0), colormaps["viridis"], seen)
    return _run(_usual_norm(seen), colormaps["viridis"], seen)


def _usual_norm(seen: Seen) -> "Normalize":
    """From the 2 to the 98 % of the values, of those above zero where none is below it."""
    from matplotlib.colors import LogNorm, Normalize

    value = seen.sample
    if value.size and value.min() >= 0.0 and (value > 0.0).any():
        value = value[value > 0.0]
    low, high = np.quantile(value, (0.02, 0.98)) if value.size else (0.0, 1.0)
    if low == high:
        return Normalize(float(low), float(low) + 1.0)
    norm = LogNorm if low > 0.0 and high > _LOG_FROM * low else Normalize
    return norm(float(low), float(high))


def _steps(bounds: Sequence[float], norm: "Normalize", colors: "Colormap", unit: str) -> Ramp:
    """A color up to each bound, and one beyond the last."""
    just_below = bounds[0] - 1e-9
    middles = [just_below, *((a + b) / 2 for a, b in pairwise(bounds)), bounds[-1]]
    labels = [f"up to {_words(bounds[0], unit)}"]
    labels += [f"{a:g} to {_words(b, unit)}" for a, b in pairwise(bounds)]
    labels += [f"above {_words(bounds[-1], unit)}"]
    shown = [_color(colors, norm, value) for value in middles]
    return Ramp(tuple(map(Stop, [*bounds, math.inf], shown, labels)), is_stepped=True)


def _run(
    norm: "Normalize", colors: "Colormap", seen: Seen, scale: float = 1.0, *, has_gray: bool = False
) -> Ramp:
    """Stops along a scale, times `scale`; gray at 0, and below the scale where `has_gray`."""
    values = _stop_values(norm)
    stops = [Stop(v * scale, _color(colors, norm, v), _words(v * scale, seen.unit)) for v in values]
    low, has_zero = stops[0].value, bool((seen.sample == 0.0).any())
    if low > 0.0 and (has_gray or has_zero):
        none = Stop(0.0, (*_NOTHING, 0 if seen.zero_is_blank else 255), "none")
        color = _NOTHING if has_gray else stops[0].color[:3]
        under = Stop(low * (1.0 - 1e-6), (*color, 255), f"below {_words(low, seen.unit)}")
        stops = [none, under, *stops]
    return Ramp(tuple(stops))


def _stop_values(norm: "Normalize") -> list[float]:
    """Values along a scale: evenly, or 1, 2 and 5 times powers of ten between its ends."""
    from matplotlib.colors import LogNorm

    low, high = float(norm.vmin or 0.0), float(norm.vmax or 0.0)
    if not isinstance(norm, LogNorm):
        return [float(v) for v in np.linspace(low, high, _N_STOPS)]
    powers = 10.0 ** np.arange(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    round_ones = np.outer(powers, (1.0, 2.0, 5.0)).ravel()
    inner = round_ones[(round_ones > low * 1.1) & (round_ones < high / 1.1)]
    return [low, *map(float, inner), high]


def _color(colors: "Colormap", norm: "Normalize", value: float) -> Color:
    """The color that a map has at a value."""
    shown = np.asarray(colors(norm([value]), bytes=True))[0]
    red, green, blue, _ = (int(c) for c in shown)
    return red, green, blue, 255


def _words(value: float, unit: str) -> str:
    """A number and its unit, as a legend says them."""
    number = f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"
    return number if unit == "1" else f"{number} {unit}"


def class_colors(names: Sequence[str]) -> dict[int, Color]:
    """A color by class, from 0 on; those of known names are always the same."""
    return {
        k: _rgb(_CLASS_COLORS.get(name, _OTHERS[k % len(_OTHERS)])) for k, name in enumerate(names)
    }


def identity_colors(values: Sequence[int]) -> dict[int, Color]:
    """A color by number, such that those in a row differ."""
    return {v: _rgb(_OTHERS[v % len(_OTHERS)]) for v in values}


def _rgb(text: str) -> Color:
    red, green, blue = (int(text[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue, 255


def ramp_qml(ramp: Ramp) -> str:
    """The style of a layer of numbers."""
    renderer = _renderer("singlebandpseudocolor")
    ends = {"minimumValue": _number(ramp.stops[0].value), "maximumValue": _number(_last(ramp))}
    renderer.set("classificationMin", ends["minimumValue"])
    renderer.set("classificationMax", ends["maximumValue"])
    kind = "DISCRETE" if ramp.is_stepped else "INTERPOLATED"
    shader = ElementTree.SubElement(
        ElementTree.SubElement(renderer, "rastershader"),
        "colorrampshader",
        {"colorRampType": kind, "classificationMode": "1", "clip": "0", **ends},
    )
    for stop in ramp.stops:
        shader.append(_entry("item", stop))
    # A continuous bar would be even where the stops are not.
    ElementTree.SubElement(shader, "rampLegendSettings", {"useContinuousLegend": "0"})
    return _document(renderer)


def palette_qml(colors: Mapping[int, Color], labels: Mapping[int, str]) -> str:
    """The style of a layer of classes."""
    renderer = _renderer("paletted")
    palette = ElementTree.SubElement(renderer, "colorPalette")
    for value, color in colors.items():
        palette.append(_entry("paletteEntry", Stop(value, color, labels.get(value, str(value)))))
    return _document(renderer)


def _last(ramp: Ramp) -> float:
    """The greatest finite stop."""
    return max(stop.value for stop in ramp.stops if math.isfinite(stop.value))


def _entry(tag: str, stop: Stop) -> ElementTree.Element:
    red, green, blue, opacity = stop.color
    return ElementTree.Element(
        tag,
        {
            "value": _number(stop.value),
            "color": f"#{red:02x}{green:02x}{blue:02x}",
            "alpha": str(opacity),
            "label": stop.label,
        },
    )


def _number(value: float) -> str:
    """A number as QGIS reads it: whole ones without a point, `inf` beyond all."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(float(value))


def _renderer(kind: str) -> ElementTree.Element:
    return ElementTree.Element(
        "rasterrenderer", {"type": kind, "band": "1", "alphaBand": "-1", "opacity": "1"}
    )


def _document(renderer: ElementTree.Element) -> str:
    """A style file of one renderer."""
    root = ElementTree.Element("qgis", {"version": _QGIS, "styleCategories": "AllStyleCategories"})
    pipe = ElementTree.SubElement(root, "pipe")
    pipe.append(renderer)
    ElementTree.SubElement(pipe, "brightnesscontrast", {"brightness": "0", "contrast": "0"})
    ElementTree.SubElement(pipe, "huesaturation", {"colorizeOn": "0", "saturation": "0"})
    ElementTree.SubElement(pipe, "rasterresampler", {"maxOversampling": "2"})
    ElementTree.SubElement(root, "blendMode").text = "0"
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"
