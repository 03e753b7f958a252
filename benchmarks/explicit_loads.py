"""The explicit mode's loads: how exact, how fast, in how much memory.

Run by hand, one part at a time, so that the peak memory is its own: `python
benchmarks/explicit_loads.py exact`, `province`, `country`; `--quick` is the smoke test of the
first two on a small area.

`exact` puts the loads into the sectors and lets `serve` evaluate the SINR at every pixel, with
every sector at its own load; rounds of that end at the exact fixed point. Against it stand all
pixels with listed links, and the quadrature points of a country. `province` times the listing and
the fixed point; `country` the stage of the whole nation. Demand is that of 5G without the coverage
stage: nobody is left out for want of signal beforehand.
"""

import argparse
import platform
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from unittest import mock

import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel import _explicit_capacity
from netmodel._explicit import Sectors, Work
from netmodel._explicit_capacity import Busy, asked_of, busy_hour, explicit_capacity, with_halo
from netmodel._load_points import Asked, _pixel_demand, listed_points
from netmodel._loads import (
    SERVED,
    _beam_gain_db,
    air_of,
    carrier_points,
    carriers_of_site,
    chain_of,
)
from netmodel._networks import network_names
from netmodel._pixels import HORIZON_M, Carrier, Points, room_for
from netmodel._settled import settled
from netmodel._stages import computed_stage, explicit_work, joined, open_inputs
from netmodel.kernels.chunk import LOAD
from netmodel.kernels.coupling import busy_time
from netmodel.kernels.server import Reach, serve
from netmodel.kernels.settling import parts_of, settle, unsettled
from netmodel.kernels.units import linear
from netmodel.presets import BANDS
from netmodel.scenario import Scenario

Float = NDArray[np.float64]
TOLERANCE = 1e-6
EXACT_TOLERANCE = 1e-5
ROUNDS = 10  # that are timed
MOST_ERROR = 0.01


@dataclass(frozen=True)
class Case:
    """An area with a halo around it, its sectors and what is asked of them."""

    work: Work
    sectors: Sectors
    busy: Busy
    inside: NDArray[np.bool_]
    scenario: Scenario

    def network(self, number: int) -> tuple[Carrier, pd.DataFrame]:
        """Carrier of a network, and the table of its sectors."""
        name = network_names(self.busy.ds)[number]
        carrier = next(c for c in self.work.carriers if c.network == name)
        return carrier, self.sectors.tables[carrier.name]

    def asked(self, number: int, most_pixels: int) -> Asked:
        """Demand of a network, at all pixels where there are no more than some."""
        with mock.patch.object(_explicit_capacity, "_MOST_PIXELS", most_pixels):
            return asked_of(self.work, self.busy, self.inside, number, self.per_site)

    @property
    def per_site(self) -> float:
        return self.scenario.sites.gnb_per_macro_site


def case_of(area: object, resolution_m: float = 100.0, times: float = 1.0) -> Case:
    """The reference case in explicit mode, its demand multiplied."""
    radio = {"mode": "explicit", "resolution_m": resolution_m}
    given = {"extends": "china-2020", "name": "loads", "area": area, "radio": radio}
    scenario = Scenario.from_dict(given)
    inputs, done = open_inputs(scenario), {}
    for name in ("population", "demand", "sites"):
        done[name] = computed_stage(name, inputs, done)
    work, sectors = explicit_work(inputs, done)
    busy = busy_hour(joined(list(done.values())), work, scenario.demand)
    busy = replace(busy, mbps=busy.mbps * times)
    around, inside = with_halo(work, busy)
    return Case(around, sectors, busy, inside, scenario)


# Exactness ---------------------------------------------------------------------------------------


