import numpy as np
import pytest

from netmodel.errors import GridMismatchError
from netmodel.grids import Grid
from netmodel.grids.cells import Cells

GRID = Grid.from_bounds("EPSG:3035", (4_000_000, 3_000_000, 4_012_000, 3_010_000), 1000)


def test_take_and_spread_are_inverse():
    rng = np.random.default_rng(3)
    mask = rng.random(GRID.shape) < 0.5
    layer = rng.random(GRID.shape)
    cells = Cells.where(GRID, mask)
    back = cells.spread(cells.take(layer), np.nan)
    np.testing.assert_array_equal(back[mask], layer[mask])
    assert np.isnan(back[~mask]).all()


def test_the_door_makes_contiguous_float64_and_int32():
    cells = Cells.where(GRID, np.ones(GRID.shape, bool))
    value = cells.take(np.ones(GRID.shape, np.float32))
    label = cells.take_label(np.ones(GRID.shape, np.int64))
    assert value.dtype == np.float64 and value.flags.c_contiguous
    assert label.dtype == np.int32 and label.flags.c_contiguous


def test_layers_of_another_shape_are_refused():
    with pytest.raises(GridMismatchError, match="does not fit"):
        Cells.where(GRID, np.ones((2, 2), bool))


def test_areas_follow_the_grid():
    geographic = Grid.from_bounds("EPSG:4326", (10, 0, 11, 60), 1)
    cells = Cells.where(geographic, np.ones(geographic.shape, bool))
    np.testing.assert_allclose(cells.area_km2(), geographic.area_km2()[:, 0], rtol=1e-15)


def test_a_window_is_ordered_along_the_curve_as_the_whole_grid_is():
    rows, columns = slice(2, 9), slice(3, 11)
    mask = np.zeros(GRID.shape, bool)
    mask[rows, columns] = True
    whole = Cells.where(GRID, mask)
    window = Cells.where(GRID.crop(rows, columns), np.ones((7, 8), bool))
    np.testing.assert_array_equal(whole.hilbert_order(), window.hilbert_order())


def test_neighbors_on_the_curve_are_neighbors_on_the_ground():
    square = Grid.from_bounds("EPSG:3035", (0, 0, 16_000, 16_000), 1000)
    cells = Cells.where(square, np.ones(square.shape, bool))
    row, column = np.divmod(cells.index[cells.hilbert_order()], 16)
    step = np.abs(np.diff(row)) + np.abs(np.diff(column))
    assert step.max() == 1
