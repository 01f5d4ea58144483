"""What settings put around caches, ``insert`` and ``ttl``: by hand, and all forms against twins."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import fnss
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from twins import TWINS, wrapped_twin
from twins.wrappers import times_by_law

from icarus.compiler.jit import generic_entry_point
from icarus.core.signatures import accepts_seed
from icarus.core.users_cache import CACHE_VARIABLE
from icarus.execution.compiled.compiled_engine import state_of
from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.execution.network.model import _cache_builder
from icarus.policies import Cache, WrappedCache, slots
from icarus.policies.admission import ADMISSION_RULES, InsertAtKthPut, InsertAtRandom
from icarus.policies.cache import definition_of
from icarus.policies.wrapped import clock_of
from icarus.registry import CACHE_POLICY

N_CONTENTS = 12
NAMES: dict[str, Sequence[Any]] = {
    "range": range(5, 5 + 3 * N_CONTENTS, 3),
    "text": [f"/content/{number}" for number in range(N_CONTENTS)],
}
WRAPPINGS: dict[str, dict[str, Any]] = {
    "p": {"insert": {"p": 0.5}},
    "k": {"insert": {"k": 2}},
    "k-memory": {"insert": {"k": 3, "memory": 4}},
    "ttl": {"ttl": 6.0},
    "k-ttl": {"insert": {"k": 2, "memory": 5}, "ttl": 9},
    "p-ttl": {"insert": {"p": 0.7}, "ttl": 4.5},
    "law": {"ttl": {"dist": "UNIFORM", "low": 0.5, "high": 12.5}},
    "law-renew": {"ttl": {"dist": "LOGNORMAL", "median": 4.0, "sigma": 1.0, "renew": True}},
    "k-law": {"insert": {"k": 2}, "ttl": {"dist": "EXPONENTIAL", "mean": 5.0}},
    "p-law": {
        "insert": {"p": 0.7},
        "ttl": {"dist": "PARETO", "shape": 0.8, "low": 1.0, "high": 60.0, "renew": True},
    },
}
LAWS: dict[str, Any] = {
    "law": stats.uniform(0.5, 12.0),
    "law-renew": stats.lognorm(1.0, scale=4.0),
    "k-law": stats.expon(scale=5.0),
    "p-law": stats.truncpareto(0.8, 60.0),
}
VARIANTS: dict[str, dict[str, Any]] = {
    "SLRU": {"segments": 2},
    "SHARD": {"nodes": 2, "policy": "RAND"},
}
LEAST = {"SLRU": 2, "SHARD": 2}
GET, PUT, HAS, REMOVE = range(4)
METHODS = ["get", "put", "has", "remove"]


class Case(NamedTuple):
    """Caches of one policy, and what is done with them when."""

    names: Sequence[Any]
    sizes: list[int]
    operations: np.ndarray
    """Rows of kind, cache and content."""
    times: np.ndarray
    seed: int


def apply_all(caches, operations, times, answers):
    """Apply operations, each at its time."""
    for i in range(len(operations)):
        kind, cache, content = operations[i]
        caches.set_time(times[i])
        if kind == GET:
            answers[i] = caches.get(cache, content)
        elif kind == PUT:
            answers[i] = caches.put(cache, content)
        elif kind == HAS:
            answers[i] = caches.has(cache, content)
        else:
            answers[i] = caches.remove(cache, content)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The operations, compiled for each state that they are applied to."""
    folder: Path = tmp_path_factory.mktemp("compiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        return generic_entry_point(apply_all)


@st.composite
def cases(draw: st.DrawFn, names: Sequence[Any]) -> Case:
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(0, 250))
    weights = np.array(draw(st.sampled_from([(4, 6, 1, 1), (5, 5, 1, 0), (1, 8, 1, 1)])))
    popularity = 1 / np.arange(1, N_CONTENTS + 1) ** draw(st.sampled_from([0.0, 0.8]))
    columns = (
        rng.choice(4, size=n, p=weights / weights.sum()),
        rng.integers(len(sizes), size=n),
        rng.choice(N_CONTENTS, size=n, p=popularity / popularity.sum()),
    )
    # Whole and half seconds, so that expiries meet requests; some times go back.
    steps = rng.choice([0.0, 0.5, 1.0, 3.0, -2.0], size=n, p=[0.3, 0.3, 0.25, 0.1, 0.05])
    return Case(names, sizes, np.stack(columns, axis=1), steps.cumsum(), draw(st.integers(0, 99)))


