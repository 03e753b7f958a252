"""What elevations of the ground can be."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.errors import InputError

# The shore of the Dead Sea is at -430 m, the highest summit at 8,849 m.
LOWEST_M, HIGHEST_M = -500.0, 9000.0


def check_elevation(path: str | Path, value: NDArray[np.float64]) -> None:
    """Refuse values that no ground has; NaN is no data."""
    bad = (value < LOWEST_M) | (value > HIGHEST_M)
    if bad.any():
        raise InputError(
            f"{path}: {value[bad][0]:g} m, where the ground of the Earth is within "
            f"{LOWEST_M:g}..{HIGHEST_M:g}; if that means no data, state nodata in the file, for "
            "example `gdal_edit.py -a_nodata VALUE FILE`"
        )
