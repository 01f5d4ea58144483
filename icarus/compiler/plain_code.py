"""Plain Python as the compiler sees it: functions, and methods of NamedTuples.

What policies, strategies and the request loop are written in is nothing but that, without a
decorator, so that the interpreter and a debugger run it as it stands. Compiled code may call any
function of numbers, arrays and NamedTuples of these that makes no arrays itself, and any method
that the class of a NamedTuple has. A function may have another form for the compiler, where the
same takes other words in machine arithmetic: its attribute ``compiled_form``.

A method is compiled once for each type of its NamedTuple. One of a state inside another of the
same class, as with shards of shards, is another function to the compiler, which cannot have one
call itself with arguments of another type.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import numba
from numba.core import types
from numba.core.imputils import lower_builtin
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr
from numba.core.typing.typeof import typeof_impl

__all__ = ["INLINED", "OPTIONS"]

# Divisions by zero give what NumPy gives, without a branch; there is none in the kernels that
# depends on it. Reordering of floating-point sums stays off: results are to be the reference's.
# Nothing of ours is called from C.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": False,
    "_nrt": False,
    "no_cfunc_wrapper": True,
}

INLINED: dict[str, Any] = {**OPTIONS, "forceinline": True, "no_cpython_wrapper": True}
"""Options of functions that compiled code calls. Left to the compiler, calls that hand over a
dozen arrays stay calls: 5.9 million requests/s instead of 13.8 (GEANT, LCE, LRU). Making each
callable from Python and C as well took 45 % of the time of compiling a pair of a strategy and a
policy."""

_dispatchers: dict[tuple[FunctionType, Any], Any] = {}
"""Compiled forms, to which Numba itself keeps weak references only."""


def _dispatcher(function: FunctionType, state: Any = None) -> Any:
    """Return the compiled form of a function, or of a method for a type of its NamedTuple."""
    key = (function, state)
    if key not in _dispatchers:
        written = getattr(function, "compiled_form", function)
        _dispatchers[key] = numba.njit(**INLINED)(written)
    return types.Dispatcher(_dispatchers[key])


@typeof_impl.register(FunctionType)
def _type_of_function(function: FunctionType, context: Any) -> Any:
    # Where nothing is returned, Numba goes on to look for what it has in the function's place.
    package = str(function.__module__).partition(".")[0]
    overloaded = cpu_target.typing_context._lookup_global(function) is not None
    return None if overloaded or package in ("numba", "numpy") else _dispatcher(function)


@infer_getattr
class _Methods(AttributeTemplate):  # type: ignore[misc]
    """Methods of NamedTuples."""

    key = types.BaseNamedTuple

    def generic_resolve(self, state: Any, name: str) -> Any:
        function = _method(state, name)
        if name in state.fields or function is None:
            return None
        method = _dispatcher(function, state)
        _lower(name)

        class Method(AbstractTemplate):  # type: ignore[misc]
            key = (types.BaseNamedTuple, name)

            def generic(self, args: Any, kws: Any) -> Any:
                found = method.get_call_type(self.context, (state, *args), kws)
                return None if found is None else found.as_method()

        return types.BoundFunction(Method, state)


def _method(state: Any, name: str) -> FunctionType | None:
    found = getattr(getattr(state, "instance_class", None), name, None)
    return found if isinstance(found, FunctionType) else None


_lowered: set[str] = set()
"""Names of methods that code can be made for."""


def _lower(name: str) -> None:
    if name in _lowered:
        return
    _lowered.add(name)

    def call(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        state = signature.args[0]
        function = _method(state, name)
        assert function is not None
        code = context.get_function(_dispatcher(function, state), signature)
        result = code(builder, arguments)
        context.add_linking_libs(getattr(code, "libs", ()))
        return result

    key = (types.BaseNamedTuple, name)
    lower_builtin(key, types.BaseNamedTuple, types.VarArg(types.Any))(call)
