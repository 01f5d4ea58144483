"""Telling subscribers what happens, the essential ones first."""

from __future__ import annotations

import logging

from icarus.orchestration.events import Event, OutcomeRefused, Subscriber
from icarus.orchestration.stops import JobStopped

__all__ = ["Announcer", "EssentialSubscriberFailed"]

logger = logging.getLogger("orchestration")


class EssentialSubscriberFailed(JobStopped):
    """Raised to end a campaign of which an essential subscriber could not take note.

    It may be raised inside a job that runs in this process, and is not to be caught by it.
    """


class Announcer:
    """Subscribers, and what became of them.

    Attributes
    ----------
    failure : Exception or None
        What the first essential subscriber to fail raised.
    """

    def __init__(self) -> None:
        self._essential: list[Subscriber] = []
        self._others: list[Subscriber] = []
        self.failure: Exception | None = None

    def subscribe(self, subscriber: Subscriber, essential: bool) -> None:
        """Have `subscriber` called with every event from now on."""
        (self._essential if essential else self._others).append(subscriber)

    def tell_essential(self, event: Event) -> None:
        """Tell those without whom the campaign must not go on.

        Raises
        ------
        EssentialSubscriberFailed
            If one raised; it is told nothing more.
        OutcomeRefused
            If one cannot take note of this event, but of others.
        """
        for subscriber in list(self._essential):
            try:
                subscriber(event)
            except OutcomeRefused:
                raise
            except Exception as error:
                self._essential.remove(subscriber)
                self.failure = self.failure or error
                raise EssentialSubscriberFailed from error

    def tell_others(self, event: Event) -> None:
        """Tell all others; one that raises is told nothing more."""
        for subscriber in list(self._others):
            try:
                subscriber(event)
            except Exception:
                # Such as a display whose terminal is gone: it must not cost the campaign.
                self._others.remove(subscriber)
                logger.exception("a subscriber failed and is told nothing more")
