"""What values and code of users are, as digests that tell what means the same from what does not.

A function is its source, its defaults and closure, and all that it reads by a global name: what
stands behind these names now, functions and classes by their code in turn. A value is what its
elements, or its state as ``pickle`` would have it, are. The order of a mapping or a set does not
count, nor do addresses or the seed of ``hash()``. Code of Icarus, of Python and of installed
packages counts by its name alone.
"""

from __future__ import annotations

import copyreg
import itertools
import math
import os
import random
import sys
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from icarus.core.code_reading import (
    attributes_read,
    closed_over,
    is_library,
    names_read,
    place_of_module,
    source_of_class,
    source_of_code,
)
from icarus.core.hashing import fingerprint_of_file
from icarus.core.plain_values import (
    SCALARS,
    bytes_of_numbers,
    hashed,
    in_one_order,
    plain_digest,
)
from icarus.registry import Registry

__all__ = ["Meanings"]

_RECURSION = 20_000
"""Frames that a value may take, some seven for each level."""
_DRAWN = 2**64
"""Entropy of a generator that is as large was drawn from the system, which gives 128 bits."""

_TRANSPARENT = frozenset({"fnss", "icarus", "networkx", "numpy", "pandas", "scipy"}) | (
    sys.stdlib_module_names
    - {"asyncio", "concurrent", "ctypes", "mmap", "multiprocessing", "socket", "subprocess"}
    - {"tempfile", "weakref"}
)
"""Packages whose objects have a state that is the same in every run. Those of others may have
addresses, times or counters in it, so that nothing would ever be recognised."""
_INERT = frozenset({"_thread", "logging", "multiprocessing.synchronize", "threading"})
"""Modules whose objects no result depends on."""


@dataclass(frozen=True)
class _Part:
    """A digest, what it refers to, and what of it cannot be known."""

    digest: bytes
    definitions: list[Any]
    """Functions, classes and modules of users; their code counts too."""
    unknown: list[str]


