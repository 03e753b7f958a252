"""The twins reproduce the oracle tables of models.md, sections A, B, C and J, and known laws."""

import csv
import math
from functools import cache, partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests import strategies
from tests.oracles import VALIDATION, oracles, tolerance
from tests.reference import antenna, coverage, energy, hexagon, load, propagation, rate

ORACLES = {row: value for row, value in oracles().items() if row[0] in "ABCJ"}


def lettered(row, function, *cases):
    """Rows a, b, c, ... of one function."""
    return {f"{row}{chr(ord('a') + i)}": partial(function, case) for i, case in enumerate(cases)}


# Radio propagation -------------------------------------------------------------------------------

UMA, UMI, RMA = (3.5, 25.0, 1.5), (3.5, 10.0, 1.5), (0.7, 35.0, 1.5)
MODELS = {
    "uma": (
        UMA,
        propagation.uma_los_loss_db,
        propagation.uma_nlos_loss_db,
        lambda d: propagation.uma_los_probability(d, 1.5),
    ),
    "umi": (
        UMI,
        propagation.umi_los_loss_db,
        propagation.umi_nlos_loss_db,
        propagation.umi_los_probability,
    ),
    "rma": (
        RMA,
        propagation.rma_los_loss_db,
        propagation.rma_nlos_loss_db,
        propagation.rma_los_probability,
    ),
}

# Losses [dB] at 10, 100, 1000 m and a last distance, 5 GHz, as the unit tests of ns-3 give them.
NS3_LOSS_DB = {
    ("rma", "los", 35.0, 10_000): (77.3784, 87.2965, 108.5577, 140.3896),
    ("rma", "nlos", 35.0, 5_000): (77.3784, 95.7718, 133.5223, 160.5169),
    ("uma", "los", 25.0, 5_000): (72.9380, 86.2362, 109.7252, 137.6794),
    ("uma", "nlos", 25.0, 5_000): (82.5131, 106.1356, 144.7641, 172.0753),
    ("umi", "los", 10.0, 5_000): (69.8591, 88.4122, 119.3114, 147.2696),
    ("umi", "nlos", 10.0, 5_000): (76.7563, 107.9432, 143.1886, 167.8617),
}


def states(model, distance_m):
    """Loss in and out of line of sight, and the probability of the former."""
    at, los, nlos, probability = MODELS[model]
    return [los(distance_m, *at), nlos(distance_m, *at), probability(distance_m)]


def worst_miss_of_ns3_db():
    worst = 0.0
    for (model, state, h_bs, last), expected in NS3_LOSS_DB.items():
        loss = MODELS[model][1 if state == "los" else 2]
        miss = loss([10, 100, 1000, last], 5.0, h_bs, 1.5) - np.array(expected)
        worst = max(worst, np.abs(miss).max())
    return worst


def walls(frequency_ghz):
    low = propagation.wall_loss_low_db(frequency_ghz)
    return [low, propagation.wall_loss_high_db(frequency_ghz)]


def uma_pixel(m):
    """A pixel of 1 km around its own station."""
    mean_gain = partial(
        propagation.uma_mean_gain_loss_db, frequency_ghz=3.5, h_bs_m=25.0, h_ut_m=1.5
    )
    return [propagation.pixel_mean_gain_loss_db(mean_gain, 1000.0, m)]


def uma_los_over_free_space_db(d3d):
    d2d = np.sqrt(np.asarray(d3d) ** 2 - 23.5**2)
    return propagation.uma_los_loss_db(d2d, *UMA) - propagation.free_space_loss_db(d3d, 3.5)


def worst_margin_and_crossing():
    shortest = propagation.distance_3d_m(10.0, 25.0, 1.5)
    crossing, _ = propagation.radius_m(uma_los_over_free_space_db, 0.0, shortest, 500.0)
    return [uma_los_over_free_space_db(shortest), crossing]


def wrong_mixes():
    los, nlos, p = states("uma", 500.0)
    return [
        propagation.wrong_plain_mean_db(los, nlos),
        propagation.wrong_weighted_mean_db(los, nlos, p),
    ]


def rma_radius():
    loss = partial(propagation.rma_nlos_loss_db, frequency_ghz=0.7, h_bs_m=35.0, h_ut_m=1.5)
    return [propagation.radius_m(loss, 140.0)[0]]


A = {
    "A01": lambda: [propagation.free_space_loss_db(1000, 3.5)],
    "A02": lambda: [propagation.free_space_loss_db(3000, 0.7)],
    "A03": lambda: [propagation.urban_break_point_m(*UMA)],
    "A04": lambda: [propagation.urban_break_point_m(*UMI)],
    "A05": lambda: [propagation.rma_break_point_m(*RMA)],
    **lettered("A06", partial(states, "uma"), 35, 200, 500, 1000, 3000),
    **lettered("A07", partial(states, "umi"), 35, 100, 200, 500),
    **lettered("A08", partial(states, "rma"), 100, 500, 1000, 3000, 5000),
    # The example: RMa, 3.5 GHz, (0, 0, 30) to (1000, 1000, 1.5) m, W = 25 m, h = 7 m.
    "A08f": lambda: [
        propagation.rma_los_loss_db(math.hypot(1000, 1000), 3.5, 30.0, 1.5, 25.0, 7.0)
    ],
    "A09": lambda: [worst_miss_of_ns3_db()],
    **lettered("A10", walls, 0.7, 2.6, 3.5, 4.9),
    "A10e": lambda: [propagation.mean_indoor_loss_db(depth) for depth in (25, 10)],
    **{f"A21_{m}": partial(uma_pixel, m) for m in (1, 2, 10, 20, 100)},
    "A21m": lambda: [
        propagation.pixel_median_loss_db(
            lambda d: propagation.uma_nlos_loss_db(d, *UMA), 1000.0, 100
        )
    ],
    "A22": wrong_mixes,
    "A23": lambda: [propagation.uma_nlos_radius_m(140.0, *UMA)],
    "A24": rma_radius,
    "A25": lambda: [propagation.distance_3d_m(d, 25.0, 1.5) for d in (500, 10)],
    "A26": worst_margin_and_crossing,
}

