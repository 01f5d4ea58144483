"""The controller of an experiment, as programs use it: from any thread, and blocking."""

from __future__ import annotations

import logging
import secrets
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from icarus.control.component import Component, Components, Group
from icarus.control.conductor import Conductor
from icarus.control.loop import LoopThread
from icarus.control.reports import Reports
from icarus.control.resource import Resource
from icarus.control.scheduling import Task
from icarus.control.states import ECState, ResourceAction, ResourceState, named
from icarus.control.traces import BLOCK, Trace, TraceAttr
from icarus.core.random_streams import root_seed, stream
from icarus.errors import ResourceError

__all__ = ["ExperimentController"]

One: TypeAlias = int | str | Resource
"""A resource: its guid, its name or itself."""


class ExperimentController:
    """Deploys, starts, watches, stops and releases resources.

    A context manager: at the end all is released, whatever happened. Wherever a resource is asked
    for, its guid, its name or the resource itself will do; wherever several are, a list of them.
    Methods may be called from any thread, also while resources run, but not those that wait from
    a resource's own ``async`` methods.

    Parameters
    ----------
    exp_id : str, optional
        Name of the experiment; a random one by default.
    root_dir : path, optional
        Files are in ``<root_dir>/<exp_id>/<run_id>/<name of the resource>/``.
    workers : int, optional
        How many methods of resources may run in threads at a time.
    folder : path, optional
        Where files are to be instead.
    seed, replication : int, optional
        Of simulations that are not told otherwise, and of ``rng``.
    report : callable, optional
        Called with the number of events so far while something goes on, in the thread that makes
        the controller, while this waits.

    Attributes
    ----------
    rng : numpy.random.Generator
        It depends on seed and replication only.
    logger : logging.Logger
        Of all controllers.
    """

    logger = logging.getLogger("control")

    def __init__(
        self,
        exp_id: str | None = None,
        root_dir: str | Path = "results",
        *,
        workers: int = 8,
        folder: str | Path | None = None,
        seed: int = 1,
        replication: int = 0,
        report: Callable[[int], None] | None = None,
    ) -> None:
        if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
            raise ResourceError(f"workers: should be a number of threads, found {workers!r}")
        if exp_id is not None and (not isinstance(exp_id, str) or not exp_id or "/" in exp_id):
            raise ResourceError(
                f"exp_id: should be a name that a folder can have, found {exp_id!r}"
            )
        self._exp_id = f"exp-{secrets.token_hex(3)}" if exp_id is None else exp_id
        self._run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
        own = Path(root_dir) / self._exp_id / self._run_id
        self._folder = (own if folder is None else Path(folder)).absolute()
        self.rng = np.random.default_rng(stream(root_seed(seed, replication), "task"))
        self._loop = LoopThread(report)
        self._conductor = Conductor(self._folder, workers, self._loop.news, seed, replication)
        self._loop.start(self._conductor)
        # Also where it is forgotten, or the program ends: no process is to stay behind.
        self._end = weakref.finalize(self, self._loop.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()

    # The controller itself.

    @property
    def exp_id(self) -> str:
        """Name of the experiment."""
        return self._exp_id

    @property
    def run_id(self) -> str:
        """Name of this run of it: date, time and four random characters."""
        return self._run_id

    @property
    def folder(self) -> Path:
        """Where files are: ``events.jsonl``, and a folder for each resource."""
        return self._folder

    @property
    def ecstate(self) -> ECState:
        """Its state: RUNNING, FAILED once a critical resource failed, or TERMINATED."""
        return self._conductor.state

    @property
    def finished(self) -> bool:
        """Whether it is FAILED or TERMINATED."""
        return self.ecstate is not ECState.RUNNING

    @property
    def reason(self) -> str:
        """Why it is FAILED; empty if it is not."""
        return self._conductor.life.reason

    @property
    def cause(self) -> BaseException | None:
        """What was raised when it FAILED; None if it is not."""
        return self._conductor.life.cause

    @property
    def n_events(self) -> int:
        """How many transitions and other events were recorded."""
        return self._conductor.records.count

    def shutdown(self) -> None:
        """Release all resources, and end; it may be called again."""
        self._end()

    # Resources.

    def register_resource(
        self,
        rtype: str | type[Resource],
        guid: int | None = None,
        name: str | None = None,
        **attributes: Any,
    ) -> int:
        """Make a resource.

        Parameters
        ----------
        rtype : str
            Its type; ``icarus list resources`` has them. A class will do, too.
        guid : int, optional
            Its number; by default the next one.
        name : str, optional
            By default its type and guid.
        **attributes
            Their values.

        Returns
        -------
        int
            Its guid.

        Raises
        ------
        ComponentError
            If there is no such type.
        ResourceError
            If guid or name are taken, or attributes are unknown, missing or wrong: all of that.
        """
        made = self._call(self._conductor.register_resource, rtype, guid, name, attributes)
        return int(made.guid)

    @property
    def resources(self) -> list[int]:
        """The guids of all resources, in the order in which they were registered."""
        return [one.guid for one in self._call(list, self._all)]

    def get_resource(self, guid: One) -> Resource:
        """Return a resource."""
        return self._one(guid).resource

    def get_resources_by_type(self, rtype: str) -> list[Resource]:
        """Return the resources of a type, or of one derived from it."""
        return [one.resource for one in self._call(list, self._all) if one.resource.is_a(rtype)]

    def get_attributes(self, guid: One) -> dict[str, Any]:
        """Return the attributes of a resource by name; the values of secret ones are hidden."""
        return self._one(guid).values.shown()

    def register_connection(self, guid1: One, guid2: One) -> None:
        """Have one resource need another: it is deployed once that is READY, and released first.

        Raises
        ------
        ConditionError
            If their types do not go together.
        """
        self._call(self._conductor.register_connection, guid1, guid2)

    # Conditions.

    def register_condition(
        self,
        group1: Group,
        action: str | ResourceAction,
        group2: Group,
        state: str | ResourceState,
        time: Any = None,
    ) -> int:
        """Have an action of each of a group wait until all of another have come to a state.

        Conditions of an action add up. They may be registered, and taken back, while it waits.
        If it can never be met, as one of them failed, those that wait for their start are SKIPPED.

        Parameters
        ----------
        group1 : resources
            Those that wait.
        action : {"DEPLOY", "START", "STOP"}
        group2 : resources
            Those that are waited for, all of them.
        state : str or ResourceState
            What they are at least to be. FAILED is at least nothing but itself.
        time : float or str, optional
            How long before: seconds, or a duration; also a date and time as in ISO 8601.

        Returns
        -------
        int
            A number by which it can be taken back.

        Raises
        ------
        ConditionError
            If it is none, or would have resources wait for each other for ever.
        """
        (number,) = self._call(
            self._conductor.register_condition, group1, action, group2, state, time
        )
        return int(number)

    def unregister_condition(
        self,
        group: Group,
        action: str | ResourceAction | None = None,
        condition: int | None = None,
    ) -> None:
        """Take back a condition of each of a group, or all of an action, or all."""
        self._call(self._conductor.unregister_condition, group, action, condition)

    # Attributes, traces, commands.

    def get(self, guid: One, name: str) -> Any:
        """Return the value of an attribute."""
        return self._call(self._conductor.get, guid, name)

    def set(self, guid: Group, name: str, value: Any) -> None:
        """Give an attribute another value.

        Raises
        ------
        ResourceError
            If there is no such attribute, it does not take the value, or may not change now.
        """
        self._call(self._conductor.set, guid, name, value)

    def set_with_conditions(
        self,
        name: str,
        value: Any,
        group1: Group,
        group2: Group,
        state: str | ResourceState,
        time: Any = None,
    ) -> Task:
        """Give an attribute another value once its resource is STARTED and a condition is met.

        Parameters
        ----------
        name : str
        value : object
        group1 : resources
            Whose attribute it is.
        group2, state, time
            The condition, as for ``register_condition``.

        Returns
        -------
        Task
            Whose result says of each resource whether it was set, and if not, why.
        """
        task: Task = self._call(
            self._conductor.set_with_conditions, name, value, group1, group2, state, time
        )
        task._enter = self._loop.call
        return task

    def register_trace(self, guid: Group, name: str) -> None:
        """Have a trace be written; to be called before the resource is started."""
        self._call(self._conductor.enable_trace, guid, name)

    enable_trace = register_trace

    def trace_enabled(self, guid: One, name: str) -> bool:
        """Return whether a trace is written."""
        return bool(self._call(self._conductor.trace_enabled, guid, name))

    def trace(
        self,
        guid: One,
        name: str,
        attr: str | TraceAttr | None = None,
        block: int = BLOCK,
        offset: int = 0,
    ) -> Any:
        """Return a trace of a resource, or what is asked of it.

        Parameters
        ----------
        guid : resource
        name : str
            One that its type declares, or a file in its folder.
        attr : {"ALL", "STREAM", "PATH", "SIZE"}, optional
            Its text, a block of it, its path or its bytes; by default a ``Trace``.
        block : int, optional
            Bytes of a block.
        offset : int, optional
            Which block, counted from 0.

        Raises
        ------
        MissingTraceError
            If there is none of this name.
        """
        found: Trace = self._call(self._conductor.trace, guid, name)
        if attr is None:
            return found
        match named(TraceAttr, attr):
            case TraceAttr.ALL:
                return found.read()
            case TraceAttr.STREAM:
                return found.read_block(offset, block)
            case TraceAttr.SIZE:
                return found.size
        return str(found.path)

    def call(self, guid: One, command: str, **arguments: Any) -> Any:
        """Call a command of a resource and return what it returns."""
        return self._call(self._conductor.call, guid, command, arguments)

    # Actions.

    def deploy(self, group: Group | None = None, wait_all_ready: bool = True) -> None:
        """Have resources be deployed and started, in the background.

        Parameters
        ----------
        group : resources, optional
            By default all that are NEW.
        wait_all_ready : bool, optional
            Whether none is started before all are READY. One that failed and is not critical is
            not waited for.

        Raises
        ------
        ResourceError
            If attributes or connections are wrong: all problems at once.
        ConditionError
            If resources would wait for each other for ever.
        """
        self._call(self._conductor.deploy, group, wait_all_ready)

    def discover(self, guid: Group) -> None:
        """Have resources be DISCOVERED, at once."""
        self._call(self._conductor.act, "discover", guid)

    def provision(self, guid: Group) -> None:
        """Have resources be PROVISIONED, at once."""
        self._call(self._conductor.act, "provision", guid)

    def start(self, guid: Group) -> None:
        """Have resources be STARTED, at once; they are READY, or STOPPED.

        Raises
        ------
        TransitionError
            If one is in another state.
        """
        self._call(self._conductor.act, "start", guid)

    def stop(self, guid: Group) -> None:
        """Have resources be STOPPED, at once; they are STARTED."""
        self._call(self._conductor.act, "stop", guid)

    def start_with_conditions(self, guid: Group) -> None:
        """Have resources that are READY be started in the background once conditions are met."""
        self._call(self._conductor.start_with_conditions, guid)

    def stop_with_conditions(self, guid: Group) -> None:
        """Have resources be stopped in the background once the conditions of that are met."""
        self._call(self._conductor.stop_with_conditions, guid)

    def release(self, group: Group | None = None) -> Reports:
        """Release resources, by default all, and wait for it.

        Each is released once, and after all those that depend on it. One that takes longer than its
        attribute ``grace`` is killed.

        Returns
        -------
        Reports
            How they stand.
        """
        return self._call(self._conductor.release, group)  # type: ignore[no-any-return]

    # States and waiting.

    def state(self, guid: One, hr: bool = False) -> Any:
        """Return the state of a resource; with `hr` as a text."""
        state = self._call(lambda: self._conductor.components.one(guid).state)
        return str(state) if hr else state

    def reports(self, guids: Group | None = None) -> Reports:
        """Return how resources stand now, by default all; also after ``shutdown``."""
        return self._call(self._conductor.reports, guids)  # type: ignore[no-any-return]

    def wait(
        self,
        guids: Group | None = None,
        states: str | ResourceState | Iterable[str | ResourceState] = ResourceState.FINISHED,
        timeout: Any = None,
    ) -> Reports:
        """Wait until resources are at least in a state, or cannot come to it any more.

        It also ends when a critical resource failed.

        Parameters
        ----------
        guids : resources, optional
            By default all that there are.
        states : str, ResourceState or several
            Of several, that which is reached first.
        timeout : float or str, optional
            How long at most: seconds, or a duration.

        Returns
        -------
        Reports
            State, outcome, reason and times of each by name, and whether the time was over.
        """
        return self._call(self._conductor.wait, guids, states, timeout)  # type: ignore[no-any-return]

    def wait_deployed(self, guids: Group | None = None, timeout: Any = None) -> Reports:
        """Wait until resources are READY; see ``wait``."""
        return self.wait(guids, ResourceState.READY, timeout)

    def wait_started(self, guids: Group | None = None, timeout: Any = None) -> Reports:
        """Wait until resources are STARTED; see ``wait``."""
        return self.wait(guids, ResourceState.STARTED, timeout)

    def wait_finished(self, guids: Group | None = None, timeout: Any = None) -> Reports:
        """Wait until resources are STOPPED or FINISHED; see ``wait``."""
        return self.wait(guids, ResourceState.STOPPED, timeout)

    def wait_released(self, guids: Group | None = None, timeout: Any = None) -> Reports:
        """Wait until resources are RELEASED; see ``wait``."""
        return self.wait(guids, ResourceState.RELEASED, timeout)

    # Time.

    def schedule(self, date: Any, callback: Callable[[], Any], track: bool = False) -> Task:
        """Have a function be called at some time, in a thread.

        Parameters
        ----------
        date : str, float, datetime or None
            A duration from now on such as ``"2m30s"``, seconds, a date and time as in ISO 8601, or
            nothing for at once.
        callback : callable
            Without parameters. What it raises is the failure of its task, and nothing else's.
        track : bool, optional
            Whether ``get_task`` is to find it.

        Returns
        -------
        Task
            Which can be waited for and cancelled.

        Raises
        ------
        ConditionError
            If `date` is none of these.
        """
        task: Task = self._call(self._conductor.schedule, date, callback, track)
        task._enter = self._loop.call
        return task

    def get_task(self, tid: int | Task) -> Task:
        """Return a tracked task by its number."""
        return self._call(self._conductor.task, tid)  # type: ignore[no-any-return]

    # The way into the loop.

    def _call(self, function: Callable[..., Any], *args: Any) -> Any:
        return self._loop.call(function, *args)

    @property
    def _all(self) -> Components:
        return self._conductor.components

    def _one(self, guid: One) -> Component:
        found: Component = self._call(self._all.one, guid)
        return found
