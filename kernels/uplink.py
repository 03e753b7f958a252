"""Power and SINR of terminals with open-loop power control.

Source: models.md C.6; 3GPP TS 38.213 7.1.1 with P0 of one resource block. Interference of other
cells is a rise over thermal noise, not a coupling.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netmodel.kernels._jit import kernel, scalar

Float = NDArray[np.float64]


class PowerControl(NamedTuple):
    """How loud a terminal is.

    Parameters
    ----------
    max_dbm : float
        Greatest power: 26 dBm of class 2, 23 dBm of class 3.
    p0_dbm : float
        Wanted power of a resource block at the base station if the loss were compensated [A].
    alpha : float
        Share of the path loss that is compensated [A].
    """

    max_dbm: float
    p0_dbm: float = -80.0
    alpha: float = 0.8


@scalar
def pusch_power_dbm(path_loss_db: float, n_rb: float, control: PowerControl) -> float:
    """Power of a terminal over all its resource blocks."""
    block_dbm = control.p0_dbm + control.alpha * path_loss_db
    return min(control.max_dbm, block_dbm + 10.0 * math.log10(n_rb))


@scalar
def powered_blocks(path_loss_db: float, n_rb: float, control: PowerControl) -> float:
    """Resource blocks, of `n_rb`, to which a terminal gives their wanted power; at least one.

    Not rounded: a mean over slots. Terminals far out have fewer blocks instead of a worse SINR,
    down to a single one.
    """
    block_dbm = control.p0_dbm + control.alpha * path_loss_db
    return max(1.0, min(n_rb, math.pow(10.0, (control.max_dbm - block_dbm) / 10.0)))


@scalar
def uplink_sinr_db(
    coupling_loss_db: float,
    gain_db: float,
    n_rb: float,
    block_noise_dbm: float,
    rise_db: float,
    control: PowerControl,
) -> float:
    """SINR of a terminal at its base station.

    Parameters
    ----------
    coupling_loss_db : float
        Path loss less `gain_db`.
    gain_db : float
        Of the antennas less feeders and bodies. Power control looks at the path loss; with zero
        it looks at the coupling loss, as a terminal that measures RSRP would.
    n_rb : float
        Resource blocks that the terminal sends on.
    block_noise_dbm : float
        Of one resource block behind the receiver.
    rise_db : float
        Of interference and noise over noise.
    control : PowerControl
    """
    power_dbm = pusch_power_dbm(coupling_loss_db + gain_db, n_rb, control)
    block_dbm = power_dbm - 10.0 * math.log10(n_rb)
    return block_dbm - coupling_loss_db - block_noise_dbm - rise_db


@kernel
def uplink_sinrs_db(
    coupling_loss_db: Float,
    gain_db: float,
    n_rb: float,
    block_noise_dbm: float,
    rise_db: float,
    control: PowerControl,
) -> Float:
    """`uplink_sinr_db` of each coupling loss."""
    out = np.empty(coupling_loss_db.size)
    for k in range(out.size):
        out[k] = uplink_sinr_db(
            coupling_loss_db[k], gain_db, n_rb, block_noise_dbm, rise_db, control
        )
    return out
