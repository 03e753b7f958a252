"""What a user's own files gave a run, kept beside its store: zones and stations at their places."""

from pathlib import Path

import pandas as pd

from netmodel._region import Region
from netmodel._site_list import stations_of
from netmodel.grids.zones import Zones
from netmodel.store import write_parquet

ZONES, STATIONS = "zones.parquet", "sites.parquet"


def write_zones(zones: Zones, folder: Path) -> None:
    """Write the polygons of zones that have them, with code and name, as GeoParquet."""
    import geopandas

    if zones.polygons is None:
        return
    shapes, table = zones.polygons.geometry, zones.table[["code", "name_en"]]
    frame = geopandas.GeoDataFrame(table, geometry=shapes.to_numpy(), crs=shapes.crs)
    write_parquet(frame, folder / ZONES)


def write_stations(listed: pd.DataFrame, region: Region, folder: Path) -> None:
    """Write the stations of a list in the area of a run, with longitude and latitude."""
    stations = stations_of(listed)
    if region.wanted is not None:
        cell = region.grid.cell(stations["x"], stations["y"])
        stations = stations[(cell >= 0) & region.wanted.reshape(-1)[cell]]
    lon, lat = region.grid.lonlat(stations["x"], stations["y"])
    known = stations.drop(columns=["azimuth_deg", "tilt_deg"], errors="ignore")
    table = known.dropna(axis=1, how="all").assign(lon=lon, lat=lat, status="listed")
    write_parquet(table, folder / STATIONS)
