"""A population raster of any size to the 1-km grid: time and memory by cells.

Run by hand: `python benchmarks/raster_import.py` makes sparse tiled GeoTIFFs of 3 arc-seconds up
to 50,000 x 40,000 cells, in which a tenth of the tiles have people, and a full one of 10,000 x
8,000; `--quick` is the smoke test of it. Each import is a process of its own, so that its peak
memory is its own; GDAL's `sum` warp of the same raster is timed beside it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window

TILE = 512
STEP = 1 / 1200  # degrees, WorldPop's 3 arc-seconds
SPARSE, FULL = 0.1, 1.0
SIZES = ((12_500, 10_000), (25_000, 20_000), (50_000, 40_000))

GDAL_SUM = """
import sys, rasterio
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
source, like = sys.argv[1:]
with rasterio.open(like) as target:
    place = dict(crs=target.crs, transform=target.transform, height=target.height,
                 width=target.width)
with rasterio.open(source) as raster, WarpedVRT(raster, resampling=Resampling.sum, **place) as view:
    print(view.read(1, masked=True).sum(dtype="float64"))
"""


def write_raster(path: Path, width: int, height: int, share: float) -> float:
    """A raster in which a share of the tiles has people; their number."""
    rng = np.random.default_rng(1)
    people = 0.0
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=1, dtype="float32",
        crs="EPSG:4326", nodata=-99999.0, transform=Affine(STEP, 0, 78.0, 0, -STEP, 52.0),
        tiled=True, blockxsize=TILE, blockysize=TILE, compress="deflate", SPARSE_OK=True,
        BIGTIFF="IF_SAFER",
    ) as target:  # fmt: skip
        for row in range(0, height, TILE):
            for column in range(0, width, TILE):
                if (row or column) and rng.random() >= share:  # the first has people
                    continue
                shape = min(TILE, height - row), min(TILE, width - column)
                value = np.round(rng.exponential(2.0, shape) * rng.integers(0, 3, shape), 2)
                value = value.astype(np.float32)
                target.write(value, 1, window=Window(column, row, shape[1], shape[0]))
                people += float(value.sum(dtype=np.float64))
    return people


def timed(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak memory [GiB] and output of a process."""
    begin = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen(command, stdout=output)
        _, status, usage = os_wait(child)
        if status:
            sys.exit(f"exit code {status} of {command}")
        output.seek(0)
        return time.perf_counter() - begin, usage / 2**20, output.read()


def os_wait(child: subprocess.Popen) -> tuple[int, int, int]:
    """Id, status and peak memory [kiB] of a process that has ended."""
    import os

    pid, status, usage = os.wait4(child.pid, 0)
    child.returncode = status
    return pid, status, usage.ru_maxrss


def compared(folder: Path, width: int, height: int, share: float) -> float:
    """Print a line of the table; seconds per million cells."""
    path, out = folder / "people.tif", folder / "grid.tif"
    people = write_raster(path, width, height, share)
    code = "from netmodel.cli import main; main()"
    command = [sys.executable, "-c", code, "import", "population", str(path), "-o", str(out)]
    seconds, peak, text = timed([*command, "--json", "--overwrite"])
    kept = json.loads(text)["people kept"]
    gdal, gdal_peak, gdal_sum = timed([sys.executable, "-c", GDAL_SUM, str(path), str(out)])
    cells = width * height
    print(
        f"{width:>7,} x {height:<7,} {share:>5.0%} {seconds:>8.1f} {peak:>6.2f} "
        f"{1e9 * seconds / cells:>8.1f} {kept / people - 1:>10.1e} {gdal:>8.1f} {gdal_peak:>6.2f} "
        f"{float(gdal_sum) / people - 1:>10.1e}"
    )
    if abs(kept / people - 1) > 1e-9:
        sys.exit(f"{kept} of {people} people are kept")
    return 1e6 * seconds / cells


def main() -> None:
    """Time the import of rasters of growing size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,500 x 1,200 cells only")
    quick = parser.parse_args().quick
    print(
        "          cells with people s      GiB  ns/cell   off      GDAL s    GiB   off", flush=True
    )
    with tempfile.TemporaryDirectory() as folder:
        if quick:
            compared(Path(folder), 1_500, 1_200, SPARSE)
            return
        per_cell = [compared(Path(folder), *size, SPARSE) for size in SIZES]
        compared(Path(folder), 10_000, 8_000, FULL)
        print(f"time per cell, largest over smallest: {per_cell[-1] / per_cell[0]:.2f}")


if __name__ == "__main__":
    main()
