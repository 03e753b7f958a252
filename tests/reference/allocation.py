"""How many sites go where: models.md, section E, in exact fractions."""

import math
from fractions import Fraction

import numpy as np


def exact(number):
    """The number as a fraction, without rounding."""
    return number if isinstance(number, Fraction) else Fraction(float(number))


def hex_density_per_km2(isd_km):
    """Sites per km2 of a hexagonal lattice with the given inter-site distance.

    Each site owns a regular hexagon of area (sqrt(3)/2) ISD^2.

    References
    ----------
    netmodel modelling specification, section E, classes: 2 / (sqrt(3) ISD^2).
    """
    return 1 / (math.sqrt(3) / 2 * np.asarray(isd_km) ** 2)


def hex_isd_km(density_per_km2):
    """Inter-site distance of the hexagonal lattice of the given density [km]."""
    return np.sqrt(2 / (math.sqrt(3) * np.asarray(density_per_km2)))


def water_filling(weight_per_km2, area_km2, cap_per_km2, total):
    """The scale kappa, and the expected sites of each cell, of one capped proportional group.

    Density is min(cap, kappa weight), and kappa is the smallest with which the sites add up to
    `total`. Bisection over exact fractions, to a relative width of 2^-100. A cell of NaN weight
    gets NaN and takes part in no sum. Raises ValueError where the caps cannot hold the total.

    References
    ----------
    netmodel modelling specification, section E, algorithm, step 3.
    """
    known = [i for i, w in enumerate(weight_per_km2) if not math.isnan(w)]
    w = {i: exact(weight_per_km2[i]) for i in known}
    area = {i: exact(area_km2[i]) for i in known}
    cap = {i: exact(cap_per_km2[i]) for i in known}
    total = exact(total)

    def sites(kappa):
        return {i: min(cap[i], kappa * w[i]) * area[i] for i in known}

    room = sum((cap[i] * area[i] for i in known if w[i] > 0), Fraction(0))
    if total < 0 or total > room:
        raise ValueError(f"infeasible: {float(total)} sites, room for {float(room)}")
    high = Fraction(0)
    if total > 0:
        high = Fraction(1)
        while sum(sites(high).values()) < total:
            high *= 2
        while sum(sites(high / 2).values()) >= total:
            high /= 2
        low = high / 2
        for _ in range(100):
            middle = (low + high) / 2
            if sum(sites(middle).values()) < total:
                low = middle
            else:
                high = middle
    expected = np.full(len(weight_per_km2), np.nan)
    for i, value in sites(high).items():
        expected[i] = float(value)
    return float(high), expected


def _quotas(share, total):
    share = [exact(s) for s in share]
    if any(s < 0 for s in share):
        raise ValueError("a share is negative")
    whole = sum(share, Fraction(0))
    if whole == 0:
        if total != 0:
            raise ValueError(f"{total} to hand out and no share is positive")
        return [Fraction(0) for _ in share]
    return [s * int(total) / whole for s in share]


def largest_remainder(share, total):
    """Integers in proportion to `share` that add up to `total`; ties go to the lower index.

    References
    ----------
    Hamilton's method (largest remainders) as in M. L. Balinski and H. P. Young, Fair
    Representation, 1982; netmodel modelling specification, section E, step 4.
    """
    quotas = _quotas(share, total)
    seats = [math.floor(q) for q in quotas]
    by_remainder = sorted(range(len(quotas)), key=lambda i: (seats[i] - quotas[i], i))
    for i in by_remainder[: int(total) - sum(seats)]:
        seats[i] += 1
    return seats


def remainder_gap(share, total):
    """Distance between the last remainder that won a seat and the first that did not.

    Where it is tiny, rounding of doubles may rightly seat someone else than exact fractions do:
    property tests leave such cases out. It is 1 where no seat was contested.
    """
    quotas = _quotas(share, total)
    remainders = sorted((q - math.floor(q) for q in quotas), reverse=True)
    n_left = int(total) - sum(math.floor(q) for q in quotas)
    if not quotas or (n_left == 0 and remainders[0] == 0):
        return 1.0
    # A remainder beside 0 or 1 may fall on either side of its integer.
    edge = min(min(r, 1 - r) for r in remainders if r != 0)
    if 0 < n_left < len(remainders):
        edge = min(edge, remainders[n_left - 1] - remainders[n_left])
    return float(edge)


