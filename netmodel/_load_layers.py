"""From points and loads to the figures of sectors and the layers of cells."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._covered_served import Room, covered_served_share
from netmodel._explicit import Work
from netmodel._loads import OUT_OF_RANGE, QUALITY, Solved
from netmodel._network_demand import BLANK, REASON_FLAGS, unserved_reasons
from netmodel._settings import Radio
from netmodel.grids.cells import Cells
from netmodel.kernels.grouped import by_group, grouped_quantile, grouped_sums
from netmodel.variables import VARIABLES, annotated

Float = NDArray[np.float64]
Values = dict[str, NDArray[Any]]

SHARE_5TH = 0.05


def sector_table(found: Solved, radio: Radio) -> pd.DataFrame:
    """What each sector of a carrier is asked for, serves and gives, and what it lacks.

    Returns
    -------
    DataFrame
        A row a sector: `demand_mbps` in its service, `served_mbps`, `load`, `requested_load`
        (beyond one, one over it is served), `uplink_load`, `capacity_mbps` (harmonic mean of its
        points' rates, weighted by traffic), `rate_5th_mbps`; `carriers_needed` for the target
        load, and `stations_to_add`, the other remedy; NaN without demand.

    References
    ----------
    models.md C.3, C.5, C.7.
    """
    points, loads, table = found.points, found.loads, found.table
    first, order = by_group(points.links.server, loads.load.size)
    weight = found.served_demand
    demand = grouped_sums(first, order, weight)
    busy = np.where(demand > 0.0, 1.0, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        capacity = demand / loads.wanted
    worst = np.maximum(loads.wanted, loads.uplink)
    on_site = table.groupby("site")["site"].transform("size").to_numpy(np.float64)
    lacking = np.maximum(worst / radio.target_load - 1.0, 0.0) / on_site * table["stations"]
    left = loads.rate_mbps * (1.0 - loads.load)[points.links.server]
    return pd.DataFrame(
        {
            "demand_mbps": demand,
            "served_mbps": demand / np.fmax(loads.wanted, 1.0),
            "load": loads.load * busy,
            "requested_load": loads.wanted * busy,
            "uplink_load": loads.uplink * busy,
            "capacity_mbps": capacity * busy,
            "rate_5th_mbps": grouped_quantile(first, order, left, weight, SHARE_5TH),
            "carriers_needed": np.ceil(worst / radio.target_load * table["carriers"]) * busy,
            "stations_to_add": lacking * busy,
        }
    )


def cell_layers(found: Sequence[Solved], tables: list[pd.DataFrame], mbps: Float) -> Values:
    """Values (cell,) of the stage's variables for one network.

    Loads are means over the demand that the cell's sectors take; carriers those of the sector
    that needs the most.

    Parameters
    ----------
    found : list of Solved
        Carriers of the network, none where it has no site; their points' cells being positions
        in `mbps`.
    tables : list of DataFrame
        `sector_table` of each.
    mbps : (cell,)
        Demand on the network's macro sites; NaN, as all that follows from it, where it was not
        asked of them.
    """
    n = mbps.size
    asked, served, load, uplink, poor, beyond, stations = np.zeros((7, n))
    carriers = np.zeros(n)
    for one, table in zip(found, tables, strict=True):
        cell, server, weight = one.points.cell, one.points.links.server, one.served_demand
        of_sector = {k: np.nan_to_num(table[k].to_numpy()) for k in table}
        asked += np.bincount(cell, weight, n)
        served += np.bincount(cell, weight / np.fmax(one.loads.wanted, 1.0)[server], n)
        load += np.bincount(cell, weight * one.loads.load[server], n)
        uplink += np.bincount(cell, weight * one.loads.uplink[server], n)
        for total, state in ((poor, QUALITY), (beyond, OUT_OF_RANGE)):
            total += np.bincount(cell, one.points.demand_mbps * (one.points.state == state), n)
        each = of_sector["stations_to_add"] / np.fmax(of_sector["demand_mbps"], 1e-300)
        stations += np.bincount(cell, weight * each[server], n)
        mine = weight > 0.0
        np.maximum.at(carriers, cell[mine], of_sector["carriers_needed"][server[mine]])
    if not found:
        beyond = np.nan_to_num(mbps)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = {"cell_load": load / asked, "uplink_load": uplink / asked}
        shares = poor / mbps, asked / served, beyond / mbps
        room = served / asked
    return out | {
        "room": room,
        "demand_mbps": mbps,
        "served_mbps": np.where(np.isnan(mbps), np.nan, served),
        "unserved_reason": unserved_reasons(mbps, *shares),
        "rate_5th_mbps": _rates_5th(found, n),
        "carriers_needed": np.minimum(carriers, 32767.0),
        "stations_to_add": stations,
    }


def _rates_5th(found: Sequence[Solved], n: int) -> Float:
    """5th percentile of the rates that are left to the users of each cell (cell,)."""
    if not found:
        return np.full(n, np.nan)
    cell = np.concatenate([one.points.cell for one in found])
    weight = np.concatenate([one.served_demand for one in found])
    left = np.concatenate(
        [one.loads.rate_mbps * (1.0 - one.loads.load)[one.points.links.server] for one in found]
    )
    return grouped_quantile(*by_group(cell, n), left, weight, SHARE_5TH)


def filled(ds: xr.Dataset, cells: Cells, layers: list[Values], work: Work) -> xr.Dataset:
    """The stage's dataset from the values of each network."""
    variables = {}
    for (stage, name), entry in VARIABLES.items():
        if stage == "capacity" and "network" in entry.dims:
            dtype, fill = np.dtype(entry.dtype), BLANK.get(name, np.nan)
            stack = [cells.spread(np.asarray(v[name], dtype), fill) for v in layers]
            variables[name] = (entry.dims, np.stack(stack))
    room = Room(cells.index.size)
    for values in layers:
        room.add(values["demand_mbps"], values["room"])
    both = covered_served_share(ds, cells, room).astype(np.float32)
    both[np.isnan([values["demand_mbps"] for values in layers]).all(axis=0)] = np.nan
    variables["covered_served_share"] = (("y", "x"), cells.spread(both, np.nan))
    out = xr.Dataset(variables, coords=ds.coords, attrs={"title": "Capacity"})
    out.unserved_reason.attrs |= REASON_FLAGS
    out.attrs |= {"target_load": work.radio.target_load, "mode": "explicit"}
    out.attrs["chain"] = work.radio.chain
    return annotated(out, "capacity", synthesised=work.synthesised)
