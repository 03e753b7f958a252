"""A run written for a GIS, and read back by GDAL and geopandas."""

import json
from xml.etree import ElementTree

import geopandas
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio
import shapely
import xarray as xr
from affine import Affine
from matplotlib import colormaps
from matplotlib.colors import LogNorm
from pyproj import CRS

import netmodel as nm
from netmodel._export import layers_of
from netmodel._gis_vectors import zone_polygons
from netmodel._run import run_into
from netmodel._styles import Seen, palette_qml, ramp_of, ramp_qml
from netmodel.errors import DataError, InputError
from netmodel.grids.grid import Grid
from netmodel.grids.layers import grid_of
from netmodel.scenario import Scenario
from netmodel.variables import REASONS
from tests.conftest import JIT_OFF

BOX = (11.42, 48.06, 11.50, 48.12) if JIT_OFF else (11.35, 48.0, 11.6, 48.2)


@pytest.fixture(scope="module")
def wide(raster, tmp_path_factory):
    """The small country in a frame of more than 512 cells, most of them without data."""
    with rasterio.open(raster) as source:
        people, profile = source.read(1), source.profile
    frame = np.full((560, 530), -99999.0, "float32")
    frame[300:340, 200:250] = people
    path = tmp_path_factory.mktemp("wide") / "pop.tif"
    origin = profile["transform"] @ Affine.translation(-200, -300)
    profile |= {"height": 560, "width": 530, "transform": origin}
    with rasterio.open(path, "w", **profile) as target:
        target.write(frame, 1)
    return path


