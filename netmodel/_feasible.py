"""Whether the settings of a scenario fit its inputs, found before any stage."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._demand import busy_hour_mbps
from netmodel._networks import carrier_room
from netmodel._region import Region
from netmodel._sectors import antennas_of, check_masts
from netmodel._series import read_series
from netmodel._targets import read_targets
from netmodel.errors import InputError
from netmodel.grids.io import open_raster
from netmodel.grids.tiles import Pixels
from netmodel.scenario import Scenario

# Downlink of a person in the busy hour; China had 0.06 Mbit/s in 2020, and homes with fiber have 3.
MOST_MBPS_PER_PERSON = 100.0


def check_networks(scenario: Scenario, networks: Sequence[str]) -> None:
    """Refuse settings of networks that have no sites, and spectrum that holds no carrier."""
    where = scenario.sites.path or "[sites] networks"
    named: dict[str, Iterable[str]] = {
        "[radio] bands": scenario.radio.bands,
        "[radio] spectrum_mhz": scenario.radio.spectrum_mhz,
        "[demand] subscribers": scenario.demand.subscribers,
    }
    for key, values in named.items():
        unknown = [name for name in values if name not in networks]
        if unknown:
            raise InputError(
                f"{key}: unknown network {unknown[0]!r}; {where} has {', '.join(networks)}; give "
                "{} or the networks' own, if only to replace those of the preset"
            )
    missing = [name for name in networks if name not in scenario.demand.subscribers]
    if scenario.demand.subscribers and missing:
        raise InputError(f"[demand] subscribers: give the share of network {missing[0]!r} too")
    for name in networks:
        carrier_room(scenario.radio, name)


def check_projection(scenario: Scenario) -> list[str]:
    """Read a user's series and targets, so that a bad one is met at once; what was found."""
    options, found = scenario.projection, []
    if options.series is not None:
        found.append(f"{options.series}: {len(read_series(options.series))} indicators")
    if options.targets is not None:
        found.append(f"{options.targets}: {len(read_targets(options.targets))} targets")
    return found


def check_demand(scenario: Scenario, region: Region, province_gb: NDArray[np.float64]) -> None:
    """Refuse traffic where nobody lives, and more of it than people could use."""
    people = region.provinces.sums(region.people)
    known = region.provinces.sums(~np.isnan(region.people)) > 0.0
    rate = busy_hour_mbps(province_gb, scenario.year, scenario.demand)
    names = region.provinces.table["name_en"]
    empty = np.flatnonzero(known & (people <= 0.0) & (rate > 0.0))
    if empty.size:
        raise InputError(
            f"[demand] total_gb: {names[empty[0]]} has traffic and nobody to use it; "
            "check [population] path"
        )
    per_person = np.divide(rate, people, out=np.zeros_like(rate), where=people > 0.0)
    most = int(np.argmax(per_person))
    if per_person[most] > MOST_MBPS_PER_PERSON:
        raise InputError(
            f"[demand] total_gb: {province_gb[most]:.4g} GB a year in {names[most]} are "
            f"{per_person[most]:,.0f} Mbit/s a person in the busy hour, of at most "
            f"{MOST_MBPS_PER_PERSON:g}; give it in GB, not in MB or bytes, and check [population]"
        )


def check_explicit(scenario: Scenario, region: Region, listed: pd.DataFrame | None) -> int:
    """Refuse pixels, weights or antennas that the explicit mode cannot use; how many pixels."""
    radio = scenario.radio
    factor = Pixels.of(region.frame, radio.resolution_m, 1).factor
    if radio.weights is not None:
        with open_raster(radio.weights):
            pass
    if listed is not None and scenario.sites.path is not None:
        check_masts(listed)
        antennas_of(listed, scenario.sites.path.parent)
    people = region.people if region.wanted is None else region.people[region.wanted]
    area = abs(region.grid.affine.a * region.grid.affine.e) / 1e6
    computed = (people > 0.0) & (people >= radio.min_people_per_km2 * area)
    if not computed.any():
        raise InputError(
            f"[radio] min_people_per_km2 = {radio.min_people_per_km2:g}: no pixel has so many; "
            "give less, or another area"
        )
    return int(np.count_nonzero(computed)) * factor**2
