"""The errors that netmodel raises; the tree is drawn in `netmodel.grids.errors`."""

from netmodel.grids.errors import (
    DataError,
    GridMismatchError,
    InfeasibleError,
    InputError,
    NetmodelError,
)

__all__ = ["DataError", "GridMismatchError", "InfeasibleError", "InputError", "NetmodelError"]
