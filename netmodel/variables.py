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
    stage, name : str
        Group of the run that holds it, and its name there.
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
    name: str
    dims: tuple[str, ...]
    dtype: str
    units: str
    long_name: str
    synthesised: bool = False


# Values of `unserved_reason`: why demand is not served; where several hold the last one counts.
REASONS = ("served", "quality", "overload", "partly_in_range", "out_of_range", "no_site")

_CELL = ("y", "x")
_NETWORK = ("network", "y", "x")
_CARRIER = ("carrier", "y", "x")

_TABLE = (
    Variable("population", "people", _CELL, "float32", "people", "residents of the cell", True),
    Variable(
        "population", "province_label", _CELL, "int32", "1",
        "row of the provinces table; -1 is none",
    ),
    Variable(
        "population", "county_label", _CELL, "int32", "1", "row of the counties table; -1 is none",
        True,
    ),
    Variable(
        "population", "settlement_class", _CELL, "int8", "1",
        "class by population density; -1 is uninhabited", True,
    ),
    Variable(
        "demand", "demand_mbps", _CELL, "float32", "Mbit/s",
        "busy-hour downlink demand of the cell", True,
    ),
    Variable(
        "demand", "demand_5g_mbps", _CELL, "float32", "Mbit/s",
        "busy-hour downlink demand carried by 5G", True,
    ),
    Variable(
        "sites", "sites_5g", _NETWORK, "int32", "stations",
        "5G base stations, macro and indoor", True,
    ),
    Variable(
        "sites", "sites_5g_indoor", _NETWORK, "int32", "stations",
        "5G base stations that serve indoors only", True,
    ),
    Variable(
        "sites", "macro_density", _NETWORK, "float32", "km-2",
        "expected density of macro base stations", True,
    ),
    Variable(
        "sites", "indoor_density", _NETWORK, "float32", "km-2",
        "expected density of indoor base stations", True,
    ),
    Variable(
        "coverage", "coverage_probability", _CELL, "float32", "1",
        "probability of SS-RSRP over the threshold (-105 dBm) outdoors from any network", True,
    ),
    Variable(
        "coverage", "link_probability", _CELL, "float32", "1",
        "probability of a link in both directions, indoor terminals included, any network", True,
    ),
    Variable(
        "coverage", "covered_share_90", _CELL, "float32", "1",
        "explicit mode: share of the people whose pixel is covered with 0.9 or more", True,
    ),
    Variable(
        "coverage", "computed_share", _CELL, "float32", "1",
        "explicit mode: share of the people whose pixel is computed; others count as missed", True,
    ),
    Variable(
        "pixels", "rsrp_dbm", _CARRIER, "float32", "dBm",
        "best server's SS-RSRP, mean over line of sight; NaN is not computed or not served", True,
    ),
    Variable(
        "pixels", "server", _CARRIER, "int32", "1",
        "best server, a sector of sectors.parquet; -1 is none", True,
    ),
    Variable(
        "pixels", "sinr_db", _CARRIER, "float32", "dB",
        "best server's SINR, the others at the scenario's load", True,
    ),
    Variable(
        "pixels", "coverage_probability", _CARRIER, "float32", "1",
        "probability of the least SS-RSRP outdoors from the three best sites", True,
    ),
    Variable(
        "pixels", "link_probability", _CARRIER, "float32", "1",
        "probability of a link in both directions, indoor terminals included", True,
    ),
    Variable(
        "pixels", "second_dbm", _CARRIER, "float32", "dBm", "second best server's SS-RSRP", True,
    ),
    Variable(
        "pixels", "interference_dbm", _CARRIER, "float32", "dBm",
        "power of all other sectors at the scenario's load, of a resource element", True,
    ),
    Variable(
        "pixels", "n_within_6db", _CARRIER, "int16", "sectors",
        "sectors within 6 dB of the best server, itself included", True,
    ),
    Variable(
        "capacity", "cell_load", _NETWORK, "float32", "1",
        "busy-hour load of the macro layer; NaN without demand or a site in range", True,
    ),
    Variable(
        "capacity", "uplink_load", _NETWORK, "float32", "1",
        "load that the uplink's demand asks for; NaN without a site in range", True,
    ),
    Variable(
        "capacity", "demand_mbps", _NETWORK, "float32", "Mbit/s",
        "busy-hour downlink demand on the network's macro layer", True,
    ),
    Variable(
        "capacity", "served_mbps", _NETWORK, "float32", "Mbit/s",
        "what the macro layer serves of it", True,
    ),
    Variable(
        "capacity", "unserved_reason", _NETWORK, "int8", "1",
        "why demand is not served: out_of_range if most is, no_site if no site is in range; -1 is "
        "no demand", True,
    ),
    Variable(
        "capacity", "rate_5th_mbps", _NETWORK, "float32", "Mbit/s",
        "5th percentile of the rates of served users at the cell's busy-hour load; NaN where most "
        "demand is out of range", True,
    ),
    Variable(
        "capacity", "carriers_needed", _NETWORK, "int16", "carriers",
        "carriers of today's width for the target load, down- and uplink; 0 where most demand is "
        "out of range", True,
    ),
    Variable(
        "capacity", "stations_to_add", _NETWORK, "float32", "stations",
        "macro stations that bring the load to its target with today's carriers; none for demand "
        "out of range", True,
    ),
    Variable(
        "capacity", "covered_served_share", _CELL, "float32", "1",
        "share of people who are covered, and whose busy-hour demand is served too", True,
    ),
    Variable(
        "projection", "value", ("indicator", "quantile", "year"), "float64", "by indicator",
        "quantiles of the draws; units are in the coordinate unit",
    ),
    Variable(
        "projection", "draws", ("indicator", "draw", "year"), "float32", "by indicator",
        "paths of the coming years, alike in probability",
    ),
    Variable(
        "projection", "known", ("indicator", "known_year"), "float64", "by indicator",
        "published yearly values; NaN where there is none",
    ),
    Variable(
        "projection", "saturation_low", ("indicator",), "float64", "by indicator",
        "least saturation that the values allow (90 %); NaN by analogy or where none is fitted",
    ),
    Variable(
        "projection", "saturation_high", ("indicator",), "float64", "by indicator",
        "greatest saturation that the values allow (90 %)",
    ),
    Variable(
        "projection", "province_value", ("province_indicator", "province", "quantile", "year"),
        "float64", "by indicator", "quantiles of the provinces' draws",
    ),
    Variable(
        "projection", "province_draws", ("province_indicator", "province", "draw", "year"),
        "float32", "by indicator", "paths of the provinces, which add up to the nation's",
    ),
)  # fmt: skip

VARIABLES = {(v.stage, v.name): v for v in _TABLE}


def annotated(ds: xr.Dataset, stage: str, *, synthesised: bool) -> xr.Dataset:
    """The dataset with each variable's unit and sentence in its attributes, checked.

    Parameters
    ----------
    ds : Dataset
        Its data variables must all be in `VARIABLES`, with the dims and dtype given there.
    stage : str
        The stage that made it.
    synthesised : bool
        Whether to mark the variables that may be.
    """
    for name in ds.data_vars:
        entry = VARIABLES[stage, str(name)]
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
        f"| {v.stage} | `{v.name}` | {', '.join(v.dims)} | {v.dtype} | {v.units} | {v.long_name} |"
        for v in _TABLE
    ]
    return "\n".join(lines)
