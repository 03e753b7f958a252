import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import CRS

from netmodel.errors import DataError, InputError
from netmodel.grids import population
from netmodel.grids.grid import NATIONAL_CRS
from netmodel.grids.population import read_population
from netmodel.intake.rasters import import_dem, import_population
from netmodel.scenario import Scenario

PLACE = {"crs": "EPSG:4326", "transform": Affine(0.01, 0, 11.0, 0, -0.01, 48.5)}


def write(path, value, dtype="float32", **options):
    value = np.asarray(value, dtype)
    profile = {"driver": "GTiff", "height": value.shape[0], "width": value.shape[1], "count": 1}
    with rasterio.open(path, "w", **profile, dtype=dtype, **{**PLACE, **options}) as target:
        target.write(value, 1)
    return path


@pytest.fixture
def people(tmp_path):
    value = np.random.default_rng(4).exponential(300.0, (60, 80))
    value[:, 70:] = -99999.0
    return write(tmp_path / "pop.tif", value, nodata=-99999.0)


def sum_of(path):
    with rasterio.open(path) as source:
        return float(source.read(1, masked=True).sum(dtype=np.float64))


def test_people_are_kept_and_the_file_says_what_it_is(tmp_path, people):
    out = tmp_path / "new" / "people.tif"
    with rasterio.open(people, "r+") as target:
        target.update_tags(licence="CC BY 4.0", source="a census")
    shares = []
    report = import_population(people, out, progress=shares.append)
    assert report.facts["people kept"] == pytest.approx(sum_of(people), rel=1e-12)
    assert sum_of(out) == pytest.approx(sum_of(people), rel=1e-9)
    assert report.facts["cells of the file without data [%]"] == 12.5
    assert shares[-1] == 1.0
    with rasterio.open(out) as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.units == ("people",) and np.isnan(source.nodata)
        assert source.tags()["TIFFTAG_COPYRIGHT"] == "a census; CC BY 4.0"
        assert "of pop.tif (count)" in source.tags()["TIFFTAG_IMAGEDESCRIPTION"]
    assert read_population(out).attribution == "a census; CC BY 4.0"
    with pytest.raises(InputError, match="exists; give another name"):
        import_population(people, out)


def test_an_import_is_read_cell_for_cell(tmp_path, people):
    out = tmp_path / "people.tif"
    import_population(people, out)
    direct, again = read_population(people), read_population(out)
    assert again.grid.shape == direct.grid.shape and again.grid.affine == direct.grid.affine
    np.testing.assert_allclose(again.people, direct.people, rtol=2e-7)
    assert again.source_people == pytest.approx(direct.source_people, rel=1e-9)
    with rasterio.open(out) as source:
        np.testing.assert_array_equal(again.people, source.read(1).astype(np.float64))


def test_the_grid_of_another_raster(tmp_path, people):
    first, second = tmp_path / "first.tif", tmp_path / "second.tif"
    import_population(people, first, resolution_m=2000.0)
    import_population(people, second, like=first)
    import_dem(write(tmp_path / "e.tif", np.full((60, 80), 500.0)), tmp_path / "d.tif", like=first)
    with (
        rasterio.open(first) as a,
        rasterio.open(second) as b,
        rasterio.open(tmp_path / "d.tif") as c,
    ):
        assert a.transform == b.transform == c.transform and a.shape == b.shape == c.shape
        np.testing.assert_array_equal(a.read(1), b.read(1))
    with pytest.raises(InputError, match="its grid is not in meters"):
        import_population(people, second, like=people, overwrite=True)


@pytest.mark.national
def test_the_national_grid(tmp_path):
    value = np.full((20, 20), 10.0)
    place = {"transform": Affine(0.01, 0, 116.0, 0, -0.01, 40.0)}
    path = write(tmp_path / "beijing.tif", value, **place)
    report = import_population(path, tmp_path / "n.tif", like="china-2020")
    assert report.facts["people kept"] == pytest.approx(4000.0, rel=1e-12)
    with rasterio.open(tmp_path / "n.tif") as source:
        assert CRS.from_wkt(source.crs.to_wkt()) == CRS.from_user_input(NATIONAL_CRS)
        assert source.shape == (4294, 4838)


@pytest.mark.parametrize(
    ("name", "kind", "resolution_m"),
    [
        ("sao_gpw_count.tif", "count", 1000.0),
        ("cod_wp1km.tif", "count", 1000.0),
        ("gridfinder_pop.tif", "count", 1000.0),
        pytest.param(
            "worldpop2020_china_mainland_5min_int.tif",
            "count",
            10_000.0,
            marks=pytest.mark.national,
        ),
    ],
)
def test_real_rasters(tmp_path, shared, name, kind, resolution_m):
    path, out = shared / "data" / name, tmp_path / "people.tif"
    report = import_population(path, out, kind=kind, resolution_m=resolution_m)
    assert report.facts["people kept"] == pytest.approx(sum_of(path), rel=1e-9)
    assert sum_of(out) == pytest.approx(sum_of(path), rel=1e-9)


def test_densities_of_gpw(tmp_path, shared):
    path = shared / "data" / "gpwv4r11_2020_density_15min_eastasia.tif"
    out = tmp_path / "people.tif"
    import_population(path, out, kind="density_per_km2", resolution_m=20_000.0)
    with rasterio.open(path) as source:
        value = source.read(1, masked=True).astype(np.float64)
        top = source.transform.f - 0.25 * np.arange(source.height)
    # A spherical zone of 0.25 degrees; the ellipsoid's is up to 0.7 % off (models.md K).
    zone = 6371.0088**2 * np.radians(0.25) * np.diff(np.sin(np.radians([top - 0.25, top])), axis=0)
    assert sum_of(out) == pytest.approx(float((value * zone[0][:, None]).sum()), rel=0.007)