class EveryPixel:
    """Requested loads of a carrier with every sector at its own load at every pixel."""

    def __init__(self, case: Case, carrier: Carrier, table: pd.DataFrame, asked: Asked) -> None:
        band = BANDS[str(table["band"].iloc[0])]
        self._carrier, self._chain = carrier, chain_of(band, case.work.radio)
        self._mhz = band.dl_mhz * carriers_of_site(table)
        self._noise_mw = carrier.noise_mw / linear(_beam_gain_db(band, case.work.radio))
        self._places = []
        for tile in case.work.tiles:
            demand = _pixel_demand(case.work, tile, asked)
            if (demand > 0.0).any():
                points = Points(case.work.pixels, tile, demand > 0.0)
                self._places.append((points, points.take(demand)))
        full = self._sinr_db(np.ones(self._mhz.size))
        self._places = [
            (points, np.where((server >= 0) & (linear_of(sinr) >= self._chain.sinr_min), d, 0.0))
            for (points, d), (server, sinr) in zip(self._places, full, strict=True)
        ]

    def _sinr_db(self, load: Float) -> list[tuple[NDArray[np.int32], Float]]:
        column = self._carrier.sectors.sector.copy()
        column[:, LOAD] = load
        sectors = self._carrier.sectors._replace(sector=column)

        def one(place: tuple[Points, Float]) -> tuple[NDArray[np.int32], Float]:
            points, out = place[0], room_for(place[0].x.size)
            side = points.block_m
            reach = Reach(side, max(HORIZON_M, side), self._noise_mw, 0.0, False, False)
            where = (points.x, points.y, points.start, points.matrix)
            serve(*where, sectors, self._carrier.bins, reach, out)
            return out.server, out.sinr_db.astype(np.float64)

        with ThreadPoolExecutor(numba.get_num_threads()) as pool:
            return list(pool.map(one, self._places))

    def wanted(self, load: Float) -> Float:
        """Requested loads at some loads (sector,)."""
        out = np.zeros(load.size)
        for (_, demand), (server, sinr_db) in zip(self._places, self._sinr_db(load), strict=True):
            at = np.maximum(server, 0)
            work = demand / self._mhz[at]
            out += np.bincount(at, busy_time(work, sinr_db, self._chain), load.size)
        return out

    def demand(self) -> Float:
        """Demand in service (sector,)."""
        out = np.zeros(self._mhz.size)
        servers = self._sinr_db(np.ones(out.size))
        for (_, demand), (server, _) in zip(self._places, servers, strict=True):
            out += np.bincount(np.maximum(server, 0), demand, out.size)
        return out

    def solved(self, load: Float) -> tuple[Float, Float, int]:
        """Loads and requested loads by rounds from some loads."""
        moved, rounds = np.inf, 0
        while moved >= EXACT_TOLERANCE:
            wanted = self.wanted(load)
            after = np.minimum(wanted, 1.0)
            moved, load, rounds = np.abs(after - load).max(), after, rounds + 1
        return load, wanted, rounds


def linear_of(db: Float) -> Float:
    return np.asarray(10.0 ** (db / 10.0))


class Listed:
    """Points of a network's only carrier, and the seconds of each step."""

    def __init__(self, case: Case, number: int, most_pixels: int) -> None:
        self._work = case.work
        self._carrier, self._table = case.network(number)
        begin, cpu = time.perf_counter(), time.process_time()
        (listed,) = listed_points(case.work, [self._carrier], case.asked(number, most_pixels))
        self._places = listed.places
        self.points = carrier_points(case.work, self._carrier, self._table, listed, None)
        self.listing_s, self.listing_cpu_s = time.perf_counter() - begin, time.process_time() - cpu

    def solved(self) -> tuple[Float, Float]:
        """Loads and requested loads, as the stage has them."""
        begin, cpu = time.perf_counter(), time.process_time()
        air = air_of(self._work, self._carrier, self._table, self._places)
        state = settled(air, self.points).state
        self.solving_s, self.solving_cpu_s = time.perf_counter() - begin, time.process_time() - cpu
        return state.load, state.wanted


def mean_error(found: Float, exact: Float, demand: Float) -> float:
    """Of the mean load by demand, as a share of it."""
    return float((demand @ found) / (demand @ exact) - 1.0)


def errors(found: Float, exact: Float, demand: Float) -> str:
    """Of the mean by demand, and of sectors."""
    used = demand > 0.0
    weight = demand[used] / demand[used].sum()
    relative = found[used] / exact[used] - 1.0
    mean = mean_error(found[used], exact[used], weight)
    off = (weight @ np.abs(found[used] - exact[used])) / (weight @ exact[used])
    order = np.argsort(relative)
    at = np.searchsorted(np.cumsum(weight[order]), (0.05, 0.5, 0.95))
    low, middle, high = relative[order][np.minimum(at, order.size - 1)]
    return (
        f"mean {100 * mean:+.3f} %, sectors 5/50/95 % of demand {100 * low:+.2f} "
        f"{100 * middle:+.2f} {100 * high:+.2f} %, mean absolute {100 * off:.2f} %"
    )


def exactness(area: object, resolution_m: float, times: float) -> float:
    """The greatest error of a mean load, as a share of it."""
    worst = 0.0
    case = case_of(area, resolution_m, times)
    for number, name in enumerate(network_names(case.busy.ds)):
        carrier, table = case.network(number)
        everywhere = case.asked(number, 10**12)
        found = {}
        for kind, most in (("all pixels", 10**12), ("quadrature", 0)):
            listed = Listed(case, number, most)
            points, loads = listed.points, listed.solved()
            quality = points.demand_mbps[points.state != SERVED].sum() / points.demand_mbps.sum()
            found[kind] = (points.cell.size, quality, *loads)
        pixels = EveryPixel(case, carrier, table, everywhere)
        start = time.perf_counter()
        load, wanted, rounds = pixels.solved(np.zeros(len(table)))
        seconds, demand = time.perf_counter() - start, pixels.demand()
        mean = demand @ load / demand.sum()
        print(
            f"{name}, {times:g} x demand: exact mean load {mean:.4f}, {(wanted > 1).sum()} of "
            f"{(demand > 0).sum()} sectors overloaded, {rounds} rounds, {seconds:.0f} s"
        )
        for kind, (n, quality, of_load, of_wanted) in found.items():
            print(f"  {kind}: {n:,} points, {100 * quality:.2f} % of demand out of service")
            print(f"    load      {errors(of_load, load, demand)}")
            print(f"    requested {errors(of_wanted, wanted, demand)}")
            worst = max(worst, abs(mean_error(of_load, load, demand)))
    return worst


