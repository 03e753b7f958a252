"""From SINR to rates and servers: models.md, sections C.1-C.3 and C.5-C.7."""

import math
from fractions import Fraction

import numpy as np
from scipy import optimize

SYMBOLS_PER_SLOT = 14
SUBCARRIERS_PER_BLOCK = 12
MAX_CODE_RATE = 948 / 1024

# 3GPP TS 38.214 tables 5.2.2.1-2 (up to 64QAM), 5.2.2.1-3 (up to 256QAM) and 5.2.2.1-4 (64QAM from
# low efficiency), efficiency.
CQI_TABLE_1 = np.array(
    [
        *(0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758, 1.4766, 1.9141),
        *(2.4063, 2.7305, 3.3223, 3.9023, 4.5234, 5.1152, 5.5547),
    ]
)
CQI_TABLE_2 = np.array(
    [
        *(0.1523, 0.3770, 0.8770, 1.4766, 1.9141, 2.4063, 2.7305, 3.3223),
        *(3.9023, 4.5234, 5.1152, 5.5547, 6.2266, 6.9141, 7.4063),
    ]
)
CQI_TABLE_3 = np.array(
    [
        *(0.0586, 0.0977, 0.1523, 0.2344, 0.3770, 0.6016, 0.8770, 1.1758),
        *(1.4766, 1.9141, 2.4063, 2.7305, 3.3223, 3.9023, 4.5234),
    ]
)

# 3GPP TS 38.214 tables 5.1.3.1-1 to 5.1.3.1-3: code rates times 1024 by bits per symbol.
MCS_TABLES = (
    {
        2: (120, 157, 193, 251, 308, 379, 449, 526, 602, 679),
        4: (340, 378, 434, 490, 553, 616, 658),
        6: (438, 466, 517, 567, 616, 666, 719, 772, 822, 873, 910, 948),
    },
    {
        2: (120, 193, 308, 449, 602),
        4: (378, 434, 490, 553, 616, 658),
        6: (466, 517, 567, 616, 666, 719, 772, 822, 873),
        8: (682.5, 711, 754, 797, 841, 885, 916.5, 948),
    },
    {
        2: (30, 40, 50, 64, 78, 99, 120, 157, 193, 251, 308, 379, 449, 526, 602),
        4: (340, 378, 434, 490, 553, 616),
        6: (438, 466, 517, 567, 616, 666, 719, 772),
    },
)

# 3GPP TS 38.214 table 5.1.3.2-1 as runs of equal steps: first, last, step.
BLOCK_SIZE_RUNS = (
    *((24, 192, 8), (208, 384, 16), (408, 576, 24), (608, 768, 32), (808, 928, 40)),
    *((984, 1032, 48), (1064, 1064, 1), (1128, 1352, 32), (1416, 1928, 64), (2024, 2280, 64)),
    *((2408, 2856, 64), (2976, 3104, 128), (3240, 3752, 128), (3824, 3824, 1)),
)


def linear(db):
    return 10 ** (np.asarray(db, dtype=float) / 10)


# Spectral efficiency -----------------------------------------------------------------------------


def chain_a_efficiency(sinr_db, alpha=0.6, sinr_min_db=-10.0, sinr_max_db=22.0):
    """Attenuated and truncated Shannon bound [bit/s/Hz].

    References
    ----------
    3GPP TR 36.942 annex A.1, table A.1 (0.6 and 22 dB down, 0.4 and 15 dB up); 3GPP TR 38.803
    section 5.2.7 (30 dB down, 22 dB up).
    """
    sinr = np.asarray(sinr_db, dtype=float)
    bounded = alpha * np.log2(1 + linear(np.minimum(sinr, sinr_max_db)))
    return np.where(sinr < sinr_min_db, 0.0, bounded)


def chain_b_efficiency(sinr_db, gap_db=2.0, margin_db=1.5, cap=CQI_TABLE_2[-1], sinr_min_db=-9.0):
    """Shannon bound at a gap, capped by the best entry of the CQI table [bit/s/Hz].

    References
    ----------
    netmodel modelling specification, section C.1, chain B, before overhead.
    """
    sinr = np.asarray(sinr_db, dtype=float)
    capped = np.minimum(np.log2(1 + linear(sinr - gap_db - margin_db)), cap)
    return np.where(sinr < sinr_min_db, 0.0, capped)


def cqi_thresholds_db(table, gap_db=2.0, margin_db=0.0):
    """SINR from which each entry of a CQI table is in reach: 10 lg(2^SE - 1) + gap + margin."""
    return 10 * np.log10(2.0 ** np.asarray(table) - 1) + gap_db + margin_db


def cqi_index(sinr_db, table, gap_db=2.0, margin_db=0.0):
    """Number of entries of a CQI table in reach; 0 is out of range."""
    in_reach = np.asarray(sinr_db)[..., None] >= cqi_thresholds_db(table, gap_db, margin_db)
    return in_reach.sum(axis=-1)


