"""Pickles of results as versions before 1.0 wrote them, which go on being read."""

from __future__ import annotations

import pickle
from collections import defaultdict
from typing import IO, Any

import numpy as np

from icarus.results.resultset import ResultSet
from icarus.results.safepickle import _MOVED, _is_admitted
from icarus.util import Tree

__all__ = ["dump"]

_PLAIN_KINDS = "biufcSUVMmO"
"""Kinds of arrays that a pickle describes by a letter and a size."""


def _definition(obj: Any) -> tuple[str, str]:
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None) or type(named).__module__
    return _MOVED.get(module, module), named.__qualname__


def _text(obj: Any) -> str:
    if hasattr(obj, "__qualname__"):
        return ".".join(_definition(obj))
    try:
        return repr(obj)
    except Exception:
        return object.__repr__(obj)


def _plain_array(array: Any) -> Any:
    """Return an array as one that a pickle describes without naming other classes."""
    if isinstance(array, np.ma.MaskedArray):
        return np.ma.filled(array.astype(object), None)
    if array.dtype.kind not in _PLAIN_KINDS:
        return np.asarray(array).astype(object)
    if array.dtype.type is np.record:
        return np.asarray(array).view(np.dtype((np.void, array.dtype)))
    return np.asarray(array)


class _PlainPickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.ndarray):
            return _plain_array(obj).__reduce__()
        if isinstance(obj, np.record):
            return tuple, (obj.item(),)
        if isinstance(obj, np.generic) or (
            isinstance(obj, np.dtype) and obj.kind in _PLAIN_KINDS and obj.type is not np.record
        ):
            return NotImplemented
        if isinstance(obj, ResultSet):
            return ResultSet, (), obj.__dict__
        if isinstance(obj, Tree):
            return Tree, (), None, None, iter(obj.items())
        if type(obj) is defaultdict and not _is_admitted(*_definition(obj.default_factory)):
            return dict, (), None, None, iter(obj.items())
        if _is_admitted(*_definition(obj)):
            return NotImplemented
        return str, (_text(obj),)


def dump(obj: Any, file: IO[bytes]) -> None:
    """Write `obj`; what ``load`` would refuse, such as a function, is stored as its text."""
    _PlainPickler(file, protocol=4).dump(obj)
