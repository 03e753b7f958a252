import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.window import smooth_sites
from tests import strategies
from tests.reference import load as twin

SIDE_M = st.sampled_from([100.0, 400.0, 1000.0, 3000.0])
HALO = 8  # cells: no window reaches farther


def half_width(sites_per_km2, side_m):
    """Cells on either side: half of three inter-site distances, one to eight; eight without any."""
    if not sites_per_km2 > 0:
        return 8
    return int(np.clip(np.round(1.5 * twin.hexagon_isd_m(sites_per_km2) / side_m), 1, 8))


def brute_force(macro, known, index, side_m, per_site):
    """Mean over the known cells of each window, one by one."""
    out = []
    for cell, side in zip(index, side_m, strict=True):
        r, c = np.unravel_index(cell, macro.shape)
        h = half_width(float(macro[r, c]) / per_site, side)
        window = np.s_[max(r - h, 0) : r + h + 1, max(c - h, 0) : c + h + 1]
        inside = macro[window][known[window]].astype(float)
        out.append(math.fsum(inside) / inside.size / per_site if inside.size else np.nan)
    return np.array(out)


def plain(rng, shape):
    """Stations per km2, which cells are known, and those to compute, in order."""
    macro = (10 ** rng.uniform(-2.5, 1.5, shape)).astype(np.float32)
    macro[rng.random(shape) < 0.3] = 0.0
    known = rng.random(shape) < 0.7
    macro[~known & (rng.random(shape) < 0.5)] = np.nan
    return macro, known, np.flatnonzero(rng.random(shape) < 0.8)


@given(
    strategies.shapes(20), strategies.generators(), SIDE_M, st.sampled_from([1.0, 1.2, 2.5])
)  # fmt: skip
def test_equals_brute_force(shape, rng, side, per_site):
    macro, known, index = plain(rng, shape)
    side_m = np.full(index.size, side)
    got = smooth_sites(macro, known, index, side_m, per_site)
    expected = brute_force(macro, known, index, side_m, per_site)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=2 / 2**36)


def test_blocks_of_rows_join():
    """The rows are worked on by 64; cells differ in size."""
    rng = np.random.default_rng(11)
    macro, known, index = plain(rng, (150, 12))
    side_m = rng.uniform(200, 2000, index.size)
    got = smooth_sites(macro, known, index, side_m, 1.2)
    expected = brute_force(macro, known, index, side_m, 1.2)
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=2 / 2**36)


@given(strategies.shapes(12), st.floats(0.01, 30), SIDE_M)
def test_an_even_plain_stays_even(shape, density, side):
    macro = np.full(shape, density, np.float32)
    index = np.arange(macro.size)
    got = smooth_sites(macro, np.ones(shape, bool), index, np.full(macro.size, side), 2.0)
    np.testing.assert_allclose(got, macro[0, 0] / 2.0, rtol=1e-6, atol=2 / 2**36)


def test_a_window_with_a_halo_has_the_bits_of_the_whole():
    """Sums are exact in every order."""
    macro, known, _ = plain(np.random.default_rng(12), (90, 40))

    def smooth(part):
        some, seen = np.ascontiguousarray(macro[part]), np.ascontiguousarray(known[part])
        index = np.arange(some.size)
        side_m = np.full(some.size, 1000.0)
        return smooth_sites(some, seen, index, side_m, 1.3).reshape(some.shape)

    whole = smooth(np.s_[:, :])
    part = smooth(np.s_[60 - HALO : 80 + HALO, 15 - HALO : 25 + HALO])[HALO:-HALO, HALO:-HALO]
    assert part.tobytes() == whole[60:80, 15:25].tobytes()


def test_same_bits_on_all_threads(same_bits):
    macro, known, index = plain(np.random.default_rng(13), (400, 300))
    side_m = np.full(index.size, 1000.0)
    same_bits(lambda: [smooth_sites(macro, known, index, side_m, 1.2)])
