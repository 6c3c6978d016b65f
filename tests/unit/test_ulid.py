from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.store.ulid import CROCKFORD, LENGTH, ulid

MOMENTS = st.integers(min_value=0, max_value=2**48 - 1)


@given(MOMENTS, MOMENTS)
def test_identifiers_sort_by_their_time(one: int, other: int) -> None:
    assert set(ulid(one)) <= set(CROCKFORD)
    assert len(ulid(one)) == LENGTH
    if one != other:
        assert (ulid(one) < ulid(other)) == (one < other)


def test_identifiers_of_one_moment_differ() -> None:
    assert len({ulid(0) for _ in range(1000)}) == 1000
