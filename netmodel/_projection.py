"""The projection stage: draws of every indicator's coming years, of the nation and provinces."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel import facts
from netmodel._growth_presets import INDICATORS, PROVINCIAL, Indicator
from netmodel._mixture import Learned, learned, provincial
from netmodel._project import Future, future, national_future, unprojectable
from netmodel._series import (
    AsOf,
    Series,
    from_working,
    known_until,
    last_known,
    longest_series,
    national_series,
    read_series,
    to_working,
)
from netmodel._settings import Projection
from netmodel._threads import in_threads
from netmodel.errors import InputError
from netmodel.variables import annotated

Float = NDArray[np.float64]
QUANTILES = (0.1, 0.5, 0.9)
FIRST_KNOWN = 2010


@dataclass(frozen=True)
class Derived:
    """An indicator that follows from others, draw by draw."""

    key: str
    title: str
    unit: str
    definition: str
    parts: tuple[str, ...]
    of: Callable[..., Float]


DERIVED = (
    Derived(
        "bs_5g_per_10k", "5G base stations per 10,000 people", "per 10,000 people",
        "5G base stations over population", ("bs_5g", "population"),
        lambda stations, people: stations / people * 1e4,
    ),
    Derived(
        "5g_penetration", "5G user penetration", "percent of population",
        "5G users over population, as the plan counts; may pass 100", ("5g_users", "population"),
        lambda users, people: users / people * 100.0,
    ),
    Derived(
        "fixed_lines_per_100_households", "fixed broadband lines per 100 households",
        "per 100 households", "all fixed lines over the households of the 2020 census",
        ("fixed_broadband_subs",), lambda lines: lines / last_known("households", 2020) * 100.0,
    ),
    Derived(
        "terminal_connections", "network terminal connections", "billion",
        "mobile subscriptions, cellular IoT and fixed broadband",
        ("mobile_subs", "cellular_iot", "fixed_broadband_subs"),
        lambda mobile, things, fixed: (mobile + things + fixed) / 1e3,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Projected:
    """One indicator with its known values and its draws (draw, year), known years included."""

    key: str
    title: str
    unit: str
    definition: str
    kind: str
    known: dict[int, float]
    future: Future


def projection(*, options: Projection | None = None, seed: int = 1) -> xr.Dataset:
    """Draws and quantiles of every indicator in the years to come.

    Each draw takes one of five growth models (logistic, Gompertz, Bass, damped trend, smoothing)
    by weights that past forecasts earned, refits it to resampled values with the saturation
    drawn from its prior, and adds an error of growth that persists. Series with fewer than four
    values follow an analog.

    Parameters
    ----------
    options : Projection
        `as_of` is the year up to which values are used, or "latest"; `series` is a CSV of one's
        own instead of the facts.
    seed : int

    Returns
    -------
    Dataset
        `value` (indicator, quantile, year), `draws` (indicator, draw, year), `known` (indicator,
        known_year), and for some indicators `province_value` and `province_draws`; units are in
        the coordinate `unit`. Provinces add up to the nation in every draw. Indicators that
        cannot be projected are in the attribute `not_projected` with the reason.

    References
    ----------
    models.md I.
    """
    options = options or Projection()
    series = None if options.series is None else read_series(options.series)
    skill = learned(options.as_of)
    years = np.arange(_first_year(options.as_of, series), options.horizon + 1, dtype=float)
    if years.size == 0:
        raise InputError(
            f"[projection] horizon {options.horizon} is before the first year to project; "
            "raise it, or lower as_of"
        )
    found, left_out = {}, {}
    for key, one in _all(options, years, skill, seed, series):
        if isinstance(one, str):
            left_out[key] = one
        else:
            found[key] = one
    if not found:
        reasons = "; ".join(f"{k}: {v}" for k, v in left_out.items())
        raise InputError(f"projection: nothing can be projected ({reasons})")
    out = _dataset(found, years)
    if series is None:
        out = out.assign(_provinces(options, years, skill, seed, found))
        out = out.assign_coords(province=np.array(province_codes()))
    out.attrs |= {
        "title": "Projection",
        "as_of": str(options.as_of),
        "seed": seed,
        "models": json.dumps({m: round(w, 4) for m, w in skill.weight.items()}),
        "growth_error": json.dumps({m: round(w, 4) for m, w in skill.growth_error.items()}),
        "not_projected": json.dumps(left_out, ensure_ascii=False),
    }
    return annotated(out, "projection", synthesised=False)


def _first_year(as_of: AsOf, series: Mapping[str, Series] | None) -> int:
    """2021 with the facts, known years included; the year after the newest value of own series."""
    if series is None:
        return 2021 if as_of == "latest" else min(int(as_of), 2020) + 1
    newest = int(max(s.time[-1] for s in series.values()))
    return (newest if as_of == "latest" else min(int(as_of), newest)) + 1


def _all(
    options: Projection,
    years: Float,
    skill: Learned,
    seed: int,
    series: Mapping[str, Series] | None,
) -> Iterator[tuple[str, Projected | str]]:
    """Every indicator with its draws, or the reason why it has none."""
    if series is not None:
        for key, own in series.items():
            yield key, _own(own, options, years, skill, seed)
        return
    all_of = in_threads(lambda i: _national(i, options, years, skill, seed), INDICATORS)
    by_key = {i.key: one for i, one in zip(INDICATORS, all_of, strict=True)}
    yield from by_key.items()
    found = {k: one for k, one in by_key.items() if isinstance(one, Projected)}
    for rule in DERIVED:
        missing = [p for p in rule.parts if p not in found]
        yield rule.key, f"{missing[0]} is not projected" if missing else _derived(rule, found)


def _national(
    indicator: Indicator, options: Projection, years: Float, skill: Learned, seed: int
) -> Projected | str:
    """An indicator of the nation, its known years filled in."""
    as_of = options.as_of
    series = national_series(indicator, as_of)
    older = longest_series(indicator, as_of, but_newest=True)
    known = {**older.by_year(), **series.by_year()}
    after = years > max(series.by_year(), default=0)
    drawn = national_future(indicator, as_of, years[after], skill, options.draws, seed)
    if isinstance(drawn, str):
        return drawn
    filled = _with_known(drawn, known, years, after, series.scale)
    i = indicator
    return Projected(i.key, i.title, i.unit, i.definition, i.kind, known, filled)


def _with_known(
    drawn: Future, known: dict[int, float], years: Float, after: NDArray[np.bool_], scale: int
) -> Future:
    """Draws in which years that are over have their known value; gaps are interpolated."""
    if after.all():
        return drawn
    past, at = years[~after], np.array(sorted(known), float)
    value = to_working(np.array([known[int(y)] for y in at]), scale)
    filled = from_working(np.interp(past, at, value, left=np.nan), scale)
    draws = np.empty((drawn.draws.shape[0], years.size))
    draws[:, ~after] = filled
    draws[:, after] = drawn.draws
    gaps = [str(int(y)) for y in past if int(y) not in known and y > at[0]]
    notes = drawn.notes + ((f"{', '.join(gaps)} interpolated",) if gaps else ())
    notes += (f"not known before {at[0]:.0f}",) if past[0] < at[0] else ()
    return Future(draws, drawn.method, drawn.saturation, notes)


def _own(
    series: Series, options: Projection, years: Float, skill: Learned, seed: int
) -> Projected | str:
    """A user's indicator; it saturates at the middle of what is plausible of its kind [A]."""
    series = series.between(-np.inf, known_until(options.as_of))
    why = unprojectable(series, "")
    if why:
        return why
    known = series.by_year()
    after = years > max(known)
    if series.kind == "share":
        saturation = (float(np.log(0.9)), 0.1)
    else:
        saturation = (float(np.log(2.0 * series.value[-1])), 0.7)
    drawn = future(series, saturation, years[after], skill, draws=options.draws, seed=seed)
    filled = _with_known(drawn, known, years, after, series.scale)
    unit = "percent" if series.kind == "share" else "1"
    return Projected(series.key, series.key, unit, "", series.kind, known, filled)


