"""Polygons of a planner's zones, valid and with their codes and names."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod

from netmodel._reading import Reading
from netmodel._rows import Rows, check_mapping, read_rows
from netmodel._site_checks import check_degrees, texts
from netmodel.errors import InputError
from netmodel.grids.polygons import check_codes, check_polygons, on_grid
from netmodel.grids.vectors import without_shape
from netmodel.intake.output import Place, write_features
from netmodel.intake.people import People
from netmodel.intake.points import in_wgs84, kept_rows, stated_crs, stated_datum
from netmodel.intake.report import Report

if TYPE_CHECKING:
    from geopandas import GeoDataFrame, GeoSeries

Float = NDArray[np.float64]

WANTED = ("code", "name", "datum")
_AREAS = "EPSG:6933"  # equal-area, of the whole Earth


def import_zones(
    path: str | Path,
    out: str | Path,
    *,
    reading: Reading | None = None,
    repair: bool = False,
    people: People | None = None,
    overwrite: bool = False,
) -> Report:
    """Write polygons ready for a scenario's `[zones] path`, with `code` and `name`.

    Parameters
    ----------
    path, out : path
        OUT is GeoParquet, GeoPackage or GeoJSON, by its suffix.
    reading : Reading, optional
    repair : bool
        Mend invalid polygons, and leave out rows without one, instead of refusing them.
    people : People, optional
        People in zones are reported.
    overwrite : bool

    Raises
    ------
    DataError, InputError
        As `read_rows`; no polygons, empty or invalid ones without `repair`, codes given twice,
        no CRS, an unknown datum in China.
    """
    reading, report = reading or Reading(), Report()
    check_mapping(reading.columns, WANTED)
    place = Place.of(path, out, overwrite=overwrite, suffixes=(".parquet", ".gpkg", ".geojson"))
    rows = read_rows(path, reading, WANTED)
    report.note("format", rows.form)
    report.note("rows", len(rows.table))
    rows = kept_rows(path, rows, reading, report)
    zones = _polygons(path, rows, reading, repair=repair, report=report)
    zones = _moved(path, rows, zones, reading, report)
    _note_areas(zones, report)
    if people is not None:
        _note_people(path, people, zones, report)
    write_features(zones, place)
    return report


def _polygons(
    path: str | Path, rows: Rows, reading: Reading, *, repair: bool, report: Report
) -> "GeoDataFrame":
    """`code`, `name` and a valid polygon a row."""
    import geopandas

    table = rows.geo
    if table is None:
        raise InputError(f"{path}: no geometry in it; give a layer of polygons")
    crs = stated_crs(path, table, reading)
    report.note("CRS of the file", crs.name)
    table = _mended(table, report) if repair else table
    check_polygons(path, table)
    number = [str(n) for n in table.index]
    code = texts(table, "code", "") if "code" in table.columns else number
    shapes = table.geometry.to_numpy()
    out = geopandas.GeoDataFrame({"code": code}, geometry=shapes, crs=crs, index=table.index)
    out.insert(1, "name", texts(table, "name", "") if "name" in table.columns else out["code"])
    check_codes(path, out["code"])
    report.note("zones", len(out))
    return out


def _mended(table: "GeoDataFrame", report: Report) -> "GeoDataFrame":
    """The rows with a polygon, the invalid ones made valid."""
    empty = without_shape(table.geometry)
    report.drop("no geometry", table.index.to_numpy()[empty])
    table = table[~empty]
    bad = ~table.is_valid.to_numpy(np.bool_) & table.geom_type.isin(_AREAL).to_numpy(np.bool_)
    if not bad.any():
        return table
    shapes = table.geometry.copy()
    shapes[bad] = _polygonal(shapes[bad].make_valid())
    report.note("polygons mended", f"{int(bad.sum()):,}, the first row {table.index[bad][0]}")
    flat = without_shape(shapes)
    report.drop("no area left after mending", table.index.to_numpy()[flat])
    return table.set_geometry(shapes)[~flat]


def _polygonal(shapes: "GeoSeries") -> "GeoSeries":
    """The areas of mended polygons, without the lines and points that mending may leave."""
    from shapely import Geometry, MultiPolygon, get_parts

    def areas(shape: Geometry) -> MultiPolygon:
        parts = [p for p in get_parts(shape) if p.geom_type in _AREAL]
        return MultiPolygon([q for p in parts for q in get_parts(p)])

    return shapes.apply(areas)


_AREAL = ("Polygon", "MultiPolygon")


def _moved(
    path: str | Path, rows: Rows, zones: "GeoDataFrame", reading: Reading, report: Report
) -> "GeoDataFrame":
    """The zones, from the datum that was stated."""
    from shapely import transform

    crs = CRS.from_user_input(zones.crs)
    datum = stated_datum(path, rows.where(rows.table.index.isin(zones.index)), reading)
    number = zones.index.to_numpy(np.int64)
    if crs.is_geographic:
        bounds = zones.geometry.bounds.to_numpy()
        for k in (0, 2):  # both corners
            check_degrees(path, (bounds[:, k], bounds[:, k + 1]), zones.index)
    inner = zones.geometry.to_crs("EPSG:4326").representative_point()
    in_wgs84((inner.x.to_numpy(), inner.y.to_numpy()), path, (crs, datum, number), report)
    if datum != "gcj02":
        return zones

    def moved(points: Float) -> Float:
        place = points[:, 0], points[:, 1]
        said = crs, datum, np.zeros(len(points), np.int64)
        return np.column_stack(in_wgs84(place, path, said, Report()))

    degrees = zones.to_crs("EPSG:4326")
    return degrees.set_geometry(transform(degrees.geometry.array, moved), crs="EPSG:4326")


def _note_areas(zones: "GeoDataFrame", report: Report) -> None:
    """Geodesic area, and how much of it lies in several zones."""
    from shapely import orient_polygons

    geod = Geod(ellps="WGS84")
    degrees = orient_polygons(zones.geometry.to_crs("EPSG:4326").to_numpy())
    total = sum(geod.geometry_area_perimeter(one)[0] for one in degrees) / 1e6
    report.note("area [km2]", float(total))
    plane = zones.geometry.to_crs(_AREAS)
    double = 1.0 - float(plane.union_all().area) / float(plane.area.sum())
    if double > 1e-6:
        report.note("of it in several zones, counted once for each [km2]", double * float(total))


def _note_people(path: str | Path, people: People, zones: "GeoDataFrame", report: Report) -> None:
    """People in the zones."""
    from netmodel.grids.overlap import polygon_sums

    sums = polygon_sums(people.people, people.grid, on_grid(path, zones, people.grid))
    if not sums.any():
        raise InputError(
            f"{path}: nobody of the population raster lives in any zone; give zones and a raster "
            "of one region, and see that longitude and latitude are not swapped"
        )
    total = float(np.nansum(people.people))
    report.note("people in zones", float(sums.sum()))
    report.note("of the raster's people [%]", round(100.0 * float(sums.sum()) / total, 2))
    none = int((sums <= 0.0).sum())
    if none:
        report.note("zones without people", none)
