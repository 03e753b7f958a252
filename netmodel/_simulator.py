"""The simulator's tables of a band for users: what the national mode looks cells up in."""

import numpy as np
import xarray as xr

from netmodel._networks import indoor_shares
from netmodel._radio_tables import (
    DISTANCE_M,
    ISD_M,
    LINKS,
    LOADS,
    PLACES,
    SINR_SHARES,
    cell_tables,
    mixed,
)
from netmodel._settings import Radio
from netmodel.errors import InputError
from netmodel.presets import BANDS, SETTLEMENT_CLASSES

_VARIABLES = {
    "spectral_efficiency": (("isd", "load"), "bit/s/Hz", "harmonic mean, chain A, rank 1"),
    "spectral_efficiency_5th": (("isd", "load"), "bit/s/Hz", "5th percentile, chain A, rank 1"),
    "sinr": (("isd", "load", "quantile"), "dB", "percentiles of SINR"),
    "outage_share": (("isd",), "1", "share of points below -10 dB at full load"),
    "uplink_spectral_efficiency": (("isd",), "bit/s/Hz", "harmonic mean, chain B, one layer"),
    "coverage": (("isd", "link", "place"), "1", "probability over a cell of the lattice"),
    "coverage_at_distance": (
        ("distance", "link", "place"), "1", "probability at a distance from the nearest site",
    ),
    "link_probability": (("isd",), "1", "both directions, terminals indoors as in the class"),
}  # fmt: skip


def radio_tables(
    band: str = "n78", *, radio: Radio | None = None, resolution_m: float = 1000.0
) -> xr.Dataset:
    """Tables of the hexagonal simulator for a band, by settlement class.

    19 sites of three sectors; UMa up to 1 km between sites, RMa beyond; lines of sight are
    drawn for each site and point.

    Parameters
    ----------
    band : str
        n28, n41 or n78.
    radio : Radio
        Its indoor shares are used.
    resolution_m : float
        Side of the cells over which `coverage_at_distance` is averaged [m].

    Returns
    -------
    Dataset
        Over settlement, isd [m], load, quantile, distance [m], link (SS-RSRP >= -105 dBm,
        downlink, uplink) and place (outdoor, behind low- and high-loss walls).

    Raises
    ------
    InputError
        Unknown band.

    References
    ----------
    3GPP TR 36.942 A.1, TR 36.814 A.2.1, TR 38.901 7.4; models.md C.1, C.4.

    Examples
    --------
    >>> import netmodel as nm
    >>> tables = nm.radio_tables("n78")
    >>> dict(tables.sizes)["isd"], tables.spectral_efficiency.attrs["units"]
    (6, 'bit/s/Hz')
    """
    if band not in BANDS:
        raise InputError(f"band {band!r} is unknown; known: {', '.join(BANDS)}")
    t = cell_tables(band, float(resolution_m))
    both = mixed(t.coverage, indoor_shares(radio or Radio()))[..., 1:].min(axis=-1)
    values = (t.se, t.se_5th, t.sinr_db, t.outage, t.ul_se, t.coverage, t.ring, both)
    variables = {
        name: (("settlement", *dims), value, {"units": units, "long_name": words})
        for (name, (dims, units, words)), value in zip(_VARIABLES.items(), values, strict=True)
    }
    coords = {
        "settlement": [c.name for c in SETTLEMENT_CLASSES],
        "isd": ("isd", ISD_M, {"units": "m"}),
        "load": LOADS,
        "quantile": SINR_SHARES,
        "distance": ("distance", DISTANCE_M, {"units": "m"}),
        "link": np.array(LINKS),
        "place": np.array(PLACES),
    }
    return xr.Dataset(variables, coords=coords, attrs={"title": f"Hexagonal simulator, {band}"})
