import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.normal import area_coverage, fade_margin_db, normal_cdf, normal_quantile
from tests.oracles import assert_oracle
from tests.reference import coverage as twin

SHARE = st.floats(0.02, 0.98)
SLOPE, SIGMA_DB = st.floats(2, 5), st.floats(3, 12)


def test_oracles():
    assert_oracle("B10", [fade_margin_db(8.0, p) for p in (0.75, 0.9, 0.95)])
    for row, case in {
        "B11a": (0.5, 3.5, 8.0),
        "B11b": (0.75, 3.5, 8.0),
        "B11c": (0.9, 3.5, 8.0),
        "B11d": (0.75, 4.0, 8.0),
        "B11e": (0.75, 3.908, 6.0),
    }.items():
        assert_oracle(row, [area_coverage(*case)])


def test_area_coverage_by_integration():
    """B11f: the mean of the distribution function over the disc, by Gauss-Legendre."""
    node, weight = np.polynomial.legendre.leggauss(80)
    total = 0.0
    for radius, w in zip((node + 1) / 2, weight, strict=True):
        margin = fade_margin_db(8.0, 0.75) - 35.0 * math.log10(radius)
        total += w * radius * normal_cdf(margin / 8.0)
    assert_oracle("B11f", [total])


@given(st.floats(-40, 40))
def test_distribution_equals_its_twin(x):
    expected = NormalDist().cdf(x)
    assert normal_cdf(x) == pytest.approx(expected, rel=1e-13, abs=2e-16)


@given(st.floats(-37, 8))
def test_distribution_keeps_its_lower_tail(x):
    """To the first omitted term of its asymptotic series, where 1 - erf would cancel."""
    assert 0 < normal_cdf(x) <= 1
    if x < -10:
        series = math.exp(-x * x / 2) / (-x * math.sqrt(2 * math.pi)) * (1 - x**-2 + 3 * x**-4)
        assert normal_cdf(x) == pytest.approx(series, rel=15 / x**6)


@given(st.floats(-11.9, -0.31).map(lambda lg: 10**lg) | st.floats(0.5, 1 - 1e-9))
def test_quantile_equals_its_twin(p):
    """Over the range that its description names."""
    assert normal_quantile(p) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("p", [1.1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 0.5, 0.99, 1 - 1e-6])
def test_quantile_inverts_the_distribution(p):
    assert normal_cdf(normal_quantile(p)) == pytest.approx(p, rel=1e-9, abs=0)


@given(SHARE, SLOPE, SIGMA_DB)
def test_area_coverage_equals_its_twins(edge, exponent, sigma):
    share = area_coverage(edge, exponent, sigma)
    assert share == pytest.approx(twin.area_probability(edge, exponent, sigma), rel=1e-9)
    by_integration = twin.area_probability_by_integration(edge, exponent, sigma)
    assert share == pytest.approx(by_integration, abs=1e-6)
    assert edge <= share <= 1


@given(SHARE, SHARE, SIGMA_DB)
def test_margin_equals_its_twin_and_rises_with_the_probability(a, b, sigma):
    less, more = (fade_margin_db(sigma, p) for p in sorted((a, b)))
    assert less <= more
    assert less == pytest.approx(twin.fade_margin_db(sigma, min(a, b)), rel=1e-9, abs=1e-9)