def test_no_read_is_larger_than_a_window(tmp_path, people, monkeypatch):
    monkeypatch.setattr("netmodel.grids.population._WINDOW_CELLS", 500)
    seen = []
    original = population.windows_of

    def watched(shape, block, most):
        out = original(shape, block, most)
        seen.extend(window.shape[0] * window.shape[1] for window in out)
        return out

    monkeypatch.setattr("netmodel.grids.population.windows_of", watched)
    import_population(people, tmp_path / "people.tif")
    assert sum(seen) == 60 * 80 and max(seen) <= 500


def test_elevation_is_kept_in_the_mean(tmp_path, shared):
    path, out = shared / "data" / "sao_eudem.tif", tmp_path / "dem.tif"
    report = import_dem(path, out)
    with rasterio.open(path) as source:
        value = source.read(1, masked=True).astype(np.float64)
    with rasterio.open(out) as source:
        found = source.read(1, masked=True)
        assert source.units == ("m",) and source.transform.a == 210.0
        # Cells along the shore count a little more than the land they hold.
        assert found.mean() == pytest.approx(value.mean(), rel=0.03)
        assert value.min() <= found.min() and found.max() <= value.max()
    assert report.facts["highest [m]"] == pytest.approx(float(found.max()), abs=0.05)
    # Pico da Vara, the island's highest summit, has 1,105 m.
    assert 900.0 < found.max() < 1105.0


def test_bad_rasters_leave_nothing(tmp_path, people):
    out = tmp_path / "new" / "x.tif"
    cut = tmp_path / "cut.tif"
    whole = write(tmp_path / "w.tif", np.ones((300, 300)), compress="deflate")
    cut.write_bytes(whole.read_bytes()[:-200])
    flat, wet = np.full((60, 80), 10.0), np.full((60, 80), -2000.0)
    bad = [
        (import_population, cut, DataError, "cut short or damaged"),
        (import_population, tmp_path / "none.tif", DataError, "no such file"),
        (import_population, write(tmp_path / "c.tif", flat, crs=None), InputError, "no CRS"),
        (import_population, write(tmp_path / "z.tif", 0 * flat), InputError, "nobody lives in it"),
        (import_population, write(tmp_path / "n.tif", wet), InputError, "negative"),
        (import_dem, write(tmp_path / "d.tif", wet), InputError, "-2000 m, where the ground"),
        (import_dem, write(tmp_path / "k.tif", flat, crs=None), InputError, "no CRS"),
        (import_dem, cut, DataError, "cut short or damaged"),
    ]
    for function, path, error, says in bad:
        with pytest.raises(error, match=says) as found:
            function(path, out)
        assert str(path) in str(found.value) and "\n" not in str(found.value)
        assert not out.parent.exists()
    feet = write(tmp_path / "f.tif", flat)
    with rasterio.open(feet, "r+") as target:
        target.units = ("ft",)
    with pytest.raises(InputError, match="its unit is ft; convert it to meters"):
        import_dem(feet, out)
    with pytest.raises(InputError, match="give a name that ends with .tif"):
        import_population(people, tmp_path / "x.png")


def test_dem_of_other_things_and_places(tmp_path, people, shared):
    with pytest.raises(InputError, match="a map of classes .*; give a raster of elevations"):
        import_dem(shared / "data" / "sao_clc.tif", tmp_path / "x.tif")
    import_population(people, tmp_path / "people.tif")
    with pytest.raises(InputError, match="no elevation in the grid"):
        import_dem(
            shared / "data" / "sao_eudem.tif", tmp_path / "x.tif", like=tmp_path / "people.tif"
        )
    assert not (tmp_path / "x.tif").exists()


def test_a_scenario_names_it(tmp_path, people):
    import_population(people, tmp_path / "people.tif")
    given = {
        "name": "small",
        "population": {"path": str(tmp_path / "people.tif")},
        "sites": {"total": 10},
        "demand": {"total_gb": 1e6},
    }
    from netmodel._region import open_region

    region = open_region(Scenario.from_dict(given))
    assert np.nansum(region.people) == pytest.approx(sum_of(people), rel=1e-9)


def test_elevations_are_scaled(tmp_path):
    path = write(tmp_path / "e.tif", np.full((60, 80), 1000), dtype="int16")
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.1,), (50.0,)
    report = import_dem(path, tmp_path / "dem.tif")
    assert report.facts["mean [m]"] == 150.0


def test_rasters_without_a_place_or_over_the_180th_meridian(tmp_path):
    flat = np.full((60, 80), 100.0)
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        path = write(tmp_path / "p.tif", flat, transform=Affine.identity())
    for function in (import_population, import_dem):
        with pytest.raises(InputError, match="no place on Earth"):
            function(path, tmp_path / "out.tif")
    fiji = {"transform": Affine(0.01, 0, 179.7, 0, -0.01, -16.0)}
    path = write(tmp_path / "f.tif", flat, **fiji)
    with pytest.raises(InputError, match="cut it at the 180th meridian"):
        import_dem(path, tmp_path / "out.tif")
    import_population(path, tmp_path / "out.tif")
    assert sum_of(tmp_path / "out.tif") == pytest.approx(sum_of(path), rel=1e-9)
