import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from netmodel.errors import DataError, InputError
from netmodel.grids import Grid
from netmodel.grids.grid import NATIONAL_CRS
from netmodel.grids.population import read_population
from tests.reference import regrid


def write(path, value, transform=None, crs="EPSG:4326", nodata=None, tags=None, dtype="float32"):
    value = np.asarray(value, dtype)
    transform = transform or Affine(0.01, 0, 110.0, 0, -0.01, 35.0)
    profile = {"driver": "GTiff", "height": value.shape[0], "width": value.shape[1], "count": 1}
    with rasterio.open(
        path, "w", **profile, dtype=dtype, crs=crs, transform=transform, nodata=nodata
    ) as target:
        target.write(value, 1)
        target.update_tags(**(tags or {}))
    return path


@pytest.fixture
def raster(tmp_path):
    people = np.random.default_rng(5).pareto(1.2, (12, 15)) * 30
    return write(tmp_path / "pop.tif", people)


@pytest.mark.parametrize("angle", [0.0, 25.0])
@pytest.mark.parametrize("sy", [-0.013, 0.013])
def test_each_cell_equals_the_polygon_twin(tmp_path, angle, sy):
    affine = Affine.translation(110, 35) @ Affine.rotation(angle) @ Affine.scale(0.02, sy)
    value = np.random.default_rng(1).pareto(1.2, (5, 6))
    value[2, 3] = np.nan
    path = write(tmp_path / "pop.tif", value * 50, affine)
    result = read_population(path)
    with rasterio.open(path) as source:
        counts = source.read(1).astype(float)
    twin = regrid.split_counts(
        counts,
        affine[:6],
        CRS.from_epsg(4326),
        result.grid.affine[:6],
        result.grid.crs,
        result.grid.shape,
    )
    np.testing.assert_allclose(np.nan_to_num(result.people), twin, rtol=1e-6, atol=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["EPSG:4326", "ESRI:54009", "EPSG:32649"]))
def test_the_total_is_kept(tmp_path_factory, seed, crs):
    rng = np.random.default_rng(seed)
    people = rng.pareto(1.1, (8, 9)) * 100
    people[rng.random(people.shape) < 0.2] = np.nan
    people[0, 0] = 7.0
    step, x, y = (0.02, 110.0, 35.0) if crs == "EPSG:4326" else (2000.0, 5e5, 3.8e6)
    path = write(
        tmp_path_factory.mktemp("r") / "pop.tif", people, Affine(step, 0, x, 0, -step, y), crs
    )
    result = read_population(path)
    assert result.outside_people == 0.0
    assert np.nansum(result.people) == pytest.approx(result.source_people, rel=1e-12)


def test_each_source_cell_is_kept_inside_the_frame(tmp_path):
    for k in range(6):
        people = np.zeros((2, 3))
        people.flat[k] = 1000.0
        result = read_population(write(tmp_path / f"{k}.tif", people))
        assert np.nansum(result.people) == pytest.approx(1000.0, rel=1e-12)


