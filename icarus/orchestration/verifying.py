"""What a results file or a journal holds, and whether all of it can be trusted."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from icarus.errors import JournalError, ResultsError
from icarus.orchestration.journal.overview import campaign_status
from icarus.orchestration.journal.recovery import recover
from icarus.orchestration.journal.schema import is_database
from icarus.orchestration.journal.verify import verify_journal
from icarus.orchestration.status import Status
from icarus.plaintext import one_line, some_of
from icarus.results.checking import checked_results
from icarus.results.merging import merge
from icarus.results.resultset import ResultSet

__all__ = ["Verdict", "verify"]

_NOTHING_MISSING = frozenset({Status.OK, Status.SKIPPED, Status.VETOED})
"""Ends of jobs after which nothing is missing."""
_MOST_SHOWN = 5
"""Values of a fact that are listed."""


@dataclass
class Verdict:
    """What was found out about a file."""

    facts: list[tuple[str, str]] = field(default_factory=list)
    """Names and texts."""
    damage: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What is not damaged but not there."""

    @property
    def exit_code(self) -> int:
        """0 for a file that is sound and complete, 1 for one that is sound, 2 for the others."""
        return 2 if self.damage else 1 if self.missing else 0


def verify(path: Path) -> Verdict:
    """Read a results file or a journal in full and say what is in it.

    Raises
    ------
    ResultsError
        If there is no such file.
    """
    return _verify_journal(path) if is_database(path) else _verify_results(path)


def _verify_results(path: Path) -> Verdict:
    results, problems = checked_results(path)
    damage = [f"{path}: {problem}" for problem in problems]
    verdict = Verdict([("file", f"{path}, results")], damage)
    if not damage:
        _look_into(path, results, verdict)
    return verdict


def _verify_journal(path: Path) -> Verdict:
    verdict = Verdict([("file", f"{path}, a journal")], *verify_journal(path))
    try:
        results, _ = recover(path)
    except JournalError:
        if not verdict.damage:
            raise
        return verdict
    if verdict.damage:
        verdict.facts.append(("readable", f"{len(results)} results"))
        return verdict
    now = campaign_status(path)
    verdict.facts += [("last run", now.state), ("planned", f"{now.planned} jobs")]
    _look_into(path, results, verdict)
    return verdict


def _look_into(path: Path, results: ResultSet, verdict: Verdict) -> None:
    failed = [facts for _, facts in results.failures]
    counts = Counter({str(Status.OK): len(results)})
    counts.update(str(facts.get("status", "FAILED")) for facts in failed)
    told = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    verdict.facts.append(("jobs", f"{len(results) + len(failed)}: {told}"))
    verdict.missing += [
        f"{path}: {number} jobs are {status}"
        for status, number in sorted(counts.items())
        if number and status not in _NOTHING_MISSING
    ]
    try:
        verdict.missing += merge([(str(path), results)]).notes
    except ResultsError as error:
        verdict.damage += str(error).splitlines()
    facts = [*results.metadata, *failed]
    campaigns = [one["campaign"] for one in facts if isinstance(one.get("campaign"), Mapping)]
    unknown = len(facts) - len(campaigns)
    verdict.facts += _where_from(_distinct(campaigns))
    started = [one["started"] for one in facts if one.get("started")]
    if started:
        verdict.facts.append(("started", f"{_clock(min(started))} to {_clock(max(started))}"))
    if unknown:
        verdict.facts.append(("origin", f"not recorded of {unknown} results, as by Icarus 0.8"))


def _distinct(campaigns: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    # Results of one run share the facts about it.
    return list({id(one): one for one in campaigns}.values())


def _where_from(campaigns: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    def listed(values: Iterable[str]) -> str:
        return some_of((one_line(one, 300) for one in dict.fromkeys(values)), _MOST_SHOWN, "; ")

    if not campaigns:
        return []
    facts = {
        "settings": listed(str(one.get("settings_path")) for one in campaigns),
        "overrides": listed(
            ", ".join(f"{key}={value!r}" for key, value in (one.get("overrides") or {}).items())
            or "none"
            for one in campaigns
        ),
        "command": listed(shlex.join(map(str, one.get("command") or ())) for one in campaigns),
        "seed": listed(str(one.get("seed")) for one in campaigns),
        "replications": listed(str(one.get("n_replications")) for one in campaigns),
        "versions": listed(
            ", ".join(f"{name} {number}" for name, number in (one.get("versions") or {}).items())
            for one in campaigns
        ),
        "host": listed(str(one.get("host")) for one in campaigns),
    }
    return list(facts.items())


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
