"""The registries of components: what a settings module may name, and who answers to it.

A registry is a dict from registry name to class or function. Built-in components and
third-party plugins (entry points of the group ``icarus.plugins``) are imported when a
registry is first read, so that importing this module costs nothing. Components are added
by the decorators below, or by plain assignment.

>>> from icarus.registry import register_strategy, STRATEGY
>>> sorted(STRATEGY)[:2]
['CL4M', 'EDGE']
"""

from __future__ import annotations

import importlib
import threading
import warnings
from collections.abc import Callable, ItemsView, Iterable, Iterator, KeysView, ValuesView
from os import PathLike
from typing import Any, NamedTuple, Self, TypeVar

from icarus.errors import ComponentError, suggestion

__all__ = [
    "CACHE_PLACEMENT",
    "CACHE_POLICY",
    "CONTENT_PLACEMENT",
    "DATA_COLLECTOR",
    "JOB_KIND",
    "NETWORK_EVENT",
    "REGISTRIES",
    "RESOURCE",
    "RESULTS_READER",
    "RESULTS_WRITER",
    "STRATEGY",
    "TOPOLOGY_FACTORY",
    "WORKLOAD",
    "Common",
    "Registry",
    "is_built_in",
    "register_cache_placement",
    "register_cache_policy",
    "register_content_placement",
    "register_data_collector",
    "register_decorator",
    "register_network_event",
    "register_resource",
    "register_results_reader",
    "register_results_writer",
    "register_strategy",
    "register_topology_factory",
    "register_workload",
]

PLUGIN_GROUP = "icarus.plugins"
"""Entry-point group that third-party packages name their component modules under."""

_BUILTIN_MODULES = (
    "icarus.policies",
    "icarus.strategies",
    "icarus.scenarios",
    "icarus.execution.collectors",
    "icarus.execution.timeline",
    "icarus.results.readwrite",
    "icarus.orchestration.kinds",
    "icarus.control.resources",
    "icarus.control.scenario",
    "icarus.cases.case_task",
)

_Component = TypeVar("_Component", bound=Callable[..., Any])
Check = Callable[[dict[str, Any]], list[str]]
"""A further check of a component's parameters: a dict of them in, problems out."""
Fit = Callable[[Any, dict[str, Any]], None]
"""Raises a ValueError where a placement or strategy does not fit a topology, given parameters."""
Files = Callable[[dict[str, Any]], Iterable[str | PathLike[str]]]
"""What files a component opens: a dict of its parameters in, paths out."""


class Common(NamedTuple):
    """What settings may give with any component of a kind, and the component does not get."""

    conform: Callable[[Any], tuple[Any, list[tuple[str, str]]]]
    """From a value to the value as it is taken, and what is wrong with it: places in it, empty
    for the whole, and texts."""
    summary: str
    """What ``icarus list`` says of it: its type, its default and what it does."""


_NAMES_OF_08 = {
    "cache policy": {
        *("ARRAY", "CLIMB", "FIFO", "IN_CACHE_LFU", "LRU", "MIN", "NULL", "PATH", "PERFECT_LFU"),
        *("RAND", "SHARD", "SLRU", "TREE"),
    },
    "data collector": {"CACHE_HIT_RATIO", "DUMMY", "LATENCY", "LINK_LOAD", "PATH_STRETCH"},
    "topology": {
        *("GARR", "GARR_2", "GEANT", "GEANT_2", "MESH", "PATH", "RING", "ROCKET_FUEL", "TISCALI"),
        *("TISCALI_2", "TREE", "WIDE"),
    },
}
"""Names of Icarus 0.8, by kind. Whoever wrote settings for it may have called a component of their
own by any other name, such as that of a policy which came later."""


def is_built_in(component: Any) -> bool:
    """Return whether a component is part of Icarus."""
    return str(getattr(component, "__module__", "")).startswith("icarus.")