def test_people_outside_the_frame_are_counted(raster):
    whole = read_population(raster)
    half = whole.grid.crop(slice(0, whole.grid.shape[0]), slice(0, whole.grid.shape[1] // 2))
    cut = read_population(raster, half)
    assert 0 < cut.outside_people < whole.source_people
    assert np.nansum(cut.people) + cut.outside_people == pytest.approx(whole.source_people)
    kept = whole.people[:, : half.shape[1]]
    np.testing.assert_array_equal(cut.people, kept)


def test_densities_become_people_by_true_area(tmp_path):
    """K04: at 40 degrees the equator's cell area would count 30 % too many people."""
    step = 1 / 120
    path = write(
        tmp_path / "density.tif",
        np.full((2, 2), 5000.0),
        Affine(step, 0, 110.0, 0, -step, 40.0 + step),
    )
    result = read_population(path, kind="density_per_km2")
    assert result.source_people / 4 == pytest.approx(3292.25, rel=1e-4)


def test_nodata_is_masked_before_any_sum(tmp_path):
    """K06: summed as they stand, sentinels would give -140 instead of 60 people."""
    value = [[10.0, 20.0], [30.0, -200.0]]
    for k, (v, nodata) in enumerate(
        [(-200.0, -200.0), (-200.0, None), (-99999.0, None), (np.nan, None), (-7.0, -7.0)]
    ):
        value[1][1] = v
        result = read_population(write(tmp_path / f"{k}.tif", value, nodata=nodata))
        assert result.source_people == 60.0
        assert np.nansum(result.people) == pytest.approx(60.0)
        assert result.masked_share == 0.25
        assert np.isnan(result.people).any()


def test_a_stated_nodata_value_is_masked(tmp_path):
    path = write(tmp_path / "pop.tif", [[1.0, 2.0], [3.0, -1.0]])
    assert read_population(path, nodata=-1).source_people == 6.0


def test_zero_is_data(tmp_path):
    result = read_population(write(tmp_path / "pop.tif", [[0.0, 0.0], [0.0, 50.0]]))
    assert (result.people == 0.0).any()


def test_default_grid_is_equal_area_in_whole_kilometers(raster):
    grid = read_population(raster).grid
    assert grid.area_km2().tolist() == [[1.0]]
    assert grid.affine.a == 1000.0 and grid.affine.c % 1000 == 0.0 and grid.affine.f % 1000 == 0.0


def test_the_windows_do_not_show(raster, monkeypatch):
    whole = read_population(raster).people
    monkeypatch.setattr("netmodel.grids.population._WINDOW_CELLS", 20)
    np.testing.assert_allclose(read_population(raster).people, whole, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"crs": None}, "no CRS"),
        ({"value": [[-3.0, 1.0], [1.0, 1.0]]}, "negative.*-3 at row 0, column 0.*nodata = -3"),
        ({"value": [[-3.4028234663852886e38, 1.0]]}, r"nodata = -3.4028234663852886e\+38"),
        ({"value": [[-3.0, -4.0]]}, "2 negative.*-3 at row 0, column 0; people per cell are"),
        ({"value": [[-3.0, -3.0]]}, "negative.*is it a population raster"),
        ({"value": [[5.0, 1.0], [1.0, np.inf]]}, "1 infinite.*row 1, column 1.*nodata = inf"),
        ({"value": [[np.nan, np.nan]]}, "every cell is nodata"),
        ({"value": [[0.0, 0.0]]}, "nobody lives in it"),
        ({"transform": Affine(0.01, 0, 35.0, 0, -0.01, 110.0)}, "swapped"),
        ({"tags": {"units": "persons per km2"}}, 'set kind = "density_per_km2"'),
        ({"value": [[1e7, 1.0]]}, 'is it kind = "density_per_km2"'),
        ({"value": np.full((40, 40), 20.0)}, 'is it kind = "density_per_km2"'),
    ],
)
def test_bad_rasters_are_refused_in_one_line(tmp_path, change, says):
    arguments = {"value": [[5.0, 100.0], [7.0, 8.0]]} | change
    path = write(tmp_path / "bad.tif", **arguments)
    with pytest.raises(InputError, match=says) as error:
        read_population(path)
    assert "bad.tif" in str(error.value) and "\n" not in str(error.value)


def test_a_count_given_as_density_is_refused(tmp_path):
    path = write(tmp_path / "count.tif", [[9e5, 1e4]], Affine(1, 0, 110, 0, -1, 35))
    with pytest.raises(InputError, match='is it kind = "count"'):
        read_population(path, kind="density_per_km2")


def test_a_raster_that_is_cut_short(tmp_path):
    people = np.random.default_rng(3).random((300, 300)) * 100
    path = tmp_path / "cut.tif"
    rasterio.shutil.copy(write(tmp_path / "whole.tif", people), path, driver="GTiff")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match="cut.tif: cannot be read to its end .*cut short") as error:
        read_population(path)
    assert "\n" not in str(error.value)


def test_infinity_may_be_stated_as_nodata(tmp_path):
    path = write(tmp_path / "pop.tif", [[5.0, 1.0], [1.0, np.inf]])
    assert read_population(path, nodata=np.inf).source_people == 7.0


@pytest.mark.parametrize(
    ("resolution", "says"),
    [
        (0.1, r"\[grid\] resolution_m = 0.1 makes .* of at most 400,000,000; raise it"),
        (1e5, r"\[grid\] resolution_m = 100000 makes a grid of .* lower it"),
    ],
)
def test_grids_of_too_many_or_too_few_cells(tmp_path, resolution, says):
    path = write(
        tmp_path / "pop.tif", np.full((20, 20), 90.0), Affine(0.01, 0, 110.3, 0, -0.01, 35.3)
    )
    grid = read_population(path).grid
    grid = Grid.from_bounds(grid.crs, tuple(np.array(grid.bounds) + 1e4), resolution)
    with pytest.raises(InputError, match=says):
        read_population(path, grid)


