"""Names of the zones of a run's tables, and where the numbers of each come from."""

import numpy as np

from netmodel._region import Region
from netmodel._stages import province_stations
from netmodel.grids.overlap import Overlap
from netmodel.scenario import Scenario
from netmodel.tables import ZoneNames


def zone_levels(region: Region, scenario: Scenario) -> dict[str, ZoneNames]:
    """Names and statuses of the zones that tables have rows of, by level."""
    return {
        "province": ZoneNames(region.provinces.table, *_province_status(region, scenario)),
        "county": ZoneNames(
            region.counties.table, *_status_below(scenario), _shown_overlap(region)
        ),
    }


def _shown_overlap(region: Region) -> Overlap | None:
    """Shares of the cells that a run shows, where zones are polygons."""
    overlap = region.counties.overlap
    if overlap is None or region.wanted is None:
        return overlap
    return overlap.where(region.wanted).crop(*region.window(region.wanted))


def _status_below(scenario: Scenario) -> tuple[str, str]:
    """Where the people and the stations of a part of a province come from."""
    people = "synthesised" if scenario.population.path is None else "given"
    return people, "synthesised" if scenario.sites.path is None else "listed"


def _province_status(region: Region, scenario: Scenario) -> tuple[list[str], list[str]]:
    """The same of each province: of its own numbers if it is whole in the run."""
    people, stations = _status_below(scenario)
    size = len(region.provinces)
    whole = np.ones(size, np.bool_)
    if region.wanted is not None:
        left_out = region.provinces.label[~region.wanted]
        whole[left_out[left_out >= 0]] = False
    of_people = "published" if people == "synthesised" else people
    of_stations = province_stations(scenario)[1] if stations == "synthesised" else [stations] * size
    return (
        [of_people if w else people for w in whole],
        [own if w else stations for own, w in zip(of_stations, whole, strict=True)],
    )
