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
refill_step_table = entry_point(sessions.refill_step_table)
fill_table = entry_point(hash_tables.fill_table)
look_up_paths = entry_point(evaluation.look_up_paths)
describe_steps = entry_point(evaluation.describe_steps)
count_links = entry_point(evaluation.count_links)
