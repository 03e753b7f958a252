import numpy as np
import pytest
import xarray as xr

import netmodel as nm
from netmodel._demand import busy_hour_mbps, fiveg_share
from netmodel._settings import Demand
from netmodel.errors import InputError
from tests.netmodel.conftest import TRAFFIC_GB
from tests.reference import demand as twin


@pytest.fixture(scope="module")
def people(scenario):
    return nm.population(nm.open_region(scenario))


def test_the_control_total_is_kept_on_float32(people):
    ds = nm.demand(people, province_total_gb=[TRAFFIC_GB])
    total = float(ds.demand_mbps.sum(dtype=np.float64))
    expected = twin.busy_hour_dl_mbps(TRAFFIC_GB, 1e9, 366, 1.10, 0.07, 0.88)
    assert total == pytest.approx(expected, rel=1e-9)
    share = twin.fiveg_traffic_share(0.15, 2.5)
    assert float(ds.demand_5g_mbps.sum(dtype=np.float64)) == pytest.approx(total * share, rel=1e-9)


def test_demand_follows_people(people):
    ds = nm.demand(people, province_total_gb=[TRAFFIC_GB])
    ratio = (ds.demand_mbps / people.people).values[people.people.values > 1.0]
    assert ratio == pytest.approx(ratio[0], rel=1e-5)


def test_no_data_stays_no_data_and_zero_stays_zero(people):
    ds = nm.demand(people, province_total_gb=[TRAFFIC_GB])
    np.testing.assert_array_equal(np.isnan(ds.demand_mbps), np.isnan(people.people))
    assert (ds.demand_mbps.values[people.people.values == 0.0] == 0.0).all()


def test_leap_years_and_gb():
    base = busy_hour_mbps(np.array([1e9]), 2020, Demand())
    assert busy_hour_mbps(np.array([1e9]), 2021, Demand()) == pytest.approx(base * 366 / 365)
    gib = busy_hour_mbps(np.array([1e9]), 2020, Demand(gb_bytes=2**30))
    assert gib == pytest.approx(base * 1.073741824)


def test_the_5g_share_can_be_given():
    assert fiveg_share(Demand(fiveg_share=0.5)) == 0.5
    assert fiveg_share(Demand()) == pytest.approx(0.306, abs=5e-4)


def test_traffic_without_people_is_refused(people):
    with pytest.raises(InputError, match="nobody to use it"):
        nm.demand(people.assign(people=people.people * 0.0), province_total_gb=[1.0])


def test_a_dataset_without_a_grid_is_refused():
    with pytest.raises(InputError, match="spatial_ref"):
        nm.demand(xr.Dataset({"people": (("y", "x"), [[1.0]])}), province_total_gb=[1.0])
