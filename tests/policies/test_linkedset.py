"""The ordered set, against a list."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.models.cache import LinkedSet

ITEMS = [0, None, "", "a", (), 2.5]
EDITS = ["append_top", "append_bottom", "move_up", "move_down", "move_to_top", "move_to_bottom"]
items = st.sampled_from(ITEMS)
edits = st.one_of(
    st.tuples(st.sampled_from([*EDITS, "remove"]), st.tuples(items)),
    st.tuples(st.sampled_from(["insert_above", "insert_below"]), st.tuples(items, items)),
    st.tuples(st.sampled_from(["pop_top", "pop_bottom", "clear"]), st.just(())),
)


def edit_list(line: list[Any], edit: str, *arguments: Any) -> Any:
    """Do to a list, top first, what an edit of the same name does to the set."""
    if edit == "clear":
        return line.clear()
    if edit.startswith("pop"):
        return line.pop(0 if edit == "pop_top" else -1) if line else None
    k = arguments[-1]
    if (k in line) is edit.startswith(("append", "insert")):
        raise KeyError(k)
    if edit.startswith("insert"):
        if arguments[0] not in line:
            raise KeyError(arguments[0])
        line.insert(line.index(arguments[0]) + (edit == "insert_below"), k)
        return None
    place = line.index(k) if k in line else 0
    if k in line:
        line.remove(k)
    to = {"move_up": max(place - 1, 0), "move_down": place + 1}.get(edit, 0)
    if edit != "remove":
        line.insert(len(line) if edit.endswith("bottom") else to, k)
    return None


@given(st.permutations(ITEMS), st.integers(0, 6), st.lists(edits, max_size=40))
def test_it_is_a_list_without_repetitions(start, size, todo):
    expected = list(start[:size])
    linked = LinkedSet(expected)
    for edit, arguments in todo:
        outcomes = []
        for attempt in (
            lambda edit=edit, arguments=arguments: edit_list(expected, edit, *arguments),
            lambda edit=edit, arguments=arguments: getattr(linked, edit)(*arguments),
        ):
            try:
                outcomes.append(attempt())
            except KeyError:
                outcomes.append(KeyError)
        assert outcomes[0] == outcomes[1]
        assert list(linked) == expected
        assert list(reversed(linked)) == expected[::-1]
        assert len(linked) == len(expected)
        assert [k in linked for k in ITEMS] == [k in expected for k in ITEMS]
        assert [linked.index(k) for k in expected] == list(range(len(expected)))
        assert linked.top == (expected[0] if expected else None)
        assert linked.bottom == (expected[-1] if expected else None)


def test_repetitions_and_absent_items_are_refused():
    with pytest.raises(ValueError, match="'a' is repeated"):
        LinkedSet(["a", "b", "a"])
    with pytest.raises(KeyError):
        LinkedSet(["a"]).index("b")


def test_it_shows_its_items():
    assert str(LinkedSet([1, None])) == "LinkedSet([1, None])"
    assert str(LinkedSet()) == "LinkedSet([])"


def test_the_links_can_be_walked():
    linked = LinkedSet([0, 1, 2])
    seen, node = [], linked._top
    while node:
        seen.append(node.val)
        node = node.down
    assert seen == [0, 1, 2]
    assert linked._bottom.up.val == 1
    assert linked._bottom.down is None


def test_long_sets_can_be_copied_and_pickled():
    linked = LinkedSet(range(50_000))
    for twin in (copy.deepcopy(linked), pickle.loads(pickle.dumps(linked))):
        twin.pop_top()
        assert len(twin) == 49_999
    assert len(linked) == 50_000
