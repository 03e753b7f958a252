"""Forecasts made with what was known by 2020, scored on what came."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._fits import CURVES, MODELS
from netmodel._growth_presets import INDICATORS, Indicator
from netmodel._mixture import Learned, last_growth, learned, recent, saturation_of
from netmodel._project import analog_series, future, national_future
from netmodel._series import (
    Series,
    estimated_years,
    from_working,
    longest_series,
    national_series,
    to_working,
)
from netmodel.kernels.scores import ensemble_crps, interval_score

Float = NDArray[np.float64]

_AS_OF = 2020
_YEARS = np.arange(2021.0, 2026.0)


def backtest(*, draws: int = 2000, seed: int = 1) -> pd.DataFrame:
    """Forecasts of 2021-2025 from what was known by 2020, beside what came.

    Every indicator with an actual value in those years, by the mixture, by each of its models
    alone, and by three naive methods: the last value, the last growth, and the compound growth
    from the first value to the last.

    Parameters
    ----------
    draws, seed : int
        As in `projection`.

    Returns
    -------
    DataFrame
        A row an indicator, model and year: `indicator`, `model`, `year`, `median`, `p10`, `p90`,
        `actual`, `error` (median over actual less one), `crps` (in the indicator's unit; the
        absolute error for naive methods), `interval_score`, `covered` (whether the actual lies
        between p10 and p90), `provisional` (the actual is an estimate),
        `by_analogy`. `backtest_scores` sums it up.

    References
    ----------
    models.md I.4-I.6.
    """
    known = learned(_AS_OF)
    rows: list[dict[str, Any]] = []
    for indicator in INDICATORS:
        actual, estimates = _actual(indicator), estimated_years(indicator)
        for model, drawn, by_analogy in _forecasts(indicator, known, draws, seed):
            labels = {"indicator": indicator.key, "model": model, "by_analogy": by_analogy}
            for row in _scored(drawn, actual):
                rows.append(labels | row | {"provisional": row["year"] in estimates})
    return pd.DataFrame(rows)


def backtest_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Mean scores of a `backtest` by indicator and model, and pooled over indicators.

    Returns
    -------
    DataFrame
        `indicator` (pooled last), `model`, `n`, `mape` [%], `crps_share` (of the actual value),
        `coverage` of the 10-90 % interval, which should be 0.8, and its 95 % binomial band for
        that many indicators (`band_low`, `band_high`); years of one indicator are not
        independent.
    """
    relative = table.assign(
        mape=100.0 * table["error"].abs(), crps_share=table["crps"] / table["actual"]
    )
    parts = [_mean(relative, ["indicator", "model"])]
    pooled = _mean(parts[0].rename(columns={"n": "_"}), ["model"]).assign(indicator="pooled")
    half = 1.959964 * np.sqrt(0.8 * 0.2 / pooled["n"])
    pooled = pooled.assign(band_low=0.8 - half, band_high=(0.8 + half).clip(upper=1.0))
    columns = ["indicator", "model", "n", "mape", "crps_share", "coverage"]
    return pd.concat([*parts, pooled], ignore_index=True)[[*columns, "band_low", "band_high"]]


def _mean(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Means of the scores, and how many they are of."""
    table = table.rename(columns={"covered": "coverage"})
    groups = table.groupby(by, sort=False)
    out = groups[["mape", "crps_share", "coverage"]].mean()
    return out.assign(n=groups.size()).reset_index()


def _actual(indicator: Indicator) -> dict[int, float]:
    """Yearly values after 2020: of the newest definition, and of the one before it until then."""
    older = longest_series(indicator, "latest", but_newest=True)
    both = {**older.by_year(), **national_series(indicator, "latest").by_year()}
    return {y: v for y, v in both.items() if _AS_OF < y <= int(_YEARS[-1])}


def _forecasts(
    indicator: Indicator, known: Learned, draws: int, seed: int
) -> Iterator[tuple[str, Float, bool]]:
    """Draws (draw, year) of the mixture, each model alone and the naive methods."""
    mixed = national_future(indicator, _AS_OF, _YEARS, known, draws, seed)
    if isinstance(mixed, str):
        return
    by_analogy = "analogy" in mixed.method
    yield "mixture", mixed.draws, by_analogy
    series, analog = national_series(indicator, _AS_OF), analog_series(indicator, _AS_OF)
    saturation = saturation_of(indicator, series, _AS_OF)
    for model in CURVES if by_analogy else MODELS:
        alone = replace(known, weight={m: float(m == model) for m in known.weight})
        one = future(series, saturation, _YEARS, alone, draws=draws, seed=seed, analog=analog)
        yield model, one.draws, by_analogy
    for name, path in naive(series, _YEARS).items():
        yield name, path[None], by_analogy


def naive(series: Series, years: Float) -> dict[str, Float]:
    """Paths (year,) of the naive methods for which the series has enough values."""
    if series.value.size == 0:
        return {}
    yearly = series.only_yearly()
    working = to_working(yearly.value, series.scale)
    steps = years - yearly.time[-1]
    out = {"last_value": np.full(years.size, series.value[-1])}
    if yearly.value.size > 1:
        seen = recent(series).only_yearly()
        first = to_working(seen.value[:1], series.scale)[0]
        mean = (working[-1] - first) / (yearly.time[-1] - seen.time[0])
        for name, growth in (("last_growth", last_growth(series)), ("constant_cagr", mean)):
            out[name] = from_working(working[-1] + growth * steps, series.scale)
    return out


def _scored(drawn: Float, actual: dict[int, float]) -> Iterator[dict[str, Any]]:
    """A row a year that has an actual value."""
    for k, year in enumerate(_YEARS.astype(int).tolist()):
        if year not in actual:
            continue
        low, median, high = np.quantile(drawn[:, k], (0.1, 0.5, 0.9))
        came, ensemble = actual[year], drawn.shape[0] > 1
        yield {
            "year": year,
            "median": median,
            "p10": low if ensemble else np.nan,
            "p90": high if ensemble else np.nan,
            "actual": came,
            "error": median / came - 1.0,
            "crps": ensemble_crps(np.ascontiguousarray(drawn[:, k]), came, ensemble),
            "interval_score": interval_score(low, high, came, 0.2) if ensemble else np.nan,
            "covered": float(low <= came <= high) if ensemble else np.nan,
        }
