"""What the tests of parallel kernels share."""

import numba
import numpy as np
import pytest

from tests.conftest import JIT_OFF


@pytest.fixture
def same_bits():
    """A check that a call gives the same bits on one thread and on all of them."""
    everyone = numba.config.NUMBA_NUM_THREADS
    if JIT_OFF or everyone < 2:
        pytest.skip("needs compiled code and two cores")

    def check(call):
        before = numba.get_num_threads()
        try:
            outcomes = []
            for n in (1, everyone):
                numba.set_num_threads(n)
                outcomes.append([np.asarray(part) for part in call()])
        finally:
            numba.set_num_threads(before)
        for alone, together in zip(*outcomes, strict=True):
            assert alone.dtype == together.dtype
            assert alone.tobytes() == together.tobytes()

    return check
