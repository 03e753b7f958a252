"""The projection stage, its targets and its backtest."""

import json
from dataclasses import replace

import numba
import numpy as np
import pandas as pd
import pytest
import xarray as xr

import netmodel as nm
from netmodel import _mixture, _projection, cli
from netmodel import _projection_charts as charts
from netmodel._fits import MODELS, fit_base, prior_of, saturation_interval
from netmodel._growth_presets import INDICATORS
from netmodel._mixture import Learned
from netmodel._project import future, unprojectable
from netmodel._projection import projection, projection_tables, reconciled
from netmodel._series import Series, national_series
from netmodel._settings import Projection
from netmodel._targets import read_targets
from netmodel.errors import DataError, InputError
from netmodel.scenario import Scenario
from tests.conftest import JIT_OFF

DRAWS = 100 if JIT_OFF else 300
SKILL = Learned({m: 0.2 for m in MODELS}, {m: 0.4 for m in MODELS}, 0.7, {m: 0.4 for m in MODELS})
FEW = ("mobile_traffic", "bs_5g", "population")
compiled = pytest.mark.skipif(JIT_OFF, reason="a minute without compilation")


@pytest.fixture(scope="module", autouse=True)
def small():
    """A few indicators and two provinces where fits are not compiled: minutes otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        if JIT_OFF:
            two = _projection.provincial
            patch.setattr(_projection, "learned", lambda as_of: SKILL)
            patch.setattr(_projection, "INDICATORS", [i for i in INDICATORS if i.key in FEW])
            patch.setattr(_projection, "PROVINCIAL", ("mobile_traffic",))
            patch.setattr(_projection, "provincial", lambda *a: two(*a)[:2])
            patch.setattr(_projection, "province_codes", lambda: ["110000", "120000"])
        yield


@pytest.fixture(scope="module")
def options():
    return Projection().model_copy(update={"draws": DRAWS, "horizon": 2026 if JIT_OFF else 2030})


@pytest.fixture(scope="module")
def ds(options):
    return projection(options=options)


@pytest.fixture(scope="module")
def run(ds, options):
    """The stage as a run has it."""
    scenario = Scenario.preset("china-2020").model_copy(update={"projection": options})
    tree = xr.DataTree.from_dict({"/projection": ds})
    tree.attrs["scenario"] = scenario.to_json()
    return tree


# Stage -------------------------------------------------------------------------------------------


def test_every_number_is_there(ds):
    assert np.isfinite(ds["value"]).all() and np.isfinite(ds.draws).all()
    assert (ds["value"].diff("quantile") >= 0.0).all() and (ds.draws >= 0.0).all()
    assert ds.year.values[0] == 2021 and ds.sizes["draw"] == DRAWS
    assert set(FEW) <= set(ds.indicator.values)
    for name in ("title", "unit", "definition", "method"):
        assert (ds[name].sel(indicator=list(FEW)) != "").all()


def test_quantiles_are_those_of_the_draws(ds):
    np.testing.assert_allclose(ds["value"].sel(quantile=0.5), ds.draws.median("draw"), rtol=1e-6)


def test_provinces_add_up_in_every_draw(ds):
    if JIT_OFF:
        pytest.skip("two of 31 provinces without compilation")
    for name in ds.province_indicator.values:
        total = ds.province_draws.sel(province_indicator=name).sum("province", dtype=np.float64)
        nation = ds.draws.sel(indicator=name)
        np.testing.assert_allclose(total, nation, rtol=1e-5)


def test_reconciled_keeps_the_provinces_proportions():
    rng = np.random.default_rng(1)
    raw, nation = rng.uniform(1, 2, (3, 4, 5)), rng.uniform(5, 6, (4, 5))
    out = reconciled(raw, nation)
    np.testing.assert_allclose(out.sum(axis=0), nation, rtol=1e-14)
    np.testing.assert_allclose(out[0] / out[1], raw[0] / raw[1])


@compiled
def test_same_bits_for_a_seed_and_any_threads(ds, options):
    threads = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        again = projection(options=options)
    finally:
        numba.set_num_threads(threads)
    xr.testing.assert_identical(again.draws, ds.draws)
    other = projection(options=options, seed=2)
    assert (other.draws != ds.draws).any()
    np.testing.assert_allclose(
        other["value"].sel(indicator="mobile_traffic", quantile=0.5, year=2021),
        ds["value"].sel(indicator="mobile_traffic", quantile=0.5, year=2021),
        rtol=0.05,
    )


@compiled
def test_young_series_follow_their_analogs(ds):
    method = ds.method.to_series()
    assert method["bs_5g"] == "by analogy with bs_4g"
    assert method["gigabit_users"] == method["pon10g_ports"] == "by analogy with ftth_subs"
    assert method["mobile_traffic"] == "mixture"
    left_out = json.loads(ds.attrs["not_projected"])
    assert left_out["ipv6_share_fixed"] == "no value so far and no analog"
    assert left_out["compute"] == "one value so far and no analog"


@compiled
def test_derived_indicators_follow_draw_by_draw(ds):
    draws = ds.draws.astype(np.float64)
    expected = draws.sel(indicator="bs_5g") / draws.sel(indicator="population") * 1e4
    np.testing.assert_allclose(draws.sel(indicator="bs_5g_per_10k"), expected, rtol=1e-5)
    known = ds.known.sel(indicator="bs_5g_per_10k", known_year=2020)
    assert float(known) == pytest.approx(5.085, abs=1e-3)


@compiled
def test_what_is_known_is_not_drawn():
    ds = projection(options=Projection(as_of="latest", draws=100))
    traffic = ds.draws.sel(indicator="mobile_traffic")
    assert (traffic.sel(year=2024) == np.float32(337.586)).all()
    assert np.unique(traffic.sel(year=2026)).size > 90
    assert ds.method.sel(indicator="bs_5g").item().endswith("by its older definition")


@compiled
def test_nothing_after_the_date_is_used(ds, options, monkeypatch):
    """With every later value replaced, all draws have the same bits."""
    from netmodel import _series

    history = _series.facts.series

    def series(name, *place):
        rows = history(name, *place)
        return rows.assign(value=rows["value"].where(rows["date"] <= "2020-12-31", 1e9))

    monkeypatch.setattr(_series.facts, "series", series)
    for cached in (_series._history, _mixture.learned):
        cached.cache_clear()
    try:
        again = projection(options=options)
    finally:
        monkeypatch.undo()
        for cached in (_series._history, _mixture.learned):
            cached.cache_clear()
    xr.testing.assert_identical(again.draws, ds.draws)
    xr.testing.assert_identical(again.province_draws, ds.province_draws)


def test_tables(run):
    tables = projection_tables(run)
    nation = tables["projection"]
    assert {"indicator", "year", "p10", "median", "p90", "unit", "method"} <= set(nation.columns)
    assert nation["median"].notna().all()
    assert len(nation) == run["projection"].sizes["indicator"] * run["projection"].sizes["year"]
    assert len(tables["projection_provinces"]) > 0


def test_a_users_own_series(tmp_path, options):
    path = tmp_path / "series.csv"
    rows = [f"users,{y},{10 * 1.3 ** (y - 2015)},count" for y in range(2015, 2021)]
    rows += ["young,2020,3,count"]
    path.write_text("indicator,year,value,kind\n" + "\n".join(rows) + "\n")
    own = options.model_copy(update={"series": path})
    ds = projection(options=own)
    assert ds.indicator.values.tolist() == ["users"] and "province_value" not in ds
    assert json.loads(ds.attrs["not_projected"]) == {"young": "one value so far and no analog"}
    assert (ds["value"].sel(quantile=0.5).diff("year") > 0.0).all()


def test_nothing_to_project_is_refused(tmp_path, options):
    path = tmp_path / "series.csv"
    path.write_text("indicator,year,value\na,2020,3\n")
    with pytest.raises(InputError, match="nothing can be projected .a: one value so far"):
        projection(options=options.model_copy(update={"series": path}))
    with pytest.raises(InputError, match="horizon 2019 is before the first year"):
        projection(options=options.model_copy(update={"horizon": 2019}))
    with pytest.raises(InputError, match="nothing to project; give .projection. series"):
        own = {"name": "x", "population": {"path": "p.tif"}, "sites": {"total": 1}}
        scenario = Scenario.from_dict(own | {"demand": {"total_gb": 1.0}})
        nm.assess(scenario, stages="projection")


# Fits --------------------------------------------------------------------------------------------


def grown(n, top=100.0, rate=0.8, middle=2015.0, first=2010.0):
    time = np.arange(first, first + n)
    value = top / (1.0 + np.exp(-rate * (time - middle)))
    return Series("x", "count", time, value, np.ones(n, bool), first - 1.0)


def test_saturation_is_identified_only_where_the_values_show_it():
    for n, known in ((14, True), (4, False)):
        series = grown(n)
        bases = [
            fit_base(m, series, prior_of(m, series, (np.log(200.0), 1.0), 0.7))
            for m in ("logistic", "gompertz")
        ]
        low, high = saturation_interval(series, bases)
        assert low <= 100.0 <= high
        assert (high / low < 4.0) == known


def test_a_series_that_falls_is_smoothed():
    series = replace(grown(6), value=np.array([5.0, 8.0, 7.0, 9.0, 9.5, 9.7]))
    out = future(series, (np.log(50.0), 0.5), np.arange(2016.0, 2018.0), SKILL, draws=8, seed=1)
    assert out.method == "mixture of damped_trend, smoothing" and out.notes == ("falls in 2012",)
    assert np.isnan(out.saturation).all()


def test_shares_stay_below_100_percent():
    series = Series(
        "x", "share", np.arange(2015.0, 2021.0),
        np.array([40.0, 60.0, 75.0, 85.0, 91.0, 94.5]), np.ones(6, bool), 2012.0,
    )  # fmt: skip
    out = future(series, (np.log(0.97), 0.05), np.arange(2021.0, 2031.0), SKILL, draws=8, seed=1)
    assert (out.draws < 100.0).all() and (out.draws > 0.0).all()


def test_short_series_without_an_analog_say_so():
    assert unprojectable(grown(2), "") == "2 values so far and no analog"
    assert unprojectable(grown(2), "bs_4g") == unprojectable(grown(3), "") == ""


def test_early_errors_teach_the_spread():
    """Outcomes spread twice as far as the draws: what is missing is found, groups alike."""
    rng = np.random.default_rng(3)
    held = []
    for group, size in (("few", 200), ("many", 2000)):
        draws = rng.normal(0.0, 1.0, (size, 400))
        held.append((group, draws, rng.normal(0.0, 2.0, size)))
    error = _mixture._growth_error(held)
    assert error == pytest.approx(np.sqrt(3.0), rel=0.1)
    low, high = (1.2816 * s * np.hypot(1.0, error) for s in (-1.0, 1.0))
    inside = [np.mean((actual > low) & (actual < high)) for _, _, actual in held]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.02)


@compiled
def test_weights_follow_past_scores():
    known = _mixture.learned(2020)
    assert sum(known.weight.values()) == pytest.approx(1.0)
    inverse = {m: 1.0 / c for m, c in known.crps.items()}
    for model, weight in known.weight.items():
        assert weight == pytest.approx(inverse[model] / sum(inverse.values()))
    assert all(0.05 < e < 1.5 for e in known.growth_error.values())


def test_national_series_of_three_values_need_an_analog():
    iot = next(i for i in INDICATORS if i.key == "cellular_iot")
    assert national_series(iot, 2020).value.size == 4


# Targets -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(run):
    return nm.targets(run)


def test_every_target_has_its_row(table):
    assert len(table) == 68 and table["target_id"].is_unique
    assert table["outlook"].notna().all()
    projected = table["probability"].notna()
    reasons = table.loc[~projected, "outlook"]
    assert reasons.str.startswith("not projected: ").all()
    assert table.loc[projected, ["p10", "median", "p90"]].notna().all(axis=None)


def test_probability_is_the_share_of_paths(run, table):
    row = table.set_index("target_id").loc["T02"]
    ds = run["projection"]
    draws = ds.draws.sel(year=2025)
    ratio = draws.sel(indicator="bs_5g_per_10k")
    assert row["probability"] == pytest.approx(float((ratio >= 26.0).mean()))
    assert row["target"] == 26.0 and row["required_growth_unit"] == "a year"
    # From 5.085 stations per 10,000 people; oracle I10 takes the plan's rounded 5.
    assert row["required_growth"] == pytest.approx((26.0 / 5.0846) ** 0.2 - 1.0, abs=1e-4)


@compiled
def test_shares_need_a_logit_slope(table):
    """Oracle H14 and I16: never a CAGR of a share."""
    row = table.set_index("target_id").loc["T07"]
    assert row["required_growth"] == pytest.approx(0.48376331, abs=1e-6)
    assert row["required_growth_unit"] == "logit a year"


def test_years_met():
    from netmodel._targets import _years_met

    draws, years = np.array([[1.0, 3.0, 2.0], [1.0, 1.0, 1.0]]), np.array([2021, 2022, 2023])
    assert _years_met(draws, years, 2.5, falls=False).tolist() == [2022.0, np.inf]
    assert _years_met(draws, years, 1.0, falls=True).tolist() == [2021.0, 2021.0]


def test_own_targets(tmp_path):
    path = tmp_path / "targets.csv"
    path.write_text("indicator,target_year,target\nusers,2025,40\n")
    found = read_targets(path)
    assert found["op"].tolist() == [">="] and found["target_id"].tolist() == ["T01"]
    for text, says, kind in (
        ("indicator,target\na,1\n", "no column 'target_year'", DataError),
        (
            "indicator,target_year,target\na,2025,x\n",
            "target 'x' in row 1 is no number",
            InputError,
        ),
        ("indicator,target_year,target,op\na,2025,1,~\n", "op '~'; known", InputError),
    ):
        path.write_text(text)
        with pytest.raises(kind, match=says):
            read_targets(path)


def test_own_targets_are_held_against_own_series(tmp_path, options):
    series, targets = tmp_path / "series.csv", tmp_path / "targets.csv"
    rows = [f"users,{y},{10 * 1.3 ** (y - 2015)}" for y in range(2015, 2021)]
    series.write_text("indicator,year,value\n" + "\n".join(rows) + "\n")
    targets.write_text(
        "indicator,target_year,target,op\nusers,2022,40,>=\nusers,2022,1,<=\nothers,2022,1,>=\n"
        "users,2050,1,>=\n"
    )
    own = options.model_copy(update={"series": series, "targets": targets})
    scenario = Scenario.preset("china-2020").model_copy(update={"projection": own})
    tree = xr.DataTree.from_dict({"/projection": projection(options=own)})
    tree.attrs["scenario"] = scenario.to_json()
    table = nm.targets(tree)
    assert 0.0 <= table["probability"][0] <= 1.0 and table["probability"][1] == 0.0
    assert table["outlook"][2] == "not projected: no such indicator"
    assert "raise [projection] horizon" in table["outlook"][3]
    charts.save_all(tree, tmp_path / "charts")
    assert (tmp_path / "charts" / "targets.png").stat().st_size > 0


def test_targets_need_a_projection():
    with pytest.raises(InputError, match="has no projection"):
        nm.targets(xr.DataTree())


# Figures -----------------------------------------------------------------------------------------


def test_figures(run, tmp_path):
    charts.save_all(run, tmp_path / "charts")
    assert {p.name for p in (tmp_path / "charts").iterdir()} == {"projection.png", "targets.png"}
    ax = nm.charts.fan(run, "bs_5g")
    assert ax.get_ylabel() == "million" and "year" in ax.get_xlabel()
    assert "by analogy with bs_4g" in ax.get_xlabel()
    with pytest.raises(InputError, match="no projected indicator 'bs_6g'; known: .*mobile_traffic"):
        nm.charts.fan(run, "bs_6g")
    labels = ax.get_legend_handles_labels()[1]
    assert {"median", "10-90 % of the draws", "published by then"} <= set(labels)


# Backtest ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def forecasts():
    return nm.backtest(draws=500)


@compiled
def test_traffic_beats_every_naive_method(forecasts):
    """Pooled MAPE of 2021-2024; 2025 is provisional."""
    rows = forecasts[(forecasts["indicator"] == "mobile_traffic") & ~forecasts["provisional"]]
    assert sorted(rows["year"].unique()) == [2021, 2022, 2023, 2024]
    error = rows["error"].abs().groupby(rows["model"]).mean()
    naive = error[["last_value", "last_growth", "constant_cagr"]]
    assert error["mixture"] < naive.min()
    assert naive["last_value"] == pytest.approx(0.39568, abs=1e-4)  # oracle I07
    assert naive["last_growth"] == pytest.approx(0.30280, abs=1e-3)  # oracle I06c


@compiled
def test_what_the_facts_estimate_is_provisional(forecasts):
    """Traffic of 2025 is eleven months and an estimate, and GB a user follow from it."""
    rows = forecasts[forecasts["provisional"]]
    expected = {("mobile_traffic", 2025), ("dou", 2025)}
    assert set(zip(rows["indicator"], rows["year"], strict=True)) == expected


@compiled
def test_scores(forecasts):
    scores = nm.backtest_scores(forecasts)
    pooled = scores[scores["indicator"] == "pooled"].set_index("model")
    assert pooled.loc["mixture", "mape"] < pooled.loc["last_value", "mape"]
    one = forecasts[(forecasts["indicator"] == "dou") & (forecasts["model"] == "mixture")]
    row = scores[(scores["indicator"] == "dou") & (scores["model"] == "mixture")].iloc[0]
    assert row["mape"] == pytest.approx(100.0 * one["error"].abs().mean())
    assert row["coverage"] == pytest.approx(one["covered"].mean())
    assert row["n"] == len(one)


@compiled
def test_point_forecasts_have_the_absolute_error_as_score(forecasts):
    naive = forecasts[forecasts["model"] == "last_value"]
    np.testing.assert_allclose(naive["crps"], (naive["median"] - naive["actual"]).abs())
    assert naive["p10"].isna().all()


@compiled
def test_actual_values_are_those_of_the_facts(forecasts):
    rows = forecasts[forecasts["model"] == "mixture"].set_index(["indicator", "year"])["actual"]
    assert rows["mobile_traffic", 2024] == 337.586 and rows["bs_5g", 2025] == 4.838


def test_a_backtest_of_one_indicator(monkeypatch, tmp_path, capsys):
    one = [i for i in INDICATORS if i.key == "mobile_traffic"]
    monkeypatch.setattr("netmodel._backtest.INDICATORS", one)
    monkeypatch.setattr("netmodel._backtest.learned", lambda as_of: SKILL)
    table = nm.backtest(draws=20)
    assert set(table["model"]) == {"mixture", *MODELS, "last_value", "last_growth", "constant_cagr"}
    assert table.groupby("model").size().eq(5).all() and table["crps"].gt(0.0).all()
    pooled = nm.backtest_scores(table).query("indicator == 'pooled'").set_index("model")
    assert pooled.loc["last_value", "mape"] == pytest.approx(43.27, abs=0.01)
    place = tmp_path / "backtest.csv"
    cli.backtest(place, draws=20, seed=1)
    assert len(pd.read_csv(place)) == len(table)
    shown = capsys.readouterr().out
    assert "mobile_traffic" in shown and "43.27" in shown and "pooled" in shown
    with pytest.raises(InputError, match="exists; give another file with -o, or --overwrite"):
        cli.backtest(place, draws=20, seed=1)
    cli.backtest(place, draws=20, seed=1, overwrite=True)


def test_naive_methods():
    from netmodel._backtest import naive

    series = Series("x", "count", np.array([2018.0, 2019.0, 2020.0]), np.array([1.0, 2.0, 3.0]),
                    np.ones(3, bool), 2017.0)  # fmt: skip
    found = naive(series, np.array([2021.0, 2022.0]))
    np.testing.assert_allclose(found["last_value"], 3.0)
    np.testing.assert_allclose(found["last_growth"], [4.5, 6.75])
    np.testing.assert_allclose(found["constant_cagr"], 3.0 * np.sqrt(3.0) ** np.array([1, 2]))
    assert pd.DataFrame(found).notna().all(axis=None)


@compiled
@pytest.mark.parametrize(("as_of", "first", "missing"), [(2018, 2019, True), (2023, 2021, False)])
def test_other_dates(as_of, first, missing):
    ds = projection(options=Projection(as_of=as_of, draws=100))
    assert ds.year.values[0] == first
    left_out = json.loads(ds.attrs["not_projected"])
    assert ("5g_users" in left_out) == missing
    village = {"village_5g_share"} & set(ds.indicator.values)
    assert np.isfinite(ds["value"].drop_sel(indicator=list(village))).all()
