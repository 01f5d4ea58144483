"""Pickles that execute nothing when they are read, and take no more than they are large.

A pickle is a program; reading one from a stranger runs it. The reader here admits Icarus'
result types, NumPy arrays and plain Python data, and refuses everything else before it is
even imported. Results of Icarus 0.8, and of versions before 1.0, are such pickles.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict, defaultdict, deque
from typing import IO, Any

import numpy as np

from icarus.errors import ResultsError
from icarus.plaintext import one_line
from icarus.results._bounds import Weights
from icarus.results._builders import (
    BUILDERS,
    NAMED,
    Named,
    blank,
    is_blank,
    set_array_state,
    set_dtype_state,
)
from icarus.results.resultset import ResultSet
from icarus.util import Tree

__all__ = ["load"]

_SIZE = struct.Struct("<Q")
_FREE, _PER_BYTE = 10**6, 20
"""How much a pickle may stand for once it is written out: so much, and so much a byte of it."""

_ADMITTED: dict[str, frozenset[str]] = {
    "builtins": frozenset(
        {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list"}
        | {"object", "range", "set", "slice", "str", "tuple"}
    ),
    "collections": frozenset({"OrderedDict", "defaultdict", "deque"}),
    "copyreg": frozenset({"_reconstructor"}),
    "icarus.util": frozenset({"AnyValue", "Tree"}),
    "icarus.results.resultset": frozenset({"ResultSet"}),
}
_MOVED = {
    # Where Python 2, Icarus 0.8 and NumPy before 2.0 have the same things.
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "icarus.results.readwrite": "icarus.results.resultset",
    "numpy.core.multiarray": "numpy._core.multiarray",
    "numpy.core.numeric": "numpy._core.numeric",
}
_RENAMED = {
    ("builtins", "unicode"): "str",
    ("builtins", "long"): "int",
    ("builtins", "xrange"): "range",
}
_PythonUnpickler: Any = pickle._Unpickler


def _is_admitted(module: str, name: str) -> bool:
    return name in _ADMITTED.get(module, ()) or (module, name) in NAMED


def _odd() -> ResultsError:
    return ResultsError("it is damaged: it does what no results file does")


class _RestrictedUnpickler(_PythonUnpickler):  # type: ignore[misc]
    # The unpickler in Python. With the one in C a pickle can set attributes of classes, and
    # one damaged byte can end the process or have it allocate many gigabytes.
    dispatch = _PythonUnpickler.dispatch.copy()

    def __init__(self, raw: bytes) -> None:
        super().__init__(io.BytesIO(raw), encoding="latin1")
        self.most = _FREE + _PER_BYTE * len(raw)
        self._left = self.most

    def spend(self, size: int) -> None:
        self._left -= 1 + size
        if self._left < 0:
            raise ResultsError("it is damaged: it stands for far more than it is")

    def spend_on(self, value: Any) -> None:
        self.spend(Weights(self._left).of(value))

    def check_key(self, key: Any) -> None:
        # What hashes in no time need not be looked at.
        if type(key) not in (str, float, bool, type(None)):
            self.spend_on(key)

    def find_class(self, module: str, name: str) -> Any:
        module = _MOVED.get(module, module)
        name = _RENAMED.get((module, name), name)
        if not _is_admitted(module, name):
            raise ResultsError(f"it refers to {module}.{name}, which no results file does")
        return NAMED.get((module, name)) or super().find_class(module, name)

    def _call(self, function: Any, arguments: Any) -> Any:
        # Hashing what is no function, such as a tuple of tuples, may never end.
        known = callable(function) or type(function) is Named
        builder = BUILDERS.get(function) if known else None
        if builder is None or type(arguments) is not tuple:
            raise _odd()
        return builder(self, *arguments)

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        self.stack[-1] = self._call(self.stack[-1], arguments)

    dispatch[pickle.REDUCE[0]] = load_reduce

    def load_newobj(self) -> None:
        arguments = self.stack.pop()
        kind = self.stack.pop()
        if not is_blank(kind) or type(arguments) is not tuple or arguments:
            raise _odd()
        self.append(blank(kind))

    dispatch[pickle.NEWOBJ[0]] = load_newobj

    def _instantiate(self, kind: Any, arguments: Any) -> None:
        self.append(self._call(kind, tuple(arguments)))

    def load_refused(self) -> None:
        raise _odd()

    dispatch[pickle.NEWOBJ_EX[0]] = load_refused

    def load_bytearray8(self) -> None:
        (size,) = _SIZE.unpack(self.read(8))
        # A piece that is read, and no room for what may not be there.
        self.append(bytearray(self.read(size)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8

    def _enter(self, mapping: Any, key: Any, value: Any) -> None:
        self.check_key(key)
        if type(mapping) is Tree and isinstance(value, dict) and not isinstance(value, Tree):
            # It is copied, with all that is in it.
            self.spend_on(value)
        mapping[key] = value

    def _enter_all(self, mapping: Any, items: list[Any]) -> None:
        if type(mapping) not in (dict, Tree, OrderedDict, defaultdict):
            raise _odd()
        for key, value in zip(items[::2], items[1::2], strict=True):
            self._enter(mapping, key, value)

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._enter_all(self.stack[-1], [key, value])

    dispatch[pickle.SETITEM[0]] = load_setitem

    def load_setitems(self) -> None:
        items = self.pop_mark()
        self._enter_all(self.stack[-1], items)

    dispatch[pickle.SETITEMS[0]] = load_setitems

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.append({})
        self._enter_all(self.stack[-1], items)

    dispatch[pickle.DICT[0]] = load_dict

    def _append_all(self, items: list[Any]) -> None:
        if type(self.stack[-1]) not in (list, deque, bytearray):
            raise _odd()
        self.stack[-1].extend(items)

    def load_append(self) -> None:
        self._append_all([self.stack.pop()])

    dispatch[pickle.APPEND[0]] = load_append

    def load_appends(self) -> None:
        self._append_all(self.pop_mark())

    dispatch[pickle.APPENDS[0]] = load_appends

    def _members(self) -> list[Any]:
        items: list[Any] = self.pop_mark()
        for item in items:
            self.check_key(item)
        return items

    def load_additems(self) -> None:
        items = self._members()
        if type(self.stack[-1]) is not set:
            raise _odd()
        self.stack[-1].update(items)

    dispatch[pickle.ADDITEMS[0]] = load_additems

    def load_frozenset(self) -> None:
        # In this order: the list that is appended to is another after the first.
        items = self._members()
        self.append(frozenset(items))

    dispatch[pickle.FROZENSET[0]] = load_frozenset

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is ResultSet and type(state) is dict:
            target.__setstate__(state)
        elif isinstance(target, np.dtype):
            set_dtype_state(self, target, state)
        elif type(target) is np.ndarray:
            set_array_state(target, state)
        else:
            raise ResultsError(f"it is damaged: a {type(target).__name__} is given a state")

    dispatch[pickle.BUILD[0]] = load_build


def load(file: IO[bytes]) -> Any:
    """Read a pickle of results.

    Raises
    ------
    ResultsError
        If the file is damaged, is no pickle, or holds anything but results. The message does
        not name the file.
    """
    raw = file.read()
    if not raw:
        raise ResultsError("it is empty")
    unpickler = _RestrictedUnpickler(raw)
    try:
        loaded = unpickler.load()
    except ResultsError:
        raise
    except EOFError:
        raise ResultsError("it is cut short; restore it from a copy or run again") from None
    except Exception as error:
        # A damaged pickle can make the unpickler fail in any way at all.
        text = str(error)
        if "truncated" in text or "exhausted" in text or text == "index out of range":
            raise ResultsError("it is cut short; restore it from a copy or run again") from None
        text = one_line(f"{type(error).__name__}: {error}", 200)
        raise ResultsError(f"it is damaged, or no results file ({text})") from error
    weights = Weights(unpickler.most)
    if isinstance(loaded, ResultSet):
        _require_sound(loaded)
        # Each of these is printed by itself; what holds for all results is part of each.
        for part in (*loaded.dump(), *loaded.metadata, *loaded.failures, loaded.attr):
            weights.of(part)
    else:
        weights.of(loaded)
    return loaded


def _require_sound(results: ResultSet) -> None:
    """Refuse a set that a damaged file built up wrongly, before something trips over it."""
    state = results.__dict__
    sound = (
        isinstance(state.get("_results"), deque)
        and isinstance(state.get("_metadata"), deque)
        and isinstance(state.get("attr"), dict)
        and isinstance(state.get("failures"), list)
        and all(type(pair) is tuple and len(pair) == 2 for pair in state["failures"])
        and len(state["_results"]) == len(state["_metadata"])
        and all(type(pair) is tuple and len(pair) == 2 for pair in results)
        and all(isinstance(part, Tree) for pair in results for part in pair)
    )
    if not sound:
        raise ResultsError("it is damaged: its results are not pairs of trees")
