"""How parameters, results and outcomes are kept: as JSON that loses nothing, and raw bytes.

Reading executes nothing, takes memory and time in proportion to what is read, and is quick: a
hundred thousand results are read in seconds. What is kept comes back with the same bits and the
same types: Python's numbers, texts, bytes and containers, and what NumPy has. Arrays of any size
go beside the JSON as they are. What JSON has no form for is a list that begins with a tag; a
mapping stands for a Tree, which is what results are made of. Whatever else there may be, such as
an object of a user's own class, is kept as its text; what contains itself is not kept at all.
"""

from __future__ import annotations

import base64
import json
import struct
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterable
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from icarus.errors import UnwritableError
from icarus.plaintext import cut, one_line
from icarus.results._arrays import described, raw_of, sizeless
from icarus.results._decoding import CLASSES, LENGTH, MAGIC, SCALARS, decode, loads, parsed
from icarus.util import AnyValue, Tree

__all__ = ["LARGEST", "Encoder", "Payload", "decode", "dumps", "encoded", "loads", "parsed"]

LARGEST = 999_000_000
"""Most bytes of what is kept of one job. SQLite takes a billion in one place."""

_DEEPEST = 100
"""Levels of containers within each other."""
_MOST_REPEATED = 10**8
"""Characters and entries of containers that are met again, and are written again: a few that refer
to each other can stand for more than there is memory."""
_INLINE = 1 << 12
"""Bytes that are text within the JSON; more are beside it."""
_LONGEST_TEXT = 100_000
"""Characters of what stands for an object of an unknown type."""
_LARGE_INT = 2**63
_JSON = json.JSONEncoder(separators=(",", ":"))
_NUMBERS = frozenset({bool, float, int, type(None)})


class Payload:
    """Bytes in pieces, some of which are the memory of arrays; iterating gives the pieces."""

    def __init__(self, pieces: Iterable[bytes | memoryview]) -> None:
        self._pieces = list(pieces)

    def __iter__(self) -> Any:
        return iter(self._pieces)

    def __len__(self) -> int:
        return sum(map(len, self._pieces))

    def __bytes__(self) -> bytes:
        return b"".join(self._pieces)


def encoded(value: Any) -> Payload:
    """Return `value` as bytes; arrays are not copied.

    Raises
    ------
    UnwritableError
        If it cannot be kept.
    """
    encoder = Encoder()
    return encoder.payload(encoder.encode(value))


def dumps(value: Any) -> bytes:
    """Return `value` as bytes in one piece.

    Raises
    ------
    UnwritableError
        If it cannot be kept.
    """
    return bytes(encoded(value))


def _b85(raw: bytes | bytearray | memoryview) -> str:
    return base64.b85encode(raw).decode("ascii")


class _Met(NamedTuple):
    """A container that was encoded."""

    value: Any
    material: Any
    size: int
    """Characters and entries."""
    levels: int
    """Of containers within it."""


