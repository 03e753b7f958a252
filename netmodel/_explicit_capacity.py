"""The capacity stage of the explicit mode: loads of all sectors, and what the cells get of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._explicit import Report, Sectors, Work, offset_in
from netmodel._load_layers import Values, cell_layers, filled, sector_table
from netmodel._load_points import Asked, listed_points
from netmodel._loads import (
    Held,
    Solved,
    air_of,
    carrier_points,
    carrier_shares,
    loads_of,
    uplink_work,
)
from netmodel._network_demand import check_sides, macro_demand, offered_demand
from netmodel._networks import cell_side_m, inhabited, network_names
from netmodel._settings import Demand, Sites
from netmodel._settled import settled
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.kernels.distance import nearest_marked
from netmodel.kernels.window import smooth_sites
from netmodel.presets import UPLINK_RISE_DB

Float = NDArray[np.float64]

_HALO_M = 10_000.0  # around an area, in which sectors carry load too
_MOST_PIXELS = 40_000_000  # up to which all are taken; of more, some of each cell
_MOST_POINTS = 100  # of a cell
_POINTS_PER_SITE = 96.0  # 32 a sector


class Found(NamedTuple):
    """The stage's layers, and the figures of the sectors by carrier."""

    cells: xr.Dataset
    sectors: dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Busy:
    """What is asked of the networks at the inhabited cells of a dataset.

    `mbps` (network, cell) is the busy-hour downlink demand on macro sites; `at` the flat place of
    the cells in the frame; `uplink` the uplink's demand over the downlink's; `rise_db` (cell,) its
    interference over noise.
    """

    ds: xr.Dataset
    cells: Cells
    mbps: Float
    at: NDArray[np.int64]
    uplink: float
    rise_db: Float


def explicit_capacity(
    ds: xr.Dataset,
    work: Work,
    sectors: Sectors,
    *,
    sites: Sites | None = None,
    demand: Demand | None = None,
    report: Report | None = None,
) -> Found:
    """Loads of all sectors in the busy hour by the load-coupled fixed point, and what they serve.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population`, `demand`, `sites` and `coverage`.
    work : Work
        Of the coverage stage.
    sectors : Sectors
    sites, demand : Sites, Demand
        As the national `capacity` takes them.
    report : callable, optional
        Called with the tiles that are done, and all.

    Raises
    ------
    InputError
        Demand without any site, sites without any demand, sectors without bandwidth.

    References
    ----------
    models.md C.3 to C.7.
    """
    layers, figures = [], dict[str, pd.DataFrame]()
    busy = busy_hour(ds, work, demand or Demand())
    for mbps, solved in each_network(busy, work, sectors, sites or Sites(), report=report):
        # The points of a network are let go of before the next one's are made.
        own, values = figures_of([one.without_links() for one in solved], mbps, work)
        # As layers have them, which halves what is kept of a country's networks.
        layers.append({k: v.astype(np.float32) for k, v in values.items()})
        figures |= own
    return Found(filled(ds, busy.cells, layers, work), figures)


def each_network(
    busy: Busy, work: Work, sectors: Sectors, sites: Sites,
    *, start: Mapping[str, Float] | None = None, report: Report | None = None,
) -> Iterator[tuple[Float, Iterator[Held]]]:  # fmt: skip
    """What each network's macro sites are asked for (cell,), and its carriers with their loads.

    Parameters
    ----------
    start : dict of (sector,), optional
        Loads by carrier that are near, to begin from.

    Raises
    ------
    InputError
        Sectors without bandwidth.
    """
    _check_carriers(sectors)
    around, inside = with_halo(work, busy)
    for number, name in enumerate(network_names(busy.ds)):
        asked = asked_of(around, busy, inside, number, sites.gnb_per_macro_site)
        tables = {c: t for c, t in sectors.tables.items() if str(t["network"].iloc[0]) == name}
        mbps = np.where(inside, busy.mbps[number], np.nan)
        yield mbps, network_loads(around, busy, tables, asked, report, start)


def figures_of(
    solved: Sequence[Solved], mbps: Float, work: Work
) -> tuple[dict[str, pd.DataFrame], Values]:
    """Figures of a network's sectors by carrier, and values of its cells."""
    own = {s.name: sector_table(s, work.radio) for s in solved}
    return own, cell_layers(solved, list(own.values()), mbps)


