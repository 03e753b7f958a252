"""What-if of one site on a finished province: seconds of rasters and loads, and what differs.

Run by hand: `python benchmarks/what_if.py` (Jiangsu at 100 m, some minutes on 2 cores); `--quick`
is the smoke test on a small area. The site with the median and the one with the greatest number of
sites around it are removed, retilted and given another carrier, and one is added beside each.
Against that stand all tiles of the window computed again from the edited sectors, to the last bit,
and the loads solved again from nothing.
"""

import argparse
import platform
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
from scipy.spatial import cKDTree

from netmodel._explicit import Sectors
from netmodel._pixels import tile_layers
from netmodel._run import run_into
from netmodel._what_if import Study, WhatIf, what_if
from netmodel._what_if_loads import hold_loads
from netmodel.scenario import Scenario

AROUND_M = 10_000.0
MOST_OFF = 1e-5


def finished_run(area: object, resolution_m: float, folder: Path) -> Path:
    """The reference case in explicit mode, its stages only."""
    radio = {"mode": "explicit", "resolution_m": resolution_m}
    given = {"extends": "china-2020", "name": "what-if", "area": area, "radio": radio}
    begin = time.perf_counter()
    run_into(Scenario.from_dict(given), folder, stages="core")
    print(f"run of {area} at {resolution_m:g} m: {time.perf_counter() - begin:.0f} s")
    return folder


def sites(study: Study) -> dict[str, dict[str, object]]:
    """The first network's site with the median, and with the most, sites around."""
    table = study.run.table
    own = table[table["in_area"] & (table["carrier"] == table["carrier"].iloc[0])]
    place = own.drop_duplicates("site")
    tree = cKDTree(place[["x", "y"]])
    around = tree.query_ball_point(place[["x", "y"]], AROUND_M, return_length=True)
    order = np.argsort(around, kind="stable")
    chosen = {"median": order[order.size // 2], "densest": order[-1]}
    return {
        f"{name} site ({around[k]} within 10 km)": dict(place.iloc[k]) for name, k in chosen.items()
    }


def edits(site: dict[str, object]) -> dict[str, list[dict[str, object]]]:
    at = {"network": site["network"], "site": int(str(site["site"]))}
    near = {"lon": float(str(site["lon"])) + 0.002, "lat": float(str(site["lat"]))}
    return {
        "remove": [{"action": "remove", **at}],
        "add": [{"action": "add", "network": site["network"], **near}],
        "retilt": [{"action": "retilt", **at, "tilt_deg": 12.0}],
        "upgrade": [{"action": "upgrade", **at, "carriers": 2.0}],
    }


def pixels_off(after: WhatIf) -> int:
    """Pixels of the window that another computation of its tiles has otherwise."""
    work, off = after.edited.window, 0
    assert work is not None
    now = {change.number: change for change in after.changes}
    carriers = [now[k].carrier if k in now else c for k, c in enumerate(work.carriers)]
    work = replace(work, carriers=carriers)
    for tile in work.tiles:
        found = tile_layers(tile, work.pixels, work.ground, work.carriers, work.radio)
        if found is None:
            continue
        for name, layer in found[0].items():
            ours = after.edited.layers(tile)[name]
            for k, change in now.items():
                if name == "server":
                    number = change.edited.table["sector"].to_numpy(np.int32)
                    layer[k] = np.where(layer[k] >= 0, number[layer[k]], layer[k])
            off += int((~((ours == layer) | (np.isnan(ours) & np.isnan(layer)))).sum())
    return off


def loads_off(after: WhatIf) -> float:
    """The greatest difference of a load from that of a stage begun from nothing."""
    run = after.study.run
    tables = dict(run.sectors.tables) | {c.carrier.name: c.edited.table for c in after.changes}
    now = {change.number: change.carrier for change in after.changes}
    carriers = [now.get(k, c) for k, c in enumerate(run.work.carriers)]
    whole = hold_loads(
        run.domain, replace(run.work, carriers=carriers), Sectors(tables, run.sectors.antennas),
        run.inputs.scenario,
    )  # fmt: skip
    ours, theirs = after.loads.figures, whole.figures
    return max(
        float(np.nanmax(np.abs(ours[name][k] - theirs[name][k])))
        for name in ours
        for k in ("load", "uplink_load")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small area of few pixels")
    parser.add_argument("--area", default="Jiangsu")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {numba.get_num_threads()} threads")
    area, side = ((110.2, 19.9, 110.5, 20.1), 250.0) if options.quick else (options.area, 100.0)
    with tempfile.TemporaryDirectory() as temporary:
        folder = finished_run(area, side, Path(temporary) / "run")
        begin = time.perf_counter()
        study = what_if(folder)
        opened = time.perf_counter()
        _ = study.loads
        held = time.perf_counter() - opened
        print(f"opened in {opened - begin:.1f} s, its loads in {held:.1f} s")
        warm = edits(next(iter(sites(study).values())))
        _ = study.after(warm["remove"]).loads  # compiles
        worst_pixels, worst_load = 0, 0.0
        for name, site in sites(study).items():
            for action, rows in edits(site).items():
                begin = time.perf_counter()
                after = study.after(rows)
                _ = after.coverage
                rasters = time.perf_counter()
                _ = after.loads
                loads = time.perf_counter()
                off = pixels_off(after)
                worst_pixels = max(worst_pixels, off)
                said = ""
                if action in ("remove", "add"):
                    of_load = loads_off(after)
                    worst_load, said = max(worst_load, of_load), f", loads {of_load:.0e} off"
                print(
                    f"{name}, {action}: rasters {rasters - begin:.2f} s, loads "
                    f"{loads - rasters:.2f} s; {off} pixels differ{said}",
                    flush=True,
                )
    if worst_pixels or worst_load > MOST_OFF:
        raise SystemExit(f"{worst_pixels} pixels differ, a load by {worst_load:.1e}")


if __name__ == "__main__":
    main()
