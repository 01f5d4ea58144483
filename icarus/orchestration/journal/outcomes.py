"""Outcomes, experiments and facts about runs as entries of a journal, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from icarus.core.hashing import digest
from icarus.errors import UnwritableError
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.journal.guard import MOST
from icarus.orchestration.journal.kept import KeptProduct, KeptTask
from icarus.orchestration.kinds.task import REQUESTS
from icarus.orchestration.status import Status
from icarus.planning.job_kinds import SIMULATION
from icarus.results.encoding import Encoder, Payload, decode, dumps, parsed

__all__ = [
    "ATTEMPT",
    "EXPERIMENT",
    "OUTCOME",
    "RUN",
    "entry_of",
    "experiment_entry",
    "experiment_key",
    "job_of",
    "outcome_entry",
    "outcome_of",
    "require_readable",
    "run_entry",
    "task_entry",
]

OUTCOME = "outcome:"
ATTEMPT = "attempt:"
EXPERIMENT = "experiment:"
RUN = "run:"
"""What keys of entries begin with."""

_FIELDS = {field.name for field in dataclasses.fields(Outcome)} - {"value", "status", "origin"}


def experiment_key(job: Job) -> str:
    """Return the key of a job's experiment, free text under ``desc`` included."""
    desc = job.task.params.get("desc")
    return f"{EXPERIMENT}{job.experiment}" + ("" if desc is None else digest(desc)[:8])


def experiment_entry(job: Job) -> bytes:
    """Return the parameters of a job's experiment as bytes."""
    return dumps(job.task.params)


def task_entry(job: Job) -> str:
    """Return the facts of a job's task as text, of one that has only started.

    Of those that cannot be kept, nothing is: that is found out when the job ends.
    """
    try:
        return dumps(job.task.facts()).decode()
    except (UnwritableError, UnicodeDecodeError):
        return dumps({}).decode()


def run_entry(facts: Mapping[str, Any]) -> bytes:
    """Return facts about a run as bytes. Of one that cannot be kept, nothing is."""
    kept: list[tuple[str, Any]] = []
    for name, value in facts.items():
        try:
            dumps(value)
        except MemoryError:
            raise
        except Exception:
            kept.append((name, None))
        else:
            kept.append((name, value))
    return dumps(kept)


def outcome_entry(job: Job, outcome: Outcome, attempt: int, run: int) -> Payload:
    """Return all that is to be kept of a job that ended.

    Raises
    ------
    UnwritableError
        If some of it cannot be kept.
    """
    encoder = Encoder()
    facts = {name: encoder.encode(getattr(outcome, name)) for name in _FIELDS}
    task = job.task
    entry: dict[str, Any] = {
        "id": job.id,
        "number": job.number,
        "label": job.label,
        "identity": job.experiment,
        "experiment": experiment_key(job),
        "kind": task.kind,
        "unit": task.unit,
        "seed": task.seed,
        "replication": task.replication,
        "task": encoder.encode(task.facts()),
        "attempt": attempt,
        "run": run,
        "status": str(outcome.status),
        "facts": facts,
    }
    value = outcome.value
    if value is not None:
        told = [value.amount, encoder.encode(dict(value.facts)), encoder.encode(dict(value.files))]
        entry["result"] = [encoder.encode(value.results), *told]
    return encoder.payload(entry)


_ENTRY: dict[str, type] = {
    **dict.fromkeys(("id", "label", "identity", "experiment", "kind", "unit", "status"), str),
    **dict.fromkeys(("number", "seed", "replication", "attempt", "run"), int),
    "facts": dict,
}
_COUNTED = ("number", "replication", "attempt", "run")


def entry_of(payload: bytes) -> dict[str, Any]:
    """Return what was kept of a job, but for its outcome.

    Raises
    ------
    ValueError, LookupError, RecursionError
        If that makes no sense.
    """
    return _entry(payload)[0]


