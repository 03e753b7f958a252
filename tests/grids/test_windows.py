import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from netmodel.errors import InputError
from netmodel.grids.windows import check_blocks, window_results, windows_of

SIDE = st.integers(1, 60)


@given(st.tuples(SIDE, SIDE), st.tuples(SIDE, SIDE), st.integers(1, 500))
def test_windows_cover_a_raster_once_by_whole_blocks(shape, block, most):
    seen = np.zeros(shape, int)
    for window in windows_of(shape, block, most):
        seen[window.rows, window.columns] += 1
        assert 0 < window.shape[0] * window.shape[1] <= most
    assert (seen == 1).all()
    if min(block[0], shape[0]) * min(block[1], shape[1]) <= most:
        for window in windows_of(shape, block, most):
            assert window.rows.start % min(block[0], shape[0]) == 0
            assert window.columns.start % min(block[1], shape[1]) == 0


def test_windows_are_as_large_as_they_may_be():
    assert [w.shape for w in windows_of((1024, 1024), (256, 256), 1 << 18)] == [(512, 512)] * 4
    assert [w.shape for w in windows_of((10, 1000), (1, 1000), 4000)] == [(4, 1000)] * 2 + [
        (2, 1000)
    ]


@pytest.fixture
def raster(tmp_path):
    path = tmp_path / "r.tif"
    profile = {"driver": "GTiff", "height": 9, "width": 7, "count": 1, "dtype": "int32"}
    with rasterio.open(path, "w", **profile, transform=Affine.scale(2.0)) as target:
        target.write(np.arange(63, dtype="int32").reshape(9, 7), 1)
    return path


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_are_in_the_order_of_the_windows(raster, threads):
    windows = windows_of((9, 7), (1, 7), 7)
    rows = window_results(raster, windows, lambda s, w: s.read(1)[w.rows][0, 0], threads)
    assert list(rows) == list(range(0, 63, 7))


def test_an_error_in_a_thread_is_raised_at_its_turn(raster):
    def row(source, window):
        if window.rows.start == 4:
            raise InputError("row 4")
        return window.rows.start

    results = window_results(raster, windows_of((9, 7), (1, 7), 7), row, 2)
    assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(InputError, match="row 4"):
        next(results)


def test_a_block_that_would_fill_the_memory(raster, monkeypatch):
    monkeypatch.setattr("netmodel.grids.windows._MOST_BLOCK_BYTES", 100)
    with (
        rasterio.open(raster) as source,
        pytest.raises(InputError, match=r"r\.tif: one block .*TILED=YES"),
    ):
        check_blocks(source, raster)
