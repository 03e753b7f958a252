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


@pytest.mark.parametrize("threads", [2, 3])
def test_the_threads_do_not_show(raster, monkeypatch, threads):
    monkeypatch.setattr("netmodel.grids.population._WINDOW_CELLS", 20)
    one = read_population(raster, threads=1).people
    np.testing.assert_array_equal(read_population(raster, threads=threads).people, one)


@pytest.mark.parametrize("blocks", [{"tiled": True, "blockxsize": 16, "blockysize": 16}, {}])
@pytest.mark.parametrize("cells", [100, 1000, 1 << 20])
def test_blocks_of_the_file_do_not_show(tmp_path, monkeypatch, blocks, cells):
    rng = np.random.default_rng(2)
    value = rng.pareto(1.2, (70, 90)) * 30
    value[:40, 48:] = 0.0  # windows without people, at their edge and in their middle
    value[50:, :20] = -99999.0
    plain = read_population(write(tmp_path / "a.tif", value))
    profile = {"driver": "GTiff", "height": 70, "width": 90, "count": 1, "dtype": "float32"}
    place = {"crs": "EPSG:4326", "transform": Affine(0.01, 0, 110.0, 0, -0.01, 35.0)}
    with rasterio.open(tmp_path / "b.tif", "w", **profile, **place, **blocks) as target:
        target.write(value.astype("float32"), 1)
    monkeypatch.setattr("netmodel.grids.population._WINDOW_CELLS", cells)
    again = read_population(tmp_path / "b.tif")
    np.testing.assert_array_equal(np.isnan(again.people), np.isnan(plain.people))
    np.testing.assert_allclose(again.people, plain.people, rtol=1e-12, atol=1e-12)
    assert again.source_people == pytest.approx(plain.source_people, rel=1e-14)
    assert again.masked_share == plain.masked_share == pytest.approx(20 * 20 / 6300)


def test_a_raster_on_a_run_grid_is_left_on_it(raster, tmp_path):
    first = read_population(raster)
    path = tmp_path / "again.tif"
    grid = first.grid
    write(path, first.people, grid.affine, grid.crs.to_wkt(), np.nan, dtype="float64")
    again = read_population(path)
    assert again.grid.affine == grid.affine and again.grid.shape == grid.shape
    np.testing.assert_array_equal(again.people, first.people)
    coarser = read_population(path, resolution_m=2000.0)
    assert coarser.grid.affine.a == 2000.0
    assert coarser.source_people == pytest.approx(first.source_people, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("sao_clc.tif", "classes"),
        ("sao_eudem.tif", "elevation"),
        ("pvlib_altitude_china_5min_m.tif", "negative"),
    ],
)
def test_real_rasters_of_other_things_are_refused(shared, name, what):
    with pytest.raises(InputError, match=what):
        read_population(shared / "data" / name)


def test_rasters_that_say_they_are_something_else(tmp_path):
    people = np.full((4, 4), 7, np.uint8)
    path = write(tmp_path / "c.tif", people, dtype="uint8")
    with rasterio.open(path, "r+") as target:
        target.write_colormap(1, {7: (255, 0, 0, 255)})
    with pytest.raises(
        InputError, match=r"a map of classes \(it has a color table\); give a raster of people"
    ):
        read_population(path)
    path = write(tmp_path / "d.tif", people, tags={"title": "Altitude of the ground"})
    with pytest.raises(InputError, match="looks like elevation .*Altitude"):
        read_population(path)
    with rasterio.open(
        tmp_path / "e.tif", "w", driver="GTiff", height=4, width=4, count=3, dtype="uint8",
        crs="EPSG:4326", transform=Affine(0.01, 0, 110.0, 0, -0.01, 35.0),
    ) as target:  # fmt: skip
        target.write(np.stack([people] * 3))
    with pytest.raises(
        InputError, match="a picture, of which one is read; choose it with band = 1..3"
    ):
        read_population(tmp_path / "e.tif")


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


def test_gpw_densities_given_as_counts_are_refused(shared):
    with pytest.raises(InputError, match="density"):
        read_population(shared / "data" / "gpwv4r11_2020_density_15min_eastasia.tif")
