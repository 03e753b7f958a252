import numpy as np
import pytest

import netmodel as nm


@pytest.fixture(scope="module")
def run(scenario):
    return nm.assess(scenario)


@pytest.mark.parametrize("name", ["population", "site_density", "demand_density"])
def test_a_map_has_what_a_reader_needs(run, name):
    ax = getattr(nm.maps, name)(run)
    words = [t.get_text() for t in ax.texts]
    bar = ax.child_axes[-1].get_ylabel()
    assert ax.get_title(loc="left") and "km²" in bar
    assert any(w.endswith(" km") for w in words)
    assert "[km]" in ax.get_xlabel() and "[km]" in ax.get_ylabel()
    assert "netmodel" in ax.figure.get_supxlabel()


@pytest.mark.parametrize("name", ["coverage_probability", "cell_load", "congestion"])
def test_a_map_of_shares(run, name):
    ax = getattr(nm.maps, name)(run)
    bar = ax.child_axes[-1].get_ylabel()
    assert ax.get_title(loc="left").endswith("(synthesised)") and "[" in bar
    assert ("congested above 0.7" in bar) == (name == "congestion")


def test_every_map_is_saved(run, tmp_path):
    paths = nm.maps.save_all(run, tmp_path)
    assert sorted(p.stem for p in paths) == sorted(nm.maps.MAPS)
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in paths)


def test_congestion_shows_the_worst_cell(run, monkeypatch):
    monkeypatch.setattr("netmodel.maps._MAX_PIXELS", 5)
    base = nm.maps._Base.of(run)
    worst, mean = (
        nm.maps._pixels(run, nm.maps.MAPS[name], base) for name in ("congestion", "cell_load")
    )
    known = mean > 0
    assert (worst[known] >= mean[known] - 1e-12).all()
    assert np.nanmax(worst) == pytest.approx(float(run["capacity"].cell_load.max()))


def test_synthesised_values_are_marked(run):
    assert "synthesised" not in nm.maps.population(run).get_title(loc="left")
    assert "synthesised" in nm.maps.site_density(run).get_title(loc="left")


def test_large_layers_are_averaged_without_losing_people(run, monkeypatch):
    monkeypatch.setattr("netmodel.maps._MAX_PIXELS", 20)
    ax = nm.maps.population(run)
    step = -(-max(run["population"].people.shape) // 20)
    drawn = ax.images[0].get_array()
    assert drawn.shape[:2] == tuple(-(-n // step) for n in run["population"].people.shape)
    assert len(np.unique(drawn.reshape(-1, 4), axis=0)) > 20


def test_drawing_into_given_axes(run):
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert nm.maps.population(run, ax) is ax
