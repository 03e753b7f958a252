"""A list of OpenCelliD's form to sites: time and memory by rows, beside reading the file alone.

Run by hand: `python benchmarks/opencellid_import.py` (one million rows); `--quick` in the gate.
Each import is a process of its own, so that its peak memory is its own.
"""

import argparse
import gzip
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from netmodel._reading import OPENCELLID

CELLS_A_MAST = 4
CITIES = 60
NETWORKS = 4


def write_cells(path, rows, seed=1):
    """Radio cells around masts, most of them in cities, as estimated from measurements."""
    rng = np.random.default_rng(seed)
    masts = rows // CELLS_A_MAST
    city = rng.integers(0, CITIES, masts)
    center = rng.uniform([6.0, 47.5], [15.0, 54.5], (CITIES, 2))
    place = center[city] + rng.normal(0.0, 0.15, (masts, 2))
    mast = np.repeat(np.arange(masts), CELLS_A_MAST)
    cell = place[mast] + rng.normal(0.0, 3e-4, (mast.size, 2))
    table = pd.DataFrame(
        {
            "radio": rng.choice(["LTE", "UMTS", "NR"], mast.size),
            "mcc": 262,
            "net": (mast % NETWORKS) + 1,
            "area": mast // 500,
            "cell": np.arange(mast.size),
            "unit": 0,
            "lon": cell[:, 0].round(6),
            "lat": cell[:, 1].round(6),
            "range": rng.integers(500, 5000, mast.size),
            "samples": rng.integers(1, 500, mast.size),
            "changeable": 1,
            "created": 1_500_000_000,
            "updated": 1_600_000_000,
            "averageSignal": 0,
        }
    )[list(OPENCELLID)]
    opened = gzip.open(path, "wt", compresslevel=1) if path.suffix == ".gz" else path.open("w")
    with opened as file:
        table.to_csv(file, index=False)


def imported(path):
    """Seconds and peak memory [GiB] of `netmodel import sites`, and its sites."""
    out = path.with_name("sites.parquet")
    code = "from netmodel.cli import main; main()"
    command = [sys.executable, "-c", code, "import", "sites", path, "-o", out, "-q", "--overwrite"]
    begin = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True)
    seconds = time.perf_counter() - begin
    # The largest child so far: sizes go up.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return seconds, peak, len(pd.read_parquet(out, columns=["site_id"]))


def main():
    """Time the import of lists of growing size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20,000 rows only")
    sizes = [20_000] if parser.parse_args().quick else [250_000, 500_000, 1_000_000]
    print(f"{'rows':>10} {'form':>8} {'import s':>9} {'read s':>7} {'ratio':>6} {'GiB':>6}  sites")
    with tempfile.TemporaryDirectory() as folder:
        for rows in sizes:
            for suffix in (".csv", ".csv.gz"):
                path = Path(folder) / f"cells{suffix}"
                write_cells(path, rows)
                begin = time.perf_counter()
                pd.read_csv(path)
                read = time.perf_counter() - begin
                seconds, peak, sites = imported(path)
                ratio = seconds / read
                print(
                    f"{rows:>10,} {suffix[1:]:>8} {seconds:>9.2f} {read:>7.2f} {ratio:>6.1f} "
                    f"{peak:>6.2f}  {sites:,}"
                )
                if not rows // CELLS_A_MAST / 2 < sites < rows:
                    sys.exit(f"{sites:,} sites of {rows // CELLS_A_MAST:,} masts")


if __name__ == "__main__":
    main()
