"""Shares of cells in polygons: each cell's own shape cut by the polygon, nothing shared."""

import numpy as np
import shapely


def shares(polygons, grid):
    """Share (polygon, row, column) of each cell's area that lies in each polygon."""
    row, column = np.mgrid[0 : grid.shape[0], 0 : grid.shape[1]]
    a = grid.affine
    corners = [(column + dc, row + dr) for dc, dr in ((0, 0), (1, 0), (1, 1), (0, 1))]
    points = [np.stack([a.a * c + a.b * r + a.c, a.d * c + a.e * r + a.f], -1) for c, r in corners]
    cells = shapely.polygons(np.stack(points, axis=-2))
    cut = [shapely.area(shapely.intersection(polygon, cells)) for polygon in polygons]
    return np.stack(cut) / shapely.area(cells)
