"""Demand and capacity of areas: cdcam 1.0.1 and netmodel on the same synthetic areas.

cdcam builds one `cdcam.model.PostcodeSector` per area, and all its formulas run while it is built:
`_calculate_user_demand` and `demand` (GB per month to Mbit/s per km2 in the busy hour),
`lookup_clutter_geotype` (settlement class by population density), `_calculate_site_density_*`
(sites per km2, each site once), and `_macrocell_site_capacity` and `small_cell_capacity`, which
add `lookup_capacity` (`interpolate` between the points of a table) over six macrocell and two
small-cell carriers. netmodel does the same with `mean_rate_bps`, `peak_to_mean` and `curve_value`.

Why it is fair: both get the same areas and assets in their own form (dicts; arrays), made outside
the timer and grouped by area already. Both count distinct sites from the assets and deliver the
same eight results per area, all compared, on one thread each. cdcam runs without garbage
collection, which only helps it. netmodel compiles outside the timer; the seconds are printed.
The advantage of arrays over dicts of strings is part of the ratio: packing cdcam's dicts into
arrays is not timed. The tables have ten points, which cdcam scans; its own example has four.

Habits of cdcam that are kept: `demand_density` divides by the area twice; below the first point
of a table the capacity is 0, not the first value; small cells with 26 GHz count once more as one
26 GHz macrocell site. Its wheel has no tables, so they are made here in its documented form. It
imports `pkg_resources`, so it needs setuptools < 82.
"""

import argparse
import gc
import platform
import statistics
import sys
import time
from importlib.metadata import version

import numba
import numpy as np

from netmodel.kernels._jit import kernel
from netmodel.kernels.demand import mean_rate_bps, peak_to_mean
from netmodel.kernels.lookup import curve_value

TOLERANCE = 1e-9
PEER_REPEATS, REPEATS = 3, 9
PARAMETERS = {
    "market_share": 0.3,
    "busy_hour_traffic_percentage": 20,
    "penetration": 80,
    "channel_bandwidth_700": "10",
    "channel_bandwidth_800": "10",
    "channel_bandwidth_1800": "10",
    "channel_bandwidth_2600": "10",
    "channel_bandwidth_3500": "40",
    "channel_bandwidth_3700": "40",
    "channel_bandwidth_26000": "200",
}
CLUTTER = [(0.0, "rural"), (782.0, "suburban"), (7959.0, "urban")]
CLASSES = [name for _, name in CLUTTER]
MACRO_BANDS = ["700", "800", "1800", "2600", "3500", "26000"]
MICRO_BANDS = ["3700", "26000"]
CARRIERS = [("macro", band) for band in MACRO_BANDS] + [("micro", band) for band in MICRO_BANDS]
SITES_PER_KM2 = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]

# What an asset is made of: cdcam's type and frequencies. The first four are put on every site,
# the next four on half of them as a second asset, the last two are small cells.
KINDS = [
    ("macrocell_site", []),
    ("macrocell_site", ["800"]),
    ("macrocell_site", ["800", "2600"]),
    ("macrocell_site", ["800", "1800", "2600"]),
    ("macrocell_site", ["700"]),
    ("macrocell_site", ["800", "3500"]),
    ("macrocell_site", ["700", "3500"]),
    ("macrocell_site", ["700", "3500", "26000"]),
    ("small_cell", ["3700"]),
    ("small_cell", ["3700", "26000"]),
]
# The same in bits: one per macrocell band, then macrocell site, then small cell.
MACRO_SITE, SMALL_CELL = len(MACRO_BANDS), len(MACRO_BANDS) + 1
CARRIER_BIT = np.array([*range(len(MACRO_BANDS)), SMALL_CELL, SMALL_CELL])
KIND_BITS = np.array(
    [
        sum(1 << MACRO_BANDS.index(band) for band in bands if band in MACRO_BANDS)
        + (1 << (MACRO_SITE if kind == "macrocell_site" else SMALL_CELL))
        for kind, bands in KINDS
    ]
)


