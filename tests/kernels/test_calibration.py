"""A drop of users against the 3GPP large-scale calibration (R1-165974), by kernels alone.

Two rings of sites of three sectors; users in and out of houses around the middle one. The
published geometry is the serving sector's power over that of all others, without noise.
"""

import json
import math
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from netmodel.kernels import propagation as kernel
from netmodel.kernels.antenna import array_gain_dbi

N_USER = 6000
SEED = 38900
QUANTILES = np.arange(1, 20) / 20
FREQUENCY_GHZ = {1: 6.0, 2: 30.0}
BORESIGHT_DEG = np.array([30.0, 150.0, 270.0])
INDOOR_SHARE, HIGH_LOSS_SHARE, SITE_CORRELATION = 0.8, 0.5, 0.5
COLUMN, TILT_DEG = (10, 1), 12.0  # zenith 102 degrees


class Scenario(NamedTuple):
    """A column of the published file."""

    key: int
    isd_m: float
    h_bs_m: float
    least_m: float
    sigma_db: tuple[float, float]


UMI = Scenario(1, 200.0, 10.0, 10.0, kernel.UMI_SIGMA_DB)
UMA = Scenario(2, 500.0, 25.0, 35.0, kernel.UMA_SIGMA_DB)


class Users(NamedTuple):
    """Arrays over users; `wall` is a standard normal number."""

    place: np.ndarray
    height_m: np.ndarray
    is_indoor: np.ndarray
    depth_m: np.ndarray
    is_high_loss: np.ndarray
    wall: np.ndarray


class Draws(NamedTuple):
    """(user, site): uniform numbers for sight and environment, normal ones for shadowing."""

    sight: np.ndarray
    environment: np.ndarray
    shadow: np.ndarray


def sites_m(isd_m):
    """The middle site and two rings, as complex numbers."""
    i, j = np.indices((5, 5)).reshape(2, -1) - 2
    return isd_m * (i + j * np.exp(1j * math.pi / 3))[np.abs(i + j) <= 2]


def places_m(scenario, rng):
    """Uniform within 0.93 inter-site distances of the middle, and not too near to any site."""
    radius, turn = np.sqrt(rng.random(2 * N_USER)), 2 * math.pi * rng.random(2 * N_USER)
    place = 0.93 * scenario.isd_m * radius * np.exp(1j * turn)
    nearest = np.abs(place[:, None] - sites_m(scenario.isd_m)).min(axis=1)
    return place[nearest >= scenario.least_m][:N_USER]


def dropped_users(scenario, rng):
    """Indoors on a floor of a house of four to eight, up to 25 m deep; else in the street."""
    place, n = places_m(scenario, rng), N_USER
    is_indoor = rng.random(n) < INDOOR_SHARE
    floor = rng.integers(1, rng.integers(4, 9, n) + 1)
    height = np.where(is_indoor, 1.5 + 3.0 * (floor - 1), 1.5)
    depth = np.where(is_indoor, 25.0 * rng.random((2, n)).min(axis=0), 0.0)
    high = rng.random(n) < HIGH_LOSS_SHARE
    return Users(place, height, is_indoor, depth, high, rng.standard_normal(n))


def dropped_links(n_site, rng):
    own, common = rng.standard_normal((N_USER, n_site)), rng.standard_normal((N_USER, 1))
    shadow = math.sqrt(SITE_CORRELATION) * common + math.sqrt(1 - SITE_CORRELATION) * own
    return Draws(rng.random(own.shape), rng.random(own.shape), shadow)


@cache
def drop(scenario):
    """Users, draws of their links and legs from the sites, the same at all frequencies."""
    rng = np.random.default_rng(SEED)
    users = dropped_users(scenario, rng)
    legs = users.place[:, None] - sites_m(scenario.isd_m)
    return users, dropped_links(legs.shape[1], rng), legs


