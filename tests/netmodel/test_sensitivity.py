import pandas as pd
import pytest

import netmodel as nm
from netmodel._sensitivity import FIGURES, with_setting
from netmodel.errors import InputError
from netmodel.presets import ASSUMPTIONS
from netmodel.scenario import Scenario


@pytest.fixture(scope="module")
def scenario(given):
    heavy = {**given, "demand": {"total_gb": 1.5e9}}
    return Scenario.from_dict(heavy)


@pytest.fixture(scope="module")
def table(scenario):
    return nm.sensitivity(scenario)


def at(table, assumption, figure):
    row = table[(table.assumption == assumption) & (table.figure == figure)]
    return row.iloc[0]


def test_a_row_for_each_assumption_and_figure(table):
    assert len(table) == len(ASSUMPTIONS) * len(FIGURES)
    assert set(table.figure) == set(FIGURES)
    assert table[["low", "base", "high"]].notna().to_numpy().all()


def test_an_end_is_the_scenario_with_that_setting(scenario, table):
    """The reuse of stages changes nothing: a whole run gives the same figure."""
    from netmodel.tables import nation, summary

    for keys, name, setting, end in (
        (("demand.busy_hour_share",), "busy-hour share of a day", 0.10, "high"),
        (("sites.indoor_share",), "indoor share of stations", 0.05, "low"),
        (("radio.carriers",), "carriers per macro station", 2.0, "high"),
    ):
        changed = with_setting(scenario, keys, setting)
        run = nm.assess(changed)
        figures = summary(run, changed, nation(run, changed))
        for figure in FIGURES:
            stage, key = figure.split(".")
            assert at(table, name, figure)[end] == figures[stage][key]["value"], (name, figure)


def test_directions(table):
    load = {name: at(table, name, "capacity.mean_load") for name in table.assumption.unique()}
    for name in ("busy-hour share of a day", "5G share of traffic"):
        assert load[name].low < load[name].base < load[name].high
    for name in ("carriers per macro station", "MIMO gain"):
        assert load[name].low > load[name].base > load[name].high
    walls = at(table, "indoor share of traffic", "coverage.link_population_share")
    assert walls.low > walls.high


def test_a_setting_is_checked_as_if_given(scenario):
    with pytest.raises(ValueError, match="busy_hour_share"):
        with_setting(scenario, ("demand.busy_hour_share",), 7.0)


def test_tornado(table, tmp_path):
    figure = nm.charts.tornado(table)
    figure.savefig(tmp_path / "tornado.png")
    panels = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert [ax.get_title(loc="left") for ax in panels] == list(FIGURES.values())
    for ax, name in zip(panels, FIGURES, strict=True):
        rows = table[table.figure == name]
        moved = int(((rows.high - rows.low).abs() > 1e-9 * rows.base.abs()).sum())
        assert len(ax.get_yticklabels()) == moved and len(ax.patches) == 2 * moved
        assert ax.get_xlabel().startswith("%" if rows.unit.iloc[0] == "1" else rows.unit.iloc[0])


def test_tornado_names_its_scenario_and_nothing_overlaps(table):
    figure = nm.charts.tornado(table)
    figure.canvas.draw()
    assert figure.get_suptitle().endswith("\nsmall")
    legend = figure.legends[0].get_window_extent()
    title = next(t for t in figure.texts if t.get_text() == figure.get_suptitle())
    whole = figure.bbox
    for ax in figure.axes:
        assert not legend.overlaps(ax.get_tightbbox())
        assert not title.get_window_extent().overlaps(ax.get_tightbbox())
    assert title.get_window_extent().y1 < whole.y1 - 5 and title.get_window_extent().x0 > 10


def test_a_figure_that_nothing_moves_says_so():
    """Rounding of the last digits is no move."""
    still = nm_table().assign(low=0.2, high=0.2 + 1e-16)
    ax = nm.charts.tornado(still).axes[0]
    assert [t.get_text() for t in ax.texts] == ["no assumption moves it"] and not ax.patches


def test_files_are_kept_unless_told(scenario, tmp_path, monkeypatch):
    from netmodel import _run

    monkeypatch.setattr(_run, "sensitivity", lambda *_, **__: nm_table())
    _run.sensitivity_into(scenario, tmp_path / "s")
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == ["sensitivity.csv", "tornado.png"]
    with pytest.raises(InputError, match=r"sensitivity\.csv: exists.*--overwrite"):
        _run.sensitivity_into(scenario, tmp_path / "s")
    _run.sensitivity_into(scenario, tmp_path / "s", overwrite=True)


def test_an_error_leaves_no_folder(scenario, tmp_path, monkeypatch):
    from netmodel import _run

    def fails(*_, **__):
        raise InputError("no")

    monkeypatch.setattr(_run, "sensitivity", fails)
    with pytest.raises(InputError):
        _run.sensitivity_into(scenario, tmp_path / "p" / "s")
    assert list(tmp_path.iterdir()) == []


def nm_table():
    return pd.DataFrame(
        {
            "assumption": ["a"], "keys": ["k"], "figure": ["f"], "meaning": ["m"], "unit": ["1"],
            "setting_low": [0.0], "setting_high": [1.0], "low": [0.1], "base": [0.2],
            "high": [0.3], "source": ["s"],
        }
    )  # fmt: skip