def synthetic_areas(n):
    """Areas as arrays, and their assets grouped by area: `start[i]:start[i + 1]` for area i."""
    rng = np.random.default_rng(20)
    # Round sizes put many densities exactly on a point of the tables or on a class's edge.
    area_km2 = np.maximum(np.round(rng.lognormal(1.5, 1.2, n), 1), 0.1)
    density = 10 ** rng.uniform(0.5, 4.5, n)
    density[::50], density[1::50] = CLUTTER[1][0], CLUTTER[2][0]
    area_km2[::50] = area_km2[1::50] = 2.0
    area_km2[2::50] = 1.0 / SITES_PER_KM2[0]
    macro_sites, small_cells = rng.poisson(2.5, n), rng.poisson(0.5, n)

    site_area = np.repeat(np.arange(n), macro_sites)
    site = np.arange(site_area.size, dtype=np.int32)
    second = rng.random(site.size) < 0.5
    cell_area = np.repeat(np.arange(n), small_cells)
    asset_area = np.concatenate([site_area, site_area[second], cell_area])
    # cdcam builds all small cells under one site name.
    asset_site = np.concatenate([site, site[second], np.full(cell_area.size, -1, np.int32)])
    kind = np.concatenate(
        [
            rng.integers(0, 4, site.size),
            rng.integers(4, 8, second.sum()),
            rng.integers(8, 10, cell_area.size),
        ]
    )
    order = np.argsort(asset_area, kind="stable")
    return {
        "population": np.round(density * area_km2),
        "area_km2": area_km2,
        "throughput_gb": np.round(rng.uniform(1.0, 12.0, n), 2),
        "start": np.concatenate([[0], np.cumsum(np.bincount(asset_area, minlength=n))]),
        "site": asset_site[order],
        "kind": kind[order],
    }


def table_key(environment, cell_type, band):
    generation = "4G" if band in ("800", "1800", "2600") else "5G"
    return environment, cell_type, band, PARAMETERS[f"channel_bandwidth_{band}"], generation


def capacity_table():
    """A synthetic table in the form that cdcam documents: (sites per km2, Mbit/s per km2)."""
    table = {}
    for rank, environment in enumerate(CLASSES):
        for cell_type, band in CARRIERS:
            key = table_key(environment, cell_type, band)
            per_site = 3 * float(key[3]) * (1.0 + 0.25 * rank + 800.0 / (int(band) + 800.0))
            table[key] = [(at, per_site * at / (1.0 + 0.05 * at)) for at in SITES_PER_KM2]
    return table


def cdcam_inputs(areas):
    """One pair (data, assets) per area, as cdcam's NetworkManager would hand them on."""
    columns = [areas[name].tolist() for name in ("population", "area_km2", "throughput_gb")]
    start, site, kind = (areas[name].tolist() for name in ("start", "site", "kind"))
    pairs = []
    for i, (population, area_km2, throughput_gb) in enumerate(zip(*columns, strict=True)):
        data = {
            "id": i,
            "lad_id": 0,
            "population": int(population),
            "area_km2": area_km2,
            "user_throughput": throughput_gb,
        }
        assets = [
            {
                "pcd_sector": i,
                "site_ngr": f"site_{site[k]}" if site[k] >= 0 else "small_cell_site",
                "technology": "",
                "frequency": KINDS[kind[k]][1],
                "type": KINDS[kind[k]][0],
                "build_date": 2020,
            }
            for k in range(start[i], start[i + 1])
        ]
        pairs.append((data, assets))
    return pairs


def cdcam_areas(postcode_sector, pairs, table):
    return [postcode_sector(data, assets, table, CLUTTER, PARAMETERS) for data, assets in pairs]


def cdcam_results(sectors):
    """What the sectors hold, as arrays."""
    names = (
        "user_demand",
        "demand",
        "demand_density",
        "population_density",
        "site_density_macrocells",
        "site_density_small_cells",
        "capacity",
    )
    results = {name: np.array([getattr(s, name) for s in sectors], float) for name in names}
    code = {name: i for i, name in enumerate(CLASSES)}
    results["clutter"] = np.array([code[s.clutter_environment] for s in sectors], float)
    return results


def netmodel_inputs(areas, table):
    """The columns, the assets' bits and the curves (carrier, class, point)."""
    curves = [
        [[capacity for _, capacity in table[table_key(name, *carrier)]] for name in CLASSES]
        for carrier in CARRIERS
    ]
    columns = [areas[name] for name in ("population", "area_km2", "throughput_gb")]
    assets = (areas["start"], areas["site"], KIND_BITS[areas["kind"]])
    return (*columns, *assets, np.array(SITES_PER_KM2), np.array(curves))


@kernel
def site_density(start, site, bits, area_km2):
    """Sites per km2 (area, bit); a site with several assets counts once, small cells each.

    Parameters
    ----------
    start : (area + 1,)
        Assets of area i are `start[i]:start[i + 1]`.
    site, bits : (asset,)
    area_km2 : (area,)
    """
    out = np.zeros((area_km2.size, SMALL_CELL + 1))
    for i in range(area_km2.size):
        for k in range(start[i], start[i + 1]):
            new = bits[k]
            for earlier in range(start[i], k):
                if site[earlier] == site[k]:
                    new &= ~bits[earlier]
            for bit in range(SMALL_CELL):
                out[i, bit] += (new >> bit) & 1
            out[i, SMALL_CELL] += (bits[k] >> SMALL_CELL) & 1
        for bit in range(SMALL_CELL + 1):
            out[i, bit] /= area_km2[i]
    return out


