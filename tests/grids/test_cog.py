"""Cloud-optimized GeoTIFFs, read back through GDAL."""

import math

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from netmodel.grids.cog import Band, Moments, write_cog
from netmodel.grids.errors import DataError
from netmodel.grids.grid import NATIONAL_CRS, Grid

GRID = Grid.from_bounds(NATIONAL_CRS, (100e3, 2000e3, 800e3, 2600e3), 1000.0)


def layer(dtype, seed=1):
    """A layer with holes, larger than a tile, on the grid."""
    rng = np.random.default_rng(seed)
    value = rng.integers(0, 6, GRID.shape).astype(dtype)
    if np.dtype(dtype).kind == "f":
        value += rng.random(GRID.shape).astype(dtype)
        value[rng.random(GRID.shape) < 0.3] = np.nan
    return value


def windows_of(value, side=300):
    for row in range(0, value.shape[0], side):
        for column in range(0, value.shape[1], side):
            yield row, column, value[row : row + side, column : column + side]


BANDS = {
    "float32": Band("people é", "people", math.nan),
    "float64": Band("height", "m", math.nan, tags={"source": "a survey"}),
    "uint8": Band("class", "1", 255, "mode", {0: (1, 2, 3, 255), 5: (9, 8, 7, 255)}),
    "int16": Band("carriers", "carriers", None, "nearest"),
    "int32": Band("label", "1", -1, "mode"),
}


@pytest.mark.parametrize("dtype", BANDS)
def test_a_layer_comes_back_cell_for_cell(dtype, tmp_path):
    value, band = layer(dtype), BANDS[dtype]
    tags = {"TIFFTAG_COPYRIGHT": "© 中国 CC BY 4.0", "TIFFTAG_SOFTWARE": "netmodel"}
    write_cog(tmp_path / "a.tif", GRID, dtype, windows_of(value), band=band, tags=tags)
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    with rasterio.open(tmp_path / "a.tif") as source:
        assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert source.dtypes == (dtype,) and source.block_shapes == [(512, 512)]
        np.testing.assert_array_equal(source.read(1), value)
        assert CRS.from_user_input(source.crs) == GRID.crs and source.transform == GRID.affine
        assert source.units == (band.unit,) and source.descriptions == (band.description,)
        assert source.overviews(1) == [2]
        assert tags.items() <= source.tags().items()
        assert dict(band.tags).items() <= source.tags(1).items()
        nodata = source.nodata
    assert nodata == band.nodata or math.isnan(nodata) and math.isnan(band.nodata)


def test_statistics_are_those_of_all_values(tmp_path):
    value = layer("float32")
    found = write_cog(tmp_path / "a.tif", GRID, "float32", windows_of(value), band=BANDS["float32"])
    with rasterio.open(tmp_path / "a.tif") as source:
        tags = {k: float(v) for k, v in source.tags(1).items() if k.startswith("STATISTICS_")}
    exact = value.astype(np.float64)
    assert tags["STATISTICS_MINIMUM"] == np.nanmin(exact) == found.least
    assert tags["STATISTICS_MAXIMUM"] == np.nanmax(exact) == found.greatest
    assert tags["STATISTICS_MEAN"] == pytest.approx(np.nanmean(exact), rel=1e-12)
    assert tags["STATISTICS_STDDEV"] == pytest.approx(np.nanstd(exact), rel=1e-12)
    share = 100 * np.isfinite(exact).mean()
    assert tags["STATISTICS_VALID_PERCENT"] == pytest.approx(share, rel=1e-12)


def test_overviews_are_means_of_what_is_continuous_and_modes_of_classes(tmp_path):
    mean, mode = layer("float32"), layer("uint8")
    mode[:2, :2] = [[3, 3], [1, 5]]
    for value, band in ((mean, BANDS["float32"]), (mode, BANDS["uint8"])):
        path = tmp_path / f"{band.resampling}.tif"
        write_cog(path, GRID, value.dtype, windows_of(value), band=band)
    with rasterio.open(tmp_path / "average.tif", OVERVIEW_LEVEL=0) as source:
        assert source.read(1)[3, 4] == pytest.approx(np.nanmean(mean[6:8, 8:10]), rel=1e-6)
    with rasterio.open(tmp_path / "mode.tif", OVERVIEW_LEVEL=0) as source:
        assert source.read(1)[0, 0] == 3
        assert source.colormap(1)[5] == (9, 8, 7, 255)
        assert source.colorinterp[0].name == "palette"


def test_what_no_window_covers_is_nodata(tmp_path):
    one = np.full((10, 20), 7.0)
    found = write_cog(tmp_path / "a.tif", GRID, "float64", [(40, 50, one)], band=BANDS["float64"])
    with rasterio.open(tmp_path / "a.tif") as source:
        back = source.read(1)
    assert (back[40:50, 50:70] == 7.0).all() and np.isfinite(back).sum() == 200 == found.count


def test_a_layer_of_nothing_has_no_statistics(tmp_path):
    write_cog(tmp_path / "a.tif", GRID, "float32", [], band=BANDS["float32"])
    with rasterio.open(tmp_path / "a.tif") as source:
        assert np.isnan(source.read(1)).all()
        assert not any(k.startswith("STATISTICS_") for k in source.tags(1))


def test_an_error_leaves_what_was_there(tmp_path):
    def breaks():
        yield 0, 0, np.ones((5, 5))
        raise RuntimeError("half way")

    (tmp_path / "a.tif").write_text("mine")
    with pytest.raises(RuntimeError, match="half way"):
        write_cog(tmp_path / "a.tif", GRID, "float64", breaks(), band=BANDS["float64"])
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]
    assert (tmp_path / "a.tif").read_text() == "mine"


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(DataError, match="cannot be written"):
        write_cog(tmp_path / "none" / "a.tif", GRID, "float64", [], band=BANDS["float64"])
    with pytest.raises(ValueError, match="resampling"):
        Band(resampling="bilinear")


@pytest.mark.parametrize("crs", ["ESRI:54009", "EPSG:4326", "EPSG:3035", "+proj=robin +type=crs"])
def test_the_crs_is_kept(crs, tmp_path):
    bounds = (10.0, 10.0, 12.0, 12.0) if crs == "EPSG:4326" else (1e5, 2e5, 1.1e5, 2.2e5)
    grid = Grid.from_bounds(crs, bounds, (bounds[2] - bounds[0]) / 10)
    write_cog(tmp_path / "a.tif", grid, "float32", [], band=BANDS["float32"])
    with rasterio.open(tmp_path / "a.tif") as source:
        back = Grid(CRS.from_user_input(source.crs), source.transform, source.shape)
    assert back.bounds == pytest.approx(grid.bounds, rel=1e-12) and back.shape == grid.shape
    x, y = (v.ravel() for v in grid.centers(0, grid.shape[0]))
    np.testing.assert_allclose(back.lonlat(x, y), grid.lonlat(x, y), rtol=0, atol=1e-9)


@given(st.lists(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), max_size=8), max_size=6))
def test_moments_of_parts_are_those_of_the_whole(parts):
    found = Moments()
    for part in parts:
        found.add(np.array(part, np.float64))
    whole = np.array([v for part in parts for v in part if not math.isnan(v)])
    assert found.count == whole.size
    if whole.size:
        assert (found.least, found.greatest) == (whole.min(), whole.max())
        scale = max(np.abs(whole).max(), 1.0)
        assert found.mean == pytest.approx(whole.mean(), abs=1e-12 * scale)
        assert found.deviation == pytest.approx(whole.std(), abs=1e-7 * scale)
