"""The next sites of a finished province: seconds of each step, for thousands of candidates.

Run by hand: `python benchmarks/siting.py` (Jiangsu at 100 m, 10,000 candidates where people live,
by people); `--quick` is the smoke test on a small area. The choice itself is held against NumPy's
by `peers/greedy_numpy.py`.
"""

import argparse
import platform
import resource
import tempfile
import time
from pathlib import Path

import numba
import numpy as np
import pandas as pd
import xarray as xr

from netmodel._candidates import read_candidates
from netmodel._next_sites import reach_of
from netmodel._reopened import reopened
from netmodel._run import run_into
from netmodel._siting import chosen_sites
from netmodel._siting_points import people_points
from netmodel.grids.layers import grid_of
from netmodel.scenario import Scenario


def candidates(population: xr.Dataset, network: str, n: int, seed: int = 0) -> pd.DataFrame:
    """Places in inhabited cells, any of them alike."""
    rng, grid = np.random.default_rng(seed), grid_of(population)
    inhabited = np.flatnonzero(np.nan_to_num(population.people.values) > 0.0)
    row, column = np.divmod(rng.choice(inhabited, n), grid.shape[1])
    # Within nine tenths of the cell: none on its edge.
    x, y = (
        centers.values[at] + rng.uniform(-0.45, 0.45, n) * abs(grid.affine.a)
        for centers, at in ((population.x, column), (population.y, row))
    )
    lon, lat = grid.lonlat(x, y)
    return pd.DataFrame({"lon": lon, "lat": lat, "network": network})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small area, few candidates")
    parser.add_argument("--area", default="Jiangsu")
    parser.add_argument("-n", type=int, default=10_000, help="candidates")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {numba.get_num_threads()} threads")
    area, side, n = options.area, 100.0, options.n
    if options.quick:
        area, side, n = (110.2, 19.9, 110.5, 20.1), 250.0, 50
    radio = {"mode": "explicit", "resolution_m": side}
    given = {"extends": "china-2020", "name": "siting", "area": area, "radio": radio}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "run"
        run_into(Scenario.from_dict(given), folder, stages="coverage")
        run = reopened(folder)
        network = str(run.table["network"].iloc[0])
        table = candidates(run.groups["population"].to_dataset(), network, n)
        few = read_candidates(table.head(2), run)
        points = people_points(run)
        chosen_sites(reach_of(run, few, points), points.weight[0], count=1)  # compiles
        begin = time.perf_counter()
        points = people_points(run)
        gathered = time.perf_counter()
        reach = reach_of(run, read_candidates(table, run), points)
        reached = time.perf_counter()
        chosen = chosen_sites(reach, points.weight[0], count=max(n // 10, 1))
        done = time.perf_counter()
    pairs = np.size(reach.point)
    print(
        f"{n:,} candidates of {area}, {points.places.x.size:,} points: points "
        f"{gathered - begin:.1f} s, reach {reached - gathered:.1f} s ({pairs:,} pairs, "
        f"{1e9 * (reached - gathered) / pairs:.0f} ns each), choice of {len(chosen):,} "
        f"{done - reached:.2f} s"
    )
    left = points.weight.sum()
    print(
        f"{chosen['cumulative_people'].iloc[-1]:,.0f} of {left:,.0f} people gained; peak "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"
    )
    if not 0.0 < chosen["cumulative_people"].iloc[-1] <= left:
        raise SystemExit("more people are gained than there are, or none")


if __name__ == "__main__":
    main()
