"""The table of dataset variables: name, stage, dimensions, dtype, unit and one sentence each."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from netmodel.grids.layers import GRID_MAPPING


@dataclass(frozen=True)
class Variable:
    """One variable of a run.

    Parameters
    ----------
    stage : str
        Group of the run that holds it.
    dims : tuple of str
    dtype : str
        In memory and on disk.
    units : str
    long_name : str
        One sentence without a full stop.
    synthesised : bool
        Whether the reference case fills it with synthesised values.
    """

    stage: str
    dims: tuple[str, ...]
    dtype: str
    units: str
    long_name: str
    synthesised: bool = False


_CELL = ("y", "x")
_NETWORK = ("network", "y", "x")

VARIABLES: dict[str, Variable] = {
    "people": Variable(
        "population", _CELL, "float32", "people", "residents of the cell; NaN is no data", True
    ),
    "province_label": Variable(
        "population", _CELL, "int32", "1", "row of the provinces table; -1 is none"
    ),
    "county_label": Variable(
        "population", _CELL, "int32", "1", "row of the counties table; -1 is none", True
    ),
    "settlement_class": Variable(
        "population", _CELL, "int8", "1", "class by population density; -1 is uninhabited", True
    ),
    "demand_mbps": Variable(
        "demand", _CELL, "float32", "Mbit/s", "busy-hour downlink demand of the cell", True
    ),
    "demand_5g_mbps": Variable(
        "demand", _CELL, "float32", "Mbit/s", "busy-hour downlink demand carried by 5G", True
    ),
    "sites_5g": Variable(
        "sites", _NETWORK, "int32", "stations", "5G base stations, macro and indoor", True
    ),
    "sites_5g_indoor": Variable(
        "sites", _NETWORK, "int32", "stations", "5G base stations that serve indoors only", True
    ),
    "macro_density": Variable(
        "sites", _NETWORK, "float32", "km-2", "expected density of macro base stations", True
    ),
    "indoor_density": Variable(
        "sites", _NETWORK, "float32", "km-2", "expected density of indoor base stations", True
    ),
}


def annotated(ds: xr.Dataset, *, synthesised: bool) -> xr.Dataset:
    """The dataset with each variable's unit and sentence in its attributes, checked.

    Parameters
    ----------
    ds : Dataset
        Its data variables must all be in `VARIABLES`, with the dims and dtype given there.
    synthesised : bool
        Whether to mark the variables that may be.
    """
    for name in ds.data_vars:
        entry = VARIABLES[str(name)]
        variable = ds[name]
        if variable.dims != entry.dims or variable.dtype != np.dtype(entry.dtype):
            raise TypeError(f"{name}: {variable.dims} {variable.dtype}, table says {entry}")
        variable.attrs |= {"units": entry.units, "long_name": entry.long_name}
        if synthesised and entry.synthesised:
            variable.attrs["status"] = "synthesised"
        if "y" in variable.dims:
            variable.attrs["grid_mapping"] = GRID_MAPPING
    return ds


def markdown_table() -> str:
    """The table that README shows."""
    lines = ["| stage | variable | dims | dtype | unit | meaning |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {v.stage} | `{name}` | {', '.join(v.dims)} | {v.dtype} | {v.units} | {v.long_name} |"
        for name, v in VARIABLES.items()
    ]
    return "\n".join(lines)
