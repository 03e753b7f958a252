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

# Inter-site distances for which the share in service is told; where sites are closer, terminals
# this far from the nearest are at the rim of a town, and hear its sites from one side only.
FAR_ISD_M = np.array([4000.0, 8000.0, 16_000.0])
_STEP_M = 100.0
_HORIZON_M = 30_000.0
_BEARINGS = np.radians(np.arange(10.0, 120.0, 20.0))  # over a sector; the others are alike


class Ring(NamedTuple):
    """Of a square cell over its distance from that of its site (distance,).

    `served` (isd, distance) is the share of it in service at full load of sites `FAR_ISD_M` apart;
    `se`, `ul_se` harmonic means of the spectral efficiency of both directions in range, without
    interference, and `se_5th` the 5th percentile [bit/s/Hz].
    """

    served: Float
    se: Float
    se_5th: Float
    ul_se: Float


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
    east, north = _places(distance_m, side_m)
    loss = _losses(layout, curve, east, north)
    snr = layout.element_dbm - loss - budget.noise_dbm
    density = 2.0 / np.sqrt(3.0) / (FAR_ISD_M / 1000.0) ** 2
    # The others stand farther than the server, and than the distance between sites.
    away = np.maximum(np.hypot(east, north), FAR_ISD_M[:, np.newaxis, np.newaxis])
    others_mw = density[:, np.newaxis, np.newaxis] * _others_per_km2(layout, curve, away)
    rise = 1.0 + others_mw / linear(budget.noise_dbm)
    alpha, least_db, most_db = budget.chain
    se = truncated_shannon_curve(snr.ravel(), alpha, -np.inf, most_db).reshape(snr.shape)
    heard = snr >= least_db
    control = PowerControl(band.ue_dbm)
    up = uplink_sinrs_db(
        (loss + layout.gain_dbi - budget.gain_db).ravel(), budget.gain_db, budget.n_rb,
        budget.block_noise_dbm, budget.rise_db, control,
    )  # fmt: skip
    ul_se = gap_shannon_curve(up, budget.gap_db, -np.inf).reshape(snr.shape)
    sinr = snr - 10.0 * np.log10(rise)
    served = np.minimum.accumulate((sinr >= least_db).mean(axis=2), axis=1)
    return Ring(served, _harmonic(se, heard), _lower(se, heard), _harmonic(ul_se, heard))


def _places(distance_m: Float, side_m: float) -> tuple[Float, Float]:
    """Offsets (distance, point), east and north, of a cell from the site, under all bearings.

    Site and terminal lie anywhere in their cells: their offset has a triangular distribution.
    """
    m = min(max(int(np.ceil(side_m / _STEP_M)), 1), 20)
    share = (np.arange(m) + 0.5) / m
    below = np.minimum(share, 1.0 - share)
    middle = np.sign(share - 0.5) * (1.0 - np.sqrt(2.0 * below)) * side_m
    along, across = (part.reshape(1, -1, 1) for part in np.meshgrid(middle, middle))
    x, y = distance_m[:, np.newaxis, np.newaxis] + along, across
    east = x * np.cos(_BEARINGS) - y * np.sin(_BEARINGS)
    north = x * np.sin(_BEARINGS) + y * np.cos(_BEARINGS)
    return east.reshape(distance_m.size, -1), north.reshape(distance_m.size, -1)


def _losses(layout: Layout, curve: Float, east: Float, north: Float) -> Float:
    """Loss at offsets from the site, the best sector's antenna in it; infinite out of range."""
    offset = np.stack([east.ravel(), north.ravel()], axis=1)[:, np.newaxis]
    antenna = sector_gains(offset, layout)[:, 0].max(axis=1)
    with np.errstate(divide="ignore"):
        loss = -10.0 * np.log10(curve_gains(curve, np.hypot(east, north).ravel(), True))
    return np.asarray(loss - antenna).reshape(east.shape)


def _others_per_km2(layout: Layout, curve: Float, distance_m: Float) -> Float:
    """Power (distance,) of one site per km2 everywhere beyond a distance, all sectors [mW].

    The nearest site serves: all others are farther.
    """
    r = np.arange(_STEP_M / 2.0, _HORIZON_M, _STEP_M)
    around = np.stack([r[:, np.newaxis] * f(_BEARINGS) for f in (np.cos, np.sin)], axis=-1)
    gain = (10.0 ** (sector_gains(around, layout) / 10.0)).sum(axis=-1).mean(axis=1)
    received = linear(layout.element_dbm) * gain * curve_gains(curve, r, False)
    ring_km2 = 2.0 * np.pi * r * _STEP_M / 1e6
    beyond = np.cumsum((received * ring_km2)[::-1])[::-1]
    return np.asarray(np.interp(distance_m, r, beyond))


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
