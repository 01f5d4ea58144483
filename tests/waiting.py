"""Waiting for what is to happen, and what of results is the same wherever a campaign ran."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from icarus.results import read_results_pickle

__all__ = ["records", "wait_for"]


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Return what is true at last."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
    return found


def records(path: Path) -> list[tuple[Any, ...]]:
    """All results in a file, and the facts that do not depend on where and when."""
    results = read_results_pickle(path)
    keys = ("job", "experiment", "replication", "seed", "status")
    return [
        (params.dict(), tree.dict(), {key: facts[key] for key in keys})
        for (params, tree), facts in zip(results, results.metadata, strict=True)
    ]
