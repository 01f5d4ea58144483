"""What all strategies share, and the classes that are made of definitions."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from icarus.core.definitions import class_of, constructor, parameters_of, require_methods, settled
from icarus.core.randomness import generator
from icarus.errors import suggestion
from icarus.registry import register_strategy
from icarus.strategies.known_network import KnownNetwork
from icarus.types import Content, Node
from icarus.verbs.controlled_request import ControlledRequest
from icarus.verbs.direct_request import DirectRequest, works_on_tables
from icarus.verbs.network import AGAIN, DONE
from icarus.verbs.reach_probe import ReachProbe

__all__ = ["DefinedStrategy", "Strategy", "define_strategy", "require_one_of"]


class Strategy:
    """Base class of strategies: how one request is served.

    Parameters
    ----------
    view : NetworkView
        What the strategy may see of the network.
    controller : NetworkController
        What it may do to it.
    """

    def __init__(self, view: Any, controller: Any, **kwargs: Any) -> None:
        self.view = view
        self.controller = controller

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request: one session, started and ended here.

        Parameters
        ----------
        time : float
            Time stamp, in seconds.
        receiver : node
            Who requests.
        content : content
            What is requested.
        log : bool
            Whether collectors hear of it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to process an event")

    def network_changed(self) -> None:
        """Take note that links, nodes or sizes of caches have changed; nothing by default."""

    def must_reach(self, receiver: Node, content: Content) -> Iterable[Node | None]:
        """Return the nodes that a request has to reach, or it fails: by default the source.

        It is asked only while some node is out of reach of another one.
        """
        return (self.view.content_source(content),)

    def can_serve(self, receiver: Node, content: Content) -> bool:
        """Return whether a request reaches all nodes that it has to."""
        reaches = self.view.model.reaches
        return all(reaches(receiver, node) for node in self.must_reach(receiver, content))


class DefinedStrategy(Strategy):
    """A strategy that is defined by a NamedTuple, on the network that a view shows.

    Parameters
    ----------
    view : NetworkView
        What the strategy may see of the network.
    controller : NetworkController
        What it may do to it.
    *args, **kwargs
        Parameters of the strategy, as its definition's ``new`` has them behind `network`; others
        are passed over, as with Icarus 0.8.

    Raises
    ------
    TypeError
        If the strategy needs a parameter that is not given.
    """

    definition: ClassVar[Any]
    """The class of what the strategy knows, with what it does to a request."""

    def __init_subclass__(cls, definition: Any = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if definition is not None:
            cls.definition = _completed(definition)
            if "__init__" not in vars(cls):
                leading = {"view": Any, "controller": Any}
                cls.__init__ = constructor(  # type: ignore[method-assign]
                    definition.new, DefinedStrategy.__init__, leading
                )

    def __init__(self, view: Any, controller: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(view, controller)
        self.parameters = settled(type(self).__name__, parameters_of(self.definition), args, kwargs)
        if "seed" in self.parameters:
            self.parameters["seed"] = generator(self.parameters["seed"])
        self.network = KnownNetwork(view)
        # Here, so that what is wrong is told at once. Some strategies are made twice.
        self._state = self.definition.new(self.network, **self.parameters)
        self._request = ControlledRequest(view, controller)
        direct = works_on_tables(view, controller)
        self._direct = DirectRequest(view, controller) if direct else None
        self._probe: ReachProbe | None = None

    def network_changed(self) -> None:
        """Know the network as it is now.

        A definition whose fields change while requests are served says by its method
        ``renewed(self, network, ...)``, with the parameters of ``new``, what it knows then; others
        are made anew.
        """
        self.network = KnownNetwork(self.view, lasting=False)
        if hasattr(self.definition, "renewed"):
            self._state = self._state.renewed(self.network, **self.parameters)
        else:
            # Made anew when it is needed, which it never is where the strategy runs compiled.
            vars(self).pop("_state", None)

    @functools.cached_property
    def _state(self) -> Any:
        return self.definition.new(self.network, **self.parameters)

    def can_serve(self, receiver: Node, content: Content) -> bool:
        """Return whether there are all paths that the definition looks up for a request."""
        if self._probe is None:
            self._probe = ReachProbe(self.view)
        if self.definition.process is _serve_on_path:
            return super().can_serve(receiver, content)
        state = self._state
        if not self.definition.__module__.startswith("icarus."):
            # What it notes of a request before it does something is to be noted once.
            state = copy.deepcopy(state)
        return self._probe.reaches(state.process, receiver, content)

    @staticmethod
    def lacks(parameters: Mapping[str, Any]) -> str | None:
        """Return what of the strategy's parameters cannot be compiled; None if all can."""
        return None

    def process_event(self, time: float, receiver: Node, content: Content, log: bool) -> None:
        """Serve one request as the definition says."""
        request = self._request
        if self._direct is not None:
            collector = self.controller.collector
            if not log or collector is None or getattr(collector, "takes_legs", False):
                request = self._direct
        request.begin(time, receiver, content, log)
        self._state.process(request)
        request.end()


def _completed(definition: Any) -> Any:
    """Return a definition with a method ``process``; TypeError if what it says is not enough."""
    own = "process" in vars(definition) if isinstance(definition, type) else False
    require_methods(definition, {"process": ["request"]} if own else {"serve": ["request", "path"]})
    if not own:
        definition.process = _serve_on_path
    return definition


def _serve_on_path(self, request):
    """Serve a request of which only the path to the source has to be known."""
    path = request.path_to_source()
    if request.lacks(path):
        return AGAIN
    self.serve(request, path)
    return DONE


def define_strategy(
    name: str, *, check: Callable[[dict[str, Any]], list[str]] | None = None
) -> Callable[[type], type]:
    """Register the strategy that a NamedTuple class defines.

    The fields of the class are what the strategy knows; its methods are

    * ``new(network, ...)``, a class method: return what the strategy knows of a network, which is
      a ``KnownNetwork``. Parameters behind `network` are those of the strategy, checked by their
      annotations. One named ``seed`` is a ``numpy.random.Generator``;
    * ``serve(self, request, path)``: serve a request along the path to its source, in the words of
      ``icarus.verbs.request.Request``; or
    * ``process(self, request)`` instead, where other paths are needed: look up all of them before
      anything is done, return ``AGAIN`` if the request lacks one, and ``DONE`` in the end.

    Parameters
    ----------
    name : str
        What settings call the strategy.
    check : callable, optional
        From the strategy's parameters to a list of what is wrong with them.

    Returns
    -------
    callable
        A decorator that returns the class as it is, with the class of its Python objects as its
        attribute ``Strategy``.

    Raises
    ------
    TypeError
        If the class is no NamedTuple, or a method is missing or takes other arguments.
    """

    def decorate(definition: type) -> type:
        register_strategy(name, check=check)(class_of(definition, DefinedStrategy, "Strategy"))
        return definition

    return decorate


def require_one_of(parameter: str, value: object, known: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of the `known` names."""
    if value not in known:
        raise ValueError(
            f"{parameter} must be one of {', '.join(known)}, found {value!r}; "
            f"{suggestion(str(value), known)}"
        )
