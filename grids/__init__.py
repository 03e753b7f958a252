"""Where numbers are on Earth: grids, rasters, zones, files."""

if __name__ != "netmodel.grids":
    raise ImportError(f"import netmodel.grids, not {__name__!r}")

from netmodel.grids.grid import Grid

__all__ = ["Grid"]
