"""What a scenario would use, found without running it."""

from pathlib import Path

import numpy as np
from pyproj import Transformer

from netmodel._feasible import check_explicit, check_projection
from netmodel._population import population
from netmodel._region import Region
from netmodel._rows import read_points
from netmodel._site_checks import coordinate_numbers
from netmodel._site_list import column_notes, stations_of
from netmodel._sites import check_room
from netmodel._stages import Inputs, open_inputs, province_stations, province_traffic_gb
from netmodel.errors import InputError
from netmodel.grids.elevation import check_elevation
from netmodel.grids.io import warped_window
from netmodel.grids.overlap import overlap_of
from netmodel.grids.polygons import on_grid
from netmodel.scenario import Scenario

_NOISE = 1e-6  # shares below are slivers along borders


def used(scenario: Scenario) -> list[tuple[str, str]]:
    """Each input of a scenario and what would be used for it, all of them checked."""
    inputs = open_inputs(scenario)
    region = inputs.region
    rows, columns = region.grid.shape
    people = float(region.people[region.people > 0].sum())
    source = scenario.population.path or "embedded China 2020 grid (synthesised below province)"
    lines = [
        ("scenario", scenario.name),
        ("population", f"{source}: {people:,.0f} people"),
        ("grid", f"{rows:,} x {columns:,} cells, {region.grid.name}"),
        ("zones", _zones(region)),
        ("demand", f"{province_traffic_gb(scenario).sum():,.0f} GB in {scenario.year}"),
        ("sites", _sites(inputs)),
    ]
    lines += [("projection", what) for what in check_projection(scenario)]
    if scenario.radio.mode == "explicit":
        pixels = check_explicit(scenario, region, inputs.listed)
        lines.append(("pixels", f"{pixels:,} of {scenario.radio.resolution_m:g} m a carrier"))
    lines += _idle(scenario, region)
    notes = column_notes(scenario.sites.path, scenario.radio.mode) if scenario.sites.path else ""
    lines += [("columns of sites", notes)] if notes else []
    lines += [(name.replace("_", " "), f"{value:,.6g}") for name, value in region.losses.items()]
    lines += _zone_losses(scenario, region)
    if scenario.area is not None and region.wanted is not None:
        lines.append(("area", f"{scenario.area_text}: {_counted(region.wanted.sum(), 'cell')}"))
    return lines


def _idle(scenario: Scenario, region: Region) -> list[tuple[str, str]]:
    """Files that are named and used by no stage yet."""
    lines = []
    if scenario.villages.path is not None:
        lines.append(("villages", _villages(scenario.villages.path, region)))
    if scenario.dem.path is not None:
        lines.append(("dem", _dem(scenario.dem.path, region)))
    return [(name, f"{what}; used by no stage yet") for name, what in lines]


def _villages(path: Path, region: Region) -> str:
    """How many villages there are, in the grid and outside."""
    table = read_points(path, "[villages] path")
    if not {"lon", "lat"} <= set(table.columns):
        raise InputError(f"{path}: no lon and lat; `netmodel import villages` it")
    to_grid = Transformer.from_crs("EPSG:4326", region.frame.crs, always_xy=True)
    lon, lat = (coordinate_numbers(path, table, c) for c in ("lon", "lat"))
    outside = int((region.frame.cell(*to_grid.transform(lon, lat)) < 0).sum())
    if outside == len(table):
        raise InputError(f"{path}: none of {outside:,} villages in the grid; give the region's own")
    beyond = f", {outside:,} of them outside the grid" if outside else ""
    return f"{path}: {_counted(len(table), 'village')}{beyond}"


def _dem(path: Path, region: Region) -> str:
    """Elevation of the region, and how much of it is known."""
    elevation = warped_window(path, region.grid)
    inhabited = region.people > 0.0
    known = np.isfinite(elevation[inhabited])
    if not known.any():
        raise InputError(f"{path}: no elevation where people live; give a raster of the region")
    heights = elevation[inhabited][known]
    check_elevation(path, heights)
    share = f"{100.0 * known.mean():.1f} % of the inhabited cells"
    return f"{path}: {heights.min():,.0f} to {heights.max():,.0f} m on {share}"


def _zones(region: Region) -> str:
    """Zones that the tables would have a row for."""
    if region.counties.table is region.provinces.table:
        return "one, the whole region; [zones] path gives others"
    whole = _counted(len(region.provinces), "province" if len(region.provinces) > 1 else "region")
    return f"{whole}, {_counted(len(region.counties), 'county or zone', 'counties or zones')}"


def _zone_losses(scenario: Scenario, region: Region) -> list[tuple[str, str]]:
    """What polygon zones leave out of the raster or count twice; nothing where they fit."""
    path, polygons = scenario.zones.path, region.counties.polygons
    if path is None or polygons is None:
        return []
    shapes = on_grid(path, polygons, region.grid)
    union = shapes.dissolve()
    once = overlap_of(union, region.grid)
    plane_area = abs(region.grid.affine.determinant)
    known = float(once.sums(~np.isnan(region.people))[0]) * plane_area
    outside = 1.0 - known / float(union.geometry.area.iloc[0])
    shared = once.with_whole_edges() if scenario.zones.whole_edges else once
    total, inside = float(np.nansum(region.people)), float(shared.sums(region.people)[0])
    twice = float(region.counties.sums(region.people).sum()) - inside
    coast = "" if scenario.zones.whole_edges else "; [zones] whole_edges keeps those on a coast"
    lines = [
        ("zones outside", outside, f"{outside:.2%} of their area, where the raster has no data"),
        ("people in no zone", 1.0 - inside / total, f"{1.0 - inside / total:.2%} of all{coast}"),
        ("zones overlap", twice / total, f"{twice:,.0f} people are counted in more than one"),
    ]
    return [(name, words) for name, share, words in lines if share > _NOISE]


def _sites(inputs: Inputs) -> str:
    """What the sites stage would count, or synthesise where there is room for it."""
    scenario, listed = inputs.scenario, inputs.listed
    if listed is not None:
        networks = _counted(listed["network"].nunique(), "network")
        listed_stations = _counted(len(stations_of(listed)), "station")
        return f"{scenario.sites.path}: {listed_stations}, {networks}"
    stations = province_stations(scenario)[0]
    check_room(
        population(inputs.region),
        province_stations=stations,
        options=scenario.sites,
        province_names=inputs.region.provinces.table["name_en"].tolist(),
    )
    networks = _counted(len(scenario.sites.networks), "network")
    return f"{_counted(stations.sum(), 'station')} synthesised in {networks}"


def _counted(number: int, one: str, more: str | None = None) -> str:
    """A number of things, in the right number."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"
