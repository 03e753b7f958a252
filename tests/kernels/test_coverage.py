import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from netmodel.kernels.antenna import default_tilt_deg
from netmodel.kernels.coverage import (
    SITE_CORRELATION,
    hexagon_coverage,
    mixture_coverage,
    multi_server_coverage,
    reach_m,
    ring_coverage,
)
from netmodel.kernels.hexagon import Layout, link_losses
from netmodel.kernels.normal import normal_cdf
from netmodel.kernels.propagation import (
    INDOOR_LOSS_DB,
    RMA,
    RMA_SIGMA_DB,
    UMA,
    UMA_INDOOR_SIGMA_DB,
    UMA_SIGMA_DB,
    WALL_SIGMA_DB,
    wall_loss_db,
)
from tests import strategies
from tests.oracles import assert_oracle, oracle
from tests.reference import coverage as twin
from tests.reference import hata, hexagon
from tests.reference import propagation as loss_twin

PROBABILITY = st.floats(0, 1)
CORRELATION = st.floats(0, 0.5)
LIMIT_DB = st.floats(90, 170)


def layout(isd_m=500.0, model=UMA, frequency_ghz=3.5):
    h_bs = 25.0 if model == UMA else 35.0
    tilt = default_tilt_deg(h_bs, 1.5, isd_m)
    return Layout(isd_m, frequency_ghz, h_bs, 1.5, tilt, 17.0, 15.0, model)


LAYOUTS = st.builds(
    layout, st.floats(250, 5000), st.sampled_from([UMA, RMA]), st.sampled_from([0.7, 2.6, 3.5])
)


@st.composite
def server_sets(draw):
    """Losses of one to four sites, in sight and not [dB], and the probability of sight."""
    size = draw(st.integers(1, 4))
    rng = draw(strategies.generators())
    los = rng.uniform(80, 130, size)
    return np.column_stack([los, los + rng.uniform(0, 30, size), rng.random(size)])


def states(losses):
    """(site, state) losses and probabilities, as the twins take them."""
    return losses[:, :2], np.column_stack([losses[:, 2], 1 - losses[:, 2]])


def losses_at(distance_m, cell):
    """What the twins know of a link: losses by state, and the probability of sight."""
    model = hexagon.UMA if cell.model == UMA else hexagon.RMA
    at = (distance_m, cell.frequency_ghz, cell.h_bs_m, cell.h_ut_m)
    both = model.los_loss_db(*at), model.nlos_loss_db(*at)
    return both, model.los_probability(distance_m, cell.h_ut_m)


# Published numbers -------------------------------------------------------------------------------


def test_mixture_oracle():
    """B12, pitfall 2: one Gaussian around the mean of decibels is 9 points off."""
    losses = link_losses(200.0, layout())
    mean = losses[2] * losses[0] + (1 - losses[2]) * losses[1]
    wrong = normal_cdf((110.0 - mean) / UMA_SIGMA_DB[1])
    right = mixture_coverage(110.0, losses, UMA_SIGMA_DB)
    assert_oracle("B12", [right, wrong])
    assert wrong - right > 0.08


def test_indoor_oracle():
    """B13, pitfall 9: sigmas add by squares."""
    losses = link_losses(300.0, layout())
    out = mixture_coverage(140.0, losses, UMA_SIGMA_DB)
    low, high = (
        mixture_coverage(
            140.0 - wall_loss_db(3.5, bool(is_high)) - INDOOR_LOSS_DB,
            losses,
            (math.hypot(UMA_INDOOR_SIGMA_DB, WALL_SIGMA_DB[is_high]),) * 2,
        )
        for is_high in (0, 1)
    )
    assert_oracle("B13", [out, low, high, 0.2 * out + 0.8 * (0.8 * low + 0.2 * high)])


def test_multi_server_oracle():
    """B14, which 16 nodes hold to 2e-6."""

    def cover(margins, correlation):
        losses = np.array([[-m, -m, 1.0] for m in margins])
        return multi_server_coverage(0.0, losses, (8.0, 8.0), correlation)

    got = [cover([2], 0.5), cover([2, 0], 0.0), cover([2, 0], 0.5), cover([2, 0, -3], 0.5)]
    assert got == pytest.approx(oracle("B14"), abs=2e-6)


# Twins -------------------------------------------------------------------------------------------


