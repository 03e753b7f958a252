"""What the sectors of the explicit mode lack, by zone."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from netmodel.grids.layers import grid_of
from netmodel.tables import ZoneNames


def with_sectors(
    rows_of: Mapping[str, pd.DataFrame],
    population: xr.Dataset,
    levels: Mapping[str, ZoneNames],
    sectors: pd.DataFrame,
    target_load: float,
) -> dict[str, pd.DataFrame]:
    """The tables of zones with the sectors that stand in each.

    A sector is whole, and counted where its site stands.

    Parameters
    ----------
    rows_of : dict of DataFrame
        By level, as `zone_tables` returns them.
    population : Dataset
        With the labels of the zones.
    sectors : DataFrame
        As `sectors.parquet` has them; those in the area count.

    Returns
    -------
    dict of DataFrame
        With `sectors`; and where they have loads `sectors_congested` (load asked for, down- or
        uplink, above the target) and `sector_carriers_to_add` (carriers that they lack for it).
    """
    own = sectors[sectors["in_area"]]
    cell = grid_of(population).cell(own["x"].to_numpy(), own["y"].to_numpy())
    counted = pd.DataFrame({"sectors": np.ones(len(own), np.int64)})
    if "load" in own:
        asked = own[["requested_load", "uplink_load"]].max(axis=1)
        lacking = own["carriers_needed"] - own["carriers"]
        counted["sectors_congested"] = (asked > target_load).to_numpy(np.int64)
        counted["sector_carriers_to_add"] = lacking.clip(lower=0.0).fillna(0.0).to_numpy()
    out = {}
    for level, rows in rows_of.items():
        label = population[f"{level}_label"].values.reshape(-1)[cell]
        sums = counted.groupby(label).sum()
        codes = levels[level].table["code"]
        sums = sums[sums.index >= 0].set_index(codes.iloc[sums.index[sums.index >= 0]].to_numpy())
        whole = sums.reindex(rows["code"], fill_value=0).reset_index(drop=True)
        out[level] = pd.concat([rows, whole], axis=1)
    return out
