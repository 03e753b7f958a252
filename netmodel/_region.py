"""The people, the grid and the zones of a scenario, as arrays; and the part of it asked for."""

import difflib
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel import facts
from netmodel._settings import RunGrid
from netmodel.errors import InputError
from netmodel.grids.china import open_china_2020
from netmodel.grids.grid import Grid, crs_of
from netmodel.grids.population import PopulationRaster, read_population
from netmodel.grids.zones import Zones, box_mask, one_zone, polygon_mask, read_zones
from netmodel.kernels.distance import nearest_marked
from netmodel.scenario import Scenario

Mask = NDArray[np.bool_]

_MOST_NAMES = 8  # of zones in a message

# Cells from which a site can matter: 20 km of the longest link and 30 of interference on it, or 8
# of the window over which densities are taken and one for each round of the fixed point; in the
# explicit mode the horizon of interference.
_HALO = {"national": 51, "explicit": 31}


@dataclass(frozen=True)
class Region:
    """What a run computes on.

    Parameters
    ----------
    grid : Grid
    people : (row, column)
        People per cell; NaN is no data or outside the zones.
    provinces, counties : Zones
        Totals are controlled per province; counties lie inside provinces.
    frame : Grid
        Of the inputs; `grid` is a window of it where an area was asked for.
    wanted : (row, column), optional
        Cells of the area asked for; the rest of their provinces is computed, not shown.
    attribution : str
    losses : dict
        People of the source outside the frame and outside the zones, share of masked cells.
    """

    grid: Grid
    people: NDArray[np.float64]
    provinces: Zones
    counties: Zones
    frame: Grid
    wanted: Mask | None = None
    attribution: str = ""
    losses: dict[str, float] = field(default_factory=dict)

    def window(self, mask: Mask) -> tuple[slice, slice]:
        """Smallest window that holds the true cells of `mask`."""
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        return (
            slice(int(rows[0]), int(rows[-1]) + 1),
            slice(int(columns[0]), int(columns[-1]) + 1),
        )

    def crop(self, rows: slice, columns: slice) -> "Region":
        """The region in a window."""
        return replace(
            self,
            grid=self.grid.crop(rows, columns),
            people=np.ascontiguousarray(self.people[rows, columns]),
            provinces=self.provinces.crop(rows, columns),
            counties=self.counties.crop(rows, columns),
            wanted=None if self.wanted is None else self.wanted[rows, columns],
        )


def open_region(scenario: Scenario) -> Region:
    """Read the inputs of a scenario and cut them to the provinces that its area touches."""
    scenario.check()
    region = _reference(scenario) if scenario.extends else _own(scenario)
    if scenario.area is None:
        return region
    wanted = area_mask(scenario.area, region) & ~np.isnan(region.people)
    if not wanted.any():
        raise InputError(
            f"area = {scenario.area_text}: no cell with data in it; give an area within "
            f"{_lonlat_range(region.grid)}, which the grid covers"
        )
    return _domain(region, wanted, _HALO[scenario.radio.mode])


def _reference(scenario: Scenario) -> Region:
    """The embedded case, or a user's raster on its grid and in its zones."""
    china = open_china_2020()
    people = china.people
    losses = {"source_people": float(np.nansum(people))}
    losses |= {"people_outside_frame": 0.0, "people_outside_zones": 0.0}
    if scenario.population.path is not None:
        raster = _read(scenario, china.grid)
        people = np.where(china.counties.label >= 0, raster.people, np.nan)
        beyond = float(np.nansum(raster.people[china.counties.label < 0]))
        losses = {**_losses(raster), "people_outside_zones": beyond}
    provinces = facts.provinces().reset_index(names="code")
    row = pd.Series(provinces.index, index=provinces["code"])
    of_county = row.loc[china.counties.table["province_code"]].to_numpy(np.int32)
    label = np.append(of_county, np.int32(-1))[china.counties.label]
    return Region(
        china.grid,
        people,
        Zones(label, provinces),
        china.counties,
        china.grid,
        attribution=china.attribution,
        losses=losses,
    )


def _own(scenario: Scenario) -> Region:
    """A user's raster on its own grid."""
    raster = _read(scenario, _stated_grid(scenario.grid))
    whole = one_zone(scenario.name, ~np.isnan(raster.people))
    zones = whole
    if scenario.zones.path is not None:
        zones = read_zones(
            scenario.zones.path,
            raster.grid,
            scenario.zones.code,
            scenario.zones.name,
            whole_edges=scenario.zones.whole_edges,
        )
    return Region(
        raster.grid,
        raster.people,
        whole,
        zones,
        raster.grid,
        attribution=raster.attribution,
        losses=_losses(raster),
    )