@given(LIMIT_DB, st.floats(60, 180), st.floats(0, 40), PROBABILITY)
def test_mixture_equals_its_twin(limit, los, more, p):
    expected = twin.two_state_probability(limit, (los, los + more), (4.0, 7.82), p)
    got = mixture_coverage(limit, (los, los + more, p), (4.0, 7.82))
    assert got == pytest.approx(float(expected), rel=1e-11, abs=1e-15)
    assert 0 <= got <= 1


@given(LIMIT_DB, server_sets(), CORRELATION)
def test_multi_server_equals_both_quadratures(limit, losses, correlation):
    got = multi_server_coverage(limit, losses, UMA_SIGMA_DB, correlation)
    by_state, p = states(losses)
    case = (limit - by_state, np.array(UMA_SIGMA_DB), p, correlation)
    assert got == pytest.approx(twin.multi_server_probability(*case), abs=1e-12)
    assert got == pytest.approx(twin.multi_server_probability_dense(*case), abs=5e-6)


def nearest_three(points, sites):
    return np.sort(np.abs(points[:, None] - sites), axis=1)[:, :3]


def hexagon_twin(cell, limit, sigma, per_isd):
    """Mean over the points of the middle cell, whose sites are the three nearest to each."""
    points = hexagon.points_m(cell.isd_m, cell.isd_m / per_isd)
    distance = loss_twin.held_distance_m(nearest_three(points, hexagon.sites_m(cell.isd_m)))
    both, p = losses_at(distance, cell)
    margin = limit - np.stack(both, axis=-1)
    node, weight = np.polynomial.hermite_e.hermegauss(16)
    missed = np.zeros(len(points))
    for z, w in zip(node, weight / weight.sum(), strict=True):
        shared, own = math.sqrt(SITE_CORRELATION), math.sqrt(1 - SITE_CORRELATION)
        covered = twin.probability_below((margin / sigma - shared * z) / own)
        missed += w * (1 - p * covered[..., 0] - (1 - p) * covered[..., 1]).prod(axis=1)
    return 1 - missed.mean()


CELLS = [
    (layout(250.0), 120.0, UMA_SIGMA_DB),
    (layout(1000.0), 135.0, UMA_SIGMA_DB),
    (layout(5000.0, RMA, 0.7), 130.0, RMA_SIGMA_DB),
]


@pytest.mark.parametrize(("cell", "limit", "sigma"), CELLS)
def test_hexagon_equals_its_twin(cell, limit, sigma):
    expected = hexagon_twin(cell, limit, np.array(sigma), 20)
    assert hexagon_coverage(cell, limit, sigma) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("cell", "limit", "sigma"), CELLS)
def test_twenty_points_along_a_distance_are_enough(cell, limit, sigma):
    fine = hexagon_twin(cell, limit, np.array(sigma), 50)
    assert hexagon_coverage(cell, limit, sigma) == pytest.approx(fine, abs=1e-3)


def link_twin(distance, cell, limit, sigma):
    """By the tables up to 5 km, by extended Hata beyond them, above 3 GHz by nothing."""
    if distance <= 5000:
        both, p = losses_at(max(distance, 10.0), cell)
        return float(twin.two_state_probability(limit, both, sigma, p))
    if cell.frequency_ghz > 3:
        return 0.0
    at = (cell.frequency_ghz * 1e3, distance / 1e3, cell.h_bs_m, cell.h_ut_m)
    margin = limit - hata.extended_hata_loss_db(*at, "suburban")
    spread = max(hata.extended_hata_sigma_db(distance / 1e3), sigma[1])
    return float(twin.probability_below(margin / spread))


@given(st.floats(0, 20_000), LAYOUTS, LIMIT_DB, st.sampled_from([RMA_SIGMA_DB, (9.1, 9.9)]))
@example(6000.0, layout(5000.0, RMA, 0.7), 140.0, (9.1, 9.9))
def test_link_equals_its_twin(distance, cell, limit, sigma):
    """A square of a millimetre has one point. Indoor sigmas are above those of extended Hata."""
    got = ring_coverage(cell, limit, sigma, np.array([distance]), 1e-3)
    expected = link_twin(distance, cell, limit, sigma)
    np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-14)


