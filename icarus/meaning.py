"""What values and code of users are, as digests that tell what means the same from what does not.

A function is its source, its defaults and closure, and all that it reads by a global name: what
stands behind these names now, functions and classes by their code in turn. A value is what its
elements, or its state as ``pickle`` would have it, are. The order of a mapping or a set does not
count, nor do addresses or the seed of ``hash()``. Code of Icarus, of Python and of installed
packages counts by its name alone.
"""

from __future__ import annotations

import ast
import copyreg
import dis
import functools
import hashlib
import importlib.util
import inspect
import itertools
import json
import math
import os
import random
import re
import site
import sys
import sysconfig
import textwrap
import warnings
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import numpy as np

from icarus.hashing import fingerprint_of_file
from icarus.registry import Registry
from icarus.settings import names_in

__all__ = ["Meanings", "is_library"]

_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes, type(...)})
"""Types whose values their repr tells exactly."""
_CONTAINERS = frozenset({list, tuple, dict})
_JSON_KINDS = frozenset({type(None), bool, int, float, str, list, tuple, dict})
_SORTABLE = frozenset({int, float, str, bytes, tuple})
_JSON_KEYS = frozenset({str, int})
_json = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_MANY = 1000
_DEEPEST = 40
"""Levels of lists that are looked through at once; Python's repr manages some more."""
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
        return _hash("all", *sorted(digests)).hex(), sorted(unknown)

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
            return _hash("unknown", type(value).__qualname__)
        finally:
            sys.setrecursionlimit(limit)

    # Values.

    def _value(self, value: Any) -> bytes:
        known = self._values.get(id(value))
        if known is not None:
            self._definitions += known[1].definitions
            self._unknown += known[1].unknown
            return known[1].digest
        plain = _plain(value)
        if plain is not None:
            if type(value) not in _SCALARS:
                self._values[id(value)] = value, _Part(plain, [], [])
            return plain
        if id(value) in self._stack:
            # It contains itself: how many levels up is what it is from here.
            level = self._stack[id(value)]
            self._lowest = min(self._lowest, level)
            return _hash("above", len(self._stack) - level)
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
            return _hash(kind.__name__, *[self._value(item) for item in value])
        if kind is dict:
            return self._mapping(value)
        if kind is set or kind is frozenset:
            return _hash("set", *sorted([self._value(item) for item in value]))
        if kind is np.ndarray:
            return self._array(value)
        return self._object(value)

    def _mapping(self, value: Mapping[Any, Any]) -> bytes:
        ordered = _ordered(value)
        if ordered is not None:
            told = [self._value(value[key]) for key in ordered]
            return _hash("mapping", self._value(ordered), *told)
        pairs = [(self._value(key), self._value(item)) for key, item in value.items()]
        return _hash("mapping", "", *itertools.chain(*sorted(pairs)))

    def _array(self, value: np.ndarray[Any, Any]) -> bytes:
        told = "array", str(value.dtype), value.dtype.str, value.shape
        if value.dtype.names is not None:
            # Between the fields of one there may be bytes that nobody set.
            fields = [self._array(np.asarray(value[name])) for name in value.dtype.names]
            return _hash(*told, *fields)
        if value.dtype.hasobject or value.dtype.kind == "T":
            return _hash(*told, self._value(value.ravel().tolist()))
        return _hash(*told, _bytes_of(value))

    def _object(self, value: Any) -> bytes:
        if isinstance(value, ModuleType):
            if not is_library(value):
                self._definitions.append(value)
            return _hash("module", _place(value.__name__))
        if isinstance(value, type | FunctionType):
            return self._definition(value)
        if (wrapped := _wrapped(value)) is not None:
            return self._value(wrapped)
        if isinstance(value, np.memmap) and value.filename is not None:
            file = fingerprint_of_file(os.fspath(value.filename))
            return _hash("memmap", str(file), str(value.dtype), value.shape, value.offset)
        if isinstance(value, np.generic):
            return _hash("number", self._array(np.asarray(value)))
        if isinstance(value, property):
            return _hash("property", *map(self._value, (value.fget, value.fset, value.fdel)))
        if isinstance(value, staticmethod | classmethod):
            return _hash(type(value).__name__, self._value(value.__func__))
        if isinstance(value, MethodType):
            return _hash("method", self._value(value.__self__), self._value(value.__func__))
        if isinstance(value, Registry):
            # Of what one may name in it, Icarus' own counts by its name.
            return self._mapping({k: v for k, v in value.items() if not is_library(v)})
        if isinstance(value, Path):
            return _hash("path", os.fspath(value))
        if isinstance(value, np.random.Generator):
            return _hash("generator", self._value(value.bit_generator))
        return self._state(value)

    def _state(self, value: Any) -> bytes:
        """Return a digest of what ``pickle`` would keep of an object."""
        kind = type(value)
        name = f"{_place(kind.__module__)}.{kind.__qualname__}"
        if kind.__module__ in _INERT:
            return _hash("inert", name)
        reduced = _reduced(value)
        if reduced is None:
            self._unknown.append(kind.__name__)
            return _hash("unknown", name)
        if not is_library(kind):
            self._definitions.append(kind)
        if isinstance(reduced, str):
            return _hash("object", name, reduced)
        call, arguments, state, items, entries = (*reduced, None, None, None)[:5]
        listed = None if items is None else list(items)
        held: Any = None if entries is None else dict(entries)
        if isinstance(value, OrderedDict) and held is not None:
            held = list(held.items())
        told = [self._value(one) for one in (call, arguments, state, listed, held)]
        return _hash("object", name, *told)

    # Code.

    def _definition(self, definition: Any) -> bytes:
        """Return a digest of a class or function itself; what it reads is part of its part."""
        named = definition.__module__ or "", definition.__qualname__
        if is_library(definition):
            return _hash("definition", *named)
        self._definitions.append(definition)
        place = _place(named[0])
        if isinstance(definition, type):
            return _hash("class", place, definition.__qualname__, _source_of_class(definition))
        code = definition.__code__
        attributes = {
            name: value
            for name, value in vars(definition).items()
            if name == "__wrapped__" or not name.startswith("__")
        }
        held = [*_cells(definition), definition.__defaults__, definition.__kwdefaults__, attributes]
        told = [self._value(one) for one in held]
        return _hash("function", place, definition.__qualname__, _source_of_code(code), *told)

    def _part(self, definition: Any) -> _Part:
        """Return a digest of a definition with the values of what it reads."""
        if id(definition) not in self._parts:
            self._parts[id(definition)] = definition, self._noted(self._read_by, definition)
        return self._parts[id(definition)][1]

    def _read_by(self, definition: Any) -> bytes:
        if isinstance(definition, ModuleType):
            file = fingerprint_of_file(definition.__file__ or "")
            return _hash("module", _place(definition.__name__), str(file))
        itself = self._value(definition)
        if isinstance(definition, type):
            told = [self._value(base) for base in definition.__mro__[1:]]
            read: Iterable[tuple[str, Any]] = _attributes(definition)
        else:
            told = []
            read = _read_names(definition)
        for name, value in read:
            before = len(self._unknown)
            told += [_hash(name), self._bounded(value)]
            self._unknown[before:] = [f"{name} ({one})" for one in self._unknown[before:]]
        return _hash("part", itself, *told)


