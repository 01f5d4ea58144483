"""Outcomes, experiments and facts about runs as entries of a journal, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from icarus.core.hashing import digest
from icarus.errors import JournalError
from icarus.execution.simulation import Simulation, SimulationResult, simulate
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.journal.guard import MOST
from icarus.orchestration.status import Status
from icarus.results.encoding import Encoder, Payload, decode, dumps, parsed
from icarus.util import Tree

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
]

OUTCOME = "outcome:"
ATTEMPT = "attempt:"
EXPERIMENT = "experiment:"
RUN = "run:"
"""What keys of entries begin with."""

_FIELDS = {field.name for field in dataclasses.fields(Outcome)} - {"value", "status", "origin"}


class _KeptResult(SimulationResult):
    """A result from a journal. Its tree is made when it is first asked for.

    A campaign that goes on needs those of earlier runs at its end only.
    """

    def __init__(
        self, kept: tuple[Any, memoryview], engine: str, engine_reason: str, n_requests: int
    ) -> None:
        self.__dict__.update(
            engine=engine, engine_reason=engine_reason, n_requests=n_requests, _kept=kept
        )

    def __getattr__(self, name: str) -> Any:
        # Reached for what is not there yet.
        if name != "results":
            raise AttributeError(name)
        try:
            results = decode(*self.__dict__.pop("_kept"))
        except MemoryError:
            raise
        except Exception as error:
            raise JournalError("a result in the journal makes no sense") from error
        if not isinstance(results, Tree):
            raise JournalError("a result in the journal makes no sense: it is no tree")
        self.__dict__["results"] = results
        return results

    def __reduce__(self) -> tuple[Any, ...]:
        told = self.engine, self.engine_reason, self.n_requests
        return SimulationResult, (self.results, *told)


def experiment_key(job: Job) -> str:
    """Return the key of a job's experiment, free text under ``desc`` included."""
    desc = job.argument.params.get("desc")
    return f"{EXPERIMENT}{job.experiment}" + ("" if desc is None else digest(desc)[:8])


def experiment_entry(job: Job) -> bytes:
    """Return the parameters of a job's experiment as bytes."""
    return dumps(job.argument.params)


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
    simulation = job.argument
    entry: dict[str, Any] = {
        "id": job.id,
        "number": job.number,
        "label": job.label,
        "identity": job.experiment,
        "experiment": experiment_key(job),
        "seed": simulation.seed,
        "replication": simulation.replication,
        "engine": simulation.engine,
        "attempt": attempt,
        "run": run,
        "status": str(outcome.status),
        "facts": facts,
    }
    value = outcome.value
    if isinstance(value, SimulationResult):
        told = [value.engine, value.engine_reason, value.n_requests]
        entry["result"] = [encoder.encode(value.results), *told]
    elif value is not None:
        entry["value"] = encoder.encode(value)
    return encoder.payload(entry)


_ENTRY: dict[str, type] = {
    **dict.fromkeys(("id", "label", "identity", "experiment", "engine", "status"), str),
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
    for name, kind in _ENTRY.items():
        if type(entry[name]) is not kind:
            raise ValueError(f"{name} of an entry is a {kind.__name__}")
    if not all(0 <= entry[name] < MOST for name in _COUNTED) or entry["seed"] < 0:
        raise ValueError("what is counted in an entry is no count")
    return entry, raw


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
    value = decode(entry.get("value"), raw)
    if "result" in entry:
        results, engine, reason, requests = entry.pop("result")
        if not (type(engine) is type(reason) is str and type(requests) is int):
            raise ValueError("a result of an entry makes no sense")
        value = _KeptResult((results, raw), engine, reason, requests)
    elif status is Status.OK:
        raise ValueError("a job of an entry has no result")
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
    if b'["p",' in payload and isinstance(outcome.value, SimulationResult):
        _ = outcome.value.results


def job_of(entry: Mapping[str, Any], params: Any, collectors: Mapping[str, Any]) -> Job:
    """Return the job that an entry tells of."""
    return Job(
        id=entry["id"],
        experiment=entry["identity"],
        number=entry["number"],
        label=entry["label"],
        task=simulate,
        argument=Simulation(
            params, collectors, entry["seed"], entry["replication"], entry["engine"]
        ),
    )