def _derived(rule: Derived, found: Mapping[str, Projected]) -> Projected:
    """An indicator from the draws of its parts, which are drawn independently."""
    parts = [found[p] for p in rule.parts]
    draws = rule.of(*[p.future.draws for p in parts])
    common = set.intersection(*[set(p.known) for p in parts])
    known = {y: float(rule.of(*[p.known[y] for p in parts])) for y in sorted(common)}
    method = "from " + " and ".join(rule.parts)
    note = tuple(f"{p.key} {p.future.method}" for p in parts if "analogy" in p.future.method)
    drawn = Future(draws, method, (np.nan, np.nan), note)
    return Projected(rule.key, rule.title, rule.unit, rule.definition, "ratio", known, drawn)


def _dataset(found: Mapping[str, Projected], years: Float) -> xr.Dataset:
    """Indicators stacked, with what a reader needs to know of each as coordinates."""
    all_of = list(found.values())
    draws = np.stack([p.future.draws for p in all_of])
    last = max(max(p.known, default=FIRST_KNOWN) for p in all_of)
    first = min(min(p.known, default=last) for p in all_of)
    past = np.arange(first, last + 1)
    known = np.array([[p.known.get(int(y), np.nan) for y in past] for p in all_of])
    value = np.moveaxis(np.quantile(draws, QUANTILES, axis=1), 0, 1)
    text = {
        name: ("indicator", np.array([str(getattr(p, name)) for p in all_of]))
        for name in ("title", "unit", "definition", "kind")
    }
    text["method"] = ("indicator", np.array([p.future.method for p in all_of]))
    text["note"] = ("indicator", np.array(["; ".join(p.future.notes) for p in all_of]))
    ends = np.array([p.future.saturation for p in all_of])
    return xr.Dataset(
        {
            "value": (("indicator", "quantile", "year"), value),
            "draws": (("indicator", "draw", "year"), draws.astype(np.float32)),
            "known": (("indicator", "known_year"), known),
            "saturation_low": (("indicator",), ends[:, 0]),
            "saturation_high": (("indicator",), ends[:, 1]),
        },
        coords={
            "indicator": np.array([p.key for p in all_of]),
            "quantile": np.array(QUANTILES),
            "year": years.astype(np.int64),
            "known_year": past,
            **text,
        },
    )