def largest_remainder_by_group(share, group, group_total):
    """`largest_remainder` inside each group; an item of group -1 gets nothing."""
    seats = [0] * len(share)
    for g, total in enumerate(group_total):
        members = [i for i in range(len(share)) if group[i] == g]
        inside = largest_remainder([share[i] for i in members], total)
        for i, n in zip(members, inside, strict=True):
            seats[i] = n
    return seats


def nested_counts(share, labels, total):
    """`largest_remainder` over the first label, then inside it over the next, down to the items.

    `labels` holds one tuple per item, coarse to fine (province, network, county and class);
    groups stand in ascending order of their label, so ties go to the lower one. Items that bear
    the same whole tuple are told apart by their index.

    References
    ----------
    netmodel modelling specification, section E, step 4.
    """
    seats = [0] * len(share)

    def hand_out(items, depth, n):
        if depth == len(labels[items[0]]):
            for i, k in zip(items, largest_remainder([share[i] for i in items], n), strict=True):
                seats[i] = k
            return
        names = sorted({labels[i][depth] for i in items})
        members = [[i for i in items if labels[i][depth] == name] for name in names]
        got = largest_remainder([sum(exact(share[i]) for i in m) for m in members], n)
        for m, k in zip(members, got, strict=True):
            hand_out(m, depth + 1, k)

    if len(share):
        hand_out(list(range(len(share))), 0, int(total))
    return seats


def _cumulative(expected, total):
    sums = [Fraction(0)]
    for q in _quotas(expected, total):
        sums.append(sums[-1] + q)
    return sums


def systematic_counts(expected, total):
    """Integers in the order given, whose every running sum is within 1/2 of the expected one.

    The expectation is first scaled to the integer total; item i then gets
    floor(C_i + 1/2) - floor(C_(i-1) + 1/2), C being its running sum.

    References
    ----------
    Systematic sampling with a fixed phase of one half: W. G. Madow, Annals of Mathematical
    Statistics 20(3), 1949; netmodel modelling specification, section E, step 4.
    """
    half = Fraction(1, 2)
    rounded = [math.floor(c + half) for c in _cumulative(expected, total)]
    return [after - before for before, after in zip(rounded, rounded[1:], strict=False)]


def rounding_gap(expected, total):
    """Least distance of a running sum of `systematic_counts` from a half, where it turns over.

    See `remainder_gap` for its use.
    """
    distance = [abs(c - math.floor(c) - Fraction(1, 2)) for c in _cumulative(expected, total)]
    return float(min(distance))


def rake(seed, row_total, column_total, tolerance=1e-12, max_rounds=100_000):
    """The table with the given margins that keeps the interactions of `seed`.

    Rows and columns are scaled in turn until every row sum is right to `tolerance` after the
    columns were set. Raises ValueError where the margins differ in sum, where a positive margin
    meets an empty row or column, or where the rounds do not settle.

    References
    ----------
    W. E. Deming and F. F. Stephan, Annals of Mathematical Statistics 11(4), 1940; netmodel
    modelling specification, section E, step 6.
    """
    table = [[float(x) for x in row] for row in seed]
    rows, columns = range(len(table)), range(len(table[0]))
    if not math.isclose(math.fsum(row_total), math.fsum(column_total), rel_tol=1e-9):
        raise ValueError("the margins differ in sum")

    def scaled(line, target):
        present = math.fsum(line)
        if present == 0:
            if target != 0:
                raise ValueError(f"a margin of {target} meets a line of zeros")
            return line
        return [x * target / present for x in line]

    for _ in range(max_rounds):
        table = [scaled(table[i], row_total[i]) for i in rows]
        turned = [scaled([table[i][j] for i in rows], column_total[j]) for j in columns]
        table = [[turned[j][i] for j in columns] for i in rows]
        miss = max(abs(math.fsum(table[i]) - row_total[i]) for i in rows)
        if miss <= tolerance * max(1.0, math.fsum(row_total)):
            return np.array(table)
    raise ValueError("the rounds do not settle")
