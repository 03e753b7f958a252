"""The package as a whole: doctests, public names, layers, light import."""

import ast
import doctest
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import netmodel

ROOT = Path(netmodel.__file__).parent
MODULES = sorted(m.name for m in pkgutil.walk_packages(netmodel.__path__, "netmodel."))
BUILD_ONLY = {"netmodel.grids.build_china_2020", "netmodel.grids.build_sources"}


def python(code, cwd):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd)


@pytest.mark.parametrize("name", [m for m in MODULES if m not in BUILD_ONLY])
def test_doctests(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_all_is_sorted_and_there():
    assert netmodel.__all__ == sorted(netmodel.__all__)
    for name in netmodel.__all__:
        assert hasattr(netmodel, name)


def test_every_public_name_is_loaded_when_asked(tmp_path):
    code = "import netmodel; print([n for n in netmodel.__all__ if n not in dir(netmodel)])"
    assert python(code, tmp_path).stdout.strip() == "[]"
    with pytest.raises(AttributeError, match="no attribute 'asess'"):
        netmodel.asess  # noqa: B018


def test_no_public_function_hides_its_module():
    functions = [n for n in netmodel.__all__ if callable(getattr(netmodel, n))]
    assert [n for n in functions if f"netmodel.{n}" in MODULES] == []


def test_import_is_light(tmp_path):
    code = (
        "import sys, netmodel; from netmodel import *; "
        "print([m for m in ('rasterio', 'geopandas', 'matplotlib', 'dask') if m in sys.modules])"
    )
    assert python(code, tmp_path).stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["kernels", "grids"])
def test_the_layers_have_one_name_each(name):
    folder = (ROOT / name).resolve().parent
    if not (folder / "pyproject.toml").exists():
        pytest.skip("installed without its checkout")
    result = python(f"import {name}", folder)
    assert f"import netmodel.{name}, not '{name}'" in result.stderr


def test_parallel_kernels_do_not_scatter():
    """Adding into another element from a parallel loop loses values and raises nothing."""
    for path in (ROOT / "kernels").glob("*.py"):
        for loop in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(loop, ast.For) and "prange" in ast.unparse(loop.iter):
                assert scattered(loop) == [], path


def scattered(loop):
    """Additions in a parallel loop to elements of shared arrays that are not its own."""
    own = {loop.target.id} | {
        n.id for n in ast.walk(loop) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    out = []
    for node in ast.walk(loop):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript):
            at = node.target.slice
            parts = at.elts if isinstance(at, ast.Tuple) else [at]
            is_private = ast.unparse(node.target.value) in own
            is_own = any(isinstance(p, ast.Name) and p.id == loop.target.id for p in parts)
            if not is_private and not is_own:
                out.append(ast.unparse(node))
    return out


def test_scatter_is_seen():
    code = "for i in numba.prange(n):\n    out[zone[i]] += x[i]\n    out[i] += 1.0"
    assert scattered(ast.parse(code).body[0]) == ["out[zone[i]] += x[i]"]
