from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from netmodel.variables import VARIABLES, annotated, markdown_table


def test_no_variable_bears_the_name_of_an_attribute():
    assert [name for _, name in VARIABLES if hasattr(xr.Dataset, name)] == []


def test_units_and_sentences():
    for name, v in VARIABLES.items():
        assert v.units and not v.long_name[0].isupper() and not v.long_name.endswith("."), name
        np.dtype(v.dtype)


def test_a_dataset_that_departs_from_the_table_is_refused():
    with pytest.raises(TypeError, match="people"):
        annotated(
            xr.Dataset({"people": (("y", "x"), np.zeros((2, 2)))}), "population", synthesised=False
        )


def test_the_readme_shows_the_table():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert markdown_table() in readme
