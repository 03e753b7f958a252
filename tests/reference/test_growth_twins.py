"""The twin of growth reproduces oracles I of models.md, and the kernels equal the twin."""

import csv
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels import growth, scores
from netmodel.kernels.normal import normal_cdf
from tests import strategies
from tests.oracles import assert_oracle, oracle, oracles
from tests.reference import growth as twin

# Mobile traffic of China [bn GB a year], facts/history_annual.csv; models.md I.5 rounds the last.
YEARS = np.arange(2015.0, 2021.0)
TRAFFIC = np.array([4.187, 9.378, 24.594, 70.900, 121.992, 165.568])
LATER = np.arange(2021.0, 2025.0)
HELD_OUT = np.array([221.632, 261.759, 302.540, 337.586])
SATURATION = (math.log(720.0), 0.5)  # bn GB a year and spread of ln K, models.md I.2
LAST_GROWTH = math.log(TRAFFIC[-1] / TRAFFIC[-2])


# The kernels behind the names of the twin --------------------------------------------------------


def code(model, scale="log"):
    return twin.MODELS.index(model) + 4 * list(twin.SCALES).index(scale)


def numbers(kernel):
    """A kernel of single numbers over arrays."""
    return np.vectorize(lambda *at: kernel(*(float(x) for x in at)), otypes=[float])


def fitted(model, t, z, start, prior, bounds, scale="log"):
    """Parameters (row, 3) and costs (row,) of one series from many starts."""
    n = len(start)
    prior, bounds = (
        np.repeat(np.asarray(x, dtype=float)[None], n, axis=0) for x in (prior, bounds)
    )
    theta = np.empty((n, 3))
    at = (code(model, scale), np.asarray(t, dtype=float), np.repeat(z[None], n, axis=0))
    cost = growth.fit_curves(*at, start, prior, bounds, theta)
    return theta, cost


def fit_curve(model, t, y, prior_ln_k=None, sigma=0.10, scale="log"):
    prior, bounds = twin.saturation_prior(prior_ln_k, sigma), twin.box(model, t, y, scale)
    z = twin.SCALES[scale](y)
    theta, cost = fitted(model, t, z, twin.starts(model, *bounds), prior, bounds, scale)
    return twin.Fit(theta[cost.argmin()], cost.min())


def probability_of_target(now, target, years, mean, sigma, persistent=False):
    spread = sigma * (years if persistent else math.sqrt(years))
    return normal_cdf((mean * years - math.log(target / now)) / spread)


KERNELS = SimpleNamespace(
    logistic=numbers(growth.logistic),
    gompertz=numbers(growth.gompertz),
    bass=numbers(growth.bass),
    bass_peak_time=growth.bass_peak_time,
    damped_trend=lambda *last, steps: [growth.damped_trend(*last, n + 1) for n in range(steps)],
    logistic_year=growth.logistic_year,
    fit_curve=fit_curve,
    mape=lambda actual, forecast: scores.mape(actual, np.asarray(forecast, dtype=float)),
    normal_crps=numbers(scores.normal_crps),
    ensemble_crps=lambda x, y, fair: scores.ensemble_crps(np.array(x, dtype=float), y, fair),
    interval_score=scores.interval_score,
    required_cagr=scores.required_cagr,
    required_logit_slope=scores.required_logit_slope,
    probability_of_target=probability_of_target,
)
BOTH = pytest.mark.parametrize("g", [twin, KERNELS], ids=["twin", "kernels"])


# Published numbers -------------------------------------------------------------------------------


def held_out_mape(g, phi):
    path = g.damped_trend(TRAFFIC[-1], LAST_GROWTH, phi, steps=len(LATER))
    return g.mape(HELD_OUT, path)


