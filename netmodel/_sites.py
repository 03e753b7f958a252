"""The sites stage: 5G base stations per cell and network, synthesised or counted from a list."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from netmodel._settings import Sites
from netmodel.errors import InfeasibleError
from netmodel.grids.cells import Cells
from netmodel.grids.layers import grid_of
from netmodel.kernels.allocation import (
    hex_density_per_km2,
    largest_remainder,
    systematic_counts,
    water_filling,
)
from netmodel.kernels.demand import split_by_weight
from netmodel.kernels.zonal import zonal_sum
from netmodel.presets import INDOOR_CLASSES, RURAL_DENSITY_PER_KM2, SETTLEMENT_CLASSES
from netmodel.variables import annotated

Float = NDArray[np.float64]
Count = NDArray[np.int64]
_N_CLASS = len(SETTLEMENT_CLASSES)
_INDOOR = [k for k, c in enumerate(SETTLEMENT_CLASSES) if c.name in INDOOR_CLASSES]


@dataclass(frozen=True)
class _Inhabited:
    """Inhabited cells, in the order of the grid, with what the allocation needs of them."""

    cells: Cells
    area_km2: Float
    province: NDArray[np.int32]
    weight_per_km2: Float
    cap_per_km2: Float
    indoor_weight: Float
    pairs: "_Pairs"
    n_province: int


@dataclass(frozen=True)
class _Pairs:
    """Cells grouped by county and class, and the curve along which a group is sampled.

    `of_cell` is the group of each cell, `in_class` the province and class of each group,
    `curve` the order of the cells along the curve and `on_curve` their groups in that order.
    """

    of_cell: NDArray[np.int32]
    in_class: NDArray[np.int32]
    curve: Count
    on_curve: NDArray[np.int32]


def synthesised_sites(
    ds: xr.Dataset,
    *,
    province_stations: ArrayLike,
    options: Sites,
    province_names: Sequence[str] | None = None,
) -> xr.Dataset:
    """5G base stations of every cell and network, synthesised from provincial counts.

    Each network is a capped water-filling of the province's stations over its cells by demand
    density; whole numbers by largest remainder in nested steps (province, network, kind,
    class, county), and by systematic sampling along a Hilbert curve inside a county's class.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population` and `demand`.
    province_stations : (province,)
        Whole number of stations, macro and indoor, of all networks.
    options : Sites
        Networks and their shares, and the assumptions of models.md E.
    province_names : sequence of str, optional
        For messages; by default the rows of the provinces' table.

    Returns
    -------
    Dataset
        `sites_5g`, `sites_5g_indoor`, `macro_density`, `indoor_density`. Sums per nation,
        province, and province and network are exact.

    Raises
    ------
    InfeasibleError
        More macro stations than the least inter-site distances leave room for.

    References
    ----------
    models.md E 1-4.
    """
    stations = np.asarray(province_stations, np.int64)
    place = _inhabited(ds, stations.size, options)
    by_network = _split(stations, np.array(list(options.networks.values())))
    urban = zonal_sum(place.indoor_weight, place.province, place.n_province) > 0.0
    shares = _kind_shares(urban, options.indoor_share)
    room = zonal_sum(place.cap_per_km2 * place.area_km2, place.province, place.n_province)
    _refuse_crowding(room, _macro_totals(by_network, shares), options, province_names)

    def layers_of(name: str, total: Count) -> tuple[NDArray[Any], ...]:
        kinds = _split(total, shares)
        macro = _macro(place, kinds[:, 0])
        indoor = split_by_weight(place.indoor_weight, place.province, kinds[:, 1].astype(float))
        n_macro, n_indoor = _whole(place, macro, kinds[:, 0]), _whole(place, indoor, kinds[:, 1])
        return n_macro + n_indoor, n_indoor, macro / place.area_km2, indoor / place.area_km2

    # Serial kernels, each network on a thread of its own.
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        layers = list(pool.map(layers_of, options.networks, by_network.T))
    return station_layers(ds, place.cells, layers, list(options.networks), synthesised=True)


def check_room(
    ds: xr.Dataset,
    *,
    province_stations: ArrayLike,
    options: Sites,
    province_names: Sequence[str] | None = None,
) -> None:
    """Refuse stations that the least inter-site distances leave no room for.

    Parameters and errors are those of `synthesised_sites`; `population` alone is needed.
    """
    stations = np.asarray(province_stations, np.int64)
    cells = Cells.where(grid_of(ds), (ds.people.values > 0.0) & (ds.province_label.values >= 0))
    settlement = cells.take_label(ds.settlement_class.values)
    province = cells.take_label(ds.province_label.values)
    cap = _caps_per_km2(options)[settlement] * cells.area_km2()
    room = zonal_sum(cap, province, stations.size)
    urban = zonal_sum(np.isin(settlement, _INDOOR).astype(np.float64), province, stations.size)
    shares = _kind_shares(urban > 0.0, options.indoor_share)
    by_network = _split(stations, np.array(list(options.networks.values())))
    _refuse_crowding(room, _macro_totals(by_network, shares), options, province_names)


def _macro_totals(by_network: Count, shares: Float) -> Count:
    """Macro stations (network, province)."""
    return np.stack([_split(total, shares)[:, 0] for total in by_network.T])


def _refuse_crowding(
    room: Float, macro: Count, options: Sites, province_names: Sequence[str] | None
) -> None:
    """Refuse macro stations (network, province) beyond the room of a province."""
    short = np.argwhere((macro > room) & (room > 0.0))
    if short.size:
        n, r = short[0]
        where = province_names[r] if province_names else f"row {r} of the provinces"
        raise InfeasibleError(
            f"[sites] total: {macro[n, r]:,} macro stations of network "
            f"{list(options.networks)[n]!r} in {where} do not fit: the least inter-site distances "
            f"leave room for {room[r]:,.0f}; lower total, or raise gnb_per_macro_site or "
            "indoor_share"
        )


def _caps_per_km2(options: Sites) -> Float:
    """Most macro stations by class: sites, each of which several of them may share [1/km2]."""
    caps = np.array([hex_density_per_km2(c.min_isd_km) for c in SETTLEMENT_CLASSES])
    return np.asarray(caps * options.gnb_per_macro_site)


def _inhabited(ds: xr.Dataset, n_province: int, options: Sites) -> _Inhabited:
    """Cells with people and a province."""
    mask = (ds.people.values > 0.0) & (ds.province_label.values >= 0)
    cells = Cells.where(grid_of(ds), mask)
    area, demand = cells.area_km2(), cells.take(ds.demand_mbps.values)
    settlement = cells.take_label(ds.settlement_class.values)
    province = cells.take_label(ds.province_label.values)
    weight = (demand / area) ** options.demand_exponent
    weight[cells.take(ds.people.values) < RURAL_DENSITY_PER_KM2 * area] *= options.rural_weight
    cap = _caps_per_km2(options)[settlement]
    indoor = np.isin(settlement, _INDOOR) * demand
    pairs = _pairs(ds, cells, settlement, province)
    return _Inhabited(cells, area, province, weight, cap, indoor, pairs, n_province)


def _pairs(
    ds: xr.Dataset, cells: Cells, settlement: NDArray[np.int32], province: NDArray[np.int32]
) -> _Pairs:
    """Groups of cells of one county and class; cells without a county are a county too."""
    county = cells.take_label(ds.county_label.values) + 1
    of_cell = (county * _N_CLASS + settlement).astype(np.int32)
    in_class = np.full((int(county.max(initial=0)) + 1) * _N_CLASS, -1, np.int32)
    in_class[of_cell] = province * _N_CLASS + settlement
    curve = cells.hilbert_order()
    return _Pairs(of_cell, in_class, curve, of_cell[curve])


def _split(total: Count, share: Float) -> Count:
    """Each total split by shares (part,) or (total, part), by largest remainder."""
    shares = np.broadcast_to(share, (total.size, share.shape[-1]))
    group = np.repeat(np.arange(total.size, dtype=np.int32), shares.shape[1])
    counts = largest_remainder(np.ascontiguousarray(shares.reshape(-1)), group, total.copy())
    return counts.reshape(shares.shape)


def _kind_shares(urban: NDArray[np.bool_], indoor_share: float) -> Float:
    """Shares (province, kind) of macro and indoor; no indoor where no cell is urban."""
    indoor = np.where(urban, indoor_share, 0.0)
    return np.stack([1.0 - indoor, indoor], axis=1)


def _macro(place: _Inhabited, total: Count) -> Float:
    """Expected macro stations of one network per cell."""
    _, expected = water_filling(
        place.weight_per_km2,
        place.area_km2,
        place.cap_per_km2,
        place.province,
        total.astype(np.float64),
    )
    if np.isnan(expected).any():
        raise InfeasibleError(
            "sites: stations in a province without demand; give it traffic under [demand]"
        )
    return expected


def _whole(place: _Inhabited, expected: Float, province_total: Count) -> Count:
    """Whole stations per cell: class in province, county in class, then along the curve."""
    pairs = place.pairs
    pair_expected = zonal_sum(expected, pairs.of_cell, pairs.in_class.size)
    class_expected = zonal_sum(pair_expected, pairs.in_class, place.n_province * _N_CLASS)
    class_total = _split_rows(province_total, class_expected)
    pair_total = largest_remainder(pair_expected, pairs.in_class, class_total)
    counts = np.empty(expected.size, np.int64)
    counts[pairs.curve] = systematic_counts(expected[pairs.curve], pairs.on_curve, pair_total)
    return counts


def _split_rows(total: Count, expected: Float) -> Count:
    """Province totals split over their classes, as one flat array."""
    return _split(total, expected.reshape(total.size, _N_CLASS)).reshape(-1)


def station_layers(
    ds: xr.Dataset,
    cells: Cells,
    layers: Sequence[tuple[NDArray[np.generic], ...]],
    networks: list[str],
    *,
    synthesised: bool,
) -> xr.Dataset:
    """The stage's dataset from the cells' values per network."""
    names = ("sites_5g", "sites_5g_indoor", "macro_density", "indoor_density")
    dtypes = (np.int32, np.int32, np.float32, np.float32)
    variables = {}
    for k, (name, dtype) in enumerate(zip(names, dtypes, strict=True)):
        stack = cells.stack([layer[k] for layer in layers], dtype=dtype)
        variables[name] = (("network", "y", "x"), stack)
    flags = {"flag_values": list(range(len(networks))), "flag_meanings": " ".join(networks)}
    codes = xr.Variable("network", np.arange(len(networks), dtype=np.int8), flags)
    out = xr.Dataset(
        variables,
        coords={"network": codes, **ds.coords},
        attrs={"title": "5G base stations"},
    )
    return annotated(out, "sites", synthesised=synthesised)