@kernel
def carrier_capacity(clutter, density, carrier_bit, axis, curves):
    """Sum over the carriers of the value of the class's curve; 0 below the first point.

    Parameters
    ----------
    clutter : (area,)
    density : (area, bit)
    carrier_bit : (carrier,)
        Whose density counts.
    axis : (point,)
    curves : (carrier, class, point)
    """
    out = np.zeros(clutter.size)
    for i in range(clutter.size):
        for carrier in range(carrier_bit.size):
            at = density[i, carrier_bit[carrier]]
            if at >= axis[0]:
                out[i] += curve_value(curves[carrier, clutter[i]], axis, at)
    return out


def netmodel_areas(population, area_km2, throughput_gb, start, site, bits, axis, curves):
    """The same results, with arrays over all areas."""
    share = PARAMETERS["busy_hour_traffic_percentage"] / 100
    # cdcam's GB has 1024 MB of 1e6 bytes, and its month 30 equal days.
    mbps_per_gb = mean_rate_bps(1.0, 1024e6, 30.0) * peak_to_mean(1.0, share) / 1e6
    user_demand = throughput_gb * mbps_per_gb
    users = population * (PARAMETERS["penetration"] / 100 * PARAMETERS["market_share"])
    demand = users * user_demand / area_km2

    population_density = population / area_km2
    clutter = (population_density >= CLUTTER[1][0]).astype(np.int8)
    clutter += population_density > CLUTTER[2][0]

    density = site_density(start, site, bits, area_km2)
    return {
        "user_demand": user_demand,
        "demand": demand,
        "demand_density": demand / area_km2,
        "population_density": population_density,
        "site_density_macrocells": density[:, MACRO_SITE],
        "site_density_small_cells": density[:, SMALL_CELL],
        "capacity": carrier_capacity(clutter, density, CARRIER_BIT, axis, curves),
        "clutter": clutter,
    }


def greatest_difference(expected, got):
    """Greatest relative difference over all areas; a NaN on either side gives NaN."""
    scale = np.maximum(np.abs(expected), np.abs(got))
    return float(np.max(np.abs(expected - got) / np.where(scale == 0.0, 1.0, scale)))


def median_seconds(repeats, function, *arguments):
    """Median time, and the result of the last run."""
    times = []
    for _ in range(repeats):
        result = None  # Freed before the next run, outside the timer.
        begin = time.perf_counter()
        result = function(*arguments)
        times.append(time.perf_counter() - begin)
    return statistics.median(times), result


def main():
    parser = argparse.ArgumentParser(description="cdcam and netmodel on the same areas")
    parser.add_argument("--areas", type=int, default=200_000)
    parser.add_argument("--quick", action="store_true", help="2,000 areas")
    arguments = parser.parse_args()
    n = 2000 if arguments.quick else arguments.areas
    try:
        from cdcam.model import PostcodeSector
    except ImportError as error:
        print(f"skipped: cdcam cannot be imported ({error})")
        return 0

    areas, table = synthetic_areas(n), capacity_table()
    pairs, work = cdcam_inputs(areas), netmodel_inputs(areas, table)

    gc.disable()
    peer_s, sectors = median_seconds(PEER_REPEATS, cdcam_areas, PostcodeSector, pairs, table)
    gc.enable()
    expected = cdcam_results(sectors)

    first_s, _ = median_seconds(1, netmodel_areas, *work)
    own_s, got = median_seconds(REPEATS, netmodel_areas, *work)

    differences = {name: greatest_difference(expected[name], got[name]) for name in expected}
    agree = all(difference <= TOLERANCE for difference in differences.values())

    print(
        f"areas: {n}, assets: {areas['kind'].size}, without capacity: "
        f"{np.sum(expected['capacity'] == 0.0)}"
    )
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}, "
        f"cdcam {version('cdcam')}; one thread each"
    )
    print(f"cdcam: {peer_s:.3f} s, {n / peer_s:,.0f} areas/s (median of {PEER_REPEATS})")
    print(f"netmodel: {own_s:.5f} s, {n / own_s:,.0f} areas/s (median of {REPEATS})")
    print(f"netmodel's first call, which compiles: {first_s:.2f} s, not in the ratio")
    for name, difference in differences.items():
        print(f"greatest relative difference of {name}: {difference:.2g}")
    print(
        f"greatest of all: {np.max(list(differences.values())):.2g}, "
        f"{'within' if agree else 'NOT within'} {TOLERANCE:g}"
    )
    print(f"ratio: {peer_s / own_s:.1f}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
