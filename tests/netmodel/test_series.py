"""Series up to a date: definitions, times, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from netmodel import _series
from netmodel._growth_presets import INDICATORS
from netmodel._series import (
    Series,
    decimal_year,
    from_working,
    last_known,
    longest_series,
    national_series,
    panel_series,
    read_series,
    to_working,
)
from netmodel.errors import DataError, InputError

BY_KEY = {i.key: i for i in INDICATORS}


def test_the_last_day_of_a_year_is_the_year():
    dates = pd.Series(["2020-12-31", "2019-12-31", "2020-07-01", "2021-01-01"])
    np.testing.assert_allclose(
        decimal_year(dates), [2020.0, 2019.0, 2019.0 + 183 / 366, 2020 + 1 / 365]
    )


@pytest.mark.parametrize("scale", [0, 1])
def test_working_scales_are_inverse(scale):
    value = np.array([0.01, 3.0, 50.0, 99.9])
    np.testing.assert_allclose(from_working(to_working(value, scale), scale), value)


def test_traffic_is_that_of_the_specification():
    """models.md I.5."""
    series = national_series(BY_KEY["mobile_traffic"], 2020).between(2015, 2020)
    assert series.time.tolist() == [2015, 2016, 2017, 2018, 2019, 2020]
    np.testing.assert_allclose(series.value, [4.187, 9.378, 24.594, 70.900, 121.992, 165.568])


def test_definitions_are_not_chained():
    lines = national_series(BY_KEY["fixed_broadband_subs"], 2020)
    assert lines.time[0] == 2015.0 and "another definition" in lines.notes[0]
    stations = national_series(BY_KEY["bs_5g"], "latest")
    older = longest_series(BY_KEY["bs_5g"], "latest", but_newest=True)
    assert stations.time[0] == 2024.0 and older.time[-1] == 2023.0
    assert stations.launch == older.launch == 2018.0


def test_a_survey_of_march_stands_for_the_year_before():
    series = national_series(BY_KEY["internet_users"], 2020)
    assert 2019.0 < series.time[-2] < 2019.3
    assert series.only_yearly().time[-2] == 2019.0


def test_zero_is_the_launch():
    series = national_series(BY_KEY["village_5g_share"], 2020)
    assert series.value.size == 0 and series.launch == 2020.0 and "launch" in series.notes[0]


def test_5g_users_of_2020_are_those_of_the_plan():
    series = national_series(BY_KEY["5g_users"], 2020)
    np.testing.assert_allclose(series.value, [0.15 * 1412.12])
    assert 2020 not in national_series(BY_KEY["5g_users"], "latest").time


def test_dates_within_a_year_go_on_where_yearly_values_end():
    series = national_series(BY_KEY["bs_5g"], "latest")
    assert series.yearly.tolist() == [True, True, False, False]
    assert series.value[-1] > series.value[1]


@pytest.fixture
def poisoned(monkeypatch):
    """Facts in which every number dated after 2020 is another."""
    history = _series.facts.series
    panel, table = _series.facts.table("provinces_panel"), _series.facts.table

    def series(name, *place):
        rows = history(name, *place)
        return rows.assign(value=rows["value"].where(rows["date"] <= "2020-12-31", 1e15))

    def poisoned_table(name):
        return (
            panel.where(panel["year"] <= 2020, 1e15) if name == "provinces_panel" else table(name)
        )

    monkeypatch.setattr(_series.facts, "series", series)
    monkeypatch.setattr(_series.facts, "table", poisoned_table)
    _series._history.cache_clear()
    yield
    _series._history.cache_clear()


def test_training_never_reads_later_rows(poisoned):
    """With every later value replaced, what 2020 knows is the same."""
    found = {k: national_series(i, 2020) for k, i in BY_KEY.items()}
    level = {name: last_known(name, 2020) for name in ("population", "households", "bs_4g")}
    panel = panel_series(BY_KEY["mobile_traffic"], 2020)
    _series._history.cache_clear()
    assert national_series(BY_KEY["mobile_traffic"], "latest").value[-1] == 1e15
    for series in [*found.values(), *panel]:
        assert (series.time <= 2020.0).all() and (series.value < 1e15).all()
    assert max(level.values()) < 1e13


def test_provinces_have_five_values():
    series = panel_series(BY_KEY["mobile_traffic"], 2020)
    assert len(series) == 31 and all(s.value.size == 5 for s in series)
    total = sum(s.value[-1] for s in series)
    assert total == pytest.approx(165.568e9, rel=1e-4)


def test_falls_are_named():
    value = np.array([10.0, 12.0, 11.0, 13.0, 12.9])
    series = Series("x", "count", np.arange(2016.0, 2021.0), value, np.ones(5, bool), 2015.0)
    assert series.falls == "2018"


def written(tmp_path, text):
    path = tmp_path / "series.csv"
    path.write_text(text)
    return path


def test_a_users_series(tmp_path):
    path = written(
        tmp_path, "indicator,year,value,kind\nusers,2021,4\nusers,2019,2\nshare,2020,30,share\n"
    )
    found = read_series(path)
    assert found["users"].value.tolist() == [2.0, 4.0] and found["share"].kind == "share"
    assert found["users"].notes == ("no value for 2020",)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("a,2019,1\na,2019,2", "year 2019 appears twice; keep one value a year"),
        ("a,2019,0\na,2020,2", "0 in 2019; growth is fitted on logarithms"),
        ("a,2019,-3\na,2020,2", "-3 in 2019"),
        ("a,2019,x\na,2020,2", "value 'x' in row 1 is no number"),
        ("a,2019,\na,2020,2", "value 'nan' in row 1 is no number; leave out rows"),
        ("a,2019,inf\na,2020,2", "value 'inf' in row 1 is no number"),
        ("a,2019.5,1\na,2020,2", "year 2019.5 is no whole year"),
        ("a,20x9,1\na,2020,2", "year '20x9' in row 1 is no number"),
    ],
)
def test_bad_series_are_refused(tmp_path, rows, says):
    with pytest.raises(InputError, match="indicator 'a'") as error:
        read_series(written(tmp_path, f"indicator,year,value\n{rows}\n"))
    assert says in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("indicator,year,value,kind\na,2019,101,share\n", "101 % in 2019; shares must lie between"),
        ("indicator,year,value,kind\na,2019,0,share\n", "0 % in 2019"),
        ("indicator,year,value,kind\na,2019,1,level\n", "kind 'level'; known: count, flow, share"),
    ],
)
def test_bad_shares_and_kinds_are_refused(tmp_path, text, says):
    with pytest.raises(InputError) as error:
        read_series(written(tmp_path, text))
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("indicator,value\na,1\n", "no column 'year'"),
        ("", "not a CSV table"),
    ],
)
def test_tables_that_are_none_are_refused(tmp_path, text, says):
    with pytest.raises(DataError, match=says):
        read_series(written(tmp_path, text))
    with pytest.raises(DataError, match=r"no such file; check .projection. series"):
        read_series(tmp_path / "none.csv")
    with pytest.raises(InputError, match="no rows"):
        read_series(written(tmp_path, "indicator,year,value\n"))
