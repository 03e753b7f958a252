import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from netmodel._reading import OPENCELLID, Reading
from netmodel._site_list import read_sectors
from netmodel.errors import InputError
from netmodel.grids.datum import gcj02_of_wgs84
from netmodel.grids.grid import Grid
from netmodel.intake.people import People
from netmodel.intake.sites import import_sites
from netmodel.intake.villages import import_villages

MUNICH = Grid.from_bounds("EPSG:32632", (600_000, 5_270_000, 780_000, 5_420_000), 1000.0)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def sites(tmp_path, text, name="out.parquet", **options):
    path = text if not isinstance(text, str) else write(tmp_path / "in.csv", text)
    out = tmp_path / name
    report = import_sites(path, out, overwrite=True, **options)
    table = geopandas.read_parquet(out) if name.endswith(".parquet") else None
    return report, table


def test_radio_cells_become_sites(tmp_path):
    def line(cell, lon, lat, net=1, samples=1):
        return f"LTE,262,{net},10,{cell},0,{lon},{lat},900,{samples},1,0,0,-70"

    rows = [
        line(1, 11.5, 48.1, samples=3),
        line(2, 11.5008, 48.1),  # 60 m to the east
        line(2, 11.5008, 48.1),  # the same cell again
        line(3, 11.5, 48.1, net=2),  # another network's mast
        line(4, 11.52, 48.1),
        line(5, 0, 0),
        line(6, "", ""),
    ]
    report, table = sites(tmp_path, "\n".join([",".join(OPENCELLID), *rows]) + "\n")
    assert report.facts["rows"] == 7 and report.facts["sites"] == 3
    assert report.facts["clustering distance [m]"] == 100.0
    assert report.dropped == [
        {"reason": "no coordinates", "rows": 1, "first_row": 8},
        {"reason": "at 0, 0", "rows": 1, "first_row": 7},
        {"reason": "copies of a row before", "rows": 1, "first_row": 4},
    ]
    assert table["network"].tolist() == ["1", "2", "1"] and table["rows"].tolist() == [2, 1, 1]
    # The mean of 3 samples at 11.5 and 1 at 11.5008.
    assert table["lon"].tolist() == pytest.approx([11.5002, 11.5, 11.52], abs=1e-9)
    assert table["site_id"].is_unique and table.crs == "EPSG:4326"
    assert table.geometry.x.tolist() == table["lon"].tolist()


def test_networks_of_several_countries_keep_apart(tmp_path):
    rows = [f"LTE,{mcc},1,10,{mcc},0,11.5,48.1,900,1,1,0,0,-70" for mcc in (262, 232)]
    _, table = sites(tmp_path, "\n".join(rows) + "\n")
    assert table["network"].tolist() == ["262-1", "232-1"]


def test_sectors_and_bands_are_kept_at_one_place(tmp_path):
    report, table = sites(
        tmp_path,
        "siteid,lon,lat,azimuth,band,height\n"
        "a,11.5,48.1,0,n78,30\na,11.50001,48.1,120,n78,31\na,11.5,48.1,120,n41,32\n"
        "a,11.5,48.1,120,n78,33\nb,11.6,48.1,,n78,\n",
    )
    assert report.facts["sites"] == 2 and report.facts["sectors or bands of them"] == 4
    assert table["azimuth_deg"].tolist()[:3] == [0.0, 120.0, 120.0]
    assert table["height_m"].tolist()[:3] == [30.0, 31.0, 32.0]
    assert table[["lon", "lat"]][:3].drop_duplicates().shape == (1, 2)
    assert table["site_id"].tolist() == ["a", "a", "a", "b"]
    listed = read_sectors(tmp_path / "out.parquet", MUNICH)
    assert len(listed) == 4 and listed["band"].tolist() == ["n78", "n78", "n41", "n78"]


@pytest.mark.parametrize("name", ["out.parquet", "out.gpkg", "out.geojson", "out.csv"])
def test_every_form_of_output_reads_as_a_scenarios_list(tmp_path, name):
    sites(tmp_path, "lon,lat,net\n11.5,48.1,x\n11.6,48.2,y\n", name)
    listed = read_sectors(tmp_path / name, MUNICH)
    assert listed["network"].tolist() == ["x", "y"]
    lon, lat = MUNICH.lonlat(listed["x"], listed["y"])
    assert lon == pytest.approx([11.5, 11.6], abs=1e-7)
    assert lat == pytest.approx([48.1, 48.2], abs=1e-7)