class Encoder:
    """Makes JSON material of values, and collects the raw bytes that go beside it.

    One is for one payload. After it has raised, it is of no more use.

    Parameters
    ----------
    most : int, optional
        Bytes that a payload may have, by default `LARGEST`.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = LARGEST if most is None else most
        self._raw: list[bytes | memoryview] = []
        self._beside = 0
        self._size = 0
        self._depth = 0
        self._reached = 0
        self._repeated = 0
        self._met: dict[int, _Met] = {}

    def encode(self, value: Any) -> Any:
        """Return `value` as JSON material.

        Raises
        ------
        UnwritableError
            If it contains itself, is nested too deeply or is too large. Nothing else is raised.
        """
        try:
            return self._encode(value)
        except RecursionError:
            raise UnwritableError(_TOO_DEEP) from None
        except MemoryError:
            raise UnwritableError("it takes more memory than there is") from None
        except UnwritableError:
            raise
        except Exception as error:
            # A class of a user's may do anything when it is looked at.
            what = one_line(f"{type(error).__name__}: {error}", 200)
            raise UnwritableError(f"it cannot be looked at: {what}") from error

    def payload(self, material: Any) -> Payload:
        """Return the bytes of JSON material that was made by this encoder.

        Raises
        ------
        UnwritableError
            If they are too many.
        """
        try:
            text = _JSON.encode(material).encode()
        except MemoryError:
            raise UnwritableError("it takes more memory than there is") from None
        if len(text) + self._beside > self._most:
            raise self._too_large(len(text) + self._beside)
        if not self._raw:
            return Payload([text])
        return Payload([MAGIC + LENGTH.pack(len(text)), text, *self._raw])

    def _encode(self, value: Any) -> Any:
        kind = type(value)
        if kind is float:
            return value if value == value else ["x", _b85(struct.pack("<d", value))]
        if kind is int:
            return value if -_LARGE_INT < value < _LARGE_INT else _large_int(value)
        if kind is bool or value is None:
            return value
        if kind is str:
            return self._string(value)
        container = _CONTAINERS.get(kind)
        if container is not None:
            return self._enter(value, container)
        encoder = _ENCODERS.get(kind)
        if encoder is not None:
            return encoder(self, value)
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.generic):
            return self._scalar(value)
        if isinstance(value, np.dtype):
            return self._dtype(value)
        if isinstance(value, Tree):
            return self._enter(value, _CONTAINERS[Tree])
        if isinstance(value, type) and CLASSES.get(value.__name__) is value:
            return ["k", value.__name__]
        return self._string(_text_of(value))

    def _too_large(self, size: int) -> UnwritableError:
        return UnwritableError(
            f"it takes {_megabytes(size)}, and what is kept of a job may take "
            f"{_megabytes(self._most)}; have it written to a file of its own, and return its name"
        )

    def _grow(self, size: int) -> None:
        self._size += size
        if self._size > self._most:
            raise self._too_large(self._size)

    def _enter(self, value: Any, encoder: Callable[[Encoder, Any], Any]) -> Any:
        met = self._met.get(id(value))
        if met is not None:
            return self._again(met)
        size, beside, reached = self._size, self._beside, self._reached
        self._depth += 1
        self._reached = self._depth
        if self._depth > _DEEPEST:
            raise UnwritableError(_TOO_DEEP)
        material = encoder(self, value)
        if beside == self._beside:
            # The value is kept, so that no other object gets its id.
            met = _Met(value, material, self._size - size + 1, self._reached - self._depth)
            self._met[id(value)] = met
        self._depth -= 1
        self._reached = max(reached, self._reached)
        self._size += 1
        return material

    def _again(self, met: _Met) -> Any:
        """Return the material of a container that was met before, and is written once more."""
        self._repeated += met.size
        if self._repeated > _MOST_REPEATED:
            raise UnwritableError("it has the same values in it over and over again")
        if self._depth + met.levels >= _DEEPEST:
            raise UnwritableError(_TOO_DEEP)
        self._reached = max(self._reached, self._depth + 1 + met.levels)
        self._grow(met.size)
        return met.material

    def _string(self, text: str) -> Any:
        self._grow(len(text))
        if text.isascii():
            return text
        try:
            text.encode()
        except UnicodeEncodeError:
            # JSON makes one character of two halves.
            return ["u", _b85(text.encode("utf-8", "surrogatepass"))]
        return text

    def _bytes(self, raw: bytes | bytearray | memoryview) -> Any:
        """Return what stands for bytes: a text, or the place where they are beside the JSON."""
        self._grow(len(raw))
        if len(raw) <= _INLINE:
            return _b85(raw)
        place = [self._beside, len(raw)]
        self._raw.append(memoryview(raw))
        self._beside += len(raw)
        return place

    def _all(self, values: Collection[Any]) -> list[Any]:
        self._size += len(values)
        if _are_plain(values):
            return list(values)
        encode = self._encode
        return [encode(value) for value in values]

    def _keys(self, keys: Collection[Any]) -> list[Any]:
        """Return the keys of a mapping, or the members of a set, all of which stay different."""
        if set(map(type, keys)) == {str} and all(map(str.isascii, keys)):
            self._grow(sum(map(len, keys)))
            return list(keys)
        found: list[Any] = []
        texts: set[str] = set()
        for key in keys:
            if _is_key(key):
                found.append(self._encode(key))
                continue
            text = base = _text_of(key)
            while text in texts or text in keys:
                text = f"{base} ({len(texts) + 1})"
            texts.add(text)
            found.append(self._string(text))
        return found

    def _values(self, mapping: Any) -> list[Any]:
        self._size += len(mapping)
        if _are_plain(mapping.values()):
            return list(mapping.values())
        material = []
        for key, value in mapping.items():
            try:
                material.append(self._encode(value))
            except UnwritableError as error:
                raise error.within(key if type(key) is str else _text_of(key)) from None
        return material

    def _tree(self, tree: Tree) -> Any:
        keys, values = list(tree.keys()), self._values(tree)
        kinds = set(map(type, keys))
        if kinds <= {str} and all(map(str.isascii, keys)):
            return dict(zip(keys, values, strict=True))
        if not _NUMBERS.issuperset(map(type, values)):
            return ["T", self._keys(tree.keys()), values]
        # Figures of each node or link, of which there are many, are read back without a look at
        # each.
        if kinds == {int} and _are_plain(keys):
            return ["A", keys, values]
        width = len(keys[0]) if kinds == {tuple} else 0
        if width and set(map(len, keys)) == {width}:
            flat = list(chain.from_iterable(keys))
            if _are_simple(flat):
                return ["K", width, flat, values]
        return ["T", self._keys(tree.keys()), values]

    def _array(self, array: np.ndarray) -> Any:
        plain = np.asarray(array)
        if isinstance(array, np.ma.MaskedArray):
            mask = np.ma.getmaskarray(array)
            if mask.dtype.names is not None:
                return self._string(_text_of(array))
            plain = plain.astype(object)
            plain[mask] = None
        if sizeless(plain.dtype, plain.shape):
            raise UnwritableError(f"it has {plain.size:,} elements that take no space")
        try:
            dtype = described(_without_records(plain.dtype))
        except (ValueError, TypeError, LookupError, UnicodeError):
            return self._objects(plain)
        if plain.nbytes > self._most:
            raise self._too_large(plain.nbytes)
        fortran = plain.flags.f_contiguous and not plain.flags.c_contiguous
        raw = self._bytes(raw_of(plain.T if fortran else plain))
        return ["N", dtype, list(plain.shape), "F" if fortran else "C", raw]

    def _objects(self, array: np.ndarray) -> Any:
        if 8 * array.size > self._most:
            raise self._too_large(8 * array.size)
        elements = array.astype(object).ravel().tolist()
        return ["o", list(array.shape), self._enter(elements, Encoder._all)]

    def _scalar(self, value: np.generic) -> Any:
        if isinstance(value, np.str_):
            # NumPy would leave out null characters at the end.
            return ["ns", self._string(str.__str__(value))]
        if isinstance(value, np.bytes_):
            return ["nb", self._bytes(bytes(value))]
        if value.dtype.kind in SCALARS:
            return ["n", value.dtype.str, _b85(value.tobytes())]
        if isinstance(value, np.void) and not value.dtype.hasobject:
            array = self._array(np.asarray(value))
            return ["nv", array] if array[0] == "N" else array
        return self._encode(value.item() if isinstance(value, np.void) else _text_of(value))

    def _dtype(self, dtype: np.dtype[Any]) -> Any:
        try:
            return ["y", described(_without_records(dtype))]
        except (ValueError, TypeError, LookupError, UnicodeError):
            return self._string(_text_of(dtype))


_TOO_DEEP = f"it is nested more than {_DEEPEST} deep, or contains itself"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.{0 if size >= 10**7 else 1}f} MB"


def _are_plain(values: Collection[Any]) -> bool:
    """Return whether all values are numbers that JSON gives back as they are."""
    kinds = set(map(type, values))
    if kinds == {float}:
        # The sum with a NaN is one, and so is that of infinities, which does no harm.
        total = sum(values)
        return bool(total == total)
    if kinds == {int}:
        return bool(min(values) > -_LARGE_INT and max(values) < _LARGE_INT)
    return kinds <= {bool, type(None)}


def _are_simple(parts: list[Any]) -> bool:
    if set(map(type, parts)) <= {int, str}:
        ints = [part for part in parts if type(part) is int]
        return _are_plain(ints) and all(part.isascii() for part in parts if type(part) is str)
    return False


def _is_key(key: Any) -> bool:
    """Return whether a key comes back as it is, and can be hashed then."""
    kind = type(key)
    if kind in (tuple, frozenset):
        return all(map(_is_key, key))
    if kind in _KEYS or kind is np.dtype:
        return True
    return isinstance(key, np.generic) and key.dtype.kind in "biufcSUMm"


_KEYS = frozenset({bool, bytes, complex, float, int, range, str, type(None)})


def _without_records(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.dtype((np.void, dtype)) if dtype.type is np.record else dtype


def _large_int(value: int) -> Any:
    return ["i", _b85(value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))]


def _text_of(obj: Any) -> str:
    """Return what stands for an object that is not kept; the names of functions and classes."""
    try:
        if hasattr(obj, "__qualname__"):
            module = getattr(obj, "__module__", None) or type(obj).__module__
            text = f"{module}.{obj.__qualname__}"
        else:
            text = repr(obj)
    except Exception:
        # A class of a user's may do anything when it is asked.
        text = object.__repr__(obj)
    return cut(text, _LONGEST_TEXT)


def _factory(mapping: defaultdict[Any, Any]) -> str | None:
    name = getattr(mapping.default_factory, "__name__", "")
    return name if CLASSES.get(name) is mapping.default_factory else None


def _defaultdict(encoder: Encoder, mapping: defaultdict[Any, Any]) -> Any:
    name = _factory(mapping)
    tag = ["d"] if name is None and mapping.default_factory is not None else ["D", name]
    return [*tag, encoder._keys(mapping.keys()), encoder._values(mapping)]


def _sequence(tag: str) -> Callable[[Encoder, Any], Any]:
    return lambda encoder, values: [tag, *encoder._all(values)]


def _mapping(tag: str) -> Callable[[Encoder, Any], Any]:
    return lambda encoder, mapping: [tag, encoder._keys(mapping.keys()), encoder._values(mapping)]


def _slots(tag: str, names: str) -> Callable[[Encoder, Any], Any]:
    return lambda encoder, value: [
        tag, *(encoder._encode(getattr(value, name)) for name in names.split())
    ]  # fmt: skip


def _float64(encoder: Encoder, value: np.float64) -> Any:
    number = float(value)
    return ["f", number] if number == number else encoder._scalar(value)


_CONTAINERS: dict[type, Callable[[Encoder, Any], Any]] = {
    Tree: Encoder._tree,
    dict: _mapping("d"),
    OrderedDict: _mapping("O"),
    defaultdict: _defaultdict,
    list: _sequence("l"),
    tuple: _sequence("t"),
    set: lambda encoder, values: ["S", *encoder._keys(values)],
    frozenset: lambda encoder, values: ["Z", *encoder._keys(values)],
    deque: lambda encoder, values: ["q", values.maxlen, *encoder._all(values)],
    slice: _slots("s", "start stop step"),
}
_ENCODERS: dict[type, Callable[[Encoder, Any], Any]] = {
    np.float64: _float64,
    np.ndarray: Encoder._array,
    bytes: lambda encoder, value: ["b", encoder._bytes(value)],
    bytearray: lambda encoder, value: ["B", encoder._bytes(value)],
    complex: lambda encoder, value: ["c", _b85(struct.pack("<dd", value.real, value.imag))],
    range: _slots("r", "start stop step"),
    AnyValue: lambda encoder, value: ["*"],
}