@cache
def gains_dbi(scenario):
    """Gain of (user, site, sector)."""
    users, _, legs = drop(scenario)
    drop_m = scenario.h_bs_m - users.height_m[:, None]
    zenith = 90.0 + np.degrees(np.arctan2(drop_m, np.abs(legs)))
    azimuth = np.angle(legs, deg=True)[..., None] - BORESIGHT_DEG
    gain = np.vectorize(lambda a, z: array_gain_dbi(a, z, COLUMN, TILT_DEG, 0.0))
    return gain(azimuth, zenith[..., None])


def median_losses_db(scenario, frequency_ghz):
    """Losses of (user, site) in sight and not, and the probability of sight."""
    users, draws, legs = drop(scenario)
    distance, height = np.abs(legs), users.height_m[:, None]
    outdoor = np.maximum(distance - users.depth_m[:, None], 0.0)
    at = (distance, frequency_ghz, scenario.h_bs_m, height)
    if scenario is UMI:
        los, nlos = (
            np.vectorize(f)(*at) for f in (kernel.umi_los_loss_db, kernel.umi_nlos_loss_db)
        )
        return los, nlos, np.vectorize(kernel.umi_los_probability)(outdoor)
    h_e = np.vectorize(kernel.uma_environment_height_m)(outdoor, height, draws.environment)
    los = np.vectorize(kernel.uma_los_loss_above_db)(*at, h_e)
    nlos = np.vectorize(kernel.uma_nlos_loss_above_db)(*at, h_e)
    return los, nlos, np.vectorize(kernel.uma_los_probability)(outdoor, height)


def wall_losses_db(users, frequency_ghz):
    """Loss through walls and rooms of each user, 0 outdoors."""
    by_kind = np.array([kernel.wall_loss_db(frequency_ghz, bool(high)) for high in (0, 1)])
    kind = users.is_high_loss.astype(int)
    loss = by_kind[kind] + 0.5 * users.depth_m + np.array(kernel.WALL_SIGMA_DB)[kind] * users.wall
    return np.where(users.is_indoor, loss, 0.0)


def losses_db(scenario, frequency_ghz):
    """Loss of (user, site), all drawn."""
    users, draws, _ = drop(scenario)
    los, nlos, p = median_losses_db(scenario, frequency_ghz)
    in_sight = draws.sight < p
    outdoor = np.where(in_sight, *scenario.sigma_db)
    sigma = np.where(users.is_indoor[:, None], kernel.UMA_INDOOR_SIGMA_DB, outdoor)
    walls = wall_losses_db(users, frequency_ghz)[:, None]
    return np.where(in_sight, los, nlos) + sigma * draws.shadow + walls


@cache
def figures(scenario, frequency):
    """Coupling gain and geometry of each user [dB]."""
    loss = losses_db(scenario, FREQUENCY_GHZ[frequency])
    gain = (gains_dbi(scenario) - loss[..., None]).reshape(N_USER, -1)
    best = gain.max(axis=1)
    power = 10 ** (gain / 10)
    return {"cl": best, "gf": best - 10 * np.log10(power.sum(axis=1) - power.max(axis=1))}


@pytest.fixture(scope="module")
def published(shared):
    path = shared / "validation/sysl/3gpp_calibration_cdfs.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("quantity", "bound_db"), [("cl", 2.5), ("gf", 1.5)])
@pytest.mark.parametrize("frequency", FREQUENCY_GHZ)
@pytest.mark.parametrize("scenario", [UMI, UMA], ids=["UMi", "UMa"])
def test_3gpp_calibration(published, scenario, frequency, quantity, bound_db):
    """The bounds are asked for at 5, 50 and 95 %; they hold at all that is published."""
    expected = published[f"{quantity}38900a[{frequency},*,{scenario.key}]"]
    got = np.quantile(figures(scenario, frequency)[quantity], QUANTILES)
    assert np.abs(got - expected).max() <= bound_db
