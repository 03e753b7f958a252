"""What a path loss depends on besides distance: models, their ranges, and what goes together."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from netmodel.errors import InputError
from netmodel.kernels import clutter as clutters
from netmodel.kernels import hata
from netmodel.kernels import propagation as formulas

Range = tuple[float, float]
STATES = ("los", "nlos", "mean_gain")
ENVIRONMENTS = ("urban", "suburban", "open")
CITIES = ("small", "large")
ENTRIES = {"low": "TR 38.901", "high": "TR 38.901", "traditional": "P.2109", "efficient": "P.2109"}


class ClutterSource(StrEnum):
    """What accounts for the clutter of a link: one mechanism only (models.md A.0)."""

    MODEL = "model"
    PROFILE = "profile"
    P2108 = "p2108"
    NONE = "none"


@dataclass(frozen=True)
class Model:
    """A model's source, ranges, mast (default, and the only one of its table) and options."""

    source: str
    code: int
    frequency_ghz: Range
    distance_m: Range
    h_bs_m: Range
    h_ut_m: Range
    mast_m: float | None
    has_table_mast: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Link:
    """All that a loss depends on besides distance, checked; None or NaN does not enter."""

    name: str
    model: Model
    frequency_ghz: float
    h_bs_m: float | None
    h_ut_m: float
    state: str | None
    environment: str | None
    city: str | None
    street_width_m: float
    building_height_m: float
    clutter: ClutterSource
    clutter_type: str | None
    entry: str | None
    percent: float


_HEIGHTS: Range = (0.1, 10_000.0)
_TR = "TR 38.901 "
MODELS = {
    "free_space": Model(
        "free space (P.525)", 0, (0.03, 300.0), (0.0, 1e6), _HEIGHTS, _HEIGHTS, None
    ),
    "uma": Model(
        _TR + "UMa", formulas.UMA, (0.5, 100.0), (0.0, 5000.0), (10.0, 60.0), (1.5, 22.5), 25.0,
        True, ("state",),
    ),
    "umi": Model(
        _TR + "UMi", formulas.UMI, (0.5, 100.0), (0.0, 5000.0), (5.0, 15.0), (1.5, 22.5), 10.0,
        True, ("state",),
    ),
    "rma": Model(
        _TR + "RMa", formulas.RMA, (0.5, 30.0), (0.0, 10_000.0), (10.0, 150.0), (1.0, 10.0), 35.0,
        False, ("state", "street_width_m", "building_height_m"),
    ),
    "okumura_hata": Model(
        "Okumura-Hata", hata.OKUMURA_HATA, (0.15, 1.5), (1000.0, 20_000.0), (30.0, 200.0),
        (1.0, 10.0), 30.0, False, ("environment", "city"),
    ),
    "cost231_hata": Model(
        "COST 231 Hata", hata.COST231_HATA, (1.5, 2.0), (1000.0, 20_000.0), (30.0, 200.0),
        (1.0, 10.0), 30.0, False, ("city",),
    ),
    "extended_hata": Model(
        "extended Hata (SM.2028)", hata.EXTENDED_HATA, (0.03, 3.0), (0.0, 40_000.0),
        (30.0, 200.0), (1.0, 10.0), 30.0, False, ("environment",),
    ),
}  # fmt: skip
# Codes and heights of P.2108 table 3.
CLUTTER_TYPES = {
    "water": (clutters.WATER, 10.0),
    "open": (clutters.OPEN, 10.0),
    "suburban": (clutters.SUBURBAN, 10.0),
    "urban": (clutters.URBAN, 15.0),
    "trees": (clutters.TREES, 15.0),
    "dense_urban": (clutters.DENSE_URBAN, 20.0),
}
_RMA_NLOS_M = 5000.0
_P2108_MIN_M = 250.0
_ENTRY_GHZ = {"TR 38.901": (0.5, 100.0), "P.2109": (0.08, 100.0)}
_REMEDIES = {
    "frequency_ghz": "give it in GHz",
    "distance_m": "give meters along the ground",
    "percent": "give a share of places that lies between",
}


def link_of(
    model: str, frequency_ghz: float, h_bs_m: float | None, h_ut_m: float, **given: Any
) -> Link:
    """A link as asked for, where all of it has a meaning and is in range."""
    m = MODELS[known("model", model, MODELS)]
    source = _clutter_source(m, given.pop("clutter"))
    entry = _entry(model, given.pop("entry"))
    used = _used(m, source, given["clutter_type"], entry)
    _refuse_unused(m, used, given)
    street_m, building_m = _surroundings(given)
    link = Link(
        name=model,
        model=m,
        frequency_ghz=_in_model("frequency_ghz", frequency_ghz, m),
        h_bs_m=m.mast_m if h_bs_m is None else _in_model("h_bs_m", h_bs_m, m),
        h_ut_m=_in_model("h_ut_m", h_ut_m, m),
        state=_option(m, "state", given["state"], STATES, "nlos"),
        environment=_option(m, "environment", given["environment"], ENVIRONMENTS, "urban"),
        city=_option(m, "city", given["city"], CITIES, "small"),
        street_width_m=street_m,
        building_height_m=building_m,
        clutter=source,
        clutter_type=given["clutter_type"],
        entry=entry,
        percent=_percent(given["percent"]) if "percent" in used else math.nan,
    )
    _check_additions(link)
    return link


def distance_limits(link: Link) -> tuple[Range, str]:
    """Distances in the range of all that is used, and the source of the narrower end."""
    low, high = link.model.distance_m
    if link.name == "rma" and link.state != "los":
        return (low, _RMA_NLOS_M), f"{link.model.source} without line of sight"
    if link.clutter == ClutterSource.P2108 and link.clutter_type is None:
        return (_P2108_MIN_M, high), "P.2108 3.2"
    return (low, high), link.model.source


