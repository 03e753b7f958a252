"""Best server and SINR of users: CRRM 2.0.2 and netmodel on the same positions, every link.

1000 cells and 10,000 users on 20 x 20 km, UMa without line of sight at 3.5 GHz, masts of 25 m,
terminals of 1.5 m, omnidirectional antennas, no fading, one subband: 10^7 links. CRRM
(`CRRM.Simulator`) is timed from its parameters to its SINR (`sinr.update()`: distances, gains,
powers, attachment, SINR; nothing after them), netmodel from the positions to server and SINR, its
index of bins and the threads' start included, on as many threads as Numba may use. CRRM's arrays
are NumPy's and run on one core but for what NumPy does itself; that is its design. It draws the
environment's height for every link, which at 1.5 m is 1 m always, so that both have one formula.
netmodel compiles outside the timer; the seconds are printed.

Then a power law (exponent 3.5) over the same links against a NumPy expression of them.
"""

import argparse
import platform
import statistics
import sys
import time
from importlib.metadata import version

import numba
import numpy as np
import pandas as pd

from netmodel._threads import in_threads
from netmodel._transmitters import bins_of, transmitters
from netmodel.kernels.link_curve import slope_curve
from netmodel.kernels.server import Reach, Served, serve

WATT, NOISE_W, FREQUENCY_GHZ, H_BS_M, H_UT_M = 20.0, 1e-13, 3.5, 25.0, 1.5
EXPONENT, SIDE_M, BLOCK = 3.5, 20_000.0, 512
TOLERANCE_DB = 1e-3
CRRM_GAIN_DBI = 8.0  # what CRRM gives an antenna without sectors
REPEATS, PEER_REPEATS = 7, 2


