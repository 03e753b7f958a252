"""Loads of a carrier settled, with what its points do not list as it is at these very loads."""

import warnings

import numpy as np
from numpy.typing import NDArray

from netmodel._load_points import LEAST_SHARE, sinr_db_at
from netmodel._loads import Air, Balance, CarrierPoints
from netmodel.kernels.coupling import loads_around, put_rest
from netmodel.kernels.settling import most_of, parts_of, settle, unsettled

Float = NDArray[np.float64]

TOLERANCE = 1e-6  # of loads
# A correction leaves about a tenth of what was off, and loads between two need be no closer.
_CLOSE, _CLOSER = 1e-2, 0.1
_MOST_CORRECTIONS = 50


def settled(air: Air, points: CarrierPoints, load: Float | None = None) -> Balance:
    """The fixed point of a carrier's loads, from zero or from near-by loads (sector,)."""
    n_sector, n_block = points.mhz.size, points.first.size - 1
    blocks = np.arange(n_block, dtype=np.int32)
    parts = parts_of(points.links, points.first, blocks, n_sector)
    state = unsettled(points.links, parts, np.zeros(n_sector) if load is None else load)
    balance = Balance(air, points, parts, state, np.full(n_block, np.inf))
    if load is not None:
        return put_right(balance, TOLERANCE)
    settle(points.links, points.field, points.chain, parts, state, _CLOSE)
    return put_right(balance, _CLOSE)


def put_right(balance: Balance, close: float) -> Balance:
    """Loads and the unlisted interference in turn, until neither moves.

    It is off where it follows a mean: the mean of a city's many idle sectors and of a few busy
    ones beside them says little of either. All sectors are evaluated at the loads found so far,
    at the blocks where that may matter; which is a round with an older load of some sectors, and
    those end at the same fixed point (Yates, theorem 4), whatever they began from.

    Parameters
    ----------
    close : float
        How near the loads are to their end at first.
    """
    for _ in range(_MOST_CORRECTIONS):
        todo = balance.off >= TOLERANCE
        if not todo.any() and close == TOLERANCE:
            break
        _correct(balance, todo)
        close = max(close * _CLOSER, TOLERANCE)
        points, state = balance.points, balance.state
        before = state.load.copy()
        settle(points.links, points.field, points.chain, balance.parts, state, close)
        balance.moved[:] += _moves(balance, np.abs(state.load - before))
    else:
        warnings.warn(
            f"loads of {balance.air.carrier.name} still move after {_MOST_CORRECTIONS} "
            f"corrections, by {balance.off.max():.1e}",
            RuntimeWarning,
            stacklevel=2,
        )
    return balance


def _correct(balance: Balance, todo: NDArray[np.bool_]) -> None:
    """Put the unlisted interference of some blocks as it is at the loads; they are unsettled."""
    air, points, load = balance.air, balance.points, balance.state.load
    wanted = np.repeat(todo, np.diff(points.first))
    sinr_db = sinr_db_at(air.work, air.carrier, air.places, load, air.noise_mw, wanted)
    around = loads_around(points.field, load)
    put_rest(points.links, around, load, sinr_db, points.links.rest)
    balance.moved[todo] = 0.0
    balance.state.moved[todo] = np.inf


def _moves(balance: Balance, moved: Float) -> Float:
    """Share (block,) by which the unlisted interference may move with the loads."""
    field = balance.points.field
    around, of_block = (loads_around(field, v) for v in (balance.state.load, moved))
    with np.errstate(invalid="ignore"):
        share = np.where(around > 0.0, of_block / around, 0.0)
    return share + LEAST_SHARE * most_of(balance.parts, moved)
