"""What a pickle of results may call, and what is done in its place.

The callables themselves believe what they are told: a pickle of a hundred bytes can ask for a
``bytearray`` of eight gigabytes. What is here makes the same of arguments that take as much room
in the file as what is made of them, and refuses others.
"""

from __future__ import annotations

import copyreg
import math
import re
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from icarus.errors import ResultsError
from icarus.results._arrays import array_of, sizeless
from icarus.results._bounds import leaves
from icarus.results.resultset import ResultSet
from icarus.util import AnyValue, Tree

__all__ = [
    "BUILDERS",
    "NAMED",
    "Budget",
    "Named",
    "blank",
    "is_blank",
    "set_array_state",
    "set_dtype_state",
]

_CODE = re.compile(r"[<>=|]?[A-Za-z]\d{0,10}(\[[^\[\]]{1,30}\])?")
_COPIED = (list, tuple, set, frozenset, deque)


class Budget(Protocol):
    """What is left of the room that a pickle may fill beyond its own size."""

    def spend(self, size: int) -> None:
        """Raise a ResultsError where nothing is left."""

    def spend_on(self, value: Any) -> None:
        """Spend what `value` stands for."""

    def check_key(self, key: Any) -> None:
        """Spend what it takes to hash `key`."""


def _odd(what: str) -> ResultsError:
    return ResultsError(f"it is damaged: {what}")


def _of_type(value: Any, *types: type) -> Any:
    if type(value) not in types:
        raise _odd(f"{type(value).__name__} is not the type that should be there")
    return value


def _raw_bytes(raw: Any) -> Any:
    # Python 2 wrote strings for bytes.
    return raw.encode("latin1") if isinstance(raw, str) else _of_type(raw, bytes)


def _copy(kind: Callable[[Any], Any], hashed: bool = False) -> Callable[..., Any]:
    def build(budget: Budget, values: Any = ()) -> Any:
        budget.spend(len(_of_type(values, *_COPIED)))
        if hashed:
            for value in values:
                budget.check_key(value)
        return kind(values)

    return build


def _deque(budget: Budget, values: Any = (), maxlen: Any = None) -> Any:
    budget.spend(len(_of_type(values, *_COPIED)))
    return deque(values, _of_type(maxlen, int, type(None)))


