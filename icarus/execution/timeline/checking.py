"""What is wrong with a timeline, as far as it can be told without its network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icarus.core.kinds import KINDS
from icarus.core.section_checks import Finding, check_section
from icarus.core.values import check_value, shown
from icarus.errors import nearest
from icarus.types import NonNegative, NonNegativeInt

__all__ = ["check_event", "check_timeline"]

_AT = "should be seconds of simulated time, or {'requests': number of requests}"


def check_timeline(timeline: Any, workload: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with a timeline.

    Parameters
    ----------
    timeline : object
        As an experiment has it.
    workload : mapping
        The section of the experiment.
    """
    if isinstance(timeline, str | Mapping) or not isinstance(timeline, Sequence):
        return [("timeline", f"should be a list of events, found {shown(timeline)}")]
    found: list[Finding] = []
    for number, entry in enumerate(timeline):
        place = f"timeline[{number}]"
        if not isinstance(entry, Mapping):
            text = (
                f"should be an event such as {{'at': 60, 'event': 'flush'}}, found {shown(entry)}"
            )
            found.append((place, text))
            continue
        given = dict(entry.items())
        found += [(f"{place}.{key}", text) for key, text in _check_entry(given, workload)]
    return found


def check_event(event: Mapping[str, Any], workload: Mapping[str, Any]) -> list[Finding]:
    """Return what is wrong with an event that is to happen at once."""
    return _check_entry({**dict(event.items()), "at": 0}, workload)


def _check_entry(given: dict[str, Any], workload: Mapping[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    if "at" in given:
        found += [("at", text) for text in _check_moment(given.pop("at"))]
    else:
        misspelt = nearest("at", given)
        found.append(("at", "missing; it says when the event happens" + _slip(misspelt)))
    if "event" not in given:
        misspelt = nearest("event", given)
        return [*found, ("event", "missing; it says what happens" + _slip(misspelt))]
    name = given.pop("event")
    report = check_section("network_event", {**given, "name": name})
    found += [("event" if place == "name" else place, text) for place, text in report.problems]
    if name in ("rate", "popularity") and not found:
        found += [("event", text) for text in _check_workload(name, workload)]
    return found


def _slip(misspelt: str | None) -> str:
    return "" if misspelt is None else f"; is {misspelt!r} a slip of it?"


def _check_moment(at: Any) -> list[str]:
    if isinstance(at, Mapping):
        keys = [*at.keys()]
        if keys != ["requests"]:
            return [f"{_AT}, found {shown(at)}"]
        return [f"requests {text}" for text in check_value(NonNegativeInt, at["requests"])]
    if isinstance(at, bool) or check_value(NonNegative, at):
        return [f"{_AT}, found {shown(at)}"]
    return []


def _check_workload(event: str, workload: Mapping[str, Any]) -> list[str]:
    registry = KINDS["workload"].registry
    component = registry.get(str(workload.get("name")))
    if component is None or event in getattr(component, "can_change", ()):
        return []
    able = [name for name, one in registry.items() if event in getattr(one, "can_change", ())]
    what = "times" if event == "rate" else "contents"
    return [
        f"{event} is not for the workload {workload.get('name')}, whose {what} are not drawn at "
        f"this rate or popularity; it is for {', '.join(able)}"
    ]
