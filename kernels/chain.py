"""The two chains from SINR to bits, each as one tuple that a kernel takes.

Chain A is the truncated Shannon curve of TR 36.942 A.1 times a MIMO gain; implementation loss and
overhead are in its alpha. Chain B is a Shannon curve at a gap, capped by the NR CQI table, with
rank adaptation, less overhead (TS 38.306 4.1.2). A tuple holds all of one chain, so that parts of
both never meet (models.md C.1): multiply the efficiency by the width of the resource blocks and
the share of symbols, and by nothing else.
"""

import math
from typing import NamedTuple

from netmodel.kernels._jit import scalar
from netmodel.kernels.rate import CHAIN_A_MIN_DB, CQI_256QAM
from netmodel.kernels.units import linear

DOWNLINK_OVERHEAD, UPLINK_OVERHEAD = 0.14, 0.08  # FR1, TS 38.306 4.1.2
LAYER_PENALTY_DB = (0.0, 1.5, 4.0)  # of one, two and four layers [A]
_LAYERS = (1, 2, 4)


class Chain(NamedTuple):
    """All that lies between a linear SINR and a spectral efficiency; see `efficiency`.

    Parameters
    ----------
    scale : float
        Efficiency that a layer gains when 1 + SINR doubles [bit/s/Hz].
    of_one, of_two, of_four : float
        SINR of each of so many layers over the SINR of the link; zero of a rank that is not sent.
    sinr_max : float
        SINR of a layer from which its efficiency is constant.
    sinr_min : float
        SINR of the link below which it is out of service. `efficiency` goes on below: leave such
        points out once, at full load (models.md C.4).
    """

    scale: float
    of_one: float
    of_two: float
    of_four: float
    sinr_max: float
    sinr_min: float


def chain_a(
    mimo_gain: float,
    alpha: float = 0.6,
    sinr_min_db: float = CHAIN_A_MIN_DB,
    sinr_max_db: float = 22.0,
) -> Chain:
    """Chain A: alpha log2(1 + SINR), constant from the greatest SINR, times a MIMO gain.

    Parameters
    ----------
    mimo_gain : float
        Factor on the efficiency of one layer, multi-user included.
    alpha, sinr_min_db, sinr_max_db : float
        TR 36.942 table A.1 by default; NR has 30 dB down, 0.4 and 22 dB up (TR 38.803 5.2.7).

    Raises
    ------
    ValueError
        A gain or alpha that is not a positive number.
    """
    if not 0.0 < mimo_gain * alpha < math.inf:
        raise ValueError(f"mimo_gain = {mimo_gain:g}, alpha = {alpha:g}: give positive numbers")
    return Chain(mimo_gain * alpha, 1.0, 0.0, 0.0, linear(sinr_max_db), linear(sinr_min_db))


def chain_b(
    max_layers: int = 4,
    overhead: float = DOWNLINK_OVERHEAD,
    gap_db: float = 2.0,
    margin_db: float = 1.5,
    sinr_min_db: float = -9.0,
    cap: float = CQI_256QAM[-1],
    layer_penalty_db: tuple[float, float, float] = LAYER_PENALTY_DB,
) -> Chain:
    """Chain B: the best rank of a Shannon curve at a gap, capped for each layer, less overhead.

    Parameters
    ----------
    max_layers : int
        1, 2 or 4.
    overhead : float
        Share of resource elements that carry no data.
    gap_db, margin_db : float
        Of coding to Shannon's bound, and of implementation [A].
    sinr_min_db : float
        [A]
    cap : float
        Greatest efficiency of a layer [bit/s/Hz].
    layer_penalty_db : (float, float, float)
        Loss of one, two and four layers beyond the power that they share.

    Raises
    ------
    ValueError
        Another number of layers, or an overhead outside 0 to 1.
    """
    if max_layers not in _LAYERS or not 0.0 <= overhead < 1.0:
        raise ValueError(
            f"max_layers = {max_layers}, overhead = {overhead:g}: give 1, 2 or 4, and a share"
        )
    one, two, four = (
        linear(-(penalty_db + gap_db + margin_db)) / n if n <= max_layers else 0.0
        for n, penalty_db in zip(_LAYERS, layer_penalty_db, strict=True)
    )
    return Chain(1.0 - overhead, one, two, four, 2.0**cap - 1.0, linear(sinr_min_db))


def uplink_chain_b(max_layers: int = 1) -> Chain:
    """Chain B of the uplink: one or two layers, less overhead."""
    return chain_b(max_layers, UPLINK_OVERHEAD)


@scalar
def efficiency(sinr: float, chain: Chain) -> float:
    """Spectral efficiency at a linear SINR, overhead taken off, without the cut at the least SINR.

    It rises with SINR, and efficiency(sinr / a) > efficiency(sinr) / a for a > 1, which makes the
    load of cells a standard interference function (models.md C.4) [bit/s/Hz].
    """
    # L log2(1 + x) = log2((1 + x)**L): the best rank is that of the greatest power, and one
    # logarithm does for all. A cap on log2(1 + x) is one on x; a rank that is not sent gives
    # one, the least of all powers.
    one = 1.0 + min(sinr * chain.of_one, chain.sinr_max)
    two = 1.0 + min(sinr * chain.of_two, chain.sinr_max)
    four = 1.0 + min(sinr * chain.of_four, chain.sinr_max)
    return chain.scale * math.log2(max(one, two * two, four * four * four * four))


class QuantisedChain(NamedTuple):
    """A chain B whose layers have the efficiencies of a CQI table and none between them.

    Parameters
    ----------
    chain : Chain
    layer_sinr, layer_efficiency : (index,) of float
        SINR of a layer from which each index is reached, and what it carries [bit/s/Hz].
    """

    chain: Chain
    layer_sinr: tuple[float, ...]
    layer_efficiency: tuple[float, ...]


def quantised(chain: Chain, efficiencies: tuple[float, ...] = CQI_256QAM) -> QuantisedChain:
    """A chain B by a CQI table, whose thresholds are read off its own curve.

    Raises
    ------
    ValueError
        A chain that does not end where the table does, as chain A never does.
    """
    cap = math.log2(1.0 + chain.sinr_max)
    if not math.isclose(cap, efficiencies[-1], rel_tol=1e-9):
        raise ValueError(
            f"efficiencies end at {efficiencies[-1]:g}, the chain at {cap:g}: give a chain B with "
            "that cap"
        )
    return QuantisedChain(chain, tuple(2.0**se - 1.0 for se in efficiencies), efficiencies)


@scalar
def quantised_efficiency(sinr: float, quantised_chain: QuantisedChain) -> float:
    """As `efficiency`, of the best rank at whole CQI indices; zero below the first.

    A step is no standard interference function: not for the iteration of loads [bit/s/Hz].
    """
    if math.isnan(sinr):
        return math.nan
    chain = quantised_chain.chain
    best = 0.0
    for layers, share in ((1.0, chain.of_one), (2.0, chain.of_two), (4.0, chain.of_four)):
        index = 0
        for threshold in quantised_chain.layer_sinr:
            index += sinr * share >= threshold
        if index > 0:
            best = max(best, layers * quantised_chain.layer_efficiency[index - 1])
    return chain.scale * best
