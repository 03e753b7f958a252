"""Tables of the hexagonal simulator over class, inter-site distance and load, for a band.

The national mode looks cells up in them (models.md 0.1, C.4). Interferers beyond the 5 km of
TR 38.901 are given the same formulas: they matter only where sites are that far apart.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from threading import Lock

import numba
import numpy as np
from numpy.typing import NDArray

from netmodel._ring_tables import Budget, Ring, ring
from netmodel.kernels.antenna import default_tilt_deg
from netmodel.kernels.coverage import hexagon_coverage, ring_coverage
from netmodel.kernels.hexagon import (
    Layout,
    drawn_powers,
    link_powers,
    sinr_db,
    uplink_sinr,
)
from netmodel.kernels.link_budget import max_loss_db, noise_dbm, power_per_element_dbm
from netmodel.kernels.propagation import (
    RMA,
    RMA_SIGMA_DB,
    UMA,
    UMA_SIGMA_DB,
    indoor_terms_db,
)
from netmodel.kernels.rate import (
    CHAIN_A_MIN_DB,
    gap_shannon_curve,
    harmonic_mean,
    truncated_shannon_curve,
    truncated_shannon_se,
)
from netmodel.kernels.units import linear
from netmodel.kernels.uplink import PowerControl
from netmodel.presets import (
    BANDS,
    CLASS_HEIGHT_M,
    CLASS_LOW_LOSS_SHARE,
    TERMINAL_HEIGHT_M,
    UPLINK_RISE_DB,
    Band,
)

Float = NDArray[np.float64]

ISD_M = np.array([250.0, 500.0, 1000.0, 1732.0, 3000.0, 5000.0])
LOADS = np.linspace(0.0, 1.0, 51)  # efficiency falls steeply at first
DISTANCE_M = np.concatenate([np.arange(0.0, 5000.0, 50.0), np.arange(5000.0, 20_500.0, 250.0)])
SINR_SHARES = np.array([0.05, 0.5, 0.95])
LINKS = ("rsrp", "downlink", "uplink")
PLACES = ("outdoor", "low_loss", "high_loss")  # where the terminal is

_N_DRAW = 4  # of lines of sight at each of some 2,160 points
UMA_UP_TO_M = 1000.0
FEEDER_DB, _GAIN_DBI = 2.0, 17.0
UE_NOISE_DB, BS_NOISE_DB = 9.0, 5.0
RSRP_DBM = -105.0
_DL_SINR_DB, _UL_SINR_DB, UL_N_RB = -6.0, -4.0, 10
_DL = (0.6, -math.inf, 22.0)  # alpha, least and greatest SINR: TR 36.942 table A.1
UL_GAP_DB, _UL_MIN_DB = 3.5, -9.0


@dataclass(frozen=True)
class RadioTables:
    """What a cell of a lattice gives, by class, inter-site distance (`ISD_M`) and load (`LOADS`).

    Parameters
    ----------
    se, se_5th : (class, isd, load)
        Harmonic mean and 5th percentile of the spectral efficiency over the points not in
        outage, rank 1, chain A [bit/s/Hz].
    sinr_db : (class, isd, load, share)
        Percentiles (`SINR_SHARES`) over all points [dB].
    outage : (class, isd)
        Share of points below -10 dB at full load.
    ul_se : (class, isd)
        Harmonic mean of the uplink's spectral efficiency, one layer, chain B [bit/s/Hz].
    coverage : (class, isd, link, place)
        Probability over a cell of `LINKS` (SS-RSRP >= -105 dBm, down- and uplink) at `PLACES`.
    ring : (class, distance, link, place)
        The same over a square cell at a distance (`DISTANCE_M`) from the nearest site.
    far : Ring
        What a site gives a square cell at a distance (`DISTANCE_M`), each beginning with the class.
    """

    se: Float
    se_5th: Float
    sinr_db: Float
    outage: Float
    ul_se: Float
    coverage: Float
    ring: Float
    far: Ring


_LOCK = Lock()


def cell_tables(band_name: str, side_m: float) -> RadioTables:
    """The tables of a band, computed once in a process (half a second).

    `side_m` is the side of the run's cells, over which rings are averaged.
    """
    with _LOCK:  # whoever comes second waits for the first
        return _computed_tables(band_name, side_m)


@cache
def _computed_tables(band_name: str, side_m: float) -> RadioTables:
    """`cell_tables` without the lock."""
    band = BANDS[band_name]
    heights = sorted(set(CLASS_HEIGHT_M))
    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        pairs = [(h, float(isd)) for h in heights for isd in ISD_M]
        cells = dict(zip(pairs, pool.map(lambda one: _cell(band, *one), pairs), strict=True))
        rings = dict(zip(heights, pool.map(partial(_ring, band, side_m), heights), strict=True))
    rows = [[cells[h, float(isd)] for isd in ISD_M] for h in CLASS_HEIGHT_M]
    parts = [np.array([[cell[part] for cell in row] for row in rows]) for part in range(5)]
    se, se_5th, percentiles, outage, coverage = parts
    uplink = [
        [_uplink(band, rise, _layout(band, h, float(isd))) for isd in ISD_M]
        for h, rise in zip(CLASS_HEIGHT_M, UPLINK_RISE_DB, strict=True)
    ]
    ring = np.array([rings[h] for h in CLASS_HEIGHT_M])
    far = [_far(band, side_m, *of) for of in zip(CLASS_HEIGHT_M, UPLINK_RISE_DB, strict=True)]
    by_class = Ring(*(np.stack(part) for part in zip(*far, strict=True)))
    return RadioTables(se, se_5th, percentiles, outage, np.array(uplink), coverage, ring, by_class)


def mixed(coverage: Float, indoor: tuple[float, ...]) -> Float:
    """Probabilities (class, ..., link) of terminals of which a share by class is indoors.

    `coverage` ends in the axes of `LINKS` and `PLACES`; walls are mixed as the class has them.
    """
    share, low = np.array(indoor), np.array(CLASS_LOW_LOSS_SHARE)
    weight = np.stack([1.0 - share, share * low, share * (1.0 - low)], axis=1)
    return np.asarray(np.einsum("c...lp,cp->c...l", coverage, weight))


def _layout(band: Band, height_m: float, isd_m: float) -> Layout:
    """Lattice of sites: UMa up to 1 km between them, RMa beyond."""
    tilt = default_tilt_deg(height_m, TERMINAL_HEIGHT_M, isd_m)
    model = UMA if isd_m <= UMA_UP_TO_M else RMA
    element = power_per_element_dbm(band.total_dbm, float(band.n_rb)) - FEEDER_DB
    terminal = TERMINAL_HEIGHT_M
    return Layout(isd_m, band.frequency_ghz, height_m, terminal, tilt, _GAIN_DBI, element, model)


def _cell(band: Band, height_m: float, isd_m: float) -> tuple[Float, Float, Float, float, Float]:
    """Entries of the tables for one height and distance."""
    layout = _layout(band, height_m, isd_m)
    coverage = np.array(
        [
            [hexagon_coverage(layout, limit - loss, sigma) for loss, sigma in _places(band, layout)]
            for limit in max_losses_db(band)
        ]
    )
    return *_downlink(band, layout), coverage


def _downlink(band: Band, layout: Layout) -> tuple[Float, Float, Float, float]:
    """Harmonic efficiency, its 5th percentile and the SINR's by load; the share in outage.

    Points in outage at full load are left out at every load: a cut that came and went with the
    load would cost the fixed point its uniqueness (models.md C.4).
    """
    server, others = drawn_powers(*link_powers(layout), _N_DRAW)
    noise = linear(noise_dbm(band.scs_khz * 1e3, UE_NOISE_DB))
    by_load = [sinr_db(server, others, float(load), noise) for load in LOADS]
    percentiles = np.quantile(by_load, SINR_SHARES, axis=1).T
    kept = by_load[-1] >= CHAIN_A_MIN_DB
    least = truncated_shannon_se(CHAIN_A_MIN_DB, _DL[0], CHAIN_A_MIN_DB, _DL[2])
    se, se_5th = np.full(LOADS.size, least), np.full(LOADS.size, least)
    one = np.ones(int(kept.sum()))
    for k, sinr in enumerate(by_load if one.size else ()):
        curve = truncated_shannon_curve(sinr[kept], *_DL)
        se[k] = harmonic_mean(curve, one)
        se_5th[k] = np.quantile(curve, 0.05, method="inverted_cdf")
    return se, se_5th, percentiles, 1.0 - float(kept.mean())


def _uplink(band: Band, rise_db: float, layout: Layout) -> float:
    """Harmonic spectral efficiency of the uplink, one layer, chain B."""
    noise = noise_dbm(band.scs_khz * 1e3 * 12, BS_NOISE_DB)
    gain, control = band.array_gain_dbi - FEEDER_DB, PowerControl(band.ue_dbm)
    sinr, weight = uplink_sinr(layout, control, gain, float(UL_N_RB), noise, rise_db)
    return harmonic_mean(gap_shannon_curve(sinr, UL_GAP_DB, _UL_MIN_DB), weight)


def _far(band: Band, side_m: float, height_m: float, rise_db: float) -> Ring:
    """What a site far from others gives at the distances of the tables."""
    block_noise = noise_dbm(band.scs_khz * 1e3 * 12, BS_NOISE_DB)
    budget = Budget(
        noise_dbm(band.scs_khz * 1e3, UE_NOISE_DB), block_noise, rise_db,
        band.array_gain_dbi - FEEDER_DB, float(UL_N_RB), (_DL[0], CHAIN_A_MIN_DB, _DL[2]),
        UL_GAP_DB,
    )  # fmt: skip
    return ring(band, _layout(band, height_m, float(ISD_M[-1])), budget, DISTANCE_M, side_m)


def max_losses_db(band: Band) -> tuple[float, float, float]:
    """Greatest losses for SS-RSRP >= -105 dBm, and for the down- and uplink (B15, B16)."""
    element = power_per_element_dbm(band.total_dbm, float(band.n_rb))
    noise_re = noise_dbm(band.scs_khz * 1e3, UE_NOISE_DB)
    noise_ul = noise_dbm(band.scs_khz * 1e3 * 12 * UL_N_RB, BS_NOISE_DB)
    gain = band.array_gain_dbi - FEEDER_DB
    return (
        max_loss_db(element, band.ssb_gain_dbi - FEEDER_DB, RSRP_DBM, 0.0),
        max_loss_db(element, gain, noise_re, _DL_SINR_DB),
        max_loss_db(band.ue_dbm, gain, noise_ul, _UL_SINR_DB),
    )


def _places(band: Band, layout: Layout) -> list[tuple[float, tuple[float, float]]]:
    """Extra loss and sigmas of terminals at `PLACES`; only low loss applies to RMa."""
    sigma = UMA_SIGMA_DB if layout.model == UMA else RMA_SIGMA_DB
    inside = (indoor_terms_db(band.frequency_ghz, layout.model, high) for high in (False, True))
    return [(0.0, sigma), *((loss, (spread, spread)) for loss, spread in inside)]


def _ring(band: Band, side_m: float, height_m: float) -> Float:
    """Probabilities (distance, link, place) around a site far from others."""
    layout = _layout(band, height_m, float(ISD_M[-1]))
    by_link = [
        [
            ring_coverage(layout, limit - loss, sigma, DISTANCE_M, side_m)
            for loss, sigma in _places(band, layout)
        ]
        for limit in max_losses_db(band)
    ]
    return np.moveaxis(np.array(by_link), -1, 0)