def _hash(*parts: Any) -> bytes:
    """Return a digest of parts; texts and numbers are told apart from bytes and each other."""
    hashed = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part
        if not isinstance(part, bytes | memoryview):
            raw = repr(part).encode(errors="surrogatepass")
        hashed.update(b"%d:" % len(raw))
        hashed.update(raw)
    return hashed.digest()


def _plain(value: Any) -> bytes | None:
    """Return the digest of a scalar, or of containers with nothing but these; None for others.

    A million elements take less than a second.
    """
    kind = type(value)
    if kind in _SCALARS:
        # Python refuses to write very large numbers in decimals.
        return _hash(kind.__name__, hex(value) if kind is int else repr(value))
    if kind is set or kind is frozenset:
        ordered = _ordered(value)
        return None if ordered is None else _hash("set", _plain(ordered))
    if kind is list or kind is tuple:
        kinds = set(map(type, value))
        if kinds == {float}:
            return _hash(kind.__name__, "floats", array("d", value).tobytes())
        if len(kinds) == 1 and issubclass(next(iter(kinds)), np.number):
            numbers = np.array(value)
            told = numbers.dtype.str, numbers.shape
            return _hash(kind.__name__, "numbers", *told, _bytes_of(numbers))
    elif kind is dict and not _CONTAINERS & set(map(type, value.values())):
        # A third of the time that it takes to sort pairs.
        ordered = _ordered(value)
        items = None if ordered is None else _plain([value[key] for key in ordered])
        return None if items is None else _hash("mapping", _plain(ordered), items)
    elif kind is not dict:
        return None
    return _text_of(value)


