import tomllib

from netmodel.scenario import Scenario
from netmodel.template import scenario_template


def uncommented(text):
    lines = [
        line[1:] if line[:1] == "#" and line[1:2].isalpha() else line for line in text.split("\n")
    ]
    return "\n".join(lines)


def test_the_template_is_a_scenario():
    data = tomllib.loads(scenario_template())
    assert Scenario.from_dict(data) == Scenario.preset("china-2020").model_copy(
        update={"name": "my-scenario"}
    )


def test_every_key_is_there_with_its_meaning():
    data = tomllib.loads(uncommented(scenario_template()))
    assert set(data) == set(Scenario.model_fields)
    for name, field in Scenario.model_fields.items():
        if isinstance(data[name], dict) and hasattr(field.annotation, "model_fields"):
            assert set(data[name]) == set(field.annotation.model_fields)
    assert "None" not in scenario_template()


def test_the_examples_are_accepted():
    data = tomllib.loads(uncommented(scenario_template()))
    del data["extends"], data["sites"]["path"]
    Scenario.from_dict(data)
