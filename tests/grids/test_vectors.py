import geopandas
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import Point, box

from netmodel.errors import DataError, InputError
from netmodel.grids.vectors import read_vector

BOXES = geopandas.GeoDataFrame(
    {"id": ["a", "b"]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs="EPSG:3035"
)


@pytest.mark.parametrize("name", ["v.gpkg", "v.geojson", "v.shp", "v.parquet", "v.geoparquet"])
def test_the_same_features_in_every_format(tmp_path, name):
    path = tmp_path / name
    BOXES.to_parquet(path) if "parquet" in name else BOXES.to_file(path)
    frame = read_vector(path)
    assert frame.id.tolist() == ["a", "b"] and frame.crs == BOXES.crs
    assert frame.geometry.geom_equals(BOXES.geometry).all()


def test_one_layer_is_read_whatever_tables_are_beside_it(tmp_path):
    path = tmp_path / "two.gpkg"
    BOXES.to_file(path, layer="zones")
    pyogrio.write_dataframe(pd.DataFrame({"style": ["red"]}), path, layer="layer_styles")
    assert len(read_vector(path)) == 2
    BOXES.iloc[:1].to_file(path, layer="sites")
    assert len(read_vector(path, "sites")) == 1 and len(read_vector(path, "zones")) == 2
    with pytest.raises(InputError, match=r"two.gpkg: 2 layers \(zones, sites\); state which"):
        read_vector(path)
    with pytest.raises(InputError, match="no layer 'towns' of geometries; it has zones, sites"):
        read_vector(path, "towns")


def test_files_that_are_no_vector_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="none.gpkg: no such file"):
        read_vector(tmp_path / "none.gpkg")
    for name, words in (("t.gpkg", "not a vector file"), ("t.parquet", "not GeoParquet")):
        (tmp_path / name).write_text("PAR1 and no more" if "parquet" in name else "no zones")
        with pytest.raises(DataError, match=words):
            read_vector(tmp_path / name)
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "plain.parquet")
    with pytest.raises(DataError, match=r"not GeoParquet \(Missing geo metadata"):
        read_vector(tmp_path / "plain.parquet")
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no geometries"):
        read_vector(tmp_path / "table.csv")
    BOXES.to_parquet(tmp_path / "v.parquet")
    with pytest.raises(InputError, match="has no layers"):
        read_vector(tmp_path / "v.parquet", "zones")


def test_a_crs_is_needed(tmp_path):
    bare = geopandas.GeoDataFrame(geometry=[Point(0, 0)])
    bare.to_parquet(tmp_path / "bare.parquet")
    with pytest.warns(UserWarning, match="crs"):
        bare.to_file(tmp_path / "bare.gpkg")
    for name in ("bare.parquet", "bare.gpkg"):
        with pytest.raises(InputError, match=f"{name}: no CRS; state it"):
            read_vector(tmp_path / name)
