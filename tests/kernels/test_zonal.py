import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.zonal import float32_keeping_sums, shared_sum, zonal_sum
from tests import strategies
from tests.reference import zonal as twin


@given(strategies.populations(), st.data())
def test_zonal_sum_equals_its_twin(people, data):
    zone = data.draw(strategies.zones_for(people.shape)).ravel()
    sums = zonal_sum(people.ravel(), zone, 5)
    np.testing.assert_allclose(sums, twin.zonal_sum(people.ravel(), zone, 5), rtol=1e-12)


@given(strategies.populations(), st.data())
def test_whole_shares_are_labels_and_halves_are_half(people, data):
    zone = data.draw(strategies.zones_for(people.shape)).ravel().astype(np.int32)
    cell = np.argsort(zone, kind="stable")[(zone < 0).sum() :]
    one = np.ones(cell.size)
    sums = zonal_sum(people.ravel(), zone, 5)
    whole = shared_sum(people.ravel(), zone[cell], cell, one, 5)
    np.testing.assert_array_equal(whole, sums)
    twice = np.concatenate([cell, cell]), np.concatenate([one, one]) / 2.0
    halves = shared_sum(people.ravel(), np.tile(zone[cell], 2), *twice, 5)
    np.testing.assert_allclose(halves, sums, rtol=1e-12)


def test_sums_are_float64():
    """Pitfall 36: float32 would lose a person in ten million."""
    value = np.full(1_000, 16_777_217.0)
    assert zonal_sum(value, np.zeros(1_000, np.int32), 1)[0] == 16_777_217_000.0


@given(strategies.populations(), st.data())
def test_float32_keeps_the_sums(people, data):
    zone = data.draw(strategies.zones_for(people.shape)).ravel()
    value = people.ravel() / 3.0
    kept = float32_keeping_sums(value, zone, 5)
    assert kept.dtype == np.float32
    np.testing.assert_array_equal(np.isnan(kept), np.isnan(value))
    np.testing.assert_array_equal(kept == 0.0, value == 0.0)
    for z in range(5):
        inside = (zone == z) & (value > 0)
        if inside.any():
            error = kept[inside].sum(dtype=np.float64) - value[inside].sum()
            # Where small cells follow a large one, they cannot make up for its rounding.
            assert abs(error) <= 1.2e-7 * value[inside].max() + 1e-12 * value[inside].sum()
    np.testing.assert_allclose(kept, value, rtol=2e-7)


def test_float32_keeps_a_province_to_a_billionth():
    value = np.random.default_rng(4).pareto(1.2, 200_000) / 3.0
    zone = np.zeros(value.size, np.int32)
    kept = float32_keeping_sums(value, zone, 1).sum(dtype=np.float64)
    assert abs(kept / value.sum() - 1) < 1e-11
