"""Which receiver the requests of a trace's clients come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypeAlias

import numpy as np

from icarus.core.hashing import stable_hash
from icarus.errors import TraceError, suggestion
from icarus.traces.trace_file import TraceBlock
from icarus.types import Node

__all__ = ["ClientReceivers", "ClientRule"]

ClientRule: TypeAlias = Literal["random", "value", "hash"] | Mapping[Any, Any]
"""How clients become receivers; see ``TraceDrivenWorkload``."""


class ClientReceivers:
    """The receiver of each client of a trace.

    Parameters
    ----------
    receivers : sequence of node
        All receivers.
    rule : {"value", "hash"} or mapping
        From a client to its receiver: the one with the client's name, one by
        ``icarus.core.hashing.stable_hash`` of that name modulo their number, or a mapping.
    clients : mapping
        From each client of the trace to the line of its first request.
    path : str or path-like
        The trace, for errors.
    beta : float, optional
        The spatial skew asked for, which clients leave no room for.

    Raises
    ------
    TraceError
        If a client has no receiver by this rule.
    ValueError
        If the trace tells of no clients, the mapping names nodes that are no receivers, or a skew
        is asked for.
    """

    def __init__(
        self,
        receivers: Sequence[Node],
        rule: ClientRule,
        clients: Mapping[str, int],
        path: str | PathLike[str],
        beta: float = 0,
    ) -> None:
        if beta:
            raise ValueError(
                f"beta, {beta!r}, says how receivers are drawn, but clients says where requests "
                f"come from; leave out one of them"
            )
        if not clients:
            raise ValueError(
                "clients: the trace does not tell who requests; say client_column, or leave "
                "clients out to have receivers drawn at random"
            )
        self._path = path
        self._numbers = {str(node): i for i, node in enumerate(receivers)}
        given = None if isinstance(rule, str) else _given(rule, receivers)
        self._table = {
            client: stable_hash(client) % len(receivers)
            if rule == "hash"
            else self._by_name(client, line)
            if given is None
            else self._by_table(client, line, given)
            for client, line in clients.items()
        }

    def of(self, block: TraceBlock) -> np.ndarray:
        """Return the receivers of requests, as positions in all of them, int32, (n,)."""
        assert block.clients is not None
        return np.fromiter(
            map(self._table.__getitem__, block.clients), np.int32, len(block.clients)
        )

    def _by_name(self, client: str, line: int) -> int:
        if client not in self._numbers:
            raise TraceError(
                self._path,
                f"client {client!r} is no receiver of the topology; "
                f"{suggestion(client, self._numbers)}",
                line,
            )
        return self._numbers[client]

    def _by_table(self, client: str, line: int, given: Mapping[str, int]) -> int:
        if client not in given:
            raise TraceError(
                self._path,
                f"client {client!r} has no receiver in clients; {suggestion(client, given)}",
                line,
            )
        return given[client]


def _given(rule: Mapping[Any, Any], receivers: Sequence[Node]) -> dict[str, int]:
    """Return the positions of the receivers that a mapping gives to clients."""
    numbers = {node: i for i, node in enumerate(receivers)}
    for client, node in rule.items():
        if node not in numbers:
            hint = suggestion(str(node), numbers)
            raise ValueError(
                f"clients: {node!r}, given to {client!r}, is no receiver of the topology; {hint}"
            )
    return {str(client): numbers[node] for client, node in rule.items()}
