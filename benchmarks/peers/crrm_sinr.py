"""Best server and SINR of each terminal: CRRM, and NumPy for a power law, beside `serve`.

1,000 cells and 10,000 terminals on 20 x 20 km, none nearer than 10 m to a cell (below which
netmodel holds the distance), each of the 10**7 links evaluated. TR 38.901 UMa without line of
sight at 3.5 GHz, 25 and 1.5 m above ground, omnidirectional cells at 100 W, one subband of 20 MHz,
no shadowing or fading.

Why it is fair: CRRM is given the positions, builds its simulator and evaluates its nodes once, up
to the SINR; channel quality and throughput, which follow, are not asked for. netmodel's timer
holds its arrays of sectors, their bins and the threads; its compilation is outside. CRRM is NumPy
on one core, which is all it offers; netmodel takes two. CRRM also takes the azimuth of each link
and draws the height of its environment (always 1 m for such terminals), which cannot be turned
off. Its formula is the standard's, as ours is. What differs is compensated: each of its cells has
a constant 8 dBi, which we add to the power, and its noise is 2e-20 W/Hz. Servers must be the same
but where two powers are within 1e-4 dB, and SINR within 1e-3 dB.

`ratio` is to CRRM as it is made to be used, one simulator of all terminals. Most of its time goes
into memory of 80 MB a matrix: cut by hand into simulators of 50 terminals, whose matrices fit the
cache, it is several times as fast (the last but one ratio), but such parts do not share a cell.

A loss that grows with a power of the distance is also compared with NumPy in float64 on one core:
in decibels over all terminals at once, as one writes it, and the fastest expression we found
(squared distances, one `power`, no decibel) in groups of 50.
"""

import argparse
import platform
import statistics
import sys
import time

import numba
import numpy as np
import pandas as pd

from netmodel._threads import in_threads
from netmodel._transmitters import bins_of, transmitters
from netmodel.kernels.link_curve import slope_curve
from netmodel.kernels.server import Reach, Served, serve

N_CELL, N_TERMINAL, SIDE_M, LEAST_M = 1000, 10_000, 20_000.0, 10.0
H_BS_M, H_UT_M, GHZ, BANDWIDTH_MHZ = 25.0, 1.5, 3.5, 20.0
POWER_W, GAIN_DBI, NOISE_W_HZ = 100.0, 8.0, 2e-20
INTERCEPT_DB, EXPONENT = 30.0, 3.5  # of the power law, at 1 m
POWER_TOLERANCE_DB, SINR_TOLERANCE_DB = 1e-4, 1e-3
GROUP, THREADS, REPEATS = 50, 2, 3
BLOCKS_A_SIDE = 4

POWER_DBM = 10.0 * np.log10(1e3 * POWER_W) + GAIN_DBI
NOISE_MW = NOISE_W_HZ * BANDWIDTH_MHZ * 1e6 * 1e3
EVERY_LINK = Reach(1e9, 1e9, NOISE_MW, 0.0, False, False)