def test_ids_that_name_several_places_are_replaced(tmp_path):
    report, table = sites(tmp_path, "id,lon,lat\nA,11.5,48.1\nA,11.6,48.1\n")
    assert table["site_id"].tolist() == ["all-1", "all-2"]
    assert "numbered" in report.facts["site ids"]


def test_a_million_copies_are_one_site(tmp_path):
    path = tmp_path / "many.csv"
    path.write_text("lon,lat\n" + "11.5,48.1\n" * 1_000_000)
    report, table = sites(tmp_path, path)
    assert len(table) == 1 and table["lon"].tolist() == [11.5]
    assert report.dropped[0] == {
        "reason": "copies of a row before", "rows": 999_999, "first_row": 3,
    }  # fmt: skip


def test_gcj02_is_converted(tmp_path):
    lon, lat = map(float, gcj02_of_wgs84(116.39723, 39.9075))
    text = f"lon,lat\n{lon!r},{lat!r}\n"
    _, table = sites(tmp_path, text, reading=Reading(datum="gcj02"))
    assert table["lon"].tolist() == pytest.approx([116.39723], abs=1e-7)
    assert table["lat"].tolist() == pytest.approx([39.9075], abs=1e-7)
    _, table = sites(tmp_path, text, reading=Reading(datum="wgs84"))
    assert table["lon"].tolist() == pytest.approx([lon], abs=1e-7)
    mixed = f"datum,lon,lat\nGCJ-02,{lon!r},{lat!r}\ngcj02,11.5,48.1\n"
    report, table = sites(tmp_path, mixed)
    assert table["lon"].tolist() == pytest.approx([116.39723, 11.5], abs=1e-7)
    assert report.facts["datum of the file"] == "GCJ-02, 1 points moved"


def test_a_crs_of_another_datum_states_it(tmp_path):
    # CGCS2000 / 3-degree Gauss-Kruger zone 39: a point near Beijing.
    text = "x,y\n39447000,4419000\n"
    report, table = sites(tmp_path, text, reading=Reading(crs="EPSG:4527"))
    assert report.facts["datum of the file"] == "that of its CRS"
    assert 116 < table["lon"].iloc[0] < 117 and 39.5 < table["lat"].iloc[0] < 40.5


