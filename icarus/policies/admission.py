"""Admission: whether a content that is put into a cache is kept there at all.

Settings say so with ``insert``, beside the name of any policy. A rule is a NamedTuple, as a policy
is, that is told of every put:

* ``new(room, ...)``, a class method: return its state; parameters behind `room` are those that
  settings give, checked by their annotations, and one named ``seed`` is a Generator;
* ``admits(self, cache, content)``: return whether the content is put into the cache;
* ``places(self)``: return where it looks contents up, for these to be fetched from memory, or
  ``Nowhere(0)``;
* ``clear(self, cache)``: forget all that was noted about the contents of a cache;
* ``reserve(self, n_requests)``, where it keeps records: return the state with room for more.

A further rule is one more such class here, and a line in ``ADMISSION_RULES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.core.definitions import parameters_of
from icarus.core.values import conform, shown
from icarus.errors import suggestion
from icarus.policies.lines import Lines, make_lines
from icarus.policies.records import KNOWN, make_records
from icarus.policies.room import NOTHING, Room
from icarus.policies.slots import BothPlaces, Nowhere
from icarus.types import Fraction, PositiveInt, Seed

__all__ = [
    "ADMISSION_RULES",
    "AdmittedCaches",
    "InsertAtKthPut",
    "InsertAtRandom",
    "conformed_insert",
    "reserved",
    "rule_of",
]


class AdmittedCaches(NamedTuple):
    """Caches into which a rule lets some of what is put; all else is as without it."""

    caches: Any
    """The state of the caches."""
    rule: Any
    """The state of the rule."""

    def get(self, cache, content):
        """Look a content up."""
        return self.caches.get(cache, content)

    def put(self, cache, content):
        """Put a content if the rule admits it; return what was evicted for it."""
        if self.rule.admits(cache, content):
            return self.caches.put(cache, content)
        return NOTHING

    def has(self, cache, content):
        """Return whether a content is cached, changing nothing."""
        return self.caches.has(cache, content)

    def remove(self, cache, content):
        """Remove a content, which changes nothing about its admission."""
        return self.caches.remove(cache, content)

    def clear(self, cache: int) -> None:
        """Remove everything from a cache, and forget what was noted about its admission."""
        self.caches.clear(cache)
        self.rule.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return the same state with the rule of another one, and what that has noted."""
        return self._replace(caches=self.caches.carry_on(other.caches), rule=other.rule)

    def take_over(self, cache: int, other: Self) -> None:
        """Have a new cache hold what it held in another state, without asking the rule."""
        self.caches.take_over(cache, other.caches)

    def set_time(self, time):
        """Take note of the time."""
        self.caches.set_time(time)

    def set_size(self, size):
        """Take note of the size of the requested content."""
        self.caches.set_size(size)

    def measure(self):
        """Return what counts in the caches."""
        return self.caches.measure()

    def used(self, cache):
        """Return how many bytes a cache holds, where these count."""
        return self.caches.used(cache)

    def differs(self, cache, content):
        """Return whether a cache holds a content in another size than the requested one."""
        return self.caches.differs(cache, content)

    def set_measured(self, measured):
        """Take note of whether the present request is measured."""
        self.caches.set_measured(measured)

    def places(self):
        """Return what tells where contents are looked up."""
        return BothPlaces(self.caches.places(), self.rule.places())

    def dump(self, cache: int) -> list[Any]:
        """Return all contents, the one to be evicted next last."""
        contents: list[Any] = self.caches.dump(cache)
        return contents

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        size: int = self.caches.size(cache)
        return size

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        caches, rule = reserved(self.caches, n_requests), reserved(self.rule, n_requests)
        return self._replace(caches=caches, rule=rule)


def reserved(state: Any, n_requests: int) -> Any:
    """Return a state with room for further requests, if it keeps records."""
    return state.reserve(n_requests) if hasattr(state, "reserve") else state


class InsertAtRandom(NamedTuple):
    """Each put is admitted with the same probability."""

    p: float
    rng: Any
    """The Generator that all caches share; each put draws one number, also of what is cached."""

    @classmethod
    def new(cls, room: Room, p: Fraction, *, seed: Seed = None) -> Self:
        """Return the rule; ValueError if `p` is no probability."""
        if not 0 <= p <= 1:
            raise ValueError(f"p must be a probability, from 0 to 1, got {p!r}")
        return cls(float(p), seed)

    def admits(self, cache, content):
        """Draw whether a content is admitted."""
        return self.rng.random() < self.p

    def clear(self, cache: int) -> None:
        """Do nothing: draws go on where they are."""

    def places(self):
        """Return that nothing is looked up."""
        return Nowhere(0)