@pytest.fixture(scope="module")
def polygons(tmp_path_factory):
    """Three zones, of which the second has no cell; codes are text with markup in it."""
    boxes = [(11.2, 47.8, 11.5, 48.4), (20.0, 50.0, 20.1, 50.1), (11.5, 47.8, 11.9, 48.4)]
    names = ["West & Co", "nowhere", "<East>"]
    frame = geopandas.GeoDataFrame(
        {"key": ["W", "N", "E"], "name": names}, geometry=[shapely.box(*b) for b in boxes],
        crs="EPSG:4326",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("zones") / "zones.gpkg"
    frame.to_file(path, engine="pyogrio")
    return path


@pytest.fixture(scope="module")
def ran(given, wide, polygons, tmp_path_factory):
    """A run of the national mode and the files of its export."""
    folder = tmp_path_factory.mktemp("national") / "out"
    zones = {"path": str(polygons), "code": "key", "name": "name"}
    own = {**given, "population": {"path": str(wide)}, "zones": zones}
    run_into(Scenario.from_dict(own), folder)
    return folder, nm.export(folder)


@pytest.fixture(scope="module")
def explicit(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp("explicit") / "out"
    radio = {"mode": "explicit", "resolution_m": 1000.0 if JIT_OFF else 250.0}
    radio["layers"] = ["rsrp_dbm", "server", "sinr_db", "n_within_6db"]
    run_into(Scenario.from_dict({**given, "area": BOX, "radio": radio}), folder)
    nm.export(folder)
    return folder


def check_layer(run, layer, folder):
    grid = grid_of(run[layer.stage].to_dataset())
    with rasterio.open(folder / f"{layer.path}.tif") as source:
        assert source.driver == "GTiff" and source.count == 1
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert CRS.from_user_input(source.crs) == grid.crs
        assert source.transform == grid.affine and source.shape == grid.shape
        assert source.units == (layer.array.attrs["units"],)
        assert layer.array.attrs["long_name"] in source.descriptions[0]
        status = layer.array.attrs.get("status", "")
        assert source.tags(1).get("status", "") == status and status in source.descriptions[0]
        assert run.attrs["title"] in source.tags()["TIFFTAG_IMAGEDESCRIPTION"]
        assert source.tags()["TIFFTAG_SOFTWARE"].startswith("netmodel ")
        assert bool(source.overviews(1)) == (max(grid.shape) > 512)
        cells, nodata, masked = source.read(1), source.nodata, source.read(1, masked=True)
        colors = source.colormap(1) if "flag_meanings" in layer.array.attrs else None
    value = layer.array.values
    if value.dtype.kind == "f":
        assert np.isnan(nodata) and cells.dtype == value.dtype
        np.testing.assert_array_equal(cells, value)
    elif colors is not None:
        assert (cells.dtype, nodata) == (np.uint8, 255)
        np.testing.assert_array_equal(np.where(cells == 255, -1, cells.astype(int)), value)
        assert len({colors[k] for k in range(len(layer.meanings))}) == len(layer.meanings)
    else:
        assert cells.dtype == value.dtype
        np.testing.assert_array_equal(cells, value)
        assert nodata == (-1 if "label" in layer.name or layer.name == "server" else None)
    missing = np.isnan(value) if value.dtype.kind == "f" else (value < 0) & (nodata is not None)
    np.testing.assert_array_equal(np.ma.getmaskarray(masked), missing)


@pytest.mark.parametrize("which", ["ran", "explicit"])
def test_every_layer_is_the_store_cell_for_cell(which, request):
    folder = request.getfixturevalue(which)
    folder = folder if which == "explicit" else folder[0]
    run = nm.open_run(folder)
    layers = layers_of(run)
    assert {"pixels" if which == "explicit" else "capacity", "population"} <= {
        layer.stage for layer in layers
    }
    for layer in layers:
        check_layer(run, layer, folder / "gis")
    assert len(list((folder / "gis").rglob("*.tif"))) == len(layers)


def test_names_and_stages(ran, explicit):
    names = {p.relative_to(ran[0] / "gis").as_posix() for p in ran[1]}
    assert {"capacity/cell_load_a.tif", "capacity/cell_load_b.qml", "zones.gpkg"} <= names
    assert {"provinces.parquet", "counties.parquet", "sites.gpkg", "sites.parquet"} <= names
    assert all(p.is_file() for p in ran[1]) and not any(p.name[0] == "." for p in ran[1])
    assert (explicit / "gis" / "pixels" / "rsrp_dbm_a_n78.tif").is_file()
    assert {p.name for p in ran[0].iterdir() if p.name[0] == "."} == set()


def test_zones_are_the_tables_and_the_cells_or_the_polygons_that_were_given(ran, polygons):
    folder, _ = ran
    run = nm.open_run(folder)
    people = run["population"].to_dataset()
    for level, label in (("provinces", "province_label"), ("counties", "county_label")):
        package = geopandas.read_file(folder / "gis" / "zones.gpkg", layer=level)
        table = pd.read_parquet(folder / f"{level}.parquet")
        parquet = geopandas.read_parquet(folder / "gis" / f"{level}.parquet")
        for frame in (package, parquet):
            assert set(table.columns) | {"label", "geometry"} == set(frame.columns)
            assert frame["code"].tolist() == table["code"].tolist()
            total = float(people.people.sum(dtype=float))
            assert frame["population"].sum() == pytest.approx(total, rel=1e-9)
            crs = CRS.from_epsg(4326) if level == "counties" else grid_of(people).crs
            assert CRS.from_user_input(frame.crs).equals(crs, True)
            assert frame.geometry.is_valid.all()
        for row in package.itertuples() if level == "provinces" else ():
            inside = people[label].values == row.label
            counted = np.nansum(people.people.values[inside], dtype=float)
            assert counted == pytest.approx(row.population, rel=1e-6)
            cells = abs(grid_of(people).affine.determinant) * inside.sum()
            assert row.geometry.area == pytest.approx(cells, rel=1e-9)
    assert package["code"].tolist() == ["W", "E"] and package["label"].tolist() == [0, 2]
    given = geopandas.read_file(polygons).set_index("key").loc[["W", "E"]]
    assert package.geometry.geom_equals(given.geometry.reset_index(drop=True)).all()
    about = pyogrio.read_info(folder / "gis" / "zones.gpkg", layer="counties")
    assert about["driver"] == "GPKG" and about["geometry_type"] == "Polygon"
    assert about["features"] == 2
    assert about["layer_metadata"]["title"] == run.attrs["title"]


def test_stations_of_a_list_are_where_it_has_them(given, tmp_path):
    rows = ["11.5123,48.1321,a,macro", "11.6,48.2,b,indoor", "11.4,48.0,b,macro"]
    (tmp_path / "s.csv").write_text("\n".join(["lon,lat,network,kind", *rows]) + "\n")
    own = {**given, "sites": {"path": str(tmp_path / "s.csv")}, "area": (11.45, 48.05, 11.7, 48.3)}
    run_into(Scenario.from_dict(own), tmp_path / "out", stages="sites")
    nm.export(tmp_path / "out", layers=["sites"])
    frame = geopandas.read_file(tmp_path / "out" / "gis" / "sites.gpkg")
    assert frame["network"].tolist() == ["a", "b"]  # the third is outside the area
    assert frame.geometry.x.tolist() == pytest.approx([11.5123, 11.6], abs=1e-8)
    assert frame.geometry.y.tolist() == pytest.approx([48.1321, 48.2], abs=1e-8)
    assert set(frame["status"]) == {"listed"}


def test_cells_with_stations_are_points_at_their_centers(ran):
    folder, _ = ran
    run = nm.open_run(folder)
    ds, grid = run["sites"].to_dataset(), grid_of(run["sites"].to_dataset())
    for frame in (
        geopandas.read_file(folder / "gis" / "sites.gpkg"),
        geopandas.read_parquet(folder / "gis" / "sites.parquet"),
    ):
        assert frame.crs.to_epsg() == 4326
        assert frame["sites_5g"].sum() == int(ds.sites_5g.sum()) == 150
        assert frame["sites_5g_b"].sum() == int(ds.sites_5g[1].sum())
        assert set(frame["status"]) == {"synthesised"}
        assert set(frame["position"]) == {"center of the cell"}
        place = frame.geometry.to_crs(grid.crs)
        cell = grid.cell(place.x, place.y)
        total = ds.sites_5g.sum("network").values.reshape(-1)
        np.testing.assert_array_equal(frame["sites_5g"], total[cell])
        assert len(frame) == (total > 0).sum()
        column, row = grid.pixel(place.x, place.y)
        np.testing.assert_allclose([column % 1, row % 1], 0.5, atol=1e-3)


def test_sectors_are_points(explicit):
    table = pd.read_parquet(explicit / "sectors.parquet")
    for frame in (
        geopandas.read_file(explicit / "gis" / "sites.gpkg"),
        geopandas.read_parquet(explicit / "gis" / "sites.parquet"),
    ):
        assert set(frame.columns) == {*table.columns, "geometry"} and len(frame) == len(table)
        assert frame.crs.to_epsg() == 4326
        np.testing.assert_allclose(frame.geometry.x, table["lon"], atol=1e-9)
        np.testing.assert_allclose(frame.geometry.y, table["lat"], atol=1e-9)
        np.testing.assert_array_equal(frame["served_people"], table["served_people"])


def stops_of(path):
    root = ElementTree.parse(path).getroot()
    assert root.tag == "qgis"
    (renderer,) = root.findall("pipe/rasterrenderer")
    items = renderer.findall(".//item") + renderer.findall(".//paletteEntry")
    return renderer.get("type"), [(float(i.get("value")), i.attrib) for i in items]


@pytest.mark.parametrize("which", ["ran", "explicit"])
def test_a_style_covers_the_values_of_its_layer(which, request):
    folder = request.getfixturevalue(which)
    folder = folder if which == "explicit" else folder[0]
    for layer in layers_of(nm.open_run(folder)):
        kind, stops = stops_of(folder / "gis" / f"{layer.path}.qml")
        values = [v for v, _ in stops]
        seen = layer.array.values.astype(float).ravel()
        seen = seen[np.isfinite(seen)]
        if kind == "paletted":
            assert set(np.unique(seen[seen >= 0])) <= set(values), layer.path
            continue
        assert values == sorted(set(values)) and kind == "singlebandpseudocolor"
        assert values[-1] >= np.quantile(seen, 0.95), layer.path
        if np.isinf(values[-1]):  # in steps: the first color is of all that is below
            continue
        # The map of load begins at 1e-3 whatever there is, and colors what is less alike.
        low = 1e-3 if layer.name == "cell_load" else np.median(seen)
        assert values[0] <= low, layer.path
        unit = layer.array.attrs["units"]
        assert unit == "1" or stops[-1][1]["label"].endswith(unit)


def test_classes_have_their_names_and_the_colors_of_the_file(ran):
    base = ran[0] / "gis" / "capacity" / "unserved_reason_a"
    kind, stops = stops_of(base.with_suffix(".qml"))
    assert kind == "paletted" and [a["label"] for _, a in stops] == list(REASONS)
    with rasterio.open(base.with_suffix(".tif")) as source:
        colors = source.colormap(1)
        assert source.tags(1)["flag_meanings"].split() == list(REASONS)
    for value, attributes in stops:
        assert attributes["color"] == "#{:02x}{:02x}{:02x}".format(*colors[int(value)][:3])
    _, zones = stops_of(ran[0] / "gis" / "population" / "county_label.qml")
    assert [(v, a["label"]) for v, a in zones] == [(0.0, "W West & Co"), (2.0, "E <East>")]


def test_a_ramp_has_the_colors_of_the_map():
    seen = Seen("population", "people", "people", np.geomspace(0.5, 40_000, 1000), cell_km2=4.0)
    stops = {s.value: s for s in ramp_of(seen).stops}
    norm = LogNorm(1.0, 10_000.0)  # per km2: from the map's lowest to the next round number
    for value in (4.0, 400.0, 40_000.0):  # people of a cell of 4 km2
        expected = colormaps["viridis"](norm(value / 4.0), bytes=True)
        assert stops[value].color == tuple(int(c) for c in expected)
    assert stops[0.0].color == (230, 230, 230, 255)
    load = ramp_of(Seen("capacity", "uplink_load", "1", np.array([0.2, 1.4]), target_load=0.7))
    assert load.is_stepped and [s.value for s in load.stops][-1] == np.inf
    assert 0.7 in [s.value for s in load.stops]
    assert load.stops[0].color == tuple(int(c) for c in colormaps["YlOrRd"](0, bytes=True))
    assert load.stops[-1].color == tuple(int(c) for c in colormaps["YlOrRd"](255, bytes=True))


@pytest.mark.parametrize("sample", [[], [0.0, 0.0], [5.0], [-3.0, 8.0], [0.0, 1e-5, 1e5]])
def test_a_ramp_of_anything_rises(sample):
    for blank in (False, True):
        ramp = ramp_of(Seen("x", "y", "m", np.array(sample, float), zero_is_blank=blank))
        values = [s.value for s in ramp.stops]
        assert values == sorted(set(values)) and np.isfinite(values).all()
        assert ElementTree.fromstring(ramp_qml(ramp)).find(".//colorrampshader") is not None


def test_markup_in_a_name_stays_text():
    text = palette_qml({0: (1, 2, 3, 255)}, {0: '"><script/>&'})
    entry = ElementTree.fromstring(text).find(".//paletteEntry")
    assert entry.get("label") == '"><script/>&' and entry.get("color") == "#010203"


def test_outlines_of_labels_with_holes_and_corners():
    grid = Grid.from_bounds("EPSG:3035", (0, 0, 4000, 4000), 1000)
    label = np.array([[3, 3, 3, -1], [3, 7, 3, -1], [3, 3, 3, -1], [-1, -1, -1, 3]], np.int32)
    found = zone_polygons(label, grid)
    assert list(found) == [3, 7] and all(g.is_valid for g in found.values())
    assert found[3].area == 9e6 and len(found[3].geoms) == 2
    assert found[7].equals(shapely.box(1000, 2000, 2000, 3000))


def test_networks_of_any_name_stay_inside_the_folder():
    def names(*networks):
        codes = xr.Variable("network", range(len(networks)), {"flag_meanings": " ".join(networks)})
        array = xr.DataArray(
            np.zeros((len(networks), 2, 2)), dims=("network", "y", "x"), coords={"network": codes}
        )
        tree = xr.DataTree.from_dict({"/s": xr.Dataset({"v": array})})
        return [layer.path for layer in layers_of(tree)]

    assert names("mobile", "b-2") == ["s/v_mobile", "s/v_b-2"]
    assert names("../../etc", "etc") == ["s/v_0_etc", "s/v_1_etc"]
    assert names("移动", "电信") == ["s/v_移动", "s/v_电信"]
    assert names("Aa", "aA") == ["s/v_0_Aa", "s/v_1_aA"]


def test_some_layers_only(ran, tmp_path):
    asked = ["capacity/cell_load_a", "people", "zones", "population/people"]
    files = nm.export(ran[0], tmp_path / "g", layers=asked)
    assert {p.relative_to(tmp_path / "g").as_posix() for p in files} == {
        "capacity/cell_load_a.tif", "capacity/cell_load_a.qml", "population/people.tif",
        "population/people.qml", "zones.gpkg", "provinces.parquet", "counties.parquet",
    }  # fmt: skip
    with pytest.raises(InputError, match="no 'cell_laod'; it has .*capacity/cell_load, .*zones"):
        nm.export(ran[0], tmp_path / "h", layers=["cell_laod"])
    assert [p.name for p in tmp_path.iterdir()] == ["g"]


def test_what_is_no_run(tmp_path):
    with pytest.raises(InputError, match="not a complete run folder"):
        nm.export(tmp_path)


def test_a_place_that_is_taken(ran, tmp_path):
    one = ["population/people"]
    place = tmp_path / "g"
    nm.export(ran[0], place, layers=one)
    with pytest.raises(InputError, match="exists; give another folder with -o, or --overwrite"):
        nm.export(ran[0], place, layers=one)
    (place / "population" / "people.tif.aux.xml").write_text("left by a GIS")
    nm.export(ran[0], place, layers=["zones"], overwrite=True)
    assert not (place / "population").exists() and (place / "zones.gpkg").exists()
    (place / "my.qgz").write_text("a day of work")
    with pytest.raises(InputError, match=r"my\.qgz is yours"):
        nm.export(ran[0], place, layers=one, overwrite=True)
    assert (place / "my.qgz").read_text() == "a day of work"
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="no folder"):
        nm.export(ran[0], tmp_path / "file", overwrite=True)
    with pytest.raises(InputError, match="is yours"):
        nm.export(ran[0], ran[0], overwrite=True)


def test_a_style_of_the_users_own_is_not_replaced(ran, tmp_path):
    nm.export(ran[0], tmp_path / "g", layers=["people"])
    (tmp_path / "g" / "population" / "people.qml").write_text("<qgis/>")
    with pytest.raises(InputError, match=r"people\.qml is yours"):
        nm.export(ran[0], tmp_path / "g", layers=["people"], overwrite=True)


def test_an_error_leaves_nothing_and_an_interruption_resumes(ran, tmp_path, monkeypatch):
    def stops(error):
        def write(*_, **__):
            raise error

        monkeypatch.setattr("netmodel._export.write_vectors", write)

    stops(OSError("no"))
    with pytest.raises(OSError, match="no"):
        nm.export(ran[0], tmp_path / "p" / "g", layers=["people", "zones"])
    assert list(tmp_path.iterdir()) == []
    stops(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        nm.export(ran[0], tmp_path / "g", layers=["people", "zones"])
    assert [p.name for p in tmp_path.iterdir()] == [".g.partial"]
    monkeypatch.undo()
    written = []
    monkeypatch.setattr("netmodel._export.write_cog", lambda *a, **k: written.append(a))
    files = nm.export(ran[0], tmp_path / "g", layers=["people", "zones"])
    assert written == [] and [p.name for p in tmp_path.iterdir()] == ["g"]
    assert all(p.is_file() for p in files)


def test_a_table_of_another_run(ran, tmp_path):
    import shutil

    shutil.copytree(ran[0], tmp_path / "run", ignore=shutil.ignore_patterns("gis", "maps"))
    table = pd.read_parquet(tmp_path / "run" / "counties.parquet")
    table = table.assign(code=["W", "other"])
    table.to_parquet(tmp_path / "run" / "counties.parquet", index=False)
    with pytest.raises(DataError, match="make the run again"):
        nm.export(tmp_path / "run", layers=["zones"])
    (tmp_path / "run" / "counties.parquet").unlink()
    with pytest.raises(DataError, match="no such file"):
        nm.export(tmp_path / "run", layers=["county_label"])
    assert not (tmp_path / "run" / "gis").exists()


def test_attribution_travels(ran, tmp_path):
    """As the embedded data have it; what a user brings has none yet."""
    import shutil

    import zarr

    shutil.copytree(ran[0], tmp_path / "run", ignore=shutil.ignore_patterns("gis", "maps"))
    store = zarr.open_group(tmp_path / "run" / "run.zarr", mode="r+", zarr_format=2)
    store.attrs["attribution"] = "GeoNames (CC BY 4.0), © 中国"
    zarr.consolidate_metadata(tmp_path / "run" / "run.zarr", zarr_format=2)
    nm.export(tmp_path / "run", layers=["people", "zones", "sites"])
    folder = tmp_path / "run" / "gis"
    with rasterio.open(folder / "population" / "people.tif") as source:
        assert source.tags()["TIFFTAG_COPYRIGHT"] == "GeoNames (CC BY 4.0), © 中国"
    about = pyogrio.read_info(folder / "sites.gpkg")["layer_metadata"]
    assert about["attribution"] == "GeoNames (CC BY 4.0), © 中国"
    assert geopandas.read_parquet(folder / "sites.parquet").attrs["attribution"][:8] == "GeoNames"


def test_the_command(ran, tmp_path, capsys, monkeypatch):
    from netmodel import cli

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["netmodel", "export", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return stop.value.code, *capsys.readouterr()

    code, out, err = run(ran[0], "-o", tmp_path / "g", "--layers", "people, zones")
    assert (code or 0, err) == (0, "") and "population/people" in out and "elapsed" in out
    last = out.strip().splitlines()[-1]
    assert last.startswith(f"{tmp_path / 'g'}: 1 layers") and last.endswith(" MB")
    assert "1 GeoPackages" in last
    code, out, err = run(ran[0], "-o", tmp_path / "q", "--layers", "people", "--quiet")
    assert (code or 0, out, err) == (0, "", "")
    for bad in (["--layers", "nothing"], ["--layers", ","], ["-o", str(tmp_path / "g")]):
        code, out, err = run(ran[0], "--quiet", *bad)
        assert code == 2 and len(err.strip().splitlines()) == 1


def test_the_list_of_files_is_that_of_the_folder(ran):
    state = json.loads((ran[0] / "gis" / "export.json").read_text())
    there = {p.relative_to(ran[0] / "gis").as_posix() for p in (ran[0] / "gis").rglob("*.*")}
    assert {*state["files"], "export.json"} == there