FITS = {
    "I04a": ("logistic", None),
    "I04b": ("gompertz", None),
    "I04c": ("logistic", SATURATION),
    "I04d": ("gompertz", SATURATION),
}
COMPUTED = {
    "I01": lambda g: [g.required_cagr(4.19, 165.6, 5.0)],
    "I02": lambda g: [
        *(165.6 * (1 + g.required_cagr(4.19, 165.6, 5.0)) ** n for n in (4, 5)),
        165.6 * (1 + g.required_cagr(4.19, 165.6, 5.0)) ** 4 / 337.6,
    ],
    "I03": lambda _: np.diff(np.log(TRAFFIC)),
    "I06": lambda g: g.damped_trend(TRAFFIC[-1], LAST_GROWTH, 0.75, steps=5),
    "I06b": lambda g: [held_out_mape(g, 0.75)],
    "I06c": lambda g: [held_out_mape(g, phi) for phi in (0.55, 0.65, 0.75, 0.85, 1.0)],
    "I07": lambda g: [g.mape(HELD_OUT, np.full(4, TRAFFIC[-1]))],
    "I08": lambda g: [*g.bass([5.0, 10.0], 1000.0, 0.01, 0.45), g.bass_peak_time(0.01, 0.45)],
    "I09": lambda g: [g.logistic_year(80.0, 100.0, 0.6, 2021.0)],
    "I10": lambda g: [
        g.required_cagr(now, target, 5.0)
        for now, target in ((5.0, 26.0), (15.0, 56.0), (3.2, 12.0), (6.4, 60.0))
    ],
    "I11": lambda g: [g.probability_of_target(5, 26, 5, 0.35, 0.15)],
    "I11b": lambda g: [g.probability_of_target(5, 26, 5, 0.35, 0.15, persistent=True)],
    "I12": lambda g: [
        g.normal_crps(*at) for at in ((0.0, 1.0, 0.0), (0.0, 1.0, 1.0), (300.0, 40.0, 337.6))
    ],
    "I13": lambda g: [g.ensemble_crps([1, 2, 4, 7], 3.0, fair) for fair in (False, True)],
    "I14": lambda g: [g.interval_score(250.0, 350.0, y, 0.2) for y in (300.0, 360.0)],
    "I15": lambda _: twin.coverage_band(0.8, 20),
    "I16": lambda g: [g.required_logit_slope(0.15, 0.56, 5.0)],
    "I17": lambda _: [twin.lognormal_mean_over_median(0.3)],
}


def test_every_oracle_is_computed():
    fits = {*FITS, *(row.replace("I04", "I05") for row in FITS)}
    assert set(COMPUTED) | fits == {row for row in oracles() if row[0] == "I"}


@BOTH
@pytest.mark.parametrize("row", COMPUTED)
def test_oracle(g, row):
    """No kernel has a part in I03, I15 and I17."""
    assert_oracle(row, COMPUTED[row](g))


@BOTH
@pytest.mark.parametrize("row", FITS)
def test_fit_oracle(g, row):
    """Within 1e-5, though models.md M allows an optimiser 1 %, which is 20 years of a date."""
    model, prior = FITS[row]
    theta = g.fit_curve(model, YEARS, TRAFFIC, prior).theta
    k, rate, t0 = math.exp(theta[0]), math.exp(theta[1]), theta[2]
    evaluated = getattr(g, model)
    *printed, year, value = oracle(row)
    assert [k, rate, evaluated(2025.0, k, rate, t0)] == pytest.approx([*printed, value], rel=1e-5)
    assert t0 == pytest.approx(year, abs=1e-3)
    mape = g.mape(HELD_OUT, evaluated(LATER, k, rate, t0))
    assert mape == pytest.approx(*oracle(row.replace("I04", "I05")), rel=1e-5)


# Laws of the twin --------------------------------------------------------------------------------


@given(st.floats(0.1, 30), st.floats(1e-4, 0.1), st.floats(0.01, 1))
def test_bass_solves_its_equation(t, p, q):
    """dN/dt = (p + q N/m) (m - N), Bass 1969."""
    h = 1e-4 * t
    slope = (twin.bass(t + h, 1, p, q) - twin.bass(t - h, 1, p, q)) / (2 * h)
    n = twin.bass(t, 1, p, q)
    assert slope == pytest.approx((p + q * n) * (1 - n), rel=1e-5, abs=1e-9)