def test_files_that_are_no_rasters(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_population(tmp_path / "none.tif")
    (tmp_path / "text.tif").write_text("people")
    with pytest.raises(DataError, match="not a raster"):
        read_population(tmp_path / "text.tif")


def test_a_raster_of_another_region_is_refused(raster):
    with pytest.raises(InputError, match="none of its .* people fall inside"):
        read_population(raster, Grid.from_bounds(NATIONAL_CRS, (2e6, 5e6, 2.01e6, 5.01e6), 1000))


@pytest.mark.parametrize(
    ("name", "kind", "people"),
    [
        # Sums of the unmasked cells as GDAL gives them for the same files.
        ("gridfinder_pop.tif", "count", 11_131_281.74),
        ("cod_wp1km.tif", "count", 1_793_601.61),
        ("sao_gpw_count.tif", "count", 145_602.965),
    ],
)
def test_real_rasters_keep_their_people(shared, name, kind, people):
    result = read_population(shared / "data" / name, kind=kind)
    assert result.source_people == pytest.approx(people, rel=1e-8)
    assert np.nansum(result.people) == pytest.approx(result.source_people, rel=1e-9)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_show(raster, threads, monkeypatch):
    monkeypatch.setattr("netmodel.grids.population._WINDOW_CELLS", 45)
    one = read_population(raster, threads=1)
    other = read_population(raster, threads=threads)
    np.testing.assert_array_equal(other.people, one.people)
    assert other.source_people == one.source_people


def towns(shape, seed=8):
    """People in a few places, so that tests without compilation are quick."""
    rng = np.random.default_rng(seed)
    people = np.zeros(shape)
    people[rng.integers(0, shape[0], 200), rng.integers(0, shape[1], 200)] = rng.pareto(1.5, 200)
    people[:, : shape[1] // 3] = np.nan
    people[5:9, 5:9] = 3.0
    return people


@pytest.mark.parametrize(
    "blocks",
    [{"tiled": True, "blockxsize": 64, "blockysize": 32}, {"blockysize": 7}],
    ids=["tiles", "strips"],
)
def test_blocks_do_not_show(tmp_path, blocks):
    fine = Affine(1 / 1200, 0, 110.0, 0, -1 / 1200, 35.0)
    plain = write(tmp_path / "pop.tif", towns((270, 310)), fine, nodata=np.nan)
    rasterio.shutil.copy(plain, tmp_path / "blocks.tif", driver="GTiff", **blocks)
    one, other = read_population(plain), read_population(tmp_path / "blocks.tif")
    np.testing.assert_allclose(other.people, one.people, rtol=1e-9)
    assert other.masked_share == one.masked_share


def test_interpolated_corners_move_hardly_anybody(tmp_path, monkeypatch):
    fine = Affine(1 / 1200, 0, 110.0, 0, -1 / 1200, 35.0)
    path = write(tmp_path / "pop.tif", towns((270, 310)), fine, nodata=np.nan)
    near = read_population(path)
    monkeypatch.setattr("netmodel.grids.placement._EXACT_CELLS", 1e9)
    exact = read_population(path)
    total = exact.source_people
    assert np.nansum(near.people) == pytest.approx(total, rel=1e-12)
    assert 0.0 < np.nansum(np.abs(near.people - exact.people)) < 1e-3 * total
    np.testing.assert_array_equal(np.isnan(near.people), np.isnan(exact.people))


def test_a_world_torn_by_the_grids_map_stays_outside(tmp_path):
    """People on the seam of the national map (75 W) are not smeared over China."""
    world, two_degrees = np.full((80, 180), 8e5), Affine(2.0, 0, -180.0, 0, -2.0, 80.0)
    grid = Grid.from_bounds(NATIONAL_CRS, (-3e6, 1e6, 3e6, 6e6), 1e5)
    whole = read_population(write(tmp_path / "w.tif", world, two_degrees), grid)
    world[:, :60] = 0.0
    east = read_population(write(tmp_path / "e.tif", world, two_degrees), grid)
    np.testing.assert_allclose(whole.people, east.people, rtol=1e-9)
    assert whole.outside_people > east.outside_people


def test_a_run_grid_is_used_as_it_stands(tmp_path):
    """So that what was imported is not resampled when a scenario names it."""
    crs = "+proj=laea +lat_0=35 +lon_0=110 +datum=WGS84 +units=m +type=crs"
    people = np.random.default_rng(2).pareto(1.2, (6, 5)) * 100
    people[2, 3] = np.nan
    own = Affine(1000, 0, -3000, 0, -1000, 7000)
    result = read_population(write(tmp_path / "pop.tif", people, own, crs))
    assert result.grid.affine == own and result.grid.shape == (6, 5)
    np.testing.assert_array_equal(result.people, people.astype("float32"))


@pytest.mark.parametrize(
    ("own", "crs"),
    [
        (Affine(500, 0, -3000, 0, -500, 7000), "EPSG:3035"),
        (Affine(1000, 0, -3100, 0, -1000, 7000), "EPSG:3035"),
        (Affine(1000, 0, 500_000, 0, -1000, 4_000_000), "EPSG:32649"),
    ],
    ids=["other cells", "other edges", "not equal-area"],
)
def test_other_metric_grids_are_not(tmp_path, own, crs):
    result = read_population(write(tmp_path / "pop.tif", np.full((6, 5), 90.0), own, crs))
    assert result.grid.affine.c % 1000 == 0.0 and result.grid.affine.a == 1000.0
    assert "+proj=laea" in result.grid.crs.srs


def several(path, bands, **more):
    profile = {"driver": "GTiff", "height": 2, "width": 2, "dtype": "uint8", "crs": "EPSG:4326"}
    place = Affine(0.01, 0, 110, 0, -0.01, 35)
    with rasterio.open(path, "w", **profile, count=bands, transform=place, **more) as target:
        for k in range(bands):
            target.write(np.full((2, 2), 50 * (k + 1), "uint8"), k + 1)
    return path


def test_bands_are_chosen(tmp_path):
    path = several(tmp_path / "two.tif", 2, photometric="minisblack")
    with pytest.raises(InputError, match=r"two\.tif: 2 bands.*--band 1\.\.2"):
        read_population(path)
    assert read_population(path, band=2).source_people == 400.0
    with pytest.raises(InputError, match=r"band = 3, but it has 1\.\.2"):
        read_population(path, band=3)


def test_pictures_and_palettes_are_refused(tmp_path):
    picture = several(tmp_path / "rgb.tif", 3, photometric="RGB")
    for band in (None, 2):
        with pytest.raises(InputError, match=r"rgb\.tif: a picture"):
            read_population(picture, band=band)
    palette = several(tmp_path / "classes.tif", 1)
    with rasterio.open(palette, "r+") as target:
        target.write_colormap(1, {50: (255, 0, 0, 255)})
    with pytest.raises(InputError, match=r"classes\.tif: a (map of classes|picture)"):
        read_population(palette)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tags": {"DataType": "Thematic"}}, "map of classes.*DataType Thematic"),
        ({"tags": {"title": "SRTM DEM of Africa"}}, "looks like elevation.*SRTM DEM"),
        ({"value": [[-3.0, 100.0], [-7.0, -5.0]]}, "3 negative.*is it elevation"),
        ({"dtype": "complex64"}, "complex numbers"),
    ],
)
def test_what_is_no_population_is_named(tmp_path, change, says):
    path = write(tmp_path / "x.tif", **{"value": [[5.0, 100.0], [7.0, 8.0]], **change})
    with pytest.raises(InputError, match=says) as error:
        read_population(path)
    assert "\n" not in str(error.value)