def _provinces(
    options: Projection, years: Float, skill: Learned, seed: int, found: Mapping[str, Projected]
) -> dict[str, tuple[tuple[str, ...], Float] | tuple[tuple[str, ...], NDArray[np.float32]]]:
    """Draws of the provinces, scaled in every draw to the nation's."""
    keys = [k for k in PROVINCIAL if k in found]

    def drawn(one: tuple[Series, tuple[float, float]]) -> Float:
        return future(*one, years, skill, draws=options.draws, seed=seed).draws

    stacked = []
    for key in keys:
        indicator = next(i for i in INDICATORS if i.key == key)
        raw = in_threads(drawn, provincial(indicator, options.as_of))
        stacked.append(reconciled(np.stack(raw), found[key].future.draws))
    draws = np.stack(stacked)
    value = np.moveaxis(np.quantile(draws, QUANTILES, axis=2), 0, 2)
    return {
        "province_value": (("province_indicator", "province", "quantile", "year"), value),
        "province_draws": (
            ("province_indicator", "province", "draw", "year"),
            draws.astype(np.float32),
        ),
        "province_indicator": (("province_indicator",), np.array(keys)),
    }


def province_codes() -> list[str]:
    """Codes of the provinces, in the order of their draws."""
    return [str(code) for code in facts.provinces().index]


def reconciled(provinces: Float, nation: Float) -> Float:
    """Draws (province, draw, year) scaled so that each draw and year adds up to the nation's."""
    scaled: Float = provinces * (nation / provinces.sum(axis=0))
    return scaled


def projection_tables(run: xr.DataTree) -> dict[str, pd.DataFrame]:
    """Quantiles by indicator and year, and by province; empty without the stage."""
    if "projection" not in run.children:
        return {}
    ds = run["projection"].to_dataset()
    names = {0.1: "p10", 0.5: "median", 0.9: "p90"}
    nation = ds["value"].to_series().unstack("quantile").rename(columns=names)
    about = ds[["unit", "method", "note", "saturation_low", "saturation_high"]].to_dataframe()
    order = pd.Index(ds.indicator.values, name="indicator")
    out = {"projection": nation.reset_index().merge(about.loc[order].reset_index(), sort=False)}
    if "province_value" in ds:
        provinces = ds["province_value"].to_series().unstack("quantile").rename(columns=names)
        out["projection_provinces"] = provinces.reset_index()
    return out
