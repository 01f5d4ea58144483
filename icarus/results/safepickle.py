"""Pickles that execute nothing when they are read.

A pickle is a program; reading one from a stranger runs it. The reader here admits Icarus'
result types, NumPy arrays and plain Python data, and refuses everything else before it is
even imported. The writer stores whatever the reader would refuse as its text.
"""

from __future__ import annotations

import io
import pickle
from typing import IO, Any

import numpy as np

from icarus.errors import ResultsError

__all__ = ["dump", "load"]

_ADMITTED: dict[str, frozenset[str]] = {
    "builtins": frozenset(
        {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list"}
        | {"object", "range", "set", "slice", "str", "tuple"}
    ),
    "collections": frozenset({"OrderedDict", "defaultdict", "deque"}),
    "copyreg": frozenset({"_reconstructor"}),
    "numpy": frozenset({"dtype", "ndarray"}),
    "icarus.util": frozenset({"AnyValue", "Tree"}),
    "icarus.results.resultset": frozenset({"ResultSet"}),
}
_MOVED = {
    # Where Python 2, Icarus 0.8 and NumPy before 2.0 had the same things.
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
_NUMPY_BUILDERS = {
    "numpy._core.multiarray": frozenset({"_reconstruct", "scalar"}),
    "numpy._core.numeric": frozenset({"_frombuffer"}),
}


def _is_admitted(module: str, name: str) -> bool:
    return name in _ADMITTED.get(module, ()) or name in _NUMPY_BUILDERS.get(module, ())


class _RestrictedUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        module = _MOVED.get(module, module)
        name = _RENAMED.get((module, name), name)
        if not _is_admitted(module, name):
            raise ResultsError(f"it refers to {module}.{name}, which no results file does")
        return super().find_class(module, name)


class _PlainPickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        definition = obj if hasattr(obj, "__qualname__") else type(obj)
        module, name = definition.__module__ or "", definition.__qualname__
        if _is_admitted(module, name):
            return NotImplemented
        if definition is obj:
            return str, (f"{module}.{name}",)
        if isinstance(obj, (np.generic, np.ndarray, np.dtype)):
            return NotImplemented
        return str, (repr(obj),)


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
        return _RestrictedUnpickler(io.BytesIO(raw), encoding="latin1").load()
    except ResultsError:
        raise
    except EOFError:
        raise ResultsError("it is cut short; restore it from a copy or run again") from None
    except Exception as error:
        # A damaged pickle can make the unpickler fail in any way at all.
        if "truncated" in str(error):
            raise ResultsError("it is cut short; restore it from a copy or run again") from None
        text = f"{type(error).__name__}: {error}"
        raise ResultsError(f"it is damaged, or no results file ({text})") from error
