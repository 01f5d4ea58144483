"""Checks of experiments against the signatures of the components they name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icarus.core.capacities import unit_of
from icarus.core.hashing import digest
from icarus.core.kinds import COMPONENT_SECTIONS, REQUIRED_SECTIONS, is_built_in
from icarus.core.section_checks import Report, check_section
from icarus.core.signatures import parameters
from icarus.core.values import check_value, shown
from icarus.errors import nearest
from icarus.execution.building import NO_SIZES
from icarus.execution.compiled.engine_choice import EngineName
from icarus.execution.timeline import check_timeline
from icarus.planning.fitting import FitChecker
from icarus.policies.wrapped import misfits
from icarus.registry import WORKLOAD

__all__ = ["SectionChecker"]

_KNOWN_SECTIONS = (*COMPONENT_SECTIONS, "timeline", "netconf", "engine", "desc")
_KNOWN = frozenset(_KNOWN_SECTIONS)


class SectionChecker:
    """Checks sections, remembering what it found: experiments of a queue share most of theirs."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], Report] = {}
        # Experiments share their sections, which do not change meanwhile. They are kept, so that
        # no other gets the number of one of them.
        self._clean: dict[tuple[str, int], Any] = {}
        self._fits = FitChecker()

    def check_experiment(self, experiment: Mapping[str, Any]) -> Report:
        """Check all sections of one experiment."""
        report = Report()
        unknown = [key for key in experiment.keys() if key not in _KNOWN]  # noqa: SIM118
        for section in COMPONENT_SECTIONS:
            given = experiment.get(section)
            if (section, id(given)) in self._clean:
                continue
            if given is None or (isinstance(given, Mapping) and not len(given)):
                misspelt = nearest(section, unknown)
                if misspelt is not None:
                    report.problems.append((misspelt, f"did you mean {section!r}?"))
                    unknown = [key for key in unknown if str(key) != misspelt]
                elif section in REQUIRED_SECTIONS:
                    report.problems.append((section, "missing; every experiment needs it"))
            elif not isinstance(given, Mapping):
                text = f"should be a tree with a name and parameters, found {shown(given)}"
                report.problems.append((section, text))
            else:
                report.include(section, self.check(section, given))
        for key in unknown:
            if (near := nearest(key, _KNOWN_SECTIONS)) is not None:
                text = f"no section that is read; did you mean {near!r}?"
                report.warnings.append((key, text))
        if experiment.get("timeline") is not None:
            workload = experiment.get("workload")
            told = workload if isinstance(workload, Mapping) else {}
            report.problems += check_timeline(experiment["timeline"], told)
        if not report.problems:
            report.problems += _without_sizes(experiment)
            report.problems += _misfits(experiment)
        if not report.problems:
            report.problems += self._fits.check(experiment)
        if (engine := experiment.get("engine")) is not None:
            report.problems += [("engine", text) for text in check_value(EngineName, engine)]
        netconf = experiment.get("netconf") or {}
        if not isinstance(netconf, Mapping):
            report.problems.append(("netconf", f"should be a tree, found {shown(netconf)}"))
            return report
        for key in netconf.keys():  # noqa: SIM118 - iterating a Tree yields pairs
            if key != "shortest_path":
                report.problems.append((f"netconf.{key}", "unknown; known: shortest_path"))
        return report

    def check(self, kind: str, section: Mapping[str, Any]) -> Report:
        """Check one section: the component it names and the parameters it gives.

        Parameters
        ----------
        kind : str
            Name of the section, or ``collector``.
        section : mapping
            The name of the component under ``name``, and its parameters.
        """
        key = (kind, digest(section))
        if key not in self._seen:
            self._seen[key] = check_section(kind, section)
        report = self._seen[key]
        if not (report.problems or report.warnings or report.unread):
            self._clean[kind, id(section)] = section
        return report


def _misfits(experiment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say what a cache policy cannot do that it is asked for, such as to count bytes."""
    placement = experiment.get("cache_placement") or {}
    in_bytes = bool(placement) and unit_of(placement) == "bytes"
    found = misfits(experiment["cache_policy"], in_bytes=in_bytes)
    return [(f"cache_policy.{place}", text) for place, text in found]


def _without_sizes(experiment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Say so if caches have sizes in bytes and contents none, where settings tell."""
    placement, workload = experiment.get("cache_placement"), experiment["workload"]
    if not placement or unit_of(placement) == "contents":
        return []
    component = WORKLOAD.resolve(workload["name"])
    sized = "content_size" in parameters(component) and "reqs_file" not in parameters(component)
    if not sized or not is_built_in(component) or workload.get("content_size") is not None:
        return []
    return [("workload.content_size", f"missing; {NO_SIZES}")]
