"""The explicit mode over the nation: seconds against pixels, against sites, and in all.

Run by hand: `python benchmarks/explicit_scaling.py` takes some ten minutes on 2 cores. Pixels are
those of 100 m with at least 0.1 person of the embedded grid; a share of them is that share of the
tiles, spread evenly over the nation, and a share of the sites is that share of each network's.
`--co-channel` puts every one of the 718,000 stations of the nation on a site of its own with three
sectors, all 2.15 million of them on one carrier: no real network, the engine's worst case.
`--quick` is the smoke test of it.
"""

import argparse
import platform
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numba
import numpy as np

from netmodel._explicit import Sectors, Work, work_of
from netmodel._pixels import tile_layers
from netmodel._sectors import synthesised_sectors
from netmodel._stages import computed_stage, joined, open_inputs
from netmodel.scenario import Scenario

LAYERS = ("rsrp_dbm", "server", "sinr_db")


def scenario(area: str | None, co_channel: bool) -> Scenario:
    radio = {"mode": "explicit", "min_people_per_km2": 10.0, "layers": LAYERS}
    given = {"extends": "china-2020", "name": "scaling", "area": area, "radio": radio}
    if co_channel:
        one = {"indoor_share": 0.0, "gnb_per_macro_site": 1.0, "networks": {"all": 1.0}}
        given |= {"sites": one}
        given["radio"] |= {"bands": {}, "spectrum_mhz": {}}
    return Scenario.from_dict(given)


def prepared(given: Scenario) -> tuple[object, Sectors, object]:
    """Dataset, sectors and region of a scenario."""
    inputs, done = open_inputs(given), {}
    for name in ("population", "demand", "sites"):
        done[name] = computed_stage(name, inputs, done)
    ds = joined([done["population"], done["sites"]])
    tables = synthesised_sectors(ds, radio=given.radio, sites=given.sites, seed=given.seed)
    return ds, Sectors(tables, {}), inputs.region


def thinned(sectors: Sectors, share: float) -> Sectors:
    every = round(1.0 / share)
    tables = {
        k: t[t["site"] % every == 0].reset_index(drop=True) for k, t in sectors.tables.items()
    }
    return Sectors(tables, {})


def computed(work: Work, share: float) -> tuple[float, int]:
    """Seconds and pixels, of all carriers, of a share of the tiles."""
    every = round(1.0 / share)
    tiles = work.tiles[every // 2 :: every]

    def one(tile: object) -> int:
        found = tile_layers(tile, work.pixels, work.ground, work.carriers, work.radio)
        return 0 if found is None else int(np.isfinite(found[0]["rsrp_dbm"]).sum())

    begin = time.perf_counter()
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        pixels = sum(pool.map(one, tiles))
    return time.perf_counter() - begin, pixels


def report(name: str, work: Work, share: float) -> None:
    seconds, pixels = computed(work, share)
    n = sum(c.sectors.sector.shape[0] for c in work.carriers)
    per = 1e9 * seconds / max(pixels, 1)
    print(
        f"{name:<34} {n:>9,} sectors {pixels:>13,} pixels {seconds:>8.1f} s {per:>7.0f} ns a pixel"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a province, and few pixels of it")
    parser.add_argument("--co-channel", action="store_true", help="2.15 M sectors on one carrier")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {numba.get_num_threads()} threads")
    given = scenario("Hainan" if options.quick else None, options.co_channel)
    ds, sectors, region = prepared(given)
    work = work_of(ds, region.frame, region.wanted, sectors, given.radio, synthesised=True)
    computed(replace(work, tiles=work.tiles[:1]), 1.0)  # compiles
    name = "co-channel" if options.co_channel else "two carriers"
    for share in (0.25, 0.5) if options.quick else (0.01, 0.1, 1.0):
        report(f"{name}, {share:g} of the pixels", work, share)
    for share in (0.5,) if options.quick else (0.01, 0.1):
        few = work_of(
            ds, region.frame, region.wanted, thinned(sectors, share), given.radio, synthesised=True
        )
        report(f"{name}, {share:g} of the sites, a tenth of the pixels", few, 0.1)
    print(f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
