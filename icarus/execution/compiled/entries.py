"""The functions that Python calls compiled. Importing this module gets the compiler ready."""

from __future__ import annotations

from icarus.compiler import hash_tables
from icarus.compiler.jit import entry_point, generic_entry_point, unkept_entry_point
from icarus.execution.compiled import evaluation, request_loop
from icarus.verbs import sessions

__all__ = [
    "count_links",
    "describe_steps",
    "fill_table",
    "look_up_paths",
    "refill_step_table",
    "run_requests",
    "run_requests_unkept",
]

run_requests = generic_entry_point(request_loop.run_requests)
# With a user's kernels, whose text nobody watches for changes, code is not kept on disk.
run_requests_unkept = unkept_entry_point(request_loop.run_requests)


_PATIENCE = 2
"""Seconds of processor that compiling one of the others takes, or a little less."""


def _each_step(seconds):
    return lambda sessions, *rest: seconds * float(sessions.used[0])


# What a row or a step takes in the interpreter, roughly.
refill_step_table = entry_point(sessions.refill_step_table, _PATIENCE, seconds=_each_step(4e-6))
fill_table = entry_point(
    hash_tables.fill_table, _PATIENCE, seconds=lambda table, keys, n_rows: 4e-6 * n_rows
)
look_up_paths = entry_point(
    evaluation.look_up_paths,
    _PATIENCE,
    seconds=lambda paths, first_nodes, last_nodes, found, start: 1e-5 * (len(found) - start),
)
describe_steps = entry_point(evaluation.describe_steps, _PATIENCE, seconds=_each_step(2e-5))
count_links = entry_point(evaluation.count_links, _PATIENCE, seconds=_each_step(2e-5))