# Link budget, antennas, coverage -----------------------------------------------------------------

RE_NOISE_DBM = coverage.noise_dbm(30e3, 9.0)
POWER_200_W_DBM = 10 * math.log10(200e3)


def composites():
    column = [antenna.composite_gain_dbi(0.0, theta, 8, 1, 6.0) for theta in (96, 90, 100)]
    panel = [
        antenna.composite_gain_dbi(phi, 96.0, 8, 8, 6.0, scan) for phi, scan in ((0, 0), (30, 30))
    ]
    return [*column, *panel]


def uma_at(distance_m):
    los, nlos, p = states("uma", distance_m)
    return (los, nlos), p


def right_and_wrong_at_200_m():
    loss, p = uma_at(200.0)
    return [
        coverage.two_state_probability(110.0, loss, (4.0, 6.0), p),
        coverage.wrong_single_gaussian(110.0, loss, 6.0, p),
    ]


def servers(margins, correlation, quadrature=coverage.multi_server_probability_dense):
    return quadrature(np.array(margins)[:, None], 8.0, correlation=correlation)


def jakes(edge, exponent, sigma):
    return [coverage.area_probability(edge, exponent, sigma)]


B = {
    "B01": lambda: [
        RE_NOISE_DBM,
        coverage.noise_dbm(273 * 12 * 30e3, 9.0),
        coverage.noise_dbm(180e3, 5.0),
    ],
    "B02": lambda: [coverage.power_per_re_dbm(POWER_200_W_DBM, 273)],
    "B03": lambda: [coverage.rsrp_dbm(POWER_200_W_DBM, 273, 17.0, 2.0, 120.0)],
    "B04": lambda: antenna.element_gain_dbi(
        [0, 32.5, 65, 0, 45, 180, 110], [90, 90, 90, 122.5, 100, 90, 150]
    ),
    "B05": lambda: antenna.sector_gain_dbi([0, 35, 0, 60, 180], [6, 6, 1, 3, 0], 6.0),
    "B06": composites,
    "B07": lambda: [antenna.directivity_dbi(antenna.element_gain_dbi)],
    "B08": lambda: [
        coverage.sinr_db(-80.0, [-90.0, -95.0], rho, RE_NOISE_DBM) for rho in (0.5, 1, 0)
    ],
    "B09": lambda: [
        *(coverage.rsrq_db(ports * 2 / 12) for ports in (1, 2)),
        *(coverage.rsrq_db(1.0, sinr) for sinr in (math.inf, 1.0, 10**-0.6)),
    ],
    "B10": lambda: [coverage.fade_margin_db(8.0, p) for p in (0.75, 0.9, 0.95)],
    "B11a": partial(jakes, 0.5, 3.5, 8.0),
    "B11b": partial(jakes, 0.75, 3.5, 8.0),
    "B11c": partial(jakes, 0.9, 3.5, 8.0),
    "B11d": partial(jakes, 0.75, 4.0, 8.0),
    "B11e": partial(jakes, 0.75, 3.908, 6.0),
    "B11f": lambda: [coverage.area_probability_by_integration(0.75, 3.5, 8.0)],
    "B12": right_and_wrong_at_200_m,
    "B13": lambda: coverage.mixed_probability(140.0, *uma_at(300.0), 3.5),
    "B14": lambda: [
        servers([2], 0.5),
        servers([2, 0], 0.0),
        servers([2, 0], 0.5),
        servers([2, 0, -3], 0.5),
    ],
    "B15": lambda: [coverage.mapl_db(26.0, 10, 24.0, 2.0, 30e3, 5.0, -4.0)],
    "B16": lambda: [coverage.mapl_db(POWER_200_W_DBM, 273, 24.0, 2.0, 30e3, 9.0, -6.0)],
}

# Capacity and load -------------------------------------------------------------------------------

DDDDDDDSUU = rate.downlink_share("DDDDDDDSUU", (6, 4, 4))
CELL_BANDWIDTH_MHZ = rate.effective_bandwidth_mhz(273, 30, DDDDDDDSUU, 0.14)
CHAIN_A_BANDWIDTH_MHZ = rate.effective_bandwidth_mhz(273, 30, DDDDDDDSUU)
CQI_SINR_DB = [-12, -5, 0, 5, 10, 15, 20, 25, 30]
UNCAPPED = partial(rate.chain_b_efficiency, margin_db=0.0, cap=math.inf, sinr_min_db=-math.inf)


def network(loss_db, serving, demand_mbps):
    """46 dBm over 20 MHz, noise figure 9 dB."""
    loss = np.array(loss_db, dtype=float)
    return {
        "power": np.full(len(loss), 10**1.6),
        "gain": 10 ** (-loss / 10),
        "noise": coverage.milliwatt(coverage.noise_dbm(20e6, 9.0)) / 1e3,
        "serving": serving,
        "demand": np.array(demand_mbps) * 1e6,
        "bandwidth": 20e6,
    }


def pair(far_db, *demand_mbps):
    return network([[110, far_db], [far_db, 110]], [0, 1], demand_mbps)


TRIO = network(
    [[100, 118, 122, 120], [121, 105, 117, 110], [125, 121, 102, 113]],
    [0, 1, 2, 1],
    [30, 40, 50, 20],
)


