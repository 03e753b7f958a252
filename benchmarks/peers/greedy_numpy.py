"""Choice of sites by greedy coverage: all gains anew at every step in NumPy, and netmodel's heap.

20,000 candidates of about 100 pixels each, of which 2,000 are chosen. They stand anywhere on
450 x 450 pixels, so that ten reach each pixel, with a probability that falls with distance; people
are log-normal. Then netmodel alone chooses 10,000 of 100,000 on 1,000 x 1,000 pixels, with such
people and with one person a pixel, where most gains are nearly equal and bounds are of least use.

Why it is fair: NumPy gathers, multiplies and sums by `np.add.reduceat` into arrays that are made
once, in the dtypes and with the `take` that are its fastest here (`bincount` takes three times as
long). SciPy's sparse product, the fastest way to all gains from Python, is timed over a few steps
and extrapolated. netmodel is given the same arrays and has one thread; it compiles outside the
timer. The order must be exactly the same, and gains to 1e-9.
"""

import argparse
import platform
import resource
import statistics
import sys
import time

import numba
import numpy as np
from scipy.sparse import csr_array

from netmodel.kernels.greedy import Reach, chosen_by_count

REPEATS = 5
REACH_PX = 5.65  # radius of about 100 pixels
PX_PER_CANDIDATE = 10.0
SIDE_BY_SIDE, LARGE = (20_000, 2_000), (100_000, 10_000)
SPARSE_STEPS = 20
GAIN_TOLERANCE = 1e-9
PAIR_BYTES = 16  # index and probability, and what is left at the point


def candidates(rng, n):
    """Reach of `n` candidates anywhere on a square of pixels, and the side of the square."""
    side = round((n * PX_PER_CANDIDATE) ** 0.5)
    half = int(REACH_PX) + 1
    down, across = (part.ravel() for part in np.mgrid[-half : half + 1, -half : half + 1])
    x, y = rng.uniform(0.0, side, (2, n, 1))
    column, row = np.floor(x).astype(int) + across, np.floor(y).astype(int) + down
    distance = np.hypot(column + 0.5 - x, row + 0.5 - y) / REACH_PX
    inside = (distance < 1.0) & (column >= 0) & (row >= 0) & (column < side) & (row < side)
    probability = 1.0 / (1.0 + np.exp(8.0 * (distance[inside] - 0.7)))
    start = np.concatenate([[0], np.cumsum(np.count_nonzero(inside, axis=1))])
    point = (row * side + column)[inside].astype(np.int32)
    return Reach(start, point, probability.astype(np.float32)), side


def numpy_greedy(reach, weight, count):
    """Order and gains, all gains computed at every step."""
    first, point = reach.start[:-1], reach.point.astype(np.intp)
    value = reach.value.astype(np.float64)
    left, term = weight.copy(), np.empty(value.size)
    gain, is_open = np.empty(first.size), np.ones(first.size)
    order, gains = np.empty(count, np.int64), np.empty(count)
    for step in range(count):
        np.take(left, point, out=term, mode="clip")
        np.multiply(term, value, out=term)
        np.add.reduceat(term, first, out=gain)
        np.multiply(gain, is_open, out=gain)
        s = int(np.argmax(gain))
        order[step], gains[step], is_open[s] = s, gain[s], 0.0
        pairs = slice(reach.start[s], reach.start[s + 1])
        left[point[pairs]] *= 1.0 - value[pairs]
    return order, gains


def sparse_seconds_per_step(reach, weight):
    """Time of all gains by a sparse product."""
    shape = (reach.start.size - 1, weight.size)
    matrix = csr_array((reach.value.astype(np.float64), reach.point, reach.start), shape=shape)
    return statistics.median(seconds(matrix.dot, weight)[0] for _ in range(SPARSE_STEPS))


def seconds(function, *arguments):
    begin = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begin, result


def large_run(name, reach, weight, count):
    """Time of netmodel alone, of all gains once in it, and what an evaluation takes."""
    first_s, _ = seconds(chosen_by_count, reach, weight, 1, False)
    own_s, choice = seconds(chosen_by_count, reach, weight, count, False)
    n, pairs = reach.start.size - 1, reach.point.size
    again = (choice.n_evaluation - n) / choice.order.size
    pair_ns = own_s * 1e9 / (choice.n_evaluation * pairs / n)
    print(f"{choice.order.size:,} of {n:,} candidates, {pairs:,} pairs, {name}: {own_s:.3f} s")
    print(f"  all gains once: {first_s:.3f} s; then {again:.1f} evaluations a choice")
    print(f"  {pair_ns:.1f} ns a pair, {PAIR_BYTES / pair_ns:.1f} GB/s ({PAIR_BYTES} bytes a pair)")


def stream_gbps(array):
    """Rate at which memory is read in order."""
    read_s = statistics.median(seconds(np.max, array)[0] for _ in range(REPEATS))
    return array.nbytes / read_s / 1e9


def main():
    parser = argparse.ArgumentParser(description="greedy coverage in NumPy and in netmodel")
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    small = 10 if parser.parse_args().quick else 1
    rng = np.random.default_rng(7)

    n, count = (size // small for size in SIDE_BY_SIDE)
    reach, side = candidates(rng, n)
    weight = rng.lognormal(0.0, 2.0, side * side)
    numpy_s, (order, gains) = seconds(numpy_greedy, reach, weight, count)
    sparse_s = count * sparse_seconds_per_step(reach, weight)
    compile_s, _ = seconds(chosen_by_count, reach, weight, 1, False)
    runs = [seconds(chosen_by_count, reach, weight, count, False) for _ in range(REPEATS)]
    own_s, choice = statistics.median(s for s, _ in runs), runs[-1][1]
    same_order = np.array_equal(choice.order, order)
    apart = np.max(np.abs(choice.gain / gains - 1.0)) if same_order else np.inf
    agree = same_order and apart <= GAIN_TOLERANCE

    print(f"python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}")
    print(f"{count:,} of {n:,} candidates, {reach.point.size:,} pairs")
    print(f"numpy: {numpy_s:.3f} s, {numpy_s / count / reach.point.size * 1e9:.2f} ns a pair")
    print(f"scipy's sparse product alone: {sparse_s:.3f} s ({SPARSE_STEPS} steps, extrapolated)")
    print(f"netmodel: {own_s:.4f} s (median of {REPEATS}); {compile_s:.2f} s to compile")
    print(f"order {'the same' if same_order else 'NOT the same'}, gains {apart:.2g} apart")

    n, count = (size // small for size in LARGE)
    reach, side = candidates(rng, n)
    large_run("log-normal people", reach, rng.lognormal(0.0, 2.0, side * side), count)
    large_run("one person a pixel", reach, np.ones(side * side), count)
    print(f"memory is read in order at {stream_gbps(reach.value):.1f} GB/s")
    print(
        "peak memory, the making of the candidates included: "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"
    )
    print(f"ratio of scipy's product to netmodel: {sparse_s / own_s:.0f}")
    print(f"ratio: {numpy_s / own_s:.1f}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
