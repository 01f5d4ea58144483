"""The network under simulation: its state (model), and the two ways to reach it.

Strategies read through a ``NetworkView`` and act through a ``NetworkController``.
"""

from icarus.execution.network.controller import NetworkController
from icarus.execution.network.model import NetworkModel
from icarus.execution.network.view import NetworkView
from icarus.routing.paths import ShortestPaths, symmetrify_paths

__all__ = [
    "NetworkController",
    "NetworkModel",
    "NetworkView",
    "ShortestPaths",
    "symmetrify_paths",
]
