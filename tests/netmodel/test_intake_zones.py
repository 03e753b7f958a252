import geopandas
import numpy as np
import pytest
import shapely
from pyproj import Geod

from netmodel._reading import Reading
from netmodel.errors import InputError
from netmodel.grids.datum import gcj02_of_wgs84
from netmodel.grids.grid import Grid
from netmodel.grids.polygons import read_polygons
from netmodel.intake.people import People
from netmodel.intake.zones import import_zones

BOX = shapely.box(11.0, 48.0, 11.2, 48.2)
BOW_TIE = shapely.Polygon([(11, 48), (11.2, 48.2), (11.2, 48), (11, 48.2)])


def layer(path, shapes, crs="EPSG:4326", **columns):
    frame = geopandas.GeoDataFrame(columns, geometry=shapes, crs=crs)
    frame.to_parquet(path)
    return path


def zones(tmp_path, shapes, reading=None, repair=False, crs="EPSG:4326", **columns):
    path = layer(tmp_path / "in.parquet", shapes, crs, **columns)
    out = tmp_path / "out.parquet"
    report = import_zones(path, out, reading=reading or Reading(), repair=repair, overwrite=True)
    return report, geopandas.read_parquet(out)


def test_codes_names_and_areas(tmp_path):
    shapes = [BOX, shapely.box(11.2, 48.0, 11.4, 48.2)]
    report, table = zones(
        tmp_path, shapes, Reading({"code": "k"}), k=[7.0, 8.0], name=["甲", "乙 丙"]
    )
    assert table["code"].tolist() == ["7", "8"] and table["name"].tolist() == ["甲", "乙 丙"]
    assert shapely.equals_exact(table.geometry.to_numpy(), shapes, 1e-9).all()
    # Parallels are no geodesics: between their ends they differ by less than 1e-4 of the area.
    geodesic = sum(abs(Geod(ellps="WGS84").geometry_area_perimeter(s)[0]) for s in shapes) / 1e6
    assert report.facts["area [km2]"] == pytest.approx(geodesic, rel=1e-4)
    assert "of it in several zones, counted once for each [km2]" not in report.facts


def test_overlaps_are_reported(tmp_path):
    report, _ = zones(tmp_path, [BOX, shapely.box(11.1, 48.0, 11.3, 48.2)])
    double = report.facts["of it in several zones, counted once for each [km2]"]
    assert double == pytest.approx(report.facts["area [km2]"] / 4, rel=1e-6)