def parameters_for(policy: str, case: Case) -> dict[str, Any]:
    chosen = case.operations[case.operations[:, 0] == GET, 2]
    trace = {"trace": [case.names[i] for i in chosen]} if policy == "MIN" else {}
    return {**VARIANTS.get(policy, {}), **trace}


def answers_of(caches: Sequence[Any], case: Case, set_time: Any) -> list[int]:
    number_of = {name: number for number, name in enumerate(case.names)}
    answers = []
    for (kind, cache, content), time in zip(case.operations.tolist(), case.times, strict=True):
        set_time(float(time))
        answer = getattr(caches[cache], METHODS[kind])(case.names[content])
        if kind == PUT:
            answer = -1 if answer is None else number_of[answer]
        answers.append(int(answer))
    return answers


def drawn_times(wrapping: dict[str, Any], seed: int) -> Any:
    """Return the times to live of a law, as SciPy has it; None if there is no law."""
    (law,) = [LAWS[name] for name in LAWS if WRAPPINGS[name] is wrapping] or [None]
    stream = np.random.SeedSequence(seed, spawn_key=(0x7714,))
    salt = int(stream.generate_state(1, np.uint64)[0]) >> 1 | 1
    return law and times_by_law(law, salt)


def twins_of(policy: str, wrapping: dict[str, Any], case: Case, now: list[float]) -> list[Any]:
    times = drawn_times(wrapping, case.seed)
    given = parameters_for(policy, case)
    if accepts_seed(CACHE_POLICY[policy]):
        given["seed"] = np.random.default_rng(case.seed)
    drawn = np.random.default_rng(np.random.SeedSequence(case.seed, spawn_key=(0xAD31,)))
    return [
        wrapped_twin(
            TWINS[policy](max(size, LEAST.get(policy, 1)), **given),
            wrapping,
            lambda: now[0],
            drawn,
            times,
        )
        for size in case.sizes
    ]


def caches_of(policy: str, wrapping: dict[str, Any], case: Case, now: list[float]) -> list[Any]:
    section = {"name": policy, **parameters_for(policy, case), **wrapping}
    build = _cache_builder(section, np.random.SeedSequence(case.seed), clock_of(now))
    return [build(max(size, LEAST.get(policy, 1))) for size in case.sizes]


def check(run: Any, policy: str, wrapping: dict[str, Any], case: Case) -> None:
    now = [0.0]
    twins = twins_of(policy, wrapping, case, now)
    expected = answers_of(twins, case, lambda time: now.__setitem__(0, time))
    objects = caches_of(policy, wrapping, case, now)
    assert answers_of(objects, case, lambda time: now.__setitem__(0, time)) == expected
    dumped = [cache.dump() for cache in objects]
    assert dumped == [twin.dump() for twin in twins]
    state = state_of(
        caches_of(policy, wrapping, case, now), definition_of(CACHE_POLICY[policy]), case.names
    )
    state = state.reserve(len(case.operations))
    found = np.full(len(case.operations), -9, dtype=np.int64)
    run(state, case.operations.astype(np.int64), case.times, found)
    assert found.tolist() == expected
    numbers = range(len(twins))
    assert [[case.names[i] for i in state.dump(number)] for number in numbers] == dumped


QUICK = {("LRU", "k-ttl"), ("RAND", "p-ttl")}
"""Each rule of admission, and expiry with either; ``make test-exhaustive`` compiles the others."""


def is_quick(policy: str, wrapping: str, form: str) -> bool:
    """Whether each run of the suite has it."""
    if form == "compiled":
        return (policy, wrapping) in QUICK
    return wrapping not in LAWS or policy in {"LRU", "RAND"}


@pytest.mark.parametrize(
    ("policy", "wrapping", "form"),
    [
        pytest.param(
            policy,
            wrapping,
            form,
            marks=() if is_quick(policy, wrapping, form) else pytest.mark.exhaustive,
        )
        for policy in sorted(TWINS)
        for wrapping in WRAPPINGS
        for form in ("interpreted", "compiled")
    ],
)
def test_every_form_does_what_the_twin_does(policy, wrapping, form, compiled, monkeypatch):
    names = "range" if form == "compiled" else "text"
    if names == "text":
        monkeypatch.setattr(slots, "DENSE_LIMIT", 0)

    @settings(max_examples=15, deadline=None)
    @given(case=cases(NAMES[names]))
    def compare(case):
        run = compiled if form == "compiled" else apply_all
        check(run, policy, WRAPPINGS[wrapping], case)

    compare()


# By hand


def cache_of(maxlen, *, now=None, name="LRU", **section):
    return _cache_builder({"name": name, **section}, 1, clock_of(now or [0.0]))(maxlen)


