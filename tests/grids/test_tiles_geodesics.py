"""How true distances and directions are that a block has through its one matrix."""

import numpy as np
import pytest
from pyproj import Geod, Transformer

from netmodel.grids import Grid
from netmodel.grids.grid import NATIONAL_CRS
from netmodel.grids.tiles import BLOCK, Pixels, Tile

CORNERS = [(74.0, 39.0), (135.0, 48.0), (98.0, 22.0), (110.0, 20.0)]
PIXEL_M, CELL_M = 100.0, 1000.0
GEOD = Geod(ellps="WGS84")
N_BEARING = 24


def block_at(lon, lat):
    """Pixels of a block (x, y) whose tile holds a place, and its matrix."""
    x, y = Transformer.from_crs("EPSG:4326", NATIONAL_CRS, always_xy=True).transform(lon, lat)
    bounds = (x - 40e3, y - 40e3, x + 40e3, y + 40e3)
    pixels = Pixels.of(Grid.from_bounds(NATIONAL_CRS, bounds, CELL_M), PIXEL_M, 80)
    tile = Tile((pixels.tile, pixels.tile), (pixels.cells, pixels.cells))
    flat, start = pixels.blocks(np.ones((pixels.tile, pixels.tile), bool))
    middle = (pixels.tile // BLOCK) ** 2 // 2
    of_block = flat[start[middle] : start[middle + 1]]
    assert of_block.size == BLOCK**2
    return *pixels.centers(tile, of_block), pixels.matrices(tile)[middle]


def errors(lon, lat, far_m):
    """Greatest error of distance (relative) and of azimuth [degrees] from sites at a distance.

    Of all pixels on the block's rim, and each sixteenth within, from sites all around them.
    """
    x, y, matrix = block_at(lon, lat)
    rim = (x == x.min()) | (x == x.max()) | (y == y.min()) | (y == y.max())
    rim[::16] = True
    x, y = x[rim][:, np.newaxis], y[rim][:, np.newaxis]
    bearing = np.arange(N_BEARING) * 2.0 * np.pi / N_BEARING
    back = np.linalg.inv(matrix) @ np.stack([np.sin(bearing), np.cos(bearing)]) * far_m
    site_x, site_y = x + back[0], y + back[1]
    # As `on_ground` and `sites_around` have it: offsets from the block's first pixel.
    first = np.array([x[0, 0], y[0, 0]])
    on_ground = [
        np.einsum("ij,jpk->ipk", matrix, np.stack([px - first[0], py - first[1]]))
        for px, py in ((x + 0.0 * site_x, y + 0.0 * site_y), (site_x, site_y))
    ]
    east, north = on_ground[0] - on_ground[1]
    to_lonlat = Transformer.from_crs(NATIONAL_CRS, "EPSG:4326", always_xy=True)
    site = to_lonlat.transform(site_x.ravel(), site_y.ravel())
    at = to_lonlat.transform(*(np.broadcast_to(v, site_x.shape).ravel() for v in (x, y)))
    azimuth, _, distance = GEOD.inv(*site, *at)
    turned = np.degrees(np.arctan2(east, north)).ravel() - azimuth
    turned = (turned + 180.0) % 360.0 - 180.0
    return np.abs(np.hypot(east, north).ravel() / distance - 1.0).max(), np.abs(turned).max()


@pytest.mark.parametrize(("lon", "lat"), CORNERS)
@pytest.mark.parametrize("far_m", [100.0, 1000.0, 5000.0])
def test_near_sites(lon, lat, far_m):
    distance, azimuth = errors(lon, lat, far_m)
    assert distance <= 1e-3
    assert azimuth <= 0.1


@pytest.mark.parametrize(("lon", "lat"), CORNERS)
@pytest.mark.parametrize("far_m", [10_000.0, 20_000.0, 30_000.0])
def test_far_sites(lon, lat, far_m):
    """Distances keep their 0.1 %; directions turn with the meridians, by 0.3 degrees at 30 km."""
    distance, azimuth = errors(lon, lat, far_m)
    assert distance <= 1e-3
    assert azimuth <= 0.05 + 0.009 * far_m / 1000.0
