import csv
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netmodel.kernels import propagation as kernel
from netmodel.kernels.coverage import pixel_gain_loss_db, reach_m
from netmodel.kernels.hexagon import Layout
from netmodel.kernels.propagation import RMA, UMA
from tests.oracles import assert_oracle, oracle, tolerance
from tests.reference import hata
from tests.reference import propagation as twin

PLAIN_RMA = (20.0, 5.0)  # street width and building height
UMA_35 = Layout(500.0, 3.5, 25.0, 1.5, 6.0, 17.0, 15.0, UMA)
RMA_07 = Layout(500.0, 0.7, 35.0, 1.5, 6.0, 17.0, 15.0, RMA)

DISTANCE_M = st.floats(10.0, 5000.0)
FREQUENCY_GHZ = st.floats(0.5, 6.0)
URBAN_TERMINAL_M = st.floats(1.5, 22.5)
MACRO_M, MICRO_M = st.floats(10.0, 60.0), st.floats(5.0, 15.0)
RURAL = st.tuples(
    DISTANCE_M, FREQUENCY_GHZ, st.floats(10, 150), st.floats(1, 10), st.floats(5, 50),
    st.floats(5, 50),
)  # fmt: skip
HATA_KM = st.floats(0.001, 40.0) | st.sampled_from([0.04, 0.1, 20.0])
HATA_LINK = st.tuples(
    st.floats(30, 3000) | st.sampled_from([150.0, 1500.0, 2000.0]), st.floats(10, 200),
    st.floats(1, 15),
)  # fmt: skip


def uma(d, f=3.5, h_bs=25.0, h_ut=1.5):
    at = (d, f, h_bs, h_ut)
    return (
        kernel.uma_los_loss_db(*at),
        kernel.uma_nlos_loss_db(*at),
        kernel.uma_los_probability(d, h_ut),
    )


def umi(d, f=3.5, h_bs=10.0, h_ut=1.5):
    at = (d, f, h_bs, h_ut)
    return kernel.umi_los_loss_db(*at), kernel.umi_nlos_loss_db(*at), kernel.umi_los_probability(d)


def rma(d, f=0.7, h_bs=35.0, h_ut=1.5):
    at = (d, f, h_bs, h_ut, *PLAIN_RMA)
    return kernel.rma_los_loss_db(*at), kernel.rma_nlos_loss_db(*at), kernel.rma_los_probability(d)


MODELS = {"uma": uma, "umi": umi, "rma": rma}
NAMES = st.sampled_from(sorted(MODELS))


def slant_m(d, h_bs, h_ut=1.5):
    return math.hypot(d, h_bs - h_ut)


# Published numbers -------------------------------------------------------------------------------


def test_free_space_oracles():
    assert_oracle("A01", [kernel.free_space_loss_db(1000.0, 3.5)])
    assert_oracle("A02", [kernel.free_space_loss_db(3000.0, 0.7)])


def test_break_point_oracles():
    """Pitfalls 4 and 8: c = 3e8 here, and both heights are lessened by 1 m."""
    assert_oracle("A03", [kernel.breakpoint_m(3.5, 25.0, 1.5)])
    assert_oracle("A04", [kernel.breakpoint_m(3.5, 10.0, 1.5)])
    # The rural one shows as the step of its loss.
    at = oracle("A05")[0]
    before, after = (rma(at + step)[0] for step in (-2e-4, 2e-4))
    assert 0.005 < after - before < 0.015


ROWS = {
    "A06": ("uma", 35, 200, 500, 1000, 3000),
    "A07": ("umi", 35, 100, 200, 500),
    "A08": ("rma", 100, 500, 1000, 3000, 5000),
}


@pytest.mark.parametrize(
    ("row", "name", "distance_m"),
    [
        (row + letter, name, distance_m)
        for row, (name, *at) in ROWS.items()
        for letter, distance_m in zip("abcde", at, strict=False)
    ],
)
def test_oracles_of_tr_38901(row, name, distance_m):
    assert_oracle(row, MODELS[name](float(distance_m)))


def test_example_of_matlab():
    at = (math.hypot(1000, 1000), 3.5, 30.0, 1.5, 25.0, 7.0)
    assert_oracle("A08f", [kernel.rma_los_loss_db(*at)])


