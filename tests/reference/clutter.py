"""Clutter at a terminal and entry into buildings: models.md, sections A.2 (P.2109) and A.5.

Frequencies are in GHz; every function takes arrays. Quantiles of the normal distribution are
the standard library's. No range is checked here.
"""

from statistics import NormalDist

import numpy as np

KINDS = {
    "water": 1, "open": 2, "suburban": 3, "urban": 4, "trees": 5, "dense_urban": 6,
}  # fmt: skip
HEIGHTS_M = {"water": 10, "open": 10, "suburban": 10, "urban": 15, "trees": 15, "dense_urban": 20}

# r s t u v w x y z of the two kinds of building, by the letters of P.2109 table 1.
COEFFICIENTS = {
    "traditional": (12.64, 3.72, 0.96, 9.6, 2.0, 9.1, -3.0, 4.5, -2.0),
    "efficient": (28.19, -3.00, 8.48, 13.5, 3.8, 27.8, -2.9, 9.4, -2.1),
}


def normal_quantile(share):
    """F^-1 of any array of shares."""
    return np.vectorize(NormalDist().inv_cdf, otypes=[float])(share)


def knife_edge_db(v):
    """J(v), the loss over one knife edge; 0 from v = -0.78 down.

    References
    ----------
    Recommendation ITU-R P.526, approximation for a single edge.
    """
    v = np.asarray(v, dtype=float)
    bent = 6.9 + 20 * np.log10(np.sqrt((v - 0.1) ** 2 + 1) + v - 0.1)
    return np.where(v > -0.78, bent, 0.0)


def height_gain_loss_db(f, h, street_width, clutter_height, kind):
    """A_h of a terminal among clutter of a kind.

    References
    ----------
    Recommendation ITU-R P.2108 section 3.1, equations 2a and 2b.
    """
    h, R = np.asarray(h, dtype=float), np.asarray(clutter_height, dtype=float)
    h_dif = np.maximum(R - h, 0.0)
    if kind in ("water", "open"):
        A = -(21.8 + 6.2 * np.log10(f)) * np.log10(np.minimum(h / R, 1.0))
    else:
        theta = np.degrees(np.arctan(h_dif / street_width))
        A = knife_edge_db(0.342 * np.sqrt(f) * np.sqrt(h_dif * theta)) - 6.03
    return np.where(h >= R, 0.0, A)


def terrestrial_loss_db(d_km, f, percent):
    """L_ctt not exceeded at a percentage of locations, that of 2 km at most.

    References
    ----------
    Recommendation ITU-R P.2108 section 3.2, equations 3 to 5.
    """

    def at(d):
        L_l = -2 * np.log10(10 ** (-5 * np.log10(f) - 12.5) + 10**-16.5)
        L_s = 32.98 + 23.9 * np.log10(d) + 3 * np.log10(f)
        w_l, w_s = 10 ** (-0.2 * L_l), 10 ** (-0.2 * L_s)
        variance = (4.0**2 * w_l + 6.0**2 * w_s) / (w_l + w_s)
        # Q^-1 is the quantile of the upper tail.
        Q_inverse = normal_quantile(1 - np.asarray(percent) / 100)
        return -5 * np.log10(w_l + w_s) - np.sqrt(variance) * Q_inverse

    return np.minimum(at(np.asarray(d_km, dtype=float)), at(2.0))


def entry_loss_db(f, percent, building, elevation_deg):
    """Building entry loss not exceeded at a percentage of places.

    References
    ----------
    Recommendation ITU-R P.2109-2, equations 1 to 10.
    """
    (r, s, t, u, v, w, x, y, z), lg_f = COEFFICIENTS[building], np.log10(f)
    mu_1 = r + s * lg_f + t * lg_f**2 + 0.212 * np.abs(elevation_deg)
    sigma_1, mu_2, sigma_2 = u + v * lg_f, w + x * lg_f, y + z * lg_f
    q = normal_quantile(np.asarray(percent) / 100)
    parts = np.broadcast_arrays(q * sigma_1 + mu_1, q * sigma_2 + mu_2, -3.0)
    return 10 * np.log10(sum(10 ** (0.1 * part) for part in parts))
