"""What users of a cache may rely on, whatever its policy."""

from __future__ import annotations

import copy
import pickle
import reprlib
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st

from icarus.core.signatures import accepts_seed
from icarus.registry import CACHE_POLICY
from icarus.testing import _compiled
from icarus.testing._cache_calls import Call, WatchedCache, calls_on, items_with_hash
from icarus.testing._law import broken, built, component_of, equal_conditions, named, try_all

__all__ = ["PolicyLaws"]

_SHARE = 0.4
"""Of the examples of a profile: there are many laws, and each sees all sorts of mistakes."""


class PolicyLaws:
    """Laws of cache policies: a test class that inherits these names a policy.

    Attributes
    ----------
    policy : str or class
        The policy: its registry name, or the class.
    parameters : mapping
        What it is built with, besides its size.
    sizes : sequence of int
        Sizes of caches to try.
    items : sequence of hashable
        What to cache: values of several types that mean nothing, and that have no order.
    may_refuse : bool
        Whether the policy sometimes keeps what it has rather than what is put.

    Notes
    -----
    A law that a policy is not meant to obey is left out by assigning None to its name.
    A policy that draws at random takes an argument `seed`; one that draws from the global
    generators is taken for seeded, as simulations see to that.

    Examples
    --------
    >>> from icarus.testing import PolicyLaws
    >>> class TestLru(PolicyLaws):
    ...     policy = "LRU"
    """

    policy: ClassVar[Any]
    parameters: ClassVar[Mapping[str, Any]] = {}
    sizes: ClassVar[Sequence[int]] = (1, 2, 3, 5)
    items: ClassVar[Sequence[Hashable]] = (0, None, -1, "", "a", (), ("a", 1), 2.5, frozenset())
    may_refuse: ClassVar[bool] = False

    def new_cache(self, maxlen: int, seed: int = 0) -> WatchedCache:
        """Return a new cache of the policy, whose calls are written down."""
        component = component_of(self, "policy", CACHE_POLICY)
        cache = built(component, maxlen, parameters=self.parameters, seed=seed)
        given = "".join(
            f", {name}={reprlib.repr(value)}" for name, value in self.parameters.items()
        )
        return WatchedCache(cache, f"{named(component)}({maxlen}{given})")

    def test_a_new_cache_is_empty_and_as_large_as_asked_for(self) -> None:
        """A new cache holds nothing, and ``maxlen`` is its size: 0 if it never holds anything.

        Nor does it hold what was put in another one.
        """
        for size in self.sizes:
            self.new_cache(size).do_all(Call("put", (item,)) for item in self.items)
            cache = self.new_cache(size)
            if cache.cache.maxlen not in (size, 0):
                cache.broken(f"cache.maxlen is {cache.cache.maxlen!r} instead of {size}")
            if len(cache.cache) != 0 or cache.dump() != []:
                cache.broken(f"len is {len(cache.cache)} and dump {cache.dump()!r}, not 0 and []")
            for item in self.items:
                if cache.tell(Call("has", (item,))) or cache.tell(Call("get", (item,))):
                    cache.broken(f"a new cache says that it has {item!r}")

    def test_a_hit_is_what_was_put_and_has_not_left(self) -> None:
        """``get``, ``has`` and ``remove`` say True of what was put and has not left since.

        What left is what ``put`` returned, what was removed, and at ``clear`` all.
        """

        def law(size: int, calls: list[Call]) -> None:
            cache = self.new_cache(size)
            held: set[Hashable] = set()
            for call in calls:
                if call.method in ("get", "has", "remove"):
                    (item,) = call.arguments
                    if cache.tell(call) is not (item in held):
                        cache.broken(
                            f"{call} is wrong: what was put and has not left is {_told(held)}"
                        )
                    if call.method == "remove":
                        held.discard(item)
                elif call.method == "put":
                    self._put(cache, call, held)
                else:
                    cache.do(call)
                    held.clear()
                if len(cache.cache) != len(held):
                    cache.broken(f"len is {len(cache.cache)}, and held is {_told(held)}")

        self._try(law)

    def _put(self, cache: WatchedCache, call: Call, held: set[Hashable]) -> None:
        """Put an item, and have `held` say what is in the cache then by the answer."""
        (item,) = call.arguments
        evicted = cache.do(call)
        if self.may_refuse and not cache.cache.has(item):
            return
        held.add(item)
        # None may be an item that left, or mean that none did.
        if evicted is not None or (None in held and not cache.cache.has(None)):
            held.discard(evicted)

    def test_put_keeps_the_item_and_returns_what_left_for_it(self) -> None:
        """``put`` keeps the item and returns the one that left for it, or None if none did.

        An item that is held already makes none leave. Where policies may refuse an item, ``put``
        returns that item itself or None, and nothing else leaves.
        """

        def law(size: int, calls: list[Call]) -> None:
            cache = self.new_cache(size)
            for call in calls:
                before = cache.dump()
                answer = cache.do(call)
                if call.method == "put":
                    self._check_put(cache, call, answer, before)

        self._try(law)

    def _check_put(self, cache: WatchedCache, call: Call, answer: Any, before: list[Any]) -> None:
        (item,) = call.arguments
        after = cache.dump()
        left = [one for one in before if one not in after]
        come = [one for one in after if one not in before and one != item]
        if come:
            cache.broken(f"{call} brought in {_told(come)}, which nobody put")
        if len(left) > 1:
            cache.broken(f"{call} made several items leave: {_told(left)}")
        if item not in after:
            self._check_refusal(cache, call, answer, left)
        elif answer != (left[0] if left else None):
            cache.broken(f"{call} returned {answer!r}, and what left is {_told(left)}")
        elif item in before and left:
            cache.broken(f"{call} made {left[0]!r} leave, although {item!r} was held already")

    def _check_refusal(self, cache: WatchedCache, call: Call, answer: Any, left: list[Any]) -> None:
        (item,) = call.arguments
        if not self.may_refuse:
            cache.broken(
                f"{call} did not keep {item!r}; if the policy may refuse items, say so by "
                "may_refuse = True"
            )
        if left:
            cache.broken(f"{call} kept neither {item!r} nor {_told(left)}")
        if answer is not None and answer != item:
            cache.broken(f"{call} refused {item!r} and returned {answer!r}, which has not left")

    def test_there_are_never_more_items_than_places(self) -> None:
        """A cache holds at most ``maxlen`` items, whatever is done."""

        def law(size: int, calls: list[Call]) -> None:
            cache = self.new_cache(size)
            for call in calls:
                cache.do(call)
                held = max(len(cache.cache), len(cache.dump()))
                if held > cache.cache.maxlen:
                    cache.broken(f"{held} items in {cache.cache.maxlen} places")

        self._try(law)

    def test_dump_lists_what_is_held_each_once(self) -> None:
        """``dump`` is a list of exactly the items that ``has`` says True of, each once."""

        def law(size: int, calls: list[Call]) -> None:
            cache = self.new_cache(size)
            for call in calls:
                cache.do(call)
                dumped = cache.dump()
                held = {item for item in self.items if cache.cache.has(item)}
                if len(dumped) != len(set(dumped)):
                    cache.broken(f"cache.dump() lists an item more than once: {dumped!r}")
                if set(dumped) != held or len(dumped) != len(cache.cache):
                    cache.broken(
                        f"cache.dump() is {dumped!r}; has says that held is {_told(held)}, "
                        f"and len is {len(cache.cache)}"
                    )

        self._try(law)

    def test_looking_up_puts_nothing_in_and_takes_nothing_out(self) -> None:
        """``get`` changes at most the order of what is held, also where it misses."""

        def law(size: int, calls: list[Call]) -> None:
            cache = self.new_cache(size)
            for call in calls:
                before = set(cache.dump())
                cache.do(call)
                after = set(cache.dump())
                if call.method == "get" and after != before:
                    cache.broken(f"{call} made {_told(before)} into {_told(after)}")

        self._try(law)

    def test_has_dump_and_len_change_nothing(self) -> None:
        """A cache that is only looked at goes on like one that nobody looks at."""

        def law(size: int, calls: list[Call]) -> None:
            with equal_conditions():
                alone = self.new_cache(size)
                expected = [*alone.do_all(calls), alone.dump()]
            with equal_conditions():
                cache = self.new_cache(size)
                found = [self._watched(cache, call) for call in calls]
            _check_equal(cache, calls, [*found, cache.dump()], expected, "if nobody looks at it")

        self._try(law)

    def _watched(self, cache: WatchedCache, call: Call) -> Any:
        """Make a call, and then look at all there is to see."""
        answer = cache.do(call)
        before = cache.dump()
        for item in self.items:
            if cache.cache.has(item) not in (True, False) or len(cache.cache) != len(before):
                cache.broken("len is not the number of items that dump lists")
            if cache.dump() != before:
                cache.broken(f"cache.has({item!r}) made {before!r} into {cache.dump()!r}")
        return answer

    def test_remove_takes_out_that_item_only(self) -> None:
        """``remove`` takes out the item, says whether it was there, and leaves all others."""

        def law(size: int, calls: list[Call]) -> None:
            cache = self.new_cache(size)
            removals = [Call("remove", (item,)) for item in self.items]
            for call in [*calls, *removals]:
                before = cache.dump()
                answer = cache.do(call)
                if call.method == "remove":
                    self._check_removal(cache, call, answer, before)

        self._try(law)

    def _check_removal(
        self, cache: WatchedCache, call: Call, answer: Any, before: list[Any]
    ) -> None:
        (item,) = call.arguments
        if answer not in (True, False) or bool(answer) is not (item in before):
            cache.broken(f"{call} returned {answer!r}; it should be {item in before}")
        if set(cache.dump()) != set(before) - {item}:
            cache.broken(f"{call} made {before!r} into {cache.dump()!r}")

    def test_after_clear_a_cache_is_as_new(self) -> None:
        """``clear`` takes out all, and what follows is as with a new cache.

        Of policies that draw at random, only the former is asked.
        """
        draws = accepts_seed(component_of(self, "policy", CACHE_POLICY))

        def law(size: int, calls: list[Call], more: list[Call]) -> None:
            cleared, new = self.new_cache(size), self.new_cache(size)
            cleared.do_all([*calls, Call("clear", ())])
            if len(cleared.cache) != 0 or cleared.dump() != []:
                cleared.broken(f"a cleared cache holds {cleared.dump()!r}")
            if draws:
                return
            with equal_conditions():
                expected = [*new.do_all(more), new.dump()]
            with equal_conditions():
                found = [*cleared.do_all(more), cleared.dump()]
            _check_equal(cleared, more, found, expected, "in a new cache")

        self._try(law, calls_on(self.items))

    def test_the_same_seed_and_calls_give_the_same_answers(self) -> None:
        """Two caches that are built alike give the same answers to the same calls."""

        def law(size: int, calls: list[Call]) -> None:
            answers = []
            for _ in range(2):
                with equal_conditions():
                    cache = self.new_cache(size, seed=1)
                    answers.append([*cache.do_all(calls), cache.dump()])
            _check_equal(cache, calls, answers[1], answers[0], "the first time")

        self._try(law)

    def test_nothing_depends_on_the_hashes_of_items(self) -> None:
        """Answers do not depend on ``hash``, which is another one in each process.

        A policy that takes items out of a set, or decides by ``hash(k)``, gives other results
        each time it is run.
        """

        def law(size: int, calls: list[Call]) -> None:
            answers = []
            for salt in range(3):
                with equal_conditions():
                    cache = self.new_cache(size)
                    items = dict(zip(items_with_hash(0), items_with_hash(salt), strict=True))
                    own = [call._replace(arguments=_renamed(call, items)) for call in calls]
                    answers.append([*cache.do_all(own), cache.dump()])
            for found in answers[1:]:
                _check_equal(cache, calls, found, answers[0], "in a process with other hashes")

        try_all(law, st.sampled_from(self.sizes), calls_on(items_with_hash(0)), share=_SHARE)

    def test_a_copy_goes_on_like_the_original(self) -> None:
        """A ``copy.deepcopy`` goes on like the original, and neither reaches the other."""
        self._check_copies(copy.deepcopy)

    def test_a_pickled_cache_goes_on_like_the_original(self) -> None:
        """A cache that was pickled and read back goes on like the original."""
        self._check_copies(lambda cache: pickle.loads(pickle.dumps(cache)))

    def _check_copies(self, copied: Any) -> None:
        def law(size: int, calls: list[Call], more: list[Call]) -> None:
            cache = self.new_cache(size)
            cache.do_all(calls)
            twin = WatchedCache(copied(cache.cache), "a copy of this:")
            twin.history += cache.history
            before = cache.dump()
            with equal_conditions():
                found = [*twin.do_all(more), twin.dump()]
            if cache.dump() != before:
                twin.broken(f"this made {before!r} in the original into {cache.dump()!r}")
            with equal_conditions():
                expected = [*cache.do_all(more), cache.dump()]
            _check_equal(twin, more, found, expected, "in the original")

        self._try(law, calls_on(self.items))

    def test_the_compiled_form_does_what_the_class_does(self) -> None:
        """The compiled form, if there is one, gives the answers of the class, call by call.

        Of its caches, one or the other is cleared now and then, which is to leave it as new and
        all others as they were. So a definition that knows of more than its contents, such as
        counts, needs a method ``clear``.
        """
        component = component_of(self, "policy", CACHE_POLICY)
        form = _compiled.form_of_policy(component, self.parameters)
        if form is None:
            return

        def law(case: _compiled.Case) -> None:
            def caches() -> list[Any]:
                given = {**self.parameters, **_compiled.shared_seed(component, case.seed)}
                return [component(size, **given) for size in case.sizes]

            found = _compiled.first_difference(form, caches(), caches(), case)
            if found is not None:
                broken(found)

        try_all(law, _compiled.cases(self.sizes), share=_SHARE)

    def _try(self, law: Any, *more: st.SearchStrategy[Any]) -> None:
        __tracebackhide__ = True
        try_all(law, st.sampled_from(self.sizes), calls_on(self.items), *more, share=_SHARE)


def _told(items: Any) -> str:
    return ", ".join(map(repr, items)) or "nothing"


def _renamed(call: Call, items: Mapping[Hashable, Hashable]) -> tuple[Hashable, ...]:
    return tuple(items[item] for item in call.arguments)


def _check_equal(
    cache: WatchedCache, calls: list[Call], found: list[Any], expected: list[Any], where: str
) -> None:
    __tracebackhide__ = True
    for call, one, other in zip([*calls, "cache.dump()"], found, expected, strict=True):
        if one != other:
            cache.broken(f"{call} is {one!r} here, and {other!r} {where}")