class Meanings:
    """Finds what values and code are, each part once.

    One object serves one campaign: what it has seen is supposed not to change meanwhile.
    """

    def __init__(self) -> None:
        self._values: dict[int, tuple[Any, _Part]] = {}
        self._parts: dict[int, tuple[Any, _Part]] = {}
        self._stack: dict[int, int] = {}
        self._lowest = math.inf
        """The outermost object under way that anything inside refers back to."""
        self._definitions: list[Any] = []
        self._unknown: list[str] = []

    def of(self, value: Any) -> tuple[str, list[str]]:
        """Return a digest of a value, with all code of users in it or behind it.

        Returns
        -------
        str
            Hexadecimal digits.
        list of str
            Names and types of what cannot be known.
        """
        top = self._noted(self._bounded, value)
        digests, unknown = {top.digest}, set(top.unknown)
        waiting = list(top.definitions)
        seen: set[int] = set()
        while waiting:
            definition = waiting.pop()
            if id(definition) in seen:
                continue
            seen.add(id(definition))
            part = self._part(definition)
            digests.add(part.digest)
            unknown.update(part.unknown)
            waiting += part.definitions
        return hashed("all", *sorted(digests)).hex(), sorted(unknown)

    def _noted(self, function: Callable[[Any], bytes], value: Any) -> _Part:
        """Return what a function gives, with the definitions and unknown things it meets."""
        definitions, unknown = len(self._definitions), len(self._unknown)
        found = function(value)
        return _Part(found, self._definitions[definitions:], self._unknown[unknown:])

    def _bounded(self, value: Any) -> bytes:
        """Return the digest of a value, whatever it is."""
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(max(limit, _RECURSION))
        try:
            return self._value(value)
        except Exception as error:
            # Nested too deeply, or it raises when it is looked at.
            self._lowest = math.inf
            self._unknown.append(f"{type(value).__name__}: {type(error).__name__}")
            return hashed("unknown", type(value).__qualname__)
        finally:
            sys.setrecursionlimit(limit)

    # Values.

    def _value(self, value: Any) -> bytes:
        known = self._values.get(id(value))
        if known is not None:
            self._definitions += known[1].definitions
            self._unknown += known[1].unknown
            return known[1].digest
        plain = plain_digest(value)
        if plain is not None:
            if type(value) not in SCALARS:
                self._values[id(value)] = value, _Part(plain, [], [])
            return plain
        if id(value) in self._stack:
            # It contains itself: how many levels up is what it is from here.
            level = self._stack[id(value)]
            self._lowest = min(self._lowest, level)
            return hashed("above", len(self._stack) - level)
        return self._enter(value)

    def _enter(self, value: Any) -> bytes:
        level = len(self._stack)
        self._stack[id(value)] = level
        outer, self._lowest = self._lowest, math.inf
        try:
            found = self._noted(self._compound, value)
        finally:
            del self._stack[id(value)]
        if self._lowest >= level:
            # What refers to something around it is another thing elsewhere.
            self._values[id(value)] = value, found
            self._lowest = math.inf
        self._lowest = min(self._lowest, outer)
        return found.digest

    def _compound(self, value: Any) -> bytes:
        kind = type(value)
        if kind is list or kind is tuple:
            return hashed(kind.__name__, *[self._value(item) for item in value])
        if kind is dict:
            return self._mapping(value)
        if kind is set or kind is frozenset:
            return hashed("set", *sorted([self._value(item) for item in value]))
        if kind is np.ndarray:
            return self._array(value)
        return self._object(value)

    def _mapping(self, value: Mapping[Any, Any]) -> bytes:
        ordered = in_one_order(value)
        if ordered is not None:
            told = [self._value(value[key]) for key in ordered]
            return hashed("mapping", self._value(ordered), *told)
        pairs = [(self._value(key), self._value(item)) for key, item in value.items()]
        return hashed("mapping", "", *itertools.chain(*sorted(pairs)))

    def _array(self, value: np.ndarray[Any, Any]) -> bytes:
        told = "array", str(value.dtype), value.dtype.str, value.shape
        if value.dtype.names is not None:
            # Between the fields of one there may be bytes that nobody set.
            fields = [self._array(np.asarray(value[name])) for name in value.dtype.names]
            return hashed(*told, *fields)
        if value.dtype.hasobject or value.dtype.kind == "T":
            return hashed(*told, self._value(value.ravel().tolist()))
        return hashed(*told, bytes_of_numbers(value))

    def _object(self, value: Any) -> bytes:
        if isinstance(value, ModuleType):
            if not is_library(value):
                self._definitions.append(value)
            return hashed("module", place_of_module(value.__name__))
        if isinstance(value, type | FunctionType):
            return self._definition(value)
        if (wrapped := _wrapped(value)) is not None:
            return self._value(wrapped)
        if isinstance(value, np.memmap) and value.filename is not None:
            file = fingerprint_of_file(os.fspath(value.filename))
            return hashed("memmap", str(file), str(value.dtype), value.shape, value.offset)
        if isinstance(value, np.generic):
            return hashed("number", self._array(np.asarray(value)))
        if isinstance(value, property):
            return hashed("property", *map(self._value, (value.fget, value.fset, value.fdel)))
        if isinstance(value, staticmethod | classmethod):
            return hashed(type(value).__name__, self._value(value.__func__))
        if isinstance(value, MethodType):
            return hashed("method", self._value(value.__self__), self._value(value.__func__))
        if isinstance(value, Registry):
            # Of what one may name in it, Icarus' own counts by its name.
            return self._mapping({k: v for k, v in value.items() if not is_library(v)})
        if isinstance(value, Path):
            return hashed("path", os.fspath(value))
        if isinstance(value, np.random.Generator):
            return hashed("generator", self._value(value.bit_generator))
        return self._state(value)

    def _state(self, value: Any) -> bytes:
        """Return a digest of what ``pickle`` would keep of an object."""
        kind = type(value)
        name = f"{place_of_module(kind.__module__)}.{kind.__qualname__}"
        if kind.__module__ in _INERT:
            return hashed("inert", name)
        reduced = _reduced(value)
        if reduced is None:
            self._unknown.append(kind.__name__)
            return hashed("unknown", name)
        if not is_library(kind):
            self._definitions.append(kind)
        if isinstance(reduced, str):
            return hashed("object", name, reduced)
        call, arguments, state, items, entries = (*reduced, None, None, None)[:5]
        listed = None if items is None else list(items)
        held: Any = None if entries is None else dict(entries)
        if isinstance(value, OrderedDict) and held is not None:
            held = list(held.items())
        told = [self._value(one) for one in (call, arguments, state, listed, held)]
        return hashed("object", name, *told)

    # Code.

    def _definition(self, definition: Any) -> bytes:
        """Return a digest of a class or function itself; what it reads is part of its part."""
        named = definition.__module__ or "", definition.__qualname__
        if is_library(definition):
            return hashed("definition", *named)
        self._definitions.append(definition)
        place = place_of_module(named[0])
        if isinstance(definition, type):
            return hashed("class", place, definition.__qualname__, source_of_class(definition))
        code = definition.__code__
        attributes = {
            name: value
            for name, value in vars(definition).items()
            if name == "__wrapped__" or not name.startswith("__")
        }
        held = [
            *closed_over(definition),
            definition.__defaults__,
            definition.__kwdefaults__,
            attributes,
        ]
        told = [self._value(one) for one in held]
        return hashed("function", place, definition.__qualname__, source_of_code(code), *told)

    def _part(self, definition: Any) -> _Part:
        """Return a digest of a definition with the values of what it reads."""
        if id(definition) not in self._parts:
            self._parts[id(definition)] = definition, self._noted(self._read_by, definition)
        return self._parts[id(definition)][1]

    def _read_by(self, definition: Any) -> bytes:
        if isinstance(definition, ModuleType):
            file = fingerprint_of_file(definition.__file__ or "")
            return hashed("module", place_of_module(definition.__name__), str(file))
        itself = self._value(definition)
        if isinstance(definition, type):
            told = [self._value(base) for base in definition.__mro__[1:]]
            read: Iterable[tuple[str, Any]] = attributes_read(definition)
        else:
            told = []
            read = names_read(definition)
        for name, value in read:
            before = len(self._unknown)
            told += [hashed(name), self._bounded(value)]
            self._unknown[before:] = [f"{name} ({one})" for one in self._unknown[before:]]
        return hashed("part", itself, *told)


