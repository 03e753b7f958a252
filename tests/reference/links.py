"""The strongest links of points, every link in float64: models.md, sections B.3 and C.4."""

from typing import NamedTuple

import numpy as np

from tests.reference import coverage, server


class Listed(NamedTuple):
    """By point: server, its power [mW], then relative to that: links by sector, rest, noise.

    `ratio` is (point, sector), zero where a sector is not listed; `share` (point, sector) is that
    of all interference and noise, listed or not.
    """

    server: np.ndarray
    signal_mw: np.ndarray
    ratio: np.ndarray
    rest: np.ndarray
    noise: np.ndarray
    share: np.ndarray


def listed(x_m, y_m, masts, sectors, noise_mw, least):
    """Interferers of at least a share of interference and noise at full load, and the others."""
    terms = server.Terms(noise_mw=noise_mw)
    link = server.links(x_m, y_m, masts, terms)
    attenuation = server.attenuation_db(x_m, y_m, masts, sectors, terms.h_ut_m)
    power_dbm = server.received_dbm(link, attenuation, sectors)
    best, rsrp_dbm, _ = server.best_two(power_dbm, server.may_serve(link, masts, sectors))
    power = coverage.milliwatt(power_dbm)
    power[np.arange(power.shape[1]) == best[:, None]] = 0.0  # the server's own
    share = power / (power.sum(axis=1, keepdims=True) + noise_mw)
    signal = np.where(best < 0, 0.0, coverage.milliwatt(rsrp_dbm))
    with np.errstate(divide="ignore"):
        noise = noise_mw / signal
    ratio = np.where(best[:, None] < 0, 0.0, power / np.where(best < 0, 1.0, signal)[:, None])
    kept = np.where(share >= least, ratio, 0.0)
    return Listed(best, signal, kept, (ratio - kept).sum(axis=1), noise, share)
