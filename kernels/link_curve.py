"""The mean gain of a link as one curve of a few numbers, which a block kernel evaluates fast.

A curve is read off the published formulas of `propagation` and `hata`, which are straight lines
over the logarithm of the slant distance: two of line of sight that meet at the break point (RMa
adds a term of the distance itself), one without, and one beyond the model's range. Gains are in
powers of two, so that a curve is evaluated with exp2 alone.

Sources: 3GPP TR 38.901 tables 7.4.1-1 and 7.4.2-1; ITU-R SM.2028-2 6.1; models.md A.2, A.3, C.4.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar
from netmodel.kernels.propagation import (
    BUILDING_HEIGHT_M,
    LOS,
    RMA,
    RMA_SIGMA_DB,
    STREET_WIDTH_M,
    UMA,
    UMA_SIGMA_DB,
    UMI,
    UMI_SIGMA_DB,
    Link,
    breakpoint_m,
    extended_hata_loss_db,
    extended_hata_sigma_db,
    free_space_loss_db,
    indoor_terms_db,
    rma_breakpoint_m,
    tr38901_losses_db,
)
from netmodel.kernels.propagation import NLOS as NLOS_STATE

Float = NDArray[np.float64]
Curve = NDArray[np.float64] | NDArray[np.float32]

# Columns of a curve. Gains are log2 of a ratio: offset, slope over log2(d3**2), slope over d3.
NEAR, NEAR_SLOPE, NEAR_METER, FAR, FAR_SLOPE, NLOS, NLOS_SLOPE = range(7)
BREAK2, SIGHT_M, DECAY, DECAY_FROM_M = range(7, 11)
RANGE2, BEYOND, BEYOND_SLOPE, BEYOND_MOST, SERVE2, RISE = range(11, 17)
SIGMA_LOS, SIGMA_NLOS, SIGMA_BEYOND, LOW_DB, LOW_SIGMA, HIGH_DB, HIGH_SIGMA = range(17, 24)
N_COLUMN = 24

_LEAST_M = 10.0  # models.md 0.4
RANGE_M = 5000.0  # of TR 38.901 without line of sight
HATA_RANGE_M = 20_000.0  # up to where extended Hata is a straight line
HATA_UP_TO_GHZ = 3.0
HATA_SUBURBAN = 1
_LOG2_OF_DB = math.log2(10.0) / 10.0
_N_TRIED = 200
_UMA_UP_TO_M = 13.0  # terminals above have sight more often, by a factor of the distance
_NEVER = 1e30  # of a decay that leaves nothing


@dataclass(frozen=True)
class _Model:
    """A model of TR 38.901 at a link, and where its losses bend."""

    link: Link
    code: int
    break_m: float
    sight_m: float
    decay_m: float
    decay_from_m: float
    sigma_db: tuple[float, float]
    near_db_per_m: float = 0.0

    def losses_db(self, state: int, *distance_m: float) -> Float:
        """Losses in a state at some ground distances."""
        return tr38901_losses_db(np.array(distance_m), self.link, self.code, state)


def link_curve(
    model: str, frequency_ghz: float, h_bs_m: float, h_ut_m: float, state: str = "mean_gain"
) -> Float:
    """The columns of a curve.

    Parameters
    ----------
    model : str
        uma, umi or rma; free_space.
    frequency_ghz, h_bs_m, h_ut_m : float
    state : str
        mean_gain mixes the states by the probability of line of sight; los and nlos keep one.

    Returns
    -------
    (column,)
        Up to 5 km the model; beyond, extended Hata (suburban) up to 3 GHz, never below the loss
        at 5 km, its slope at 20 km kept further on. Above 3 GHz the model goes on, for
        interference only: nothing beyond 5 km serves.

    Raises
    ------
    ValueError
        A terminal above 13 m in UMa.
    """
    if model == "uma" and h_ut_m > _UMA_UP_TO_M:
        raise ValueError(
            f"h_ut_m = {h_ut_m:g}: a curve of UMa is for terminals up to {_UMA_UP_TO_M:g} m"
        )
    if model == "free_space":
        at_1m = free_space_loss_db(1000.0, frequency_ghz) - 60.0
        return slope_curve(at_1m, 2.0, h_bs_m - h_ut_m)
    parts = _parts(_CODES[model], frequency_ghz, h_bs_m, h_ut_m)
    out = np.zeros(N_COLUMN)
    out[RISE] = h_bs_m - h_ut_m
    _set_lines(out, parts)
    _set_sight(out, parts, state)
    out[RANGE2] = out[SERVE2] = RANGE_M**2
    out[BEYOND_MOST] = _mean_gain_log2(parts, RANGE_M, state)
    out[SIGMA_LOS], out[SIGMA_NLOS] = parts.sigma_db
    out[SIGMA_BEYOND] = out[SIGMA_NLOS]
    for is_high, column in ((False, LOW_DB), (True, HIGH_DB)):
        out[column : column + 2] = indoor_terms_db(frequency_ghz, _CODES[model], is_high)
    if frequency_ghz <= HATA_UP_TO_GHZ:
        _set_hata(out, frequency_ghz, h_bs_m, h_ut_m)
    else:
        out[RANGE2] = np.inf
    return out


def slope_curve(intercept_db: float, exponent: float, rise_m: float) -> Float:
    """A loss that grows with a power of the slant distance, served at any distance.

    `intercept_db` is the loss at 1 m; free space has an exponent of 2.
    """
    out = np.zeros(N_COLUMN)
    out[NEAR] = out[FAR] = out[NLOS] = -intercept_db * _LOG2_OF_DB
    out[NEAR_SLOPE] = out[FAR_SLOPE] = out[NLOS_SLOPE] = -exponent / 2.0
    out[SIGHT_M] = _NEVER
    out[RANGE2] = out[SERVE2] = np.inf
    out[RISE] = rise_m
    out[[SIGMA_LOS, SIGMA_NLOS, SIGMA_BEYOND, LOW_SIGMA, HIGH_SIGMA]] = UMA_SIGMA_DB[1]
    return out


def _parts(model: int, f: float, h_bs: float, h_ut: float) -> _Model:
    """What TR 38.901 says of one model."""
    link = Link(f, h_bs, h_ut, STREET_WIDTH_M, BUILDING_HEIGHT_M)
    if model == RMA:
        sight = (rma_breakpoint_m(f, h_bs, h_ut), 0.0, 1000.0, 10.0)
        return _Model(link, model, *sight, RMA_SIGMA_DB, 0.002 * math.log10(BUILDING_HEIGHT_M))
    decay_m, sigma = (63.0, UMA_SIGMA_DB) if model == UMA else (36.0, UMI_SIGMA_DB)
    return _Model(link, model, breakpoint_m(f, h_bs, h_ut), 18.0, decay_m, 0.0, sigma)


_CODES = {"uma": UMA, "umi": UMI, "rma": RMA}
MODELS = (*_CODES, "free_space")


def _set_lines(out: Float, parts: _Model) -> None:
    """The straight lines of the losses, each read off where it alone is the loss."""
    bp, rise = parts.break_m, float(out[RISE])
    far = 2.0 * max(bp, 10.0 * _LEAST_M), 8.0 * max(bp, 10.0 * _LEAST_M)
    out[FAR], out[FAR_SLOPE] = _line(far, parts.losses_db(LOS, *far), rise)
    out[NLOS], out[NLOS_SLOPE] = _nlos_line(parts, rise)
    if bp > _LEAST_M:
        near = _LEAST_M, bp
        meters = parts.near_db_per_m * np.hypot(near, rise)
        out[BREAK2] = bp**2
        out[NEAR_METER] = -parts.near_db_per_m * _LOG2_OF_DB
        out[NEAR], out[NEAR_SLOPE] = _line(near, parts.losses_db(LOS, *near) - meters, rise)


def _nlos_line(parts: _Model, rise_m: float) -> tuple[float, float]:
    """The line without line of sight, of which the loss is never below that with it.

    Between the first and the last of a row of distances where it is above; where it never is, a
    gain of one, so that line of sight decides.
    """
    tried = np.geomspace(_LEAST_M, RANGE_M, _N_TRIED)
    nlos = parts.losses_db(NLOS_STATE, *tried)
    above = np.flatnonzero(nlos > parts.losses_db(LOS, *tried))
    if above.size < 2:
        return 0.0, 0.0
    ends = above[[0, -1]]
    return _line((tried[ends[0]], tried[ends[1]]), nlos[ends], rise_m)


def _line(distance_m: tuple[float, float], loss_db: Float, rise_m: float) -> tuple[float, float]:
    """Offset and slope of a gain over log2 of the squared slant distance, from two distances."""
    u0, u1 = (math.log2(d * d + rise_m * rise_m) for d in distance_m)
    g0, g1 = -loss_db * _LOG2_OF_DB
    slope = (g1 - g0) / (u1 - u0)
    return float(g0 - slope * u0), float(slope)


def _set_sight(out: Float, parts: _Model, state: str) -> None:
    """The probability of line of sight: near = min(1, s/d), near + (1 - near) exp(-d/decay)."""
    out[SIGHT_M], out[DECAY_FROM_M] = parts.sight_m, parts.decay_from_m
    out[DECAY] = 1.0 / (parts.decay_m * math.log(2.0))
    if state == "los":
        out[SIGHT_M] = _NEVER
    if state == "nlos":
        out[SIGHT_M], out[DECAY], out[DECAY_FROM_M] = 0.0, _NEVER, 0.0


@scalar
def sight_probability(curve: Curve, distance_m: float) -> float:
    """Probability of line of sight by a curve."""
    near = min(1.0, curve[SIGHT_M] / distance_m)
    decay = min(curve[DECAY] * max(distance_m - curve[DECAY_FROM_M], 0.0), 1000.0)
    return float(near + (1.0 - near) * math.pow(2.0, -decay))


@scalar
def curve_gain_log2(curve: Curve, distance_m: float) -> float:
    """Mean gain at a ground distance of at least 10 m, as the block kernels approximate it."""
    d = max(distance_m, _LEAST_M)
    slant2 = d * d + curve[RISE] * curve[RISE]
    u = math.log2(slant2)
    los = curve[FAR] + curve[FAR_SLOPE] * u
    if d * d <= curve[BREAK2]:
        los = curve[NEAR] + curve[NEAR_SLOPE] * u + curve[NEAR_METER] * math.sqrt(slant2)
    if d * d > curve[RANGE2]:
        beyond = curve[BEYOND] + curve[BEYOND_SLOPE] * 2.0 * math.log2(d)
        return float(min(beyond, curve[BEYOND_MOST]))
    nlos = min(los, curve[NLOS] + curve[NLOS_SLOPE] * u)
    p = sight_probability(curve, d)
    return math.log2(p * math.pow(2.0, los) + (1.0 - p) * math.pow(2.0, nlos))


@kernel
def curve_gains(curve: Curve, distance_m: Float, serving: bool) -> Float:
    """Mean gain (linear) at ground distances; when `serving`, zero beyond where a mast may."""
    out = np.zeros(distance_m.size)
    for k in range(out.size):
        if not serving or distance_m[k] * distance_m[k] <= curve[SERVE2]:
            out[k] = math.pow(2.0, curve_gain_log2(curve, distance_m[k]))
    return out


def _mean_gain_log2(parts: _Model, distance_m: float, state: str) -> float:
    """Gain at a distance, the states mixed."""
    sight = np.zeros(N_COLUMN)
    _set_sight(sight, parts, state)
    p = sight_probability(sight, distance_m)
    los, nlos = (
        10.0 ** (-float(parts.losses_db(k, distance_m)[0]) / 10.0) for k in (LOS, NLOS_STATE)
    )
    return math.log2(p * los + (1.0 - p) * nlos)


def _set_hata(out: Float, frequency_ghz: float, h_bs_m: float, h_ut_m: float) -> None:
    """Extended Hata beyond the range of TR 38.901, over the ground distance."""
    ends = RANGE_M, HATA_RANGE_M
    loss = [
        extended_hata_loss_db(d / 1000.0, frequency_ghz * 1e3, h_bs_m, h_ut_m, HATA_SUBURBAN)
        for d in ends
    ]
    out[BEYOND], out[BEYOND_SLOPE] = _line(ends, np.array(loss), 0.0)
    out[SERVE2] = HATA_RANGE_M**2
    far = extended_hata_sigma_db(RANGE_M / 1000.0, True)
    out[SIGMA_BEYOND] = max(far, out[SIGMA_NLOS])
