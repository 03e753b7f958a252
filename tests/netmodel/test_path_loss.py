"""Path loss by model: wiring, ranges, refusals, and one clutter mechanism a link."""

import csv
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import netmodel as nm
from netmodel._link import CLUTTER_TYPES, MODELS, ClutterSource
from netmodel.kernels import propagation as kernel
from netmodel.kernels.clutter import p2108_terrestrial_losses_db, p2109_entry_losses_db
from netmodel.kernels.hata import hata_losses_db
from tests.conftest import JIT_OFF
from tests.oracles import oracle
from tests.reference import clutter, hata, propagation

INSIDE_GHZ = {"okumura_hata": 0.9, "cost231_hata": 1.8, "extended_hata": 0.7, "rma": 0.7}
P2108 = {"clutter": "p2108", "frequency_ghz": 2.6}


def loss_db(model, distance_m, **options):
    """Loss at one distance."""
    options = {"frequency_ghz": INSIDE_GHZ.get(model, 3.5)} | options
    return float(nm.path_loss(model, distance_m, **options).path_loss_db)


# Wiring ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["los", "nlos"])
@pytest.mark.parametrize(
    ("model", "row", "distance_m"),
    [("uma", "A06c", 500), ("umi", "A07d", 500), ("rma", "A08b", 500)],
)
def test_models_of_tr_38901(model, row, distance_m, state):
    expected = oracle(row)[state == "nlos"]
    assert loss_db(model, distance_m, state=state) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("d", [5.0, 300.0])
def test_states_are_mixed_as_gains(d):
    """Pitfall 2, and 10 m at the mast."""
    expected = propagation.uma_mean_gain_loss_db(d, 3.5, 25.0, 1.5)
    assert loss_db("uma", d, state="mean_gain") == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize("environment", hata.ENVIRONMENTS)
def test_models_of_hata(environment):
    at = {"frequency_ghz": 0.9, "environment": environment}
    expected = hata.okumura_hata_loss_db(900, 5, 30, 1.5, environment, "large")
    assert loss_db("okumura_hata", 5000, city="large", **at) == pytest.approx(expected, rel=1e-12)
    expected = hata.extended_hata_loss_db(900, 5, 30, 1.5, environment)
    assert loss_db("extended_hata", 5000, **at) == pytest.approx(expected, rel=1e-12)


def test_cost231():
    for city, row in (("small", "A13a"), ("large", "A13b")):
        assert loss_db("cost231_hata", 2000, city=city) == pytest.approx(oracle(row)[0], rel=1e-6)


def test_free_space_takes_the_path_or_the_ground():
    assert loss_db("free_space", 1000) == pytest.approx(oracle("A01")[0], rel=1e-6)
    slanted = propagation.free_space_loss_db(math.hypot(30.0, 40.0), 3.5)
    assert loss_db("free_space", 30, h_bs_m=41.5) == pytest.approx(float(slanted), rel=1e-12)
    assert loss_db("free_space", 0) == loss_db("free_space", 10)


def test_streets_and_buildings_of_rma():
    at = (500.0, 0.7, 50.0, 1.5, 10.0, 12.0)
    got = loss_db("rma", 500, h_bs_m=50, street_width_m=10, building_height_m=12)
    assert got == kernel.rma_nlos_loss_db(*at)


@given(st.sampled_from(sorted(MODELS)), st.lists(st.floats(allow_nan=True), max_size=8))
def test_any_distances_give_a_loss_where_they_are_in_range_only(model, distances):
    loss = nm.path_loss(model, distances, frequency_ghz=INSIDE_GHZ.get(model, 3.5))
    assert loss.path_loss_db.dims == loss.in_range.dims == ("distance",)
    assert loss.path_loss_db.attrs["units"] == "dB"
    assert np.array_equal(np.isfinite(loss.path_loss_db), loss.in_range)
    low, high = MODELS[model].distance_m
    for d, is_in in zip(distances, loss.in_range.values, strict=True):
        if not (model == "rma" and 5000 < d <= 10_000):
            assert is_in == (low <= d <= high)


