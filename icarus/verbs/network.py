"""The network as kernels see it: nodes, contents and caches are numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.mixing import splitmix
from icarus.verbs.path_table import Paths

__all__ = ["AGAIN", "DONE", "Network", "content_source"]

DONE, AGAIN = 0, -2
"""What a strategy returns: that the request is served; or, having done nothing, that a path is
missing."""


class Network(NamedTuple):
    """What a strategy may see of the network beside the contents of caches."""

    paths: Paths
    cache_of: np.ndarray
    """int32, (n_nodes,): the cache of a node, or -1."""
    local_of: np.ndarray
    """int32, (n_nodes,): the local cache of a node, or -1."""
    node_of: np.ndarray
    """int32, (n_caches,): the node of a cache, coordinated caches first."""
    source_of: np.ndarray
    """int32, (n_contents,): the node that a content originates from; (0,) if that is computed."""
    hashed_sources: np.ndarray
    """int32, (n_sources,): nodes of which a hash chooses one; (0,) where there is a table."""
    salt: np.ndarray
    """int64, (1,): what tells this hash from others."""


def content_source(net, content):
    """Return the node that a content originates from."""
    if len(net.source_of) > 0:
        return net.source_of[content]
    if len(net.hashed_sources) == 1:
        return net.hashed_sources[0]
    number = np.uint64(splitmix(content ^ net.salt[0])) % np.uint64(len(net.hashed_sources))
    return net.hashed_sources[np.int64(number)]