def test_vectors_of_ns3(shared):
    """A09: c = 3e8 in break-points; 299,792,458 m/s would be off by 0.006 dB."""
    worst = 0.0
    with (shared / "validation/tr38901/ns3_38901_vectors.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["model"].lower() in MODELS]
    assert len(rows) == 24
    for row in rows:
        d, f, h_bs, h_ut = (float(row[k]) for k in ("d2d_m", "f_ghz", "h_bs_m", "h_ut_m"))
        loss = MODELS[row["model"].lower()](d, f, h_bs, h_ut)[row["state"] == "NLOS"]
        miss = abs(loss - float(row["loss_db"]))
        assert miss <= 5e-4, row
        worst = max(worst, miss)
    assert worst == pytest.approx(oracle("A09")[0], abs=1e-9)


def test_wall_oracles():
    for row, frequency in zip("abcd", (0.7, 2.6, 3.5, 4.9), strict=True):
        assert_oracle(f"A10{row}", [kernel.wall_loss_db(frequency, high) for high in (False, True)])
    assert_oracle("A10e", [kernel.INDOOR_LOSS_DB, kernel.RMA_INDOOR_LOSS_DB])


@pytest.mark.parametrize(
    ("row", "frequency_mhz", "distance_km", "environment"),
    [
        ("A14a", 700, 0.03, "urban"),
        ("A14b", 700, 0.07, "urban"),
        ("A14c", 700, 1, "urban"),
        ("A14d", 700, 5, "suburban"),
        ("A14e", 700, 10, "open"),
        ("A14f", 700, 30, "open"),
        ("A14g", 1800, 2, "urban"),
        ("A14h", 2600, 1, "urban"),
        ("A14i", 2600, 3, "suburban"),
    ],
)
def test_oracles_of_extended_hata(row, frequency_mhz, distance_km, environment):
    code = hata.ENVIRONMENTS.index(environment)
    at = (float(distance_km), float(frequency_mhz), 35.0, 1.5)
    assert_oracle(row, [kernel.extended_hata_loss_db(*at, code)])
    f, d = frequency_mhz, distance_km
    assert_oracle(row, [hata.extended_hata_loss_db(f, d, 35, 1.5, environment)])


@pytest.mark.parametrize("m", [1, 2, 10, 20, 100])
def test_mean_gain_over_a_pixel(m):
    """Pitfall 1: the station's own pixel needs many points."""
    assert_oracle(f"A21_{m}", [pixel_gain_loss_db(0.0, 0.0, 1000.0, m, UMA_35)])


def test_median_over_a_pixel():
    middle = (np.arange(50) + 0.5) * 10.0
    loss = [uma(math.hypot(x, y))[1] for x in middle for y in middle]
    assert_oracle("A21m", [np.median(loss)])


def test_decibels_of_the_states_are_not_averaged():
    """Pitfall 2: both wrong means lose more than the mean gain does."""
    los, nlos, p = uma(500.0)
    wrong = [(los + nlos) / 2, p * los + (1 - p) * nlos]
    assert_oracle("A22", wrong)
    assert min(wrong) > pixel_gain_loss_db(500.0, 0.0, 1.0, 1, UMA_35) + 1.0


def test_radius_oracles():
    for row, layout in (("A23", UMA_35), ("A24", RMA_07)):
        radius, known = reach_m(140.0, layout, 1)
        assert known
        assert_oracle(row, [radius])


def test_slant_distance_oracle():
    """A25, read back from the first slope in sight."""
    loss = [uma(d)[0] for d in (500.0, 10.0)]
    assert_oracle("A25", [10 ** ((x - 28.0 - 20 * math.log10(3.5)) / 22.0) for x in loss])


def uma_los_over_free_space_db(d3d):
    d = math.sqrt(d3d**2 - 23.5**2)
    return uma(d)[0] - kernel.free_space_loss_db(d3d, 3.5)


def test_uma_in_sight_lies_below_free_space_at_short_range():
    """A26; its second number comes from a constant rounded to 32.4478 dB, good to 1e-4 dB."""
    worst, crossing = oracle("A26")
    assert uma_los_over_free_space_db(slant_m(10.0, 25.0)) == pytest.approx(
        worst, abs=tolerance("-1.6333691")
    )
    assert abs(uma_los_over_free_space_db(crossing)) < 1e-4


# Twins -------------------------------------------------------------------------------------------


@given(st.floats(10.0, 1e5), FREQUENCY_GHZ)
def test_free_space_equals_its_twin(d, f):
    expected = twin.free_space_loss_db(d, f)
    assert kernel.free_space_loss_db(d, f) == pytest.approx(expected, rel=1e-12)


@given(st.floats(0.0, 5000.0), FREQUENCY_GHZ, MACRO_M, URBAN_TERMINAL_M)
def test_uma_equals_its_twin(d, f, h_bs, h_ut):
    at = (d, f, h_bs, h_ut)
    los, nlos, p = uma(*at)
    assert los == pytest.approx(twin.uma_los_loss_db(*at), rel=1e-12)
    assert nlos == pytest.approx(twin.uma_nlos_loss_db(*at), rel=1e-12)
    assert p == pytest.approx(twin.uma_los_probability(d, h_ut), rel=1e-12)


@given(st.floats(0.0, 5000.0), FREQUENCY_GHZ, MACRO_M, st.sampled_from([13.5, 16.5, 22.5]))
def test_uma_above_an_environment_equals_its_twin(d, f, h_bs, h_ut):
    for h_e in twin.uma_environment_heights(d, h_ut):
        at = (d, f, max(h_bs, h_ut), h_ut, h_e)
        los, nlos = kernel.uma_los_loss_above_db(*at), kernel.uma_nlos_loss_above_db(*at)
        assert los == pytest.approx(twin.uma_los_loss_db(*at), rel=1e-12)
        assert nlos == pytest.approx(twin.uma_nlos_loss_db(*at), rel=1e-12)


@given(st.floats(0.0, 1000.0), st.floats(1.5, 23.0) | st.sampled_from([13.0, 16.5, 22.5]))
@example(300.0, 13.2)
def test_environment_heights_equal_their_twin(d, h_ut):
    """Uniform numbers at the midpoints of a thousand parts of one."""
    n = 1000
    drawn = [kernel.uma_environment_height_m(d, h_ut, (k + 0.5) / n) for k in range(n)]
    expected = twin.uma_environment_heights(d, h_ut)
    assert set(drawn) <= set(expected)
    for height, probability in expected.items():
        assert drawn.count(height) / n == pytest.approx(probability, abs=1.01 / n)


@given(st.floats(0.0, 5000.0), FREQUENCY_GHZ, MICRO_M, URBAN_TERMINAL_M)
def test_umi_equals_its_twin(d, f, h_bs, h_ut):
    at = (d, f, h_bs, h_ut)
    los, nlos, p = umi(*at)
    assert los == pytest.approx(twin.umi_los_loss_db(*at), rel=1e-12)
    assert nlos == pytest.approx(twin.umi_nlos_loss_db(*at), rel=1e-12)
    assert p == pytest.approx(twin.umi_los_probability(d), rel=1e-12)


@given(RURAL)
def test_rma_equals_its_twin(at):
    los, nlos = kernel.rma_los_loss_db(*at), kernel.rma_nlos_loss_db(*at)
    assert los == pytest.approx(twin.rma_los_loss_db(*at), rel=1e-12)
    assert nlos == pytest.approx(twin.rma_nlos_loss_db(*at), rel=1e-12)
    p = kernel.rma_los_probability(at[0])
    assert p == pytest.approx(twin.rma_los_probability(at[0]), rel=1e-12)


@given(NAMES, st.floats(0.0, 5000.0), FREQUENCY_GHZ)
def test_loops_equal_their_formulas(name, d, f):
    code = {"uma": kernel.UMA, "umi": kernel.UMI, "rma": kernel.RMA}[name]
    link = kernel.Link(f, {"uma": 25.0, "umi": 10.0, "rma": 35.0}[name], 1.5, *PLAIN_RMA)
    los, nlos, p = MODELS[name](d, f)
    loss = [kernel.tr38901_losses_db(np.array([d]), link, code, state)[0] for state in range(3)]
    assert loss[:2] == [los, nlos]
    expected = twin.mean_gain_loss_db(los, nlos, p)
    assert loss[kernel.MEAN_GAIN] == pytest.approx(expected, rel=1e-12)
    free = kernel.free_space_losses_db(np.array([d, 2 * d]), f)
    assert free[1] == kernel.free_space_loss_db(2 * d, f)


def test_spread_of_rma_in_sight_changes_at_the_break_point():
    at = oracle("A05")[0]
    sigma = [kernel.rma_los_sigma_db(at + step, 0.7, 35.0, 1.5) for step in (-0.1, 0.1)]
    assert sigma == [4.0, 6.0]


@given(FREQUENCY_GHZ)
def test_walls_equal_their_twin(f):
    low, high = (kernel.wall_loss_db(f, is_high) for is_high in (False, True))
    assert low == pytest.approx(twin.wall_loss_low_db(f), rel=1e-12)
    assert high == pytest.approx(twin.wall_loss_high_db(f), rel=1e-12)
    assert 0 < low < high


@given(HATA_KM, HATA_LINK, st.sampled_from(hata.ENVIRONMENTS))
def test_extended_hata_equals_its_twin(d, link, environment):
    f, h_bs, h_ut = link
    loss = kernel.extended_hata_loss_db(d, f, h_bs, h_ut, hata.ENVIRONMENTS.index(environment))
    expected = hata.extended_hata_loss_db(f, d, h_bs, h_ut, environment)
    assert loss == pytest.approx(expected, rel=1e-12)


@given(HATA_KM | st.sampled_from([0.2, 0.6]), st.booleans())
def test_spread_of_extended_hata_equals_its_twin(d, above_roof):
    sigma = kernel.extended_hata_sigma_db(d, above_roof)
    assert sigma == pytest.approx(hata.extended_hata_sigma_db(d, above_roof), rel=1e-12)


@given(
    st.floats(-2000, 2000), st.floats(-2000, 2000), st.floats(50, 1000), st.integers(1, 8),
    st.sampled_from([UMA_35, RMA_07]),
)  # fmt: skip
def test_mean_gain_over_a_pixel_equals_its_twin(x, y, side, m, layout):
    f, h_bs, h_ut = layout[1:4]

    def mean_gain(d):
        if layout.model == UMA:
            return twin.uma_mean_gain_loss_db(d, f, h_bs, h_ut)
        los, nlos = twin.rma_los_loss_db(d, f, h_bs, h_ut), twin.rma_nlos_loss_db(d, f, h_bs, h_ut)
        return twin.mean_gain_loss_db(los, nlos, twin.rma_los_probability(d))

    expected = twin.pixel_mean_gain_loss_db(mean_gain, side, m, (x, y))
    assert pixel_gain_loss_db(x, y, side, m, layout) == pytest.approx(expected, rel=1e-11)


@given(st.floats(60, 180), FREQUENCY_GHZ, st.sampled_from([0, 1]))
def test_reach_equals_its_twin(mapl_db, f, state):
    """The twin has no reach at all where the limit is below the loss at 10 m."""
    layout = UMA_35._replace(frequency_ghz=f)
    reach, known = reach_m(mapl_db, layout, state)
    expected, is_met = twin.radius_m(lambda d: uma(d, f)[state], mapl_db)
    assert known == is_met
    assert reach == pytest.approx(max(expected, 10.0), rel=1e-8)


@given(st.floats(100, 160), FREQUENCY_GHZ)
def test_reach_without_sight_in_closed_form(mapl_db, f):
    reach, known = reach_m(mapl_db, UMA_35._replace(frequency_ghz=f), 1)
    if known:
        assert reach == pytest.approx(twin.uma_nlos_radius_m(mapl_db, f, 25.0, 1.5), rel=1e-8)


# Laws --------------------------------------------------------------------------------------------


@given(NAMES, FREQUENCY_GHZ, DISTANCE_M, DISTANCE_M)
def test_loss_rises_and_sight_falls_with_distance(name, f, a, b):
    near, far = (MODELS[name](d, f) for d in sorted((a, b)))
    assert near[0] <= far[0] and near[1] <= far[1]
    assert 1 >= near[2] >= far[2] >= 0
    assert near[0] <= near[1]


@given(st.floats(0, 1e5) | st.floats(18, 20), st.floats(1.5, 23.0))
@example(18.001, 23.0)
def test_probability_of_sight_is_one(d, h_ut):
    """Tall terminals would exceed one just past 18 m."""
    assert 0 <= kernel.uma_los_probability(d, h_ut) <= 1
    assert 0 <= kernel.umi_los_probability(d) <= 1
    assert 0 <= kernel.rma_los_probability(d) <= 1


@pytest.mark.parametrize("name", MODELS)
def test_every_terminal_at_the_mast_is_in_sight_and_ten_metres_away(name):
    """Pitfall 1: no logarithm of zero."""
    assert MODELS[name](0.0) == MODELS[name](10.0)
    assert MODELS[name](0.0)[2] == 1.0


@given(st.sampled_from([(uma, 25.0), (umi, 10.0)]), FREQUENCY_GHZ, URBAN_TERMINAL_M)
def test_urban_slopes_meet_at_the_break_point(model, f, h_ut):
    losses, h_bs = model
    bp = kernel.breakpoint_m(f, h_bs, h_ut)
    before, after = (losses(bp * (1 + part), f, h_bs, h_ut)[0] for part in (-1e-9, 1e-9))
    if bp > 11:
        assert after == pytest.approx(before, abs=1e-6)


@given(FREQUENCY_GHZ, DISTANCE_M)
def test_loss_is_at_least_that_of_free_space(f, d):
    """Not so for UMa in sight (A26)."""
    at_25, at_10, at_35 = (kernel.free_space_loss_db(slant_m(d, h), f) for h in (25, 10, 35))
    assert uma(d, f)[1] >= at_25
    assert umi(d, f)[1] >= umi(d, f)[0] >= at_10
    assert rma(d, f)[1] >= rma(d, f)[0] >= at_35


@given(FREQUENCY_GHZ, st.floats(100, 5000), st.floats(1.0, 4.0))
def test_law_of_frequency(f, d, times):
    """20 dB a decade, and 21.3 without sight in a street canyon."""
    decades = math.log10(times)
    free = [kernel.free_space_loss_db(d, g) for g in (f, f * times)]
    assert free[1] - free[0] == pytest.approx(20 * decades, abs=1e-9)
    for name, slope in (("uma", 20.0), ("umi", 21.3), ("rma", 20.0)):
        losses = MODELS[name]
        # Where the formula without sight holds, not its floor.
        if losses(d, f)[1] > losses(d, f)[0] and losses(d, f * times)[1] > losses(d, f * times)[0]:
            rise = losses(d, f * times)[1] - losses(d, f)[1]
            assert rise == pytest.approx(slope * decades, abs=1e-9)
    for losses, h_bs in ((uma, 25.0), (umi, 10.0)):
        near = min(d, kernel.breakpoint_m(f, h_bs, 1.5) * 0.99)
        rise = losses(near, f * times)[0] - losses(near, f)[0]
        assert rise == pytest.approx(20 * decades, abs=1e-9)


@given(HATA_KM, HATA_KM, HATA_LINK, st.sampled_from([0, 1, 2]))
def test_extended_hata_rises_with_distance_above_free_space(a, b, link, code):
    near, far = (kernel.extended_hata_loss_db(d, *link, code) for d in sorted((a, b)))
    assert near <= far + 1e-9
    f, h_bs, h_ut = link
    floor = hata.free_space_floor_db(f, max(a, b), h_bs, h_ut)
    assert far >= floor - 1e-9


@given(HATA_LINK, st.sampled_from([0.04, 0.1, 20.0]), st.sampled_from([0, 1, 2]))
def test_extended_hata_is_continuous(link, at, code):
    before, after = (
        kernel.extended_hata_loss_db(at * part, *link, code) for part in (1 - 1e-9, 1 + 1e-9)
    )
    assert after == pytest.approx(before, abs=1e-5)


@given(st.floats(0.1, 40.0), HATA_LINK)
def test_open_country_loses_less_than_suburbs_and_these_less_than_a_city(d, link):
    city, suburb, country = (kernel.extended_hata_loss_db(d, *link, code) for code in (0, 1, 2))
    assert city >= suburb >= country


@given(HATA_KM, st.floats(30, 3000), st.floats(1, 200), st.floats(1, 200), st.sampled_from([0, 2]))
def test_extended_hata_is_reciprocal(d, f, one, other, code):
    there = kernel.extended_hata_loss_db(d, f, one, other, code)
    assert there == kernel.extended_hata_loss_db(d, f, other, one, code)
