"""How parameters, results and outcomes are kept in a journal: as JSON that loses nothing.

Reading it executes nothing and is quick, which the restricted unpickler of results files is
not: a hundred thousand results are read in seconds. Numbers come back with the same bits and
the same types. What JSON has no form for is a list that begins with a tag; a mapping stands
for a Tree, which is what results are made of. Whatever else there may be, such as an object of
a user's own class, goes through the pickles of results files, which keep it as its text.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from icarus.results import safepickle
from icarus.util import Tree

__all__ = ["decode", "dumps", "encode", "loads"]

_ATOMS = frozenset({bool, float, str, type(None)})
_LARGEST = 2**63
_PLAIN_KINDS = "biufcSUMm"
"""Kinds of arrays that their bytes and the letters of their type describe."""


def dumps(value: Any) -> bytes:
    """Return `value` as bytes.

    Raises
    ------
    RecursionError
        If it contains itself, or is nested too deeply.
    """
    return json.dumps(encode(value), separators=(",", ":")).encode()


def loads(raw: bytes) -> Any:
    """Return the value that ``dumps`` made bytes of.

    Raises
    ------
    ValueError, TypeError, LookupError, RecursionError, ResultsError
        If it did not make them.
    """
    return decode(json.loads(raw))


def encode(value: Any) -> Any:
    """Return `value` as JSON material."""
    kind = type(value)
    if kind in _ATOMS or (kind is int and -_LARGEST < value < _LARGEST):
        return value
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(value)
    if isinstance(value, np.generic) and value.dtype.kind in _PLAIN_KINDS:
        return ["n", value.dtype.str, _text(value.tobytes())]
    return _pickled(value)


def _pickled(value: Any) -> Any:
    file = io.BytesIO()
    safepickle.dump(value, file)
    return ["p", _text(file.getvalue())]


def _text(raw: bytes) -> str:
    return base64.b85encode(raw).decode("ascii")


def _encode_tree(tree: Tree) -> Any:
    kinds = set(map(type, tree.keys()))
    if kinds <= {str}:
        return {key: encode(value) for key, value in tree.items()}
    keys, values = list(tree.keys()), [encode(value) for value in tree.values()]
    if not _ATOMS.issuperset(map(type, values)):
        return ["T", [encode(key) for key in keys], values]
    # Figures of each node or link, of which there are many, are read back without a look at each.
    if kinds == {int}:
        return ["A", keys, values]
    width = len(keys[0]) if kinds == {tuple} else 0
    flat = [part for key in keys for part in key] if width else []
    if width and {len(key) for key in keys} == {width} and set(map(type, flat)) <= {int, str}:
        return ["K", width, flat, values]
    return ["T", [encode(key) for key in keys], values]


def _encode_dict(mapping: dict[Any, Any]) -> Any:
    return ["d", [encode(key) for key in mapping], [encode(value) for value in mapping.values()]]


def _encode_array(array: np.ndarray) -> Any:
    if array.dtype.kind not in _PLAIN_KINDS:
        return _pickled(array)
    return ["a", array.dtype.str, list(array.shape), _text(array.tobytes())]


def _tagged(tag: str) -> Callable[[Any], Any]:
    return lambda values: [tag, *map(encode, values)]


_ENCODERS: dict[type, Callable[[Any], Any]] = {
    Tree: _encode_tree,
    dict: _encode_dict,
    list: _tagged("l"),
    tuple: _tagged("t"),
    np.float64: lambda value: ["f", float(value)],
    np.ndarray: _encode_array,
    bytes: lambda value: ["b", _text(value)],
}


def decode(value: Any) -> Any:
    """Return what ``encode`` made JSON material of."""
    kind = type(value)
    if kind is dict:
        return _tree(value.keys(), _decoded(value.values()))
    if kind is list:
        return _DECODERS[value[0]](value)
    return value


def _decoded(values: Any) -> list[Any]:
    return [decode(one) if type(one) in (list, dict) else one for one in values]


def _tree(keys: Any, values: Any) -> Tree:
    tree = Tree()
    # What is inside was made a Tree already, so that nothing is left to convert on entering it.
    dict.update(tree, zip(keys, values, strict=True))
    return tree


def _tree_of_tuples(value: list[Any]) -> Tree:
    _, width, flat, values = value
    return _tree(zip(*[iter(flat)] * width, strict=True), values)


def _raw(text: str) -> bytes:
    return base64.b85decode(text)


def _plain_dtype(code: Any) -> np.dtype[Any]:
    dtype = np.dtype(str(code))
    if dtype.kind not in _PLAIN_KINDS:
        raise ValueError(f"an array of the type {dtype} is not kept as bytes")
    return dtype


def _decode_array(value: list[Any]) -> np.ndarray:
    _, code, shape, text = value
    return np.frombuffer(_raw(text), _plain_dtype(code)).reshape(shape).copy()


def _decode_dict(value: list[Any]) -> dict[Any, Any]:
    return dict(zip(_decoded(value[1]), _decoded(value[2]), strict=True))


_DECODERS: dict[Any, Callable[[list[Any]], Any]] = {
    "T": lambda value: _tree(_decoded(value[1]), _decoded(value[2])),
    "A": lambda value: _tree(value[1], value[2]),
    "K": _tree_of_tuples,
    "d": _decode_dict,
    "l": lambda value: _decoded(value[1:]),
    "t": lambda value: tuple(_decoded(value[1:])),
    "f": lambda value: np.float64(value[1]),
    "n": lambda value: np.frombuffer(_raw(value[2]), _plain_dtype(value[1]), count=1)[0],
    "a": _decode_array,
    "b": lambda value: _raw(value[1]),
    "p": lambda value: safepickle.load(io.BytesIO(_raw(value[1]))),
}
