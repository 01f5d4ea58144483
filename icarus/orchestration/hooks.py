"""Functions of the user's that are called while a campaign runs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from icarus.errors import Cancel
from icarus.orchestration.events import (
    CampaignEnded,
    CampaignStarted,
    JobEnded,
    JobRetried,
    JobStarted,
)
from icarus.planning.user_functions import raised_at

__all__ = ["HookError", "Hooks"]

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

    @property
    def between_jobs(self) -> bool:
        """Whether there are hooks that are to be over before the next job begins."""
        return any(self._chains.get(name) for name in ("before_job", "after_job"))

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
            place = raised_at(error)
            text = f"HOOKS[{name!r}]: {_name(hook)} raised {type(error).__name__}: {error}{place}"
            raise HookError(text, traceback.format_exc()) from error


def _name(hook: Any) -> str:
    return str(getattr(hook, "__qualname__", None) or hook)