def radius_of(case):
    parts = {name: value for name, value in case.items() if name != "noise"}
    return [load.spectral_radius(load.asymptotic_matrix(**parts))]


def symmetric_pair():
    loads, n_round = load.fixed_point(**pair(125, 40, 40))
    return [*loads, n_round]


def overloaded_pair():
    case = pair(125, 120, 120)
    return [load.fixed_point(**case)[0][0], load.wanted_load(np.ones(2), **case)[0]]


@cache
def hexagon_links(isd_m, step_m, tilt_deg, model=hexagon.UMA):
    return hexagon.links(isd_m, step_m, tilt_deg, model)


def nlos_sinr_db(rho, isd_m=500.0, step_m=10.0, tilt_deg=6.0):
    link = hexagon_links(isd_m, step_m, tilt_deg)
    return hexagon.sinr_db(link.nlos, link.noise, rho)


def nlos_harmonic(rho):
    """No point of C25 lies below -10 dB, so the floor of C26 touches none."""
    _, harmonic, outage = hexagon.efficiency_summary(nlos_sinr_db(rho))
    assert outage == 0
    return harmonic


def by_the_tilt_rule(isd_m):
    tilt = float(antenna.default_tilt_deg(25.0, 1.5, isd_m))
    sinr = nlos_sinr_db(1.0, isd_m, isd_m / 50, tilt)
    return [tilt, *np.percentile(sinr, [5, 50, 95]), *hexagon.efficiency_summary(sinr)[:2]]


def at_load(rho):
    return [rho, np.median(nlos_sinr_db(rho)), nlos_harmonic(rho)]


def mean_field(axis, mimo_gain, demand):
    """Capacity and load of a plain of sites 500 m apart."""
    table = [nlos_harmonic(rho) for rho in axis]
    density = 2 / (math.sqrt(3) * 0.5**2)

    def capacity(rho):
        se = np.interp(rho, axis, table)
        return load.cell_capacity(density, se, CHAIN_A_BANDWIDTH_MHZ, mimo_gain)

    rho = load.mean_field_load(demand, capacity)
    return [capacity(rho), rho]


C = {
    "C01": lambda: rate.chain_a_efficiency([-12, -10, 0, 10, 20, 22, 30]),
    "C02": lambda: rate.chain_a_efficiency([10, 22, 30, 35], sinr_max_db=30.0),
    # The row names no SINR: these give it.
    "C03": lambda: rate.chain_a_efficiency([-10, 0, 10, 22], alpha=0.4, sinr_max_db=22.0),
    "C04": lambda: rate.cqi_thresholds_db(rate.CQI_TABLE_1),
    "C05": lambda: rate.cqi_thresholds_db(rate.CQI_TABLE_2),
    "C06": lambda: rate.cqi_index(CQI_SINR_DB, rate.CQI_TABLE_2),
    "C06b": lambda: rate.cqi_efficiency(CQI_SINR_DB, rate.CQI_TABLE_2),
    "C07": lambda: [
        rate.peak_rate_mbps(4, 8, 273, 30, 0.14),
        rate.peak_rate_mbps(2, 6, 106, 15, 0.14),
        rate.peak_rate_mbps(1, 6, 273, 30, 0.08),
        rate.peak_rate_mbps(4, 8, 51, 30, 0.14),
    ],
    "C08": lambda: [
        rate.downlink_share("DDDSU"),
        DDDDDDDSUU,
        rate.downlink_share("DDDSUDDSUU"),
    ],
    # The row names no carriers; in the order of section B.1 these give it. That of 40 MHz at
    # 30 kHz and that of 20 MHz at 15 kHz have the same 106 blocks and the same utilisation.
    "C09": lambda: [
        rate.occupied_bandwidth_mhz(n_rb, scs) / mhz
        for mhz, scs, n_rb in (
            (100, 30, 273),
            (40, 30, 106),
            (20, 30, 51),
            (15, 15, 79),
            (30, 15, 160),
        )
    ],
    "C10": lambda: [CELL_BANDWIDTH_MHZ, CELL_BANDWIDTH_MHZ * 2.0, CELL_BANDWIDTH_MHZ * 7.8],
    "C11": symmetric_pair,
    "C12": lambda: load.fixed_point(**pair(125, 40, 10))[0],
    "C13": overloaded_pair,
    "C14": lambda: load.fixed_point(**TRIO)[0],
    "C15": lambda: radius_of(TRIO),
    "C16": lambda: radius_of(pair(111, 60, 60)),
    "C17": lambda: [
        np.mean([200, 100, 50, 10]),
        rate.harmonic_mean([200, 100, 50, 10]),
        rate.harmonic_mean([200, 100, 50, 10], [0.4, 0.3, 0.2, 0.1]),
    ],
    "C18": lambda: [
        rate.flow_throughput_mbps(100, 0.5),
        rate.transfer_time_s(10 * 8, 100, 0.5),
        rate.flow_throughput_mbps(100, 0.9),
    ],
    "C19": lambda: [rate.erlang_b(*case) for case in ((10, 15), (10, 18), (100, 117))],
    "C20": lambda: [rate.servers_for_blocking(offered, 0.01) for offered in (10, 100)],
    "C21": lambda: [rate.carriers(1.9, 0.7), rate.carriers(350 / 146.5, 0.6)],
    "C22": lambda: [
        rate.weighted_percentile(
            [5, 12, 20, 45, 60, 80, 120, 150, 200, 300], [4, 6, 10, 20, 20, 15, 10, 8, 5, 2], 0.05
        )
    ],
    "C23": lambda: rate.rank_adaptive_efficiency([-5, 0, 5, 10, 20, 30], UNCAPPED),
    "C24": lambda: [rate.after_offload(100, 0.55)],
    "C25": lambda: [len(hexagon.sites_m(500.0)), *np.percentile(nlos_sinr_db(1.0), [5, 50, 95])],
    "C25n": lambda: [len(hexagon.points_m(500.0, 10.0))],
    "C26": lambda: [
        *hexagon.efficiency_summary(nlos_sinr_db(1.0))[:2],
        rate.chain_a_efficiency(-10.0),
    ],
    **lettered("C27", by_the_tilt_rule, 250.0, 500.0, 1000.0, 1732.0),
    **lettered("C28", at_load, 0.25, 0.5, 1.0),
    "C29a": lambda: mean_field([0.25, 0.5, 1.0], 4.0, 1100.0),
    "C29b": lambda: mean_field([0.25, 0.5, 1.0], 1.0, 1100.0),
    "C29c": lambda: mean_field([0.25, 0.5, 1.0], 1.0, 275.0),
    "C30": lambda: hexagon.efficiency_summary(
        nlos_sinr_db(1.0), efficiency=rate.chain_b_efficiency, sinr_min_db=-9.0
    )[:2],
    "C31": lambda: rate.chain_b_efficiency([-9, 0, 10, 20, 30]),
    "C32": lambda: rate.pusch_power_dbm([100, 120, 130, 130], [10, 10, 10, 273]),
}

