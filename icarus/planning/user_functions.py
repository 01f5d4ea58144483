"""Functions of the user's that settings name: vetoes before a campaign, hooks while it runs."""

from __future__ import annotations

import traceback
from collections.abc import Container, Iterable, Mapping
from typing import Any

from icarus.errors import suggestion
from icarus.util import Tree

__all__ = ["HOOK_NAMES", "hook_problems", "raised_at", "vetoed"]

HOOK_NAMES = ("campaign_start", "before_job", "after_job", "campaign_end")


def hook_problems(hooks: Any) -> list[str]:
    """Return what is wrong with a value of ``HOOKS``."""
    if hooks is None:
        return []
    if not isinstance(hooks, Mapping):
        return [f"HOOKS: should be a mapping of {', '.join(HOOK_NAMES)} to functions"]
    problems = []
    for name, given in hooks.items():
        if name not in HOOK_NAMES:
            problems.append(f"HOOKS[{name!r}]: unknown; {suggestion(str(name), HOOK_NAMES)}")
        elif not callable(given) and not (
            isinstance(given, (list, tuple)) and all(map(callable, given))
        ):
            problems.append(f"HOOKS[{name!r}]: should be a function or a list of them")
    return problems


def vetoed(
    veto: Any, experiments: Iterable[Tree], excluded: Container[int], problems: list[str]
) -> dict[int, str]:
    """Return the experiments that ``VETO`` excludes, by their place, with the reasons.

    Parameters
    ----------
    veto : callable or None
        Called with each experiment; a text or True excludes it.
    experiments : iterable of Tree
    excluded : container of int
        Places of those that are excluded already, for which it is not asked.
    problems : list of str
        Gets what went wrong.
    """
    if veto is None:
        return {}
    if not callable(veto):
        problems.append(f"VETO: should be a function of an experiment, found {veto!r}")
        return {}
    reasons: dict[int, str] = {}
    for number, experiment in enumerate(experiments):
        if number in excluded:
            continue
        try:
            # A copy: experiments share their sections.
            answer = veto(Tree(experiment.dict()))
        except Exception as error:
            what = f"{type(error).__name__}: {error}{raised_at(error)}"
            problems.append(f"VETO: raised {what}, for EXPERIMENT_QUEUE[{number}]")
            break
        if answer:
            reasons[number] = answer if isinstance(answer, str) else "excluded by VETO"
    return reasons


def raised_at(error: Exception) -> str:
    """Return where an exception was raised; nothing if that is where it is handled."""
    _, *called = traceback.extract_tb(error.__traceback__)
    return f" at {called[-1].filename}:{called[-1].lineno}" if called else ""
