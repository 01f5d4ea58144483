"""Policies and strategies once more, as functions over arrays that Numba compiles.

``icarus.models`` has the readable reference; what is here does exactly the same, some hundred
times faster. ``policies`` and ``strategies`` have the kernels, ``catalogue`` says which belongs
to which class, ``dispatch`` how the request loop (``loop``) finds them. ``paths``, ``index`` and
``sessions`` are what they share: shortest paths, look-ups in caches, and what is measured.

What kernels of one's own need can be imported from here; the compiler, which takes half a second
to load, is only loaded then.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icarus.compiler.jit import kernel
    from icarus.kernels.dispatch import cache_get, cache_has, cache_put, cache_remove
    from icarus.kernels.index import Slots, enter, find, leave, make_slots
    from icarus.kernels.kernel_registry import (
        Contents,
        Numbering,
        register_policy_kernel,
        register_strategy_kernel,
    )
    from icarus.kernels.network import AGAIN, content_hash
    from icarus.kernels.path_table import cache_at, find_path, last_position, node_at
    from icarus.kernels.sessions import (
        branch_leg,
        cache_serves,
        content_leg,
        request_leg,
        round_trip,
        source_serves,
    )

__all__ = [
    "AGAIN",
    "Contents",
    "Numbering",
    "Slots",
    "branch_leg",
    "cache_at",
    "cache_get",
    "cache_has",
    "cache_put",
    "cache_remove",
    "cache_serves",
    "content_hash",
    "content_leg",
    "enter",
    "find",
    "find_path",
    "kernel",
    "last_position",
    "leave",
    "make_slots",
    "node_at",
    "register_policy_kernel",
    "register_strategy_kernel",
    "request_leg",
    "round_trip",
    "source_serves",
]

_MODULES = (
    "icarus.compiler.jit",
    "icarus.kernels.dispatch",
    "icarus.kernels.index",
    "icarus.kernels.kernel_registry",
    "icarus.kernels.network",
    "icarus.kernels.path_table",
    "icarus.kernels.sessions",
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = import_module(module)
            if name in found.__all__:
                globals()[name] = getattr(found, name)
                return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
