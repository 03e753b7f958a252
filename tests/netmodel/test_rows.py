import gzip

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

from netmodel._reading import OPENCELLID, Reading
from netmodel._rows import column_names, read_points, read_rows
from netmodel.errors import DataError, InputError

LINE = "LTE,262,1,10,{},0,{},{},900,5,1,1500000000,1500000000,-70"
CELLS = [LINE.format(k, 11.5 + k / 100, 48.1) for k in range(3)]
POINTS = [shapely.Point(11.5, 48.1), shapely.Point(11.6, 48.2)]


def frame(**columns):
    return geopandas.GeoDataFrame(columns or {"net": [1, 2]}, geometry=POINTS, crs="EPSG:4326")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("header", [False, True])
def test_opencellid_plain_and_packed_with_and_without_its_header(tmp_path, packed, header):
    text = "\n".join([",".join(OPENCELLID)] * header + CELLS) + "\n"
    path = tmp_path / "262.csv"  # what a file is does not hang on its name
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    rows = read_rows(path, Reading(), ("lon", "lat", "network"))
    assert rows.form == "OpenCelliD"
    assert rows.table["lon"].tolist() == [11.5, 11.51, 11.52]
    assert rows.table["network"].tolist() == ["1", "1", "1"]
    assert rows.number.tolist() == [k + header for k in (1, 2, 3)]
    assert column_names(path) == list(OPENCELLID)


@pytest.mark.parametrize(
    ("suffix", "form", "options"),
    [
        ("gpkg", "GeoPackage", {"driver": "GPKG"}),
        ("geojson", "GeoJSON", {"driver": "GeoJSON"}),
        ("shp", "Shapefile", {"driver": "ESRI Shapefile"}),
        ("fgb", "FlatGeobuf", {"driver": "FlatGeobuf"}),
    ],
)
def test_vector_formats(tmp_path, suffix, form, options):
    path = tmp_path / f"s.{suffix}"
    frame().to_file(path, **options)
    rows = read_rows(path, Reading(), ("network",))
    assert rows.form == form and rows.geo is not None
    assert sorted(rows.table["network"]) == [1, 2] and rows.number.tolist() == [1, 2]
    assert sorted(read_points(path, "[sites] path")["lon"]) == [11.5, 11.6]


def test_parquet_with_and_without_geometry(tmp_path):
    frame().to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"longitude": [1.0], "latitude": [2.0]}).to_parquet(tmp_path / "b.parquet")
    assert read_rows(tmp_path / "a.parquet", Reading()).geo is not None
    rows = read_rows(tmp_path / "b.parquet", Reading(), ("lon", "lat"))
    assert rows.geo is None and rows.table["lon"].tolist() == [1.0]


def test_separators_decimals_and_encodings(tmp_path):
    path = tmp_path / "s.csv"
    path.write_bytes("站号;经度;纬度\n甲;104,06;30,66\n".encode("gb18030"))
    reading = Reading(encoding="gb18030", decimal=",")
    table = read_rows(path, reading, ("site_id", "lon", "lat")).table
    assert table.iloc[0].tolist() == ["甲", 104.06, 30.66]
    with pytest.raises(DataError, match="state the file's encoding, such as --encoding gb18030"):
        read_rows(path, Reading())
    with pytest.raises(InputError, match="--encoding nonsense: not known"):
        read_rows(path, Reading(encoding="nonsense"))


def test_columns_are_mapped_and_left_out(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("ID,East,lat,net\n7,11.5,48.1,x\n")
    wanted = ("lon", "lat", "network", "site_id")
    table = read_rows(path, Reading({"lon": "EAST", "network": ""}), wanted).table
    assert table.columns.tolist() == ["site_id", "lon", "lat", "net"]
    with pytest.raises(InputError, match="no column 'West' for lon; it has ID, East, lat, net"):
        read_rows(path, Reading({"lon": "West"}), wanted)


def test_blank_lines_count_as_rows(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("lon,lat\n1,2\n\n3,4\n")
    assert read_rows(path, Reading()).number.tolist() == [2, 4]


def test_layers_are_named(tmp_path):
    path = tmp_path / "s.gpkg"
    for layer in ("a", "b"):
        frame().to_file(path, layer=layer)
    with pytest.raises(InputError, match=r"2 layers \(a, b\); state which"):
        read_rows(path, Reading())
    with pytest.raises(InputError, match="no layer 'c' of geometries; it has a, b"):
        read_rows(path, Reading(layer="c"))
    assert len(read_rows(path, Reading(layer="b")).table) == 2


def cut(path, data, share=0.5):
    path.write_bytes(data[: int(len(data) * share)])
    return path


def test_files_cut_short(tmp_path):
    text = ("\n".join(CELLS * 2000)).encode()
    with pytest.raises(DataError, match="gzip file is cut short or damaged"):
        read_rows(cut(tmp_path / "a.csv.gz", gzip.compress(text)), Reading())
    frame().to_parquet(tmp_path / "whole.parquet")
    with pytest.raises(DataError, match="not a whole Parquet file"):
        read_rows(cut(tmp_path / "b", (tmp_path / "whole.parquet").read_bytes()), Reading())
    frame().to_file(tmp_path / "whole.geojson")
    with pytest.raises(DataError, match="not a vector file"):
        read_rows(cut(tmp_path / "c", (tmp_path / "whole.geojson").read_bytes()), Reading())


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("a,b\n1,2\n1,2,3\n", DataError, "row 3 has 3 fields, the header 2"),
        ("", DataError, "not a CSV table"),
        ("a,b\n", InputError, "no rows"),
    ],
)
def test_bad_text(tmp_path, text, error, says):
    path = tmp_path / "s.csv"
    path.write_text(text)
    with pytest.raises(error, match=says) as found:
        read_rows(path, Reading())
    assert "\n" not in str(found.value)


def test_spreadsheets_and_missing_files(tmp_path):
    (tmp_path / "s.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="a spreadsheet; save the sheet as CSV"):
        read_rows(tmp_path / "s.xlsx", Reading())
    with pytest.raises(DataError, match=r"no such file; check \[sites\] path"):
        read_points(tmp_path / "none.csv", "[sites] path")
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(tmp_path, Reading())


def test_points_of_a_layer_without_crs_or_of_lines(tmp_path):
    line = shapely.LineString([(0, 0), (1, 1)])
    for name, geometry, crs, says in (
        ("a", POINTS[:1], None, "no CRS"),
        ("b", [line], "EPSG:4326", "a layer of points"),
    ):
        path = tmp_path / f"{name}.parquet"
        geopandas.GeoDataFrame({"k": np.ones(1)}, geometry=geometry, crs=crs).to_parquet(path)
        with pytest.raises(InputError, match=says):
            read_points(path, "[sites] path")