def layout(rng, n_cell, n_terminal):
    """Cells and terminals (place, 3) [m], terminals in the order of square blocks; their starts."""
    cell, terminal = (rng.uniform(0.0, SIDE_M, (n, 2)) for n in (n_cell, n_terminal))
    while True:
        apart = np.hypot(*(terminal[:, np.newaxis] - cell).transpose(2, 0, 1)).min(axis=1)
        near = apart < LEAST_M
        if not near.any():
            break
        terminal[near] = rng.uniform(0.0, SIDE_M, (near.sum(), 2))
    column, row = (terminal // (SIDE_M / BLOCKS_A_SIDE)).astype(int).T
    block = row * BLOCKS_A_SIDE + column
    order = np.argsort(block, kind="stable")
    start = np.searchsorted(block[order], np.arange(BLOCKS_A_SIDE**2 + 1))
    heights = (np.full(n_cell, H_BS_M), np.full(n_terminal, H_UT_M))
    return np.c_[cell, heights[0]], np.c_[terminal[order], heights[1]], start


def groups(terminal, size):
    return [terminal[k : k + size] for k in range(0, len(terminal), size)]


def by_crrm(crrm, cell, terminal, size):
    """Servers and SINR [dB] by CRRM, a simulator for each group of terminals."""
    found = []
    for some in groups(terminal, size):
        parameters = crrm.Parameters(
            cell_locations=cell, ue_initial_locations=some, pathloss_model_name="UMa", LOS=False,
            fc_GHz=GHZ, bw_MHz=BANDWIDTH_MHZ, h_UT_default=H_UT_M, h_BS_default=H_BS_M,
            p_W=POWER_W, n_subbands=1, n_sectors=1,
        )  # fmt: skip
        simulator = crrm.Simulator(parameters)
        simulator.sinr.update()
        found.append((simulator.a.data, simulator.sinr.data[:, 0]))
    server, sinr = (np.concatenate(part) for part in zip(*found, strict=True))
    return server, 10.0 * np.log10(sinr)


def by_numpy(cell, terminal, size):
    """Servers and SINR [dB] by a power law in float64, all at once in decibels or in groups."""
    law = in_decibels if size >= len(terminal) else in_powers
    found = [law(cell, some) for some in groups(terminal, size)]
    server, sinr = (np.concatenate(part) for part in zip(*found, strict=True))
    return server, 10.0 * np.log10(sinr)


def in_decibels(cell, terminal):
    """Servers and SINR by the distances and losses of all links."""
    d = np.linalg.norm(terminal[:, np.newaxis] - cell, axis=2)
    rsrp_dbm = POWER_DBM - (INTERCEPT_DB + 10.0 * EXPONENT * np.log10(d))
    return from_powers(10.0 ** (rsrp_dbm / 10.0))


def in_powers(cell, terminal):
    """The same with the fewest operations."""
    dx, dy = (terminal[:, np.newaxis, k] - cell[:, k] for k in range(2))
    scale = 10.0 ** ((POWER_DBM - INTERCEPT_DB) / 10.0)
    squared = dx * dx + dy * dy + (H_BS_M - H_UT_M) ** 2
    return from_powers(scale * squared ** (-EXPONENT / 2.0))


def from_powers(power):
    server = power.argmax(axis=1)
    best = np.take_along_axis(power, server[:, np.newaxis], 1)[:, 0]
    return server, best / (power.sum(axis=1) - best + NOISE_MW)


def by_netmodel(cell, terminal, start, power_law=False):
    """Servers and SINR [dB] by the block engine, blocks shared between threads."""
    table = pd.DataFrame(
        {
            "x": cell[:, 0], "y": cell[:, 1], "height_m": cell[:, 2], "model": "uma",
            "frequency_ghz": GHZ, "azimuth_deg": 0.0, "tilt_deg": 0.0, "antenna": "omni",
            "eirp_dbm": POWER_DBM, "load": 1.0, "link_dbm": -110.0,
        }
    )  # fmt: skip
    sectors = transmitters(table, state="nlos")
    if power_law:
        curve = slope_curve(INTERCEPT_DB, EXPONENT, H_BS_M - H_UT_M)
        sectors = sectors._replace(curves=curve[np.newaxis].astype(np.float32))
    bins = bins_of(sectors, SIDE_M / BLOCKS_A_SIDE)
    x, y = terminal[:, 0].copy(), terminal[:, 1].copy()
    n = x.size
    f32 = [np.empty(n, np.float32) for _ in range(4)]
    out = Served(
        f32[0], np.empty(n, np.int32), *f32[1:], np.empty(n, np.int16), np.empty((3, n), np.int32)
    )

    def block(b):
        a, e = start[b], start[b + 1]
        here = Served(*(part[..., a:e] for part in out))
        serve(x[a:e], y[a:e], np.array([0, e - a]), np.eye(2)[np.newaxis], sectors, bins,
              EVERY_LINK, here)  # fmt: skip

    in_threads(block, range(start.size - 1))
    return out.server, out.sinr_db


def seconds(function, *arguments):
    begin = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begin, result


def median_of(times, function, *arguments):
    runs = [seconds(function, *arguments) for _ in range(times)]
    return statistics.median(s for s, _ in runs), runs[-1][1]


def loss_db(cell, terminal, server, power_law):
    """Loss [dB] between each terminal and a cell by formulas of this script."""
    d = np.linalg.norm(terminal - cell[server], axis=1)
    if power_law:
        return INTERCEPT_DB + 10.0 * EXPONENT * np.log10(d)
    # Without line of sight UMa is never below the loss with it; at these heights it is above.
    return 13.54 + 39.08 * np.log10(d) + 20.0 * np.log10(GHZ)


def agreement(cell, terminal, theirs, ours, power_law):
    """Whether servers and SINR agree, and a line that says how well."""
    other = np.flatnonzero(theirs[0] != ours[0])
    losses = [loss_db(cell, terminal[other], r[0][other], power_law) for r in (theirs, ours)]
    tie = np.abs(losses[0] - losses[1]).max(initial=0.0)
    # Where two are equally strong, both SINR are those of either.
    sinr = np.abs(theirs[1] - ours[1]).max()
    agree = bool(tie <= POWER_TOLERANCE_DB and sinr <= SINR_TOLERANCE_DB)
    line = (
        f"{other.size} servers differ, by at most {tie:.1g} dB; SINR by at most {sinr:.2g} dB: "
        f"{'within' if agree else 'NOT within'} {POWER_TOLERANCE_DB:g} and {SINR_TOLERANCE_DB:g} dB"
    )
    return agree, line


def compare(name, peer, arguments, rest, power_law):
    """Print a comparison; whether answers agree, and the ratios of times, at once and in groups."""
    cell, terminal, _ = rest
    links = len(cell) * len(terminal)
    first_s, _ = seconds(by_netmodel, *rest, power_law)
    agree, times = True, []
    own_s, ours = median_of(5 * REPEATS, by_netmodel, *rest, power_law)
    for size, how in ((len(terminal), "all at once"), (GROUP, f"in groups of {GROUP}")):
        their_s, theirs = median_of(REPEATS, peer, *arguments, size)
        fine, line = agreement(cell, terminal, theirs, ours, power_law)
        agree &= fine
        times.append(their_s)
        per_link = 1e9 * their_s / links
        print(f"{name}, {how}: {their_s:.3f} s, {per_link:.1f} ns per link (median of {REPEATS})")
        print(f"  {line}")
    print(
        f"  netmodel: {own_s:.4f} s, {1e9 * own_s / links:.2f} ns per link "
        f"(median of {5 * REPEATS}); first call {first_s:.1f} s, not in the ratio"
    )
    return agree, [their_s / own_s for their_s in times]


def main():
    parser = argparse.ArgumentParser(description="CRRM and NumPy beside netmodel, all links")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the links")
    small = 10 if parser.parse_args().quick else 1
    try:
        import CRRM
    except ImportError as error:
        print(f"skipped: CRRM cannot be imported ({error})")
        return 0

    rng = np.random.default_rng(23)
    cell, terminal, start = layout(rng, N_CELL // small, N_TERMINAL // small)
    numba.set_num_threads(min(THREADS, numba.config.NUMBA_NUM_THREADS))
    print(f"cells: {len(cell)}, terminals: {len(terminal)}, links: {len(cell) * len(terminal)}")
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, numba {numba.__version__}, "
        f"CRRM {CRRM.get_version()}; {numba.get_num_threads()} threads"
    )
    rest = (cell, terminal, start)
    same, ratio = compare("CRRM", by_crrm, (CRRM, cell, terminal), rest, False)
    same_law, law = compare("NumPy, power law", by_numpy, (cell, terminal), rest, True)
    print(f"ratio of NumPy, power law: {law[0]:.1f} in decibels at once, {law[1]:.1f} in groups")
    print(f"ratio of CRRM in groups: {ratio[1]:.1f}")
    print(f"ratio: {ratio[0]:.1f}")
    return 0 if same and same_law else 1


if __name__ == "__main__":
    sys.exit(main())