@pytest.mark.parametrize(
    ("shapes", "columns", "says"),
    [
        (
            [BOX, BOW_TIE],
            {},
            r"row 2: invalid polygon \(Self-inters.*\); mend .*1 rows in all",
        ),
        ([BOX, None, shapely.Polygon()], {}, "row 2: no geometry; .*--repair.*2 rows in all"),
        ([BOX, shapely.Point(11, 48)], {}, "row 2: a Point; give polygons only"),
        ([BOX, BOX], {"code": ["a", "a"]}, "row 2: code 'a' is also in row 1"),
        ([shapely.box(116, 39, 117, 40)], {}, "1 points lie in China"),
    ],
)
def test_bad_polygons_leave_nothing(tmp_path, shapes, columns, says):
    path = layer(tmp_path / "in.parquet", shapes, **columns)
    with pytest.raises(InputError, match=says):
        import_zones(path, tmp_path / "out.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["in.parquet"]


def test_repair_mends_and_leaves_out(tmp_path):
    report, table = zones(tmp_path, [BOW_TIE, None, BOX], repair=True)
    assert report.facts["polygons mended"] == "1, the first row 1"
    assert report.dropped == [{"reason": "no geometry", "rows": 1, "first_row": 2}]
    assert table["code"].tolist() == ["1", "3"] and table.is_valid.all()
    # The two halves of the tie, a quarter of the box each.
    assert shapely.area(table.geometry.to_numpy()).tolist() == pytest.approx([0.02, 0.04])


def test_mending_leaves_areas_only(tmp_path):
    spike = shapely.Polygon([(0, 0), (1, 0), (1, 1), (2, 2), (1, 1), (0, 1)])
    _, table = zones(tmp_path, [spike], repair=True)
    assert table.geom_type.tolist() == ["MultiPolygon"]
    assert shapely.area(table.geometry.to_numpy()).tolist() == pytest.approx([1.0])


def test_gcj02_polygons_are_moved(tmp_path):
    box = shapely.box(116.0, 39.0, 117.0, 40.0)
    moved = shapely.transform(box, lambda p: np.column_stack(gcj02_of_wgs84(p[:, 0], p[:, 1])))
    _, table = zones(tmp_path, [moved], Reading(datum="gcj02"))
    assert shapely.equals_exact(table.geometry.iloc[0], box, 1e-9)
    assert table.crs == "EPSG:4326"


def test_files_without_polygons_or_crs(tmp_path):
    path = tmp_path / "z.csv"
    path.write_text("code,name\n1,a\n")
    with pytest.raises(InputError, match="no geometry in it"):
        import_zones(path, tmp_path / "out.parquet")
    with pytest.raises(InputError, match="no CRS; state it, such as --crs EPSG:4326"):
        zones(tmp_path, [BOX], crs=None)
    with pytest.raises(InputError, match="ends with .parquet, .gpkg, .geojson"):
        import_zones(path, tmp_path / "out.csv")


def test_municipalities_of_sao_miguel(tmp_path, shared):
    out = tmp_path / "zones.gpkg"
    report = import_zones(
        shared / "data" / "sao_concelhos.gpkg", out, reading=Reading({"code": "name"})
    )
    table = geopandas.read_file(out)
    assert table["code"].tolist() == table["name"].tolist() and len(table) == 6
    geod = Geod(ellps="WGS84")
    area = sum(abs(geod.geometry_area_perimeter(s)[0]) for s in table.geometry) / 1e6
    assert report.facts["area [km2]"] == pytest.approx(area, rel=1e-4)


def test_what_mending_leaves_is_what_a_scenario_takes(tmp_path):
    flat = shapely.Polygon([(0, 0), (1, 0), (0, 0)])
    report, table = zones(tmp_path, [BOX, flat], repair=True)
    assert table["code"].tolist() == ["1"] and read_polygons(tmp_path / "out.parquet") is not None
    assert report.dropped == [{"reason": "no area left after mending", "rows": 1, "first_row": 2}]


def test_geojson_is_in_wgs84(tmp_path):
    crs = "+proj=laea +lat_0=48 +lon_0=11 +datum=WGS84 +units=m"
    path = layer(tmp_path / "in.parquet", [shapely.box(0, 0, 10_000, 10_000)], crs)
    import_zones(path, tmp_path / "z.geojson")
    assert geopandas.read_file(tmp_path / "z.geojson").total_bounds.tolist() == pytest.approx(
        [11.0, 48.0, 11.1341, 48.0899], abs=1e-3
    )


@pytest.mark.parametrize(
    ("shape", "columns", "says"),
    [
        (shapely.box(600_000, 5_300_000, 601_000, 5_301_000), {}, "row 1 has latitude 5.3e"),
        (shapely.box(48, 111, 49, 112), {}, "latitude 111; lon and lat look swapped; .*1 rows"),
        (BOX, {"code": [None]}, "row 1: no code; give each zone a code"),
    ],
)
def test_places_and_codes_that_are_none(tmp_path, shape, columns, says):
    with pytest.raises(InputError, match=says):
        zones(tmp_path, [shape], **columns)


def test_zones_of_another_region(tmp_path):
    grid = Grid.from_bounds("EPSG:3035", (4_000_000, 3_000_000, 4_004_000, 3_004_000), 1000.0)
    path = layer(tmp_path / "in.parquet", [BOX])
    with pytest.raises(InputError, match="nobody of the population raster lives in any zone"):
        import_zones(path, tmp_path / "z.parquet", people=People(grid, np.ones(grid.shape)))


def test_areas_over_the_180th_meridian(tmp_path):
    report, _ = zones(tmp_path, [shapely.box(179.0, -18.0, 181.0, -16.0)])
    area = Geod(ellps="WGS84").geometry_area_perimeter(shapely.box(9.0, -18.0, 11.0, -16.0))[0]
    assert report.facts["area [km2]"] == pytest.approx(abs(area) / 1e6, rel=1e-9)
