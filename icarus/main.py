"""Entry point of the command line, under the names that Icarus 0.8 has it by.

``read`` and ``write``, for results files, are imported when they are first used, so that the
command line starts quickly.
"""

from typing import TYPE_CHECKING, Any

from icarus.cli import CONTEXT_SETTINGS, main, merge_results, print_results, results, run

if TYPE_CHECKING:
    from icarus.results.readwrite import read_results_pickle as read
    from icarus.results.readwrite import write_results_pickle as write

__all__ = [
    "CONTEXT_SETTINGS",
    "main",
    "merge_results",
    "print_results",
    "read",
    "results",
    "run",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in ("read", "write"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from icarus.results import readwrite

    return getattr(readwrite, f"{name}_results_pickle")
