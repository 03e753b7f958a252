import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry import MultiPolygon, Polygon, box

from netmodel.grids import Grid
from netmodel.grids.cells import Cells
from netmodel.grids.errors import GridMismatchError
from netmodel.grids.overlap import Overlap, overlap_of, polygon_sums
from tests.reference import overlap as twin

LAEA = CRS("EPSG:3035")
LEFT, TOP = 4_000_000, 3_000_000
GRID = Grid(LAEA, Affine(1000, 0, LEFT, 0, -1000, TOP), (7, 9))
seeds = st.integers(0, 2**32 - 1)


def frame(*polygons, crs=LAEA):
    return geopandas.GeoDataFrame(geometry=list(polygons), crs=crs)


def star(rng, center, low, high, points=12):
    """A star-shaped ring around a point."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, points))
    angle[0], angle[points // 3], angle[2 * points // 3] = 0.0, 2.1, 4.2
    radius = rng.uniform(low, high, points)
    angle = np.sort(angle)
    return np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None] + center


def shape_of(rng, size=4000.0):
    """Two stars apart, the first with a hole in its middle; they may cross the frame."""
    a = np.array([LEFT, TOP - 7000]) + rng.uniform(0, 1, 2) * [9000, 7000]
    first = Polygon(star(rng, a, 0.5 * size, size), [star(rng, a, 0.05 * size, 0.2 * size)])
    second = Polygon(star(rng, a + [2.5 * size, 0], 0.2 * size, size))
    return MultiPolygon([first, second])


def voronoi(rng, n, around):
    """A partition of a box into `n` polygons."""
    left, bottom, right, top = around.bounds
    points = rng.uniform([left, bottom], [right, top], (n, 2))
    cells = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=around)
    return list(shapely.intersection(shapely.get_parts(cells), around))


def dense(overlap):
    out = np.zeros((overlap.n, *overlap.shape))
    out.reshape(overlap.n, -1)[overlap.zone, overlap.cell] = overlap.share
    return out


@given(seeds)
def test_shares_equal_their_twin(seed):
    rng = np.random.default_rng(seed)
    polygons = [shape_of(rng), shape_of(rng, 300.0), Polygon(star(rng, [LEFT, TOP], 100, 5000))]
    assert shapely.is_valid(polygons).all()
    expected = twin.shares(polygons, GRID)
    np.testing.assert_allclose(dense(overlap_of(frame(*polygons), GRID)), expected, atol=1e-10)


@given(seeds, st.integers(1, 30))
def test_sums_of_a_partition_are_the_total(seed, n):
    rng = np.random.default_rng(seed)
    layer = rng.pareto(1.2, GRID.shape)
    layer[rng.random(GRID.shape) < 0.1] = np.nan
    parts = frame(*voronoi(rng, n, box(*GRID.bounds)))
    total = np.nansum(layer)
    assert overlap_of(parts, GRID).sums(layer).sum() == pytest.approx(total, rel=1e-9)
    np.testing.assert_allclose(dense(overlap_of(parts, GRID)).sum(axis=0), 1.0, rtol=1e-11)
    straight = polygon_sums(layer, GRID, parts)
    np.testing.assert_allclose(straight, overlap_of(parts, GRID).sums(layer), atol=1e-6 * total)


@given(seeds, st.floats(50.0, 3000.0))
def test_areas_on_an_equal_area_grid_are_those_of_the_polygons(seed, size):
    rng = np.random.default_rng(seed)
    polygons = [shape_of(rng, size) for _ in range(3)]
    inside = shapely.area(shapely.intersection(polygons, box(*GRID.bounds))) / 1e6
    area = overlap_of(frame(*polygons), GRID).area_km2(GRID)
    np.testing.assert_allclose(area, inside, rtol=1e-9, atol=1e-12)


@given(seeds)
def test_flipped_polygons_have_flipped_shares(seed):
    rng = np.random.default_rng(seed)
    shape, (left, bottom, right, top) = shape_of(rng), GRID.bounds
    flipped = shapely.transform(shape, lambda xy: [left + right, bottom + top] - xy)
    share = dense(overlap_of(frame(shape), GRID))[0]
    np.testing.assert_allclose(
        dense(overlap_of(frame(flipped), GRID))[0], share[::-1, ::-1], atol=1e-11
    )
    southward = Grid(LAEA, Affine(1000, 0, left, 0, 1000, bottom), GRID.shape)
    np.testing.assert_allclose(
        dense(overlap_of(frame(shape), southward))[0], share[::-1], atol=1e-11
    )


def test_edges_on_the_borders_of_cells():
    whole = box(LEFT + 2000, TOP - 5000, LEFT + 5000, TOP - 1000)
    holed = whole.difference(box(LEFT + 3000, TOP - 4000, LEFT + 4000, TOP - 2000))
    found = overlap_of(frame(whole, holed), GRID)
    expected = np.zeros((2, *GRID.shape))
    expected[:, 1:5, 2:5] = 1.0
    expected[1, 2:4, 3] = 0.0
    assert dense(found).tolist() == expected.tolist()
    assert found.share.tolist() == [1.0] * 22  # not the neighbors that touch
    assert (np.diff(found.zone) >= 0).all()


def test_a_polygon_smaller_than_a_cell_gets_its_share():
    small = box(LEFT + 1100, TOP - 1300, LEFT + 1200, TOP - 1100)
    found = overlap_of(frame(small), GRID)
    assert (found.cell.tolist(), found.n) == ([10], 1)
    assert found.share[0] == pytest.approx(0.02, rel=1e-9)


def test_polygons_beyond_the_frame_and_empty_ones_have_no_share():
    far = box(LEFT - 9e5, TOP, LEFT - 8e5, TOP + 1e5)
    found = overlap_of(frame(Polygon(), far, box(LEFT - 9e5, TOP - 9e5, LEFT + 9e5, TOP)), GRID)
    assert found.area_km2(GRID).tolist() == [0.0, 0.0, 63.0]
    assert overlap_of(frame(Polygon()), GRID).sums(np.ones(GRID.shape)).tolist() == [0.0]
    assert overlap_of(frame(), GRID).sums(np.ones(GRID.shape)).size == 0
    assert polygon_sums(np.ones(GRID.shape), GRID, frame(Polygon(), far)).tolist() == [0.0, 0.0]


@given(seeds)
def test_crops_masks_and_cells_keep_their_shares(seed):
    rng = np.random.default_rng(seed)
    shape, layer = shape_of(rng), rng.random(GRID.shape)
    whole = overlap_of(frame(shape, box(*GRID.bounds)), GRID)
    rows, columns = slice(2, 6), slice(1, 8)
    cropped = overlap_of(frame(shape, box(*GRID.bounds)), GRID.crop(rows, columns))
    np.testing.assert_allclose(dense(whole.crop(rows, columns)), dense(cropped), atol=1e-11)
    mask = rng.random(GRID.shape) < 0.5
    expected = (dense(whole) * np.where(mask, layer, 0.0)).sum(axis=(1, 2))
    np.testing.assert_allclose(whole.where(mask).sums(layer), expected, rtol=1e-12)
    cells = Cells.where(GRID, mask)
    np.testing.assert_allclose(whole.at(cells).sums(cells.take(layer)), expected, rtol=1e-12)


def test_no_data_is_left_out():
    layer = np.ones(GRID.shape)
    layer[0, 0] = np.nan
    assert overlap_of(frame(box(*GRID.bounds)), GRID).sums(layer).tolist() == [62.0]
    assert polygon_sums(layer, GRID, frame(box(*GRID.bounds))).tolist() == [62.0]
    nowhere = np.full(GRID.shape, np.nan)
    assert overlap_of(frame(box(*GRID.bounds)), GRID).sums(nowhere).tolist() == [0.0]
    assert polygon_sums(nowhere, GRID, frame(box(*GRID.bounds))).tolist() == [0.0]


def test_what_does_not_align_is_refused():
    elsewhere = frame(box(0, 0, 1, 1), crs="EPSG:4326")
    with pytest.raises(GridMismatchError, match="polygons in WGS 84, a grid in ETRS89"):
        overlap_of(elsewhere, GRID)
    found = overlap_of(frame(box(*GRID.bounds)), GRID)
    assert isinstance(found, Overlap) and len(found) == 1
    with pytest.raises(GridMismatchError, match="does not fit"):
        found.sums(np.ones((2, 2)))
    with pytest.raises(GridMismatchError, match="does not fit"):
        polygon_sums(np.ones((2, 2)), GRID, frame(box(*GRID.bounds)))


def test_labels_are_of_the_greatest_share():
    shapes = [box(0.0, 0.0, 1.4, 1.0), box(1.4, 0.0, 2.0, 1.0), box(0.0, 0.0, 0.2, 0.1)]
    found = overlap_of(frame(*shapes), Grid.from_bounds(LAEA, (0.0, 0.0, 3.0, 1.0), 1.0))
    assert found.labels().tolist() == [[0, 1, -1]]


def test_equal_shares_are_of_the_first():
    shapes = [box(0.5, 0.0, 1.0, 1.0), box(0.0, 0.0, 0.5, 1.0)]
    found = overlap_of(frame(*shapes), Grid.from_bounds(LAEA, (0.0, 0.0, 2.0, 2.0), 1.0))
    assert found.labels().tolist() == [[-1, -1], [0, -1]]


def test_whole_edges_share_the_whole_of_each_cell_that_is_touched():
    shapes = [box(0.0, 0.0, 0.25, 1.0), box(0.25, 0.0, 0.75, 1.0), box(0.5, 0.0, 1.5, 1.0)]
    grid = Grid.from_bounds(LAEA, (0.0, 0.0, 3.0, 1.0), 1.0)
    people = np.array([[300.0, 100.0, 10.0]])
    exact = overlap_of(frame(*shapes[:2]), grid)
    whole = exact.with_whole_edges()
    assert exact.sums(people).tolist() == pytest.approx([75.0, 150.0])
    assert whole.sums(people).tolist() == pytest.approx([100.0, 200.0])
    np.testing.assert_array_equal(whole.area_km2(grid), exact.area_km2(grid))
    # A window and a choice of cells keep the weights.
    part = whole.crop(slice(0, 1), slice(0, 2)).where(np.array([[True, False]]))
    assert part.sums(people[:, :2]).tolist() == pytest.approx([100.0, 200.0])
    # Where zones lie on each other, both count.
    double = overlap_of(frame(*shapes), grid)
    sums = double.with_whole_edges().sums(people)
    assert sums.tolist() == pytest.approx([75.0, 150.0, 250.0])
