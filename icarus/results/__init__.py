"""Results of campaigns: keeping them (``resultset``, ``readwrite``) and drawing them.

``plot`` draws figures that are described in full; ``figures`` finds out by itself what a
campaign varied; ``visualize`` draws networks. All need matplotlib, which is imported when one of
them is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from icarus.results.readwrite import ResultSet, read_results_pickle, write_results_pickle

if TYPE_CHECKING:
    from icarus.results.figures import plot_results
    from icarus.results.plot import plot_bar_chart, plot_cdf, plot_lines
    from icarus.results.visualize import draw_network_load, draw_stack_deployment

__all__ = [
    "ResultSet",
    "draw_network_load",
    "draw_stack_deployment",
    "plot_bar_chart",
    "plot_cdf",
    "plot_lines",
    "plot_results",
    "read_results_pickle",
    "write_results_pickle",
]

_DRAWN_BY = {
    "draw_network_load": "icarus.results.visualize",
    "draw_stack_deployment": "icarus.results.visualize",
    "plot_bar_chart": "icarus.results.plot",
    "plot_cdf": "icarus.results.plot",
    "plot_lines": "icarus.results.plot",
    "plot_results": "icarus.results.figures",
}


def __getattr__(name: str) -> Any:
    if name not in _DRAWN_BY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_DRAWN_BY[name]), name)
