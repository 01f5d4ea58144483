"""Results of campaigns: keeping them (``resultset``, ``readwrite``), comparing and drawing them.

``comparing`` says whether two campaigns differ; ``plot`` draws figures that are described in full;
``figures`` finds out by itself what a campaign varied; ``visualize`` draws networks. The last three
need matplotlib, which is imported when one of them is first used.
"""

import importlib
import os
import sys
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

from icarus.results.readwrite import ResultSet, read_results_pickle, write_results_pickle

if TYPE_CHECKING:
    from icarus.results._completeness import Completeness, completeness
    from icarus.results.comparing import Comparison, ComparisonRow, compare
    from icarus.results.figures import draw_figure, plot_results
    from icarus.results.plot import plot_bar_chart, plot_cdf, plot_lines
    from icarus.results.visualize import draw_network_load, draw_stack_deployment

__all__ = [
    "Comparison",
    "ComparisonRow",
    "Completeness",
    "ResultSet",
    "compare",
    "completeness",
    "draw_figure",
    "draw_network_load",
    "draw_stack_deployment",
    "plot_bar_chart",
    "plot_cdf",
    "plot_lines",
    "plot_results",
    "read_results_pickle",
    "write_results_pickle",
]

_MADE_BY = {
    "Comparison": "icarus.results.comparing",
    "ComparisonRow": "icarus.results.comparing",
    "Completeness": "icarus.results._completeness",
    "compare": "icarus.results.comparing",
    "draw_figure": "icarus.results.figures",
    "completeness": "icarus.results._completeness",
    "draw_network_load": "icarus.results.visualize",
    "draw_stack_deployment": "icarus.results.visualize",
    "plot_bar_chart": "icarus.results.plot",
    "plot_cdf": "icarus.results.plot",
    "plot_lines": "icarus.results.plot",
    "plot_results": "icarus.results.figures",
}


def __getattr__(name: str) -> Any:
    module = f"{__name__}.{name}"
    if module in _MADE_BY.values():
        return _imported(module)
    if name not in _MADE_BY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_imported(_MADE_BY[name]), name)


def _imported(module: str) -> ModuleType:
    """Import a module, also where MPLBACKEND names what matplotlib cannot find.

    Jupyter leaves its own there to all that is started from a notebook. Our figures need none.
    """
    named = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)
    try:
        return importlib.import_module(module)
    finally:
        if named is not None:
            os.environ["MPLBACKEND"] = named
            with suppress(ValueError, KeyError):
                sys.modules["matplotlib"].rcParams["backend"] = named