def test_democracies_are_no_elevation_models(tmp_path):
    path = write(tmp_path / "x.tif", [[5.0, 100.0]], tags={"area": "Democratic Republic"})
    assert read_population(path).source_people == 105.0


def test_scaled_values_are_scaled(tmp_path):
    path = write(tmp_path / "x.tif", [[5, 100], [7, 255]], dtype="uint8", nodata=255)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.5,), (1.0,)
    assert read_population(path).source_people == 59.0


def test_a_mask_of_the_file_is_obeyed(tmp_path):
    path = write(tmp_path / "x.tif", [[5.0, 100.0], [7.0, 8.0]])
    with rasterio.open(path, "r+") as target:
        target.write_mask(np.array([[True, False], [True, True]]))
    assert read_population(path).source_people == 20.0


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sao_clc.tif", "map of classes"),
        ("sao_eudem.tif", "looks like elevation"),
        ("pvlib_altitude_china_5min_m.tif", "negative.*is it elevation"),
    ],
)
def test_real_rasters_of_other_things_are_refused(shared, name, says):
    with pytest.raises(InputError, match=says):
        read_population(shared / "data" / name)


def test_gpw_densities_given_as_counts_are_refused(shared):
    with pytest.raises(InputError, match="density"):
        read_population(shared / "data" / "gpwv4r11_2020_density_15min_eastasia.tif")
