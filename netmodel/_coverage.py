"""The coverage stage: who is reached, outdoors and with indoor terminals."""

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

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
from netmodel.grids.cells import Cells
from netmodel.kernels.lookup import curve_values
from netmodel.scenario import Radio, Sites
from netmodel.variables import annotated

Float = NDArray[np.float64]


def coverage(
    ds: xr.Dataset,
    *,
    radio: Radio | None = None,
    sites: Sites | None = None,
    synthesised: bool = False,
) -> xr.Dataset:
    """Probability of coverage of every cell, from any network.

    A cell's probability is the mean over a hexagonal cell of its class and inter-site distance,
    or, where sites are more than 3 km apart, that at its distance from the nearest one. Networks
    are taken as independent.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population` and `sites`.
    radio, sites : Radio, Sites
        Bands, and stations per macro site.
    synthesised : bool
        Whether people or sites are synthesised.

    Returns
    -------
    Dataset
        `coverage_probability` (SS-RSRP >= -105 dBm outdoors) and `link_probability` (both
        directions, indoor terminals included); NaN where people are unknown, zero where nobody
        lives.

    References
    ----------
    models.md B.5; TR 38.901 tables 7.4.1-1 to 7.4.3-3.
    """
    radio, sites = radio or Radio(), sites or Sites()
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
