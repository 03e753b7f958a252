"""Loads of explicit sectors with every link in float64: models.md, sections B.3 and C.3 to C.7."""

from dataclasses import dataclass

import numpy as np

from tests.reference import coverage, rate, server

UPLINK_BLOCKS = 10
BS_NOISE_DB, FEEDER_DB = 5.0, 2.0
SCS_HZ = 30e3


@dataclass(frozen=True)
class Carrier:
    """What the sectors of a carrier have in common, and their bandwidths (sector,) [MHz].

    `efficiency` goes from SINR [dB] to bit/s/Hz without a cut at `sinr_min_db`.
    """

    efficiency: object
    sinr_min_db: float
    noise_mw: float
    downlink_mhz: np.ndarray
    uplink_mhz: np.ndarray
    terminal_dbm: float
    array_gain_dbi: float


@dataclass(frozen=True)
class Loaded:
    """By point: server, "served", "quality" or "out_of_range", rate alone [Mbit/s]; by sector:
    demand in service, load, requested load, the uplink's, capacity, 5th percentile of rates."""

    server: np.ndarray
    state: np.ndarray
    rate_mbps: np.ndarray
    demand_mbps: np.ndarray
    load: np.ndarray
    requested: np.ndarray
    uplink: np.ndarray
    capacity_mbps: np.ndarray
    rate_5th_mbps: np.ndarray


def _sinr_db(power_mw, own, load, noise_mw):
    disturbance = np.where(own, 0.0, power_mw) @ load + noise_mw
    return 10 * np.log10((power_mw * own).sum(axis=1) / disturbance)


def loaded(x_m, y_m, masts, sectors, eirp_dbm, demand_mbps, uplink_share, rise_db, carrier):
    """Loads by plain rounds from no load.

    `uplink_share` is the uplink's demand over the downlink's, `rise_db` (point,) its interference
    over noise.
    """
    link = server.links(x_m, y_m, masts, server.Terms())
    attenuation = server.attenuation_db(x_m, y_m, masts, sectors)
    power_dbm = server.received_dbm(link, attenuation, sectors)
    best, rsrp_dbm, _ = server.best_two(power_dbm, server.may_serve(link, masts, sectors))
    power, n_sector = coverage.milliwatt(power_dbm), len(sectors)
    own = np.arange(n_sector) == best[:, None]
    heard = best >= 0
    full = np.full(len(best), -np.inf)
    full[heard] = _sinr_db(power[heard], own[heard], np.ones(n_sector), carrier.noise_mw)
    served = full >= carrier.sinr_min_db
    state = np.where(served, "served", np.where(heard, "quality", "out_of_range"))
    weight, at = demand_mbps[served], best[served]

    def requested(load):
        sinr = _sinr_db(power[served], own[served], load, carrier.noise_mw)
        alone = carrier.downlink_mhz[at] * carrier.efficiency(sinr)
        return np.bincount(at, weight / alone, n_sector), alone

    load, moved = np.zeros(n_sector), 1.0
    while moved > 1e-11:
        after = np.minimum(requested(load)[0], 1.0)
        moved, load = np.abs(after - load).max(), after
    wanted, alone = requested(load)
    rates = np.zeros(len(best))
    rates[served] = alone
    capacity, fifth = np.full((2, n_sector), np.nan)
    for k in np.unique(at[weight > 0]):
        mine = at == k
        capacity[k] = rate.harmonic_mean(alone[mine], weight[mine])
        left = rate.flow_throughput_mbps(alone[mine], load[k])
        fifth[k] = rate.weighted_percentile(left, weight[mine], 0.05)
    loss = eirp_dbm[at] - rsrp_dbm[served]
    up = _uplink_mbps(loss, rise_db[served], carrier) * carrier.uplink_mhz[at]
    uplink = np.bincount(at, uplink_share * weight / up, n_sector)
    demand = np.bincount(at, weight, n_sector)
    return Loaded(best, state, rates, demand, load, wanted, uplink, capacity, fifth)


def _uplink_mbps(loss_db, rise_db, carrier):
    """Uplink rate alone per MHz."""
    noise = coverage.noise_dbm(SCS_HZ * 12 * UPLINK_BLOCKS, BS_NOISE_DB) + rise_db
    power = rate.pusch_power_dbm(loss_db, UPLINK_BLOCKS, carrier.terminal_dbm)
    sinr = power + carrier.array_gain_dbi - FEEDER_DB - loss_db - noise
    return rate.chain_b_link_efficiency(sinr, max_layers=1, overhead=0.0)  # it is off the width
