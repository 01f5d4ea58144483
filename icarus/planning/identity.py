"""What the result of a job depends on beside its parameters: files, and code of users.

Icarus' own code has ``RESULTS_VERSION`` for that; it is raised when results change.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from icarus.core.code_reading import is_library
from icarus.core.hashing import (
    canonical_text,
    digest,
    digest_of_text,
    fingerprint_of_file,
    text_of_mapping,
)
from icarus.core.kinds import KINDS
from icarus.core.meaning import Meanings
from icarus.core.signatures import files_opened
from icarus.planning.job_kinds import CASE, SIMULATION, kinds_of
from icarus.registry import JOB_KIND, RESOURCE

__all__ = ["RESULTS_VERSION", "Fingerprints", "Identities", "experiment_id", "identities_of"]

RESULTS_VERSION = 2
"""Of what simulations give for the same parameters and seed. Raise it whenever that changes, so
that no campaign mixes results of before and after."""

_TELLS_NOTHING = ("desc", "engine")
"""What results are not recognised by; the engine names no file."""

_KNOWN_BY_TEXT = (type(None), bool, int, float, complex, bytes, range, np.ndarray, np.generic)
"""Values that the digest of an experiment tells apart already."""


def experiment_id(params: Mapping[str, Any]) -> str:
    """Return what identifies an experiment: a digest of its parameters.

    The free text under ``desc`` is left out: it changes no result.
    """
    return digest({key: value for key, value in params.items() if key != "desc"})


@dataclass(frozen=True)
class Identities:
    """What results of experiments are recognised by."""

    experiments: list[str]
    """What identifies each experiment; see ``experiment_id``."""
    keys: list[str]
    """For each experiment what all jobs share that give its results."""
    unknown: list[str]
    """What code of users reads and cannot be known, with who reads it."""


def identities_of(
    experiments: Sequence[Any], collectors: Mapping[str, Mapping[str, Any]], seed: int
) -> Identities:
    """Return what the results of the experiments of a campaign are recognised by.

    A key is the same in every run that would give the same results, and another one otherwise.
    It is made of the experiment's parameters, the collectors and their options, the seed, the
    content of files that parameters name or components open, the code of users' components with
    the values that it reads, and ``RESULTS_VERSION``; not of its place in the queue, the text
    under ``desc``, the number of processes or the engine, which change no result.
    """
    fingerprints = Fingerprints()
    common = digest(
        [
            RESULTS_VERSION,
            seed,
            # Collectors run in the order in which they are named.
            list(collectors.items()),
            fingerprints.of_collectors(collectors),
        ]
    )
    # By name and object: the experiments, which are kept meanwhile, share their sections.
    known: dict[tuple[Any, int], tuple[str, list[list[str]]]] = {}
    texts: dict[tuple[int, ...], str] = {}
    ids, keys = [], []
    for experiment, of_kind in zip(experiments, kinds_of(experiments), strict=True):
        if of_kind != SIMULATION:
            # Neither collectors nor the version of simulations mean anything to it.
            ids.append(experiment_id(experiment))
            kept = fingerprints.of_kind(of_kind, experiment)
            keys.append(digest([of_kind, ids[-1], seed, kept]))
            continue
        told: dict[str, str] = {}
        found: list[list[list[str]]] = []
        for kind, section in experiment.items():
            if kind in _TELLS_NOTHING:
                continue
            if (kind, id(section)) not in known:
                prints = fingerprints.of({kind: section})
                known[kind, id(section)] = canonical_text(section), prints
            told[kind], prints = known[kind, id(section)]
            if prints:
                found.append(prints)
        relevant = digest_of_text(text_of_mapping(told))
        ids.append(experiment_id(experiment) if "engine" in experiment else relevant)
        # Few sections name files or code of users, and all experiments the same ones, mostly.
        one = tuple(map(id, found))
        if one not in texts:
            texts[one] = canonical_text(sorted(itertools.chain.from_iterable(found)))
        keys.append(digest_of_text(f'["{relevant}","{common}",{texts[one]}]'))
    return Identities(ids, keys, list(fingerprints.unknown))


class Fingerprints:
    """Finds what the results of experiments depend on, each part of it once.

    One object serves one campaign: files and code are supposed not to change meanwhile.

    Attributes
    ----------
    unknown : dict of str to None
        What code of users reads and cannot be known, in the order it was met.
    """

    def __init__(self) -> None:
        self.unknown: dict[str, None] = {}
        self._meanings = Meanings()
        self._files: dict[str, str | None] = {}
        self._components: dict[tuple[str, str], str | None] = {}
        self._values: dict[int, tuple[Any, str | None]] = {}

    def of(self, sections: Mapping[str, Any]) -> list[list[str]]:
        """Return the fingerprints of files and code that an experiment, or collectors, name.

        Parameters
        ----------
        sections : mapping
            From the name of a section to its parameters, the component under ``name``.

        Returns
        -------
        list of list of str
            Each with its place among the parameters, in an order that does not depend on that
            of mappings and sets.
        """
        found: list[list[str]] = []
        for kind, section in sections.items():
            if isinstance(section, Mapping) and kind != "desc":
                found += self._of_section(kind, section)
            elif kind == "timeline":
                for number, event in enumerate(section or ()):
                    found += self._of_event(f"timeline.{number}", event)
        return sorted(found)

    def of_kind(self, kind: str, experiment: Mapping[str, Any]) -> list[list[str]]:
        """Return those of an experiment of another kind than simulations, the kind's code first."""
        if kind == CASE:
            found = list(self._of_resources(experiment["details"]))
        else:
            found = [
                one
                for section, value in experiment.items()
                if section != "desc"
                for one in self._of_value(str(section), value)
            ]
        code = self._code(JOB_KIND[kind], f"job kind {kind}")
        return [[kind, str(code)], *sorted(found)]

    def _of_resources(self, details: Mapping[str, Any]) -> Iterator[list[str]]:
        """Yield the code of resources that steps work with.

        Files that steps name may be what they write. What they read is in a folder of its own, with
        digests among the details.
        """
        resources = details.get("resources") or {}
        types = {entry["type"] for _, entry in resources.items()}
        types |= {step["resource"] for step in details["steps"]}
        for name in types:
            code = None if name not in RESOURCE else self._code(RESOURCE[name], f"resource {name}")
            if code is not None:
                yield [f"resource {name}", code]

    def of_collectors(self, collectors: Mapping[str, Mapping[str, Any]]) -> list[list[list[str]]]:
        """Return the same for data collectors: their options by name."""
        return [
            self.of({"collector": {**options, "name": name}})
            for name, options in collectors.items()
        ]

    def _of_event(self, place: str, event: Mapping[str, Any]) -> Iterator[list[str]]:
        code = self._component("network_event", str(event.get("event")))
        if code is not None:
            yield [place, code]
        for key, value in event.items():
            yield from self._of_value(f"{place}.{key}", value)

    def _of_section(self, kind: str, section: Mapping[str, Any]) -> Iterator[list[str]]:
        name = section.get("name")
        if kind in KINDS and isinstance(name, str):
            code = self._component(kind, name)
            if code is not None:
                yield [kind, code]
            given = {key: value for key, value in section.items() if key != "name"}
            for file in files_opened(KINDS[kind].registry.get(name), given):
                yield [kind, "opens", str(self._file(os.fspath(file)))]
        for key, value in section.items():
            if key != "name":
                yield from self._of_value(f"{kind}.{key}", value)

    def _of_value(self, place: str, value: Any) -> Iterator[list[str]]:
        if isinstance(value, str | Path):
            fingerprint = self._file(os.fspath(value))
            if fingerprint is not None:
                yield [place, os.fspath(value), fingerprint]
        elif isinstance(value, Mapping):
            for key, item in value.items():
                yield from self._of_value(f"{place}.{key}", item)
        elif isinstance(value, list | tuple):
            for number, item in enumerate(value):
                yield from self._of_value(f"{place}.{number}", item)
        elif isinstance(value, set | frozenset):
            for item in value:
                yield from self._of_value(place, item)
        elif not isinstance(value, _KNOWN_BY_TEXT):
            code = self._code(value, place)
            if code is not None:
                yield [place, code]

    def _file(self, name: str) -> str | None:
        if name not in self._files:
            self._files[name] = fingerprint_of_file(name)
        return self._files[name]

    def _component(self, kind: str, name: str) -> str | None:
        key = kind, name
        if key not in self._components:
            component = KINDS[kind].registry.get(name)
            known = None if component is None else self._code(component, f"{kind} {name}")
            self._components[key] = known
        return self._components[key]

    def _code(self, value: Any, place: str) -> str | None:
        """Return what tells a function, a class or an object from others; None if text does."""
        if id(value) not in self._values:
            found = None
            if not (hasattr(value, "__qualname__") and is_library(value)):
                meaning, unknown = self._meanings.of(value)
                found = f"code {meaning}"
                self.unknown |= {f"{place} reads {one}": None for one in unknown}
            self._values[id(value)] = value, found
        return self._values[id(value)][1]
