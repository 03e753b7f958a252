"""From SINR to spectral efficiency, and from rates to capacity.

Two chains that are never mixed (models.md C.1): A is the truncated Shannon curve of TR 36.942
A.1 and TR 38.803 5.2.7; B is the gap-Shannon curve capped by the NR CQI table. Symbols and peak
rates after TS 38.213 11.1 and TS 38.306 4.1.2.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

CHAIN_A_MIN_DB = -10.0
# Efficiencies of the CQI indices 1 to 15, TS 38.214 tables 5.2.2.1-2 and 5.2.2.1-3 [bit/s/Hz].
CQI_64QAM = (
    0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223,
    3.9023, 4.5234, 5.1152, 5.5547,
)  # fmt: skip
CQI_256QAM = (
    0.1523, 0.3770, 0.8770, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234, 5.1152,
    5.5547, 6.2266, 6.9141, 7.4063,
)  # fmt: skip
_CQI_CAP = CQI_256QAM[14]


@scalar
def truncated_shannon_se(
    sinr_db: float, alpha: float, sinr_min_db: float, sinr_max_db: float
) -> float:
    """Chain A: alpha log2(1 + SINR), zero below its least SINR, constant above its greatest.

    Implementation loss and overhead are in `alpha`: apply neither again [bit/s/Hz].
    """
    if sinr_db < sinr_min_db:
        return 0.0
    return alpha * math.log2(1.0 + 10.0 ** (min(sinr_db, sinr_max_db) / 10.0))


@scalar
def gap_shannon_se(sinr_db: float, gap_db: float, sinr_min_db: float) -> float:
    """Chain B: Shannon `gap_db` behind, capped by the CQI table, before overhead [bit/s/Hz]."""
    if sinr_db < sinr_min_db:
        return 0.0
    return min(_CQI_CAP, math.log2(1.0 + 10.0 ** ((sinr_db - gap_db) / 10.0)))


@scalar
def rank_adaptive_se(sinr_db: float, gap_db: float) -> float:
    """Best of one, two and four layers, 0, 1.5 and 4 dB dearer each, uncapped [bit/s/Hz]."""
    best = 0.0
    for layers, penalty_db in ((1.0, 0.0), (2.0, 1.5), (4.0, 4.0)):
        each_db = sinr_db - 10.0 * math.log10(layers) - penalty_db - gap_db
        best = max(best, layers * math.log2(1.0 + 10.0 ** (each_db / 10.0)))
    return best


@scalar
def cqi_threshold_db(efficiency: float, gap_db: float) -> float:
    """SINR from which an efficiency is reached by a Shannon curve `gap_db` behind [dB]."""
    return 10.0 * math.log10(2.0**efficiency - 1.0) + gap_db


@scalar
def cqi_index(sinr_db: float, efficiencies: tuple[float, ...], gap_db: float) -> int:
    """Greatest CQI index whose threshold is reached; 0 is out of range."""
    index = 0
    for efficiency in efficiencies:
        index += sinr_db >= cqi_threshold_db(efficiency, gap_db)
    return index


@scalar
def nr_peak_rate_mbps(
    layers: int, modulation_bits: int, scaling: float, n_rb: int, scs_khz: int, overhead: float
) -> float:
    """Peak rate of a carrier whose symbols are all of one direction (TS 38.306 4.1.2)."""
    symbols_per_s = 14.0 * scs_khz / 15.0 * 1e3
    bits = layers * modulation_bits * scaling * (948.0 / 1024.0)
    return bits * n_rb * 12 * symbols_per_s * (1.0 - overhead) / 1e6


@kernel
def harmonic_mean(rate: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """Traffic-weighted harmonic mean, the capacity of a cell; zero rates are left out.

    They are out of service and to be reported as unserved by the caller (models.md C.3).
    """
    total, time = 0.0, 0.0
    for i in range(rate.size):
        if rate[i] > 0.0:
            total += weight[i]
            time += weight[i] / rate[i]
    return total / time if time > 0.0 else 0.0


@kernel
def truncated_shannon_curve(
    sinr_db: NDArray[np.float64], alpha: float, sinr_min_db: float, sinr_max_db: float
) -> NDArray[np.float64]:
    """`truncated_shannon_se` of each value."""
    out = np.empty(sinr_db.size)
    for i in range(sinr_db.size):
        out[i] = truncated_shannon_se(sinr_db[i], alpha, sinr_min_db, sinr_max_db)
    return out


@kernel
def gap_shannon_curve(
    sinr_db: NDArray[np.float64], gap_db: float, sinr_min_db: float
) -> NDArray[np.float64]:
    """`gap_shannon_se` of each value."""
    out = np.empty(sinr_db.size)
    for i in range(sinr_db.size):
        out[i] = gap_shannon_se(sinr_db[i], gap_db, sinr_min_db)
    return out


@kernel
def weighted_quantile(
    value: NDArray[np.float64], weight: NDArray[np.float64], share: float
) -> float:
    """Least value at which the weights of values up to it reach `share` of all (lower step)."""
    order = np.argsort(value)
    wanted = share * weight.sum() * (1.0 - 1e-12)
    reached = 0.0
    for i in order:
        reached += weight[i]
        if reached >= wanted:
            return float(value[i])
    return np.nan
