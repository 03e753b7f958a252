"""Sums over polygons: `exactextract` and netmodel on the same raster and counties.

16 million cells of 1 km and 2,800 polygons that tile them, as many as China's counties: Voronoi
cells whose borders, with a point every kilometer, are bent by waves from 38 km down to a few.

(a) one layer: `exact_extract(..., ["sum"])` and `polygon_sums`, which is exactextract too, handed
its polygons as WKB. (b) ten layers, as a run's tables need them: one call of exactextract with ten
rasters, and `overlap_of` once with ten times `sums`.

Why it is fair: exactextract runs by its defaults, which are its fastest here, from a GeoDataFrame
and arrays in memory into its `pandas` output; both run on one thread. The polygons are made, and
netmodel compiles, outside the timer. The two take turns, who begins changes, and the least of the
times counts. Answers to (a) must agree to 1e-9 of a sum. exactextract keeps shares in float32, up
to 3e-8 off a border cell, netmodel those of (b) in float64: with some 300 border cells a polygon
they must agree to 1e-8, and netmodel's sums over all polygons to 1e-11 with the layer's.
"""

import argparse
import platform
import sys
import time
from importlib.metadata import version

import geopandas
import numpy as np
import shapely
from affine import Affine
from pyproj import CRS

from netmodel.grids import Grid
from netmodel.grids.overlap import overlap_of, polygon_sums

SIDE, N_POLYGON, N_LAYER = 4_000, 2_800, 10
ROUNDS = 4
WAVES = 5
ONE_TOLERANCE, MANY_TOLERANCE, TOTAL_TOLERANCE = 1e-9, 1e-8, 1e-11


def bent_counties(rng, n, side):
    """Polygons (n,) that tile a square of `side` cells, with winding borders."""
    square = shapely.box(0, 0, side, side)
    seats = shapely.MultiPoint(rng.random((n, 2)) * side)
    cells = shapely.get_parts(shapely.voronoi_polygons(seats, extend_to=square))
    cells = shapely.segmentize(shapely.intersection(cells, square), 1.0)
    phase = rng.uniform(0, 2 * np.pi, (WAVES, 2))
    direction = rng.normal(size=(WAVES, 2, 2))

    def bent(xy):
        # Nothing moves at the border of the square.
        room = np.prod(np.clip(xy * (side - xy) / (20 * side), 0, 1), axis=1)
        out = xy.copy()
        for k in range(WAVES):
            per_cell = 2.0 ** -(k + 1)
            for axis in range(2):
                wave = np.sin(phase[k, axis] + per_cell * (xy @ direction[k, axis]))
                out[:, axis] += room * 0.05 / per_cell * wave
        return out

    return shapely.transform(cells, bent)


def seconds(function, *arguments):
    begin = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - begin, result


def least_seconds(peer, ours):
    """Least time of either, taking turns, and their last answers."""
    times, answers = {peer: [], ours: []}, {}
    for turn in range(ROUNDS):
        for function in (peer, ours) if turn % 2 == 0 else (ours, peer):
            spent, answers[function] = seconds(function)
            times[function].append(spent)
    return min(times[peer]), min(times[ours]), answers[peer], answers[ours]


def largest_difference(expected, got):
    return float(np.max(np.abs(got - expected) / np.abs(expected)))


def main():
    parser = argparse.ArgumentParser(description="exactextract and netmodel on the same polygons")
    parser.add_argument("--quick", action="store_true", help="a hundredth of the size")
    small = 10 if parser.parse_args().quick else 1
    try:
        from exactextract import exact_extract
        from exactextract.raster import NumPyRasterSource
    except ImportError:
        sys.exit("exactextract is not installed; it comes with netmodel")

    side, n = SIDE // small, N_POLYGON // small**2
    rng = np.random.default_rng(20)
    crs = CRS("EPSG:3035")
    grid = Grid(crs, Affine(1000, 0, 0, 0, -1000, 1000 * side), (side, side))
    shapes = shapely.transform(bent_counties(rng, n, side), lambda xy: xy * 1000.0)
    if not shapely.is_valid(shapes).all():
        sys.exit("the polygons cross themselves")
    polygons = geopandas.GeoDataFrame(geometry=shapes, crs=crs)
    layers = rng.gamma(0.5, size=(N_LAYER, side, side))
    wkt, size = crs.to_wkt(), 1000 * side

    def source(layer, name):
        return NumPyRasterSource(layer, 0, 0, size, size, name=name, srs_wkt=wkt)

    def peer_one():
        found = exact_extract(source(layers[0], "one"), polygons, ["sum"], output="pandas")
        return found["sum"].to_numpy()

    def peer_many():
        sources = [source(layer, f"layer{k}") for k, layer in enumerate(layers)]
        found = exact_extract(sources, polygons, ["sum"], output="pandas")
        return found[[f"layer{k}_sum" for k in range(N_LAYER)]].to_numpy().T

    def our_many():
        overlap = overlap_of(polygons, grid)
        return np.stack([overlap.sums(layer) for layer in layers])

    def our_one():
        return polygon_sums(layers[0], grid, polygons)

    compile_s, _ = seconds(our_many)
    one_peer, one_ours, expected, got = least_seconds(peer_one, our_one)
    many_peer, many_ours, all_expected, all_got = least_seconds(peer_many, our_many)

    points = shapely.get_num_coordinates(shapes).mean()
    print(f"exactextract {version('exactextract')}, Python {platform.python_version()}")
    print(f"{side * side:,} cells, {n:,} polygons of {points:.0f} points on average")
    print(f"first call of ours, compiling: {compile_s:.1f} s")
    print(f"(a) one layer: exactextract {one_peer:.2f} s, netmodel {one_ours:.2f} s")
    print(f"(b) {N_LAYER} layers: exactextract {many_peer:.2f} s, netmodel {many_ours:.2f} s")
    worst = largest_difference(expected, got), largest_difference(all_expected, all_got)
    off = largest_difference(layers.sum(axis=(1, 2)), all_got.sum(axis=1))
    print(f"largest differences: (a) {worst[0]:.1e}, (b) {worst[1]:.1e} of a sum; total {off:.1e}")
    if worst[0] > ONE_TOLERANCE or worst[1] > MANY_TOLERANCE or off > TOTAL_TOLERANCE:
        sys.exit("the answers differ")
    print(f"ratio of {N_LAYER} layers: {many_peer / many_ours:.2f}")
    print(f"ratio: {one_peer / one_ours:.2f}")


if __name__ == "__main__":
    main()