def _stated_grid(given: RunGrid) -> Grid | None:
    """The run grid that a scenario states, if it does."""
    if given.crs is None or given.bounds is None:
        return None
    try:
        crs = crs_of(given.crs)
    except InputError as error:
        raise InputError(f"[grid] {error}") from error
    # Windows and inter-site distances are in metres of the grid.
    if not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1.0:
        unit = crs.axis_info[0].unit_name
        raise InputError(
            f"[grid] crs = {given.crs!r} has the unit {unit}; give a projected CRS in metres, best "
            "an equal-area one such as EPSG:3035, with bounds in it, or leave [grid] out"
        )
    return Grid.from_bounds(crs, given.bounds, given.resolution_m)


def _read(scenario: Scenario, grid: Grid | None) -> PopulationRaster:
    given = scenario.population
    assert given.path is not None
    return read_population(
        given.path,
        grid,
        kind=given.kind,
        nodata=given.nodata,
        resolution_m=scenario.grid.resolution_m,
    )


def _losses(raster: PopulationRaster) -> dict[str, float]:
    return {
        "source_people": raster.source_people,
        "people_outside_frame": raster.outside_people,
        "masked_share_of_source_cells": raster.masked_share,
    }


def _domain(region: Region, wanted: Mask, halo: int) -> Region:
    """The provinces on the wanted cells and near them, whole.

    Totals are controlled per province, and sites across a border change coverage and load.
    """
    touched = np.zeros(len(region.provinces) + 1, np.bool_)
    around = tuple(
        slice(max(part.start - halo, 0), part.stop + halo) for part in region.window(wanted)
    )
    marked = np.ascontiguousarray(wanted[around])
    near = nearest_marked(marked, np.arange(marked.size), halo) <= halo
    touched[region.provinces.label[around].reshape(-1)[near]] = True
    touched[-1] = False
    inside = touched[region.provinces.label]
    cut = replace(
        region,
        people=np.where(inside, region.people, np.nan),
        provinces=region.provinces.within(inside),
        counties=region.counties.within(inside),
        wanted=wanted,
    )
    return cut.crop(*region.window(inside))


def area_mask(area: str | tuple[float, float, float, float], region: Region) -> Mask:
    """Cells of a named zone, a box [degrees] or a polygon file."""
    if not isinstance(area, str):
        return box_mask(area, region.grid)
    for zones in (region.provinces, region.counties):
        rows = matching_rows(area, zones.table)
        if len(rows) > 1:
            named = ", ".join(f"{zones.table.code[r]} {zones.table.name_en[r]}" for r in rows[:6])
            raise InputError(f"area = {area!r} names {len(rows)} zones ({named}); give a code")
        if len(rows) == 1:
            return np.asarray(zones.label == rows[0])
    if Path(area).is_file():
        return polygon_mask(area, region.grid)
    raise InputError(f"area = {area!r}: no such zone or file{_near_zones(area, region)}")


def matching_rows(area: str, table: pd.DataFrame) -> list[int]:
    """Rows whose code or name is `area`; a Chinese name may lack its suffix."""
    wanted = area.strip().casefold()
    code = table["code"].str.casefold()
    exact = (code == wanted) | (code == wanted.ljust(6, "0"))
    exact |= table["name_en"].str.casefold() == wanted
    exact |= table["name_zh"].isin([area.strip(), _PROVINCE_SUFFIX.sub("", area.strip())])
    return [int(r) for r in np.flatnonzero(exact & (wanted != ""))]


# The provinces' table has their short names.
_PROVINCE_SUFFIX = re.compile("(省|市|(壮族|回族|维吾尔)?自治区)$")


def _near_zones(area: str, region: Region) -> str:
    names = [*region.provinces.table.name_en, *region.counties.table.name_en]
    near = difflib.get_close_matches(area, list(dict.fromkeys(names)), n=3)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    if len(region.provinces) > 1:
        return "; `netmodel facts provinces` lists them"
    known = list(dict.fromkeys(names))[:_MOST_NAMES]
    return f"; give a box, a polygon file or a zone: {', '.join(known)}"


def _lonlat_range(grid: Grid) -> str:
    left, bottom, right, top = grid.bounds
    x, y = np.meshgrid(np.linspace(left, right, 9), np.linspace(bottom, top, 9))
    lon, lat = grid.lonlat(x, y)
    return f"{lon.min():.1f}..{lon.max():.1f} E, {lat.min():.1f}..{lat.max():.1f} N"
