"""Where traces have each content next."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.compiler.trace_uses import link_uses, link_uses_sorted
from icarus.policies.next_uses import NEVER, next_uses


@pytest.mark.parametrize("link", [link_uses, link_uses_sorted])
@given(st.lists(st.integers(NEVER, 7), max_size=60))
def test_uses_are_linked_to_the_next_of_the_same_content(link, requests):
    numbers = np.array(requests, dtype=np.int64)
    first_use, use_after = np.full(8, NEVER), np.full(len(requests), NEVER)
    link(numbers, first_use, use_after)
    for content in range(8):
        assert first_use[content] == (requests.index(content) if content in requests else NEVER)
    for use, content in enumerate(requests):
        later = [i for i in range(use + 1, len(requests)) if requests[i] == content]
        expected = later[0] if later and content >= 0 else NEVER
        assert use_after[use] == expected


@given(st.lists(st.integers(0, 9), max_size=60))
def test_contents_with_numbers_have_the_uses_of_those_with_names(requests):
    named = next_uses([f"/{one}" for one in requests], None)
    numbered = next_uses(np.array(requests, dtype=np.int64), range(10))
    assert numbered.use_after.tolist() == named.use_after
    assert {f"/{i}": use for i, use in enumerate(numbered.first_use.tolist()) if use >= 0} == dict(
        named.first_use
    )
