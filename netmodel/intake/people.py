"""People near imported points: how many live within some kilometers of one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from netmodel.errors import InputError
from netmodel.grids.china import open_china_2020
from netmodel.grids.grid import Grid
from netmodel.grids.population import read_population
from netmodel.grids.population_checks import Kind
from netmodel.intake.points import Placed
from netmodel.intake.report import Report
from netmodel.kernels.nearest import nearest_site

Float = NDArray[np.float64]

EMBEDDED = "china-2020"
WITHIN_KM = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class People:
    """People per cell of a grid in meters."""

    grid: Grid
    people: Float

    @classmethod
    def of(cls, source: str | Path, kind: Kind = "count") -> "People":
        """Of a population raster, on its 1-km grid, or of the embedded one."""
        if str(source) == EMBEDDED:
            china = open_china_2020()
            return cls(china.grid, china.people)
        raster = read_population(source, kind=kind)
        return cls(raster.grid, raster.people)

    def inside(self, path: str | Path, placed: Placed, report: Report) -> Placed:
        """The points in the raster's frame; the others are dropped and reported."""
        inside = self._cell(placed.lon, placed.lat) >= 0
        swapped = np.abs(placed.lon) <= 90.0
        swapped[swapped] = self._cell(placed.lat[swapped], placed.lon[swapped]) >= 0
        outside = ~inside
        if outside.any() and swapped[outside].mean() > 0.5:
            remedy = (
                "mend them in the file" if inside.any() else "--column lon=LAT --column lat=LON"
            )
            raise InputError(
                f"{path}: {int(outside.sum()):,} rows outside the population raster, the first "
                f"row {placed.rows.number[outside][0]:,}; longitude and latitude look swapped: "
                f"{remedy}"
            )
        if not inside.any():
            raise InputError(
                f"{path}: none of {inside.size:,} points in the population raster, the first at "
                f"{placed.lon[0]:.4f}, {placed.lat[0]:.4f}; give a raster of the same region"
            )
        report.drop("outside the population raster", placed.rows.number[outside])
        return placed.where(inside)

    def _cell(self, lon: Float, lat: Float) -> NDArray[np.int64]:
        return self.grid.cell(*self._position(lon, lat))

    def _position(self, lon: Float, lat: Float) -> tuple[Float, Float]:
        to_grid = Transformer.from_crs("EPSG:4326", self.grid.crs, always_xy=True)
        x, y = to_grid.transform(lon, lat)
        return np.asarray(x), np.asarray(y)

    def within(self, lon: Float, lat: Float, km: tuple[float, ...]) -> Float:
        """Share of the people whose cell's center is within each distance of a point."""
        inhabited = np.flatnonzero(self.people.reshape(-1) > 0.0)
        people = self.people.reshape(-1)[inhabited]
        column, row = self.grid.pixel(*self._position(lon, lat))
        cells, _ = nearest_site(inhabited, column, row, self.grid.shape)
        distance_km = cells * abs(self.grid.affine.a) / 1000.0
        near = [people[distance_km <= limit].sum() for limit in km]
        return np.asarray(np.array(near) / people.sum())


def note_people_within(people: People, lon: Float, lat: Float, report: Report) -> None:
    """Report the share of people within some distances of a point, on the grid."""
    shares = people.within(lon, lat, WITHIN_KM)
    for limit, share in zip(WITHIN_KM, shares, strict=True):
        report.note(f"people within {limit:g} km [%]", round(100.0 * float(share), 2))