def _text_of(value: Any) -> bytes | None:
    """Return the digest of a text that tells all of nested containers; None if there is none."""
    kinds, keys = _kinds_in(value)
    try:
        if kinds and not keys:
            return _hash("text", repr(value))
        # JSON has no tuples, and texts only as keys; which is meant is said beside it.
        if kinds and kinds <= _JSON_KINDS and not {list, tuple} <= kinds and len(keys) == 1:
            told = tuple in kinds, int in keys
            return _hash("json", *told, _json(value).encode()) if keys <= _JSON_KEYS else None
    except (ValueError, TypeError):
        # Such as a number of more digits than Python writes.
        return None
    return None


def _kinds_in(value: Any) -> tuple[set[type], set[type]]:
    """Return the types of all that nested lists, tuples and dicts hold, and of their keys.

    Nothing is returned of those that hold anything but containers and scalars.
    """
    found: set[type] = {type(value)}
    keys: set[type] = set()
    level = [value]
    for _ in range(_DEEPEST):
        nested: list[Any] = []
        for one in level:
            if type(one) is dict:
                keys.update(map(type, one))
                nested += one
                nested += one.values()
            else:
                nested += one
        kinds = set(map(type, nested))
        found |= kinds
        if kinds <= _SCALARS:
            return found, keys
        if not kinds <= _SCALARS | _CONTAINERS:
            break
        level = [one for one in nested if type(one) in _CONTAINERS]
        if len(level) > _MANY and len(set(map(id, level))) < len(level) // 4:
            # The same ones again and again, which would be written out each time.
            break
    return set(), set()


def _ordered(value: Iterable[Any]) -> list[Any] | None:
    """Return elements of a set, or keys, in an order that does not depend on where they come."""
    kinds = set(map(type, value))
    if len(kinds) != 1 or not kinds <= _SORTABLE:
        return None
    # What is no number has no place in any order.
    if kinds == {float} and any(map(math.isnan, value)):
        return None
    if kinds == {tuple} and not _kinds_in(list(value))[0] <= _SORTABLE - {float} | {list}:
        return None
    try:
        return sorted(value)
    except TypeError:
        return None


def _bytes_of(numbers: np.ndarray[Any, Any]) -> Any:
    if numbers.dtype.char in "gG":
        # Of the 16 bytes of a number, 6 are set by nobody.
        return repr([repr(one) for one in numbers.ravel()]).encode()
    if not numbers.size or not numbers.dtype.itemsize:
        return b""
    return np.ascontiguousarray(numbers).reshape(-1).view(np.uint8).data


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


