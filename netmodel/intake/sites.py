"""Base stations of a planner's list: radio cells gathered to sites, sectors kept."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Geod

from netmodel._reading import Reading
from netmodel._site_checks import (
    KINDS,
    RANGES,
    check_known,
    check_networks_named,
    check_numbers,
    network_name,
    texts,
    words,
)
from netmodel.errors import InputError
from netmodel.intake.output import Place, write_points
from netmodel.intake.people import People, note_people_within
from netmodel.intake.points import Placed, placed_file
from netmodel.intake.report import Report
from netmodel.kernels.cluster import Rows as ClusterRows
from netmodel.kernels.cluster import leaders
from netmodel.presets import BANDS

Float = NDArray[np.float64]
Index = NDArray[np.int64]

WANTED = (
    "lon", "lat", "x", "y", "network", "kind", "site_id", "band", *RANGES, "antenna", "samples",
    "datum",
)  # fmt: skip
# Positions of radio cells are estimates from measurements, those of other lists are surveyed.
CLUSTER_M = {"cells": 100.0, "sites": 10.0}
_ALONE_M = 100_000.0  # from the next site: likely a coordinate mistaken
_LEAST_DEGREES = 1e-7  # about a centimeter, the height of a band where only copies are one site
_GROUPS = 1 << 32  # bands of latitude that a group has room for
_WGS84 = Geod(ellps="WGS84")


def import_sites(
    path: str | Path,
    out: str | Path,
    *,
    reading: Reading | None = None,
    cluster_m: float | None = None,
    people: People | None = None,
    overwrite: bool = False,
) -> Report:
    """Write a list of base stations ready for a scenario's `[sites] path`.

    Rows of a network and kind within `cluster_m` of a leader are one site, at the mean of their
    places weighted by `samples`; a row that has an azimuth or a band stays a row of its site.

    Parameters
    ----------
    path, out : path
        OUT is GeoParquet, GeoPackage, GeoJSON or CSV, by its suffix.
    reading : Reading, optional
    cluster_m : float, optional
        100 m for lists of radio cells (a `cell` column, such as OpenCelliD's), else 10 m.
    people : People, optional
        Sites outside their raster are dropped, and people by distance to a site reported.
    overwrite : bool

    Returns
    -------
    Report

    Raises
    ------
    DataError, InputError
        As `read_rows` and `placed_points`; kinds, bands and numbers that are none; nothing left.
    """
    reading, report = reading or Reading(), Report()
    place = Place.of(path, out, overwrite=overwrite)
    placed = placed_file(path, reading, WANTED, people, report)
    if placed.rows.form == "OpenCelliD":
        report.note("license of the list", "OpenCelliD, CC BY-SA 4.0; say so where it is shown")
    table = _checked(path, placed)
    table = _without_copies(table, placed, report)
    reach = _reach_m(cluster_m, "cell" in table.columns)
    sites = clustered(table, reach)
    _note_sites(sites, table, reach, report)
    if people is not None:
        note_people_within(people, sites["lon"].to_numpy(), sites["lat"].to_numpy(), report)
    write_points(sites, place)
    return report


def _checked(path: str | Path, placed: Placed) -> pd.DataFrame:
    """The rows with places, networks and kinds; other columns as a scenario takes them."""
    table = placed.rows.table
    check_known(path, "kind", words(table, "kind", "macro"), KINDS)
    check_known(path, "band", words(table, "band", ""), ("", *BANDS))
    check_numbers(path, table)
    check_networks_named(path, table)
    out = pd.DataFrame({"lon": placed.lon, "lat": placed.lat}, index=table.index)
    out["network"] = _networks(table)
    out["kind"] = words(table, "kind", "macro")
    for name in ("site_id", "band", "antenna"):
        if name in table.columns:
            out[name] = texts(table, name, "")
    for name in (*RANGES, "samples"):
        if name in table.columns:
            out[name] = pd.to_numeric(table[name], errors="coerce")
    for name in ("radio", "mcc", "area", "cell"):
        if name in table.columns:
            out[name] = table[name]
    return out


def _networks(table: pd.DataFrame) -> "pd.Series[str]":
    """Names of the networks; with their country's code where the list has several countries."""
    name = words(table, "network", "all").map(network_name)
    if "mcc" not in table.columns or table["mcc"].nunique() < 2:
        return name
    return words(table, "mcc", "") + "-" + name


def _without_copies(table: pd.DataFrame, placed: Placed, report: Report) -> pd.DataFrame:
    """The rows without those that repeat another, all columns of the file compared.

    Rows of a radio cell repeat it where country, network, area and cell are all known.
    """
    rows = placed.rows.table
    whole = rows.drop(columns="geometry", errors="ignore").assign(_x=placed.lon, _y=placed.lat)
    copies = whole.duplicated().to_numpy(copy=True)
    if {"mcc", "area", "cell"} <= set(table.columns):
        identity = [c for c in ("radio", "mcc", "network", "area", "cell") if c in table.columns]
        known = table[identity].notna().all(axis=1).to_numpy()
        copies |= known & table.duplicated(identity).to_numpy()
    report.drop("copies of a row before", placed.rows.number[copies])
    return table[~copies]


def _reach_m(given: float | None, of_cells: bool) -> float:
    """The distance within which rows are one site [m]."""
    if given is None:
        return CLUSTER_M["cells" if of_cells else "sites"]
    if not 0.0 <= given <= 10_000.0:
        raise InputError(f"--cluster-m {given:g}: expected 0 to 10000 m")
    return given


def clustered(table: pd.DataFrame, reach_m: float) -> pd.DataFrame:
    """Sites of rows, or their sectors: `site_id`, `network`, `lon`, `lat`, `kind`, `rows`, ...

    Parameters
    ----------
    table : DataFrame
        `lon`, `lat`, `network`, `kind`; `samples` weighs; `band` and `azimuth_deg` tell rows of a
        site apart.
    reach_m : float
    """
    weight = table["samples"].to_numpy(np.float64) if "samples" in table else np.ones(len(table))
    weight = np.where(weight > 0.0, weight, 1.0)
    group = np.asarray(table.groupby(["network", "kind"], sort=True).ngroup(), np.int64)
    lon, lat = table["lon"].to_numpy(np.float64), table["lat"].to_numpy(np.float64)
    found = clusters(lon, lat, group, weight, reach_m)
    site, first = _numbered(found)
    total = np.bincount(site, weight)
    # Offsets from the leader lose no digits; 1e-7 degrees is a centimeter.
    out = table.copy()
    for name, value in (("lon", lon), ("lat", lat)):
        shift = np.bincount(site, weight * (value - value[found])) / total
        out[name] = (value[found] + shift[site]).round(7)
    out["site_id"] = _site_ids(table, site, first)
    out["rows"] = np.bincount(site)[site]
    leader_first = np.argsort(np.arange(len(table)) != found, kind="stable")
    told = ["network", "kind", *(c for c in ("band", "azimuth_deg") if c in out.columns)]
    kept = out.assign(_site=site).iloc[leader_first].drop_duplicates(["_site", *told])
    kept = kept.sort_values("_site", kind="stable")
    order = ["site_id", "network", "lon", "lat", "kind"]
    more = [c for c in ("band", *RANGES, "antenna") if c in kept.columns]
    return kept[[*order, *more, "rows"]].reset_index(drop=True)


def clusters(lon: Float, lat: Float, group: Index, weight: Float, reach_m: float) -> Index:
    """Leader of each point, which is of the same group and within reach; the heaviest lead.

    Parameters
    ----------
    lon, lat : (point,)
        WGS 84 [degrees].
    group : (point,)
        From 0 on.
    weight : (point,)
        Of equal ones the most western leads, then the most southern, whatever their order.
    reach_m : float
    """
    # A degree of latitude is 110.57 km or more.
    band = np.floor((lat + 90.0) / max(reach_m / 110_000.0, _LEAST_DEGREES)).astype(np.int64)
    key = group * _GROUPS + band
    by_row = np.lexsort((lat, lon, key))
    keys, start = np.unique(key[by_row], return_index=True)
    sine = np.sin(np.radians(lat[by_row]))
    w2 = 1.0 - _WGS84.es * sine * sine
    rows = ClusterRows(
        np.append(start, lon.size).astype(np.int64),
        keys,
        lon[by_row],
        lat[by_row],
        np.radians(_WGS84.a / np.sqrt(w2)) * np.sqrt(1.0 - sine * sine),
        np.radians(_WGS84.a * (1.0 - _WGS84.es) / (w2 * np.sqrt(w2))),
    )
    order = np.lexsort((lat[by_row], lon[by_row], -weight[by_row]))
    leader = np.empty(lon.size, np.int64)
    leader[by_row] = by_row[leaders(rows, order, reach_m)]
    return leader


class _Numbered(NamedTuple):
    """Sites by the file's order: number of each row's site, first row of each site."""

    site: Index
    first: Index


def _numbered(leader: Index) -> _Numbered:
    _, first, inverse = np.unique(leader, return_index=True, return_inverse=True)
    by_first = np.argsort(first, kind="stable")
    rank = np.empty(first.size, np.int64)
    rank[by_first] = np.arange(first.size)
    return _Numbered(rank[inverse], first[by_first])


def _site_ids(table: pd.DataFrame, site: Index, first: Index) -> NDArray[np.object_]:
    """The list's own ids where each names one site, else network and a number."""
    if "site_id" in table.columns:
        own = table["site_id"].to_numpy(object)[first]
        if (own != "").all() and len(set(own)) == own.size:
            return own[site]
    network = table["network"].to_numpy(object)[first]
    digits = len(str(first.size))
    made = [f"{n}-{k + 1:0{digits}d}" for k, n in enumerate(network)]
    return np.array(made, object)[site]


def _note_sites(sites: pd.DataFrame, table: pd.DataFrame, reach: float, report: Report) -> None:
    """What was made of the rows."""
    one = sites.drop_duplicates(["site_id", "network", "kind"])
    report.note("rows kept", len(table))
    report.note("clustering distance [m]", reach)
    report.note("sites", len(one))
    if "site_id" in table.columns:
        gone = set(table["site_id"]) - set(one["site_id"])
        if not set(one["site_id"]) <= set(table["site_id"]):
            report.note("site ids", "numbered, the file's own name several sites or none")
        elif gone:
            text = f"{len(gone):,}, such as {min(gone)}; a smaller --cluster-m keeps them"
            report.note("site ids within reach of another's", text)
    if len(sites) > len(one):
        report.note("sectors or bands of them", len(sites))
    by_network = one["network"].value_counts().sort_index()
    text = ", ".join(f"{name}: {count:,}" for name, count in by_network.head(8).items())
    more = f" and {len(by_network) - 8} more" if len(by_network) > 8 else ""
    report.note("sites by network", text + more)
    report.note("most rows at a site", int(sites["rows"].max()))
    alone = _alone(one["lon"].to_numpy(), one["lat"].to_numpy())
    if alone.any():
        k = int(np.argmax(alone))
        where = f"{one['lon'].iloc[k]:.4f}, {one['lat'].iloc[k]:.4f}"
        text = f"{int(alone.sum()):,} kept, the first {one['site_id'].iloc[k]} at {where}"
        report.note(f"outliers, {_ALONE_M / 1000:g} km from the next site", text)


def _alone(lon: Float, lat: Float) -> NDArray[np.bool_]:
    """Sites far from all others."""
    from scipy.spatial import KDTree

    if lon.size < 2:
        return np.zeros(lon.size, np.bool_)
    x, y = np.radians(lon), np.radians(lat)
    unit = np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])
    distance, _ = KDTree(unit).query(unit, k=2)
    return np.asarray(distance[:, 1] * _WGS84.a > _ALONE_M)