# Economics and energy ----------------------------------------------------------------------------

SITE = {"capex": 200.0, "opex_per_year": 45.0, "rate": 0.08, "n_year": 10}
MEAN_KWH = energy.yearly_kwh(energy.site_power_w(0.3))
SLEEPING_KWH = energy.yearly_kwh_with_sleep(0.3, 4.0)


def tiers():
    """The row gives results only: these round costs and people give them."""
    each, overall = energy.cost_per_person([100, 150, 400, 900], [50, 20, 10, 3])
    return [*each, overall]


J = {
    "J01": lambda: [energy.annuity_factor(0.08, 10), energy.capital_recovery_factor(0.08, 10)],
    "J02": lambda: [energy.npv_cost(**SITE)],
    "J02b": lambda: [energy.npv_cost(**SITE, opex_at_start=True)],
    "J03": lambda: [energy.npv_cost(**SITE) * 1e3 / people for people in (3000, 300)],
    "J04": lambda: [energy.equivalent_annual_cost(energy.npv_cost(**SITE), 0.08, 10)],
    "J05": lambda: energy.site_power_w([0.0, 0.3, 1.0]),
    "J06": lambda: [MEAN_KWH, MEAN_KWH * 718e3 / 1e9],
    "J07": lambda: [MEAN_KWH * 0.65, MEAN_KWH * 718e3 * 0.65 / 1e9],
    "J08": lambda: [SLEEPING_KWH, 1 - SLEEPING_KWH / MEAN_KWH],
    "J09": lambda: [
        energy.bits_per_joule(20e12 * 8 * 365, MEAN_KWH),
        MEAN_KWH / (20e3 * 365),
    ],
    "J10": tiers,
    "J11": lambda: [energy.replaced_capex(200.0, 0.08, life, 10) for life in (7, 10)],
    "J12": lambda: [energy.eroded_price(price, 0.1, 5) for price in (1.0, 200.0)],
}

COMPUTED = {**A, **B, **C, **J}

# Building entry loss (A11), the Hata family (A12-A14), clutter (A15, A16) and terrain (A17-A20).
ELSEWHERE = {row for row in ORACLES if row[0] == "A" and 11 <= int(row[1:3]) <= 20}

HEXAGON = {"C25", "C26", "C27a", "C27b", "C27c", "C27d", "C28a", "C28b", "C28c", "C30"}
COUPLED = {"C11", "C12", "C13", "C14", "C29a", "C29b", "C29c"}


# The second value of A26 is where the free-space constant is rounded to 32.4478 dB: see
# `test_crossing_of_a26`.
CROSSING_M = "167.45573"


@cache
def units():
    """Unit of every value of the rows of capacity and load."""
    with (VALIDATION / "oracles_c.csv").open(newline="", encoding="utf-8") as file:
        next(file)
        rows = {row["id"]: row["unit"].split(";") for row in csv.DictReader(file)}
    return {row: unit * (len(ORACLES[row]) if len(unit) == 1 else 1) for row, unit in rows.items()}


def allowed_miss(row, text, unit):
    """Models.md, section M."""
    if row in HEXAGON and unit == "dB":
        return 0.05
    if row in HEXAGON and "/s/Hz" in unit or row in COUPLED and unit.startswith("Mbit"):
        return 0.005 * abs(float(text))
    if row in COUPLED and unit == "-":
        return 1e-4
    if text == CROSSING_M:
        return 2e-5 * float(text)
    return tolerance(text)


def test_every_oracle_is_computed_or_elsewhere():
    assert set(COMPUTED) | ELSEWHERE == set(ORACLES)
    assert not set(COMPUTED) & ELSEWHERE


@pytest.mark.parametrize("row", COMPUTED)
def test_oracle(row):
    unit = units()[row] if row in C else [""] * len(ORACLES[row])
    for value, text, u in zip(COMPUTED[row](), ORACLES[row], unit, strict=True):
        miss = abs(float(value) - float(text))
        assert miss <= allowed_miss(row, text, u), (row, float(value), text)


