import numpy as np
import pytest

from netmodel.kernels.hilbert import hilbert_index
from tests.reference import geodesy as twin


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_equals_its_twin_everywhere(order):
    y, x = (v.ravel().astype(np.int64) for v in np.mgrid[0 : 2**order, 0 : 2**order])
    expected = [twin.hilbert_index(int(a), int(b), order) for a, b in zip(x, y, strict=True)]
    assert hilbert_index(x, y, order).tolist() == expected


def test_far_cells_of_a_deep_curve():
    x = np.array([0, 2**20 - 1, 123_456], np.int64)
    y = np.array([0, 0, 654_321], np.int64)
    expected = [twin.hilbert_index(int(a), int(b), 20) for a, b in zip(x, y, strict=True)]
    assert hilbert_index(x, y, 20).tolist() == expected


def test_a_crop_keeps_the_order_of_the_whole():
    y, x = (v.ravel().astype(np.int64) for v in np.mgrid[0:16, 0:16])
    index = hilbert_index(x, y, 10)
    assert len(set(index.tolist())) == 256 and index.max() == 255