def test_the_second_put_inserts():
    cache = cache_of(2, insert={"k": 2})
    assert [cache.put(k) for k in "abab"] == [None] * 4
    assert cache.dump() == ["b", "a"]
    assert [cache.put(k) for k in "ccb"] == [None, "a", None]
    assert not cache.get("a")
    # That of b was its first since it was inserted, which changes nothing about its place.
    assert cache.dump() == ["c", "b"]


def test_a_memory_of_one_counts_what_was_put_last():
    cache = cache_of(2, insert={"k": 2, "memory": 1})
    for k in "abab":
        cache.put(k)
    assert cache.dump() == []
    cache.put("b")
    assert cache.dump() == ["b"]


def test_each_put_draws_one_number():
    cache = cache_of(3, insert={"p": 0.3, "seed": 8})
    drawn = np.random.default_rng(8).random(50) < 0.3
    for i in range(50):
        cache.put(i)
    assert cache.dump() == np.flatnonzero(drawn)[::-1][:3].tolist()


def test_probabilities_0_and_1():
    never, always = cache_of(3, insert={"p": 0}), cache_of(3, insert={"p": 1})
    for k in range(5):
        never.put(k)
        always.put(k)
    assert (never.dump(), always.dump()) == ([], [4, 3, 2])


def test_an_item_is_valid_for_ten_seconds():
    now = [100.0]
    cache = cache_of(2, now=now, ttl=10)
    cache.put("a")
    now[0] = 105.0
    cache.put("b")
    now[0] = 109.9
    assert cache.has("a")
    assert cache.get("a")
    now[0] = 110.0
    assert not cache.has("a")
    assert cache.dump() == ["b"]
    assert len(cache) == 2, "it is still there, as nobody has looked it up"
    assert not cache.get("a")
    assert len(cache) == 1
    now[0] = 114.0
    cache.put("b")
    now[0] = 115.0
    assert cache.get("b"), "it was put again"
    now[0] = 124.0
    assert not cache.remove("b")
    assert len(cache) == 0


def test_each_item_is_valid_for_a_time_of_its_own():
    now = [0.0]
    cache = cache_of(50, now=now, ttl={"dist": "UNIFORM", "low": 10, "high": 20})
    for k in range(50):
        cache.put(k)
    now[0] = 9.0
    assert len(cache.dump()) == 50
    now[0] = 15.0
    left = cache.dump()
    assert 10 < len(left) < 40
    now[0] = 20.0
    assert cache.dump() == []
    # As long again, wherever and whenever.
    for k in reversed(range(50)):
        cache.put(k)
    now[0] = 35.0
    assert sorted(cache.dump()) == sorted(left)


def test_times_may_be_those_of_a_file(tmp_path):
    path = tmp_path / "times.csv"
    path.write_text("# seconds,share\n0.5,3\n20,1\n")
    now = [0.0]
    cache = cache_of(2000, now=now, ttl={"dist": "EMPIRICAL", "path": str(path)})
    for k in range(2000):
        cache.put(k)
    now[0] = 0.5
    assert len(cache.dump()) == pytest.approx(500, abs=60)
    now[0] = 19.5
    assert len(cache.dump()) == pytest.approx(500, abs=60)
    assert pickle.loads(pickle.dumps(cache)).dump() == cache.dump()
    now[0] = 20.0
    assert cache.dump() == []


def test_what_is_out_of_date_leaves_before_anything_is_evicted():
    now = [0.0]
    cache = cache_of(2, now=now, ttl=10)
    cache.put("a")
    now[0] = 5.0
    cache.put("b")
    cache.get("a")
    now[0] = 10.0
    # b was used least recently, but a is out of date.
    assert cache.put("c") is None
    assert cache.dump() == ["c", "b"]
    assert cache.put("d") == "b"


def test_a_put_that_is_not_admitted_does_not_renew():
    now = [0.0]
    cache = cache_of(2, now=now, ttl=10, insert={"k": 2})
    cache.put("a")
    cache.put("a")
    now[0] = 6.0
    cache.put("a")
    now[0] = 12.0
    assert not cache.has("a")


def test_clearing_leaves_neither_counts_nor_expiries_behind():
    now = [0.0]
    cache = cache_of(1, now=now, ttl=10, insert={"k": 2})
    for k in "aab":
        cache.put(k)
    cache.clear()
    assert len(cache) == 0
    cache.put("b")
    assert cache.dump() == []
    now[0] = 9.0
    cache.put("b")
    now[0] = 18.0
    assert cache.dump() == ["b"]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_go_their_own_way(duplicate):
    cache = cache_of(2, ttl=10.0, insert={"k": 2})
    for k in "aab":
        cache.put(k)
    other = duplicate(cache)
    other.put("b")
    assert (cache.dump(), other.dump()) == (["a"], ["b", "a"])