class InsertAtKthPut(NamedTuple):
    """A content is admitted when it is put for the k-th time, and its count begins anew."""

    k: int
    puts: Any
    """How often contents were put since they were last admitted."""

    @classmethod
    def new(cls, room: Room, k: PositiveInt = 2, memory: PositiveInt | None = None) -> Self:
        """Return the rule, with nothing counted; ValueError if `k` or `memory` is below 1."""
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k!r}")
        if memory is not None and memory < 1:
            raise ValueError(f"memory must be at least 1, or None for no limit, got {memory!r}")
        return cls(int(k), _make_puts(room, memory))

    def admits(self, cache, content):
        """Count a put, also of what is cached; return whether it is the k-th."""
        if self.puts.count_put(cache, content) < self.k:
            return False
        self.puts.forget(cache, content)
        return True

    def forget(self, cache, content):
        """Have the count of a content begin anew."""
        self.puts.forget(cache, content)

    def clear(self, cache: int) -> None:
        """Have the counts of all contents of a cache begin anew."""
        self.puts.clear(cache)

    def places(self):
        """Return what tells where counts are looked up."""
        return self.puts.places()

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for the counts of further requests."""
        return self._replace(puts=reserved(self.puts, n_requests))


class _AllPuts(NamedTuple):
    """Counts of all contents."""

    records: Any
    """Records, of which `KNOWN` is the count."""

    def count_put(self, cache, content):
        """Count a put; return how many there were."""
        records = self.records
        row = records.find(cache, content)
        if row < 0:
            row = records.make(cache, content)
        number = records.rows[(row << 1) + KNOWN] + 1
        records.rows[(row << 1) + KNOWN] = number
        return number

    def forget(self, cache, content):
        """Have the count of a content begin anew."""
        row = self.records.find(cache, content)
        if row >= 0:
            self.records.rows[(row << 1) + KNOWN] = 0

    def clear(self, cache: int) -> None:
        """Have all counts of a cache begin anew."""
        self.records.reset(cache, KNOWN)

    def places(self):
        """Return what tells where counts are looked up."""
        return self.records

    def reserve(self, n_requests: int) -> Self:
        """Return the same counts with room for those of further requests."""
        return self._replace(records=self.records.reserve(n_requests))


class _RecentPuts(NamedTuple):
    """Counts of so many contents; that whose first put was earliest is forgotten first."""

    lines: Lines
    """What is counted, the latest first."""
    number: np.ndarray
    """int64, (n_slots,): how often the content in a slot was put."""

    def count_put(self, cache, content):
        """Count a put; return how many there were."""
        lines = self.lines
        slot = lines.find(cache, content)
        if slot < 0:
            lines.insert_first(cache, content)
            slot = lines.behind(lines.end(cache))
            self.number[slot] = 0
        self.number[slot] += 1
        return self.number[slot]

    def forget(self, cache, content):
        """Have the count of a content begin anew."""
        self.lines.remove(cache, content)

    def clear(self, cache: int) -> None:
        """Have all counts of a cache begin anew."""
        self.lines.clear(cache)

    def places(self):
        """Return what tells where counts are looked up."""
        return self.lines.slots


class NamedPuts(NamedTuple):
    """Counts of Python objects, which are any hashable values."""

    counts: list[dict[Any, int]]
    """By cache: from item to its count, in the order of first puts."""
    memory: int | None
    """How many are counted; None for no limit."""

    def count_put(self, cache: int, content: Any) -> int:
        """Count a put; return how many there were."""
        counts = self.counts[cache]
        number = counts[content] = counts.get(content, 0) + 1
        if self.memory is not None and len(counts) > self.memory:
            del counts[next(iter(counts))]
        return number

    def forget(self, cache: int, content: Any) -> None:
        """Have the count of an item begin anew."""
        self.counts[cache].pop(content, None)

    def clear(self, cache: int) -> None:
        """Have all counts of a cache begin anew."""
        self.counts[cache].clear()


def _make_puts(room: Room, memory: int | None) -> Any:
    """Return no counts, of at most `memory` contents of each cache."""
    if not room.numbered:
        return NamedPuts([{} for _ in room.maxlens], memory)
    if memory is None:
        return _AllPuts(make_records(room))
    # More contents than there are, are never counted, however large the memory.
    counted = max(min(memory, room.n_contents), 1)
    lines = make_lines(room.of_sizes([counted] * room.n_caches))
    return _RecentPuts(lines, room.zeros(len(lines.slots.item)))


ADMISSION_RULES: dict[str, Any] = {"p": InsertAtRandom, "k": InsertAtKthPut}
"""The rules, each by the parameter that settings choose it by."""

_FORM = "should be a mapping such as {'p': 0.1} or {'k': 2}"


def conformed_insert(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Return what settings give as ``insert`` as its rule takes it, and what is wrong with it.

    Parameters
    ----------
    value : object
        None is no rule.

    Returns
    -------
    value : object
    problems : list of (str, str)
        Each a parameter, empty for the whole, and what is wrong with it.
    """
    if value is None:
        return None, []
    if not isinstance(value, Mapping):
        return value, [("", f"{_FORM}, found {shown(value)}")]
    given = dict(value.items())
    chosen = [key for key in ADMISSION_RULES if key in given]
    if len(chosen) > 1:
        text = f"{' and '.join(chosen)} choose different rules; give one of them"
        return value, [("", f"{text}, found {shown(given)}")]
    if not chosen:
        return value, _without_a_rule(given)
    takes = parameters_of(ADMISSION_RULES[chosen[0]])
    problems = [
        (str(key), f"unknown parameter of insertion by {chosen[0]!r}; {suggestion(key, takes)}")
        for key in given
        if key not in takes
    ]
    for key in given.keys() & takes.keys():
        if not (given[key] is None and takes[key].default is None):
            given[key], found = conform(takes[key].annotation, given[key])
            problems += [(key, text) for text in found]
    return given, sorted(problems)


def _without_a_rule(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = {name for rule in ADMISSION_RULES.values() for name in parameters_of(rule)}
    unknown = [key for key in given if key not in known]
    if unknown:
        return [(str(key), f"unknown parameter; {suggestion(key, known)}") for key in unknown]
    return [("", f"{_FORM}: one of {', '.join(ADMISSION_RULES)} is missing, found {given!r}")]


def rule_of(insert: Mapping[str, Any]) -> Any:
    """Return the rule that settings choose, as they are once they have no problems."""
    (chosen,) = (key for key in ADMISSION_RULES if key in insert)
    return ADMISSION_RULES[chosen]
