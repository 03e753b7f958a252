"""Powers, noise and losses of a link, per resource element so that bandwidths never mix.

Source: models.md B.1 and B.3; 3GPP TS 38.215 5.1.1 and 5.1.3 (SS-RSRP, SS-RSRQ).
"""

import math

from netmodel.kernels._jit import scalar

THERMAL_NOISE_DBM_HZ = -174.0


@scalar
def noise_dbm(bandwidth_hz: float, noise_figure_db: float) -> float:
    """Thermal noise in a bandwidth behind a receiver."""
    return THERMAL_NOISE_DBM_HZ + 10.0 * math.log10(bandwidth_hz) + noise_figure_db


@scalar
def power_per_element_dbm(total_dbm: float, n_rb: float) -> float:
    """Power of one resource element of a carrier of `n_rb` resource blocks."""
    return total_dbm - 10.0 * math.log10(12.0 * n_rb)


@scalar
def max_loss_db(power_dbm: float, gain_db: float, noise_dbm: float, sinr_db: float) -> float:
    """Greatest loss at which the wanted SINR is reached; power and noise over one bandwidth.

    `gain_db` is the antennas' less feeders and bodies; fade margins come off the result.
    """
    return power_dbm + gain_db - noise_dbm - sinr_db


@scalar
def rsrq_db(sinr_db: float, own_load: float) -> float:
    """Reference signal received quality, from the SINR at full load of the others.

    `own_load` is the serving cell's use of resource elements; at rest one of twelve sends a
    reference signal for each port.
    """
    return -10.0 * math.log10(12.0 * (own_load + 10.0 ** (-sinr_db / 10.0)))
