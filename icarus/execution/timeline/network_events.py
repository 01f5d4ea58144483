"""The events that a timeline may have. Each is a function of a ``ChangingNetwork``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import Len

from icarus.core.byte_sizes import bytes_of
from icarus.errors import EventError
from icarus.execution.timeline.changing_network import ChangingNetwork
from icarus.registry import register_network_event
from icarus.types import Fraction, NonNegative, Positive, PositiveInt

__all__: list[str] = []

Link = Annotated[list[Any] | tuple[Any, ...], Len(2, 2)]
"""The two ends of a link, in any order."""


def _one_of_both(parameters: dict[str, Any]) -> list[str]:
    if (parameters.get("size") is None) == (parameters.get("factor") is None):
        return ["either size or factor says how large caches are to be"]
    return []


@register_network_event("link_down")
def link_down(network: ChangingNetwork, link: Link) -> None:
    """Take a link down. Paths are computed anew, and strategies told.

    Parameters
    ----------
    link : pair of nodes
        Its ends.
    """
    network.remove_link(link)


@register_network_event("link_up")
def link_up(network: ChangingNetwork, link: Link) -> None:
    """Put a link back that was taken down.

    Parameters
    ----------
    link : pair of nodes
        Its ends.
    """
    network.restore_link(link)


@register_network_event("rewire")
def rewire(network: ChangingNetwork, link: Link, to: Link) -> None:
    """Move a link, with its delay, type and weight, to between two other nodes.

    Parameters
    ----------
    link : pair of nodes
        Its ends.
    to : pair of nodes
        Its ends from now on; there must be no link between them.
    """
    network.rewire_link(link, to)


@register_network_event("node_down")
def node_down(
    network: ChangingNetwork, node: Any, contents: Literal["kept", "lost"] = "kept"
) -> None:
    """Take a node down: its links, its cache and the contents that it originates are away.

    Requests that have to reach it fail meanwhile, as do those that it makes.

    Parameters
    ----------
    node : node
        Which one.
    contents : {"kept", "lost"}, optional
        What becomes of the contents of its cache until it returns.
    """
    network.remove_node(node, contents)


@register_network_event("node_up")
def node_up(network: ChangingNetwork, node: Any) -> None:
    """Put a node back that was taken down, with all that it had.

    Parameters
    ----------
    node : node
        Which one.
    """
    network.restore_node(node)


@register_network_event("flush")
def flush(network: ChangingNetwork, node: Any = None) -> None:
    """Empty a cache, or all; what its policy knows of contents is forgotten as well.

    Parameters
    ----------
    node : node, optional
        Whose cache; by default all caches are emptied.
    """
    network.flush(node)


@register_network_event("resize", check=_one_of_both)
def resize(
    network: ChangingNetwork,
    node: Any = None,
    size: PositiveInt | str | None = None,
    factor: Positive | None = None,
) -> None:
    """Give a cache, or all, another size. The least valuable contents leave if it is smaller.

    What the policy knows of contents goes on, and so does what goes around it.

    Parameters
    ----------
    node : node, optional
        Whose cache; by default all caches are resized.
    size : int or str, optional
        How many contents fit from now on, or bytes where caches are sized in them; also a text
        such as "10 GiB".
    factor : float, optional
        Instead, how many times the present size that is.
    """
    if isinstance(size, str):
        size = _bytes(network, size)
    network.resize(node, size, factor)


def _bytes(network: ChangingNetwork, size: str) -> int:
    if network.view.topology().graph.get("capacity_unit") != "bytes":
        raise EventError("size", f"caches hold a number of contents, found {size!r}")
    try:
        return bytes_of(size)
    except ValueError as error:
        raise EventError("size", str(error)) from None


@register_network_event("rate")
def rate(network: ChangingNetwork, factor: Positive) -> None:
    """Have requests come faster or more slowly from now on.

    The clock is bent: contents, receivers and the numbers that gaps are drawn from stay the same,
    so that designs remain comparable. Traces and workloads of events have times of their own, and
    refuse it.

    Parameters
    ----------
    factor : float
        How many times as fast as the workload has it; 1 is the rate of the workload again.
    """
    network.set_rate(factor)


def _each_once(parameters: dict[str, Any]) -> list[str]:
    names = list(parameters.get("promote") or ())
    twice = [name for place, name in enumerate(names) if name in names[:place]]
    return [f"promote has content {twice[0]!r} twice"] if twice else []


@register_network_event("popularity", check=_each_once)
def popularity(
    network: ChangingNetwork,
    alpha: NonNegative | None = None,
    shuffle: Fraction = 0.0,
    promote: list[Any] | tuple[Any, ...] = (),
    restore: bool = False,
) -> None:
    """Have other contents be popular from now on; times and receivers stay the same.

    Only workloads that draw contents from a Zipf distribution can: STATIONARY.

    Parameters
    ----------
    alpha : float, optional
        The exponent of the distribution from now on.
    shuffle : float, optional
        This share of all contents, chosen at random, change their ranks among one another.
    promote : list of contents, optional
        They become the most popular ones, in this order; all others follow in theirs.
    restore : bool, optional
        Whether contents become as popular as at the start, before anything else is changed.
    """
    network.set_popularity(alpha, shuffle, promote, restore)


@register_network_event("mark")
def mark(network: ChangingNetwork, text: str = "") -> None:
    """Do nothing: a note that plots over time show.

    Parameters
    ----------
    text : str, optional
    """
