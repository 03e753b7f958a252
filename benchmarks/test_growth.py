"""Fits of growth curves: the whole workload, and against SciPy one by one."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from netmodel import _fits, _mixture
from netmodel._fits import MODELS, SIGMA, fit_base, prior_of
from netmodel._growth_presets import INDICATORS, PANEL_ONLY
from netmodel._mixture import generator, provincial, recent, saturation_of
from netmodel._series import national_series, to_working
from netmodel._threads import in_threads

DRAWS = 2000
FOUR = ("logistic", "gompertz", "bass", "smoothing")
ROWS = 600


def workload():
    """31 provinces x 9 panel series and 14 national ones, with their base fits by model."""
    out = []
    own = [national_series(i, 2020) for i in INDICATORS]
    long = [(i, s) for i, s in zip(INDICATORS, own, strict=True) if s.value.size >= 3]
    for indicator, series in (long * 2)[:14]:
        out.append((recent(series), saturation_of(indicator, series, 2020)))
    for indicator in [i for i in INDICATORS + PANEL_ONLY if i.panel][:9]:
        out += [(recent(s), k) for s, k in provincial(indicator, 2020)]
    return [[fit_base(m, series, prior_of(m, series, k, 0.7)) for m in FOUR] for series, k in out]


@pytest.mark.benchmark(group="bootstrap")
def test_bootstrap_of_the_panel_and_the_nation(benchmark):
    """At most 20 s warm on two cores: 293 series x 4 models x 2,000 draws."""
    bases = workload()
    draws = DRAWS if benchmark.enabled else 20
    assert len(bases) == 293

    def draws_of(group):
        return sum(
            len(_fits.bootstrap(b, draws, generator(1, b.series.key, b.model))[0]) for b in group
        )

    def all_draws():
        return sum(in_threads(draws_of, bases))

    fits = benchmark.pedantic(all_draws, rounds=1, warmup_rounds=0)
    assert fits == len(bases) * len(FOUR) * draws


@pytest.fixture(scope="module")
def case():
    """Bootstrap values of national traffic, and where every fit begins."""
    traffic = next(i for i in INDICATORS if i.key == "mobile_traffic")
    series = recent(national_series(traffic, 2020))
    prior = prior_of("logistic", series, saturation_of(traffic, series, 2020), 0.7)
    base = fit_base("logistic", series, prior)
    rng = np.random.default_rng(1)
    working = to_working(series.value, series.scale)
    return base, working + rng.normal(0.0, SIGMA, (ROWS, working.size))


def by_scipy(base, values):
    """The same fits by `scipy.optimize.curve_fit`, with the priors as further points."""
    given = np.isfinite(base.prior.sd)
    weight = np.where(given, SIGMA / base.prior.sd, 0.0)[given]
    time, known = base.series.time, values.shape[1]

    def model(_, ln_k, ln_r, t0):
        curve = ln_k - np.log1p(np.exp(-np.exp(ln_r) * (time - t0)))
        return np.append(curve, weight * np.array([ln_k, ln_r, t0])[given])

    out = np.empty((len(values), 3))
    mean = weight * base.prior.mean[given]
    for row, value in enumerate(values):
        target = np.append(value, mean)
        out[row] = curve_fit(
            model, np.arange(known + mean.size), target, p0=base.theta, xtol=1e-10, ftol=1e-10
        )[0]
    return out


def cost(base, values, theta):
    """Sum of squares of each row at its parameters."""
    ln_k, rate, middle = theta[:, :1], np.exp(theta[:, 1:2]), theta[:, 2:]
    curve = ln_k - np.log1p(np.exp(-rate * (base.series.time - middle)))
    given = np.isfinite(base.prior.sd)
    off = (theta - base.prior.mean)[:, given] * (SIGMA / base.prior.sd[given])
    return ((curve - values) ** 2).sum(axis=1) + (off**2).sum(axis=1)


@pytest.mark.benchmark(group="curve_fit")
def test_fits_ours(benchmark, case):
    """At least 50 times as fast as the loop over `curve_fit`, with the same optimum.

    On both cores, as the stage runs its series; the loop has one.
    """
    base, values = case

    def part(rows):
        return _fits.fit_rows(
            "logistic", base.series, rows, base.theta, base.prior, base.prior.mean
        )[0]

    halves = values[: ROWS // 2], values[ROWS // 2 :]
    theta = np.vstack(benchmark(in_threads, part, halves))
    ours, theirs = cost(base, values, theta), cost(base, values, by_scipy(base, values))
    assert (ours <= theirs * (1.0 + 1e-6)).all()
    inside = (theta > base.prior.bounds[0]) & (theta < base.prior.bounds[1])
    free = inside.all(axis=1)
    np.testing.assert_allclose(ours[free], theirs[free], rtol=1e-6)
    assert free.mean() > 0.9


@pytest.mark.benchmark(group="curve_fit")
def test_fits_scipy(benchmark, case):
    base, values = case
    found = benchmark.pedantic(by_scipy, (base, values), rounds=1)
    assert found.shape == (ROWS, 3)


def test_the_models_are_those_of_the_mixture():
    assert set(FOUR) <= set(MODELS) and _mixture.WINDOW == 6