def _check_carriers(sectors: Sectors) -> None:
    """Refuse sectors without bandwidth."""
    for name, table in sectors.tables.items():
        own = table["carriers"].to_numpy(np.float64)
        bad = ~(np.isfinite(own) & (own > 0.0))
        if bad.any():
            raise InputError(
                f"sectors of {name}: carriers {own[bad][0]:g} in row {int(np.argmax(bad))} leave "
                "no bandwidth; give a number above zero"
            )


def busy_hour(ds: xr.Dataset, work: Work, demand: Demand) -> Busy:
    """What is asked of each network at the inhabited cells."""
    check_sides(ds)
    cells = inhabited(ds)
    offered = offered_demand(ds, cells, work.radio, demand)
    settlement = cells.take(ds.settlement_class.values, np.int8)
    mbps = np.stack(
        [macro_demand(ds, cells, n, settlement, offered) for n in range(len(network_names(ds)))]
    )
    row, column = np.divmod(cells.index, cells.grid.shape[1])
    first_row, first_column = offset_in(ds, work.pixels.frame)
    at = (row + first_row) * work.pixels.frame.shape[1] + column + first_column
    uplink = (1.0 - demand.downlink_share) / demand.downlink_share
    return Busy(ds, cells, mbps, at, uplink, np.array(UPLINK_RISE_DB)[settlement])


def with_halo(work: Work, busy: Busy) -> tuple[Work, NDArray[np.bool_]]:
    """The tiles of the area and around it, and the inhabited cells that take part (cell,)."""
    frame = work.pixels.frame
    reach = int(np.ceil(_HALO_M / abs(frame.affine.a)))
    inside = nearest_marked(np.isfinite(work.ground.people), busy.at, reach) <= reach
    row, column = np.divmod(busy.at[inside], frame.shape[1])
    window = (slice(int(part.min()), int(part.max()) + 1) for part in (row, column))
    return replace(work, tiles=work.pixels.tiles(*window)), inside


def asked_of(
    work: Work, busy: Busy, inside: NDArray[np.bool_], number: int, per_site: float
) -> Asked:
    """What a network is asked at the cells of the frame, and how many points are taken there.

    All pixels where they are few. Else points follow the sites, up to all pixels of a dense cell:
    some four of an inhabited km2 in a country. Fewer on a sector make its demand a draw, and what
    is cut off at full load then a bias.
    """
    frame = work.pixels.frame
    at, cells = busy.at[inside], busy.cells.some(np.flatnonzero(inside))
    mbps = np.full(frame.shape, np.nan)
    mbps.reshape(-1)[at] = busy.mbps[number, inside]
    if at.size * work.pixels.factor**2 <= _MOST_PIXELS:
        return Asked(mbps, None)
    known = ~np.isnan(busy.ds.people.values)
    macro = busy.ds.macro_density.values[number]
    density = smooth_sites(macro, known, cells.index, cell_side_m(cells), per_site)
    wanted = np.ceil(_POINTS_PER_SITE * density * cells.area_km2()).clip(1.0, _MOST_POINTS)
    n_point = np.zeros(frame.shape, np.int32)
    n_point.reshape(-1)[at] = wanted
    return Asked(mbps, n_point)


def network_loads(
    work: Work, busy: Busy, tables: dict[str, pd.DataFrame], asked: Asked, report: Report | None,
    start: Mapping[str, Float] | None = None,
) -> Iterator[Held]:  # fmt: skip
    """A network's carriers, each with its points and loads."""
    carriers = [c for c in work.carriers if c.name in tables]
    listed = listed_points(work, carriers, asked, report)
    if not any(points.places for points in listed):  # no site, or nothing asked
        return
    shares = list(carrier_shares([points.arrays["server"] for points in listed], tables))
    position = np.full(asked.mbps.size, -1, np.int32)
    position[busy.at] = np.arange(busy.at.size)
    for carrier in carriers:
        table, places = tables[carrier.name], listed[0].places
        points = carrier_points(work, carrier, table, listed.pop(0), shares.pop(0))
        points = points._replace(cell=position[points.cell])
        near = None if start is None else start[carrier.name]
        balance = settled(air_of(work, carrier, table, places), points, near)
        points = balance.points
        uplink = uplink_work(points, table, busy.rise_db[points.cell], busy.uplink)
        loads = loads_of(points, balance.state, uplink)
        yield Held(carrier.name, table, points, loads, balance)
