"""Lists spliced and renumbered, against lists of lists."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netmodel.kernels.splice import renumber, spliced, spliced_starts

items = st.lists(st.integers(0, 99), max_size=5)


@given(st.lists(st.tuples(items, st.none() | items), max_size=12))
def test_replaced_lists_stand_where_the_old_ones_did(lists):
    old = [kept for kept, _ in lists]
    replaced = np.array([new is not None for _, new in lists], np.bool_)
    news = [new for _, new in lists if new is not None]
    start = np.append(0, np.cumsum([len(k) for k in old])).astype(np.int64)
    item = np.array(sum(old, []), np.int32)
    new = np.array(sum(news, []), np.int32)
    begin = spliced_starts(start, replaced, np.array([len(k) for k in news], np.int32))
    found = spliced(start, item, begin, replaced, new)
    expected = [kept if new is None else new for kept, new in lists]
    assert np.diff(begin).tolist() == [len(k) for k in expected]
    assert found.tolist() == sum(expected, [])


def test_numbers_as_they_are_now():
    new = np.array([2, -1, 0], np.int32)
    assert renumber(np.array([0, 1, 2, -1, 2], np.int32), new).tolist() == [2, -1, 0, -1, 0]
