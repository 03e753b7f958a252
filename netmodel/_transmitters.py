"""A table of sectors as the arrays that the block kernels read."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._antenna import Antenna
from netmodel.errors import InputError
from netmodel.kernels.bins import bin_index
from netmodel.kernels.chunk import DEEPEST, SCALE_LOG2
from netmodel.kernels.link_curve import MODELS, link_curve
from netmodel.kernels.transmitters import Bins, Transmitters
from netmodel.presets import TERMINAL_HEIGHT_M

Float = NDArray[np.float64]

# Patterns in closed form: half-power widths [degrees], most across, down and of both [dB].
PATTERNS = {
    "sector_36814": (70.0, 10.0, 25.0, 20.0, 25.0),
    "element_38901": (65.0, 65.0, 30.0, 30.0, 30.0),
    "omni": (np.inf, np.inf, 0.0, 0.0, 0.0),
}
_CURVE = ("model", "frequency_ghz", "height_m")  # what a curve depends on
_LOG2_OF_DB = np.log2(10.0) / 10.0

_MOST_DBM = 10.0 * SCALE_LOG2 / np.log2(10.0)


def transmitters(
    table: pd.DataFrame, antennas: Mapping[str, Antenna] | None = None, state: str = "mean_gain"
) -> Transmitters:
    """Arrays of sectors that share a carrier.

    Parameters
    ----------
    table : DataFrame
        A row a sector: `x`, `y` in the CRS, `height_m`, `model` (uma, umi, rma, free_space),
        `frequency_ghz`, `azimuth_deg`, `tilt_deg`, `eirp_dbm` of a resource element at the
        antenna's maximum, `antenna` (a name of `PATTERNS` or of `antennas`), `load`, `link_dbm`
        (least RSRP of a link). Rows of a site are together, and so are those of a mast.
    antennas : mapping, optional
        Patterns from files by name.
    state : str
        mean_gain, los or nlos.

    Returns
    -------
    Transmitters
        Sectors in the order of the rows.
    """
    _check_numbers(table)
    starts_mast, starts_site = _changes(table, ("x", "y", *_CURVE)), _changes(table, ("x", "y"))
    first = np.flatnonzero(starts_mast)
    of_site = np.flatnonzero(starts_site)
    curve, curves = _curves(table.iloc[first], state)
    pattern, cuts = _patterns(table["antenna"], antennas or {})
    mast = np.cumsum(starts_mast) - 1
    return Transmitters(
        table["x"].to_numpy(np.float64)[of_site],
        table["y"].to_numpy(np.float64)[of_site],
        np.append(np.searchsorted(first, of_site), first.size).astype(np.int64),
        curve,
        np.append(first, len(table)).astype(np.int64),
        _columns(table),
        pattern,
        curves,
        _formulas(),
        cuts,
        mast.astype(np.int32),
        (np.cumsum(starts_site) - 1)[first].astype(np.int32),
    )


def bins_of(sectors: Transmitters, side: float) -> Bins:
    """Index of the sites by square bins of a side in the CRS.

    Bins are anchored at its origin: with a site more or less the others keep theirs.
    """
    x, y = (float(np.floor(v.min() / side) * side) for v in (sectors.x, sectors.y))
    column, row = (sectors.x - x) / side, (sectors.y - y) / side
    shape = (int(row.max()) + 1, int(column.max()) + 1)
    start, order = bin_index(column, row, 1, shape)
    return Bins(start, order, x, y, float(side), *shape)


def _check_numbers(table: pd.DataFrame) -> None:
    """Refuse what no kernel can be given."""
    if table.empty:
        raise InputError("no sector on this carrier; give sites in the area")
    for name in ("x", "y", "height_m", "azimuth_deg", "tilt_deg", "eirp_dbm", "load"):
        bad = ~np.isfinite(table[name].to_numpy(np.float64))
        if bad.any():
            raise InputError(
                f"sectors: {name} of row {int(np.argmax(bad))} is not finite; give a number"
            )
    too_strong = table["eirp_dbm"].to_numpy(np.float64) > _MOST_DBM
    if too_strong.any():
        raise InputError(
            f"sectors: eirp_dbm {table['eirp_dbm'][too_strong].iloc[0]:g} in row "
            f"{int(np.argmax(too_strong))}; a resource element has at most {_MOST_DBM:.0f} dBm"
        )


def _changes(table: pd.DataFrame, columns: tuple[str, ...]) -> NDArray[np.bool_]:
    """Whether a row differs from the one before it in any of the columns."""
    out = np.zeros(len(table), np.bool_)
    out[0] = True
    for name in columns:
        value = table[name].to_numpy()
        out[1:] |= value[1:] != value[:-1]
    return out


def _curves(masts: pd.DataFrame, state: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Row of each mast in the curves, and the curves that they need."""
    unknown = set(masts["model"]) - set(MODELS)
    if unknown:
        raise InputError(f"sectors: model {min(unknown)!r}; known: {', '.join(MODELS)}")
    kinds = list(zip(*(masts[c].tolist() for c in _CURVE), strict=True))
    row = {kind: k for k, kind in enumerate(dict.fromkeys(kinds))}
    curves = [link_curve(m, f, height, TERMINAL_HEIGHT_M, state) for m, f, height in row]
    return np.array([row[kind] for kind in kinds], np.int32), np.array(curves, np.float32)


def _patterns(
    names: "pd.Series[str]", antennas: Mapping[str, Antenna]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Number of each sector's pattern, and the cuts of those from files."""
    known = {name: k for k, name in enumerate(PATTERNS)}
    known |= {name: -1 - k for k, name in enumerate(antennas)}
    words = names.tolist()
    unknown = set(words) - set(known)
    if unknown:
        raise InputError(
            f"sectors: antenna {min(unknown)!r} is unknown; known: {', '.join(known)}; "
            "name a pattern file (.msi, .pln) to use its pattern"
        )
    cuts = np.zeros((len(antennas), 2, 362), np.float32)
    for cut, antenna in zip(cuts, antennas.values(), strict=True):
        for plane, table in zip(cut, (antenna.horizontal_db, antenna.vertical_db), strict=True):
            plane[:361] = np.append(table, table[0]) * _LOG2_OF_DB
        cut[0, DEEPEST] = cut.max()
    return np.array([known[word] for word in words], np.int32), cuts


def _columns(table: pd.DataFrame) -> NDArray[np.float32]:
    """Columns of the sectors as `kernels.chunk` names them."""
    azimuth, tilt = (np.radians(table[c].to_numpy(np.float64)) for c in ("azimuth_deg", "tilt_deg"))
    log2_mw = table["eirp_dbm"].to_numpy(np.float64) * _LOG2_OF_DB - SCALE_LOG2
    rest = (table[c].to_numpy(np.float64) for c in ("load", "link_dbm"))
    columns = (np.sin(azimuth), np.cos(azimuth), tilt, log2_mw, *rest)
    return np.stack(columns, axis=1).astype(np.float32)


def _formulas() -> NDArray[np.float32]:
    """Patterns in closed form as `kernels.chunk` has them."""
    widths = np.array(list(PATTERNS.values()))
    factor = 12.0 / np.radians(widths[:, :2]) ** 2
    out = np.stack([factor[:, 0], widths[:, 2], factor[:, 1], widths[:, 3], widths[:, 4]], axis=1)
    return np.asarray(out * _LOG2_OF_DB, np.float32)