def test_one_compiled_version_whatever_is_given():
    if JIT_OFF:
        pytest.skip("needs compiled code")
    for d in (np.arange(900)[::-2], np.float32(500), [100]):
        nm.path_loss("rma", d, frequency_ghz=np.float32(1), h_bs_m=30, street_width_m=10)
        nm.path_loss("free_space", d, frequency_ghz=1, entry="low")
    nm.path_loss("okumura_hata", [3000, 500], frequency_ghz=1, h_bs_m=30)
    options = {"entry": "efficient", "clutter": "p2108", "percent": 9}
    nm.path_loss("free_space", 3000, frequency_ghz=1, **options)
    loops = (kernel.tr38901_losses_db, kernel.free_space_losses_db, hata_losses_db)
    loops += (p2108_terrestrial_losses_db, p2109_entry_losses_db)
    assert [len(loop.signatures) for loop in loops] == [1] * len(loops)


def test_distances_keep_their_dimensions():
    d = xr.DataArray([[100.0, 9000.0]], {"cell": [3, 4]}, ("site", "cell"))
    loss = nm.path_loss("rma", d, frequency_ghz=0.7, state="los")
    assert loss.path_loss_db.dims == ("site", "cell")
    assert loss.in_range.values.tolist() == [[True, True]]
    assert loss.cell.values.tolist() == [3, 4]
    assert not nm.path_loss("rma", d, frequency_ghz=0.7, state="nlos").in_range[0, 1]


def test_attributes_say_what_was_used():
    attrs = nm.path_loss("uma", 500, frequency_ghz=3.5).attrs
    assert attrs["source"] == "TR 38.901 UMa" and attrs["state"] == "nlos"
    assert (attrs["h_bs_m"], attrs["clutter_source"], attrs["flags"]) == (25.0, "model", "")
    assert "environment" not in attrs and "percent" not in attrs
    moved = nm.path_loss("uma", 500, frequency_ghz=3.5, h_bs_m=40)
    assert moved.attrs["flags"] == "HBS_OUT_OF_TABLE"
    assert nm.path_loss("rma", 500, frequency_ghz=0.7, h_bs_m=40).attrs["flags"] == ""
    entry = nm.path_loss("uma", 500, frequency_ghz=3.5, entry="efficient", percent=90)
    assert entry.attrs["percent"] == 90 and "90 %" in entry.path_loss_db.attrs["long_name"]
    mean = nm.path_loss("uma", 500, frequency_ghz=3.5, state="mean_gain").path_loss_db
    assert "mean gain" in mean.attrs["long_name"]


# Clutter and entry -------------------------------------------------------------------------------


@pytest.mark.parametrize("percent", [None, 10.0])
def test_statistical_clutter_on_free_space(percent):
    added = loss_db("free_space", 1000, percent=percent, **P2108) - loss_db(
        "free_space", 1000, frequency_ghz=2.6
    )
    expected = clutter.terrestrial_loss_db(1.0, 2.6, percent or 50)
    assert added == pytest.approx(float(expected), abs=1e-9)


@pytest.mark.parametrize("kind", sorted(CLUTTER_TYPES))
def test_clutter_of_a_type_on_free_space(kind):
    added = loss_db("free_space", 100, clutter_type=kind, **P2108) - loss_db(
        "free_space", 100, frequency_ghz=2.6
    )
    expected = clutter.height_gain_loss_db(2.6, 1.5, 27, clutter.HEIGHTS_M[kind], kind)
    assert added == pytest.approx(float(expected), abs=1e-9)


def test_published_clutter_losses_and_refusals(shared):
    """Each row of NTIA: the loss to its printed decimal, or the value that is refused."""
    folder = shared / "validation/p2108"
    types = {code: kind for kind, (code, _) in CLUTTER_TYPES.items()}
    refused = {32: "frequency_ghz", 33: "h_ut_m", 34: "street_width_m", 35: "building_height_m"}
    refused |= {48: "frequency_ghz", 49: "distance_m", 50: "percent"}
    cases = []
    with (folder / "ntia_HeightGainTerminalCorrectionModelTestData.csv").open() as file:
        for f, h, w, clutter_m, code, error, loss in list(csv.reader(file))[1:]:
            options = {
                "h_ut_m": float(h), "street_width_m": float(w),
                "building_height_m": float(clutter_m), "clutter_type": types[int(code)],
            }  # fmt: skip
            cases.append((float(f), 1000.0, options, int(error), float(loss)))
    with (folder / "ntia_TerrestrialStatisticalModelTestData.csv").open() as file:
        for f, d, p, error, loss in list(csv.reader(file))[1:]:
            cases.append(
                (float(f), 1000 * float(d), {"percent": float(p)}, int(error), float(loss))
            )
    assert len(cases) == 23 + 12
    for f, d, options, error, loss in cases:
        if error:
            with pytest.raises(nm.InputError, match=f"^{refused[error]} must be in "):
                loss_db("free_space", d, frequency_ghz=f, clutter="p2108", **options)
        else:
            whole = loss_db("free_space", d, frequency_ghz=f, clutter="p2108", **options)
            assert abs(whole - loss_db("free_space", d, frequency_ghz=f) - loss) <= 0.05


