"""The sites stage: 5G base stations per cell and network, synthesised or counted from a list."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

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
from netmodel.scenario import Sites
from netmodel.variables import annotated

Float = NDArray[np.float64]
Count = NDArray[np.int64]
_N_CLASS = len(SETTLEMENT_CLASSES)


@dataclass(frozen=True)
class _Inhabited:
    """Inhabited cells, in the order of the grid, with what the allocation needs of them."""

    cells: Cells
    area_km2: Float
    demand_mbps: Float
    density_per_km2: Float
    settlement: NDArray[np.int32]
    province: NDArray[np.int32]
    county: NDArray[np.int32]
    curve: Count
    n_province: int
    n_county: int


def synthesised_sites(
    ds: xr.Dataset, *, province_stations: ArrayLike, options: Sites
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
    place = _inhabited(ds, np.asarray(province_stations).size)
    stations = np.asarray(province_stations, np.int64)
    by_network = _split(stations, np.array(list(options.networks.values())))
    layers = []
    for name, total in zip(options.networks, by_network.T, strict=True):
        kinds = _split(total, _kind_shares(place, options.indoor_share))
        macro = _macro_density(place, kinds[:, 0], options, name)
        indoor = _indoor_density(place, kinds[:, 1])
        n_macro = _whole(place, macro * place.area_km2, kinds[:, 0])
        n_indoor = _whole(place, indoor * place.area_km2, kinds[:, 1])
        layers.append((n_macro + n_indoor, n_indoor, macro, indoor))
    return station_layers(ds, place.cells, layers, list(options.networks), synthesised=True)


def _inhabited(ds: xr.Dataset, n_province: int) -> _Inhabited:
    """Cells with people and a province."""
    mask = (ds.people.values > 0.0) & (ds.province_label.values >= 0)
    cells = Cells.where(grid_of(ds), mask)
    area = cells.area_km2()
    return _Inhabited(
        cells,
        area,
        cells.take(ds.demand_mbps.values),
        cells.take(ds.people.values) / area,
        cells.take_label(ds.settlement_class.values),
        cells.take_label(ds.province_label.values),
        cells.take_label(ds.county_label.values),
        cells.hilbert_order(),
        n_province,
        int(ds.county_label.values.max(initial=-1)) + 1,
    )


def _split(total: Count, share: Float) -> Count:
    """Each total split by shares (part,) or (total, part), by largest remainder."""
    shares = np.broadcast_to(share, (total.size, share.shape[-1]))
    group = np.repeat(np.arange(total.size, dtype=np.int32), shares.shape[1])
    counts = largest_remainder(np.ascontiguousarray(shares.reshape(-1)), group, total.copy())
    return counts.reshape(shares.shape)


def _kind_shares(place: _Inhabited, indoor_share: float) -> Float:
    """Shares (province, kind) of macro and indoor; no indoor where no cell is urban."""
    urban = zonal_sum(_indoor_weight(place), place.province, place.n_province) > 0.0
    indoor = np.where(urban, indoor_share, 0.0)
    return np.stack([1.0 - indoor, indoor], axis=1)


def _indoor_weight(place: _Inhabited) -> Float:
    """Demand of cells whose class has indoor stations, zero elsewhere."""
    classes = [k for k, c in enumerate(SETTLEMENT_CLASSES) if c.name in INDOOR_CLASSES]
    return np.where(np.isin(place.settlement, classes), place.demand_mbps, 0.0)


def _macro_density(place: _Inhabited, total: Count, options: Sites, network: str) -> Float:
    """Expected macro stations per km2 of one network."""
    weight = (place.demand_mbps / place.area_km2) ** options.demand_exponent
    weight[place.density_per_km2 < RURAL_DENSITY_PER_KM2] *= options.rural_weight
    caps = np.array([hex_density_per_km2(c.min_isd_km) for c in SETTLEMENT_CLASSES])
    cap = (caps * options.gnb_per_macro_site)[place.settlement]
    kappa, expected = water_filling(
        weight, place.area_km2, cap, place.province, total.astype(np.float64)
    )
    present = np.bincount(place.province, minlength=place.n_province) > 0
    short = np.flatnonzero(np.isnan(kappa) & present)
    if short.size:
        room = zonal_sum(cap * place.area_km2, place.province, place.n_province)
        r = int(short[0])
        raise InfeasibleError(
            f"sites: {total[r]:,} macro stations of network {network!r} in province row {r} do "
            f"not fit: the least inter-site distances leave room for {room[r]:,.0f}; "
            "lower [sites] total, or raise gnb_per_macro_site or indoor_share"
        )
    return expected / place.area_km2


def _indoor_density(place: _Inhabited, total: Count) -> Float:
    """Expected indoor stations per km2 of one network, by demand of urban cells."""
    weight = _indoor_weight(place)
    return split_by_weight(weight, place.province, total.astype(np.float64)) / place.area_km2


def _whole(place: _Inhabited, expected: Float, province_total: Count) -> Count:
    """Whole stations per cell: class in province, county in class, then along the curve."""
    n_pair = (place.n_county + 1) * _N_CLASS
    pair = ((place.county + 1) * _N_CLASS + place.settlement).astype(np.int32)
    pair_expected = zonal_sum(expected, pair, n_pair)
    pair_class = np.full(n_pair, -1, np.int32)
    pair_class[pair] = place.province * _N_CLASS + place.settlement
    class_expected = zonal_sum(pair_expected, pair_class, place.n_province * _N_CLASS)
    class_total = _split_rows(province_total, class_expected)
    pair_total = largest_remainder(pair_expected, pair_class, class_total)
    order = place.curve
    counts = np.empty(expected.size, np.int64)
    counts[order] = systematic_counts(expected[order], pair[order], pair_total)
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
        stack = np.zeros((len(layers), *cells.grid.shape), dtype)
        for network, layer in enumerate(layers):
            stack[network].reshape(-1)[cells.index] = layer[k]
        variables[name] = (("network", "y", "x"), stack)
    flags = {"flag_values": list(range(len(networks))), "flag_meanings": " ".join(networks)}
    codes = xr.Variable("network", np.arange(len(networks), dtype=np.int8), flags)
    out = xr.Dataset(
        variables,
        coords={"network": codes, **ds.coords},
        attrs={"title": "5G base stations"},
    )
    return annotated(out, synthesised=synthesised)
