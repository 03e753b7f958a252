import numpy as np
import pandas as pd
import pytest

import netmodel as nm
from netmodel._check import used
from netmodel._site_list import column_notes, listed_sites, read_sites
from netmodel.errors import DataError, InputError


@pytest.fixture(scope="module")
def people(scenario):
    return nm.population(nm.open_region(scenario))


@pytest.fixture(scope="module")
def grid(scenario):
    return nm.open_region(scenario).grid


def write(path, text):
    path.write_text(text)
    return path


def test_a_row_is_a_station(tmp_path, people, grid):
    path = write(
        tmp_path / "s.csv",
        "site_id,network,kind,lon,lat\n1,b,macro,11.5,48.1\n2,b,indoor,11.5,48.11\n"
        "3,a,macro,11.5,48.1\n",
    )
    out = listed_sites(people, read_sites(path, grid))
    assert out["network"].attrs["flag_meanings"] == "a b"
    assert out.sites_5g.sum(("y", "x")).values.tolist() == [1, 2]
    assert out.sites_5g_indoor.sum(("y", "x")).values.tolist() == [0, 1]
    assert float(out.macro_density.sum()) == pytest.approx(2.0)
    row, column = np.argwhere(out.sites_5g.values[0])[0]
    lon, lat = grid.lonlat(out.x.values[column], out.y.values[row])
    assert abs(lon - 11.5) < 0.01 and abs(lat - 48.1) < 0.01


def test_sectors_of_a_place_are_one_station(tmp_path, grid):
    path = write(
        tmp_path / "s.csv",
        "lon,lat,azimuth_deg\n11.5,48.1,0\n11.5,48.1,120\n11.5,48.1,240\n11.6,48.1,0\n",
    )
    assert len(read_sites(path, grid)) == 2


def test_projected_coordinates_with_their_crs(tmp_path, grid):
    path = write(tmp_path / "s.csv", "x,y\n4450000,2790000\n")
    with pytest.raises(InputError, match="crs = "):
        read_sites(path, grid)
    with pytest.raises(InputError, match="not a CRS"):
        read_sites(path, grid, "EPSG:nonsense")
    wgs84 = read_sites(write(tmp_path / "w.csv", "lon,lat\n11.6,48.1\n"), grid)
    assert read_sites(path, grid, "EPSG:3035").shape == wgs84.shape


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lon,lat\n11.5,48.1\n11.6,\n", "without a finite lat, the first row 3"),
        ("lon,lat\n11.5,48.1\ninf,48.1\n", "without a finite lon, the first row 3"),
        ('lon,lat\n11.5,48.1\n"11,6",48.1\n', "the first row 3 with '11,6'"),
        ("lon,lat\n11.5,48.1\n11.5,48.1\n", "1 duplicated sites, the first row 3"),
        ("site_id,lon,lat\na,11.5,48.1\na,11.6,48.1\n", "duplicated"),
        ("lon,lat\n48.1,11.5\n48.2,11.6\n", "look swapped"),
        ("lon,lat\n48.1,111.5\n", "row 2 has latitude 111.5; lon and lat look swapped"),
        (
            "lon,lat\n11.5,48.1\n2.3,48.8\n",
            r"1 of 2 sites outside the grid, the first row 3 at \(2.3",
        ),
        ("lon,lat,kind\n11.5,48.1,tower\n", "row 2: kind 'tower'; known: macro, indoor, small"),
        ("lon,lat\n11.5,48.1\n11.6,\n", "the first row 3 with nothing; mend"),
        ("lon,lat,band\n11.5,48.1,\n11.6,48.1,n99\n", "row 3: band 'n99'; known: n41, n78, n28"),
        ("lon,lat,carriers\n11.5,48.1,0\n", "row 2: carriers 0; expected 1 to 100, or nothing"),
        ("lon,lat,height_m\n11.5,48.1,tall\n", "row 2: height_m 'tall'; expected 0.1 to 1000"),
        ("lon,lat,network\n11.5,48.1,a\n11.6,48.1,\n", "1 rows without a network, the first row 3"),
        ("a,b\n1,2\n", "needs columns lon and lat"),
        ("lon,lat\n", "no rows"),
        ("", "not a CSV"),
    ],
)
def test_bad_lists_are_refused_in_one_line(tmp_path, grid, text, says):
    path = write(tmp_path / "bad.csv", text)
    with pytest.raises((InputError, DataError), match=says) as error:
        read_sites(path, grid)
    assert "bad.csv" in str(error.value) and "\n" not in str(error.value)


def test_columns_that_nothing_uses_are_said(tmp_path, grid, given):
    path = write(tmp_path / "s.csv", "lon,lat,band,carriers,owner\n11.5,48.1,n78,2,me\n")
    assert len(read_sites(path, grid)) == 1
    notes = "band, carriers: checked, not used in national mode; owner: not known, left out"
    assert column_notes(path) == notes
    assert "band" not in column_notes(path, "explicit")
    scenario = nm.Scenario.from_dict({**given, "sites": {"path": str(path)}})
    assert ("columns of sites", notes) in used(scenario)
    assert nm.assess(scenario, stages="population").attrs["site_columns"] == notes
    assert column_notes(write(tmp_path / "t.csv", "lon,lat,net\n11.5,48.1,1\n")) == ""


def test_a_missing_list(tmp_path, grid):
    with pytest.raises(DataError, match="no such file"):
        read_sites(tmp_path / "none.csv", grid)


def test_a_list_goes_with_an_area_of_the_frame(tmp_path, given):
    path = write(tmp_path / "s.csv", "lon,lat\n11.5,48.1\n11.6,48.1\n")
    scenario = nm.Scenario.from_dict(
        {**given, "sites": {"path": str(path)}, "area": (11.55, 48.0, 11.65, 48.2)}
    )
    assert int(nm.assess(scenario)["sites"].sites_5g.sum()) == 1


def test_real_cells_of_munich(shared, people, grid):
    path = shared / "data" / "ocid_munich.csv"
    sites = read_sites(path, grid)
    assert len(sites) == len(pd.read_csv(path)) == 2231
    out = listed_sites(people, sites)
    assert int(out.sites_5g.sum()) == 2231
