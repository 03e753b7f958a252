"""The main job as a user runs it: fresh processes, first and later runs, time and memory."""

import os
import resource
import shutil
import subprocess
import sys

import pytest


def run_process(code, environment):
    """Run Python code in a fresh process; its peak memory in MB."""
    watcher = (
        "import resource, subprocess, sys; "
        "subprocess.run([sys.executable, '-c', sys.argv[1]], check=True, stdout=2); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    )
    out = subprocess.run(
        [sys.executable, "-c", watcher, code], check=True, capture_output=True, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    return int(out.stdout)


@pytest.mark.national
@pytest.mark.parametrize("state", ["first", "later"])
def test_run_china_2020(benchmark, tmp_path, state):
    """Limits of issue 1: first run 60 s, JIT included, later 15 s, peak 3 GB."""
    environment = {"NETMODEL_JIT_CACHE": "1", "NUMBA_CACHE_DIR": str(tmp_path / "jit")}
    place = tmp_path / "out"
    code = (
        f"import sys; sys.argv[1:] = ['run', 'china-2020', '-q', '-o', r'{place}', '--overwrite']; "
        "from netmodel.cli import main; main()"
    )
    if state == "later":
        run_process(code, environment)
    peak = benchmark.pedantic(run_process, (code, environment), rounds=1)
    benchmark.extra_info["peak_mb"] = peak
    assert (place / "run.json").exists()
    shutil.rmtree(place)


@pytest.mark.parametrize("what", ["netmodel", "numba, xarray, pandas"])
@pytest.mark.benchmark(group="import")
def test_import(benchmark, what):
    """`import netmodel` takes at most 1.3 times importing numba, xarray and pandas."""
    benchmark.pedantic(run_process, (f"import {what}", {}), rounds=5, warmup_rounds=1)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 0
