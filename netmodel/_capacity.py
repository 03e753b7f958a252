"""The capacity stage: load, served demand, congestion, and what would relieve it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel._catchments import Catchments, catchments
from netmodel._covered_served import Room, covered_served_share
from netmodel._network_demand import (
    BLANK,
    CODE,
    REASON_FLAGS,
    Offered,
    check_sides,
    macro_demand,
    offered_demand,
    unserved_reasons,
)
from netmodel._networks import (
    Network,
    inhabited,
    network_names,
    networks,
)
from netmodel._radio_tables import ISD_M, LOADS
from netmodel._settings import Demand, Radio, Sites
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.kernels.load import (
    carriers_for_load,
    density_for_load,
    efficiency_at_load,
    mean_field_loads,
)
from netmodel.kernels.spread import spread
from netmodel.variables import REASONS, VARIABLES, annotated

Float = NDArray[np.float64]
Layers = dict[str, NDArray[Any]]

_N_SECTOR = 3.0


@dataclass(frozen=True)
class _Options:
    """What the stage is given beside the layers."""

    radio: Radio
    sites: Sites
    demand: Demand
    offered: Offered


def capacity(
    ds: xr.Dataset,
    *,
    radio: Radio | None = None,
    sites: Sites | None = None,
    demand: Demand | None = None,
    synthesised: bool = False,
) -> xr.Dataset:
    """Load of every cell and network in the busy hour, and what it serves.

    Where `ds` has the variables of `coverage`, the 5G demand of a province gathers where 5G is
    (`covered_demand`). It is split between the networks by their subscribers; indoor stations
    take their part first. Each network is solved on its own: by mean-field fixed point where a cell
    has a site on average, and by the catchments of whole sites where it has not. Sectors as points
    are solved by the capacity stage of a run in explicit mode (`nm.assess`).

    Parameters
    ----------
    ds : Dataset
        With the variables of `population`, `demand` and `sites`, and perhaps of `coverage`.
    radio, sites, demand : Radio, Sites, Demand
        Bands, carriers and target load; stations per macro site; share of downlink.
    synthesised : bool
        Whether people or sites are synthesised.

    Returns
    -------
    Dataset
        `cell_load`, `uplink_load`, `demand_mbps`, `served_mbps`, `unserved_reason`,
        `rate_5th_mbps`, `carriers_needed` and `stations_to_add`, by network;
        `covered_served_share` of people where `ds` has their coverage. In the attributes, by
        network: rounds of the fixed point, cells whose inter-site distance lies beyond either
        end of the tables, and cells and demand [Mbit/s] unserved by reason.

    Raises
    ------
    InputError
        Demand without any site, sites without any demand, a class that is none, spectrum without
        room for a carrier, explicit mode.

    References
    ----------
    models.md D 6, C.4 "Mode N version", C.5, C.6, C.7.
    """
    cells = inhabited(ds)
    check_sides(ds)
    radio, demand = radio or Radio(), demand or Demand()
    if radio.mode == "explicit":
        raise InputError(
            'capacity: [radio] mode = "explicit" needs the sectors of a run; call nm.assess, or '
            'give mode = "national"'
        )
    offered = offered_demand(ds, cells, radio, demand)
    options = _Options(radio, sites or Sites(), demand, offered)
    out, room = _empty(ds, cells), Room(cells.index.size)
    notes = []
    for network in networks(ds, cells, options.radio, options.sites):
        catch = catchments(ds, cells, network, options.sites)
        layers = {
            str(k): v.values[network.number]
            for k, v in out.data_vars.items()
            if "network" in v.dims
        }
        notes.append(_fill(layers, ds, cells, catch, options, room))
    both = covered_served_share(ds, cells, room)
    spread(out.covered_served_share.values, cells.index, both, np.nan)
    out.unserved_reason.attrs |= REASON_FLAGS
    out.attrs |= {key: [note[key] for note in notes] for key in notes[0]}
    out.attrs["target_load"] = options.radio.target_load
    return annotated(out, "capacity", synthesised=synthesised)


def _empty(ds: xr.Dataset, cells: Cells) -> xr.Dataset:
    """The stage's variables, to be filled in place."""
    shape = (len(network_names(ds)), *cells.grid.shape)
    variables = {
        name: (v.dims, np.empty(shape[-len(v.dims) :], v.dtype))
        for (stage, name), v in VARIABLES.items()
        if stage == "capacity"
    }
    return xr.Dataset(variables, coords=ds.coords, attrs={"title": "Capacity"})


