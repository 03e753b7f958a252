"""What the tables and the summary say of coverage and capacity, as cell values to be summed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._networks import carrier_room, network_names
from netmodel._settings import Demand
from netmodel.grids.cells import Cells
from netmodel.grids.layers import grid_of
from netmodel.grids.zones import Zones, sums_by_level
from netmodel.kernels.energy import HOURS_PER_YEAR, site_power_w
from netmodel.kernels.load import people_above, people_by_load
from netmodel.kernels.zonal import zonal_sum
from netmodel.presets import SITE_POWER
from netmodel.scenario import Scenario
from netmodel.variables import REASONS

Float = NDArray[np.float64]

COVERED = 0.9  # probability from which a cell counts as covered in plans (models.md B.5)
# Share columns: what is summed for them, over what.
SHARES = {
    "covered_share": ("covered_people", "population"),
    "covered_share_90": ("covered_people_90", "population"),
    "covered_served_share": ("covered_served_people", "population"),
    "link_share": ("linked_people", "population"),
    "computed_share": ("computed_people", "population"),
    "mean_load": ("load_people", "loaded_people"),
    "congested_share": ("congested_people", "population"),
    "uplink_congested_share": ("uplink_congested_people", "population"),
    "beyond_tables_share": ("beyond_tables_people", "population"),
    "beyond_spectrum_share": ("beyond_spectrum_people", "population"),
}
SUMS = ("energy_gwh", "carriers_to_add")


def cell_values(run: xr.DataTree, scenario: Scenario, cells: Cells) -> Iterator[tuple[str, Float]]:
    """Name and values (cell,) of what is summed over zones, one after the other.

    Parameters
    ----------
    run : DataTree
    scenario : Scenario
        Of the run: its target load, spectrum and daily profile.
    cells : Cells
        Those of the zones.
    """
    people = cells.take(run["population"].people.values)
    if "coverage" in run.children:
        yield from _coverage_values(run["coverage"].to_dataset(), cells, people)
    if "capacity" in run.children:
        yield from _capacity_values(run["capacity"].to_dataset(), scenario, cells, people)
        yield "energy_gwh", _energy_gwh(run, scenario.demand, cells)
        yield "carriers_to_add", _carriers_to_add(run, scenario.radio.carriers, cells)


def _coverage_values(ds: xr.Dataset, cells: Cells, people: Float) -> Iterator[tuple[str, Float]]:
    probability = cells.take(ds.coverage_probability.values)
    yield "covered_people", people * probability
    sure = (probability >= COVERED).astype(np.float64)
    if "covered_share_90" in ds:  # of the pixels in a cell
        sure = cells.take(ds.covered_share_90.values)
    yield "covered_people_90", people * sure
    if "computed_share" in ds:
        yield "computed_people", people * cells.take(ds.computed_share.values)
    yield "linked_people", people * cells.take(ds.link_probability.values)


def _capacity_values(
    ds: xr.Dataset, scenario: Scenario, cells: Cells, people: Float
) -> Iterator[tuple[str, Float]]:
    """Each person is of one network: people are split by the networks' demand."""
    yield "covered_served_people", people * cells.take(ds.covered_served_share.values)
    demand, load = _stack(ds.demand_mbps, cells), _stack(ds.cell_load, cells)
    loaded = people_by_load(people, demand, load)
    yield from zip(("load_people", "loaded_people"), loaded, strict=True)
    del loaded
    names, radio = network_names(ds), scenario.radio
    target = np.full(len(names), radio.target_load)
    uplink = _stack(ds.uplink_load, cells)
    yield "uplink_congested_people", people_above(people, demand, uplink, target)
    worst = np.fmax(load, uplink, out=load)
    yield "congested_people", people_above(people, demand, worst, target)
    del load, uplink, worst
    if radio.spectrum_mhz:
        room = np.array([carrier_room(radio, name) for name in names])
        needed = _stack(ds.carriers_needed, cells)
        yield "beyond_spectrum_people", people_above(people, demand, needed, room)
    yield "beyond_tables_people", people * _any_beyond_tables(ds, cells)


def _stack(layers: xr.DataArray, cells: Cells) -> NDArray[np.float32]:
    """Values (network, cell)."""
    return np.stack([cells.take(layer, np.float32) for layer in layers.values])


