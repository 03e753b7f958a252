"""What a scenario would use, found without running it."""

from netmodel._assess import province_stations, province_traffic_gb
from netmodel._region import open_region
from netmodel._site_list import read_sites
from netmodel.grids.grid import Grid
from netmodel.scenario import Scenario


def used(scenario: Scenario) -> list[tuple[str, str]]:
    """Each input of a scenario and what would be used for it, all of them checked."""
    region = open_region(scenario)
    rows, columns = region.grid.shape
    people = float(region.people[region.people > 0].sum())
    source = scenario.population.path or "embedded China 2020 grid (synthesised below province)"
    lines = [
        ("scenario", scenario.name),
        ("population", f"{source}: {people:,.0f} people"),
        ("grid", f"{rows:,} x {columns:,} cells, {region.grid.name}"),
        ("zones", f"{len(region.provinces)} provinces, {len(region.counties)} counties or zones"),
        ("demand", f"{province_traffic_gb(scenario).sum():,.0f} GB in {scenario.year}"),
        ("sites", _sites(scenario, region.frame)),
    ]
    lines += [(name.replace("_", " "), f"{value:,.6g}") for name, value in region.losses.items()]
    if scenario.area is not None and region.wanted is not None:
        lines.append(("area", f"{scenario.area}: {int(region.wanted.sum()):,} cells"))
    return lines


def _sites(scenario: Scenario, grid: Grid) -> str:
    """What the sites stage would count or synthesise."""
    if scenario.sites.path is None:
        total = int(province_stations(scenario)[0].sum())
        return f"{total:,} stations synthesised in {len(scenario.sites.networks)} networks"
    listed = read_sites(scenario.sites.path, grid, scenario.sites.crs)
    return (
        f"{scenario.sites.path}: {len(listed):,} stations, {listed['network'].nunique()} networks"
    )