def _reduced(value: Any) -> Any:
    """Return what ``pickle`` makes of an object; None if that tells nothing that lasts."""
    kind = type(value)
    package = kind.__module__.partition(".")[0].removeprefix("_")
    if not _is_knowable(value) or (is_library(kind) and package not in _TRANSPARENT):
        return None
    reduce = copyreg.dispatch_table.get(kind)
    try:
        with warnings.catch_warnings():
            # Iterators warn that a later Python will not do this.
            warnings.simplefilter("ignore")
            return value.__reduce_ex__(2) if reduce is None else reduce(value)
    except RecursionError:
        raise
    except Exception:
        return None


def _is_knowable(value: Any) -> bool:
    """Whether the state of an object tells it from others and is the same in the next run."""
    if isinstance(value, np.random.BitGenerator):
        entropy = getattr(value.seed_seq, "entropy", None)
        return entropy is not None and not (isinstance(entropy, int) and entropy >= _DRAWN)
    return not isinstance(value, random.Random | np.random.RandomState)


def _wrapped(value: Any) -> Any:
    """Return the function that Numba or a cache of ``functools`` has wrapped in an object."""
    if not is_library(type(value)):
        return None
    function = getattr(value, "__dict__", {}).get("__wrapped__")
    return function if isinstance(function, FunctionType) else None