def _pairs(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(budget: Budget, pairs: Any = ()) -> Any:
        if type(pairs) is dict:
            pairs = list(pairs.items())
        for pair in _of_type(pairs, list, tuple):
            if len(_of_type(pair, list, tuple)) != 2:
                raise _odd("a mapping is not made of pairs")
            budget.check_key(pair[0])
            budget.spend_on(pair[1])
        return kind(pairs)

    return build


def _defaultdict(_: Budget, factory: Any = None) -> Any:
    known = factory is None or (isinstance(factory, type) and factory in BUILDERS)
    if not known:
        raise _odd("a mapping has no sensible default")
    return defaultdict(factory)


def _bytes(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(budget: Budget, raw: Any = b"", encoding: Any = "latin-1") -> Any:
        budget.spend(len(_of_type(raw, bytes, bytearray, str)))
        return kind(raw.encode("latin-1") if isinstance(raw, str) else raw)

    return build


def _number(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(budget: Budget, *parts: Any) -> Any:
        for part in parts:
            budget.spend(len(part) if type(part) is str else 8)
            _of_type(part, int, float, str, bool)
        return kind(*parts)

    return build


def _ints(kind: Callable[..., Any]) -> Callable[..., Any]:
    def build(_: Budget, *parts: Any) -> Any:
        return kind(*(_of_type(part, int, type(None)) for part in parts))

    return build


def _slice(budget: Budget, *parts: Any) -> Any:
    for part in parts:
        budget.spend_on(part)
    return slice(*parts)


def _blank(kind: Callable[[], Any]) -> Callable[..., Any]:
    # The function takes nothing, and says so.
    return lambda budget: kind()


def blank(kind: Any) -> Any:
    """Return an empty object of a type that ``is_blank``."""
    # Old files rely on a ResultSet not having what they do not say.
    return Tree() if kind is Tree else kind.__new__(kind)


def is_blank(kind: Any) -> bool:
    """Return whether pickles make empty objects of a type, which get their content later."""
    return any(kind is known for known in (ResultSet, AnyValue, Tree))


def _reconstructor(_: Budget, kind: Any, base: Any, state: Any) -> Any:
    if not is_blank(kind) or base is not object or state is not None:
        raise _odd("an object is made in an odd way")
    return blank(kind)


class _Array:
    """Stands for ``numpy.ndarray`` in a pickle, where only its name matters."""


class Named:
    """Stands for a callable of NumPy that is not to be called itself."""

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build


def _dtype(_: Budget, code: Any, *_rest: Any) -> np.dtype[Any]:
    if not _CODE.fullmatch(_of_type(code, str)):
        raise _odd("the type of an array makes no sense")
    # A copy, always: what follows may change it.
    dtype: np.dtype[Any] = np.dtype(code, copy=True)
    return dtype


def _empty_array(_: Budget, *_rest: Any) -> np.ndarray:
    return np.empty(0, np.int8)


def _is_dtype(dtype: Any) -> np.dtype[Any]:
    if not isinstance(dtype, np.dtype):
        raise _odd("an array or number has no type")
    return dtype


def _scalar(budget: Budget, dtype: Any, raw: Any = b"") -> Any:
    raw, dtype = _raw_bytes(raw), _is_dtype(dtype)
    budget.spend(len(raw))
    if dtype.kind == "S" and dtype.itemsize == len(raw):
        return np.bytes_(raw)
    if dtype.kind == "U" and dtype.itemsize == len(raw):
        order = "utf-32-be" if dtype.byteorder == ">" else "utf-32-le"
        return np.str_(raw.decode(order, "surrogatepass"))
    return array_of(dtype, (), "C", raw)[()]


def _frombuffer(
    budget: Budget, raw: Any, dtype: Any, shape: Any, order: Any, *_rest: Any
) -> np.ndarray:
    budget.spend(len(_of_type(raw, bytes, bytearray)))
    return array_of(_is_dtype(dtype), _of_type(shape, tuple), str(order), memoryview(raw))


def _encode(budget: Budget, text: Any, encoding: Any) -> bytes:
    # Protocols 0 to 2 have no bytes of their own.
    budget.spend(len(_of_type(text, str)))
    return bytes(text.encode("latin1"))


NAMED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): Named(_dtype),
    ("numpy._core.multiarray", "_reconstruct"): Named(_empty_array),
    ("numpy._core.multiarray", "scalar"): Named(_scalar),
    ("numpy._core.numeric", "_frombuffer"): Named(_frombuffer),
    ("_codecs", "encode"): Named(_encode),
}
"""What stands for the callables that are not to be called themselves."""


BUILDERS: dict[Any, Callable[..., Any]] = {
    **{named: named.build for named in NAMED.values() if isinstance(named, Named)},
    **{kind: _blank(kind) for kind in (object, ResultSet, AnyValue)},
    Tree: _pairs(Tree),
    dict: _pairs(dict),
    OrderedDict: _pairs(OrderedDict),
    defaultdict: _defaultdict,
    list: _copy(list),
    tuple: _copy(tuple),
    set: _copy(set, hashed=True),
    frozenset: _copy(frozenset, hashed=True),
    deque: _deque,
    bytes: _bytes(bytes),
    bytearray: _bytes(bytearray),
    str: lambda budget, text="": _of_type(text, str),
    **{kind: _number(kind) for kind in (bool, int, float, complex)},
    range: _ints(range),
    slice: _slice,
    copyreg._reconstructor: _reconstructor,  # type: ignore[attr-defined]
}
"""What is done in place of calling what a pickle may call."""


def _described_dtype(dtype: Any, state: Any) -> Any:
    """Make the type that `state` says `dtype` is, by ways that NumPy checks."""
    part, names, fields, size = state[2:6]
    if part is not None:
        base, shape = part
        return np.dtype((_is_dtype(base), _of_type(shape, tuple)))
    if fields is not None:
        parts = [fields[name] for name in names]
        spec: Any = {"names": list(names), "formats": [_is_dtype(one[0]) for one in parts]}
        spec.update(offsets=[one[1] for one in parts], itemsize=size)
        if any(len(one) > 2 for one in parts):
            spec["titles"] = [one[2] if len(one) > 2 else None for one in parts]
        # That the fields are aligned is a flag beside those that follow from them.
        return np.dtype(spec, align=bool(_of_type(state[7], int) & 0x80))
    if len(state) > 8 and dtype.kind in "Mm":
        unit, number, *_ = state[8][1]
        return np.dtype(f"{dtype.kind}8[{int(number)}{_raw_bytes(unit).decode('ascii')}]")
    return dtype


def set_dtype_state(budget: Budget, dtype: Any, state: Any) -> None:
    """Make `dtype` the type that `state` says it is."""
    made = _described_dtype(dtype, _of_type(state, tuple))
    budget.spend(leaves(made))
    own = made.__reduce__()[2]
    # Only what NumPy itself says of such a type is told to it, and the order of bytes.
    if state[1] not in ("<", ">", "|", "=") or own[2:8] != state[2:8]:
        raise _odd("the type of an array makes no sense")
    dtype.__setstate__((own[0], state[1], *own[2:]))


def set_array_state(array: Any, state: Any) -> None:
    """Give `array` the shape, type and content that `state` says."""
    _, shape, dtype, in_fortran_order, raw = _of_type(state, tuple)
    content = _of_type(raw, list) if _is_dtype(dtype).hasobject else _raw_bytes(raw)
    number = math.prod(_of_type(side, int) for side in _of_type(shape, tuple))
    size = 1 if dtype.hasobject else dtype.itemsize
    if min(shape, default=0) < 0 or number * size != len(content) or sizeless(dtype, shape):
        raise _odd("an array has another size than its content")
    array.__setstate__((1, shape, dtype, bool(in_fortran_order), content))
