"""Shares of cells in polygons: each cell's own shape cut by the polygon, nothing shared."""

import numpy as np
from shapely.geometry import Polygon


def shares(polygons, grid):
    """Share (polygon, row, column) of each cell's area that lies in each polygon."""
    rows, columns = grid.shape
    out = np.zeros((len(polygons), rows, columns))
    for row in range(rows):
        for column in range(columns):
            corners = ((column, row), (column + 1, row), (column + 1, row + 1), (column, row + 1))
            cell = Polygon([grid.affine @ corner for corner in corners])
            for k, polygon in enumerate(polygons):
                out[k, row, column] = polygon.intersection(cell).area / cell.area
    return out