@given(strategies.positive_vectors(3, 12, 0.1, 1e3), st.floats(0.1, 1))
def test_smoothing_that_trusts_the_last_point_is_the_damped_trend(y, phi):
    end = twin.smoothing(np.log(y), 1.0, 1.0, phi)
    expected = twin.damped_trend(y[-1], math.log(y[-1] / y[-2]), phi, 3)
    ahead = end.level + end.trend * np.cumsum(phi ** np.arange(1, 4))
    np.testing.assert_allclose(np.exp(ahead), expected, rtol=1e-9)


# Curves ------------------------------------------------------------------------------------------

RATE, SIZE = st.floats(0.01, 3), st.floats(1e-3, 1e6)
YEAR, SHIFT = st.floats(1990, 2060), st.floats(-30, 30)


@given(YEAR, SIZE, RATE, SHIFT)
def test_logistic_equals_its_twin(t, k, r, shift):
    expected = float(twin.logistic(t, k, r, t - shift))
    assert growth.logistic(t, k, r, t - shift) == pytest.approx(expected, rel=1e-11)


@given(YEAR, SIZE, RATE, st.floats(-2, 30))
def test_gompertz_equals_its_twin(t, k, c, shift):
    expected = float(twin.gompertz(t, k, c, t - shift))
    assert growth.gompertz(t, k, c, t - shift) == pytest.approx(expected, rel=1e-9)


@given(st.floats(1e-3, 100), SIZE, st.floats(1e-6, 0.5), st.floats(1e-3, 2))
def test_bass_equals_its_twin(t, m, p, q):
    # 1 - e^-x keeps an absolute error of a rounding.
    expected = float(twin.bass(t, m, p, q))
    assert growth.bass(t, m, p, q) == pytest.approx(expected, rel=1e-11, abs=1e-15 * m)
    assert growth.bass_peak_time(p, q) == pytest.approx(twin.bass_peak_time(p, q), rel=1e-12)
    assert growth.bass(-t, m, p, q) == growth.bass(0.0, m, p, q) == 0.0


@given(SIZE, st.floats(-1, 1), st.floats(0, 1), st.integers(1, 30))
def test_damped_trend_equals_its_twin(level, rate, phi, steps):
    expected = twin.damped_trend(level, rate, phi, steps)
    got = [growth.damped_trend(level, rate, phi, n + 1) for n in range(steps)]
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert growth.damped_trend(level, rate, phi, 0) == level


@given(st.floats(0.01, 200), RATE, YEAR)
def test_year_of_attainment_equals_its_twin(target, r, t0):
    year = growth.logistic_year(target, 100.0, r, t0)
    assert year == pytest.approx(twin.logistic_year(target, 100.0, r, t0), rel=1e-12)
    if target < 99.9:
        assert growth.logistic(year, 100.0, r, t0) == pytest.approx(target, rel=1e-8)


def test_curves_are_zero_far_before_their_rise():
    """Also with JIT off, where `math.exp` would raise at 710."""
    assert 0.0 <= growth.logistic(1000.0, 5.0, 1.0, 2000.0) < 1e-120
    assert growth.gompertz(1000.0, 5.0, 1.0, 2000.0) == 0.0
    assert growth.logistic(2000.0, 5.0, 1.0, 1000.0) == 5.0
    assert growth.gompertz(2000.0, 5.0, 1.0, 1000.0) == 5.0


# Residuals and their slopes ----------------------------------------------------------------------

CASES = [(model, scale) for model in twin.MODELS[:3] for scale in twin.SCALES]
CASES.append(("smoothing", "log"))


