"""The networks of a run as fields of macro sites, shared by coverage and capacity."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel._radio_tables import ISD_M, RadioTables, cell_tables
from netmodel._settings import Radio, Sites
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.grids.layers import grid_of
from netmodel.kernels.allocation import systematic_counts
from netmodel.kernels.distance import nearest_marked
from netmodel.kernels.lookup import curve_values
from netmodel.kernels.window import smooth_sites
from netmodel.presets import BANDS, SETTLEMENT_CLASSES, URBAN, Band

Float = NDArray[np.float64]

SPARSE_M = 3000.0  # inter-site distance beyond which the nearest site decides (models.md B.5)


@dataclass(frozen=True)
class Network:
    """One network on the inhabited cells of a run.

    Parameters
    ----------
    number, name : int, str
    band : Band
    tables : RadioTables
    settlement : (cell,)
        Class of the cells.
    sites_per_km2 : (cell,)
        Macro sites, taken over about three inter-site distances.
    isd_m : (cell,)
        Of a lattice of that density; infinite without sites.
    """

    number: int
    name: str
    band: Band
    tables: RadioTables
    settlement: NDArray[np.int8]
    sites_per_km2: Float
    isd_m: Float

    @property
    def log_isd(self) -> Float:
        """Logarithm of the inter-site distance, within the tables' ends."""
        return np.log(np.clip(self.isd_m, ISD_M[0], ISD_M[-1]))

    def at_isd(self, curves: Float, log_isd: Float) -> Float:
        """Values at the cells of curves (class, isd)."""
        return curve_values(self.settlement, log_isd, np.log(ISD_M), curves)


def inhabited(ds: xr.Dataset) -> Cells:
    """Cells with people."""
    return Cells.where(grid_of(ds), ds.people.values > 0.0)


def network_names(ds: xr.Dataset) -> list[str]:
    """Names of the networks of a run, in their order."""
    return str(ds["network"].attrs["flag_meanings"]).split()


def indoor_shares(radio: Radio) -> tuple[float, ...]:
    """Share of indoor traffic by class."""
    return tuple(radio.indoor_share_urban if u else radio.indoor_share_rural for u in URBAN)


def networks(ds: xr.Dataset, cells: Cells, radio: Radio, sites: Sites) -> Iterator[Network]:
    """The networks of a run one after the other, so that one is in memory at a time.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population` and `sites`.
    """
    names = network_names(ds)
    for key in ("bands", "spectrum_mhz"):
        unknown = sorted(set(getattr(radio, key)) - set(names))
        if unknown:
            raise InputError(
                f"[radio] {key}: unknown network {unknown[0]!r}; the sites have {', '.join(names)}"
            )
    for name in names:
        carrier_room(radio, name)
    known = ~np.isnan(ds.people.values)
    settlement, side = _classes(ds, cells), cell_side_m(cells)
    table_side = tables_side_m(float(np.median(side)))
    for number, name in enumerate(names):
        band = BANDS[radio.bands.get(name, radio.band)]
        tables = cell_tables(band.name, table_side)
        macro = ds.macro_density.values[number]
        density = smooth_sites(macro, known, cells.index, side, sites.gnb_per_macro_site)
        yield Network(number, name, band, tables, settlement, density, isd_m(density))


def whole_sites(ds: xr.Dataset, cells: Cells, number: int, sites: Sites) -> Float:
    """Sites (cell,) of a network's macro stations, which share them; a list's are as they stand.

    Synthesised sites are whole: each province has its stations over those of a site, rounded, and
    they follow the stations along a Hilbert curve.
    """
    macro = cells.take(ds.sites_5g.values[number]) - cells.take(ds.sites_5g_indoor.values[number])
    out = np.asarray(macro / sites.gnb_per_macro_site)
    if sites.path is not None:
        return out
    some = np.flatnonzero(macro > 0.0)
    curve = some[cells.some(some).hilbert_order()]
    province = cells.take_label(ds.province_label.values)[curve]
    known = province >= 0
    total = np.rint(np.bincount(province[known], out[curve][known])).astype(np.int64)
    out[curve] = systematic_counts(out[curve], province, total)
    return out


def _classes(ds: xr.Dataset, cells: Cells) -> NDArray[np.int8]:
    """Settlement classes of the cells, checked."""
    settlement: NDArray[np.int8] = cells.take(ds.settlement_class.values, np.int8)
    wrong = (settlement < 0) | (settlement >= len(SETTLEMENT_CLASSES))
    if wrong.any():
        raise InputError(
            f"settlement_class {settlement[wrong][0]} in {np.count_nonzero(wrong):,} inhabited "
            f"cells is no class; classes run from 0 to {len(SETTLEMENT_CLASSES) - 1}"
        )
    return settlement


def carrier_room(radio: Radio, network: str) -> float:
    """Carriers that a network's spectrum has room for; infinite where it is not given."""
    band = BANDS[radio.bands.get(network, radio.band)]
    held = radio.spectrum_mhz.get(network, np.inf)
    if held < band.channel_mhz:
        raise InputError(
            f"[radio] spectrum_mhz: {held:g} MHz of {network} hold no carrier of {band.name}, "
            f"which is {band.channel_mhz:g} MHz wide; raise it or choose another band"
        )
    return float(np.floor(held / band.channel_mhz))


def tables_side_m(side_m: float) -> float:
    """Side for the tables, of whole 100 m: a window of a geographic grid has the whole's."""
    return max(round(side_m, -2), 100.0)


def isd_m(sites_per_km2: Float) -> Float:
    """Inter-site distance of a hexagonal lattice; infinite where there are no sites [m]."""
    with np.errstate(divide="ignore"):
        return np.asarray(1000.0 * np.sqrt(2.0 / (np.sqrt(3.0) * sites_per_km2)))


def cell_side_m(cells: Cells) -> Float:
    """Side of squares of the cells' areas [m]."""
    return np.asarray(np.sqrt(cells.area_km2()) * 1000.0)


def nearest_m(ds: xr.Dataset, cells: Cells, number: int, limit_m: float) -> Float:
    """Distance from each cell to that of a network's nearest macro station [m].

    Infinite where it is farther than about `limit_m`.
    """
    macro = ds.sites_5g.values[number] > ds.sites_5g_indoor.values[number]
    side = cell_side_m(cells)
    limit = int(limit_m / side.min(initial=limit_m)) + 1
    return np.asarray(nearest_marked(macro, cells.index, limit) * side)
