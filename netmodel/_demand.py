"""The demand stage: yearly traffic to busy-hour downlink Mbit/s per cell."""

import calendar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from netmodel._settings import Demand
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.grids.layers import grid_of
from netmodel.kernels.demand import (
    fiveg_traffic_share,
    mean_rate_bps,
    peak_to_mean,
    split_by_weight,
)
from netmodel.kernels.zonal import float32_keeping_sums, zonal_sum
from netmodel.variables import annotated

Float = NDArray[np.float64]


def demand(
    ds: xr.Dataset,
    *,
    province_total_gb: ArrayLike,
    year: int = 2020,
    options: Demand | None = None,
    synthesised: bool = False,
) -> xr.Dataset:
    """Busy-hour downlink demand of every cell, in all and on 5G.

    Within a province demand follows residents: a usage index of 1, no daytime population.

    Parameters
    ----------
    ds : Dataset
        With `people` and `province_label`, as `population` returns it.
    province_total_gb : (province,)
        Traffic of the year [GB].
    year : int
        For its number of days.
    options : Demand
        How yearly traffic becomes busy-hour demand.
    synthesised : bool
        Whether the people below province level are synthesised.

    Returns
    -------
    Dataset
        `demand_mbps` and `demand_5g_mbps`; NaN where people are unknown. Each province's sum
        equals its control total to 1e-9.

    Raises
    ------
    InputError
        A province with traffic and no people.

    References
    ----------
    models.md D 1-7.
    """
    options = options or Demand()
    cells = Cells.where(grid_of(ds), ~np.isnan(ds.people.values))
    people = cells.take(ds.people.values)
    province = cells.take_label(ds.province_label.values)
    gb = np.asarray(province_total_gb, np.float64)
    total = busy_hour_mbps(gb, year, options)
    empty = (zonal_sum(people, province, total.size) <= 0.0) & (total > 0.0)
    present = np.bincount(province[province >= 0], minlength=total.size) > 0
    if (empty & present).any():
        raise InputError(
            f"demand: provinces in rows {np.flatnonzero(empty & present).tolist()} of the table "
            "have traffic and nobody to use it; check [population] and [demand] total_gb"
        )
    share = fiveg_share(options)
    layers = {}
    for name, factor in (("demand_mbps", 1.0), ("demand_5g_mbps", share)):
        value = split_by_weight(people, province, total * factor)
        rounded = float32_keeping_sums(value, province, total.size)
        layers[name] = (("y", "x"), cells.spread(rounded, np.nan))
    out = xr.Dataset(layers, coords=ds.coords, attrs={"title": "Busy-hour demand"})
    per_mbps = 1.0 / float(busy_hour_mbps(np.ones(1), year, options)[0])
    out.attrs |= {"year": year, "fiveg_share": share, "traffic_gb_per_mbps": per_mbps}
    return annotated(out, "demand", synthesised=synthesised)


def busy_hour_mbps(total_gb: Float, year: int, options: Demand) -> Float:
    """Busy-hour downlink rate of yearly traffic [Mbit/s]."""
    days = 366.0 if calendar.isleap(year) else 365.0
    mean = mean_rate_bps(1.0, float(options.gb_bytes), days)
    peak = peak_to_mean(options.busy_day_factor, options.busy_hour_share)
    return total_gb * (mean * peak * options.downlink_share / 1e6)


def fiveg_share(options: Demand) -> float:
    """Share of traffic on 5G."""
    if options.fiveg_share != "facts":
        return float(options.fiveg_share)
    return fiveg_traffic_share(options.fiveg_penetration, options.fiveg_usage_multiple)