def _any_beyond_tables(ds: xr.Dataset, cells: Cells) -> NDArray[np.bool_]:
    """Whether a part of a cell, or all of it, is out of range of the sites of any network."""
    out = np.zeros(cells.index.size, np.bool_)
    for reason in ds.unserved_reason.values:
        out |= cells.take(reason, np.int8) >= REASONS.index("partly_in_range")
    return out


# The few that a served cell leaves are out of quality.
_UNSERVED = {
    "no_site": ("no_site",),
    "out_of_range": ("out_of_range", "partly_in_range"),
    "overload": ("overload",),
    "quality": ("quality", "served"),
}


def unserved_shares(ds: xr.Dataset) -> dict[str, float]:
    """Share of the macro demand that is not served, by reason; each cell under its own reason.

    Parameters
    ----------
    ds : Dataset
        With the variables of `capacity`.
    """
    mbps, total = np.zeros(len(REASONS)), 0.0
    for n, reason in enumerate(ds.unserved_reason.values):
        cells = Cells.where(grid_of(ds), reason >= 0)
        missing = cells.take(ds.demand_mbps.values[n])
        total += float(missing.sum())
        missing -= cells.take(ds.served_mbps.values[n])
        mbps += zonal_sum(missing, cells.take_label(reason), len(REASONS))
    by_reason = dict(zip(REASONS, mbps / total, strict=True))
    return {name: float(sum(by_reason[k] for k in parts)) for name, parts in _UNSERVED.items()}


def _carriers_to_add(run: xr.DataTree, carriers: float, cells: Cells) -> Float:
    """Carriers that macro stations lack for the target load: the other remedy than stations."""
    area = cells.area_km2()
    out = np.zeros(area.size)
    for n, density in enumerate(run["sites"].macro_density.values):
        needed = cells.take(run["capacity"].carriers_needed.values[n])
        out += np.maximum(needed - carriers, 0.0) * cells.take(density) * area
    return out


def _energy_gwh(run: xr.DataTree, demand: Demand, cells: Cells) -> Float:
    """Energy of the macro stations in a year, each a site of its own; indoor ones left out.

    Power is linear in load, so that the mean load of the year suffices (models.md J).
    """
    mean_over_busy = 1.0 / (24.0 * demand.busy_hour_share * demand.busy_day_factor)
    area = cells.area_km2()
    out = np.zeros(area.size)
    for n, density in enumerate(run["sites"].macro_density.values):
        load = np.nan_to_num(cells.take(run["capacity"].cell_load.values[n])) * mean_over_busy
        out += cells.take(density) * area * site_power_w(load, **SITE_POWER)
    return out * (HOURS_PER_YEAR / 1e9)


@dataclass(frozen=True)
class Sums:
    """Sums of cell values over the zones of some levels, and over all cells.

    Parameters
    ----------
    by_level : dict of DataFrame
        A row a zone, a column a name of `cell_values`.
    total : dict
        Over all cells, people as `population` among them.
    """

    by_level: dict[str, pd.DataFrame]
    total: dict[str, float]

    @classmethod
    def of(
        cls, run: xr.DataTree, scenario: Scenario, cells: Cells, zones: Mapping[str, Zones]
    ) -> "Sums":
        """The sums of a run over zones of cells, each layer computed once."""
        by_level = {level: pd.DataFrame(index=range(len(z))) for level, z in zones.items()}
        total = {"population": float(np.nansum(cells.take(run["population"].people.values)))}
        for name, value in cell_values(run, scenario, cells):
            total[name] = float(np.nansum(value))
            for level, sums in sums_by_level(zones, value).items():
                by_level[level][name] = sums
        return cls(by_level, total)

    def columns(self, level: str, population: "pd.Series[float]") -> pd.DataFrame:
        """Columns of a zone table: sums as they are, those of people as shares."""
        sums = self.by_level[level].assign(population=population)
        out = sums[[name for name in SUMS if name in sums]].copy()
        for name, (part, whole) in SHARES.items():
            if part in sums:
                out[name] = sums[part] / sums[whole].where(sums[whole] > 0.0)
        return out

    def headline(self) -> dict[str, float]:
        """The same for all cells."""
        total = self.total
        out = {k: total[k] for k in SUMS if k in total}
        for name, (part, whole) in SHARES.items():
            if part in total and total[whole] > 0.0:
                out[name] = total[part] / total[whole]
        return out
