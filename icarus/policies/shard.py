"""SHARD: several caches that share out the contents between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.core.kinds import common_parameters
from icarus.core.randomness import generator, hash_salt
from icarus.core.section_checks import check_section
from icarus.core.signatures import accepts_seed, takes_seed_sequence
from icarus.errors import suggestion
from icarus.policies.cache import DefinedCache, Item, can_resize, definition_of, names_victims
from icarus.policies.cache_objects import CacheObjects
from icarus.policies.room import Room
from icarus.registry import CACHE_POLICY, register_cache_policy
from icarus.types import PositiveInt, Seed
from icarus.verbs.content_hashes import NamedHashes

__all__ = ["ShardedCache", "ShardedCaches"]


class ShardedCaches(NamedTuple):
    """Sharded caches: the shards of all caches, in order, and which belong to which."""

    shards: Any
    """The state of all shards."""
    base: np.ndarray
    """int64, (n_caches + 1,): the first shard of each cache."""
    nodes: int
    """Shards of each cache."""
    salt: int
    """Of the hash that shares out the contents."""
    hashes: Any
    """Hashes of contents; in place of them, a user's function."""

    @classmethod
    def new(
        cls,
        room: Room,
        policy: str = "LRU",
        nodes: PositiveInt = 4,
        f_map: Callable[..., int] | None = None,
        policy_attr: Mapping[str, Any] | None = None,
        *,
        seed: Seed = None,
        salt: int | None = None,
    ) -> Self:
        """Return empty caches of contents that are numbers."""
        component = CACHE_POLICY[policy]
        definition = definition_of(component)
        if definition is None or f_map is not None:
            raise ValueError(f"shards of the policy {policy} cannot be compiled")
        number = hash_salt(salt, seed, "SHARD")
        given = _parameters_of_shards(component, policy_attr, number)
        if accepts_seed(component):
            given.setdefault("seed", seed)
        sizes = [size for maxlen in room.maxlens for size in shard_sizes(maxlen, nodes)]
        shards = definition.new(room.of_sizes(sizes), **component.settled((), given))
        base = np.arange(room.n_caches + 1, dtype=np.int64) * nodes
        return cls(shards, base, nodes, number, room.hashes)

    def get(self, cache, content):
        """Look a content up in its shard."""
        return self.shards.get(self._shard(cache, content), content)

    def put(self, cache, content):
        """Put a content in its shard; return what was evicted from that."""
        return self.shards.put(self._shard(cache, content), content)

    def has(self, cache, content):
        """Return whether a content is cached, changing nothing."""
        return self.shards.has(self._shard(cache, content), content)

    def remove(self, cache, content):
        """Remove a content from its shard; return whether it was cached."""
        return self.shards.remove(self._shard(cache, content), content)

    def next_victim(self, cache, content):
        """Return what would leave first of the shard of a content."""
        return self.shards.next_victim(self._shard(cache, content), content)

    def spare(self, cache, content):
        """Have what was to leave next for a content stay, unless it has left."""
        self.shards.spare(self._shard(cache, content), content)

    def _shard(self, cache, content):
        number = self.hashes.of(content, self.salt)
        return self.base[cache] + int(np.uint64(number) % np.uint64(self.nodes))

    def clear(self, cache: int) -> None:
        """Remove everything from all shards of a cache."""
        for shard in range(int(self.base[cache]), int(self.base[cache + 1])):
            self.shards.clear(shard)

    def carry_on(self, other: Self) -> Self:
        """Return the same state with what of the shards of another one is not of one cache."""
        return self._replace(shards=self.shards.carry_on(other.shards))

    def take_over(self, cache: int, other: Self) -> None:
        """Have each shard of a new cache hold what it held in another state."""
        for shard in range(int(self.base[cache]), int(self.base[cache + 1])):
            self.shards.take_over(shard, other.shards)

    @staticmethod
    def resizable(policy: str = "LRU", policy_attr: Any = None, **parameters: Any) -> bool:
        """Return whether shards of a policy can be resized in a compiled state."""
        inside = definition_of(CACHE_POLICY[policy])
        return inside is not None and can_resize(inside, policy_attr or {})

    @staticmethod
    def names_victims(policy: str = "LRU", policy_attr: Any = None, **parameters: Any) -> bool:
        """Return whether shards of a policy say what they would evict."""
        inside = definition_of(CACHE_POLICY[policy])
        return names_victims(inside, policy_attr or {})

    def dump(self, cache: int) -> list[Any]:
        """Return the contents of all shards of a cache."""
        return [content for shard in self.by_shard(cache) for content in shard]

    def by_shard(self, cache: int) -> list[list[Any]]:
        """Return the contents of each shard of a cache."""
        shards = range(int(self.base[cache]), int(self.base[cache + 1]))
        return [self.shards.dump(shard) for shard in shards]

    def size(self, cache: int) -> int:
        """Return how many contents a cache has."""
        shards = range(int(self.base[cache]), int(self.base[cache + 1]))
        return sum(self.shards.size(shard) for shard in shards)

    def reserve(self, n_requests: int) -> Self:
        """Return the same state with room for what further requests enter into the shards."""
        if not hasattr(self.shards, "reserve"):
            return self
        # Room is made for requests that ask every shard, but these ask one of each cache.
        return self._replace(shards=self.shards.reserve(-(-n_requests // self.nodes)))


class _UsersMap(NamedTuple):
    """A user's function in the place of hashes."""

    f_map: Callable[[Any], int]
    nodes: int

    def of(self, content: Any, salt: int) -> int:
        """Return the shard of a content."""
        shard = self.f_map(content)
        if not -self.nodes <= shard < self.nodes:
            raise IndexError(f"f_map gives {content!r} to shard {shard!r} of {self.nodes}")
        return shard % self.nodes


def shard_sizes(maxlen: int, nodes: int) -> list[int]:
    """Return the size of each shard of a cache.

    Raises
    ------
    ValueError
        If `nodes` is not a whole number from 1 to `maxlen`.
    """
    if isinstance(nodes, bool) or not isinstance(nodes, (int, np.integer)):
        raise ValueError(f"nodes must be a whole number, found {nodes!r}")
    if not 1 <= nodes <= maxlen:
        raise ValueError(f"nodes must be from 1 to the size of the cache, {maxlen}, got {nodes}")
    each, rest = divmod(maxlen, nodes)
    return [each + (shard < rest) for shard in range(nodes)]


def _parameters_of_shards(
    component: Any, policy_attr: Mapping[str, Any] | None, salt: int
) -> dict[str, Any]:
    parameters = dict((policy_attr or {}).items())
    if component is ShardedCache:
        # With one hash for both, all contents of a shard would meet in one shard of it.
        parameters.setdefault("salt", salt + 1)
    return parameters


def _check_shard(parameters: Mapping[str, Any]) -> list[str]:
    section = {"name": parameters.get("policy", "LRU")}
    attributes = parameters.get("policy_attr") or {}
    report = check_section("cache_policy", {**section, **dict(attributes.items())})
    place = {"name": "policy"}
    if not report.problems:
        common = common_parameters("cache_policy", CACHE_POLICY[section["name"]])
        text = "shards have none of their own; give it beside policy_attr, for all shards"
        report.problems += [(key, text) for key in common if key in attributes]
    return [f"{place.get(key, f'policy_attr.{key}')}: {text}" for key, text in report.problems]


def _lacks(parameters: Mapping[str, Any]) -> str | None:
    if parameters.get("f_map") is not None:
        return "f_map, a function of the user's"
    name = parameters.get("policy", "LRU")
    attributes = dict((parameters.get("policy_attr") or {}).items())
    policy: Any = CACHE_POLICY[name]
    if definition_of(policy) is None:
        return f"shards of the policy {name}"
    seeded = attributes.get("seed") is not None and accepts_seed(policy)
    if seeded and not isinstance(attributes["seed"], np.random.Generator):
        return "policy_attr.seed, with which each cache has a stream of its own"
    missing = policy.lacks(attributes)
    return None if missing is None else f"policy_attr: {missing}"


@register_cache_policy("SHARD", check=_check_shard)
class ShardedCache(DefinedCache, definition=ShardedCaches):
    """Several caches that share out the items between them by a hash of the item.

    Parameters
    ----------
    maxlen : int
        How many items fit, over all shards.
    policy : str, optional
        Registry name of the policy of each shard.
    nodes : int, optional
        Number of shards, at most `maxlen`. Each has ``maxlen // nodes`` places, the first
        ``maxlen % nodes`` of them one more.
    f_map : callable, optional
        Takes an item and returns the index of its shard, from 0. By default that is the
        remainder of a salted hash, ``icarus.core.hashing.salted_hash(k, ...) % nodes``. Which items
        meet in a shard is a draw that each replication of a campaign makes anew, for all caches
        of the network at once.
    policy_attr : mapping, optional
        Further parameters of the policy.
    seed : int, SeedSequence, Generator or None, optional
        Where a policy that chooses at random draws from; shards share one stream. The salt of
        the hash comes from it too, and without a seed a script has no salt.
    salt : int, optional
        The salt instead, the same in all replications; 0 is none.

    Raises
    ------
    ValueError
        If `nodes` is not a whole number from 1 to `maxlen`.
    KeyError
        If no policy has the name.
    """

    lacks = staticmethod(_lacks)

    def _begin(self) -> None:
        policy, nodes, f_map, policy_attr, seed, salt = self.parameters.values()
        sizes = shard_sizes(self._maxlen, nodes)
        self.parameters["nodes"] = len(sizes)
        self._salt = hash_salt(salt, seed, "SHARD") if f_map is None else 0
        self._own_map = f_map
        if policy not in CACHE_POLICY:
            unknown = suggestion(str(policy), CACHE_POLICY)
            raise KeyError(f"unknown cache policy {policy!r}; {unknown}")
        given = _parameters_of_shards(CACHE_POLICY[policy], policy_attr, self._salt)
        build = _shard_builder(CACHE_POLICY[policy], given, seed)
        self._shards = [build(size) for size in sizes]

    @classmethod
    def _generator(cls, seed: Seed) -> Seed:
        # A seed is for the salt, too, which takes no draw from it, and none is no salt.
        return seed

    def _new_state(self) -> ShardedCaches:
        nodes, own = len(self._shards), self._own_map
        hashes = NamedHashes() if own is None else _UsersMap(own, nodes)
        base: Any = [0, nodes]
        return ShardedCaches(CacheObjects(self._shards), base, nodes, self._salt, hashes)

    def f_map(self, k: Item) -> int:
        """Return the index of the shard of an item."""
        return self._state._shard(0, k)

    def dump(self, serialized: bool = True) -> list[Any]:
        """Return the items of all shards.

        Parameters
        ----------
        serialized : bool, optional
            Return one list, shard after shard; otherwise a list of the items of each.
        """
        state: ShardedCaches = self._state
        return state.dump(0) if serialized else state.by_shard(0)

    def clear(self) -> None:
        """Remove everything."""
        for shard in self._shards:
            shard.clear()


def _shard_builder(component: Any, parameters: dict[str, Any], seed: Seed) -> Callable[[int], Any]:
    """Return what builds a shard of a given size."""
    typed = accepts_seed(component) and takes_seed_sequence(component)
    if not accepts_seed(component) or ("seed" in parameters and not typed):
        return partial(component, **parameters)
    rng = generator(parameters.pop("seed", seed))
    if typed:
        return partial(component, seed=rng, **parameters)
    # Written for Icarus 0.8: each shard gets an integer of its own.
    return lambda size: component(size, seed=int(rng.integers(2**32)), **parameters)
