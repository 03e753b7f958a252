"""Published instances of facility location, among the real data."""

import csv

import numpy as np
from scipy.sparse.csgraph import floyd_warshall


def pmed(shared, number):
    """Distances between all nodes, the number of medians and the least cost, of OR-Library.

    Of two edges between the same nodes the last holds.
    """
    folder = shared / "validation" / "facility" / "pmed"
    size, *edges = np.array((folder / f"pmed{number}.txt").read_text().split(), int).reshape(-1, 3)
    length = np.full((size[0], size[0]), np.inf)
    for a, b, c in edges:
        length[a - 1, b - 1] = length[b - 1, a - 1] = c
    rows = (line.split() for line in (folder / "optima.txt").read_text().splitlines()[1:])
    optima = {row[0]: int(row[1]) for row in rows if row}
    return floyd_warshall(length), int(size[2]), optima[f"pmed{number}"]


def san_francisco(shared):
    """Distances (store, tract) along the network, and people of the tracts; from spopt."""
    folder = shared / "validation" / "facility" / "spopt"
    name = "SF_network_distance_candidateStore_16_censusTract_205_new.csv"
    with (folder / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    stores = sorted({row["name"] for row in rows}, key=lambda name: int(name.split("_")[1]))
    tracts = sorted({row["DestinationName"] for row in rows})
    people = {row["DestinationName"]: float(row["demand"]) for row in rows}
    distance = np.full((len(stores), len(tracts)), np.nan)
    for row in rows:
        at = stores.index(row["name"]), tracts.index(row["DestinationName"])
        distance[at] = float(row["distance"])
    assert distance.shape == (16, 205) and not np.isnan(distance).any()
    return distance, np.array([people[tract] for tract in tracts])
