import pytest

from netmodel.errors import DataError, InputError
from netmodel.scenario import Scenario


def test_the_reference_case():
    scenario = Scenario.preset("china-2020")
    assert scenario.extends == "china-2020" and scenario.sites.total == 718_000
    assert scenario.sites.networks == {"cmcc": 0.543, "ct_cu": 0.457}
    assert scenario.years == (2020,)


def test_what_extends_replaces_key_by_key():
    scenario = Scenario.from_dict(
        {"extends": "china-2020", "name": "more", "sites": {"total": 1_000_000}}
    )
    assert scenario.sites.total == 1_000_000 and len(scenario.sites.networks) == 2


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "area.geojson").write_text("{}")
    (tmp_path / "in" / "s.toml").write_text(
        'area = "area.geojson"\n[population]\npath = "pop.tif"\n[sites]\npath = "sites.csv"\n'
        "[demand]\ntotal_gb = 1.0\n"
    )
    scenario = Scenario.from_toml(tmp_path / "in" / "s.toml")
    assert scenario.population.path == tmp_path / "in" / "pop.tif"
    assert scenario.sites.path == tmp_path / "in" / "sites.csv"
    assert scenario.area == str(tmp_path / "in" / "area.geojson")


def test_a_scenario_is_immutable_and_its_json_comes_back(scenario):
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"
    assert Scenario.model_validate_json(scenario.to_json()) == scenario


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"sits": {"total": 1}}, "sits: unknown key; did you mean sites?"),
        ({"sites": {"totl": 1}}, r"\[sites\] totl: unknown key; did you mean total?"),
        ({"sites": {"total": -5}}, r"\[sites\] total: .*greater than 0, got -5"),
        ({"sites": {"total": 5, "path": "s.csv"}}, "has path and total"),
        ({"sites": {"total": 5, "networks": {"a": 0.5}}}, "add up to 1, got 0.5$"),
        ({"sites": {"total": 5, "networks": {"a": "x"}}}, r"\[sites\] networks.a: .*, got \"x\"$"),
        ({"area": [1, 2, 3]}, r"my.toml: area: give a zone's name .*, got \[1, 2, 3\]$"),
        ({"area": [1, 2, 3, "x"]}, "area: give a zone's name"),
        ({"area": 5}, "area: give a zone's name .*, got 5$"),
        ({"years": ["x"]}, "^my.toml: years: [^;]*$"),
        ({"radio": 5}, r"^my.toml: radio: [^;]*, got 5$"),
        ({"sites": {"total": 5, "networks": {"a b<": 1.0}}}, "letters, digits"),
        ({"sites": {}}, r"give \[sites\] path or total"),
        ({"demand": {}}, "total_gb"),
        ({"demand": {"total_gb": float("nan")}}, "total_gb"),
        ({"demand": {"total_gb": 1.0, "busy_hour_share": 0.01}}, "busy_hour_share"),
        ({"demand": {"total_gb": 1.0, "gb_bytes": 1000}}, "gb_bytes"),
        ({"demand": {"total_gb": 1.0, "fiveg_share": 1.5}}, r"\[demand\] fiveg_share: [^\[;]* or "),
        ({"population": {}}, r"give \[population\] path"),
        ({"population": {"path": "p.tif", "kind": "people"}}, "kind"),
        ({"years": [2020, 2025]}, "a region of your own has one year"),
        ({"extends": "china-2020", "years": [2021]}, "begins with 2020"),
        ({"extends": "china-2020", "years": [2020, 2025, 2025]}, "each year once, in order"),
        ({"extends": "china-2020", "years": [2020, 2040]}, r"the projection ends in 2030; raise"),
        (
            {"extends": "china-2020", "years": [2020, 2025], "sites": {"path": "s.csv"}},
            "leave out .sites. path",
        ),
        ({"extends": "mars-2020"}, "extends"),
        ({"radio": {"target_load": 1.0}}, "target_load"),
        ({"grid": {"crs": "EPSG:32633"}}, "crs and bounds together"),
        ({"grid": {"crs": "EPSG:32633", "bounds": [1, 0, 0, 1]}}, "left < right"),
        ({"grid": {"resolution_m": 0.1}}, r"\[grid\] resolution_m: .*greater than or equal to 1"),
        ({"extends": "china-2020", "zones": {"path": "z.gpkg"}}, "without extends"),
        ({"extends": "china-2020", "years": [2025]}, "begins with 2020"),
    ],
)
def test_bad_scenarios_are_refused_in_one_line(given, change, says):
    with pytest.raises(InputError, match=says) as error:
        Scenario.from_dict({**given, **change}, where="my.toml")
    assert str(error.value).startswith("my.toml: ") and "\n" not in str(error.value)


def test_bad_files(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        Scenario.from_toml(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = \n")
    with pytest.raises(InputError, match="not valid TOML"):
        Scenario.from_toml(tmp_path / "bad.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        Scenario.from_toml(tmp_path / "bytes.toml")
    with pytest.raises(InputError, match="netmodel init"):
        Scenario.preset("chna")
