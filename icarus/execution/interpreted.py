"""The python engine: strategies serve requests one by one, and collectors hear of each event."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from icarus.execution.collectors import CollectorProxy
from icarus.execution.collectors.session_records import RecordTakers, SessionRecorder
from icarus.execution.network import NetworkController
from icarus.policies.counted import CacheCounts
from icarus.policies.resizing import resized
from icarus.scenarios.workload.requests import RequestBatch
from icarus.types import Content, Node

__all__ = ["InterpretedRun"]

_REPORT_EVERY = 4096
"""Requests between two reports of progress: about a tenth of a second."""


class InterpretedRun:
    """One simulation on the python engine.

    Parameters
    ----------
    controller : NetworkController
        The network, with a proxy to all collectors attached.
    strategy : Strategy
    workload : Workload or iterable of (float, mapping)
        Whose names of nodes and contents are used; requests are handed to ``serve``.
    """

    def __init__(self, controller: NetworkController, strategy: Any, workload: Any) -> None:
        self._controller = controller
        self._strategy = strategy
        self._workload = workload
        self._sized = False
        members = controller.collector.members
        takers = RecordTakers(members)
        self._recorder: SessionRecorder | None = None
        if takers:
            view = controller.collector.view
            self._recorder = SessionRecorder(view, getattr(workload, "contents", ()), takers)
            controller.attach_collector(CollectorProxy(view, [*members, self._recorder]))
            controller.tell_evicted = self._recorder.evicted if takers.evictions else None

    @property
    def measured(self) -> bool:
        """Whether there was a session to be measured."""
        return self._controller.measured

    @property
    def interpreted(self) -> int:
        """Return 0: nothing waits for code."""
        return 0

    def prepare(self) -> None:
        """Do nothing: there is no code to wait for."""

    def serve(self, piece: Any, heartbeat: Callable[[int], None]) -> None:
        """Serve requests.

        Parameters
        ----------
        piece : RequestBatch, or iterator of (float, mapping)
        heartbeat : callable
            Told now and then how many further requests have been served.
        """
        if isinstance(piece, RequestBatch):
            self._serve_batch(piece, heartbeat)
        else:
            self._serve_events(piece, heartbeat)

    def finish(self) -> None:
        """Hand over what collectors have not been told so far."""
        if self._recorder is not None:
            self._recorder.flush()

    def network_changed(self) -> None:
        """Do nothing: the network is looked at itself."""

    def clear_cache(self, node: Node) -> None:
        """Empty the caches of a node, be it removed at present or not."""
        for caches in self._controller.model.all_caches:
            if node in caches:
                caches[node].clear()

    def with_size(self, cache: Any, size: int) -> Any:
        """Return a cache of another size that holds what fits of a cache."""
        model = self._controller.model
        return resized(cache, size, partial(model._cache_like, cache))

    def resized(self) -> None:
        """Do nothing: caches have their sizes."""

    def set_time(self, time: float) -> None:
        """Have caches know the time."""
        self._controller.model.now[0] = time

    def dump(self, node: Node) -> list[Content]:
        """Return what the cache of a node holds, the content to be evicted next last."""
        return list(self._controller.model.cache[node].dump())

    def cache_use(self) -> list[tuple[Node, CacheCounts]]:
        """Return what was counted of each cache, local ones last."""
        model = self._controller.model
        return [
            (node, cache.use())
            for own, removed in (model.own_caches, model.local_caches)
            for node, cache in {**own, **removed}.items()
        ]

    def end_window(self) -> None:
        """Do nothing: whoever counts by windows counts what it hears."""

    def _serve_batch(self, batch: RequestBatch, heartbeat: Callable[[int], None]) -> None:
        controller = self._controller
        if batch.size is not None and len(batch.size) and not self._sized:
            self._sized = True
            for collector in controller.collector.members:
                if hasattr(collector, "expect_sizes"):
                    collector.expect_sizes()
        receivers, contents = self._workload.receivers, self._workload.contents
        announce_size, now = controller.collector.content_size, controller.model.now
        model = controller.model
        requested, counts_use = model.requested, model.counts_use
        note_measured = model.note_measured
        process_event = self._process_event()
        for start in range(0, len(batch.time), _REPORT_EVERY):
            part = batch.part(start, start + _REPORT_EVERY)
            sizes = None if part.size is None else part.size.tolist()
            writes = None if part.write is None else part.write.tolist()
            rows = zip(
                part.time.tolist(),
                part.receiver.tolist(),
                part.content.tolist(),
                part.measured.tolist(),
                strict=True,
            )
            for i, (time, receiver, content, measured) in enumerate(rows):
                if sizes is not None:
                    if measured:
                        announce_size(sizes[i])
                    requested[0] = sizes[i]
                # Before the session starts, as strategies may ask caches sooner.
                now[0] = time
                if counts_use:
                    note_measured(time, measured)
                if writes is not None and writes[i]:
                    _write(controller, time, receivers[receiver], contents[content], measured)
                    continue
                process_event(
                    time=time,
                    receiver=receivers[receiver],
                    content=contents[content],
                    log=measured,
                )
            heartbeat(len(part.time))

    def _serve_events(
        self, events: Iterator[tuple[float, Mapping[str, Any]]], heartbeat: Callable[[int], None]
    ) -> None:
        now = self._controller.model.now
        process_event = self._process_event()
        done = 0
        model = self._controller.model
        for time, event in events:
            now[0] = time
            if model.counts_use:
                model.note_measured(time, bool(event.get("log", True)))
            process_event(time, **event)
            done += 1
            if done == _REPORT_EVERY:
                heartbeat(done)
                done = 0
        heartbeat(done)

    def _process_event(self) -> Callable[..., None]:
        """Return what serves a request: the strategy, unless a node may be out of reach."""
        serve: Callable[..., None] = self._strategy.process_event
        if self._controller.model.is_whole:
            return serve
        controller = self._controller
        can_serve = getattr(self._strategy, "can_serve", self._can_serve)

        def serve_or_fail(
            time: float, receiver: Node, content: Content, log: bool, **more: Any
        ) -> None:
            if can_serve(receiver, content):
                serve(time=time, receiver=receiver, content=content, log=log, **more)
            else:
                controller.start_session(time, receiver, content, log)
                controller.end_session(False)

        return serve_or_fail

    def _can_serve(self, receiver: Node, content: Content) -> bool:
        """Return whether a strategy that extends no class of ours reaches what it has to."""
        model = self._controller.model
        must_reach = getattr(self._strategy, "must_reach", None)
        if must_reach is None:
            return model.reaches(receiver, model.content_source.get(content))
        return all(model.reaches(receiver, node) for node in must_reach(receiver, content))


def _write(
    controller: NetworkController, time: float, receiver: Node, content: Content, log: bool
) -> None:
    """Take a content from a receiver to its origin and remove all copies that caches have."""
    model = controller.model
    source = model.content_source.get(content)
    if not model.is_whole and not model.reaches(receiver, source):
        controller.start_session(time, receiver, content, log)
        controller.end_session(False)
        return
    path = model.shortest_path[receiver][source]
    controller.start_session(time, receiver, content, log)
    controller.forward_content_path(receiver, source, path)
    controller.forward_request_path(source, receiver, path[::-1])
    for caches in model.all_caches:
        for cache in caches.values():
            cache.remove(content)
    controller.end_session()