def test_crossing_of_a26():
    """Within the 1e-4 dB of models.md, section M; a rounded constant gives its last digits."""
    assert abs(uma_los_over_free_space_db(float(CROSSING_M))) < 1e-4
    assert 10 ** ((32.4478 - 28) / 2) == pytest.approx(float(CROSSING_M), abs=tolerance(CROSSING_M))
    exact = 4 * math.pi * 1e9 / propagation.SPEED_OF_LIGHT
    assert worst_margin_and_crossing()[1] == pytest.approx((exact / 10**1.4) ** 10, rel=1e-9)


def test_sixteen_nodes_hold_b14():
    sixteen = servers([2, 0, -3], 0.5, coverage.multi_server_probability)
    assert sixteen == pytest.approx(float(ORACLES["B14"][3]), abs=2e-6)


def test_mode_n_on_the_full_load_axis():
    """The remark of row C29."""
    capacity, rho = mean_field(np.arange(11) / 10, 4.0, 1100.0)
    assert rho == pytest.approx(0.11658, abs=5e-6)
    assert capacity == pytest.approx(9436, abs=0.5)


# Laws of propagation -----------------------------------------------------------------------------

DISTANCE_M = st.floats(10.0, 5000.0)
FREQUENCY_GHZ = st.floats(0.5, 6.0)
NAMES = st.sampled_from(sorted(MODELS))


@given(NAMES, FREQUENCY_GHZ, DISTANCE_M, DISTANCE_M)
def test_loss_rises_with_distance(name, frequency_ghz, a, b):
    (_, h_bs, h_ut), los, nlos, probability = MODELS[name]
    pair_m = np.sort([a, b])
    for loss in (los, nlos):
        near, far = loss(pair_m, frequency_ghz, h_bs, h_ut)
        assert far >= near
    assert (los(pair_m, frequency_ghz, h_bs, h_ut) <= nlos(pair_m, frequency_ghz, h_bs, h_ut)).all()
    near, far = probability(pair_m)
    assert 1 >= near >= far >= 0


@given(FREQUENCY_GHZ, DISTANCE_M)
def test_loss_is_at_least_that_of_free_space(frequency_ghz, distance_m):
    """Not so for UMa in line of sight (A26)."""
    for loss, h_bs in (
        (propagation.umi_los_loss_db, 10.0),
        (propagation.uma_nlos_loss_db, 25.0),
        (propagation.rma_los_loss_db, 35.0),
    ):
        d3d = propagation.distance_3d_m(distance_m, h_bs, 1.5)
        free = propagation.free_space_loss_db(d3d, frequency_ghz)
        assert loss(distance_m, frequency_ghz, h_bs, 1.5) >= free


@given(st.sampled_from(["uma", "umi"]), FREQUENCY_GHZ, st.floats(10, 60), st.floats(1.5, 22.5))
def test_urban_slopes_meet_at_the_break_point(name, frequency_ghz, h_bs, h_ut):
    d_bp = propagation.urban_break_point_m(frequency_ghz, h_bs, h_ut)
    assume(d_bp > 11)
    at = d_bp * np.array([1 - 1e-9, 1 + 1e-9])
    before, after = MODELS[name][1](at, frequency_ghz, h_bs, h_ut)
    assert after == pytest.approx(before, abs=1e-6)


def test_rural_slopes_leave_a_step():
    d_bp = propagation.rma_break_point_m(*RMA)
    before, after = propagation.rma_los_loss_db(d_bp * np.array([1 - 1e-9, 1 + 1e-9]), *RMA)
    assert 0.005 < after - before < 0.015


@given(st.floats(0, 5000), st.floats(1.5, 22.5))
def test_probability_of_line_of_sight_is_one(distance_m, h_ut):
    assert 0 <= propagation.uma_los_probability(distance_m, h_ut) <= 1


@given(NAMES, DISTANCE_M)
def test_mean_gain_lies_between_the_states(name, distance_m):
    los, nlos, p = states(name, distance_m)
    mean = propagation.mean_gain_loss_db(los, nlos, p)
    assert los - 1e-9 <= mean <= nlos + 1e-9
    assert mean <= propagation.wrong_weighted_mean_db(los, nlos, p) + 1e-9


@given(st.floats(50, 1000), st.floats(-3000, 3000), st.floats(-3000, 3000), st.integers(1, 12))
def test_pixel_lies_between_its_midpoints(side_m, x, y, m):
    def loss(d):
        return propagation.uma_nlos_loss_db(d, *UMA)

    at = loss(propagation.pixel_distances_m(side_m, m, (x, y)))
    mean = propagation.pixel_mean_gain_loss_db(loss, side_m, m, (x, y))
    assert at.min() - 1e-9 <= mean <= at.max() + 1e-9
    assert propagation.pixel_distances_m(1000.0).shape == (10, 10)


@given(st.floats(100, 160), FREQUENCY_GHZ)
def test_closed_radius_is_the_root(mapl_db, frequency_ghz):
    def loss(d):
        return propagation.uma_nlos_loss_db(d, frequency_ghz, 25.0, 1.5)

    found, is_met = propagation.radius_m(loss, mapl_db)
    assume(is_met)
    closed = propagation.uma_nlos_radius_m(mapl_db, frequency_ghz, 25.0, 1.5)
    assert found == pytest.approx(closed, rel=1e-9)


def test_radius_beyond_and_below_the_range():
    def loss(d):
        return propagation.uma_nlos_loss_db(d, *UMA)

    assert propagation.radius_m(loss, 300.0) == (5000.0, False)
    assert propagation.radius_m(loss, 10.0) == (0.0, False)


# Laws of antennas --------------------------------------------------------------------------------

ANGLE_DEG = st.floats(-180, 180)


