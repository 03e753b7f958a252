import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from netmodel.kernels.missing import mark_missing

VALUES = st.sampled_from([0.0, 1.5, 7.0, -9.0, -200.0, np.inf, np.nan])


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=VALUES),
    st.lists(st.sampled_from([-200.0, -9.0, 0.0, np.inf]), max_size=3),
)
def test_equals_numpy(value, marks):
    missing = np.isnan(value) | np.isin(value, marks)
    known = value[~missing]
    sound = known[(known > 0) & np.isfinite(known)]
    unsound = ((known < 0) | np.isinf(known)).sum()
    found = mark_missing(value, np.array(marks, np.float64))
    assert found[:3] == (missing.sum(), sound.size, unsound)
    assert found[3] == pytest.approx(sound.sum()) and found[4] == sound.max(initial=0.0)
    np.testing.assert_array_equal(np.isnan(value), missing)
