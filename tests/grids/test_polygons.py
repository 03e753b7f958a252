import geopandas
import pytest
from shapely.geometry import MultiPolygon, Point, Polygon, box

from netmodel.errors import InputError
from netmodel.grids import Grid
from netmodel.grids.polygons import on_grid, read_polygons

GOOD, MORE = box(0, 0, 1, 1), MultiPolygon([box(2, 0, 3, 1), box(4, 0, 5, 1)])
BOWTIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def written(tmp_path, geometries, **columns):
    path = tmp_path / "zones.gpkg"
    geopandas.GeoDataFrame(columns, geometry=list(geometries), crs="EPSG:4326").to_file(path)
    return path


def test_sound_polygons_are_read_in_their_order(tmp_path):
    frame = read_polygons(written(tmp_path, [GOOD, MORE], id=[7, 3]), "id")
    assert frame.id.tolist() == [7, 3]


@pytest.mark.parametrize(
    ("geometries", "says"),
    [
        ([Point(0, 0)], r"zones.gpkg: no polygons in it"),
        ([GOOD, None], r"row 2: no geometry; leave the row out or draw it"),
        ([GOOD, Polygon(), BOWTIE], r"row 2: no geometry"),
        ([GOOD, MORE, Point(0, 0)], r"row 3: a Point; give polygons only"),
        (
            [GOOD, BOWTIE],
            r"row 2: invalid polygon \(Self-intersection\[.*\]\); mend it, for example with QGIS' "
            r"Fix geometries, or `netmodel import zones .*zones.gpkg -o OUT --repair`",
        ),
    ],
)
def test_unsound_geometries_are_refused_by_row(tmp_path, geometries, says):
    with pytest.raises(InputError, match=says):
        read_polygons(written(tmp_path, geometries))


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        (["a", "b", "a"], r"row 3: id 'a' is also in row 1; give each zone its own code"),
        (["a", None, "b"], r"row 2: no id; give each zone a code"),
        ([5, 6, 6], r"row 3: id '6' is also in row 2"),
    ],
)
def test_codes_name_one_zone_each(tmp_path, codes, says):
    path = written(tmp_path, [GOOD, MORE, box(7, 7, 8, 8)], id=codes)
    assert len(read_polygons(path)) == 3
    with pytest.raises(InputError, match=says):
        read_polygons(path, "id")
    with pytest.raises(InputError, match="no column 'nom'; it has id, geometry"):
        read_polygons(path, "nom")


def test_polygons_that_a_grid_has_no_place_for_are_refused():
    one_half = "+proj=gnom +lat_0=0 +lon_0=0 +datum=WGS84 +type=crs"
    grid = Grid.from_bounds(one_half, (0, 0, 2000, 2000), 1000)
    shapes, rows = [GOOD, box(80, 0, 100, 1)], [1, 2]
    polygons = geopandas.GeoDataFrame(geometry=shapes, index=rows, crs="EPSG:4326")
    with pytest.raises(InputError, match=r"z.gpkg: row 2: reaches where .* has no coordinates"):
        on_grid("z.gpkg", polygons, grid)
    assert on_grid("z.gpkg", polygons[:1], grid).crs == grid.crs
