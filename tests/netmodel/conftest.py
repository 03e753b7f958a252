"""A small country made on the spot: a raster, a scenario file, and its run."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from netmodel.kernels import coverage, hexagon
from netmodel.scenario import Scenario
from tests.conftest import JIT_OFF

TRAFFIC_GB = 3.0e6
COARSE = {hexagon: 10, coverage: 6}  # points along an inter-site distance


@pytest.fixture(scope="module", autouse=True)
def coarse_simulator():
    """Few points a cell where the simulator is not compiled: minutes otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        for module, points in COARSE.items() if JIT_OFF else ():
            patch.setattr(module, "_POINTS", points)
        yield


@pytest.fixture(scope="session")
def raster(tmp_path_factory):
    """People per cell of 0.01 degrees: a city, towns, a countryside, a lake and no data."""
    rng = np.random.default_rng(7)
    y, x = np.mgrid[0:40, 0:50]
    people = 9000 * np.exp(-((x - 15) ** 2 + (y - 20) ** 2) / 18.0) + rng.pareto(1.3, x.shape) * 8
    people[5:9, 30:40] = 0.0
    people[:, 47:] = -99999.0
    path = tmp_path_factory.mktemp("country") / "pop.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=40,
        width=50,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        nodata=-99999.0,
        transform=Affine(0.01, 0, 11.3, 0, -0.01, 48.3),
    ) as target:
        target.write(people.astype("float32"), 1)
    return path


@pytest.fixture(scope="session")
def given(raster):
    """The least that a scenario of one's own needs."""
    return {
        "name": "small",
        "population": {"path": str(raster)},
        "sites": {"total": 150, "networks": {"a": 0.6, "b": 0.4}},
        "demand": {"total_gb": TRAFFIC_GB},
    }


@pytest.fixture(scope="session")
def scenario(given):
    return Scenario.from_dict(given)


@pytest.fixture
def scenario_file(tmp_path, raster):
    path = tmp_path / "small.toml"
    path.write_text(
        f'name = "small"\n[population]\npath = "{raster.as_posix()}"\n'
        f"[sites]\ntotal = 150\n[demand]\ntotal_gb = {TRAFFIC_GB}\n"
    )
    return path