def cqi_efficiency(sinr_db, table, gap_db=2.0, margin_db=0.0):
    """Efficiency of the best entry in reach, zero where there is none [bit/s/Hz]."""
    return np.concatenate(([0.0], table))[cqi_index(sinr_db, table, gap_db, margin_db)]


def rank_adaptive_efficiency(sinr_db, per_layer, layers=(1, 2, 4), penalty_db=(0.0, 1.5, 4.0)):
    """Best over the number of layers L of L S_1(SINR - 10 lg L - penalty) [bit/s/Hz].

    References
    ----------
    netmodel modelling specification, section C.1, MIMO.
    """
    sinr = np.asarray(sinr_db, dtype=float)
    by_rank = [
        n * per_layer(sinr - 10 * math.log10(n) - loss)
        for n, loss in zip(layers, penalty_db, strict=True)
    ]
    return np.max(by_rank, axis=0)


def chain_b_link_efficiency(sinr_db, max_layers=4, overhead=0.14, gap_db=2.0, margin_db=1.5):
    """Chain B of a link: the best of one, two and four layers, less overhead [bit/s/Hz].

    References
    ----------
    netmodel modelling specification, section C.1, without the cut at the least SINR (C.4).
    """
    ranks = [(n, loss) for n, loss in ((1, 0.0), (2, 1.5), (4, 4.0)) if n <= max_layers]
    layers, penalty_db = zip(*ranks, strict=True)

    def one_layer(x):
        return chain_b_efficiency(x, gap_db, margin_db, sinr_min_db=-math.inf)

    return (1 - overhead) * rank_adaptive_efficiency(sinr_db, one_layer, layers, penalty_db)


# Bandwidth ---------------------------------------------------------------------------------------


def symbol_shares(pattern, special=(10, 2, 2)):
    """Shares of symbols for downlink, guard and uplink of a frame like "DDDSU".

    `special` holds the symbols of a slot S in that order.

    References
    ----------
    3GPP TS 38.213 section 11.1, slot configuration; netmodel modelling specification, section C.2.
    """
    slot = {"D": (14, 0, 0), "S": special, "U": (0, 0, 14)}
    symbols = np.sum([slot[letter] for letter in pattern], axis=0)
    assert symbols.sum() == SYMBOLS_PER_SLOT * len(pattern)
    return symbols / symbols.sum()


def downlink_share(pattern, special=(10, 2, 2)):
    """Share of symbols for downlink: see `symbol_shares`."""
    return symbol_shares(pattern, special)[0]


def occupied_bandwidth_mhz(n_rb, scs_khz):
    """Bandwidth of all resource blocks of a carrier."""
    return n_rb * SUBCARRIERS_PER_BLOCK * scs_khz / 1e3


def effective_bandwidth_mhz(n_rb, scs_khz, share=1.0, overhead=0.0):
    """Bandwidth that carries data: share in time and overhead taken off."""
    return occupied_bandwidth_mhz(n_rb, scs_khz) * share * (1 - overhead)


def peak_rate_mbps(n_layer, bits_per_symbol, n_rb, scs_khz, overhead):
    """Peak rate of one carrier whose every symbol goes the same way.

    References
    ----------
    3GPP TS 38.306 section 4.1.2, with a scaling factor of one.
    """
    symbols_per_second = SYMBOLS_PER_SLOT * (scs_khz / 15) * 1e3
    per_symbol = n_layer * bits_per_symbol * MAX_CODE_RATE * n_rb * SUBCARRIERS_PER_BLOCK
    return per_symbol * symbols_per_second * (1 - overhead) / 1e6


def block_sizes():
    """The 93 sizes of TS 38.214 table 5.1.3.2-1."""
    return [n for first, last, step in BLOCK_SIZE_RUNS for n in range(first, last + 1, step)]


def information_bits(n_prb, n_symbol, bits, rate_1024, layers, dmrs, overhead):
    """N_info, an exact fraction: TS 38.214 section 5.1.3.2, steps 1 and 2."""
    per_block = min(156, SUBCARRIERS_PER_BLOCK * n_symbol - dmrs - overhead)
    return Fraction(rate_1024) / 1024 * per_block * n_prb * bits * layers


