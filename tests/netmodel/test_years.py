"""Later years of a scenario."""

import numpy as np
import pytest
import xarray as xr

import netmodel as nm
from netmodel import facts
from netmodel._run import run_into
from netmodel._stages import chosen_stages
from netmodel._years import as_dataset, stations_of, year_of
from netmodel.errors import InputError
from netmodel.scenario import Scenario

LEVEL = {
    "mobile_traffic": (221.0, 450.0),
    "bs_5g": (1.436, 3.59),
    "5g_users": (400.0, 1100.0),
    "mobile_subs": (1600.0, 1700.0),
    "village_5g_share": (40.0, 90.0),
}


@pytest.fixture
def projection():
    """What the projection might say of 2021 and 2025."""
    value = np.array([[v] for v in LEVEL.values()])
    share = facts.provinces()["mobile_traffic_2020_GB"].to_numpy(float)[:, None]
    provinces = share / share.sum() * np.array(LEVEL["mobile_traffic"]) * 1e9 * 1.02
    return xr.Dataset(
        {
            "value": (("indicator", "quantile", "year"), value),
            "province_value": (
                ("province_indicator", "province", "quantile", "year"),
                provinces[None, :, None, :],
            ),
        },
        coords={
            "indicator": list(LEVEL), "quantile": [0.5], "year": [2021, 2025],
            "province_indicator": ["mobile_traffic"],
        },
    )  # fmt: skip


def scenario(**given):
    data = {"extends": "china-2020", "name": "years", "years": [2020, 2021, 2025], **given}
    return Scenario.from_dict(data)


def test_a_year_follows_the_medians(projection):
    path = year_of(2025, scenario(), projection)
    assert path.province_gb.sum() == pytest.approx(450e9, rel=1e-12)  # medians of parts do not add
    assert path.province_stations.sum() == round(718_000 * 3.59 / 0.718)
    assert path.fiveg_penetration == pytest.approx(1100.0 / 1700.0)
    assert path.rural_weight == pytest.approx(0.1 + 0.9 * 0.9)


def test_more_stations_go_where_people_live(projection):
    base = facts.provinces_5g_2020()["stations"].to_numpy()
    path = year_of(2021, scenario(), projection)
    more = path.province_stations - base
    people = facts.provinces()["census_pop_2020"].to_numpy(float)
    np.testing.assert_allclose(more, people / people.sum() * 718_000, atol=1.5)


def test_given_stations_grow_steadily_between_years(projection):
    given = scenario(sites={"by_year": {2025: 2_872_000}})
    assert stations_of(2025, given, projection) == 2_872_000
    assert stations_of(2021, given, projection) == round(718_000 * 4.0**0.2)
    assert stations_of(2020, given, projection) == 718_000


def test_a_year_that_is_not_projected_says_so(projection):
    lacking = projection.sel(indicator=list(LEVEL)[:3]).assign_attrs(as_of="2019")
    with pytest.raises(InputError, match="village_5g_share is not projected for 2025 from values"):
        year_of(2025, scenario(), lacking)


def test_a_total_of_ones_own_is_kept(projection):
    half = scenario(demand={"total_gb": 165.568e9 / 2})
    assert year_of(2025, half, projection).province_gb.sum() == pytest.approx(225e9, rel=1e-3)


def test_later_years_bring_their_projection():
    assert chosen_stages("core", scenario())[-1] == "projection"
    with pytest.raises(InputError, match="--stages sites: later years need the stages core"):
        chosen_stages("sites", scenario())


@pytest.mark.national
def test_years_of_an_area(tmp_path):
    """Tables of all years; the first is the run itself."""
    given = {"extends": "china-2020", "name": "years", "years": [2020, 2025], "area": "Hainan"}
    run_into(Scenario.from_dict(given | {"projection": {"draws": 100}}), tmp_path / "out")
    import pandas as pd

    years = pd.read_csv(tmp_path / "out" / "years.csv")
    rows = pd.read_csv(tmp_path / "out" / "provinces_by_year.csv")
    first = pd.read_csv(tmp_path / "out" / "provinces.csv")
    assert years["year"].tolist() == [2020, 2025]
    same = rows[rows["year"] == 2020].drop(columns="year").reset_index(drop=True)
    pd.testing.assert_frame_equal(same[first.columns], first)
    later = rows[rows["year"] == 2025].iloc[0]
    assert later["sites_5g"] > 4 * first["sites_5g"].iloc[0]
    assert later["busy_hour_dl_gbps"] > 1.5 * first["busy_hour_dl_gbps"].iloc[0]
    assert 0.0 <= later["congested_share"] <= 1.0 and later["stations_to_add"] >= 0.0
    run = nm.open_run(tmp_path / "out")
    assert run["years"].sites_5g.dims == ("year", "province")
    assert float(run["years"].sites_5g.sel(year=2025, province="460000")) == later["sites_5g"]
    counties = pd.read_parquet(tmp_path / "out" / "counties_by_year.parquet")
    assert counties.groupby("year")["sites_5g"].sum().tolist() == rows["sites_5g"].tolist()
    for name in ("years.parquet", "charts/projection.png", "charts/years.png", "targets.csv"):
        assert (tmp_path / "out" / name).stat().st_size > 0


def test_units_of_a_table():
    import pandas as pd

    table = pd.DataFrame({"year": [2020], "code": [110000], "sites_5g": [5], "mean_load": [0.1]})
    ds = as_dataset({"province": table})
    assert ds.sites_5g.attrs["units"] == "stations" and ds.mean_load.attrs["units"] == "1"
