"""Path loss over distances, each model's loop, and the gains of an antenna's cuts."""

import numpy as np
import pytest

import netmodel as nm
from netmodel._antenna import sector_antenna
from netmodel.kernels.antenna import pattern_gains_dbi

CELLS = 1_000_000
GHZ = {"uma": 3.5, "rma": 0.7, "okumura_hata": 0.9, "extended_hata": 0.7, "free_space": 3.5}


@pytest.mark.parametrize("model", sorted(GHZ))
def test_path_loss(benchmark, model):
    d = np.linspace(1000.0, 5000.0, CELLS)
    benchmark.extra_info["cells"] = CELLS
    nm.path_loss(model, d[:2], frequency_ghz=GHZ[model])
    loss = benchmark(nm.path_loss, model, d, frequency_ghz=GHZ[model])
    assert loss.in_range.all()


def test_pattern(benchmark):
    antenna = sector_antenna()
    tables = (antenna.horizontal_db, antenna.vertical_db, antenna.gain_dbi)
    azimuth, down = np.random.default_rng(1).uniform((-180, -10), (180, 30), (CELLS, 2)).T.copy()
    benchmark.extra_info["cells"] = CELLS
    pattern_gains_dbi(azimuth[:2].copy(), down[:2].copy(), *tables)
    gain = benchmark(pattern_gains_dbi, azimuth, down, *tables)
    assert gain.max() <= antenna.gain_dbi