def transport_block_size(n_prb, n_symbol, bits, rate_1024, layers, dmrs, overhead):
    """Transport block size in exact integers.

    References
    ----------
    3GPP TS 38.214 section 5.1.3.2, steps 3 and 4.
    """
    info = information_bits(n_prb, n_symbol, bits, rate_1024, layers, dmrs, overhead)
    if info <= 0:
        return 0
    if info <= 3824:
        unit = 2 ** max(3, math.floor(info).bit_length() - 1 - 6)
        quantised = max(24, info // unit * unit)
        return min(size for size in block_sizes() if size >= quantised)
    unit = 2 ** (math.floor(info - 24).bit_length() - 1 - 5)
    quantised = max(3840, math.floor((info - 24) / unit + Fraction(1, 2)) * unit)
    if Fraction(rate_1024) <= 256:
        n_block = math.ceil(Fraction(quantised + 24, 3816))
    else:
        n_block = math.ceil(Fraction(quantised + 24, 8424)) if quantised > 8424 else 1
    return 8 * n_block * math.ceil(Fraction(quantised + 24, 8 * n_block)) - 24


# Cells and users ---------------------------------------------------------------------------------


def harmonic_mean(value, weight=None):
    """1 / sum of w/x over weights that are scaled to one; equal weights by default."""
    value = np.asarray(value, dtype=float)
    weight = np.ones_like(value) if weight is None else np.asarray(weight, dtype=float)
    return weight.sum() / (weight / value).sum()


def flow_throughput_mbps(alone_mbps, load):
    """Mean rate of a transfer under processor sharing: R (1 - rho).

    References
    ----------
    M/G/1 processor sharing, L. Kleinrock, Queueing Systems II, 1976, section 4.4.
    """
    return alone_mbps * (1 - np.asarray(load))


def transfer_time_s(size_mbit, alone_mbps, load):
    """Mean time of a transfer under processor sharing."""
    return size_mbit / flow_throughput_mbps(alone_mbps, load)


def weighted_percentile(value, weight, share):
    """Least value at or below which lies at least the given share of weight (lower step)."""
    order = np.argsort(value, kind="stable")
    below = np.cumsum(np.asarray(weight, dtype=float)[order])
    return np.asarray(value)[order][np.searchsorted(below, share * below[-1])]


def erlang_b(offered_erl, n_server):
    """Blocking of `n_server` lines, by the sum of Poisson terms in the logarithm.

    References
    ----------
    A. K. Erlang's loss formula: (A^N/N!) / sum over k up to N of A^k/k!.
    """
    k = np.arange(n_server + 1)
    log_term = k * math.log(offered_erl) - np.array([math.lgamma(i + 1) for i in k])
    return float(np.exp(log_term[-1] - np.logaddexp.reduce(log_term)))


def servers_for_blocking(offered_erl, blocking):
    """Least number of lines that block at most the given share of calls."""
    n = 0
    while erlang_b(offered_erl, n) > blocking:
        n += 1
    return n


def calls_in_capacity(capacity_mbps, call_mbps):
    """Calls that fit one after the other: exact fractions of the decimals that are written."""
    free, each, n = Fraction(str(capacity_mbps)), Fraction(str(call_mbps)), 0
    while free >= each:
        free, n = free - each, n + 1
    return n


def erlangs_for_blocking(n_server, blocking):
    """Traffic of which the lines block just the given share, by a root of the loss formula."""
    return optimize.brentq(lambda a: erlang_b(a, n_server) - blocking, 1e-9, 1e9, xtol=1e-12)


def pusch_power_dbm(path_loss_db, n_rb, p_max_dbm=26.0, p0_dbm=-80.0, alpha=0.8):
    """Uplink power with fractional compensation of path loss.

    References
    ----------
    3GPP TS 38.213 section 7.1.1, open loop, P_0 per resource block.
    """
    wanted = p0_dbm + alpha * np.asarray(path_loss_db) + 10 * np.log10(n_rb)
    return np.minimum(p_max_dbm, wanted)


def powered_blocks(path_loss_db, n_rb, p_max_dbm=26.0, p0_dbm=-80.0, alpha=0.8):
    """Blocks among which the greatest power is shared at the wanted power of each, in milliwatt."""
    each_mw = linear(p0_dbm) * linear(path_loss_db) ** alpha
    return float(np.clip(linear(p_max_dbm) / each_mw, 1.0, n_rb))


def uplink_sinr_db(path_loss_db, gain_db, n_rb, noise_figure_db, rise_db, scs_khz, p_max_dbm=26.0):
    """SINR over all blocks, from powers in milliwatt.

    References
    ----------
    netmodel modelling specification, section C.6, with a rise over thermal noise of -174 dBm/Hz.
    """
    received = linear(pusch_power_dbm(path_loss_db, n_rb, p_max_dbm)) * linear(
        gain_db - path_loss_db
    )
    thermal = linear(-174.0) * n_rb * SUBCARRIERS_PER_BLOCK * scs_khz * 1e3
    return 10 * np.log10(received / (thermal * linear(noise_figure_db) * linear(rise_db)))


def carriers(load_of_one, target_load):
    """Carriers of equal width that bring the load down to the target when demand splits evenly."""
    return math.ceil(load_of_one / target_load)


def after_offload(gross, share):
    """Demand left for the mobile network."""
    return gross * (1 - share)
