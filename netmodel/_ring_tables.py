"""What a single site gives over distance: rates of users far from it, for sparse networks.

The links are those of the explicit mode: mean gain over line of sight by RMa, beyond 5 km by
extended Hata up to 3 GHz, the best of three sectors (models.md B.3, 0.1).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels.hexagon import Layout, sector_gains
from netmodel.kernels.link_curve import curve_gains, link_curve
from netmodel.kernels.rate import gap_shannon_curve, truncated_shannon_curve
from netmodel.kernels.units import linear
from netmodel.kernels.uplink import PowerControl, uplink_sinrs_db
from netmodel.presets import Band

Float = NDArray[np.float64]

# Interference and noise over noise [dB]: that efficiency is told of; and, at full load of all
# others, that service is told of: beyond 40 dB a site is near, and serves the rest of the cell.
RISE_DB = np.array([0.0, 2.0, 4.0, 7.0, 10.0, 14.0, 18.0, 24.0, 32.0, 40.0, 50.0, 60.0])
FULL_DB = RISE_DB[:10]
OTHERS_M = np.arange(125.0, 30_250.0, 250.0)  # of other sites, up to the radio horizon
_STEP_M = 100.0
# Angles from the axis of the nearest sector, over half of what it looks at: the rest is alike.
OFF_AXIS_DEG = np.array([0.0, 20.0, 40.0, 60.0])
_AXIS_DEG = 30.0  # of the first sector (`sector_gains`), east being zero
_BEARINGS = np.radians(np.arange(10.0, 120.0, 20.0))  # over a sector


class Ring(NamedTuple):
    """Of a square cell, over how its site sees it and what others add (rise, angle, distance).

    `served` is the share of it in service at full load of all others (`FULL_DB`); `se` (now, rise,
    angle, distance) and `ul_se` are harmonic means of the spectral efficiency of both directions
    over this share, the downlink's at a rise now (`RISE_DB`), and `se_5th` is the 5th percentile
    without interference [bit/s/Hz]; `snr_db` (angle, distance) of the
    best sector, -infinite out of range; `other` (`OTHERS_M`,) power of another site, all of its
    sectors, over noise.
    """

    served: Float
    se: Float
    se_5th: Float
    ul_se: Float
    snr_db: Float
    other: Float


class Budget(NamedTuple):
    """Noise of a resource element [dBm], of an uplink block behind the site, its rise [dB].

    `gain_db` is the uplink's array gain less feeders; `n_rb` its blocks; `chain` alpha, least and
    greatest SINR of chain A [dB]; `gap_db` that of chain B to Shannon's bound.
    """

    noise_dbm: float
    block_noise_dbm: float
    rise_db: float
    gain_db: float
    n_rb: float
    chain: tuple[float, float, float]
    gap_db: float


def ring(band: Band, layout: Layout, budget: Budget, distance_m: Float, side_m: float) -> Ring:
    """`Ring` at some distances; the share in service never rises along them.

    Parameters
    ----------
    layout : Layout
        Its lattice is not used.
    side_m : float
        Side of the cell, averaged over midpoints 100 m apart.
    """
    curve = link_curve("rma", layout.frequency_ghz, layout.h_bs_m, layout.h_ut_m)
    rows = [_row(band, layout, budget, curve, (distance_m, side_m, k)) for k in OFF_AXIS_DEG]
    *shares, snr = zip(*rows, strict=True)
    other = _other_mw(layout, curve) / linear(budget.noise_dbm)
    served, se, fifth, uplink = (np.stack(part, axis=-2) for part in shares)
    return Ring(served, se, fifth, uplink, np.stack(snr), other)


def _row(
    band: Band, layout: Layout, budget: Budget, curve: Float, where: tuple[Float, float, float]
) -> tuple[Float, ...]:
    """Fields of `Ring` at some distances from a site, cells of a side, at an angle from an axis."""
    east, north = _places(*where)
    loss = _losses(layout, curve, east, north)
    snr = layout.element_dbm - loss - budget.noise_dbm
    alpha, least_db, most_db = budget.chain
    se = [
        truncated_shannon_curve((snr - now).ravel(), alpha, -np.inf, most_db).reshape(snr.shape)
        for now in RISE_DB
    ]
    control = PowerControl(band.ue_dbm)
    up = uplink_sinrs_db(
        (loss + layout.gain_dbi - budget.gain_db).ravel(), budget.gain_db, budget.n_rb,
        budget.block_noise_dbm, budget.rise_db, control,
    )  # fmt: skip
    ul_se = gap_shannon_curve(up, budget.gap_db, -np.inf).reshape(snr.shape)
    # Who is in service at full load, at any load (models.md C.4).
    kept = snr - FULL_DB[:, np.newaxis, np.newaxis] >= least_db
    served = np.minimum.accumulate(kept.mean(axis=2), axis=1)
    means = np.stack([[_harmonic(at, mine) for mine in kept] for at in se])
    fifth = np.stack([_lower(se[0], mine) for mine in kept])
    uplink = np.stack([_harmonic(ul_se, mine) for mine in kept])
    return served, means, fifth, uplink, _mean_in_range(snr)


def _mean_in_range(value: Float) -> Float:
    """Mean (distance,) over the points in range, -infinite without any."""
    known = np.isfinite(value)
    total = np.where(known, value, 0.0).sum(axis=1)
    out = np.full(len(value), -np.inf)
    np.divide(total, known.sum(axis=1), out=out, where=known.any(axis=1))
    return out


def _places(distance_m: Float, side_m: float, off_axis: float) -> tuple[Float, Float]:
    """Offsets (distance, point), east and north, of a cell from the site, at an angle from an axis.

    Site and terminal lie anywhere in their cells: their offset has a triangular distribution.
    """
    m = min(max(int(np.ceil(side_m / _STEP_M)), 1), 20)
    share = (np.arange(m) + 0.5) / m
    below = np.minimum(share, 1.0 - share)
    middle = np.sign(share - 0.5) * (1.0 - np.sqrt(2.0 * below)) * side_m
    along, across = (part.reshape(1, -1, 1) for part in np.meshgrid(middle, middle))
    x, y = distance_m[:, np.newaxis, np.newaxis] + along, across
    bearing = np.radians(_AXIS_DEG + off_axis * np.array([-1.0, 1.0]))
    east = x * np.cos(bearing) - y * np.sin(bearing)
    north = x * np.sin(bearing) + y * np.cos(bearing)
    return east.reshape(distance_m.size, -1), north.reshape(distance_m.size, -1)


def _losses(layout: Layout, curve: Float, east: Float, north: Float) -> Float:
    """Loss at offsets from the site, the best sector's antenna in it; infinite out of range."""
    offset = np.stack([east.ravel(), north.ravel()], axis=1)[:, np.newaxis]
    antenna = sector_gains(offset, layout)[:, 0].max(axis=1)
    with np.errstate(divide="ignore"):
        loss = -10.0 * np.log10(curve_gains(curve, np.hypot(east, north).ravel(), True))
    return np.asarray(loss - antenna).reshape(east.shape)