@given(st.floats(-2000, 2000))
def test_angles_wrap(angle):
    wrapped = antenna.wrapped_deg(angle)
    assert -180 < wrapped <= 180
    assert math.remainder(wrapped - angle, 360) == pytest.approx(0, abs=1e-9)


def test_angles_wrap_by_hand():
    assert antenna.wrapped_deg([-180, 180, 540, 190, -190]).tolist() == [180, 180, 180, -170, 170]


@given(ANGLE_DEG, st.floats(0, 180), st.floats(2, 12))
def test_patterns_are_even_and_bounded(azimuth, zenith, tilt):
    element = antenna.element_gain_dbi([azimuth, -azimuth], zenith)
    sector = antenna.sector_gain_dbi([azimuth, -azimuth], zenith - 90, tilt)
    assert element[0] == pytest.approx(element[1], abs=1e-9) and -22 <= element[0] <= 8
    assert sector[0] == pytest.approx(sector[1], abs=1e-9) and -8 <= sector[0] <= 17


@given(
    st.integers(1, 8), st.integers(1, 8), st.floats(0, 15), st.floats(-60, 60), ANGLE_DEG,
    st.floats(0, 180),
)  # fmt: skip
def test_beam_points_down_by_the_tilt_and_aside_by_the_scan(
    n_row, n_column, tilt, scan, azimuth, zenith
):
    """The array alone is strongest at (scan, 90 + tilt), by 10 lg of its elements."""
    phi, theta = np.array([scan, azimuth]), np.array([90 + tilt, zenith])
    whole = antenna.composite_gain_dbi(phi, theta, n_row, n_column, tilt, scan)
    at_beam, elsewhere = whole - antenna.element_gain_dbi(phi, theta)
    assert at_beam == pytest.approx(10 * math.log10(n_row * n_column), abs=1e-9)
    assert elsewhere <= at_beam + 1e-9


@given(st.floats(100, 20_000), st.floats(10, 60))
def test_tilt_rule_stays_in_its_range(isd_m, h_bs):
    assert 2 <= antenna.default_tilt_deg(h_bs, 1.5, isd_m) <= 12


def test_isotropic_pattern_has_no_directivity():
    flat = antenna.directivity_dbi(lambda phi, theta: 0.0 * phi + 0.0 * theta, 30)
    assert flat == pytest.approx(0, abs=1e-9)


# Laws of coverage --------------------------------------------------------------------------------

PROBABILITY = st.floats(0, 1)
SITES = st.lists(
    st.tuples(st.floats(-25, 25), st.floats(0, 30), PROBABILITY), min_size=1, max_size=3
)


def as_sites(drawn):
    """(site, state) margins, sigmas of the states, and the states' probabilities."""
    margin = np.array([[nlos + more, nlos] for nlos, more, _ in drawn])
    p = np.array([[p, 1 - p] for *_, p in drawn])
    return margin, np.array([4.0, 6.0]), p


@given(SITES, st.floats(0, 0.5))
def test_sixteen_nodes_equal_dense_quadrature(drawn, correlation):
    case = (*as_sites(drawn), correlation)
    dense = coverage.multi_server_probability_dense(*case)
    assert coverage.multi_server_probability(*case) == pytest.approx(dense, abs=5e-6)


@given(SITES, st.floats(0, 0.5))
def test_more_sites_cover_more_and_less_than_if_independent(drawn, correlation):
    margin, sigma, p = as_sites(drawn)
    single = [
        coverage.two_state_probability(m[0], (0, m[0] - m[1]), sigma, q[0])
        for m, q in zip(margin, p, strict=True)
    ]
    together = coverage.multi_server_probability_dense(margin, sigma, p, correlation)
    assert together >= max(single) - 1e-9
    assert together <= 1 - np.prod(1 - np.array(single)) + 1e-9


@given(st.floats(0.05, 0.98), st.floats(2, 5), st.floats(3, 12))
def test_jakes_equals_the_mean_over_the_disc(edge, exponent, sigma):
    closed = coverage.area_probability(edge, exponent, sigma)
    mean = coverage.area_probability_by_integration(edge, exponent, sigma)
    assert closed == pytest.approx(mean, abs=1e-6)
    assert edge <= closed <= 1


@given(st.floats(80, 180), st.floats(0, 30), NAMES, DISTANCE_M)
def test_coverage_rises_with_the_allowed_loss(allowed_db, more_db, name, distance_m):
    loss, p = states(name, distance_m)[:2], states(name, distance_m)[2]
    less = coverage.mixed_probability(allowed_db, loss, p, 3.5)
    more = coverage.mixed_probability(allowed_db + more_db, loss, p, 3.5)
    for before, after in zip(less, more, strict=True):
        assert 0 <= before <= after + 1e-12 <= 1 + 1e-9


@given(st.floats(-120, -60), st.lists(st.floats(-140, -60), min_size=1, max_size=6), PROBABILITY)
def test_sinr_falls_with_load(serving, interferers, rho):
    empty, some, full = (
        coverage.sinr_db(serving, interferers, x, RE_NOISE_DBM) for x in (0.0, rho, 1.0)
    )
    assert empty == pytest.approx(serving - RE_NOISE_DBM)
    assert empty >= some >= full


# Laws of rates -----------------------------------------------------------------------------------

SINR_DB = st.floats(-30, 50)


@given(SINR_DB, SINR_DB)
def test_efficiencies_rise_with_sinr(a, b):
    pair_db = np.sort([a, b])
    for chain in (
        rate.chain_a_efficiency,
        rate.chain_b_efficiency,
        partial(rate.cqi_efficiency, table=rate.CQI_TABLE_2),
        partial(rate.rank_adaptive_efficiency, per_layer=rate.chain_b_efficiency),
    ):
        worse, better = chain(pair_db)
        assert 0 <= worse <= better