class Registry(dict[str, Any]):
    """Components of one kind by name; a dict that fills itself when it is first read.

    Parameters
    ----------
    kind : str
        What the components are, in the singular (``"strategy"``).
    plural : str
        The same in the plural, as the command line writes it (``"strategies"``).
    """

    def __init__(self, kind: str, plural: str) -> None:
        super().__init__()
        self.kind = kind
        self.plural = plural
        self.checks: dict[str, Check] = {}
        self.fits: dict[str, Fit] = {}
        self.common: dict[str, Common] = {}

    def add(
        self,
        name: str,
        component: Any,
        *,
        override: bool = False,
        check: Check | None = None,
        fit: Fit | None = None,
    ) -> None:
        """Enter `component` under `name`.

        Raises
        ------
        ComponentError
            If another component has the name and `override` is false. The same definition
            entered again, as when its module is loaded a second time, is no other component; and
            one of Icarus' own under a name that Icarus 0.8 did not have yields to a user's.
        """
        if not isinstance(name, str):
            raise ComponentError(f"a {self.kind} needs a name that is a string, found {name!r}")
        _load_before(component)
        taken = super().get(name)
        if (
            taken is not None
            and not (override or self._yields(name, taken, component))
            and not _same_definition(taken, component)
        ):
            raise ComponentError(
                f"the {self.kind} name {name!r} is taken by {_describe(taken)}; choose "
                f"another name, or replace it on purpose with override=True"
            )
        self[name] = component
        if check is not None:
            self.checks[name] = check
        if fit is not None:
            self.fits[name] = fit

    def _yields(self, name: str, taken: Any, component: Any) -> bool:
        """Return whether a built-in component gives its name to one of a user's own."""
        of_08 = _NAMES_OF_08.get(self.kind)
        return (
            of_08 is not None
            and name not in of_08
            and is_built_in(taken)
            and not is_built_in(component)
        )

    def resolve(self, name: object, where: str = "") -> Any:
        """Return the component called `name`.

        Raises
        ------
        ComponentError
            If there is none; the message has `where` in front and the nearest known name.
        """
        load_components()
        if isinstance(name, str) and super().__contains__(name):
            return super().__getitem__(name)
        place = f"{where}: " if where else ""
        raise ComponentError(
            f"{place}unknown {self.kind} {name!r}; {suggestion(str(name), super().keys())}"
        )

    def __setitem__(self, name: str, component: Any) -> None:
        _load_before(component)
        self.checks.pop(name, None)
        self.fits.pop(name, None)
        super().__setitem__(name, component)

    def update(self, *args: Any, **kwargs: Any) -> None:
        for name, component in dict(*args, **kwargs).items():
            self[name] = component

    def __ior__(self, other: Any) -> Self:  # type: ignore[override,misc]
        self.update(other)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def __delitem__(self, name: str) -> None:
        load_components()
        super().__delitem__(name)

    def pop(self, *args: Any) -> Any:
        load_components()
        return super().pop(*args)

    def copy(self) -> dict[str, Any]:
        return dict(self.items())

    def __eq__(self, other: object) -> bool:
        load_components()
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __missing__(self, name: str) -> Any:
        load_components()
        if super().__contains__(name):
            return super().__getitem__(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        load_components()
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        load_components()
        return super().__iter__()

    def __len__(self) -> int:
        load_components()
        return super().__len__()

    def get(self, name: str, default: Any = None) -> Any:
        load_components()
        return super().get(name, default)

    def keys(self) -> KeysView[str]:  # type: ignore[override]
        load_components()
        return super().keys()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        load_components()
        return super().values()

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        load_components()
        return super().items()


CACHE_POLICY = Registry("cache policy", "cache-policies")
STRATEGY = Registry("strategy", "strategies")
TOPOLOGY_FACTORY = Registry("topology", "topologies")
CACHE_PLACEMENT = Registry("cache placement", "cache-placements")
CONTENT_PLACEMENT = Registry("content placement", "content-placements")
WORKLOAD = Registry("workload", "workloads")
DATA_COLLECTOR = Registry("data collector", "collectors")
NETWORK_EVENT = Registry("network event", "network-events")
RESOURCE = Registry("resource", "resources")
RESULTS_READER = Registry("results reader", "results-readers")
RESULTS_WRITER = Registry("results writer", "results-writers")
JOB_KIND = Registry("job kind", "job-kinds")
"""Kinds of jobs by the section that tells of them; ``icarus.orchestration`` registers them."""

REGISTRIES: tuple[Registry, ...] = (
    TOPOLOGY_FACTORY,
    WORKLOAD,
    CONTENT_PLACEMENT,
    CACHE_PLACEMENT,
    CACHE_POLICY,
    STRATEGY,
    DATA_COLLECTOR,
    NETWORK_EVENT,
    RESOURCE,
    RESULTS_READER,
    RESULTS_WRITER,
)
"""Every registry of components, in the order in which an experiment uses them."""


def register_decorator(register: dict[str, Any]) -> Callable[..., Callable[..., Any]]:
    """Return the decorator factory that enters components into `register`.

    Parameters
    ----------
    register : Registry or dict
        The registry to fill. A plain dict works too, for registries of one's own.

    Returns
    -------
    callable
        ``register_x(name, *, override=False, check=None, fit=None, files=None)``: a decorator
        that enters the decorated object under `name`, sets its attribute ``name`` and returns it.
        `check` takes a dict of the parameters that settings give the component and returns a
        list of problems; `fit`, of a placement or a strategy, takes a topology, for a strategy
        with caches on it, and such a dict, and raises a ValueError. Both are asked before
        anything runs. `files` takes the same as `check` and returns the files that the component
        will open and that no parameter names itself, such as one in a folder: a result is known
        by their content. It becomes the attribute
        ``files_opened``, which classes inherit.
    """

    def register_component(
        name: str,
        *,
        override: bool = False,
        check: Check | None = None,
        fit: Fit | None = None,
        files: Files | None = None,
    ) -> Callable[[_Component], _Component]:
        def enter(component: _Component) -> _Component:
            if isinstance(register, Registry):
                register.add(name, component, override=override, check=check, fit=fit)
            else:
                register[name] = component
            component.name = name  # type: ignore[attr-defined]
            if files is not None:
                told = staticmethod(files) if isinstance(component, type) else files
                component.files_opened = told  # type: ignore[attr-defined]
            return component

        return enter

    return register_component


register_cache_policy = register_decorator(CACHE_POLICY)
register_strategy = register_decorator(STRATEGY)
register_topology_factory = register_decorator(TOPOLOGY_FACTORY)
register_cache_placement = register_decorator(CACHE_PLACEMENT)
register_content_placement = register_decorator(CONTENT_PLACEMENT)
register_workload = register_decorator(WORKLOAD)
register_data_collector = register_decorator(DATA_COLLECTOR)
register_network_event = register_decorator(NETWORK_EVENT)
register_resource = register_decorator(RESOURCE)
register_results_reader = register_decorator(RESULTS_READER)
register_results_writer = register_decorator(RESULTS_WRITER)


_load_lock = threading.RLock()
_loading = False
_loaded = False


def load_components() -> None:
    """Import every built-in component and every plugin, once.

    A plugin that cannot be imported is left out with a warning that names it: one broken
    package must not take all others down.
    """
    global _loaded, _loading
    if _loaded:
        return
    with _load_lock:
        # The modules imported below register themselves, which comes back here.
        if _loaded or _loading:
            return
        _loading = True
        try:
            for module in _BUILTIN_MODULES:
                importlib.import_module(module)
            _load_plugins()
            _loaded = True
        finally:
            _loading = False


def _load_before(component: Any) -> None:
    """Have the built-in names in place before a user's component is entered beside them.

    Built-in modules enter theirs while they are being imported, when loading the others
    would run into modules that are only half there.
    """
    module, _ = _definition(component)
    if module is None or not module.startswith("icarus."):
        load_components()


def _load_plugins() -> None:
    from importlib.metadata import entry_points

    for entry in entry_points(group=PLUGIN_GROUP):
        try:
            entry.load()
        except (Exception, SystemExit) as error:
            warnings.warn(
                f"plugin {entry.name!r} ({entry.value}) is left out: "
                f"{type(error).__name__}: {error}",
                stacklevel=2,
            )


def _definition(component: Any) -> tuple[str | None, str | None]:
    return getattr(component, "__module__", None), getattr(component, "__qualname__", None)


def _same_definition(one: Any, other: Any) -> bool:
    """Whether two components are one definition, perhaps loaded twice."""
    if one is other:
        return True
    name = _definition(one)[1]
    # Lambdas and partial functions have no name of their own to go by.
    return name is not None and "<lambda>" not in name and _definition(one) == _definition(other)


def _describe(component: Any) -> str:
    module, qualname = _definition(component)
    return f"{module}.{qualname}" if qualname else repr(component)
