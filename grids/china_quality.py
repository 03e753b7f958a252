"""How near a population grid comes to a yardstick: `python -m netmodel.grids.china_quality`.

Measured on the yardstick's cells (WorldPop 2020 at 5', scaled to the census) and on coarser
ones made of them.
"""

import argparse
from dataclasses import asdict, dataclass
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netmodel.grids.grid import Grid
from netmodel.grids.population import read_population
from netmodel.kernels.coarsen import block_sums

Float = NDArray[np.float64]

# Share of people on the densest share of the country's land, which is 9.55 million km2.
LAND_KM2 = 9.55e6
AREA_SHARES = (0.005, 0.01, 0.02, 0.05, 0.10, 0.20, 0.40)
COARSER = {"5'": 1, "15'": 3, "30'": 6}


@dataclass(frozen=True)
class Quality:
    """Measures of one grid against another.

    Parameters
    ----------
    misplaced : dict
        Half the summed absolute difference over the total, by cell size.
    log_correlation : float
        Of the logarithms of density in cells with at least one person in both.
    concentration : tuple
        Share of people on the densest `AREA_SHARES` of the land.
    in_empty : float
        Share of people in cells where the yardstick has none.
    """

    misplaced: dict[str, float]
    log_correlation: float
    concentration: tuple[float, ...]
    in_empty: float


def quality(people: Float, yardstick: Float, area_km2: Float) -> Quality:
    """Measures of `people` against `yardstick`, both (row, column), on cells of given areas."""
    area = np.broadcast_to(area_km2, people.shape)
    total = yardstick.sum()
    difference = people - yardstick
    misplaced = {
        name: float(np.abs(block_sums(difference.astype(np.float32), k)).sum() / 2 / total)
        for name, k in COARSER.items()
    }
    both = (people >= 1.0) & (yardstick >= 1.0)
    logs = [np.log(v[both] / area[both]) for v in (people, yardstick)]
    return Quality(
        misplaced,
        float(np.corrcoef(logs[0], logs[1])[0, 1]),
        concentration(people, area),
        float(people[yardstick < 1.0].sum() / people.sum()),
    )


def concentration(people: Float, area: Float) -> tuple[float, ...]:
    """Share of people on the densest `AREA_SHARES` of the land."""
    order = np.argsort(-(people / area), axis=None, kind="stable")
    held = np.cumsum(people.ravel()[order]) / people.sum()
    share = np.cumsum(area.ravel()[order]) / LAND_KM2
    return tuple(float(v) for v in np.interp(AREA_SHARES, share, held))


def measure(population: Path, yardstick: Path) -> tuple[Quality, Quality]:
    """Quality of a raster on a yardstick raster's cells, and of the yardstick itself."""
    import rasterio
    from pyproj import CRS

    with rasterio.open(yardstick) as source:
        grid = Grid(CRS.from_wkt(source.crs.to_wkt()), source.transform, source.shape)
        truth = np.where(source.read(1) > 0, source.read(1), 0).astype(np.float64)
    people = np.nan_to_num(read_population(population, grid).people)
    area = grid.area_km2()
    return quality(people, truth, area), quality(truth, truth, area)


def main() -> None:
    """Print the measures beside those of the yardstick itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("yardstick", type=Path, help="population counts on cells of 5 minutes")
    parser.add_argument("--population", type=Path, help="raster to measure; default embedded")
    arguments = parser.parse_args()
    with as_file(files("netmodel.grids") / "data" / "china_2020_population.tif") as embedded:
        pair = measure(arguments.population or embedded, arguments.yardstick)
    for name, found in zip(("measured", "yardstick"), pair, strict=True):
        print(name, *(f"  {key}: {value}" for key, value in asdict(found).items()), sep="\n")


if __name__ == "__main__":
    main()