@given(SINR_DB)
def test_bounds_of_efficiency(sinr_db):
    one = rate.chain_b_efficiency(sinr_db)
    many = rate.rank_adaptive_efficiency(sinr_db, rate.chain_b_efficiency)
    assert one <= many <= 4 * 7.4063
    quantised = rate.cqi_efficiency(sinr_db, rate.CQI_TABLE_2, margin_db=1.5)
    assert quantised <= rate.chain_b_efficiency(sinr_db, sinr_min_db=-math.inf) + 1e-9


@given(strategies.positive_vectors(), strategies.generators())
def test_harmonic_mean_is_below_the_plain_one(rates, rng):
    weight = rng.random(len(rates)) + 1e-3
    mean = rate.harmonic_mean(rates, weight)
    assert rates.min() * (1 - 1e-9) <= mean <= np.average(rates, weights=weight) * (1 + 1e-9)


@given(strategies.positive_vectors(), strategies.generators(), st.floats(0.01, 0.99))
def test_percentile_is_the_lower_step(values, rng, share):
    weight = rng.random(len(values)) + 1e-3
    x = rate.weighted_percentile(values, weight, share)
    assert weight[values <= x].sum() >= share * weight.sum() * (1 - 1e-12)
    assert weight[values < x].sum() < share * weight.sum() * (1 + 1e-12)


@given(st.floats(0.01, 300), st.integers(0, 400))
def test_blocking_equals_its_recursion(offered, n_server):
    blocking = 1.0
    for n in range(1, n_server + 1):
        blocking = offered * blocking / (n + offered * blocking)
    assert rate.erlang_b(offered, n_server) == pytest.approx(blocking, rel=1e-9, abs=1e-300)


@given(st.text("DSU", min_size=1, max_size=20), st.integers(0, 14), st.integers(0, 14))
def test_shares_of_symbols_add_up(pattern, down, up):
    assume(down + up <= 14)
    shares = rate.symbol_shares(pattern, (down, 14 - down - up, up))
    assert shares.sum() == pytest.approx(1) and (shares >= 0).all()


@given(st.floats(0, 50), st.floats(0.1, 1))
def test_carriers_bring_the_load_down(rho, target):
    n = rate.carriers(rho, target)
    assert n * target >= rho * (1 - 1e-12) and (n - 1) * target < rho or n == 0 == rho


# Laws of load ------------------------------------------------------------------------------------


@st.composite
def networks(draw):
    """A few sectors and pixels, each served by its strongest sector."""
    n_sector, n_pixel = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    rng = draw(strategies.generators())
    loss = rng.uniform(90, 140, (n_sector, n_pixel))
    return network(loss, loss.argmin(axis=0), rng.uniform(0, 60, n_pixel))


@given(networks(), st.floats(1, 3))
def test_load_is_a_fixed_point_and_rises_with_demand(case, factor):
    rho, _ = load.fixed_point(**case)
    assert ((rho >= 0) & (rho <= 1)).all()
    wanted = load.wanted_load(rho, **case)
    np.testing.assert_allclose(rho, np.minimum(wanted, 1), atol=1e-9)
    more, _ = load.fixed_point(**{**case, "demand": case["demand"] * factor})
    assert (more >= rho - 1e-9).all()


@given(networks(), strategies.generators(), st.floats(1.01, 5))
def test_wanted_load_is_a_standard_function(case, rng, alpha):
    rho = rng.random(len(case["power"]))
    wanted, scaled = (load.wanted_load(x, **case) for x in (rho, alpha * rho))
    assert (wanted <= scaled + 1e-12).all()
    assert (scaled <= alpha * wanted + 1e-12).all()


@given(networks())
def test_network_of_small_radius_needs_no_clipping(case):
    """If the radius of H0 is below one the unclipped iteration settles."""
    assume(radius_of(case)[0] < 0.9)
    rho = np.zeros(len(case["power"]))
    for _ in range(300):
        rho = load.wanted_load(rho, **case)
    np.testing.assert_allclose(load.wanted_load(rho, **case), rho, rtol=1e-9)


def plain_capacity(density, rho):
    return 100 * density / (1 + 3 * rho)


@given(st.floats(0, 200), st.floats(0.05, 5))
def test_even_plain_has_the_load_of_one_cell(demand, density):
    whole = load.mean_field_grid(
        np.full((4, 3), demand), np.full((4, 3), density), np.ones((4, 3)), plain_capacity
    )
    one = load.mean_field_load(demand, partial(plain_capacity, density))
    np.testing.assert_allclose(whole, one, atol=1e-9)


@given(strategies.populations(max_side=6), strategies.generators())
def test_cells_without_site_have_no_load(demand, rng):
    density = np.where(rng.random(demand.shape) < 0.3, 0.0, rng.random(demand.shape) * 3)
    area = rng.uniform(0.5, 1.0, demand.shape)
    rho = load.mean_field_grid(demand, density, area, plain_capacity)
    np.testing.assert_array_equal(np.isnan(rho), (density == 0) | np.isnan(demand))
    known = ~np.isnan(rho)
    around = load.environment_load(rho, area)
    wanted = demand[known] / plain_capacity(density[known], around[known])
    np.testing.assert_allclose(rho[known], np.minimum(wanted, 1), atol=1e-9)


def test_environment_by_hand():
    rho = np.array([[0.2, math.nan, 0.8], [math.nan, math.nan, math.nan], [0.4, 1.0, math.nan]])
    area = np.array([[1.0, 1.0, 3.0], [1.0, 1.0, 1.0], [1.0, 2.0, 1.0]])
    around = load.environment_load(rho, area)
    assert around[0] == pytest.approx([0.2, 2.6 / 4, 0.8])
    assert around[1] == pytest.approx([2.6 / 4, 5.0 / 7, 4.4 / 5])
    assert around[2] == pytest.approx([2.4 / 3, 2.4 / 3, 1.0])