# Speed -------------------------------------------------------------------------------------------


def copy_gb_per_s() -> float:
    """Bytes read and written by a copy on all threads."""
    n = numba.get_num_threads()
    parts = [(np.ones(2**25), np.zeros(2**25)) for _ in range(n)]

    def run(pool: ThreadPoolExecutor) -> float:
        begin = time.perf_counter()
        list(pool.map(lambda p: np.copyto(p[1], p[0]), parts))
        return time.perf_counter() - begin

    with ThreadPoolExecutor(n) as pool:
        seconds = min(run(pool) for _ in range(5))
    return n * 2 * parts[0][0].nbytes / seconds / 1e9


def province(area: object, resolution_m: float, times: float, number: int = 0) -> None:
    begin = time.perf_counter()
    case = case_of(area, resolution_m, times)
    print(f"inputs and sectors {time.perf_counter() - begin:.1f} s")
    carrier, table = case.network(number)
    listed = Listed(case, number, 40_000_000)
    points, blocks = listed.points, np.arange(listed.points.first.size - 1, dtype=np.int32)
    parts = parts_of(points.links, points.first, blocks, len(table))
    state = unsettled(points.links, parts, np.zeros(len(table)))
    settle(points.links, points.field, points.chain, parts, state, 0.0, 1)  # compiles
    load, _ = listed.solved()
    begin = time.perf_counter()
    settle(points.links, points.field, points.chain, parts, state, 0.0, ROUNDS)
    seconds = time.perf_counter() - begin
    n, links = points.cell.size, points.links
    size = sum(part.nbytes for part in links) / n + 8 + 4 + 8  # time of a point: write, and sum
    per = 1e9 * seconds / ROUNDS / n
    copy = copy_gb_per_s()
    used = np.bincount(links.server, links.work > 0, len(table)) > 0
    print(
        f"{carrier.name} of {area}: {used.sum():,} sectors with demand, {n:,} points, "
        f"{links.sector.size / n:.1f} interferers a point; listing {listed.listing_s:.1f} s "
        f"({listed.listing_cpu_s:.1f} s of CPU), fixed point {listed.solving_s:.1f} s "
        f"({listed.solving_cpu_s:.1f} s of CPU), mean load {load[used].mean():.3f}"
    )
    print(
        f"  {per:.1f} ns and {size:.0f} bytes a point and round: {size / per:.1f} GB/s, "
        f"copying does {copy:.1f} GB/s"
    )


def country() -> None:
    begin = time.perf_counter()
    given = {"extends": "china-2020", "name": "loads", "radio": {"mode": "explicit"}}
    scenario = Scenario.from_dict(given)
    inputs, done = open_inputs(scenario), {}
    for name in ("population", "demand", "sites"):
        done[name] = computed_stage(name, inputs, done)
    work, sectors = explicit_work(inputs, done)
    print(f"inputs and sectors {time.perf_counter() - begin:.0f} s, peak {peak_gib():.2f} GiB")
    begin = time.perf_counter()
    ds = joined(list(done.values()))
    found = explicit_capacity(
        ds, work, sectors, sites=scenario.sites, demand=scenario.demand, report=progress()
    )
    figures = pd.concat(found.sectors.values())
    print(
        f"stage {time.perf_counter() - begin:.0f} s, {time.process_time():.0f} s of CPU in all, "
        f"{figures['load'].notna().sum():,} sectors "
        f"with demand, mean load {figures['load'].mean():.3f}, peak {peak_gib():.2f} GiB"
    )


def progress():
    begin = time.perf_counter()

    def report(done: int, total: int) -> None:
        if done in (1, total) or done % max(total // 10, 1) == 0:
            print(
                f"  tile {done} of {total}, {time.perf_counter() - begin:.0f} s, "
                f"peak {peak_gib():.2f} GiB",
                flush=True,
            )

    return report


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("exact", "province", "country"), nargs="?")
    parser.add_argument("--quick", action="store_true", help="a small area of few pixels")
    parser.add_argument("--area", default=None)
    parser.add_argument("--times", type=float, nargs="+", default=[1.0, 8.0], help="demand times")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {numba.get_num_threads()} threads")
    area, side = options.area or "Hainan", 100.0
    if options.quick:
        area, side = (110.2, 19.9, 110.5, 20.1), 500.0
    if options.quick or options.part == "exact":
        worst = max(exactness(area, side, times) for times in options.times)
        if worst > MOST_ERROR:
            raise SystemExit(f"error of {100 * worst:.2f} % of load, of at most 1 %")
    if options.quick or options.part == "province":
        province(area if options.quick else options.area or "Jiangsu", side, 1.0)
    if options.part == "country":
        country()
    print(f"peak {peak_gib():.2f} GiB")


if __name__ == "__main__":
    main()
