"""Reading what ``encoding`` wrote: nothing is executed, and no more is made than was written."""

from __future__ import annotations

import base64
import io
import json
import struct
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from icarus.results import safepickle
from icarus.results._arrays import array_of, dtype_of, sizeless
from icarus.util import AnyValue, Tree

__all__ = ["CLASSES", "LENGTH", "MAGIC", "SCALARS", "decode", "loads", "parsed"]

MAGIC = b"\x01"
"""What a payload begins with that has raw bytes beside its JSON."""
LENGTH = struct.Struct("<Q")
"""Of the JSON, which follows the magic byte."""
SCALARS = "biufcMm"
"""Kinds of NumPy's scalars that letters and bytes describe."""
CLASSES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, range),
        *(set, slice, str, tuple, OrderedDict, defaultdict, deque, Tree, AnyValue),
    )
}
"""Classes that are kept when they are values themselves."""


def loads(raw: bytes | memoryview) -> Any:
    """Return the value that ``dumps`` made bytes of.

    Raises
    ------
    ValueError, TypeError, LookupError, RecursionError, OverflowError, ResultsError
        If it did not make them.
    """
    return decode(*parsed(raw))


def parsed(raw: bytes | memoryview) -> tuple[Any, memoryview]:
    """Return the JSON material of a payload, and the raw bytes beside it.

    Raises
    ------
    ValueError, RecursionError
        If it is no payload.
    """
    if raw[:1] != MAGIC:
        return json.loads(bytes(raw)), memoryview(b"")
    view = memoryview(raw)
    start = len(MAGIC) + LENGTH.size
    if len(view) < start:
        raise ValueError("it is cut short")
    (length,) = LENGTH.unpack_from(view, len(MAGIC))
    return json.loads(bytes(view[start : start + length])), view[start + length :]


class _Decoder:
    """Makes values of JSON material and the raw bytes beside it."""

    def __init__(self, raw: memoryview) -> None:
        self._raw = raw
        self._left = len(raw)

    def decode(self, value: Any) -> Any:
        kind = type(value)
        if kind is dict:
            return _tree(value.keys(), self.all(value.values()))
        if kind is list:
            return _DECODERS[value[0]](self, value)
        return value

    def all(self, values: Iterable[Any]) -> list[Any]:
        decode = self.decode
        return [decode(one) if type(one) in (list, dict) else one for one in values]

    def bytes(self, place: Any) -> bytes | memoryview:
        """Return bytes that are text within the JSON, or beside it."""
        if type(place) is str:
            return base64.b85decode(place)
        start, size = place
        # Each has its own, so that little material does not stand for much.
        self._left -= size
        if start < 0 or size < 0 or start + size > len(self._raw) or self._left < 0:
            raise ValueError("bytes beside the JSON are missing")
        return self._raw[start : start + size]

    def mapping(self, keys: Any, values: Any) -> Iterable[tuple[Any, Any]]:
        return zip(self.all(keys), self.all(values), strict=True)


def decode(material: Any, raw: bytes | memoryview = b"") -> Any:
    """Return what ``Encoder.encode`` made JSON material of.

    Parameters
    ----------
    material : object
    raw : bytes, optional
        What is beside it in the payload.
    """
    return _Decoder(memoryview(raw)).decode(material)


def _tree(keys: Any, values: Any) -> Tree:
    tree = Tree()
    # What is inside was made a Tree already, so that nothing is left to convert on entering it.
    dict.update(tree, zip(keys, values, strict=True))
    return tree


def _tree_of_tuples(_: _Decoder, value: list[Any]) -> Tree:
    _tag, width, flat, values = value
    return _tree(zip(*[iter(flat)] * width, strict=True), values)


def _plain_array(decoder: _Decoder, value: list[Any]) -> np.ndarray:
    _, dtype, shape, *rest, place = value
    order = rest[0] if rest else "C"
    return array_of(dtype_of(dtype), shape, order, decoder.bytes(place))


def _object_array(decoder: _Decoder, value: list[Any]) -> np.ndarray:
    _, shape, elements = value
    flat = np.empty(len(elements), object)
    for i, element in enumerate(elements):
        flat[i] = decoder.decode(element)
    if sizeless(flat.dtype, shape):
        raise ValueError(f"no array has the shape {shape}")
    return flat.reshape(shape)


def _number(decoder: _Decoder, value: list[Any]) -> Any:
    dtype = dtype_of(value[1])
    if dtype.kind not in SCALARS:
        raise ValueError(f"no number is of the type {dtype}")
    return array_of(dtype, (), "C", decoder.bytes(value[2]))[()]


def _defaultdict_of(decoder: _Decoder, value: list[Any]) -> defaultdict[Any, Any]:
    _, name, keys, values = value
    factory: Any = None if name is None else CLASSES[name]
    return defaultdict(factory, decoder.mapping(keys, values))


_DECODERS: dict[Any, Callable[[_Decoder, list[Any]], Any]] = {
    "T": lambda decoder, value: _tree(decoder.all(value[1]), decoder.all(value[2])),
    "A": lambda decoder, value: _tree(value[1], value[2]),
    "K": _tree_of_tuples,
    "d": lambda decoder, value: dict(decoder.mapping(*value[1:])),
    "O": lambda decoder, value: OrderedDict(decoder.mapping(*value[1:])),
    "D": _defaultdict_of,
    "l": lambda decoder, value: decoder.all(value[1:]),
    "t": lambda decoder, value: tuple(decoder.all(value[1:])),
    "S": lambda decoder, value: set(decoder.all(value[1:])),
    "Z": lambda decoder, value: frozenset(decoder.all(value[1:])),
    "q": lambda decoder, value: deque(decoder.all(value[2:]), value[1]),
    "r": lambda decoder, value: range(*decoder.all(value[1:])),
    "s": lambda decoder, value: slice(*decoder.all(value[1:])),
    "u": lambda decoder, value: base64.b85decode(value[1]).decode("utf-8", "surrogatepass"),
    "i": lambda decoder, value: int.from_bytes(base64.b85decode(value[1]), "little", signed=True),
    "x": lambda decoder, value: struct.unpack("<d", base64.b85decode(value[1]))[0],
    "c": lambda decoder, value: complex(*struct.unpack("<dd", base64.b85decode(value[1]))),
    "b": lambda decoder, value: bytes(decoder.bytes(value[1])),
    "B": lambda decoder, value: bytearray(decoder.bytes(value[1])),
    "k": lambda decoder, value: CLASSES[value[1]],
    "*": lambda decoder, value: AnyValue(),
    "f": lambda decoder, value: np.float64(value[1]),
    "n": _number,
    "ns": lambda decoder, value: np.str_(decoder.decode(value[1])),
    "nb": lambda decoder, value: np.bytes_(decoder.bytes(value[1])),
    "nv": lambda decoder, value: decoder.decode(value[1])[()],
    "N": _plain_array,
    "o": _object_array,
    "y": lambda decoder, value: dtype_of(value[1]),
    # What was written before raw bytes were kept beside the JSON.
    "a": _plain_array,
    "p": lambda decoder, value: safepickle.load(io.BytesIO(base64.b85decode(value[1]))),
}