def others(m: Model, name: str, value: float) -> str:
    """Remedy for a value out of a model's range: models that have it in theirs, if any do."""
    fitting = [
        other
        for other, entry in MODELS.items()
        if other != "free_space" and entry is not m and _lies(value, getattr(entry, name))
    ]
    return f"it is in the range of {', '.join(fitting)}" if fitting else ""


def known(name: str, value: object, words: Iterable[str]) -> str:
    """One of the known words."""
    if not isinstance(value, str) or value not in words:
        raise InputError(f"{name} {shown(value)} is unknown; known: {', '.join(words)}")
    return str(value)


def shown(value: object) -> str:
    """A value in a message of one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def within(name: str, value: float, limits: Range, source: str, remedy: str = "") -> float:
    """A number within the limits of a source."""
    number = _number(name, value)
    if not _lies(number, limits):
        remedy = remedy or _REMEDIES.get(name, "give meters above ground")
        raise InputError(
            f"{name} must be in {limits[0]:g}-{limits[1]:g} for {source}, got {number:g}; {remedy}"
        )
    return number


def _number(name: str, value: float) -> float:
    """A number."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name} {shown(value)} is no number; give one") from error


def _lies(value: float, limits: Range) -> bool:
    """Whether a number lies within limits; NaN lies nowhere."""
    return limits[0] <= value <= limits[1]


def _in_model(name: str, value: float, m: Model) -> float:
    """A number within a model's range."""
    number = _number(name, value)
    return within(name, number, getattr(m, name), m.source, others(m, name, number))


def _option(
    m: Model, name: str, value: str | None, words: tuple[str, ...], default: str
) -> str | None:
    """An option of the model's own, or None where it has no such option."""
    if name not in m.options:
        return None
    return default if value is None else known(name, value, words)


def _clutter_source(m: Model, clutter: ClutterSource | str | None) -> ClutterSource:
    """The one mechanism that accounts for clutter (models.md A.0, pitfall 7)."""
    is_bare = m is MODELS["free_space"]
    own = ClutterSource.NONE if is_bare else ClutterSource.MODEL
    source = (
        own if clutter is None else ClutterSource(known("clutter", clutter, list(ClutterSource)))
    )
    if source == own or (is_bare and source == ClutterSource.P2108):
        return source
    reason = "clutter is in its losses, and a second time would be 15-30 dB too much"
    if is_bare:
        reason = "it has neither clutter nor a profile"
    elif source == ClutterSource.NONE:
        reason = "clutter cannot be taken out of its losses"
    remedy = "'p2108' or nothing" if is_bare else "nothing, or add 'p2108' to free_space"
    raise InputError(
        f"clutter {str(source)!r} does not go with {m.source}: {reason}; give {remedy}"
    )


def _entry(model: str, entry: str | None) -> str | None:
    """Kind of building, or None for outdoors."""
    if model == "rma" and entry == "high":
        raise InputError(
            "entry 'high' does not go with TR 38.901 RMa, whose buildings are of low loss (7.4.3); "
            "give 'low', or 'efficient' for P.2109"
        )
    return None if entry is None else known("entry", entry, ENTRIES)


def _used(m: Model, source: ClutterSource, clutter_type: str | None, entry: str | None) -> set[str]:
    """Options that have a meaning in what was asked for."""
    used = set(m.options)
    if source == ClutterSource.P2108:
        used.add("clutter_type")
        used |= {"street_width_m", "building_height_m"} if clutter_type else {"percent"}
    if entry is not None and ENTRIES[entry] == "P.2109":
        used.add("percent")
    return used


def _refuse_unused(m: Model, used: set[str], given: dict[str, Any]) -> None:
    """Refuse an option that would change nothing."""
    for name, value in given.items():
        if value is not None and name not in used:
            raise InputError(
                f"{name} {value!r} does not enter {m.source} as asked for; leave it out"
            )


def _percent(percent: float | None) -> float:
    """Share of places, half of them by default."""
    given = 50.0 if percent is None else percent
    return within("percent", given, (1e-4, 99.9999), "P.2108 and P.2109")


def _surroundings(given: dict[str, Any]) -> tuple[float, float]:
    """Width of streets and height of buildings, of RMa or of P.2108 3.1."""
    street, building, limits, source = 20.0, 5.0, (5.0, 50.0), "TR 38.901 RMa"
    if given["clutter_type"] is not None:
        building = CLUTTER_TYPES[known("clutter_type", given["clutter_type"], CLUTTER_TYPES)][1]
        street, limits, source = 27.0, (0.1, 1000.0), "P.2108 3.1"
    defaults = {"street_width_m": street, "building_height_m": building}
    width, height = (
        within(name, default if given[name] is None else given[name], limits, source, "give meters")
        for name, default in defaults.items()
    )
    return width, height


def _check_additions(link: Link) -> None:
    """Refuse frequencies that clutter or entry are not made for."""
    f = link.frequency_ghz
    if link.clutter == ClutterSource.P2108:
        part, limits = ("3.1", (0.03, 3.0)) if link.clutter_type else ("3.2", (0.5, 67.0))
        within("frequency_ghz", f, limits, f"P.2108 {part}", "leave clutter out")
    if link.entry is not None:
        source = ENTRIES[link.entry]
        within("frequency_ghz", f, _ENTRY_GHZ[source], f"entry by {source}", "leave entry out")
