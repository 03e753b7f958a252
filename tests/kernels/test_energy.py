import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.energy import HOURS_PER_YEAR, site_power_w
from netmodel.presets import SITE_POWER
from tests.oracles import assert_oracle
from tests.reference import energy as twin

POWER = tuple(SITE_POWER.values())  # in the order of the kernel's parameters
LOAD = st.floats(0, 1)


def test_oracles():
    assert list(SITE_POWER) == ["n_sector", "idle_w", "full_w", "fixed_w", "overhead"]
    assert_oracle("J05", [site_power_w(load, *POWER) for load in (0.0, 0.3, 1.0)])
    kwh = site_power_w(0.3, *POWER) * HOURS_PER_YEAR / 1e3
    assert_oracle("J06", [kwh, kwh * 718e3 / 1e9])
    assert_oracle("J07", [kwh * 0.65, kwh * 718e3 * 0.65 / 1e9])
    n_sector, _, full, fixed, overhead = POWER
    asleep_w = site_power_w(0.0, n_sector, 150.0, full, fixed, overhead)
    with_sleep = (20 * site_power_w(0.3, *POWER) + 4 * asleep_w) * 365 / 1e3
    assert_oracle("J08", [with_sleep, 1 - with_sleep / kwh])
    tb_per_year = 20.0 * 365
    assert_oracle("J09", [tb_per_year * 8e12 / (kwh * 3.6e6), kwh / (tb_per_year * 1e3)])


@given(LOAD, st.integers(1, 6), st.floats(0, 500), st.floats(0, 2000), st.floats(0, 500))
def test_power_equals_its_twin(load, n_sector, idle, more, fixed):
    got = site_power_w(load, float(n_sector), idle, idle + more, fixed, 1.3)
    expected = twin.site_power_w(load, idle, idle + more, fixed, n_sector, 1.3)
    assert got == pytest.approx(expected, rel=1e-12)


@given(st.lists(LOAD, min_size=24, max_size=24))
def test_the_mean_load_suffices(by_hour):
    mean = sum(site_power_w(load, *POWER) for load in by_hour) / 24
    assert mean == pytest.approx(site_power_w(sum(by_hour) / 24, *POWER), rel=1e-12)
