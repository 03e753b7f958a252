"""The population stage: people, zones and settlement class of every cell."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from netmodel._region import Region
from netmodel.grids.layers import coordinates
from netmodel.kernels.zonal import float32_keeping_sums
from netmodel.presets import SETTLEMENT_CLASSES
from netmodel.variables import annotated


def population(region: Region, *, synthesised: bool = False) -> xr.Dataset:
    """People, province and county labels and settlement class of every cell.

    Parameters
    ----------
    region : Region
    synthesised : bool
        Whether the people below province level are synthesised.

    Returns
    -------
    Dataset
        `people`, `province_label`, `county_label`, `settlement_class`; see `variables`.
    """
    ds = xr.Dataset(
        {
            "people": (("y", "x"), _people(region)),
            "province_label": (("y", "x"), region.provinces.label),
            "county_label": (("y", "x"), region.counties.label),
            "settlement_class": (("y", "x"), settlement_class(region)),
        },
        coords=coordinates(region.grid),
        attrs={"title": "Population and zones"},
    )
    ds = annotated(ds, "population", synthesised=synthesised)
    # By label, for who has the store only.
    ds.province_label.attrs["codes"] = region.provinces.table["code"].tolist()
    ds.county_label.attrs["codes"] = region.counties.table["code"].tolist()
    names = [c.name for c in SETTLEMENT_CLASSES]
    ds.settlement_class.attrs |= {
        "flag_values": list(range(len(names))),
        "flag_meanings": " ".join(names),
    }
    return ds


def _people(region: Region) -> NDArray[np.float32]:
    """People in float32, the sum of each province kept."""
    value, label = region.people.reshape(-1), region.provinces.label.reshape(-1)
    kept = float32_keeping_sums(value, label, len(region.provinces))
    return kept.reshape(region.people.shape)


def settlement_class(region: Region) -> NDArray[np.int8]:
    """Class of each cell by its density of people, -1 where nobody lives."""
    density = region.people / region.grid.area_km2()
    bounds = [c.min_density_per_km2 for c in SETTLEMENT_CLASSES[:-1]]
    rank = np.searchsorted(np.array(bounds[::-1]), density, side="right")
    classes = (len(SETTLEMENT_CLASSES) - 1 - rank).astype(np.int8)
    classes[~(density > 0.0)] = -1
    return np.asarray(classes, np.int8)