def drawn(rng, model, scale, noise=0.05, n=None):
    """Times (n,), values (n,) and the parameters they were made with."""
    n = n or int(rng.integers(6, 14))
    first = 1.0 if model == "bass" else rng.choice([0.0, 2010.0])
    t = first + np.arange(n)
    k = rng.uniform(0.3, 0.95) if scale == "logit" else 10 ** rng.uniform(-1, 6)
    if model == "bass":
        theta = np.log([k, 10 ** rng.uniform(-3, -1), rng.uniform(0.2, 0.8)])
    elif model == "smoothing":
        theta = rng.uniform([0.1, 0.05, 0.6], [0.95, 0.9, 1.0])
    else:
        rate = rng.uniform(0.15, 0.8)
        # At most 7 slopes ahead: a Gompertz curve of an earlier date underflows.
        theta = np.array([math.log(k), math.log(rate), first + rng.uniform(1, min(n, 5 / rate))])
    if model == "smoothing":
        growth_rate = np.cumsum(rng.normal(0, 0.1, n)) + rng.uniform(-0.2, 0.6)
        return t, np.exp(math.log(k) + np.cumsum(growth_rate)), theta
    z = twin.SCALES[scale](twin.curve(model, t, theta)) + noise * rng.standard_normal(n)
    return t, np.exp(z) if scale == "log" else 1 / (1 + np.exp(-z)), theta


def five_points(function, theta, step=1e-3):
    """Derivatives (n, p) by differences of the fourth order."""
    columns = []
    for unit in np.eye(len(theta)) * step:
        near, far = (function(theta + m * unit) - function(theta - m * unit) for m in (1, 2))
        columns.append((8 * near - far) / (12 * step))
    return np.transpose(columns)


def evaluated(model, scale, t, z, theta):
    residual, jacobian = np.full(len(t), np.nan), np.full((len(t), 3), np.nan)
    growth.evaluate(code(model, scale), t, z, theta, residual, jacobian)
    return residual, jacobian


@pytest.mark.parametrize(("model", "scale"), CASES)
@given(strategies.generators())
def test_residuals_and_their_slopes_equal_the_twin(model, scale, rng):
    t, y, theta = drawn(rng, model, scale)
    z = twin.SCALES[scale](y)
    residual, jacobian = evaluated(model, scale, t, z, theta)
    expected = twin.residual(model, t, z, theta, scale)
    np.testing.assert_allclose(residual, expected, rtol=1e-9, atol=1e-10)
    slopes = five_points(lambda x: twin.residual(model, t, z, x, scale), theta)
    np.testing.assert_allclose(jacobian, slopes, rtol=1e-6, atol=1e-7 * (1 + np.abs(slopes).max()))


