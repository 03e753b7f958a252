import numpy as np
import pytest
from affine import Affine
from pyproj import CRS

from netmodel.grids import Grid
from netmodel.grids.grid import NATIONAL_CRS
from netmodel.grids.placement import TOLERANCE, Placement
from netmodel.grids.population import default_grid
from netmodel.grids.windows import Window

WGS84 = CRS.from_epsg(4326)


def placed(step_deg, shape, left=100.0, top=40.0, resolution_m=1000.0):
    source = Grid(WGS84, Affine(step_deg, 0, left, 0, -step_deg, top), shape)
    return Placement(source, default_grid(source, resolution_m))


def interpolated(node, at_row, at_column, row, column):
    """Bilinear by NumPy's own interpolation, along columns and then rows."""
    along = np.array([[np.interp(column, at_column, line) for line in part] for part in node])
    return np.array([[np.interp(row, at_row, line) for line in part.T] for part in along])


@pytest.mark.parametrize(
    ("step_deg", "shape", "top"),
    [(1 / 1200, (700, 900), 40.0), (1 / 1200, (700, 900), 68.0), (1 / 120, (800, 600), 40.0)],
)
def test_what_interpolation_misses_is_far_below_a_cell(step_deg, shape, top):
    place = placed(step_deg, shape, top=top)
    assert place.step > 1
    window = Window(slice(130, 190), slice(407, 471))
    node, at_row, at_column = place.nodes(window)
    row, column = np.arange(60.0), np.arange(64.0)
    near = interpolated(node, at_row, at_column, row, column)
    exact = place.pixel(*np.broadcast_arrays(row[:, None] + 130, column + 407))
    side_cells = np.abs(np.diff(exact[1], axis=0)).min()
    off = np.hypot(*(near.swapaxes(1, 2) - exact)).max()
    assert off <= TOLERANCE * min(1.0, side_cells)


def test_nodes_stand_where_they_stand_whatever_the_window():
    place = placed(1 / 1200, (700, 900))
    one, rows, columns = place.nodes(Window(slice(64, 256), slice(0, 128)))
    two, other_rows, other_columns = place.nodes(Window(slice(101, 256), slice(32, 128)))
    at = {(r + 64, c): one[:, i, j] for i, r in enumerate(rows) for j, c in enumerate(columns)}
    for i, r in enumerate(other_rows):
        for j, c in enumerate(other_columns):
            np.testing.assert_array_equal(two[:, i, j], at[r + 101, c + 32])


def test_small_rasters_are_exact():
    assert placed(1 / 1200, (200, 300)).step == 1


def test_grids_of_one_plane_meet_on_edges():
    target = Grid.from_bounds(NATIONAL_CRS, (-1e6, 3e6, 1e6, 5e6), 1000.0)
    source = Grid(CRS.from_wkt(target.crs.to_wkt()), target.affine @ Affine.scale(0.25), (4, 8))
    place = Placement(source, target)
    node, at_row, at_column = place.nodes(Window(slice(0, 4), slice(0, 8)))
    np.testing.assert_array_equal(node[0, 0], at_column / 4)
    np.testing.assert_array_equal(node[1, :, 0], at_row / 4)
    assert place.step > 1  # an affine map is bilinear


def test_where_a_map_is_torn_every_corner_is_asked_for():
    """The national grid's seam is the meridian 180 degrees from 105 E."""
    source = Grid(WGS84, Affine(0.1, 0, -180, 0, -0.1, 80), (1600, 3600))
    target = Grid.from_bounds(NATIONAL_CRS, (-3e6, 1e6, 3e6, 6e6), 1e5)
    place = Placement(source, target)
    _, rows, columns = place.nodes(Window(slice(400, 500), slice(1000, 1100)))
    assert rows.size == 101 and columns.size == 101
    assert place.most_span == 100.0