@given(LAYOUTS, LIMIT_DB, st.sampled_from([50.0, 100.0, 450.0, 3000.0]))
def test_ring_equals_its_twin(cell, limit, side):
    """Midpoints of parts of at most 100 m, and no more than 20 x 20; never rising."""
    distance = np.array([0.0, 300.0, 4900.0, 5300.0])
    m = min(math.ceil(side / 100), 20)
    x, y = np.meshgrid(*[((np.arange(m) + 0.5) / m - 0.5) * side] * 2)
    means = [
        np.mean([link_twin(d, cell, limit, RMA_SIGMA_DB) for d in np.hypot(away + x, y).ravel()])
        for away in distance
    ]
    got = ring_coverage(cell, limit, RMA_SIGMA_DB, distance, side)
    np.testing.assert_allclose(got, np.minimum.accumulate(means), rtol=1e-10, atol=1e-14)


# Laws --------------------------------------------------------------------------------------------


@given(LIMIT_DB, st.floats(0, 20), server_sets(), CORRELATION)
def test_coverage_rises_with_the_greatest_loss(limit, more, losses, correlation):
    less, better = (
        multi_server_coverage(x, losses, UMA_SIGMA_DB, correlation) for x in (limit, limit + more)
    )
    assert -1e-12 <= less <= better + 1e-12 <= 1 + 2e-12


@given(LIMIT_DB, server_sets(), CORRELATION)
def test_servers_help_and_shared_shadowing_hinders(limit, losses, correlation):
    """B14; the quadrature is good to 5e-6."""
    single = [mixture_coverage(limit, tuple(site), UMA_SIGMA_DB) for site in losses]
    together = multi_server_coverage(limit, losses, UMA_SIGMA_DB, correlation)
    independent = multi_server_coverage(limit, losses, UMA_SIGMA_DB, 0.0)
    assert together >= max(single) - 1e-5
    assert together <= independent + 1e-5
    assert independent == pytest.approx(1 - np.prod(1 - np.array(single)), abs=1e-12)


@given(LIMIT_DB, server_sets(), st.randoms(use_true_random=False))
def test_order_of_servers_does_not_matter(limit, losses, random):
    order = random.sample(range(len(losses)), len(losses))
    one = multi_server_coverage(limit, losses, UMA_SIGMA_DB, 0.5)
    two = multi_server_coverage(limit, losses[order], UMA_SIGMA_DB, 0.5)
    assert two == pytest.approx(one, abs=1e-13)


@given(LAYOUTS, LIMIT_DB, st.floats(0, 30), st.floats(100, 1000))
def test_a_ring_never_rises_with_distance_nor_with_losses(cell, limit, extra, side):
    distance = np.array([0.0, 100.0, 1000.0, 4000.0, 4990.0, 5010.0, 9000.0])
    open_air, behind = (
        ring_coverage(cell, limit - loss, RMA_SIGMA_DB, distance, side) for loss in (0.0, extra)
    )
    for ring in (open_air, behind):
        assert (np.diff(ring) <= 0).all() and (ring >= 0).all() and (ring <= 1).all()
    assert (behind <= open_air + 1e-12).all()


@given(LAYOUTS, LIMIT_DB, st.floats(0.1, 20))
def test_coverage_of_a_cell_rises_with_the_greatest_loss_and_falls_with_distance(cell, limit, db):
    near = hexagon_coverage(cell, limit, UMA_SIGMA_DB)
    assert 0 <= near <= 1
    assert hexagon_coverage(cell, limit + db, UMA_SIGMA_DB) >= near - 1e-12
    assert hexagon_coverage(layout(6000.0, cell.model), limit, UMA_SIGMA_DB) <= near + 1e-12


@given(LIMIT_DB, LIMIT_DB, LAYOUTS, st.sampled_from([0, 1]))
def test_reach_grows_with_the_greatest_loss_and_is_a_root(a, b, cell, state):
    (short, known), (far, _) = (reach_m(x, cell, state) for x in sorted((a, b)))
    assert 10 <= short <= far <= 5000
    if known:
        assert link_losses(short, cell)[state] == pytest.approx(min(a, b), abs=1e-6)


def test_reach_says_when_it_does_not_know():
    assert reach_m(300.0, layout(), 1) == (5000.0, False)
    assert reach_m(10.0, layout(), 1) == (10.0, False)