def _fill(
    out: Layers, ds: xr.Dataset, cells: Cells, catch: Catchments, options: _Options, room: Room
) -> dict[str, Any]:
    """Write the layers of one network; notes on how it went."""

    def put(name: str, value: NDArray[np.generic]) -> None:
        spread(out[name], cells.index, value, BLANK.get(name, np.nan))

    # Arrays of all cells are changed in place and dropped early: each takes 60 MB of a nation.
    network, radio = catch.network, options.radio
    log_isd, idle_se = network.log_isd, network.at_isd(network.tables.se[..., 0], network.log_isd)
    unserved = macro_demand(ds, cells, network.number, network.settlement, options.offered)
    put("demand_mbps", unserved)
    poor, beyond = _out_of_service(catch, unserved.size)
    offered = unserved * (1.0 - beyond) * (1.0 - poor)
    work = offered / _mbps_per_site(network, options)
    time = catch.time(work, idle_se, network.tables.far.se[:, 0])
    alone = catch.time_per_site(time)
    downlink = alone * idle_se
    to_solve = np.where(unserved > 0.0, np.minimum(downlink, 0.0), np.nan)
    to_solve[catch.sparse] = np.nan
    put("cell_load", to_solve)
    raw, rounds = mean_field_loads(
        out["cell_load"], cells.index, downlink, log_isd, network.settlement,
        network.tables.se, np.log(ISD_M),
    )  # fmt: skip
    raw[catch.sparse], slower = catch.loads(time, alone, raw)
    # A density of sites that the lattice's tables relate to these loads.
    downlink[catch.sparse] = raw[catch.sparse] * _se_at_target(catch, options)
    raw[~(offered > 0.0)] = np.nan
    put("cell_load", np.minimum(raw, 1.0))
    reason = unserved_reasons(unserved, poor, raw, beyond)
    put("unserved_reason", reason)
    room.add(unserved, np.where(np.isnan(raw), 0.0, 1.0 / np.fmax(raw, 1.0)))
    served = offered
    served /= np.fmax(raw, 1.0)
    served[np.isnan(raw)] = 0.0
    put("served_mbps", served)
    unserved -= served
    notes = _notes(network, reason, unserved)
    mostly_beyond = reason >= CODE["out_of_range"]
    del unserved, offered, served, reason, poor, beyond
    left = efficiency_at_load(
        log_isd, network.settlement, raw, network.tables.se_5th, np.log(ISD_M)
    )
    left[catch.sparse] = catch.far(network.tables.far.se_5th) / slower
    left *= 1.0 - np.minimum(raw, 1.0)
    left[mostly_beyond] = np.nan  # a rate of the few in range would pass for that of the cell
    put("rate_5th_mbps", left * (network.band.dl_mhz * _mimo_gain(network, radio)))
    del left
    ul_se = network.at_isd(network.tables.ul_se, log_isd)
    work *= _mbps_per_site(network, options) * _uplink_ratio(network, options)
    uplink_load = catch.time_per_site(catch.time(work, ul_se, network.tables.far.ul_se))
    uplink_load[np.isnan(raw)] = np.nan
    uplink = uplink_load * ul_se
    put("uplink_load", uplink_load)
    carriers = carriers_for_load(raw, uplink_load, radio.target_load, radio.carriers)
    carriers[mostly_beyond] = 0
    put("carriers_needed", carriers)
    busy = np.flatnonzero(np.fmax(raw, uplink_load) > radio.target_load)
    more = np.zeros(raw.size)
    more[busy] = _sites_to_add(network, busy, (downlink[busy], uplink[busy]), radio.target_load)
    put("stations_to_add", more * cells.area_km2() * options.sites.gnb_per_macro_site)
    return {"rounds": rounds, **notes}


def _se_at_target(catch: Catchments, options: _Options) -> Float:
    """Efficiency (sparse,) of a lattice as dense as the sites are, at the target load."""
    network, at = catch.network, catch.sparse
    target = np.full(at.size, options.radio.target_load)
    of = network.log_isd[at], network.settlement[at]
    return efficiency_at_load(*of, target, network.tables.se, np.log(ISD_M))


def _out_of_service(catch: Catchments, n: int) -> tuple[Float, Float]:
    """Share of each cell (cell,) that is out of quality, and out of range of any site."""
    network, beyond = catch.network, np.zeros(n)
    beyond[catch.sparse] = 1.0 - catch.served_share()
    return network.at_isd(network.tables.outage, network.log_isd), beyond


def _notes(network: Network, reason: NDArray[np.int8], unserved: Float) -> dict[str, Any]:
    """Counts of cells beyond the tables, and what is unserved by reason."""
    code, size = reason + 1, len(REASONS) + 1
    cells, mbps = np.bincount(code, minlength=size), np.bincount(code, unserved, size)
    return {
        "cells_isd_below_tables": int((network.isd_m < ISD_M[0]).sum()),
        "cells_isd_above_tables": int((network.isd_m > ISD_M[-1]).sum()),
        "cells_by_reason": cells[1:].tolist(),
        "unserved_mbps_by_reason": [round(float(v), 3) for v in mbps[1:]],
    }


def _mimo_gain(network: Network, radio: Radio) -> float:
    return network.band.mimo_gain if radio.mimo_gain is None else radio.mimo_gain


def _mbps_per_site(network: Network, options: _Options) -> float:
    """Capacity of a site at a rank-1 efficiency of one [Mbit/s]."""
    per_station = network.band.dl_mhz * _mimo_gain(network, options.radio) * _N_SECTOR
    return per_station * options.sites.gnb_per_macro_site * options.radio.carriers


def _uplink_ratio(network: Network, options: _Options) -> float:
    """Uplink demand of a site over what it carries at an efficiency of one, per downlink."""
    share = options.demand.downlink_share
    per_station = network.band.ul_mhz * _N_SECTOR * options.radio.carriers
    return (1.0 - share) / share / (per_station * options.sites.gnb_per_macro_site)


def _sites_to_add(
    network: Network, at: NDArray[np.int64], asked: tuple[Float, Float], target: float
) -> Float:
    """Sites per km2 to add at some cells for both directions to have the target load.

    `asked` is the demand on a site, down- and uplink, over its capacity at an efficiency of one;
    carriers stay as they are.
    """
    at_target = int(np.searchsorted(LOADS, target))
    u = (LOADS[at_target] - target) / (LOADS[at_target] - LOADS[at_target - 1])
    se = network.tables.se
    curves = se[:, :, at_target] * (1.0 - u) + se[:, :, at_target - 1] * u
    today, settlement = network.sites_per_km2[at], network.settlement[at]
    out = today
    for demand, curve in zip(asked, (curves, network.tables.ul_se), strict=True):
        out = density_for_load(demand * today / target, out, settlement, curve, np.log(ISD_M))
    return np.asarray(out - today)
