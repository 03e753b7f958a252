"""The pure parts of the build, on inputs made here; the whole of it is rebuilt by hand."""

import numpy as np
import pandas as pd
import pytest

from netmodel.grids.build_china_2020 import Place as BuildPlace
from netmodel.grids.build_china_2020 import (
    county_people,
    faded,
    log_weights,
    relieved,
    whole_people,
)
from netmodel.grids.build_sources import distance_km, name_stem
from netmodel.grids.cells import Cells
from netmodel.grids.grid import Grid

COUNTIES = pd.DataFrame(
    {
        "code": ["110101", "110102", "120101"],
        "province_code": ["110000", "110000", "120000"],
        "prefecture": ["1101", "1101", "1201"],
        "village_committees": [30, 10, 5],
        "communities": [1, 3, 7],
    }
)
PROVINCES = pd.DataFrame(
    {
        "gbt2260_code": ["110000", "120000"],
        "census_pop_2020": [1001, 500],
        "urban_share_2020_pct": [60.0, 80.0],
    }
)


def test_rural_people_follow_villages_and_urban_ones_communities():
    people, urban = county_people(COUNTIES, PROVINCES)
    np.testing.assert_allclose(urban, [600.6 / 4, 600.6 * 3 / 4, 400.0])
    np.testing.assert_allclose(people - urban, [400.4 * 0.75, 400.4 * 0.25, 100.0])


def test_the_crowded_are_relieved_inside_their_prefecture():
    people = np.array([100.0, 50.0, 80.0])
    moved = relieved(people, np.array([60.0, 200.0, 10.0]), np.array(["a", "a", "b"]))
    np.testing.assert_allclose(moved, [60.0, 90.0, 80.0])


def test_weights_fall_with_distance_and_rise_with_people():
    sums = {f"{k}{s}": np.array([1.0, 1.0]) for k in "pc" for s in (8, 20, 50)}
    near_far = np.array([1.0, 30.0])
    flat = np.array([100.0, 100.0])
    far = log_weights(sums, (near_far, near_far), flat, flat)
    assert far[0] > far[1]
    crowd = {**sums, "p50": np.array([1.0, 1000.0])}
    same = np.array([5.0, 5.0])
    more = log_weights(crowd, (same, same), flat, flat)
    assert more[1] > more[0]


def test_people_fade_out_of_desert_and_plateau_without_an_edge():
    far = faded(np.arange(0.0, 150.0), np.full(150, 500.0))
    assert far[0] == pytest.approx(1.0) and far[120] < 1e-3
    assert (np.diff(far) <= 0).all() and np.abs(np.diff(far)).max() < 0.03
    assert faded(np.zeros(1), np.array([5_800.0]))[0] < 0.01


def test_whole_people_are_exact_by_province_and_near_their_expectation():
    grid = Grid.from_bounds("EPSG:3035", (0, 0, 6000, 4000), 1000)
    cells = Cells.where(grid, np.ones(grid.shape, bool))
    county = np.repeat(np.array([0, 1, 2], np.int32), 8)
    place = BuildPlace(cells, np.zeros(24), np.zeros(24), county)
    expected = np.random.default_rng(2).random(24) * 100
    people = whole_people(place, COUNTIES, PROVINCES, expected)
    assert people[:16].sum() == 1001 and people[16:].sum() == 500
    scale = np.where(county < 2, 1001 / expected[:16].sum(), 500 / expected[16:].sum())
    assert (np.abs(people - expected * scale) < 2.5).all()


def test_stems_of_names():
    assert name_stem("滦县") == "滦县" and name_stem("门头沟区") == "门头沟"
    assert name_stem("孟村回族自治县") == "孟村"


def test_distances_on_the_sphere():
    assert distance_km([116.4], [39.0], 116.4, 40.0)[0] == pytest.approx(6371.0088 * np.pi / 180)
