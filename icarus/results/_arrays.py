"""NumPy's types and arrays as plain data and raw bytes, and back, by ways that NumPy checks."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["MOST_SIZELESS", "array_of", "described", "dtype_of", "raw_of", "sizeless"]

_PLAIN_KINDS = "biufcSUVMm"
"""Kinds of types that a letter and a size describe, unless they have fields."""
MOST_SIZELESS = 10**6
"""How many elements an array may have that take no space, and would take some when printed."""


def described(dtype: np.dtype[Any]) -> Any:
    """Return JSON material that ``dtype_of`` makes the same type of.

    Raises
    ------
    ValueError
        If there is none, as for types of Python objects.
    """
    material = _described(dtype)
    if dtype.names is not None:
        # Offsets, titles and names may be anything; what they become is seen by trying.
        again = dtype_of(json.loads(json.dumps(material)))
        if again != dtype or again.isalignedstruct != dtype.isalignedstruct:
            raise ValueError(f"the type {dtype} is not kept")
    return material


def _described(dtype: np.dtype[Any]) -> Any:
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return ["sub", _described(base), list(shape)]
    if dtype.names is None:
        if dtype.kind not in _PLAIN_KINDS:
            raise ValueError(f"the type {dtype} is not kept as bytes")
        return dtype.str
    assert dtype.fields is not None
    parts = [dtype.fields[name] for name in dtype.names]
    titles = [part[2] if len(part) > 2 else None for part in parts]
    if not all(title is None or type(title) is str for title in titles):
        raise ValueError(f"titles of {dtype} are no text")
    formats, offsets = [_described(part[0]) for part in parts], [part[1] for part in parts]
    names = list(dtype.names)
    return ["fields", names, formats, offsets, titles, dtype.itemsize, dtype.isalignedstruct]


def dtype_of(material: Any) -> np.dtype[Any]:
    """Return the type that ``described`` made material of.

    Raises
    ------
    ValueError, TypeError, LookupError
        If it did not.
    """
    if type(material) is str:
        dtype = np.dtype(material)
        if dtype.kind not in _PLAIN_KINDS or dtype.hasobject or dtype.names is not None:
            raise ValueError(f"an array of the type {dtype} is not kept as bytes")
        return dtype
    if material[0] == "sub":
        _, base, shape = material
        return np.dtype((dtype_of(base), tuple(shape)))
    _, names, formats, offsets, titles, size, aligned = material
    spec: Any = {"names": names, "formats": [dtype_of(one) for one in formats]}
    spec |= {"offsets": offsets, "itemsize": size}
    if any(title is not None for title in titles):
        spec["titles"] = titles
    made: np.dtype[Any] = np.dtype(spec, align=bool(aligned))
    return made


def raw_of(array: np.ndarray) -> memoryview:
    """Return the bytes of an array in its own order of axes; a copy only if they lie apart."""
    if not array.nbytes:
        return memoryview(b"")
    flat: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return memoryview(flat)


def array_of(
    dtype: np.dtype[Any], shape: Sequence[int], order: str, raw: bytes | memoryview
) -> np.ndarray:
    """Return an array with a copy of `raw` as its content.

    Raises
    ------
    ValueError, TypeError
        If these do not belong together.
    """
    # A negative length, of elements without a size, ends the process within NumPy.
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"no array has the shape {shape}")
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(raw) or sizeless(dtype, shape):
        raise ValueError(f"{len(raw)} bytes are no array of {dtype} of the shape {shape}")
    return np.ndarray(tuple(shape), dtype, bytearray(raw), order="F" if order == "F" else "C")


def sizeless(dtype: np.dtype[Any], shape: Sequence[int]) -> bool:
    """Return whether an array of next to no bytes is of more elements than are to be printed."""
    if dtype.itemsize and 0 not in shape:
        return False
    before = shape[: list(shape).index(0)] if 0 in shape else shape
    return math.prod(before) > MOST_SIZELESS
