"""Demand that falls on the macro layer of each network, for both radio modes."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel._networks import indoor_shares, network_names
from netmodel._settings import Demand, Radio
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.kernels.allocation import water_filling
from netmodel.kernels.zonal import zonal_sum
from netmodel.variables import REASONS

Float = NDArray[np.float64]

CODE = {name: k for k, name in enumerate(REASONS)}
NO_DEMAND = -1
REASON_FLAGS = {"flag_values": list(range(len(REASONS))), "flag_meanings": " ".join(REASONS)}
BLANK = {"unserved_reason": NO_DEMAND, "carriers_needed": 0}  # the others have no value there
_NOTABLE = 0.01  # share out of service under which a cell counts as served
_MOSTLY = 0.5  # share out of range from which a cell counts as out of range
_NONE = 1.0 - 1e-6


class Offered(NamedTuple):
    """5G demand (cell,) [Mbit/s], its split (network, 1 + province), what is left to macro sites.

    `outdoor` (class,) is the share of demand that indoor stations leave where they are.
    """

    fiveg: Float
    share: Float
    outdoor: Float


def offered_demand(ds: xr.Dataset, cells: Cells, radio: Radio, demand: Demand) -> Offered:
    """Demand of the cells and its split between networks and layers (models.md D 6, E)."""
    outdoor = 1.0 - radio.indoor_offload * np.array(indoor_shares(radio))
    share = network_shares(ds, cells, demand.subscribers)
    return Offered(covered_demand(ds, cells), share, outdoor)


def macro_demand(
    ds: xr.Dataset, cells: Cells, number: int, settlement: NDArray[np.int8], offered: Offered
) -> Float:
    """Downlink demand on the macro layer of a network at the cells [Mbit/s]."""
    indoor = cells.take(ds.indoor_density.values[number], np.float32) > 0.0
    kept = np.where(indoor, offered.outdoor[settlement], 1.0)
    kept *= offered.share[number, cells.take_label(ds.province_label.values) + 1]
    return np.asarray(offered.fiveg * kept)


def check_sides(ds: xr.Dataset) -> None:
    """Refuse runs where one side is missing altogether."""
    demand = bool((ds.demand_5g_mbps.values > 0.0).any())
    if demand and not (ds.macro_density.values > 0.0).any():
        raise InputError("capacity: there is demand and no macro site; give [sites] with some")
    if not demand:
        raise InputError("capacity: there are sites and no demand; check fiveg_share and total_gb")


def unserved_reasons(mbps: Float, poor: Float, overload: Float, beyond: Float) -> NDArray[np.int8]:
    """Codes (cell,) of `REASONS`: why demand is not all served, the last that holds.

    Parameters
    ----------
    mbps : (cell,)
        Demand; `NO_DEMAND` without any.
    poor, beyond : (cell,)
        Share of it that is out of quality, and out of range.
    overload : (cell,)
        Load that is asked for; NaN is none.
    """
    out = np.full(mbps.size, CODE["served"], np.int8)
    out[poor > _NOTABLE] = CODE["quality"]
    out[overload > 1.0] = CODE["overload"]
    out[beyond > _NOTABLE] = CODE["partly_in_range"]
    out[beyond > _MOSTLY] = CODE["out_of_range"]
    out[beyond > _NONE] = CODE["no_site"]
    out[~(mbps > 0.0)] = NO_DEMAND
    return out


def covered_demand(ds: xr.Dataset, cells: Cells) -> Float:
    """Downlink demand carried by 5G at the cells [Mbit/s].

    Times coverage, then scaled to what it was in the province, and nowhere more than all of a
    cell's demand. A province whose coverage has no room for it is left as it was, and so is
    every cell whose coverage is not known.

    References
    ----------
    models.md D 6.
    """
    fiveg = cells.take(ds.demand_5g_mbps.values)
    if "coverage_probability" not in ds:
        return fiveg
    coverage = cells.take(ds.coverage_probability.values)
    province = np.where(np.isnan(coverage), -1, cells.take_label(ds.province_label.values))
    total = zonal_sum(fiveg, province, int(province.max(initial=-1)) + 1)
    weight = fiveg * np.nan_to_num(coverage)
    one = np.ones(fiveg.size)
    _, out = water_filling(weight, one, cells.take(ds.demand_mbps.values), province, total)
    return np.where(np.isnan(out) | (province < 0), fiveg, out)


def network_shares(ds: xr.Dataset, cells: Cells, subscribers: dict[str, float]) -> Float:
    """Share (network, 1 + province) of demand: of subscribers, or of stations in the province.

    Where a province has no station the networks share alike. The first column is for cells in
    no province.
    """
    province = cells.take_label(ds.province_label.values) + 1
    size = int(province.max(initial=0)) + 1
    names = network_names(ds)
    if subscribers:
        if set(subscribers) != set(names):
            raise InputError(
                f"[demand] subscribers names {', '.join(subscribers)}; the sites have "
                f"{', '.join(names)}: give each network's share"
            )
        return np.repeat([[subscribers[name]] for name in names], size, axis=1)
    stations = np.stack([zonal_sum(cells.take(n), province, size) for n in ds.sites_5g.values])
    total = stations.sum(axis=0)
    share = np.full(stations.shape, 1.0 / len(stations))
    np.divide(stations, total, out=share, where=total > 0.0)
    return share