@given(st.floats(100, 9000), PROBABILITY)
def test_lookup_is_linear_in_load_and_in_the_logarithm_of_isd(isd_m, rho):
    axis_m, loads = [250, 500, 1000, 1732, 3000, 5000], np.arange(11) / 10
    table = 2 * np.log(axis_m)[:, None] - 3 * loads
    held = min(max(isd_m, 250), 5000)
    found = load.efficiency_lookup(isd_m, rho, axis_m, loads, table)
    assert found == pytest.approx(2 * math.log(held) - 3 * rho)


# Laws of the hexagon -----------------------------------------------------------------------------


def test_layout():
    sites = hexagon.sites_m(500.0)
    rings = np.unique(np.round(np.abs(sites)), return_counts=True)
    assert rings[0].tolist() == [0, 500, 866, 1000] and rings[1].tolist() == [1, 6, 6, 6]
    away = hexagon.BORESIGHT_DEG[:, None] - np.degrees(np.angle(sites[1:7]))
    assert np.abs(antenna.wrapped_deg(away)).min(axis=1) == pytest.approx([30, 30, 30])


@pytest.mark.parametrize("isd", [250.0, 500.0, 1000.0, 1732.0])
def test_harmonic_efficiency_is_standard_in_load(isd):
    """SE_h(a rho) > SE_h(rho)/a, so one load settles (models.md, section C.4)."""
    tilt = float(antenna.default_tilt_deg(25.0, 1.5, isd))
    loads = np.arange(1, 11) / 10
    se = [hexagon.efficiency_summary(nlos_sinr_db(r, isd, isd / 20, tilt))[1] for r in loads]
    assert (np.diff(se) < 0).all() and (np.diff(loads * se) > 0).all()


@pytest.mark.parametrize("model", [hexagon.UMA, hexagon.RMA])
def test_states_sum_to_one_and_drawing_tends_to_them(model):
    link = hexagon_links(500.0, 25.0, 6.0, model)
    sinr, probability = hexagon.stated_sinr_db(link, 0.5)
    np.testing.assert_allclose(probability.sum(axis=1), 1)
    uniform = np.random.default_rng(1).random((*link.los_probability.shape, 200))
    drawn = hexagon.drawn_sinr_db(link, 0.5, uniform)
    expected = hexagon.efficiency_summary(sinr, probability)
    assert hexagon.efficiency_summary(drawn) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("interferers", ["mean", "drawn"])
@pytest.mark.parametrize("los", [0.0, 1.0])
def test_certain_state_is_no_mixture(interferers, los):
    link = hexagon_links(500.0, 50.0, 6.0)
    sure = link._replace(los_probability=np.full_like(link.los_probability, los))
    uniform = np.random.default_rng(1).random((*link.los_probability.shape, 3))
    drawn = hexagon.drawn_sinr_db(sure, 0.7, uniform, interferers)
    alone = hexagon.sinr_db(link.los if los else link.nlos, link.noise, 0.7)
    np.testing.assert_allclose(drawn, alone[:, None] + np.zeros(3), rtol=1e-9)


def test_sectors_of_the_serving_site_interfere():
    """Leaving them out lifts SINR (pitfall 13)."""
    link = hexagon_links(500.0, 10.0, 6.0)
    best = link.nlos.max(axis=(1, 2))
    site = link.nlos.max(axis=2).argmax(axis=1)
    own = np.take_along_axis(link.nlos.sum(axis=2), site[:, None], axis=1)[:, 0]
    without = coverage.decibel(best / (link.nlos.sum(axis=(1, 2)) - own + link.noise))
    assert 1 < (without - nlos_sinr_db(1.0)).mean() < 6


# Laws of cost and energy -------------------------------------------------------------------------

INTEREST = st.floats(0.001, 0.3)


@given(INTEREST, st.integers(1, 60))
def test_annuity_in_closed_form(interest, n_year):
    closed = (1 - (1 + interest) ** -n_year) / interest
    assert energy.annuity_factor(interest, n_year) == pytest.approx(closed, rel=1e-9)


@given(INTEREST, st.integers(1, 30), st.floats(0, 1e3), st.floats(0, 1e3))
def test_annual_cost_pays_the_present_one(interest, n_year, capex, opex):
    present = energy.npv_cost(capex, opex, interest, n_year)
    yearly = energy.equivalent_annual_cost(present, interest, n_year)
    assert energy.npv_cost(0.0, yearly, interest, n_year) == pytest.approx(present, rel=1e-9)
    late = energy.npv_cost(capex, opex, interest, n_year, opex_at_start=True)
    assert late - capex == pytest.approx((present - capex) * (1 + interest), rel=1e-9, abs=1e-9)


@given(PROBABILITY, st.floats(0, 24))
def test_sleep_saves_energy(rho, hours):
    awake = energy.yearly_kwh(energy.site_power_w(rho))
    asleep = energy.yearly_kwh_with_sleep(rho, hours)
    assert asleep <= awake * (1 + 1e-12)
    assert energy.yearly_kwh_with_sleep(rho, 0.0) == pytest.approx(awake)


@given(st.lists(PROBABILITY, min_size=24, max_size=24))
def test_mean_load_suffices_without_sleep(by_hour):
    power = energy.site_power_w(np.array(by_hour))
    assert power.mean() == pytest.approx(energy.site_power_w(np.mean(by_hour)))