def positions(n_cell: int, n_user: int) -> tuple[np.ndarray, np.ndarray]:
    """Cells and users, none of these within 10 m of a cell."""
    rng = np.random.default_rng(1)
    cells = rng.uniform(0.0, SIDE_M, (n_cell, 2))
    users = rng.uniform(0.0, SIDE_M, (n_user + n_user // 10 + 10, 2))
    near = np.array([(np.hypot(*(u - cells).T) < 10.0).any() for u in users])
    users = users[~near][:n_user]
    # Users in the order of squares of 2 km, so that a block's lie together.
    return cells, users[np.lexsort((users[:, 0] // 2000.0, users[:, 1] // 2000.0))]


def theirs(cells: np.ndarray, users: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import CRRM

    def raised(xy: np.ndarray, height_m: float) -> np.ndarray:
        return np.column_stack([xy, np.full(len(xy), height_m)])

    parameters = CRRM.Parameters(
        cell_locations=raised(cells, H_BS_M),
        ue_initial_locations=raised(users, H_UT_M),
        fc_GHz=FREQUENCY_GHZ,
        pathloss_model_name="UMa",
        LOS=False,
        p_W=WATT,
        bw_MHz=20.0,
        σ2=NOISE_W / 20e6,
    )
    simulator = CRRM.Simulator(parameters)
    simulator.sinr.update()
    return simulator.a.data.ravel(), 10.0 * np.log10(simulator.sinr.data.ravel())


def table_of(cells: np.ndarray, gain_dbi: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "x": cells[:, 0], "y": cells[:, 1], "height_m": H_BS_M, "model": "uma",
            "frequency_ghz": FREQUENCY_GHZ, "azimuth_deg": 0.0, "tilt_deg": 0.0,
            "antenna": "omni", "eirp_dbm": 10.0 * np.log10(WATT * 1e3) + gain_dbi, "load": 1.0,
            "link_dbm": -150.0,
        }
    )  # fmt: skip


def ours(cells, users, curve=None, gain_dbi=0.0) -> tuple[np.ndarray, np.ndarray]:
    sectors = transmitters(table_of(cells, gain_dbi), state="nlos")
    if curve is not None:
        sectors = sectors._replace(curves=curve[np.newaxis].astype(np.float32))
    else:  # every link is within the range asked for
        sectors = sectors._replace(curves=np.where(sectors.curves == 25e6, np.inf, sectors.curves))
    bins = bins_of(sectors, 6400.0)
    x, y = np.ascontiguousarray(users.T)
    reach = Reach(1e9, 1e9, NOISE_W * 1e3, 0.0, False, False)
    n, out = len(users), room(len(users))
    start = np.append(np.arange(0, n, BLOCK), n)

    def part(blocks: np.ndarray) -> None:
        first, last = start[blocks[0]], start[blocks[-1] + 1]
        matrix = np.repeat(np.eye(2)[np.newaxis], blocks.size, axis=0)
        to = Served(*(a[..., first:last] for a in out))
        begins = start[blocks[0] : blocks[-1] + 2] - first
        serve(x[first:last], y[first:last], begins, matrix, sectors, bins, reach, to)

    n_part = min(2 * numba.get_num_threads(), start.size - 1)
    in_threads(part, np.array_split(np.arange(start.size - 1), n_part))
    return out.server, out.sinr_db


def room(n: int) -> Served:
    powers = [np.empty(n, np.float32) for _ in range(4)]
    whole = np.empty(n, np.int32), np.empty(n, np.int16), np.empty((3, n), np.int32)
    return Served(powers[0], whole[0], powers[1], powers[2], powers[3], whole[1], whole[2])


def power_law(cells, users, at_1m_db: float) -> tuple[np.ndarray, np.ndarray]:
    """The same links as one would write them in NumPy."""
    offset = users[:, np.newaxis] - cells
    d2 = (offset**2).sum(axis=2) + (H_BS_M - H_UT_M) ** 2
    power = WATT * 10.0 ** (-at_1m_db / 10.0) * d2 ** (-EXPONENT / 2.0)
    server = power.argmax(axis=1)
    best = power[np.arange(len(users)), server]
    return server, 10.0 * np.log10(best / (power.sum(axis=1) - best + NOISE_W))


def timed(call, repeats: int) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
    seconds, result = [], None
    for _ in range(repeats):
        begin = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def differs(name: str, one, other) -> bool:
    """Whether SINR differs; servers may where two powers are the same to the tolerance."""
    worst = float(np.abs(one[1] - other[1]).max())
    swapped = float((one[0] != other[0]).mean())
    print(f"{name}: greatest difference {worst:.1e} dB, other servers {swapped:.1e} of users")
    return worst > TOLERANCE_DB or swapped > 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--ues", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="100 cells, 500 users")
    options = parser.parse_args()
    n_cell, n_user = (100, 500) if options.quick else (options.cells, options.ues)
    cells, users = positions(n_cell, n_user)
    links = n_cell * n_user
    begin = time.perf_counter()
    ours(cells, users)
    print(f"python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}; "
          f"{numba.get_num_threads()} threads; {links:,} links")  # fmt: skip
    print(f"netmodel's first call, which compiles: {time.perf_counter() - begin:.1f} s, not in it")
    at_1m_db = 32.45 + 20.0 * np.log10(FREQUENCY_GHZ)
    curve = slope_curve(at_1m_db, EXPONENT, H_BS_M - H_UT_M)
    plain_s, plain = timed(lambda: power_law(cells, users, at_1m_db), PEER_REPEATS)
    law_s, law = timed(lambda: ours(cells, users, curve), REPEATS)
    wrong = differs("power law", law, plain)
    print(f"power law: NumPy {plain_s:.3f} s, netmodel {law_s:.4f} s, ratio {plain_s / law_s:.1f}")
    try:
        print(f"CRRM {version('crrm')}")
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(1 if wrong else 0)
    peer_s, peer = timed(lambda: theirs(cells, users), PEER_REPEATS)
    own_s, own = timed(lambda: ours(cells, users, gain_dbi=CRRM_GAIN_DBI), REPEATS)
    wrong |= differs("UMa", own, peer)
    print(f"CRRM {peer_s:.2f} s, netmodel {own_s:.4f} s, {1e9 * own_s / links:.2f} ns a link")
    print(f"ratio: {peer_s / own_s:.1f}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
