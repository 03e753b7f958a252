import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.demand import (
    fiveg_traffic_share,
    mean_rate_bps,
    peak_to_mean,
    split_by_weight,
)
from tests import strategies
from tests.oracles import assert_oracle
from tests.reference import demand as twin

BN_GB = 1e9


def test_oracles():
    mean = [mean_rate_bps(165.6 * BN_GB, gb, 366.0) / 1e12 for gb in (1e9, 2.0**30)]
    assert_oracle("D02", mean)
    peak = peak_to_mean(1.10, 0.07)
    assert_oracle("D03b", [peak])
    assert_oracle("D03", [mean[0] * peak])
    downlink = mean[0] * peak * 0.88
    assert_oracle("D04", [downlink, downlink * 1e9 / 1.4118e9])
    assert_oracle("D07", [fiveg_traffic_share(0.15, 2.5)])
    assert_oracle("D08", [downlink * 1e6 / 718_000])
    assert_oracle("D08b", [downlink * 1e6 / 718_000 / 3])


def test_conservation_oracle():
    """D10: one control total over weights times usage."""
    weight = np.array([1.2, 2.4, 0.25])
    split = split_by_weight(weight, np.zeros(3, np.int32), np.array([1000.0]))
    assert split.sum() == pytest.approx(1000.0, rel=1e-15)
    assert_oracle("D10", split)


@given(
    st.floats(1, 1e12), st.sampled_from([365, 366]), st.sampled_from([1e9, 2.0**30]),
    st.floats(1, 2), st.floats(1 / 24, 0.3), st.floats(0, 1),
)  # fmt: skip
def test_busy_hour_equals_its_twin(total, days, gb, day, hour, downlink):
    rate = mean_rate_bps(total, gb, float(days)) * peak_to_mean(day, hour) * downlink / 1e6
    assert rate == pytest.approx(
        twin.busy_hour_dl_mbps(total, gb, days, day, hour, downlink), rel=1e-12
    )


@given(st.floats(0, 1), st.floats(0.1, 20))
def test_5g_share_equals_its_twin_and_lies_between_zero_and_one(penetration, multiple):
    share = fiveg_traffic_share(penetration, multiple)
    assert share == pytest.approx(twin.fiveg_traffic_share(penetration, multiple), rel=1e-12)
    assert 0 <= share <= 1


@given(strategies.populations(max_side=8), st.data())
def test_split_equals_its_twin_and_keeps_each_total(people, data):
    zone = data.draw(strategies.zones_for(people.shape)).ravel()
    weight = people.ravel()
    sums = np.array([np.nansum(weight[zone == z]) for z in range(5)])
    total = np.where(sums > 0, np.arange(1.0, 6.0) * 1000, 0.0)
    split = split_by_weight(weight, zone, total)
    np.testing.assert_allclose(split, twin.split_by_weight(weight, zone, total), rtol=1e-12)
    kept = [np.nansum(split[zone == z]) for z in range(5)]
    np.testing.assert_allclose(kept, total, rtol=1e-9)


@given(strategies.positive_vectors(min_size=2), st.randoms(use_true_random=False))
def test_permuting_cells_permutes_demand(weight, random):
    order = np.array(random.sample(range(weight.size), weight.size))
    zone = np.zeros(weight.size, np.int32)
    one = split_by_weight(weight, zone, np.array([7.0]))
    two = split_by_weight(weight[order], zone, np.array([7.0]))
    np.testing.assert_allclose(two, one[order], rtol=1e-12)
