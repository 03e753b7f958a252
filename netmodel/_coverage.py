"""The coverage stage: who is reached, outdoors and with indoor terminals."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._explicit import Sectors, in_memory, work_of
from netmodel._networks import (
    SPARSE_M,
    Network,
    indoor_shares,
    inhabited,
    nearest_m,
    network_names,
    networks,
)
from netmodel._radio_tables import DISTANCE_M, mixed
from netmodel._sectors import listed_sectors, synthesised_sectors
from netmodel._settings import Radio, Sites
from netmodel._site_list import listed_sites, placed_sectors, stations_of
from netmodel.grids.cells import Cells
from netmodel.grids.layers import grid_of
from netmodel.kernels.lookup import curve_values
from netmodel.variables import annotated

Float = NDArray[np.float64]


def coverage(
    population: xr.Dataset,
    sites: xr.Dataset | pd.DataFrame | None = None,
    *,
    radio: Radio | None = None,
    options: Sites | None = None,
    seed: int = 1,
    synthesised: bool = False,
) -> xr.Dataset:
    """Coverage of every cell (national mode) or of every pixel (explicit mode).

    In national mode a cell's probability is the mean over a hexagonal cell of its class and
    inter-site distance, or, where sites are more than 3 km apart, that at its distance from the
    nearest one; networks are taken as independent. In explicit mode every sector is a point, and
    every inhabited pixel has its best server, power and SINR; a table of sites implies it.

    Parameters
    ----------
    population : Dataset
        With the variables of `population`, and those of `sites` unless they are given.
    sites : Dataset or DataFrame, optional
        Stations per cell, or a table of stations or sectors with the columns of a list of sites
        (`lon` and `lat`; `network`, `azimuth_deg`, `height_m` and more where known).
    radio, options : Radio, Sites
        Mode, bands, resolution and layers; stations per macro site.
    seed : int
        Of the places of synthesised sites in their cells.
    synthesised : bool
        Whether people or sites are synthesised.

    Returns
    -------
    Dataset
        National: `coverage_probability` (SS-RSRP >= -105 dBm outdoors) and `link_probability`
        (both directions, indoor terminals included); NaN where people are unknown, zero where
        nobody lives. Explicit: the layers of `radio.layers` (carrier, y, x) of the pixels; NaN
        and -1 where nobody lives or no site is in range.

    Raises
    ------
    InputError
        Sites that cannot be; pixels that are no part of a cell or too many for memory.

    References
    ----------
    models.md B.5; TR 38.901 tables 7.4.1-1 to 7.4.3-3.
    """
    radio, options = radio or Radio(), options or Sites()
    if isinstance(sites, pd.DataFrame):
        return _listed_pixels(population, sites, radio, synthesised)
    ds = population if sites is None else population.assign(sites.data_vars)
    if radio.mode == "explicit":
        tables = synthesised_sectors(ds, radio=radio, sites=options, seed=seed)
        return _pixels(ds, Sectors(tables, {}), radio, True)
    return _of_cells(ds, radio, options, synthesised)


def _listed_pixels(
    population: xr.Dataset, sites: pd.DataFrame, radio: Radio, synthesised: bool
) -> xr.Dataset:
    """Layers of the pixels around the sites of a table."""
    numbered = sites.set_axis(np.arange(2, len(sites) + 2))  # as the rows of a file
    listed = placed_sectors("sites", numbered, grid_of(population))
    ds = population.assign(listed_sites(population, stations_of(listed)).variables)
    sectors = Sectors(*listed_sectors(ds, listed, radio=radio))
    return _pixels(ds, sectors, radio, synthesised)


def _pixels(ds: xr.Dataset, sectors: Sectors, radio: Radio, synthesised: bool) -> xr.Dataset:
    """Layers of the pixels of all inhabited cells, held in memory."""
    work = work_of(ds, grid_of(ds), None, sectors, radio, synthesised=synthesised)
    return in_memory(work)[0]


def _of_cells(ds: xr.Dataset, radio: Radio, sites: Sites, synthesised: bool) -> xr.Dataset:
    """The national mode: probabilities of every cell, from any network."""
    cells = inhabited(ds)
    missed = np.ones((2, cells.index.size))
    indoor = indoor_shares(radio)
    for network in networks(ds, cells, radio, sites):
        for k, probability in enumerate(_probabilities(ds, cells, network, indoor)):
            missed[k] *= 1.0 - probability
    names = ("coverage_probability", "link_probability")
    unknown = np.isnan(ds.people.values)
    layers = {}
    for k, name in enumerate(names):
        layer = cells.spread((1.0 - missed[k]).astype(np.float32))
        layer[unknown] = np.nan
        layers[name] = (("y", "x"), layer)
    out = xr.Dataset(layers, coords=ds.drop_dims("network").coords, attrs={"title": "Coverage"})
    out.attrs |= {"threshold": "SS-RSRP >= -105 dBm", "bands": _bands(ds, radio)}
    return annotated(out, "coverage", synthesised=synthesised)


def _bands(ds: xr.Dataset, radio: Radio) -> str:
    names = network_names(ds)
    return " ".join(f"{name}:{radio.bands.get(name, radio.band)}" for name in names)


def _probabilities(
    ds: xr.Dataset, cells: Cells, network: Network, indoor: tuple[float, ...]
) -> Iterator[Float]:
    """Probabilities of one network at the cells: of the reference signal, and of a link."""
    settlement, log_isd = network.settlement, network.log_isd
    sparse = np.flatnonzero(network.isd_m > SPARSE_M)
    distance = nearest_m(ds, cells.some(sparse), network.number, DISTANCE_M[-1])
    by_isd, by_distance = (
        _curves(part, indoor) for part in (network.tables.coverage, network.tables.ring)
    )
    for near, far in zip(by_isd, by_distance, strict=True):
        probability = network.at_isd(near, log_isd)
        probability[sparse] = curve_values(settlement[sparse], distance, DISTANCE_M, far)
        yield probability


def _curves(table: Float, indoor: tuple[float, ...]) -> tuple[Float, Float]:
    """Curves (class, point) of SS-RSRP outdoors, and of both directions for all terminals."""
    return table[..., 0, 0], mixed(table, indoor)[..., 1:].min(axis=-1)
