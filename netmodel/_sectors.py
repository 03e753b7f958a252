"""Sectors of every site as tables, a row a sector, for the explicit mode."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from netmodel._antenna import Antenna, read_antenna
from netmodel._link import MODELS
from netmodel._networks import cell_side_m, isd_m, network_names, whole_sites
from netmodel._radio_tables import FEEDER_DB, UMA_UP_TO_M, max_losses_db
from netmodel._settings import Radio, Sites
from netmodel._transmitters import PATTERNS
from netmodel.errors import InputError
from netmodel.grids.cells import Cells
from netmodel.grids.layers import grid_of
from netmodel.kernels.antenna import default_tilt_deg
from netmodel.kernels.draws import spread_points
from netmodel.kernels.link_budget import power_per_element_dbm
from netmodel.kernels.window import smooth_sites
from netmodel.presets import BANDS, CLASS_HEIGHT_M, TERMINAL_HEIGHT_M, Band

Float = NDArray[np.float64]

_AZIMUTHS_DEG = (0.0, 120.0, 240.0)
_SMALL_CELL_M = 10.0  # height of the mast of UMi, TR 38.901 table 7.2-1
_SECTOR = "sector_36814"


def synthesised_sectors(
    ds: xr.Dataset, *, radio: Radio, sites: Sites, seed: int
) -> dict[str, pd.DataFrame]:
    """Sectors of the synthesised macro stations by carrier.

    A site bears `gnb_per_macro_site` stations; whole sites follow the stations of a province
    along a Hilbert curve, and stand apart from each other inside their cell.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population` and `sites`.
    seed : int
        Of the sites' places in their cells.

    Returns
    -------
    dict of DataFrame
        By carrier (network and band), as `transmitters` takes them, with `site`, `network`,
        `band` and `status`.
    """
    out = {}
    for number, name in enumerate(network_names(ds)):
        macro = ds.sites_5g.values[number] - ds.sites_5g_indoor.values[number]
        cells = Cells.where(grid_of(ds), macro > 0)
        count = whole_sites(ds, cells, number, sites).astype(np.int64)
        x, y = _places(cells, count, seed + number)
        band = BANDS[radio.bands.get(name, radio.band)]
        table = pd.DataFrame({"x": x, "y": y, "network": name, "band": band.name})
        table = with_defaults(ds, table, number, sites.gnb_per_macro_site, radio)
        out[f"{name}_{band.name}"] = table.assign(status="synthesised")
    return out


def _places(cells: Cells, count: NDArray[np.int64], seed: int) -> tuple[Float, Float]:
    """X and y of the sites, apart from each other in their cell (CRS units)."""
    a = cells.grid.affine
    row, column = cells.absolute()
    site = np.repeat(np.arange(count.size), count)
    nth = np.arange(site.size) - np.repeat(np.cumsum(count) - count, count)
    share = spread_points(seed, row[site], column[site], nth)
    r, c = np.divmod(cells.index[site], cells.grid.shape[1])
    x = a.c + a.a * (c + share[:, 0])
    return np.asarray(x), np.asarray(a.f + a.e * (r + share[:, 1]))


def listed_sectors(
    ds: xr.Dataset, listed: pd.DataFrame, *, radio: Radio, folder: Path | None = None
) -> tuple[dict[str, pd.DataFrame], dict[str, Antenna]]:
    """Sectors of a user's list by carrier, and the antennas from files that it names.

    Parameters
    ----------
    ds : Dataset
        With the variables of `population` and `sites`.
    listed : DataFrame
        As `read_sectors` returns it. What a row leaves blank is as for synthesised sites; a
        station without azimuth gets three sectors. Indoor stations are left out.
    folder : path, optional
        To which the paths of antenna files are relative.
    """
    grid = grid_of(ds)
    inside = grid.cell(listed["x"], listed["y"]) >= 0
    outdoor = listed[inside & (listed["kind"] != "indoor").to_numpy()]
    check_masts(outdoor)
    antennas = antennas_of(outdoor, folder)
    out: dict[str, pd.DataFrame] = {}
    for number, name in enumerate(network_names(ds)):
        own = outdoor[outdoor["network"] == name]
        own = own.assign(band=own["band"].fillna(radio.bands.get(name, radio.band)))
        for band, rows in own.groupby("band", sort=True):
            table = rows.sort_values(["y", "x"], kind="stable", ignore_index=True)
            table = with_defaults(ds, table, number, 1.0, radio, antennas)
            out[f"{name}_{band}"] = table.assign(status="listed")
    if not out:
        raise InputError("no outdoor site in the area; give a list with some, or another area")
    return out, antennas


def check_masts(listed: pd.DataFrame) -> None:
    """Refuse outdoor masts that no model of their kind is made for."""
    height = _column(listed, "height_m", np.nan).to_numpy(np.float64)
    for kind, model in (("macro", "rma"), ("small", "umi")):
        low, high = MODELS[model].h_bs_m
        bad = (listed["kind"] == kind).to_numpy() & ((height < low) | (height > high))
        if bad.any():
            row = listed.iloc[int(np.argmax(bad))]
            raise InputError(
                f"[sites] {int(bad.sum())} masts of kind {kind} out of the range of "
                f"{MODELS[model].source}, {low:g}-{high:g} m, the first of {row['height_m']:g} m "
                f"at x {row['x']:.0f}, y {row['y']:.0f} of the run grid; mend height_m, or leave "
                "it blank"
            )


def antennas_of(table: pd.DataFrame, folder: Path | None) -> dict[str, Antenna]:
    """Patterns of the antenna files that a list names."""
    named = set(table["antenna"].dropna()) - set(PATTERNS)
    return {name: read_antenna((folder or Path()) / name) for name in sorted(named)}


def with_defaults(
    ds: xr.Dataset,
    table: pd.DataFrame,
    number: int,
    per_site: float,
    radio: Radio,
    antennas: Mapping[str, Antenna] | None = None,
) -> pd.DataFrame:
    """A row a sector with all that `transmitters` needs, blanks filled by class and distance.

    Heights are those of the cell's settlement class, down-tilts follow the distance between
    sites, UMa holds up to 1 km between them and 60 m of height, RMa beyond, UMi for small cells.
    A tilt given beside a pattern from a file is added to the one in the file.
    """
    grid = grid_of(ds)
    cell = grid.cell(table["x"], table["y"])
    band = BANDS[str(table["band"].iloc[0])] if len(table) else BANDS[radio.band]
    isd = _isd_at(ds, cell, number, per_site)
    out = table.assign(site=_numbered(table), frequency_ghz=band.frequency_ghz, load=radio.load)
    small = _column(out, "kind", "macro") == "small"
    settlement = ds.settlement_class.values.reshape(-1)[cell]
    remote = len(CLASS_HEIGHT_M) - 1  # where nobody lives
    usual = np.array(CLASS_HEIGHT_M)[np.where(settlement < 0, remote, settlement)]
    height = np.where(small, _SMALL_CELL_M, usual)
    out["height_m"] = _column(out, "height_m", np.nan).fillna(pd.Series(height, out.index))
    # UMa knows no masts as tall as RMa does.
    urban = (isd <= UMA_UP_TO_M) & (out["height_m"] <= MODELS["uma"].h_bs_m[1])
    out["model"] = np.where(small, "umi", np.where(urban, "uma", "rma"))
    out["carriers"], out["stations"] = _column(out, "carriers", radio.carriers), per_site
    set_power(out, band, antennas or {})
    tilt = pd.Series(_usual_tilt(out, isd, antennas or {}), out.index)
    out["tilt_deg"] = _column(out, "tilt_deg", np.nan).fillna(tilt)
    return _three_sectors(out)


def _usual_tilt(table: pd.DataFrame, isd: Float, antennas: Mapping[str, Antenna]) -> Float:
    """Down-tilt where none is given; a pattern from a file has its own in it."""
    heights = table["height_m"].to_numpy(np.float64)
    tilt = [default_tilt_deg(h, TERMINAL_HEIGHT_M, d) for h, d in zip(heights, isd, strict=True)]
    return np.where(table["antenna"].isin(list(antennas)), 0.0, tilt)


def _numbered(table: pd.DataFrame) -> NDArray[np.int64]:
    """Number of each place, in the order of its first row."""
    return np.asarray(pd.factorize(pd.MultiIndex.from_frame(table[["x", "y"]]))[0], np.int64)


def _column(table: pd.DataFrame, name: str, default: Any) -> "pd.Series":
    """A column, with a default where it or a value is missing."""
    if name not in table.columns:
        return pd.Series(default, index=table.index)
    return table[name].fillna(default) if default == default else table[name]


def _isd_at(ds: xr.Dataset, cell: NDArray[np.int64], number: int, per_site: float) -> Float:
    """Inter-site distance around each site, within the simulator's use of it [m]."""
    at = Cells(grid_of(ds), np.unique(cell))
    known = ~np.isnan(ds.people.values)
    macro = ds.macro_density.values[number]
    density = smooth_sites(macro, known, at.index, cell_side_m(at), per_site)
    return isd_m(density)[np.searchsorted(at.index, cell)].clip(50.0, 5000.0)


def set_power(table: pd.DataFrame, band: Band, antennas: Mapping[str, Antenna]) -> None:
    """Antenna, greatest EIRP of a resource element, and the least RSRP of a link."""
    table["antenna"] = _column(table, "antenna", _SECTOR)
    gain = {name: antenna.gain_dbi for name, antenna in antennas.items()}
    gains = np.array([gain.get(a, band.ssb_gain_dbi) for a in table["antenna"]])
    power = _column(table, "power_dbm", band.total_dbm).to_numpy(np.float64)
    element = power_per_element_dbm(0.0, float(band.n_rb)) - FEEDER_DB
    table["eirp_dbm"] = power + element + gains
    usual = band.total_dbm + element + band.ssb_gain_dbi
    _, down_db, up_db = max_losses_db(band)
    table["link_dbm"] = np.maximum(usual - down_db, table["eirp_dbm"] - up_db)


def _three_sectors(table: pd.DataFrame) -> pd.DataFrame:
    """Three rows for each station without an azimuth."""
    azimuth = _column(table, "azimuth_deg", np.nan)
    n = np.where(azimuth.isna(), len(_AZIMUTHS_DEG), 1)
    out = table.loc[table.index.repeat(n)].reset_index(drop=True)
    nth = np.arange(len(out)) - np.repeat(np.cumsum(n) - n, n)
    given = azimuth.loc[azimuth.index.repeat(n)].to_numpy(np.float64)
    out["azimuth_deg"] = np.where(np.isnan(given), np.array(_AZIMUTHS_DEG)[nth], given)
    return out