class _Forgetful(Cache):
    """A user's policy that drops all it has when it is full, and tells of one item."""

    def __init__(self, maxlen):
        super().__init__(maxlen)
        self._items = []

    def __len__(self):
        return len(self._items)

    def has(self, k):
        return k in self._items

    get = has

    def put(self, k):
        told = None
        if len(self._items) == self._maxlen:
            told, *_ = self._items
            self._items = []
        self._items.append(k)
        return told

    def remove(self, k):
        found = k in self._items
        if found:
            self._items.remove(k)
        return found

    def dump(self):
        return list(self._items)

    def clear(self):
        self._items = []


@pytest.fixture
def forgetful():
    CACHE_POLICY["FORGETFUL"] = _Forgetful
    yield "FORGETFUL"
    del CACHE_POLICY["FORGETFUL"]


def test_a_users_class_that_drops_items_without_a_word(forgetful):
    now = [0.0]
    cache = cache_of(3, now=now, name=forgetful, ttl=100)
    evicted = []
    for k in range(10):
        now[0] = float(k)
        evicted.append(cache.put(k))
    assert evicted == [None, None, None, 0, None, None, 3, None, None, 6]
    assert cache.dump() == [9]
    now[0] = 110.0
    assert cache.dump() == []


def test_a_users_parameter_of_the_same_name_stays_the_users():
    class OwnTtl(_Forgetful):
        def __init__(self, maxlen, ttl=5):
            super().__init__(maxlen)
            self.ttl = ttl

    CACHE_POLICY["OWN_TTL"] = OwnTtl
    try:
        cache = cache_of(3, name="OWN_TTL", ttl=7)
        assert type(cache) is OwnTtl
        assert cache.ttl == 7
        both = cache_of(3, name="OWN_TTL", ttl=7, insert={"k": 2})
        assert type(both) is WrappedCache
        assert both.inside.ttl == 7
    finally:
        del CACHE_POLICY["OWN_TTL"]


def test_nothing_around_a_cache_is_nothing():
    assert type(cache_of(3, ttl=None, insert=None)) is CACHE_POLICY["LRU"]


# Networks


def network(cache_size=2, **policy):
    topology = fnss.Topology([("receiver", 1), (1, 2), (2, "source")])
    fnss.add_stack(topology, "receiver", "receiver", {})
    fnss.add_stack(topology, "source", "source", {"contents": set("abc")})
    for router in (1, 2):
        fnss.add_stack(topology, router, "router", {"cache_size": cache_size})
    return NetworkModel(topology, {"name": "LRU", **policy}, seed=3)


def test_sessions_tell_caches_the_time():
    model = network(ttl=10.0)
    view, controller = NetworkView(model), NetworkController(model)
    served = []
    for time in (0.0, 9.0, 10.0, 19.0, 20.0):
        controller.start_session(time, "receiver", "a", True)
        served.append(controller.get_content(1))
        if not served[-1]:
            controller.put_content(1)
        controller.end_session()
    assert served == [False, True, False, True, False]
    assert view.cache_dump(1) == ["a"]
    assert view.cache_nodes(size=True) == {1: 2, 2: 2}


def test_caches_of_a_network_share_one_stream_apart_from_that_of_the_policy():
    def puts(**policy):
        model = network(30, **policy)
        for i in range(40):
            for cache in model.cache.values():
                cache.put(i)
        return [cache.dump() for cache in model.cache.values()]

    first, second = puts(insert={"p": 0.5})
    assert first != second
    assert puts(insert={"p": 0.5}) == [first, second]
    # The policy draws what it draws without.
    assert puts(name="RAND", insert={"p": 1.0}) == puts(name="RAND")


def test_a_local_cache_has_the_same_around_it():
    model = network(insert={"k": 2})
    NetworkController(model).reserve_local_cache(0.5)
    for cache in (*model.cache.values(), *model.local_cache.values()):
        assert type(cache) is WrappedCache
        cache.put("a")
        assert cache.dump() == []


def test_wrong_values_are_refused_by_scripts_too():
    with pytest.raises(ValueError, match=r"insert p: .*less than or equal to 1, found 2"):
        network(insert={"p": 2})
    with pytest.raises(ValueError, match=r"ttl.*greater than 0, found -1"):
        network(ttl=-1)


def test_rules_are_known_by_a_parameter_of_theirs():
    assert {"p": InsertAtRandom, "k": InsertAtKthPut} == ADMISSION_RULES
