import numpy as np
import pytest
import xarray as xr
from matplotlib import colormaps

import netmodel as nm


@pytest.fixture(scope="module")
def run(scenario):
    return nm.assess(scenario)


@pytest.mark.parametrize("name", ["population", "site_density", "demand_density"])
def test_a_map_has_what_a_reader_needs(run, name):
    ax = getattr(nm.maps, name)(run)
    words = [t.get_text() for t in ax.texts]
    bar = ax.child_axes[-1].get_ylabel()
    assert ax.get_title(loc="left").endswith("\nsmall") and "km²" in bar
    assert any(w.endswith(" km") for w in words)
    assert "[km]" in ax.get_xlabel() and "[km]" in ax.get_ylabel()
    assert "netmodel" in ax.figure.get_supxlabel()


@pytest.mark.parametrize("name", ["coverage_probability", "cell_load", "congestion"])
def test_a_map_of_shares(run, name):
    ax = getattr(nm.maps, name)(run)
    bar = ax.child_axes[-1].get_ylabel()
    assert ax.get_title(loc="left").endswith("(synthesised)\nsmall") and "[" in bar
    assert ("congested above 0.7" in bar) == (name == "congestion")


def test_every_map_is_saved(run, tmp_path):
    paths = nm.maps.save_all(run, tmp_path)
    assert sorted(p.stem for p in paths) == sorted(nm.maps.MAPS)
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in paths)


def test_congestion_shows_the_worst_cell_of_both_directions(run, monkeypatch):
    monkeypatch.setattr("netmodel.maps._MAX_PIXELS", 5)
    base = nm.maps._Base.of(run)
    worst, mean = (
        nm.maps._pixels(run, nm.maps.MAPS[name], base) for name in ("congestion", "cell_load")
    )
    known = mean > 0
    assert (worst[known] >= mean[known] - 1e-12).all()
    down, up = (float(run["capacity"][name].max()) for name in ("cell_load", "uplink_load"))
    assert up > down
    assert np.nanmax(worst) == pytest.approx(up)


def changed(run, **variables):
    """The run with layers of its capacity made by functions of the dataset."""
    capacity = run["capacity"].to_dataset()
    groups = {f"/{k}": v.to_dataset() for k, v in run.children.items()}
    groups["/capacity"] = capacity.assign({k: f(capacity) for k, f in variables.items()})
    out = xr.DataTree.from_dict(groups)
    out.attrs |= run.attrs
    return out


def colors_of(ax):
    return {tuple(int(c) for c in color[:3]) for color in np.unique(pixels(ax), axis=0)}


def pixels(ax):
    return ax.images[0].get_array().reshape(-1, 4)


def words_of(ax):
    legend = ax.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize("name", ["cell_load", "congestion"])
def test_no_network_is_drawn_apart_from_no_people_and_from_little_load(run, name):
    west = {
        k: lambda ds, k=k: ds[k].where(ds.x > ds.x.mean()) for k in ("cell_load", "uplink_load")
    }
    bare = getattr(nm.maps, name)(changed(run, **west))
    assert words_of(bare) == ["no people", "no network in reach"]
    hatch = {(level,) * 3 for level in nm.maps._HATCH}
    assert hatch < colors_of(bare) and (nm.maps._NOTHING,) * 3 in colors_of(bare)


def test_little_load_has_the_color_of_the_arrow(run):
    faint = changed(run, cell_load=lambda ds: ds.cell_load * 0 + 1e-5)
    ax = nm.maps.cell_load(faint)
    least = colormaps["magma_r"](0, bytes=True)[:3]
    assert tuple(int(c) for c in least) in colors_of(ax)
    assert words_of(ax)[0] == "no people"


@pytest.mark.parametrize("name", ["site_density", "demand_density", "population"])
def test_a_scale_begins_and_ends_with_the_data(run, name):
    values = nm.maps._pixels(run, nm.maps.MAPS[name], nm.maps._Base.of(run))
    norm = nm.maps.norm_of(nm.maps.MAPS[name], values, 0.7)
    seen = values[values >= nm.maps.MAPS[name].lowest]
    assert (seen >= norm.vmin).mean() > 0.98 and norm.vmin > np.quantile(seen, 0.01) / 2.5
    assert seen.max() <= norm.vmax < 10 * max(seen.max(), norm.vmin)


def test_values_under_a_scale_are_gray_as_its_legend_says(run):
    """The arrow of the bar has the gray that the map has."""
    ax = nm.maps.population(run)
    gray = nm.maps._NOTHING
    assert words_of(ax)[0].startswith("below ") or words_of(ax) == ["none"]
    assert (gray,) * 3 in colors_of(ax)
    fewer = nm.maps._pixels(run, nm.maps.MAPS["population"], nm.maps._Base.of(run))
    below = changed_people(run, fewer)
    bar = nm.maps.population(below).child_axes[-1]
    assert words_of(nm.maps.population(below)) == ["below 1"]
    arrow = bar.patches[0].get_facecolor()
    assert arrow[:3] == pytest.approx((gray / 255,) * 3, abs=1e-3)


def changed_people(run, density):
    """The run with next to nobody in a corner."""
    groups = {f"/{k}": v.to_dataset() for k, v in run.children.items()}
    people = groups["/population"].people.copy(deep=True)
    people.values[:10, :10] = np.where(np.isnan(density[:10, :10]), np.nan, 0.1)
    groups["/population"] = groups["/population"].assign(people=people)
    out = xr.DataTree.from_dict(groups)
    out.attrs |= run.attrs
    return out


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
