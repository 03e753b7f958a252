import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.coarsen import block_sums
from tests import strategies


@given(strategies.populations(), st.integers(1, 7))
def test_equals_its_twin_and_loses_nobody(people, step):
    value = people.astype(np.float32)
    twin = np.array(
        [
            [np.nansum(value[r : r + step, c : c + step], dtype=float) for c in columns]
            for columns in [range(0, people.shape[1], step)]
            for r in range(0, people.shape[0], step)
        ]
    )
    out = block_sums(value, step)
    np.testing.assert_allclose(out, twin, rtol=1e-12)
    np.testing.assert_allclose(out.sum(), np.nansum(value, dtype=float), rtol=1e-12)
