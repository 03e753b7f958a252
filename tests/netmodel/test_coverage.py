import numpy as np
import pytest
import xarray as xr

import netmodel as nm
from netmodel._settings import Radio, Sites
from netmodel._stages import joined

OPTIONS = Sites(total=400, networks={"a": 0.6, "b": 0.4})


@pytest.fixture(scope="module")
def ds(scenario):
    people = nm.population(nm.open_region(scenario))
    demand = nm.demand(people, province_total_gb=[3e6])
    both = joined([people, demand])
    sites = nm.synthesised_sites(both, province_stations=[400], options=OPTIONS)
    return joined([both, sites])


@pytest.fixture(scope="module")
def out(ds):
    return nm.coverage(ds, options=OPTIONS)


def one_network(ds, number):
    """The same country with the other network's stations taken away."""
    gone = xr.DataArray(np.arange(2) == number, dims="network")
    names = ("sites_5g", "sites_5g_indoor", "macro_density", "indoor_density")
    return ds.assign(
        {n: (ds[n] * gone).astype(ds[n].dtype).assign_attrs(ds[n].attrs) for n in names}
    )


def test_probabilities_where_people_live(ds, out):
    for name in ("coverage_probability", "link_probability"):
        p = out[name].values
        np.testing.assert_array_equal(np.isnan(p), np.isnan(ds.people.values))
        assert np.nanmin(p) >= 0 and np.nanmax(p) <= 1
        assert (p[ds.people.values == 0] == 0).all()
    assert np.nanmax(out.coverage_probability) > 0.99
    assert "-105" in out.attrs["threshold"] and out.attrs["bands"] == "a:n78 b:n78"


def test_networks_are_united_and_nobody_counts_twice(ds, out):
    each = [nm.coverage(one_network(ds, n), options=OPTIONS).coverage_probability for n in (0, 1)]
    union = 1 - (1 - each[0]) * (1 - each[1])
    np.testing.assert_allclose(out.coverage_probability, union, atol=1e-6)
    people = ds.people.fillna(0)
    covered = float((people * out.coverage_probability.fillna(0)).sum())
    assert covered <= float(people.sum())
    assert covered < sum(float((people * p.fillna(0)).sum()) for p in each)


def test_a_lower_band_reaches_farther(ds, out):
    low = nm.coverage(ds, options=OPTIONS, radio=Radio(band="n28"))
    assert float(low.coverage_probability.mean()) > float(out.coverage_probability.mean())


def test_walls_cost_coverage(ds):
    inside, outside = (
        nm.coverage(
            ds, options=OPTIONS, radio=Radio(indoor_share_urban=s, indoor_share_rural=s)
        ).link_probability
        for s in (1.0, 0.0)
    )
    known = ~np.isnan(inside.values)
    assert (inside.values[known] <= outside.values[known] + 1e-6).all()
    assert float(inside.mean()) < float(outside.mean())


def test_far_from_all_sites_nothing_is_covered(ds):
    """Beyond 5 km a 3.5-GHz link is out of the models' range; at 2.6 GHz extended Hata goes on."""
    west = ds.x.values < np.quantile(ds.x.values, 0.3)
    kept = xr.DataArray(west, dims="x")
    names = ("sites_5g", "sites_5g_indoor", "macro_density", "indoor_density")
    part = ds.assign(
        {n: ds[n].where(kept, 0).astype(ds[n].dtype).assign_attrs(ds[n].attrs) for n in names}
    )
    far = ds.x.values > ds.x.values[west].max() + 8_000
    by_band = {
        band: nm.coverage(part, options=OPTIONS, radio=Radio(band=band)).coverage_probability.values
        for band in ("n78", "n28")
    }
    assert np.nanmax(by_band["n78"][:, far]) == 0.0
    assert np.nanmax(by_band["n28"][:, far]) > 0.0
