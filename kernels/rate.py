"""From SINR to spectral efficiency, and from rates to capacity.

Curves of one layer before overhead; `chain` makes them the two chains of a link that are never
mixed (models.md C.1): A is the truncated Shannon curve of TR 36.942 A.1 and TR 38.803 5.2.7; B is
the gap-Shannon curve capped by the NR CQI table. Tables and transport blocks after TS 38.214
5.1.3, peak rates after TS 38.306 4.1.2.
"""

import math

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

CHAIN_A_MIN_DB = -10.0
# Efficiencies of the CQI indices 1 to 15, TS 38.214 tables 5.2.2.1-2 to 5.2.2.1-4 [bit/s/Hz].
CQI_64QAM = (
    0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223,
    3.9023, 4.5234, 5.1152, 5.5547,
)  # fmt: skip
CQI_256QAM = (
    0.1523, 0.3770, 0.8770, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234, 5.1152,
    5.5547, 6.2266, 6.9141, 7.4063,
)  # fmt: skip
CQI_64QAM_LOW_SE = (
    0.0586, 0.0977, 0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141, 2.4063,
    2.7305, 3.3223, 3.9023, 4.5234,
)  # fmt: skip
_CQI_CAP = CQI_256QAM[14]
# Bits per symbol and code rate times 1024 of the MCS indices from zero, TS 38.214 tables
# 5.1.3.1-1 to 5.1.3.1-3, without their reserved rows.
MCS_64QAM = (
    (2, 120.0), (2, 157.0), (2, 193.0), (2, 251.0), (2, 308.0), (2, 379.0), (2, 449.0), (2, 526.0),
    (2, 602.0), (2, 679.0), (4, 340.0), (4, 378.0), (4, 434.0), (4, 490.0), (4, 553.0), (4, 616.0),
    (4, 658.0), (6, 438.0), (6, 466.0), (6, 517.0), (6, 567.0), (6, 616.0), (6, 666.0), (6, 719.0),
    (6, 772.0), (6, 822.0), (6, 873.0), (6, 910.0), (6, 948.0),
)  # fmt: skip
MCS_256QAM = (
    (2, 120.0), (2, 193.0), (2, 308.0), (2, 449.0), (2, 602.0), (4, 378.0), (4, 434.0), (4, 490.0),
    (4, 553.0), (4, 616.0), (4, 658.0), (6, 466.0), (6, 517.0), (6, 567.0), (6, 616.0), (6, 666.0),
    (6, 719.0), (6, 772.0), (6, 822.0), (6, 873.0), (8, 682.5), (8, 711.0), (8, 754.0), (8, 797.0),
    (8, 841.0), (8, 885.0), (8, 916.5), (8, 948.0),
)  # fmt: skip
MCS_64QAM_LOW_SE = (
    (2, 30.0), (2, 40.0), (2, 50.0), (2, 64.0), (2, 78.0), (2, 99.0), (2, 120.0), (2, 157.0),
    (2, 193.0), (2, 251.0), (2, 308.0), (2, 379.0), (2, 449.0), (2, 526.0), (2, 602.0), (4, 340.0),
    (4, 378.0), (4, 434.0), (4, 490.0), (4, 553.0), (4, 616.0), (6, 438.0), (6, 466.0), (6, 517.0),
    (6, 567.0), (6, 616.0), (6, 666.0), (6, 719.0), (6, 772.0),
)  # fmt: skip
# Transport blocks of up to 3824 information bits, TS 38.214 table 5.1.3.2-1.
_BLOCK_SIZES = (
    24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184,
    192, 208, 224, 240, 256, 272, 288, 304, 320, 336, 352, 368, 384, 408, 432, 456, 480, 504, 528,
    552, 576, 608, 640, 672, 704, 736, 768, 808, 848, 888, 928, 984, 1032, 1064, 1128, 1160, 1192,
    1224, 1256, 1288, 1320, 1352, 1416, 1480, 1544, 1608, 1672, 1736, 1800, 1864, 1928, 2024, 2088,
    2152, 2216, 2280, 2408, 2472, 2536, 2600, 2664, 2728, 2792, 2856, 2976, 3104, 3240, 3368, 3496,
    3624, 3752, 3824,
)  # fmt: skip
_MAX_ELEMENTS = 156  # that count of a resource block in a slot


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


@scalar
def transport_block_size_bits(
    n_prb: int,
    n_symbol: int,
    modulation_bits: int,
    code_rate: float,
    layers: int,
    dmrs_elements: int = 12,
    overhead_elements: int = 0,
) -> int:
    """Information bits of a slot's transport block, TS 38.214 5.1.3.2 (uplink: 6.1.4.2).

    Parameters
    ----------
    n_prb : int
        Resource blocks.
    n_symbol : int
        Symbols of the slot that are scheduled, those with DM-RS among them.
    modulation_bits, code_rate
        Bits per symbol and target code rate, as an MCS index has them (times 1024 there).
    layers : int
        Up to four; a fifth layer begins a second transport block.
    dmrs_elements : int
        Resource elements per block and slot that DM-RS takes, with those left empty beside it.
    overhead_elements : int
        0, 6, 12 or 18, as xOverhead configures.

    Returns
    -------
    int
        Zero where nothing is left for data.
    """
    elements = min(12 * n_symbol - dmrs_elements - overhead_elements, _MAX_ELEMENTS)
    bits = n_prb * elements * code_rate * modulation_bits * layers
    if not bits > 0.0:
        return 0
    return _tabled_size(bits) if bits <= 3824.0 else _segmented_size(bits, code_rate)


@scalar
def _tabled_size(bits: float) -> int:
    """Least size of the table that is not under the bits, once these are rounded down."""
    step = 2.0 ** max(3, _log2_floor(bits) - 6)
    wanted = step * math.floor(bits / step)
    for size in _BLOCK_SIZES:
        if size >= wanted:
            return size
    return _BLOCK_SIZES[-1]


@scalar
def _segmented_size(bits: float, code_rate: float) -> int:
    """Size that fills code blocks of equal whole bytes, checksums of 24 bits taken off."""
    step = 2.0 ** (_log2_floor(bits - 24.0) - 5)
    # Halves are rounded up, which round() would not do.
    wanted = max(3840, int(step * math.floor((bits - 24.0) / step + 0.5))) + 24
    blocks = 1
    if code_rate <= 0.25:
        blocks = -(-wanted // 3816)
    elif wanted > 8424 + 24:
        blocks = -(-wanted // 8424)
    return 8 * blocks * -(-wanted // (8 * blocks)) - 24


@scalar
def _log2_floor(x: float) -> int:
    """Whole part of a binary logarithm, without its rounding."""
    return math.frexp(x)[1] - 1


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
