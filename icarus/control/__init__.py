"""Components under control: resources with states, conditions between them, traces.

``controller`` has ``ExperimentController``, the face for programs, ``conductor`` the same within
the event loop that owns all state, and ``loop`` the thread of that. ``states`` says which state may
follow which, ``lifecycle`` how resources get from one to the next, ``ordering`` which comes first.
``traces`` is what they write, ``tracing`` which of that a component has. ``resources`` has those
that are built in, ``scenario`` the kind of jobs.
"""

from icarus.control.attributes import Attribute, Duration
from icarus.control.component import Report
from icarus.control.controller import ExperimentController
from icarus.control.reports import Reports
from icarus.control.resource import Connector, Resource, command
from icarus.control.scheduling import Task, TaskStatus
from icarus.control.states import TRANSITIONS, ECState, ResourceAction, ResourceState
from icarus.control.traces import DeclaredTrace, Trace, TraceAttr
from icarus.registry import register_resource

__all__ = [
    "TRANSITIONS",
    "Attribute",
    "Connector",
    "DeclaredTrace",
    "Duration",
    "ECState",
    "ExperimentController",
    "Report",
    "Reports",
    "Resource",
    "ResourceAction",
    "ResourceState",
    "Task",
    "TaskStatus",
    "Trace",
    "TraceAttr",
    "command",
    "register_resource",
]