def _cells(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # it is empty
            yield None


_NO_VALUES = (MemberDescriptorType, GetSetDescriptorType)


def _attributes(definition: type) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a class that code may read, functions included."""
    for name, value in sorted(vars(definition).items()):
        of_python = name.startswith("__") or name == "_abc_impl" or isinstance(value, _NO_VALUES)
        if isinstance(value, FunctionType) or not of_python:
            yield name, value
    values = vars(definition).values()
    codes = [one.__code__ for one in values if isinstance(one, FunctionType)]
    names = set().union(*map(names_in, codes))
    yield from _files_among(_texts_among(values, *codes), names)


def _read_names(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yield the global names that a function uses, with what stands behind them."""
    names = names_in(function.__code__)
    for name in sorted(names):
        if name in function.__globals__:
            value = function.__globals__[name]
            yield name, value
            if isinstance(value, ModuleType):
                yield from _read_of_module(name, value, names, {id(value)})
    for name in sorted(_imported(function.__code__)):
        if (module := sys.modules.get(name)) is not None:
            yield name, module
            yield from _read_of_module(name, module, names, {id(module)})
        else:
            yield f"import {name}", [fingerprint_of_file(file) for file in _files_of(name)]
    values = [function.__globals__.get(name) for name in names]
    texts = _texts_among(values, function.__code__)
    if names & {"environ", "getenv"}:
        for text in filter(re.compile(r"[A-Za-z_]\w*").fullmatch, texts):
            yield f"${text}", os.environ.get(text)
    values += function.__defaults__ or ()
    yield from _files_among(_texts_among(values, function.__code__), names)


_WRITERS = frozenset({"dump", "FileHandler", "save", "savefig", "savetxt", "savez", "unlink"}) | {
    *("to_csv", "to_parquet", "to_pickle", "write_bytes", "write_text")
}
"""Names of functions that write files. Where code has one, the files that it names may be what it
makes, which would be others each time."""
_WRITING = re.compile(r"[rbt]*[wax][+bt]*|r[bt]*[+][bt]*")
"""Modes of ``open`` in which files are written."""
_LONGEST_PATH = 4096


def _files_among(texts: Iterable[str], names: set[str]) -> Iterator[tuple[str, Any]]:
    """Yield the files whose paths are among the texts of code that uses some names."""
    if names & _WRITERS or any(map(_WRITING.fullmatch, texts)):
        return
    for text in texts:
        likely = {".", "/"} & set(text) and len(text) < _LONGEST_PATH and text.isprintable()
        if likely and (file := fingerprint_of_file(text)) is not None:
            yield f"file {text}", file


def _texts_among(values: Iterable[Any], *codes: CodeType) -> list[str]:
    """Return the texts and paths among values, and those that code has itself."""
    paths = {os.fspath(value) for value in values if isinstance(value, str | Path)}
    return sorted(paths.union(*map(_texts, codes)))


def _read_of_module(
    prefix: str, module: ModuleType, names: set[str], seen: set[int]
) -> Iterator[tuple[str, Any]]:
    if is_library(module):
        return
    for name in sorted(names & set(vars(module))):
        value = vars(module)[name]
        yield f"{prefix}.{name}", value
        if isinstance(value, ModuleType) and id(value) not in seen:
            seen.add(id(value))
            yield from _read_of_module(f"{prefix}.{name}", value, names, seen)


@functools.lru_cache(maxsize=4096)
def _imported(code: CodeType) -> frozenset[str]:
    """Return the names of modules that code imports itself when it runs."""
    found = {one.argval for one in dis.get_instructions(code) if one.opname == "IMPORT_NAME"}
    inner = [_imported(one) for one in code.co_consts if isinstance(one, CodeType)]
    return frozenset(found).union(*inner)


def _files_of(module: str) -> list[str]:
    """Return the files of users that a module which is not loaded yet consists of."""
    first, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(first) if first else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or _is_library_file(spec.origin):
        return []
    files = [spec.origin]
    for folder in spec.submodule_search_locations or ():
        below = Path(folder, *rest)
        files += [str(below.with_suffix(".py")), str(below / "__init__.py")] if rest else []
    return [file for file in files if not _is_library_file(file)]


def _texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, CodeType):
            yield from _texts(constant)


def _source_of_class(definition: type) -> str:
    try:
        return _normal(inspect.getsource(definition))
    except (OSError, TypeError):
        # Made at run time: its functions are looked at anyway.
        return ""


@functools.lru_cache(maxsize=4096)
def _source_of_code(code: CodeType) -> str:
    try:
        source = _normal(inspect.getsource(code))
    except (OSError, TypeError):
        source = ""
    if source and code.co_name != "<lambda>":
        return source
    # Lambdas come with the rest of their line, on which there may be others.
    return f"{source} {_described(code)}"


def _described(code: CodeType) -> str:
    constants = [
        _described(one) if isinstance(one, CodeType) else _constant(one) for one in code.co_consts
    ]
    return repr((code.co_code, code.co_names, code.co_varnames, constants))


def _constant(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _normal(text: str) -> str:
    """Return a source without comments and layout."""
    text = textwrap.dedent(text)
    try:
        return ast.unparse(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        # Such as a lambda, which comes with the rest of its line.
        return text


def _place(module: str) -> str:
    """Return the name of a module; a settings module is known by what is in it, not its name."""
    return "" if module.startswith("icarus_settings_") or module == "__main__" else module


@functools.cache
def _library_folders() -> tuple[str, ...]:
    folders = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders |= {*site.getsitepackages(), site.getusersitepackages()}
    return tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)


def is_library(definition: Any) -> bool:
    """Whether something is part of Icarus, of Python, or of an installed package."""
    name = definition.__name__ if isinstance(definition, ModuleType) else None
    name = name or getattr(definition, "__module__", None) or "builtins"
    if name == "icarus" or name.startswith("icarus.") or name in sys.builtin_module_names:
        return True
    return _is_library_file(getattr(sys.modules.get(name), "__file__", None))


@functools.lru_cache(maxsize=4096)
def _is_library_file(file: str | None) -> bool:
    return file is not None and os.path.realpath(file).startswith(_library_folders())