def _entry(payload: bytes) -> tuple[dict[str, Any], memoryview]:
    entry, raw = parsed(payload)
    if type(entry) is not dict:
        raise ValueError("an entry of a journal is an object")
    if "kind" not in entry:
        _as_of_format_2(entry)
    for name, kind in _ENTRY.items():
        if type(entry[name]) is not kind:
            raise ValueError(f"{name} of an entry is a {kind.__name__}")
    if not all(0 <= entry[name] < MOST for name in _COUNTED) or entry["seed"] < 0:
        raise ValueError("what is counted in an entry is no count")
    return entry, raw


def _as_of_format_2(entry: dict[str, Any]) -> None:
    """Make of an entry of the first format, which knew simulations only, one of the second."""
    engine = entry.pop("engine")
    if type(engine) is not str:
        raise ValueError("engine of an entry is a str")
    entry |= {"kind": SIMULATION, "unit": REQUESTS, "task": {"engine": engine}}
    if "result" in entry:
        results, engine, reason, requests = entry["result"]
        facts = {"engine": engine, "engine_reason": reason}
        if not (type(engine) is type(reason) is str):
            raise ValueError("a result of an entry makes no sense")
        entry["result"] = [results, requests, facts, {}]


def outcome_of(
    payload: bytes, runs: Mapping[int, dict[str, Any]]
) -> tuple[dict[str, Any], Outcome]:
    """Return what was kept of a job, and its outcome.

    Parameters
    ----------
    payload : bytes
        What ``outcome_entry`` returned.
    runs : mapping of int to dict
        Facts about the runs of the journal.

    Raises
    ------
    Exception
        Whatever comes of bytes that it did not return.
    """
    entry, raw = _entry(payload)
    status = Status(entry["status"])
    entry["task"] = decode(entry["task"], raw)
    if not isinstance(entry["task"], Mapping):
        raise ValueError("facts of a task of an entry make no sense")
    value = None
    if (status is Status.OK) != ("result" in entry):
        raise ValueError("a job of an entry has no result, or one that did not end well has")
    if "result" in entry:
        results, amount, *told = entry.pop("result")
        facts, files = (decode(one, raw) for one in told)
        if type(amount) is not int or not all(isinstance(one, Mapping) for one in (facts, files)):
            raise ValueError("a result of an entry makes no sense")
        value = KeptProduct((results, raw), amount, facts, files)
    facts = {
        name: decode(given, raw) for name, given in entry.pop("facts").items() if name in _FIELDS
    }
    outcome = Outcome(status=status, value=value, origin=runs.get(entry["run"]), **facts)
    _require_sense(outcome)
    return entry, outcome


def _require_sense(outcome: Outcome) -> None:
    numbers = (outcome.started, outcome.duration, outcome.peak_memory, outcome.attempts)
    if not all(type(one) in (int, float) and 0 <= one < MOST for one in numbers):
        raise ValueError("times and sizes of an entry make no sense")
    if not all(type(level) is int for level, _, _ in outcome.messages):
        raise ValueError("messages of an entry make no sense")


def require_readable(outcome: Outcome, payload: bytes) -> None:
    """Make the result of an outcome, where a look at its payload does not say that it can be.

    Pickles are the one thing in it that was written without knowing that it can be read.

    Raises
    ------
    ResultsError
        If it cannot be read.
    """
    if b'["p",' in payload and outcome.value is not None:
        _ = outcome.value.results


def job_of(entry: Mapping[str, Any], params: Any, campaign: Mapping[str, Any]) -> Job:
    """Return the job that an entry tells of, given facts about the campaign that ran it."""
    return Job(
        id=entry["id"],
        experiment=entry["identity"],
        number=entry["number"],
        label=entry["label"],
        task=KeptTask(
            *(params, entry["seed"], entry["replication"]),
            kind=entry["kind"],
            unit=entry["unit"],
            kept=entry["task"],
            campaign=campaign,
        ),
    )