@pytest.mark.parametrize("model", sorted(set(MODELS) - {"free_space"}))
def test_clutter_is_not_counted_twice(model):
    """Pitfall 7."""
    d = 2000.0
    assert loss_db(model, d, clutter=ClutterSource.MODEL) == loss_db(model, d)
    for source in ("p2108", "profile"):
        with pytest.raises(nm.InputError, match=f"'{source}' does not go with .*second time"):
            loss_db(model, d, clutter=source)
    with pytest.raises(nm.InputError, match="cannot be taken out"):
        loss_db(model, d, clutter="none")


@pytest.mark.parametrize("source", ["model", "profile"])
def test_free_space_has_no_clutter_of_its_own(source):
    assert loss_db("free_space", 500, clutter="none") == loss_db("free_space", 500)
    with pytest.raises(nm.InputError, match="neither clutter nor a profile"):
        loss_db("free_space", 500, clutter=source)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_entry_goes_with_every_model(model):
    f, d = INSIDE_GHZ.get(model, 3.5), 2000.0
    outdoors = loss_db(model, d)
    depth = kernel.RMA_INDOOR_LOSS_DB if model == "rma" else kernel.INDOOR_LOSS_DB
    added = loss_db(model, d, entry="low") - outdoors
    assert added == pytest.approx(float(propagation.wall_loss_low_db(f)) + depth, abs=1e-9)
    rise = (MODELS[model].mast_m or 1.5) - 1.5
    for building in ("traditional", "efficient"):
        expected = clutter.entry_loss_db(f, 80.0, building, math.degrees(math.atan2(rise, d)))
        added = loss_db(model, d, entry=building, percent=80) - outdoors
        assert added == pytest.approx(float(expected), abs=1e-9)


def test_high_loss_walls_are_not_rural():
    assert loss_db("uma", 500, entry="high") > loss_db("uma", 500, entry="low") + 10
    with pytest.raises(nm.InputError, match="whose buildings are of low loss"):
        loss_db("rma", 500, entry="high")


# Refusals ----------------------------------------------------------------------------------------