def _other_mw(layout: Layout, curve: Float) -> Float:
    """Power of all sectors of a site at `OTHERS_M`, mean over its bearings [mW]."""
    around = np.stack([OTHERS_M[:, np.newaxis] * f(_BEARINGS) for f in (np.cos, np.sin)], axis=-1)
    gain = (10.0 ** (sector_gains(around, layout) / 10.0)).sum(axis=-1).mean(axis=1)
    return np.asarray(linear(layout.element_dbm) * gain * curve_gains(curve, OTHERS_M, False))


def _harmonic(value: Float, kept: NDArray[np.bool_]) -> Float:
    """Harmonic mean of each row's kept values; the least one where none is."""
    n = kept.sum(axis=1)
    time = np.divide(1.0, value, out=np.zeros_like(value), where=kept)
    out = np.full(n.size, np.nan)
    np.divide(n, time.sum(axis=1), out=out, where=n > 0)
    return _held(out)


def _lower(value: Float, kept: NDArray[np.bool_]) -> Float:
    """5th percentile of each row's kept values, lower step."""
    out = np.full(len(value), np.nan)
    for k in np.flatnonzero(kept.any(axis=1)):
        out[k] = np.quantile(value[k][kept[k]], 0.05, method="inverted_cdf")
    return _held(out)


def _held(value: Float) -> Float:
    """Values beyond the last known one are that one."""
    last = int(np.flatnonzero(np.isfinite(value))[-1])
    return np.append(value[: last + 1], np.full(value.size - last - 1, value[last]))
