"""People carried from one grid to another, none lost: models.md, section K, resampling counts."""

import numpy as np
import shapely
from pyproj import CRS, Transformer

from tests.reference.geodesy import cell_corners


def split_counts(counts, source_affine6, source_crs, target_affine6, target_crs, target_shape):
    """People of each target cell, every source cell's people being spread evenly over its area.

    A source cell is the quadrilateral of its four corners in the target CRS, edges straight
    there. NaN counts nobody. People outside the target grid are dropped. Target cells that
    nobody reaches hold zero. An affine is (a, b, c, d, e, f) of rasterio.

    References
    ----------
    netmodel modelling specification, section K, oracle K07; areal weighting of M. F. Goodchild
    and N. S.-N. Lam, Geo-Processing 1, 1980.
    """
    transformer = Transformer.from_crs(
        CRS.from_user_input(source_crs), CRS.from_user_input(target_crs), always_xy=True
    )
    n_row, n_column = target_shape
    cells = [(row, column) for row in range(n_row) for column in range(n_column)]
    squares = [shapely.Polygon(cell_corners(target_affine6, *cell)) for cell in cells]
    tree = shapely.STRtree(squares)

    people = np.zeros(target_shape)
    for (row, column), count in np.ndenumerate(np.asarray(counts, dtype=float)):
        if np.isnan(count) or count == 0:
            continue
        corners = [
            transformer.transform(x, y) for x, y in cell_corners(source_affine6, row, column)
        ]
        quad = shapely.Polygon(corners)
        for hit in tree.query(quad):
            shared = quad.intersection(squares[hit]).area
            people[cells[hit]] += count * shared / quad.area
    return people
