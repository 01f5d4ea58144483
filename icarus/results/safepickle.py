"""Pickles that execute nothing when they are read.

A pickle is a program; reading one from a stranger runs it. The reader here admits Icarus'
result types, NumPy arrays and plain Python data, and refuses everything else before it is
even imported. The writer stores whatever the reader would refuse as its text.
"""

from __future__ import annotations

import io
import pickle
from collections import defaultdict, deque
from typing import IO, Any

import numpy as np

from icarus.errors import ResultsError
from icarus.results.resultset import ResultSet
from icarus.util import Tree

__all__ = ["dump", "load"]

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
_PLAIN_KINDS = "biufcSUVMmO"
"""Kinds of arrays that a pickle describes by a letter and a size."""

_PythonUnpickler: Any = pickle._Unpickler


class _Array:
    """Stands for ``numpy.ndarray`` in a pickle, where only its name matters."""


def _of_type(value: Any, *types: type) -> Any:
    if type(value) not in types:
        raise ResultsError(f"it is damaged: a {type(value).__name__} is part of an array")
    return value


def _raw_bytes(raw: Any) -> Any:
    # Python 2 wrote strings for bytes.
    return raw.encode("latin1") if isinstance(raw, str) else _of_type(raw, bytes)


def _dtype(code: Any, *_: Any) -> np.dtype[Any]:
    # A copy, always: what follows may change it.
    return np.dtype(str(_of_type(code, str)), copy=True)


def _empty_array(*_: Any) -> np.ndarray:
    return np.empty(0, np.int8)


def _scalar(dtype: Any, raw: Any) -> Any:
    if not isinstance(dtype, np.dtype) or dtype.hasobject:
        raise ResultsError("it is damaged: a number has no type")
    return np.frombuffer(_raw_bytes(raw), dtype, count=1)[0]


def _frombuffer(raw: Any, dtype: Any, shape: Any, order: Any, *_: Any) -> np.ndarray:
    if not isinstance(dtype, np.dtype):
        raise ResultsError("it is damaged: an array has no type")
    flat = np.frombuffer(_of_type(raw, bytes, bytearray), dtype)
    return flat.reshape(_of_type(shape, tuple), order="F" if order == "F" else "C")


def _encode(text: Any, encoding: Any) -> bytes:
    # Protocols 0 to 2 have no bytes of their own.
    return bytes(_of_type(text, str).encode("latin1"))


_BUILDERS = {
    # NumPy's own believe what they are told, down to the addresses of objects.
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _dtype,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "scalar"): _scalar,
    ("numpy._core.numeric", "_frombuffer"): _frombuffer,
    ("_codecs", "encode"): _encode,
}


def _is_admitted(module: str, name: str) -> bool:
    return name in _ADMITTED.get(module, ()) or (module, name) in _BUILDERS


def _described_dtype(dtype: Any, state: Any) -> Any:
    """Make the type that `state` says `dtype` is, by ways that NumPy checks."""
    names, fields, size = state[3:6]
    if fields is not None:
        parts = [fields[name] for name in names]
        spec: Any = {"names": list(names), "formats": [part[0] for part in parts]}
        spec.update(offsets=[part[1] for part in parts], itemsize=size)
        return np.dtype(spec)
    if len(state) > 8 and dtype.kind in "Mm":
        unit, number, *_ = state[8][1]
        return np.dtype(f"{dtype.kind}8[{int(number)}{_raw_bytes(unit).decode('ascii')}]")
    return dtype


def _set_dtype_state(dtype: Any, state: Any) -> None:
    own = _described_dtype(dtype, _of_type(state, tuple)).__reduce__()[2]
    # Only what NumPy itself says of such a type is told to it, and the order of bytes.
    if state[1] not in ("<", ">", "|", "=") or own[2:8] != state[2:8]:
        raise ResultsError("it is damaged: the type of an array makes no sense")
    dtype.__setstate__((own[0], state[1], *own[2:]))


def _set_array_state(array: Any, state: Any) -> None:
    _, shape, dtype, in_fortran_order, raw = _of_type(state, tuple)
    if not isinstance(dtype, np.dtype):
        raise ResultsError("it is damaged: an array has no type")
    content = _of_type(raw, list) if dtype.hasobject else _raw_bytes(raw)
    array.__setstate__((1, _of_type(shape, tuple), dtype, bool(in_fortran_order), content))


class _RestrictedUnpickler(_PythonUnpickler):  # type: ignore[misc]
    # The unpickler in Python. With the one in C a pickle can set attributes of classes, and
    # one damaged byte can end the process or have it allocate many gigabytes.
    dispatch = _PythonUnpickler.dispatch.copy()

    def find_class(self, module: str, name: str) -> Any:
        module = _MOVED.get(module, module)
        name = _RENAMED.get((module, name), name)
        if not _is_admitted(module, name):
            raise ResultsError(f"it refers to {module}.{name}, which no results file does")
        builder = _BUILDERS.get((module, name))
        return super().find_class(module, name) if builder is None else builder

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) is ResultSet and type(state) is dict:
            target.__setstate__(state)
        elif isinstance(target, np.dtype):
            _set_dtype_state(target, state)
        elif type(target) is np.ndarray:
            _set_array_state(target, state)
        else:
            raise ResultsError(f"it is damaged: a {type(target).__name__} is given a state")

    dispatch[pickle.BUILD[0]] = load_build


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


def load(file: IO[bytes]) -> Any:
    """Read an object written by ``dump``, or a results file of Icarus 0.8.

    Raises
    ------
    ResultsError
        If the file is damaged, is no pickle, or holds anything but results. The message does
        not name the file.
    """
    raw = file.read()
    if not raw:
        raise ResultsError("it is empty")
    try:
        loaded = _RestrictedUnpickler(io.BytesIO(raw), encoding="latin1").load()
    except ResultsError:
        raise
    except EOFError:
        raise ResultsError("it is cut short; restore it from a copy or run again") from None
    except Exception as error:
        # A damaged pickle can make the unpickler fail in any way at all.
        if "truncated" in str(error) or "exhausted" in str(error):
            raise ResultsError("it is cut short; restore it from a copy or run again") from None
        text = " ".join(f"{type(error).__name__}: {error}".split())
        raise ResultsError(f"it is damaged, or no results file ({text})") from error
    if isinstance(loaded, ResultSet):
        _require_sound(loaded)
    return loaded


def _require_sound(results: ResultSet) -> None:
    """Refuse a set that a damaged file built up wrongly, before something trips over it."""
    state = results.__dict__
    sound = (
        isinstance(state.get("_results"), deque)
        and isinstance(state.get("_metadata"), deque)
        and isinstance(state.get("attr"), dict)
        and isinstance(state.get("failures"), list)
        and len(state["_results"]) == len(state["_metadata"])
        and all(type(pair) is tuple and len(pair) == 2 for pair in results)
        and all(isinstance(part, Tree) for pair in results for part in pair)
    )
    if not sound:
        raise ResultsError("it is damaged: its results are not pairs of trees")
