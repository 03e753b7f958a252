"""The next sites to build on a finished run: candidates, what they reach, choice and costs."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netmodel._candidates import Candidates, Carried, read_candidates
from netmodel._reopened import Reopened, reopened
from netmodel._siting import Reach, chosen_sites
from netmodel._siting_points import SitingPoints, network_of, people_points, unserved_points
from netmodel._stages import Clock, Progress
from netmodel.errors import InputError
from netmodel.kernels.economics import present_cost
from netmodel.kernels.link_curve import SERVE2
from netmodel.kernels.reach import covered_alone, reached
from netmodel.kernels.transmitters import Transmitters
from netmodel.presets import UNIT_COSTS, URBAN

Float = NDArray[np.float64]
Objective = Literal["people", "mbps"]

# A candidate that covers a point less probably does not reach it.
_LEAST = 0.01
_DISTANCES_M = np.geomspace(100.0, 30_000.0, 60)
_AT_ONCE = 32  # candidates
YEARS = 10.0  # of the cost of a site


def site_cost(
    *, greenfield: bool = False, capex: float | None = None, opex: float | None = None,
    rate: float | None = None, years: float = YEARS,
) -> float:  # fmt: skip
    """Present cost of a macro 5G site: built now, operated at the end of each year.

    Parameters
    ----------
    greenfield : bool
        Whether tower and power are built too.
    capex : float, optional
        Of a site on an existing tower; default 200,000 [CNY of 2020].
    opex : float, optional
        Energy and rent included; default 45,000 [CNY/year].
    rate : float, optional
        Of discount; default 0.08 [1/year].
    years : float
        Horizon.

    Returns
    -------
    float
        In the currency of the prices; 501,954 CNY by default.

    Raises
    ------
    InputError
        Prices below zero, a rate of -1 or less, a horizon that is not above zero.

    References
    ----------
    models.md J; oracle J02.

    Examples
    --------
    >>> import netmodel as nm
    >>> round(nm.site_cost())
    501954
    """
    given = {"macro_capex": capex, "macro_opex": opex, "discount_rate": rate}
    build, operate, discount = (
        UNIT_COSTS[k].mode if value is None else float(value) for k, value in given.items()
    )
    for name, value, low in (("capex", build, 0.0), ("opex", operate, 0.0)):
        if not (np.isfinite(value) and value >= low):
            raise InputError(f"{name} {value:g}: give a finite price of zero or more")
    if not (discount > -1.0 and years > 0.0):
        raise InputError(f"rate {discount:g}, years {years:g}: give a rate above -1, years above 0")
    extra = UNIT_COSTS["greenfield_capex"].mode if greenfield else 0.0
    return float(present_cost(build + extra, operate, discount, years, False, 0.0))


def next_sites(
    run: str | Path,
    candidates: str | Path | pd.DataFrame,
    *,
    count: int | None = None,
    budget: float | None = None,
    objective: Objective = "people",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """The best candidates to build on a finished run, one after the other, and what they cost.

    Greedy: by `count` the next is the one that gains most, and all together at least 1 - 1/e of
    the most that so many can; by `budget` the better of that order and the order of gain per
    cost, at least half as good a bound. Misses of sites multiply: what one covers with
    probability p counts (1 - p) for the next.

    Parameters
    ----------
    run : path
        Folder of a finished run in explicit mode; it is only read.
    candidates : path or DataFrame
        A list as of sites: `lon`, `lat`, and where known `site_id`, `network`, `band`, `kind`,
        `height_m`, `azimuth_deg`, `tilt_deg`, `power_dbm`, `antenna`, `carriers`; `cost` in any
        currency in every row, or in none: then `site_cost`, in rural cells with tower and power
        built too [CNY of 2020].
    count : int, optional
        How many to choose; either this or `budget`.
    budget : float, optional
        What they may cost together.
    objective : str
        "people" whom no network of the run covers by SS-RSRP; or "mbps" that the candidate's own
        network does not serve in the busy hour, of which a candidate takes as much as its
        sectors carry at the target load.
    progress : callable, optional
        Called with the name of each step and the seconds it took, NaN when it begins.

    Returns
    -------
    DataFrame
        `rank`, `candidate`, `network`, `band`, `lon`, `lat`, `new_people` and
        `cumulative_people` (or `relieved_mbps`, `cumulative_mbps`), `cost`, `cumulative_cost`,
        `cost_per_new_person` and `cumulative_cost_per_person` (or `_per_mbps`). It ends where no
        candidate gains anything.

    Raises
    ------
    InputError
        A run without sectors, or without loads for "mbps"; candidates outside the area, of
        unknown networks, or without cost where others have one; not one of count and budget.

    References
    ----------
    models.md B.5, E, J.
    """
    if objective not in ("people", "mbps"):
        raise InputError(f"objective {objective!r}: give people or mbps")
    clock = Clock(progress)
    with clock.step("run"):
        opened = reopened(run)
        given = read_candidates(candidates, opened)
    with clock.step("points"):
        points = people_points(opened) if objective == "people" else unserved_points(opened)
    with clock.step("reach"):
        reach = reach_of(opened, given, points)
    cost = _costs(opened, given)
    most = _most(opened, given) if objective == "mbps" else None
    with clock.step("choice"):
        chosen = chosen_sites(
            reach, points.weight.reshape(-1), cost=cost, count=count, budget=budget, most=most
        )
    return _named(chosen, given.table, objective)


def reach_of(run: Reopened, candidates: Candidates, points: SitingPoints) -> Reach:
    """What each candidate covers, and how probably, on all threads.

    Points of network n are numbered from n times their number on.
    """
    n = len(candidates.table)
    found: list[tuple[NDArray[np.int32], NDArray[np.float32]]] = [
        (np.zeros(0, np.int32), np.zeros(0, np.float32))
    ] * n
    for carried in candidates.carriers:
        first = network_of(run, points, carried.network) * points.weight.shape[1]
        for candidate, pairs in zip(carried.candidate, _pairs(run, carried, points), strict=True):
            found[candidate] = (pairs[0] + np.int32(first), pairs[1])
    start = np.append(0, np.cumsum([point.size for point, _ in found]))
    return Reach(
        start, np.concatenate([p for p, _ in found]), np.concatenate([v for _, v in found]),
        candidates.table["candidate"].to_numpy(),
    )  # fmt: skip


def _pairs(
    run: Reopened, carried: Carried, points: SitingPoints
) -> list[tuple[NDArray[np.int32], NDArray[np.float32]]]:
    """Points and probabilities of each candidate of a carrier."""
    sectors, least_dbm = carried.sectors, run.inputs.scenario.radio.rsrp_dbm
    matrix = run.work.pixels.frame.local_matrix(sectors.x, sectors.y)
    reach_m = _reach_m(carried, matrix, least_dbm)

    def some(first: int) -> list[tuple[NDArray[np.int32], NDArray[np.float32]]]:
        sites = np.arange(first, min(first + _AT_ONCE, sectors.x.size))
        start, point, value = reached(
            points.places, sites, matrix[sites], reach_m[sites], sectors, least_dbm, _LEAST
        )
        return list(zip(np.split(point, start[1:-1]), np.split(value, start[1:-1]), strict=True))

    with ThreadPoolExecutor(numba.get_num_threads()) as pool:
        parts = pool.map(some, range(0, sectors.x.size, _AT_ONCE))
        return [pair for part in parts for pair in part]


def _reach_m(carried: Carried, matrix: Float, rsrp_dbm: float) -> Float:
    """How far each site may cover a point (site,), along the axes of its sectors.

    Sectors alike but for their azimuth reach as far: one of each kind is looked at.
    """
    sectors, table = carried.sectors, carried.table
    kind = table.groupby(
        ["model", "height_m", "eirp_dbm", "tilt_deg", "antenna"], sort=False
    ).ngroup()
    _, first, of_sector = np.unique(kind, return_index=True, return_inverse=True)
    far = np.array([_farthest(sectors, matrix, int(k), table, rsrp_dbm) for k in first])
    out = np.zeros(sectors.x.size)
    np.maximum.at(out, sectors.site[sectors.mast], far[of_sector])
    return out


def _farthest(
    sectors: Transmitters, matrix: Float, sector: int, table: pd.DataFrame, rsrp_dbm: float
) -> float:
    """Distance on the axis of a sector to which it covers a point, and a step more [m]."""
    site = int(sectors.site[sectors.mast[sector]])
    azimuth = np.radians(float(table["azimuth_deg"].iloc[sector]))
    ground = np.stack([np.sin(azimuth), np.cos(azimuth)])[:, np.newaxis] * _DISTANCES_M
    x, y = np.linalg.solve(matrix[site], ground)
    p = covered_alone(
        sectors.x[site] + x, sectors.y[site] + y, matrix[site], site, sectors, rsrp_dbm
    )
    last = np.flatnonzero(p >= _LEAST)
    serves = float(np.sqrt(sectors.curves[:, SERVE2].max()))
    k = min(int(last[-1]) + 1, _DISTANCES_M.size - 1) if last.size else 0
    return min(float(_DISTANCES_M[k]), serves)


def _costs(run: Reopened, candidates: Candidates) -> Float:
    """Cost of each candidate, as given or by where it stands."""
    table = candidates.table
    if "cost" in table:
        return table["cost"].to_numpy(np.float64)
    cell = run.work.pixels.frame.cell(table["x"], table["y"])
    settlement = run.work.ground.settlement.reshape(-1)[cell]
    rural = ~np.array(URBAN)[settlement] | (settlement < 0)
    return np.where(rural, site_cost(greenfield=True), site_cost())


def _most(run: Reopened, candidates: Candidates) -> Float:
    """Traffic that each candidate carries at the target load [Mbit/s].

    Its sectors by the median capacity of a carrier of the run's on the same carrier.
    """
    out = np.zeros(len(candidates.table))
    target = run.inputs.scenario.radio.target_load
    for carried in candidates.carriers:
        each = _capacity_of_carrier(run, carried)
        site = carried.sectors.site[carried.sectors.mast]
        carriers = carried.table["carriers"].to_numpy(np.float64)
        out[carried.candidate] = target * each * np.bincount(site, carriers, carried.candidate.size)
    return out


def _capacity_of_carrier(run: Reopened, carried: Carried) -> float:
    """Median capacity of one carrier of a sector [Mbit/s], of the band where it is new."""
    name = f"{carried.network}_{carried.band}"
    known = run.table[run.table["capacity_mbps"] > 0.0]
    for own in (known[known["carrier"] == name], known[known["band"] == carried.band], known):
        if len(own):
            width = own["carriers"] * run.stations_per_site
            return float(np.median(own["capacity_mbps"] / width))
    raise InputError(f"{run.folder}: no sector carries traffic, so that none can be relieved")


_UNITS: dict[str, dict[str, str]] = {
    "people": {},
    "mbps": {
        "new_people": "relieved_mbps",
        "cumulative_people": "cumulative_mbps",
        "cost_per_new_person": "cost_per_mbps",
        "cumulative_cost_per_person": "cumulative_cost_per_mbps",
    },
}


def _named(chosen: pd.DataFrame, table: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """The choice with where its candidates stand, columns named by the objective."""
    at = table.set_index("candidate")[["network", "band", "lon", "lat"]]
    place: Any = at.loc[chosen["candidate"]].reset_index(drop=True)
    parts = [chosen[["rank", "candidate"]], place, chosen.iloc[:, 2:]]
    out: pd.DataFrame = pd.concat(parts, axis=1)
    return out.rename(columns=_UNITS[objective])
