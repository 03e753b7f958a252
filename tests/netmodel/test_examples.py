"""The examples, from a planner's files to layers of a GIS."""

import shutil
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
import xarray as xr
from exactextract import exact_extract

import netmodel as nm
from netmodel._check import used
from netmodel._reading import Reading
from netmodel._run import run_into
from netmodel.intake.people import People
from netmodel.intake.rasters import import_dem, import_population
from netmodel.intake.sites import import_sites
from netmodel.intake.villages import import_villages
from netmodel.intake.zones import import_zones
from netmodel.scenario import Scenario
from tests.conftest import JIT_OFF

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

pytestmark = pytest.mark.skipif(
    not EXAMPLES.exists(), reason="the examples are in the repository, not in a wheel"
)


def equal_cell_for_cell(folder, gis):
    """Every layer of a run's store in its GeoTIFF; how many there were."""
    run, seen = nm.open_run(folder), 0
    for stage, group in run.children.items():
        for name, array in group.to_dataset().data_vars.items():
            if array.dims[-2:] != ("y", "x"):
                continue
            layers = array.values.reshape(-1, *array.shape[-2:])
            files = sorted(gis.glob(f"{stage}/{name}.tif")) or sorted(gis.glob(f"{stage}/{name}_*"))
            files = [f for f in files if f.suffix == ".tif"]
            by_part = {f.stem.removeprefix(name).lstrip("_"): f for f in files}
            own = [f for part, f in by_part.items() if is_part(part, run, stage, array)]
            assert len(own) == len(layers), (stage, name)
            for layer, file in zip(layers, own, strict=True):
                with rasterio.open(file) as source:
                    value = source.read(1)
                    if array.dtype.kind == "f":
                        np.testing.assert_array_equal(value, layer)
                    else:
                        known = value != (256 if source.nodata is None else source.nodata)
                        np.testing.assert_array_equal(value[known], layer[known])
                        assert (layer[~known] == -1).all()
                seen += 1
    return seen


def is_part(part, run, stage, array):
    """Whether a file's ending is one of the networks or carriers of a variable."""
    if array.ndim == 2:
        return part == ""
    return part in array[array.dims[0]].attrs["flag_meanings"].split()


@pytest.fixture(scope="module")
def region(tmp_path_factory, shared):
    """Sao Miguel: its population, municipalities and elevation, and the example's masts."""
    folder, data = tmp_path_factory.mktemp("region"), shared / "data"
    for name in ("my-region.toml", "my-sites.csv"):
        shutil.copy(EXAMPLES / name, folder)
    import_population(data / "sao_gpw_count.tif", folder / "people.tif")
    import_zones(
        data / "sao_concelhos.gpkg", folder / "zones.parquet", reading=Reading({"code": "name"})
    )
    report = import_sites(
        folder / "my-sites.csv",
        folder / "sites.parquet",
        reading=Reading({"site_id": "Station"}, decimal=","),
        people=People.of(folder / "people.tif"),
    )
    import_dem(data / "sao_eudem.tif", folder / "dem.tif")
    import_villages(
        folder / "my-sites.csv",
        folder / "villages.parquet",
        reading=Reading({"name": "Station", "village_id": ""}, decimal=","),
    )
    return folder, report


@pytest.fixture(scope="module")
def ran(region):
    folder, _ = region
    scenario = Scenario.from_toml(folder / "my-region.toml")
    run_into(scenario, folder / "out")
    nm.export(folder / "out")
    return folder


def test_the_masts_of_the_example(region):
    folder, report = region
    assert report.facts["rows"] == 47 and report.facts["sites"] == 26
    assert [d["reason"] for d in report.dropped] == ["no coordinates", "at 0, 0"]
    assert report.facts["people within 10 km [%]"] > 95.0
    assert (geopandas.read_parquet(folder / "sites.parquet")["azimuth_deg"].notna()).sum() == 29


def test_check_tells_what_is_used(region):
    folder, _ = region
    text = (folder / "my-region.toml").read_text()
    text += '[villages]\npath = "villages.parquet"\n[dem]\npath = "dem.tif"\n'
    (folder / "all.toml").write_text(text)
    lines = dict(used(Scenario.from_toml(folder / "all.toml")))
    assert "26 stations, 2 networks" in lines["sites"]
    assert "6 counties or zones" in lines["zones"]
    assert lines["villages"].endswith("26 villages; used by no stage yet")
    # Some people of the coarse raster live off the shore.
    assert "92.8 % of the inhabited cells" in lines["dem"]


@pytest.mark.skipif(JIT_OFF, reason="the coverage of a region takes minutes without compilation")
def test_the_region_from_files_to_layers(ran, shared):
    zones = pd.read_csv(ran / "out" / "counties.csv")
    with rasterio.open(ran / "people.tif") as source:
        shapes = geopandas.read_parquet(ran / "zones.parquet").to_crs(source.crs)
        table = shapes[["code", "geometry"]]
        found = exact_extract(source, table, ["cell_id", "coverage"], output="pandas")
        people = source.read(1).reshape(-1).astype(np.float64)
    # A cell's people live in the zones of the cell, by their shares of it.
    part = found.assign(code=table["code"].to_numpy()).explode(["cell_id", "coverage"])
    part = part.astype({"cell_id": int, "coverage": float})
    part = part[np.isfinite(people[part["cell_id"]])]
    share = part["coverage"] / part.groupby("cell_id")["coverage"].transform("sum").clip(upper=1)
    sums = (share * people[part["cell_id"]]).groupby(part["code"]).sum()
    for code, value in zones.set_index("code")["population"].items():
        assert value == pytest.approx(sums[code], rel=1e-6)  # of shares in float32
    assert sums.sum() > 0.97 * np.nansum(people)
    assert zones["area_km2"].sum() == pytest.approx(744.7, rel=1e-3)  # as their polygons have
    assert zones["sites_5g"].sum() == 26 and (zones["sites_5g_status"] == "listed").all()
    assert equal_cell_for_cell(ran / "out", ran / "out" / "gis") > 20
    layer = geopandas.read_file(ran / "out" / "gis" / "zones.gpkg", layer="counties")
    assert layer["population"].sum() == pytest.approx(zones["population"].sum(), rel=1e-12)
    assert len(layer) == 6


@pytest.mark.skipif(JIT_OFF, reason="a city of pixels takes minutes without compilation")
def test_the_list_of_munich_in_explicit_mode(tmp_path, shared, raster):
    shutil.copy(EXAMPLES / "munich-explicit.toml", tmp_path)
    import_population(raster, tmp_path / "people.tif")
    report = import_sites(
        shared / "data" / "ocid_munich.csv",
        tmp_path / "sites.parquet",
        people=People.of(tmp_path / "people.tif"),
    )
    scenario = Scenario.from_toml(tmp_path / "munich-explicit.toml")
    figures = run_into(scenario, tmp_path / "out")
    assert figures["sites"]["stations_5g"]["value"] == report.facts["sites"]
    sectors = pd.read_parquet(tmp_path / "out" / "sectors.parquet")
    assert len(sectors) == 3 * report.facts["sites"] and (sectors["status"] != "synthesised").any()
    pixels = xr.open_zarr(tmp_path / "out" / "run.zarr", group="pixels", consolidated=False)
    assert float(abs(pixels.x[1] - pixels.x[0])) == 100.0
    gis = tmp_path / "out" / "gis"
    nm.export(tmp_path / "out")
    assert equal_cell_for_cell(tmp_path / "out", gis) > 10
    assert len(geopandas.read_file(gis / "sites.gpkg")) == len(sectors)