BAD = [
    ("a,b\n1,2\n", {}, "no columns of coordinates known; it has a, b"),
    ("x,y\n1,2\n", {}, "x and y without a CRS; state it, such as --crs EPSG:27700"),
    ('lon,lat\n11.5,48.1\n"11,6","48,1"\n', {}, "row 3: lon '11,6' has a decimal comma, as 1 rows"),
    ("lon,lat\n48.1,111.5\n", {}, "row 2 has latitude 111.5; lon and lat look swapped; .*lon=LAT"),
    ("lon,lat\n691000,5334000\n", {}, "is its CRS one in meters"),
    ("lon,lat\nx,1\ny,1\n1,1\n", {}, "2 of 3 rows: no coordinates, the first row 2"),
    ("lon,lat\n11.5,48.1\n116.4,39.9\n", {}, "1 points lie in China, the first row 3.*--datum gcj"),
    ("lon,lat,datum\n116.4,39.9,wgs84\n116.5,39.9,GCJ-02\n", {}, "row 3: datum 'GCJ-02' is not"),
    ("lon,lat,datum\n116.4,39.9,bd09\n", {}, "row 2: datum 'bd09' is none of wgs84, gcj02"),
    ("lon,lat\n116.4,39.9\n", {"datum": "bd09"}, "--datum bd09: known are wgs84, gcj02"),
    ("lon,lat\n11.5,48.1\n", {"datum": "gcj02"}, "no row lies in China"),
    ("lon,lat,kind\n11.5,48.1,macro\n11.5,48.2,mast\n", {}, "row 3: kind 'mast'; known: macro"),
    ("lon,lat,band\n11.5,48.1,n99\n", {}, "row 2: band 'n99'"),
    ("lon,lat,height\n11.5,48.1,-3\n", {}, "row 2: height_m -3; expected 0.1 to 1000"),
    ("lon,lat,net\n11.5,48.1,a\n11.6,48.1,\n", {}, "1 rows without a network, the first row 3"),
    ("lon,lat,net\n11.5,48.1,a\n", {"keep": {"net": ("b",)}}, "no row has net = b; the first"),
    ("lon,lat\n11.5,48.1\n", {"keep": {"net": ("b",)}}, "--keep net: no such column"),
    ("lon,lat\n11.5,48.1\n", {"columns": {"longitud": "lon"}}, "--column longitud=lon: no such"),
    ("lon,lat\n11.5,48.1\n", {"crs": "EPSG:nonsense"}, "not a CRS"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reading", "says"), BAD)
def test_bad_lists_leave_nothing(tmp_path, text, reading, says):
    path, out = write(tmp_path / "bad.csv", text), tmp_path / "new" / "out.parquet"
    with pytest.raises(InputError, match=says) as error:
        import_sites(path, out, reading=Reading(**reading))
    assert "\n" not in str(error.value)
    assert not out.parent.exists() and [p.name for p in tmp_path.iterdir()] == ["bad.csv"]


def test_places_that_are_refused(tmp_path):
    path = write(tmp_path / "in.csv", "lon,lat\n11.5,48.1\n")
    import_sites(path, tmp_path / "a.csv")
    for out, says in (
        (tmp_path / "a.csv", "exists; give another name with -o, or --overwrite"),
        (tmp_path / "a.xls", "give a name that ends with .parquet, .gpkg, .geojson, .csv"),
        (path, "is the file that is read"),
    ):
        with pytest.raises(InputError, match=says):
            import_sites(path, out)
    with pytest.raises(InputError, match="--cluster-m -1: expected 0 to 10000 m"):
        import_sites(path, tmp_path / "b.csv", cluster_m=-1.0)


def test_geometry_that_is_no_points(tmp_path):
    shapes = [shapely.Point(11.5, 48.1), shapely.box(11, 48, 12, 49)]
    geopandas.GeoDataFrame(geometry=shapes, crs="EPSG:4326").to_file(tmp_path / "p.gpkg")
    with pytest.raises(InputError, match="row 2 is a Polygon; sites and villages are points"):
        import_sites(tmp_path / "p.gpkg", tmp_path / "out.parquet")
    empty = [shapely.Point(11.5, 48.1), None, shapely.Point()]
    geopandas.GeoDataFrame(geometry=empty, crs="EPSG:4326").to_parquet(tmp_path / "e.parquet")
    with pytest.raises(InputError, match="2 of 3 rows: no coordinates, the first row 2"):
        import_sites(tmp_path / "e.parquet", tmp_path / "out.parquet")


def test_crs_is_stated_once(tmp_path):
    points = geopandas.GeoDataFrame(geometry=[shapely.Point(11.5, 48.1)], crs=None)
    points.to_parquet(tmp_path / "none.parquet")
    points.set_crs("EPSG:4326").to_parquet(tmp_path / "own.parquet")
    out = tmp_path / "out.parquet"
    with pytest.raises(InputError, match="no CRS; state it, such as --crs EPSG:4326"):
        import_sites(tmp_path / "none.parquet", out)
    import_sites(tmp_path / "none.parquet", tmp_path / "a.csv", reading=Reading(crs="EPSG:4326"))
    with pytest.raises(InputError, match="states the CRS WGS 84; leave out --crs EPSG:32632"):
        import_sites(tmp_path / "own.parquet", out, reading=Reading(crs="EPSG:32632"))


@pytest.fixture
def people():
    """A thousand people each in two cells 6 km apart, in a frame around Munich."""
    grid = Grid.from_bounds("EPSG:32632", (690_000, 5_330_000, 700_000, 5_334_000), 1000.0)
    count = np.full(grid.shape, 0.0)
    count[2, 2], count[2, 8] = 1000.0, 3000.0
    return People(grid, count)


def test_people_by_distance_and_rows_outside(tmp_path, people):
    x, y = people.grid.x[2] + 300.0, people.grid.y[2]
    text = f"x,y\n{x},{y}\n500000,5330000\n"
    report, table = sites(tmp_path, text, reading=Reading(crs="EPSG:32632"), people=people)
    assert len(table) == 1
    assert report.dropped == [
        {"reason": "outside the population raster", "rows": 1, "first_row": 3}
    ]
    shares = [report.facts[f"people within {km} km [%]"] for km in (1, 2, 5, 10)]
    assert shares == [25.0, 25.0, 25.0, 100.0]


def test_swapped_columns_in_range_are_seen_with_a_raster(tmp_path, people):
    lon, lat = people.grid.lonlat(people.grid.x[2], people.grid.y[2])
    with pytest.raises(InputError, match="longitude and latitude look swapped"):
        sites(tmp_path, f"lat,lon\n{lon},{lat}\n", people=people)
    with pytest.raises(InputError, match="none of 1 points in the population raster"):
        sites(tmp_path, "lat,lon\n-33,151\n", people=people)


def test_outliers_are_reported_and_kept(tmp_path):
    report, table = sites(tmp_path, "lon,lat\n11.5,48.1\n11.6,48.1\n30.0,60.0\n")
    assert len(table) == 3
    assert report.facts["outliers, 100 km from the next site"].startswith("1 kept, the first all-3")


def test_real_lists(tmp_path, shared):
    data = shared / "data"
    report, table = sites(tmp_path, data / "ocid_munich.csv")
    cells = pd.read_csv(data / "ocid_munich.csv")
    assert report.facts["rows"] == len(cells) == int(table["rows"].sum())
    assert report.dropped == [] and not cells.drop(columns="Unnamed: 0").duplicated().any()
    report, table = sites(
        tmp_path, data / "uk_sites_cdcam.csv", reading=Reading(crs="EPSG:27700"), cluster_m=0.0
    )
    uk = pd.read_csv(data / "uk_sites_cdcam.csv")
    assert len(table) == len(uk.drop_duplicates(["easting", "northing"]))
    back = table.to_crs("EPSG:27700").geometry
    # 1e-7 degrees are a centimeter.
    assert back.x.iloc[:5].tolist() == pytest.approx(uk["easting"].iloc[:5].tolist(), abs=0.02)
    reading = Reading({"network": "license", "height_m": "structure"})
    report, table = sites(tmp_path, data / "us_towers_hifld.csv", reading=reading)
    assert report.facts["rows"] == 19_938 and set(table["network"]) == {"AT_T", "Verizon"}
    assert table["rows"].sum() + sum(d["rows"] for d in report.dropped) == 19_938
    report, table = sites(tmp_path, data / "acma_melbcbd.csv")
    acma = pd.read_csv(data / "acma_melbcbd.csv")
    assert table["site_id"].tolist() == acma["SITE_ID"].astype(str).tolist()
    assert table["lat"].tolist() == pytest.approx(acma["LATITUDE"].tolist(), abs=1e-9)


def test_villages(tmp_path):
    text = "id,name,lon,lat,pop\n1,甲,11.5,48.1,10\n2,乙,11.6,48.1,\n1,甲,11.5,48.1,10\n"
    out = tmp_path / "v.parquet"
    report = import_villages(write(tmp_path / "v.csv", text), out)
    table = geopandas.read_parquet(out)
    assert table["village_id"].tolist() == ["1", "2"] and table["name"].tolist() == ["甲", "乙"]
    assert report.facts["villages"] == 2 and report.facts["population in all"] == 10.0
    assert report.dropped == [{"reason": "copies of a row before", "rows": 1, "first_row": 4}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("id,lon,lat\n1,11.5,48.1\n1,11.6,48.1\n", "row 3: village_id '1' again"),
        ("lon,lat,population\n11.5,48.1,-4\n", "row 2: population '-4'"),
        ("lon,lat\n104.06,30.66\n", "lie in China"),
    ],
)
def test_bad_villages(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        import_villages(write(tmp_path / "v.csv", text), tmp_path / "v.parquet")
    assert not (tmp_path / "v.parquet").exists()


def test_villages_without_ids_are_numbered(tmp_path):
    text = "lon,lat\n" + "".join(f"11.{k},48.1\n" for k in range(10))
    import_villages(write(tmp_path / "v.csv", text), tmp_path / "out.csv")
    ids = pd.read_csv(tmp_path / "out.csv", dtype=str)["village_id"].tolist()
    assert ids == [f"{k:02d}" for k in range(1, 11)]


def test_what_is_read_and_what_is_not_is_told(tmp_path):
    text = "Longitude,lat,Company,Height\n11.5,48.1,a,30\n11.5,48.1,b,30\n"
    report, table = sites(tmp_path, text)
    assert report.facts["columns read"] == "lon (Longitude), lat, height_m (Height)"
    assert report.facts["columns not read"] == "Company"
    # They differ in a column that is not read: no copies, and one place.
    assert report.dropped == [] and table["rows"].tolist() == [2]


def test_radio_cells_without_an_identity_are_no_copies(tmp_path):
    header = "mcc,net,area,cell,lon,lat\n"
    report, _ = sites(tmp_path, header + "262,1,,,11.5,48.1\n262,1,,,11.6,48.1\n")
    assert report.facts["sites"] == 2 and report.dropped == []
    report, _ = sites(tmp_path, header + "262,1,9,7,11.5,48.1\n262,1,9,7,11.6,48.1\n")
    assert report.facts["sites"] == 1 and report.dropped[0]["rows"] == 1


def test_ids_are_kept_to_the_letter(tmp_path):
    _, table = sites(tmp_path, "site_id,lon,lat\n0012,11.5,48.1\nNA,11.6,48.1\nv1.0,11.7,48.1\n")
    assert table["site_id"].tolist() == ["0012", "NA", "v1.0"]


def test_ids_within_reach_of_another_are_told(tmp_path):
    report, table = sites(tmp_path, "id,lon,lat\nA,11.5,48.1\nB,11.50003,48.1\n")
    assert table["site_id"].tolist() == ["A"]
    assert report.facts["site ids within reach of another's"].startswith("1, such as B")


def test_a_row_may_end_with_a_separator(tmp_path):
    _, table = sites(tmp_path, "lon,lat,height\n11.5,48.1,30,\n11.6,48.2,40,\n")
    assert table[["lon", "lat", "height_m"]].to_numpy().tolist() == [
        [11.5, 48.1, 30.0],
        [11.6, 48.2, 40.0],
    ]


def test_networks_that_would_be_one_are_refused(tmp_path):
    for names in (("A+B", "A&B"), ("Net", "net")):
        text = "".join(f"11.{k},48.1,{name}\n" for k, name in enumerate(names))
        with pytest.raises(InputError, match="would both be called"):
            sites(tmp_path, "lon,lat,network\n" + text)


def test_longitudes_beyond_180_degrees_are_wrapped(tmp_path):
    _, table = sites(tmp_path, "lon,lat\n190.0,-17.5\n-170.0,-17.5\n")
    assert table["lon"].tolist() == [-170.0] and table["rows"].tolist() == [2]


def test_projected_columns_go_with_the_crs(tmp_path):
    text = "lon,lat,x,y\n0,0,530000,180000\n0,0,531000,180000\n"
    _, table = sites(tmp_path, text, reading=Reading(crs="EPSG:27700"))
    assert table["lat"].between(51.4, 51.6).all() and len(table) == 2
    with pytest.raises(InputError, match="lon and lat are degrees, and EPSG:27700 has none"):
        sites(tmp_path, "lon,lat\n530000,180000\n", reading=Reading(crs="EPSG:27700"))


def test_columns_left_out_and_columns_twice(tmp_path):
    text = "id,band,lon,lat\n1,n99,11.5,48.1\n"
    _, table = sites(tmp_path, text, reading=Reading({"band": ""}))
    assert "band" not in table.columns
    with pytest.raises(InputError, match="could both be lat; say which"):
        sites(tmp_path, "lon,lat,Latitude\n11.5,48.1,0\n")
    with pytest.raises(InputError, match="--column site_id=op: that column is network already"):
        sites(
            tmp_path,
            "op,lon,lat\na,11.5,48.1\n",
            reading=Reading({"network": "op", "site_id": "op"}),
        )
    with pytest.raises(InputError, match="two columns named 'lat'"):
        sites(tmp_path, "lon,lat,lat\n11.5,48.1,0\n")


def test_a_value_to_keep_that_does_not_occur_is_told(tmp_path):
    reading = Reading(keep={"radio": ("LTE", "NR")})
    report, _ = sites(tmp_path, "radio,lon,lat\nLTE,11.5,48.1\nGSM,11.6,48.1\n", reading=reading)
    assert report.facts["no row has radio"] == "NR"


def test_web_mercator_states_no_datum_in_china(tmp_path):
    with pytest.raises(InputError, match="lie in China"):
        sites(tmp_path, "x,y\n12957000,4853000\n", reading=Reading(crs="EPSG:3857"))


def test_one_swapped_row_is_to_be_mended(tmp_path, people):
    lon, lat = people.grid.lonlat(people.grid.x[2], people.grid.y[2])
    text = f"lon,lat\n{lon},{lat}\n{lat},{lon}\n"
    with pytest.raises(InputError, match="first row 3; longitude and latitude look swapped: mend"):
        sites(tmp_path, text, people=people)
