"""Admission: whether a content that is put into a cache is kept there at all.

Settings say so with ``insert``, beside the name of any policy, and choose a rule by its name, or by
a parameter that only one has. A rule is a NamedTuple, as a policy is, that is told of every put:

* ``new(room, ...)``, a class method: return its state; parameters behind `room` are those that
  settings give, checked by their annotations, and one named ``seed`` is a Generator;
* ``admits(self, cache, content)``: return whether the content is put into the cache;
* ``places(self)``: return where it looks contents up, for these to be fetched from memory, or
  ``Nowhere(0)``;
* ``clear(self, cache)``: forget all that was noted about the contents of a cache;
* ``reserve(self, n_requests)``, where it keeps records: return the state with room for more.

Further ones, each of which may be left out:

* ``admits_to(self, caches, cache, content)``, in place of ``admits``, if it asks the caches;
* ``asked(self, cache, content)`` and ``hit(self, cache, content)``: be told of each request before
  it is looked up, and of one that was found;
* ``set_size(self, size)``: be told how much the requested content takes;
* ``carry_on(self, other)``: return what another state knows, for caches of other sizes.

A further rule is one more such class, and a line in ``NAMED_RULES``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from icarus.core.definitions import filled_in, parameters_of
from icarus.core.values import conform, shown
from icarus.errors import suggestion
from icarus.policies.adapt_size import AdaptSize
from icarus.policies.admission_by_size import AdmitBySize, AdmitSmall
from icarus.policies.around import around_caches
from icarus.policies.cache import reserved
from icarus.policies.counting_rules import InsertAtKthPut, InsertAtRandom
from icarus.policies.frequency_rule import AdmitMoreFrequent
from icarus.policies.room import NOTHING, Room
from icarus.policies.second_hit import AdmitSecondMiss
from icarus.policies.slots import BothPlaces

__all__ = [
    "ADMISSION_RULES",
    "NAMED_RULES",
    "AdmittedCaches",
    "InsertAtKthPut",
    "InsertAtRandom",
    "compares",
    "conformed_insert",
    "new_rule",
    "rule_of",
]


@around_caches
class AdmittedCaches(NamedTuple):
    """Caches into which a rule lets some of what is put; all else is as without it."""

    caches: Any
    """The state of the caches."""
    rule: Any
    """The state of the rule."""

    def get(self, cache, content):
        """Look a content up."""
        self.rule.asked(cache, content)
        found = self.caches.get(cache, content)
        if found:
            self.rule.hit(cache, content)
        return found

    def put(self, cache, content):
        """Put a content if the rule admits it; return what was evicted for it."""
        if self.rule.admits_to(self.caches, cache, content):
            return self.caches.put(cache, content)
        self.caches.measure().begin()
        return NOTHING

    def clear(self, cache: int) -> None:
        """Remove everything from a cache, and forget what was noted about its admission."""
        self.caches.clear(cache)
        self.rule.clear(cache)

    def carry_on(self, other: Self) -> Self:
        """Return the same state with the rule of another one, and what that has noted."""
        rule = self.rule.carry_on(other.rule)
        return self._replace(caches=self.caches.carry_on(other.caches), rule=rule)

    def set_size(self, size):
        """Take note of the size of the requested content."""
        self.caches.set_size(size)
        self.rule.set_size(size)

    def places(self):
        """Return what tells where contents are looked up."""
        return BothPlaces(self.caches.places(), self.rule.places())

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter."""
        caches, rule = reserved(self.caches, n_requests), reserved(self.rule, n_requests)
        return self._replace(caches=caches, rule=rule)


def admits_to(self, caches, cache, content):
    """Return whether the content is put into the cache, whatever that holds."""
    return self.admits(cache, content)


def asked(self, cache, content):
    """Do nothing: requests are of no interest."""


def hit(self, cache, content):
    """Do nothing: hits are of no interest."""


def set_size(self, size):
    """Do nothing: sizes are of no interest."""


def carry_on(self: Any, other: Any) -> Any:
    """Return the other state: how large caches are is of no interest."""
    return other


def _completed(rule: Any) -> Any:
    """Return a rule with all methods that it may leave out."""
    methods = (admits_to, asked, hit, set_size, carry_on)
    return filled_in(rule, {one.__name__: one for one in methods})


ADMISSION_RULES: dict[str, Any] = {
    "p": _completed(InsertAtRandom),
    "k": _completed(InsertAtKthPut),
}
"""Rules, each by the parameter that settings may choose it by."""

NAMED_RULES: dict[str, Any] = {
    "ADAPTSIZE": _completed(AdaptSize),
    "PROBABILITY": InsertAtRandom,
    "SECOND_HIT": _completed(AdmitSecondMiss),
    "SIZE": _completed(AdmitSmall),
    "SIZE_PROBABILITY": _completed(AdmitBySize),
    "TINYLFU": _completed(AdmitMoreFrequent),
}
"""Rules by the name that settings may choose them by."""

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
    if "name" in given:
        return _conformed_by_name(given)
    chosen = [key for key in ADMISSION_RULES if key in given]
    if len(chosen) > 1:
        text = f"{' and '.join(chosen)} choose different rules; give one of them"
        return value, [("", f"{text}, found {shown(given)}")]
    if not chosen:
        return value, _without_a_rule(given)
    return _conformed(given, ADMISSION_RULES[chosen[0]], chosen[0])


def _conformed_by_name(given: dict[Any, Any]) -> tuple[Any, list[tuple[str, str]]]:
    name = given.pop("name")
    if name not in NAMED_RULES:
        text = f"unknown rule {shown(name)}; {suggestion(name, NAMED_RULES)}"
        return {"name": name, **given}, [("name", text)]
    rule = NAMED_RULES[name]
    found, problems = _conformed(given, rule, name)
    problems += [
        (key, f"is missing: {name} needs it")
        for key, parameter in parameters_of(rule).items()
        if parameter.required and key not in given
    ]
    return {"name": name, **found}, sorted(problems)


def _conformed(
    given: dict[Any, Any], rule: Any, what: str
) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
    """Return the parameters of a rule as it takes them, and what is wrong with them."""
    takes = parameters_of(rule)
    problems = [
        (str(key), f"unknown parameter of insertion by {what!r}; {suggestion(key, takes)}")
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
    if "name" in insert:
        return NAMED_RULES[insert["name"]]
    (chosen,) = (key for key in ADMISSION_RULES if key in insert)
    return ADMISSION_RULES[chosen]


def compares(insert: Mapping[str, Any]) -> bool:
    """Return whether the rule that settings choose asks the policy for the next victim."""
    return rule_of(insert) is AdmitMoreFrequent


def new_rule(room: Room, insert: Mapping[str, Any]) -> Any:
    """Return the state of the rule that settings choose, which has noted nothing."""
    parameters = {key: insert[key] for key in insert if key != "name"}
    return rule_of(insert).new(room, **parameters)