REFUSED = [
    ("uma", {"frequency_ghz": 450}, "frequency_ghz must be in 0.5-100 for TR 38.901 UMa, got 450; "
     "give it in GHz"),
    ("okumura_hata", {"frequency_ghz": 3.5}, "frequency_ghz must be in 0.15-1.5 for Okumura-Hata, "
     "got 3.5; it is in the range of uma, umi, rma"),
    ("extended_hata", {"frequency_ghz": 3.5}, "frequency_ghz must be in 0.03-3 for extended Hata"),
    ("uma", {"distance_m": 8000}, "distance_m must be in 0-5000 for TR 38.901 UMa, got 8000; it is "
     "in the range of rma, okumura_hata"),
    ("uma", {"distance_m": -1}, "distance_m must be in 0-5000 .* got -1; give meters"),
    ("uma", {"distance_m": math.nan}, "distance_m must be in .* got nan"),
    ("okumura_hata", {"distance_m": 500}, "distance_m must be in 1000-20000 for Okumura-Hata"),
    ("rma", {"distance_m": 8000}, "distance_m must be in 0-5000 for TR 38.901 RMa without line of"),
    ("free_space", {"distance_m": 200, "clutter": "p2108"}, "distance_m must be in 250-.* P.2108"),
    ("uma", {"distance_m": "near"}, "distance_m 'near' is no number"),
    ("uma", {"distance_m": xr.DataArray(["a", "b"])}, "distance_m <xarray.DataArray .* is no numb"),
    ("uma", {"frequency_ghz": 10**400}, "frequency_ghz 1000.* is no number"),
    ("uma", {"frequency_ghz": [3.5, 2.6]}, r"frequency_ghz \[3.5, 2.6\] is no number; give one"),
    ("uma", {"distance_m": [[1.0]]}, "distance_m must be one number or a list, got 2 dimensions"),
    ("uma", {"h_bs_m": 5}, "h_bs_m must be in 10-60 for TR 38.901 UMa, got 5; it is in the range"),
    ("cost231_hata", {"h_bs_m": 25}, "h_bs_m must be in 30-200 for COST 231 Hata, got 25"),
    ("uma", {"h_bs_m": math.inf}, "h_bs_m must be in 10-60 .* got inf; give meters above ground"),
    ("uma", {"h_ut_m": math.nan}, "h_ut_m must be in 1.5-22.5 .* got nan"),
    ("uma", {"h_ut_m": None}, "h_ut_m None is no number"),
    ("rma", {"street_width_m": 60}, "street_width_m must be in 5-50 for TR 38.901 RMa, got 60"),
    ("rma", {"building_height_m": 1}, "building_height_m must be in 5-50 for TR 38.901 RMa, got 1"),
    ("itm", {}, "model 'itm' is unknown; known: free_space, uma"),
    ("uma", {"state": "both"}, "state 'both' is unknown; known: los, nlos, mean_gain"),
    ("uma", {"environment": "urban"}, "environment 'urban' does not enter TR 38.901 UMa"),
    ("okumura_hata", {"state": "los"}, "state 'los' does not enter Okumura-Hata"),
    ("uma", {"street_width_m": 20}, "street_width_m 20 does not enter TR 38.901 UMa"),
    ("uma", {"percent": 90}, "percent 90 does not enter"),
    ("uma", {"entry": "tent"}, "entry 'tent' is unknown; known: low, high"),
    ("uma", {"clutter": "trees"}, "clutter 'trees' is unknown; known: model, profile, p2108, none"),
    ("free_space", {"clutter_type": "trees"}, "clutter_type 'trees' does not enter free space"),
    ("free_space", {"clutter_type": "sand", **P2108}, "clutter_type 'sand' is unknown; known: wat"),
    ("free_space", {"percent": 9, "clutter_type": "trees", **P2108}, "percent 9 does not enter"),
    ("free_space", {"percent": 100, **P2108}, "percent must be in 0.0001-99.9999 for P.2108"),
    ("free_space", {"clutter_type": "trees", "clutter": "p2108"}, "frequency_ghz must be in 0.03-3 "
     "for P.2108 3.1, got 3.5; leave clutter out"),
    ("okumura_hata", {"entry": "low", "frequency_ghz": 0.2}, "frequency_ghz must be in 0.5-100 for "
     "entry by TR 38.901, got 0.2; leave entry out"),
]  # fmt: skip


@pytest.mark.parametrize(("model", "options", "message"), REFUSED)
def test_refusals_are_one_clear_line(model, options, message):
    options = {"distance_m": 1500.0} | options
    with pytest.raises(nm.InputError, match=f"^{message}") as caught:
        loss_db(model, options.pop("distance_m"), **options)
    assert "\n" not in str(caught.value)


def test_frequency_and_heights_are_refused_over_distances_too():
    for options in ({"frequency_ghz": 450}, {"frequency_ghz": 3.5, "h_bs_m": 5}):
        with pytest.raises(nm.InputError, match="must be in"):
            nm.path_loss("uma", [100.0, 200.0], **options)


# Laws --------------------------------------------------------------------------------------------


@given(st.sampled_from(sorted(MODELS)), st.lists(st.floats(0, 1e6), min_size=2, max_size=9))
def test_loss_rises_with_distance(model, distances):
    """By mean gain too: sight falls as loss rises."""
    options = {"state": "mean_gain"} if "state" in MODELS[model].options else {}
    f = INSIDE_GHZ.get(model, 3.5)
    loss = nm.path_loss(model, sorted(distances), frequency_ghz=f, **options).path_loss_db
    assert (np.diff(loss.dropna("distance")) >= -1e-9).all()


@given(st.floats(10, 5000), st.floats(0.5, 6.0))
def test_mean_gain_lies_between_the_states(d, f):
    for model in ("uma", "umi", "rma"):
        low, mean, high = (
            loss_db(model, d, state=state, frequency_ghz=f)
            for state in ("los", "mean_gain", "nlos")
        )
        assert low - 1e-9 <= mean <= high + 1e-9
