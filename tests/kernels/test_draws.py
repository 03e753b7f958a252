import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.draws import hash_uniform

COUNTER = st.integers(0, 1_000_000)
N = 2_000


def draws(n=N, seed=0, item=0, attempt=0, along="item"):
    at = {"seed": seed, "item": item, "attempt": attempt}
    return np.array([hash_uniform(*{**at, along: at[along] + k}.values()) for k in range(n)])


@given(COUNTER, COUNTER, COUNTER)
def test_numbers_depend_on_their_counters_alone(seed, item, attempt):
    one = hash_uniform(seed, item, attempt)
    assert 0 <= one < 1
    assert one == hash_uniform(seed, item, attempt)
    assert one * 2**31 == int(one * 2**31)


@given(st.sampled_from(["seed", "item", "attempt"]), COUNTER, COUNTER, COUNTER)
def test_numbers_are_uniform_along_every_counter(along, seed, item, attempt):
    """Chi-square over 50 classes; 110 is passed once in a million times."""
    x = draws(N, seed, item, attempt, along)
    observed = np.bincount((x * 50).astype(int), minlength=50)
    assert ((observed - N / 50) ** 2 / (N / 50)).sum() < 110


@given(st.sampled_from(["seed", "item", "attempt"]), COUNTER, st.integers(1, 30))
def test_neighbours_are_uncorrelated(along, start, lag):
    x = draws(N, start, start, start, along)
    assert abs(np.corrcoef(x[lag:], x[:-lag])[0, 1]) < 5 / np.sqrt(N - lag)


def test_states_of_two_sites_and_two_draws_are_independent():
    """As the simulator takes them: (draw, point, site)."""
    x = np.array(
        [[[hash_uniform(d, k, s) for s in range(4)] for d in range(3)] for k in range(N)]
    ).reshape(N, -1)
    correlation = np.corrcoef(x.T) - np.eye(x.shape[1])
    assert np.abs(correlation).max() < 5 / np.sqrt(N)
    # And not by pairs alone: in sight of all four sites at once.
    share = (x[:, :4] < 0.5).all(axis=1).mean()
    assert abs(share - 1 / 16) < 5 * np.sqrt(1 / 16 / N)


def test_counters_are_not_interchangeable():
    x = {hash_uniform(a, b, c) for a in range(8) for b in range(8) for c in range(8)}
    assert len(x) == 512