@given(strategies.generators())
def test_missing_years_are_steps_without_an_error(rng):
    t, y, theta = drawn(rng, "smoothing", "log", n=12)
    z = np.log(y)
    known = rng.random(len(t)) < 0.6
    known[:2] = True
    full = twin.smoothing(np.where(known, z, np.nan), *theta)
    residual, jacobian = evaluated("smoothing", "log", t[known], z[known], theta)
    np.testing.assert_allclose(residual, -full.error[known], rtol=1e-9, atol=1e-10)

    def gappy(x):
        return -twin.smoothing(np.where(known, z, np.nan), *x).error[known]

    np.testing.assert_allclose(jacobian, five_points(gappy, theta), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("model", ["logistic", "gompertz", "bass"])
def test_residuals_stay_finite_far_from_the_data(model):
    """As a minimiser tries them; also with JIT off."""
    t = np.arange(1.0, 9.0)
    for theta in ([0.0, 3.0, 60.0], [0.0, 3.0, -60.0], [0.0, -20.0, 0.0], [5.0, 2.0, 4.0]):
        residual, jacobian = evaluated(model, "log", t, np.zeros(8), np.array(theta))
        assert np.isfinite(residual).all()
        assert np.isfinite(jacobian).all()


# Fits --------------------------------------------------------------------------------------------


@st.composite
def series(draw, model, scale):
    """Times, values on the working scale, prior and bounds of a random series."""
    rng = draw(strategies.generators())
    t, y, theta = drawn(rng, model, scale, noise=draw(st.sampled_from([0.0, 0.02, 0.1])))
    low, high = twin.box(model, t, y, scale)
    prior = np.zeros((2, 3))
    if draw(st.booleans()):
        prior[0], prior[1, 0] = theta + 0.5 * rng.standard_normal(3), 0.2
    if draw(st.booleans()):  # a bound that may be met
        high[0] = rng.uniform(low[0], high[0])
    return t, twin.SCALES[scale](y), prior, np.array([low, high])


def cost_at(model, scale, t, z, prior, theta):
    misses = twin.residual(model, t, z, theta, scale)
    return (misses**2).sum() + ((prior[1] * (theta - prior[0])) ** 2).sum()


def polished(model, t, z, theta, prior, bounds, scale="log"):
    """What SciPy makes of parameters that should be best, from a hair inside the bounds."""
    hair = 1e-9 * (bounds[1] - bounds[0])
    start = np.clip(theta, bounds[0] + hair, bounds[1] - hair)
    return twin.descent(model, t, z, start, prior, bounds, scale).cost


@pytest.mark.parametrize(("model", "scale"), CASES)
@given(st.data())
def test_fits_equal_those_of_scipy(model, scale, data):
    """The best of many starts, and no start ends where SciPy still finds a way down."""
    t, z, prior, bounds = data.draw(series(model, scale))
    start = twin.starts(model, *bounds)
    theta, cost = fitted(model, t, z, start, prior, bounds, scale)
    assert ((bounds[0] <= theta) & (theta <= bounds[1])).all()
    own = [cost_at(model, scale, t, z, prior, end) for end in theta]
    np.testing.assert_allclose(cost, own, rtol=1e-9, atol=1e-18)
    best = math.inf
    for i in range(0, len(start), 6):
        other = twin.descent(model, t, z, start[i], prior, bounds, scale).cost
        best = min(best, other)
        if model == "smoothing":  # of several valleys
            other = polished(model, t, z, theta[i], prior, bounds, scale)
        assert cost[i] <= other * (1 + 1e-6) + 1e-14, (start[i], theta[i], cost[i], other)
    best = min(best, polished(model, t, z, theta[cost.argmin()], prior, bounds, scale))
    assert cost.min() == pytest.approx(best, rel=1e-6, abs=1e-14)


def test_an_exact_logistic_is_found_from_all_over_its_box():
    """Steps that the box cuts short may lead up: they are no reason to stop."""
    t = np.arange(10.0)
    truth = np.array([math.log(100.0), math.log(0.5), 5.0])
    y = twin.curve("logistic", t, truth)
    bounds = np.array([[math.log(y[-1]), math.log(0.01), -10], [math.log(1e5), math.log(2.0), 30]])
    start = twin.starts("logistic", *bounds)
    theta, cost = fitted("logistic", t, np.log(y), start, np.zeros((2, 3)), bounds)
    assert cost.max() < 1e-20
    np.testing.assert_allclose(theta, np.tile(truth, (len(start), 1)), rtol=1e-9)


@given(strategies.generators())
def test_a_row_is_fitted_alone(rng):
    """Rows of other series, priors and bounds change nothing."""
    t, y, _ = drawn(rng, "logistic", "log")
    z = np.log(y) + 0.1 * rng.standard_normal((4, len(t)))
    bounds = np.array([twin.box("logistic", t, np.exp(row)) for row in z])
    start = np.array([twin.starts("logistic", *b)[rng.integers(48)] for b in bounds])
    prior = rng.random((4, 2, 3))
    together, alone = np.empty((4, 3)), np.empty((4, 3))
    cost = growth.fit_curves(growth.LOGISTIC, t, z, start, prior, bounds, together)
    for i in range(4):
        one = slice(i, i + 1)
        at = (z[one], start[one], prior[one], bounds[one], alone[one])
        assert growth.fit_curves(growth.LOGISTIC, t, *at) == cost[i]
    assert alone.tobytes() == together.tobytes()


# Series of the R package diffusion: published without parameters, so SciPy is the judge.
LEVELS = {"tsCarstock", "tsChicken", "tsMetal"}
DIFFUSION = (
    "tsAc", "tsCarstock", "tsChicken", "tsCovid", "tsIbm", "tsMetal", "tsSafari", "tsWindows",
)  # fmt: skip


def adopters(path):
    """Each column from its first adopters on, added up unless it holds levels; at most 25 points.

    Times are in periods since the last one without adopters.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for name in rows[0]:
        if name in ("", "Date", "year", "time"):
            continue
        level = np.array([float(row[name] or "nan") for row in rows])
        assert not np.isnan(level).any()
        level = level if path.stem in LEVELS else np.cumsum(level)
        level = level[level > 0]
        t = np.arange(1.0, len(level) + 1)
        some = np.unique(np.linspace(0, len(t) - 1, 25).astype(int))
        yield name, t[some], level[some]


@pytest.mark.parametrize("name", DIFFUSION)
def test_bass_of_published_series_is_that_of_scipy(name, shared):
    found = list(adopters(shared / f"validation/growth/diffusion_R/{name}.csv"))
    assert found
    for column, t, y in found:
        z, prior, bounds = np.log(y), np.zeros((2, 3)), twin.box("bass", t, y)
        start = twin.starts("bass", *bounds)
        theta, cost = fitted("bass", t, z, start, prior, bounds)
        others = [twin.descent("bass", t, z, s, prior, bounds).cost for s in start[::8]]
        others.append(polished("bass", t, z, theta[cost.argmin()], prior, bounds))
        assert cost.min() == pytest.approx(min(others), rel=1e-6, abs=1e-14), column


# Scores and targets ------------------------------------------------------------------------------

VALUE = st.floats(-1e3, 1e3)


@given(VALUE, st.floats(0.01, 100), st.floats(-30, 30))
def test_normal_crps_equals_its_definition(mu, sigma, z):
    y = mu + sigma * z
    expected = twin.normal_crps(mu, sigma, y)
    assert scores.normal_crps(mu, sigma, y) == pytest.approx(expected, rel=1e-7, abs=1e-9 * sigma)


@given(st.lists(VALUE, min_size=2, max_size=40), VALUE)
def test_ensemble_crps_equals_its_twin(x, y):
    x = np.array(x)
    before = x.copy()
    for fair in (False, True):
        expected = twin.ensemble_crps(x, y, fair)
        assert scores.ensemble_crps(x, y, fair) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert x.tolist() == before.tolist()
    assert scores.ensemble_crps(x[:1], y, False) == abs(x[0] - y)


@given(VALUE, st.floats(0, 1e3), VALUE, st.floats(0.01, 0.99))
def test_interval_score_equals_its_twin(low, width, y, alpha):
    expected = twin.interval_score(low, low + width, y, alpha)
    assert scores.interval_score(low, low + width, y, alpha) == pytest.approx(expected, rel=1e-12)


@given(strategies.positive_vectors(), strategies.generators())
def test_mape_equals_its_twin(actual, rng):
    forecast = actual * np.exp(rng.standard_normal(len(actual)))
    expected = twin.mape(actual, forecast)
    assert scores.mape(actual, forecast) == pytest.approx(expected, rel=1e-9)


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.floats(1, 20))
def test_required_growth_equals_its_twin(now, target, years):
    growth_rate = scores.required_cagr(now, target, years)
    assert 1 + growth_rate == pytest.approx(1 + twin.required_cagr(now, target, years), rel=1e-11)
    assert now * (1 + growth_rate) ** years == pytest.approx(target, rel=1e-9)


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.floats(0.5, 20))
def test_required_logit_slope_equals_its_twin(now, target, years):
    expected = twin.required_logit_slope(now, target, years)
    assert scores.required_logit_slope(now, target, years) == pytest.approx(
        expected, rel=1e-10, abs=1e-12
    )
