"""Functions of the user's that settings name: vetoes before a campaign, hooks while it runs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from icarus.errors import Cancel, suggestion

if TYPE_CHECKING:
    from icarus.orchestration.events import (
        CampaignEnded,
        CampaignStarted,
        JobEnded,
        JobRetried,
        JobStarted,
    )
    from icarus.util import Tree

__all__ = ["HOOK_NAMES", "HookError", "Hooks", "hook_problems", "vetoed"]

HOOK_NAMES = ("campaign_start", "before_job", "after_job", "campaign_end")

logger = logging.getLogger("hooks")

Hook = Callable[[Any], object]


class HookError(Exception):
    """A hook raised an exception.

    Parameters
    ----------
    place : str
        The hook, and what it raised.
    traceback_text : str
    """

    def __init__(self, place: str, traceback_text: str) -> None:
        super().__init__(place)
        self.traceback_text = traceback_text


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


def vetoed(veto: Any, experiments: Iterable[Tree], problems: list[str]) -> dict[int, str]:
    """Return the experiments that ``VETO`` excludes, by their place, with the reasons.

    Parameters
    ----------
    veto : callable or None
        Called with each experiment; a text or True excludes it.
    experiments : iterable of Tree
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
        try:
            answer = veto(experiment)
        except Exception as error:
            what = f"{type(error).__name__}: {error}{_place(error)}"
            problems.append(f"VETO: raised {what}, for EXPERIMENT_QUEUE[{number}]")
            break
        if answer:
            reasons[number] = answer if isinstance(answer, str) else "excluded by VETO"
    return reasons


class Hooks:
    """The hooks of a campaign, called in the process and the thread that run it.

    Parameters
    ----------
    given : mapping or None
        The setting ``HOOKS``: a function, or a list of them, by name.
    """

    def __init__(self, given: Mapping[str, Hook | list[Hook]] | None) -> None:
        self._chains: dict[str, list[Hook]] = {
            name: list(hook) if isinstance(hook, (list, tuple)) else [hook]
            for name, hook in (given or {}).items()
        }

    def campaign_start(self, event: CampaignStarted) -> None:
        """Call the hooks for the start of the campaign.

        Raises
        ------
        HookError
            If one raised; those after it are not called.
        """
        for hook in self._chains.get("campaign_start", ()):
            self._call("campaign_start", hook, event)

    def before_job(self, event: JobStarted) -> str | None:
        """Call the hooks that go before a job; return why the job is not to run, if so.

        Raises
        ------
        HookError
            If one raised; those after it are not called.
        """
        for hook in self._chains.get("before_job", ()):
            try:
                answer = self._call("before_job", hook, event)
            except Cancel as asked:
                return str(asked) or f"excluded by {_name(hook)}"
            if isinstance(answer, str) and answer:
                return answer
        return None

    def after_job(self, event: JobEnded | JobRetried) -> None:
        """Call the hooks that go after a job, whatever any of them raises."""
        self._call_all("after_job", event)

    def campaign_end(self, event: CampaignEnded) -> None:
        """Call the hooks for the end of the campaign, whatever any of them raises."""
        self._call_all("campaign_end", event)

    def _call_all(self, name: str, event: Any) -> None:
        for hook in self._chains.get(name, ()):
            try:
                self._call(name, hook, event)
            except HookError as error:
                logger.error("%s\n%s", error, error.traceback_text)

    def _call(self, name: str, hook: Hook, event: Any) -> object:
        try:
            return hook(event)
        except Exception as error:
            if isinstance(error, Cancel) and name == "before_job":
                raise
            place = _place(error)
            text = f"HOOKS[{name!r}]: {_name(hook)} raised {type(error).__name__}: {error}{place}"
            raise HookError(text, traceback.format_exc()) from error


def _name(hook: Any) -> str:
    return str(getattr(hook, "__qualname__", None) or hook)


def _place(error: Exception) -> str:
    """Return where an exception was raised, unless it was in this module."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return "" if last.filename == __file__ else f" at {last.filename}:{last.lineno}"
