"""Whether a request can be served at all, found out without doing anything.

A definition looks up all paths of a request before it does anything: compiled, it stops there if
one does not exist. In the interpreter it is run up to the same point, with this in the place of the
request.
"""

from __future__ import annotations

from typing import Any, NoReturn

from icarus.verbs.controlled_request import ControlledRequest
from icarus.verbs.network import AGAIN

__all__ = ["ReachProbe"]


class _NowActs(Exception):  # noqa: N818 - it is no error
    """Raised where a definition goes from looking to doing."""


class ReachProbe(ControlledRequest):
    """A request of which only the paths are looked up.

    Parameters
    ----------
    view : NetworkView
    """

    def __init__(self, view: Any) -> None:
        super().__init__(view, None)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.view,)

    def reaches(self, process: Any, receiver: Any, content: Any) -> bool:
        """Return whether all paths exist that a definition needs for a request.

        Parameters
        ----------
        process : callable
            The method of the definition that serves a request.
        receiver : node
        content : content
        """
        self.begin(0.0, receiver, content, False)
        if receiver not in self.view.topology():
            return False
        try:
            return bool(process(self) != AGAIN)
        except _NowActs:
            return True

    def _find(self, u: Any, v: Any) -> Any:
        if u is None or v is None:
            return None
        try:
            return self.view.shortest_path(u, v)
        except KeyError:
            return None

    def path(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v`; None if there is no path."""
        return self._find(u, v)

    def path_to_source(self) -> Any:
        """Return the nodes from the receiver to the source."""
        return self._find(self.receiver, self.source)

    def path_on_to_source(self, node: Any) -> Any:
        """Return the nodes from `node` to the source."""
        return self._find(node, self.source)

    def way_back(self, u: Any, v: Any) -> Any:
        """Return the nodes from `u` to `v`."""
        return self._find(u, v)

    def way_back_of(self, path: Any) -> Any:
        """Return the nodes from the first to the last one."""
        return path

    def looks_ahead(self) -> bool:
        """Return True."""
        return True

    def lacks(self, path: Any) -> bool:
        """Return whether there is no such path."""
        return path is None

    def first_holder(self, candidates: Any) -> Any:
        """Return the first candidate that has the content; None if none does."""
        for node in candidates.of(self.receiver):
            if node == self.source or self.holds(node):
                return node
        return None

    def _act(self, *args: Any) -> NoReturn:
        raise _NowActs

    look_up = look_up_locally = look_up_on = fetch = fetch_from_source = _act  # type: ignore[assignment]
    ask = put = put_locally = deliver = round_trip = deliver_from_cache = _act  # type: ignore[assignment]
    deliver_from_source = deliver_on = deliver_from_source_on = _act  # type: ignore[assignment]
    pass_on = branch = _act  # type: ignore[assignment]
