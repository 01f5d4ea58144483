"""The live page: a campaign seen in a browser while it runs, from its journal and nothing else.

It is served on this machine alone, under an address that holds a random token, and can be read
only. What is sent is made once for all that look on: the state of the jobs at most every second,
the results so far when the journal has changed, and both so seldom that making them takes less
than a hundredth of a core.
"""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from icarus.errors import IcarusError, JournalError
from icarus.orchestration.journal.overview import CampaignStatus, campaign_status
from icarus.orchestration.journal.reader import JournalReader
from icarus.plaintext import one_line
from icarus.report.chart_data import chart_data
from icarus.report.page import render
from icarus.results.merging import once
from icarus.results.summaries import summarise

__all__ = ["LivePage"]

logger = logging.getLogger(__name__)

_HERE = "127.0.0.1"
_STATUS_EVERY = 1.0
"""Seconds between two looks at the jobs, whoever asks."""
_CHARTS_EVERY = 3.0
"""Seconds between two looks at the results, at the least."""
_SHARE = 0.004
"""Of one core, that looking at the jobs may take, and that looking at the results may."""
_LONGEST = 500
"""Characters of a label or an error."""
_MOST_RUNNING = 32


class LivePage:
    """A server of one page about one campaign.

    Parameters
    ----------
    journal : pathlib.Path
        The journal of the campaign.
    port : int, optional
        Where to listen; by default the system chooses.

    Attributes
    ----------
    url : str
        The address of the page, token included.

    Raises
    ------
    JournalError
        If the journal cannot be read, or the port cannot be listened to.
    ResultsError
        If the extra ``icarus-sim[report]`` is missing.
    """

    def __init__(self, journal: Path, port: int = 0) -> None:
        self._token = secrets.token_urlsafe(24)
        self._views = _Views(journal)
        self._views.status()
        page = render(
            "live.html", ("charts.js", "table.js", "live.js"), connects=True, title=journal.name
        )
        handler = _handler(self._token, self._views, page.encode())
        try:
            self._server = ThreadingHTTPServer((_HERE, port), handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise JournalError(f"--port {port}: cannot listen there: {reason}") from error
        self._server.daemon_threads = True
        self.url = f"http://{_HERE}:{self._server.server_address[1]}/{self._token}/"

    def serve(self) -> None:
        """Serve the page until `close` is called, or an exception such as KeyboardInterrupt."""
        self._server.serve_forever()

    def close(self) -> None:
        """Stop serving."""
        self._server.server_close()

    def shutdown(self) -> None:
        """End `serve`, which another thread is in."""
        self._server.shutdown()


@dataclass
class _Kept:
    """What was made last, for all who ask."""

    body: bytes
    change: Any
    due: float
    """Before this, on the clock of ``time.monotonic``, it is not made again."""


class _Views:
    """What the page is sent: made when somebody asks, and kept."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._kept: dict[str, _Kept] = {}
        self._locks = {"status": threading.Lock(), "results": threading.Lock()}

    def status(self) -> bytes:
        """Return how far the campaign is, as JSON."""
        return self._latest("status", _STATUS_EVERY, self._made_status)

    def results(self) -> bytes:
        """Return what the campaign has found so far, as JSON."""
        return self._latest("results", _CHARTS_EVERY, self._made_results)

    def _latest(self, name: str, every: float, make: Callable[[], Any]) -> bytes:
        with self._locks[name]:
            kept = self._kept.get(name)
            now = time.monotonic()
            if kept is not None and now < kept.due:
                return kept.body
            began = time.thread_time()
            change = self._change() if name == "results" else None
            if kept is not None and change is not None and change == kept.change:
                body = kept.body
            else:
                body = json.dumps(make(), separators=(",", ":"), allow_nan=False).encode()
            pause = max(every, (time.thread_time() - began) / _SHARE)
            self._kept[name] = _Kept(body, change, time.monotonic() + pause)
            return body

    def _change(self) -> Any:
        """Return what differs once another job has ended."""
        found = campaign_status(self._journal, 0)
        return found.started, sorted(found.counts.items()), found.known

    def _made_status(self) -> dict[str, Any]:
        return _as_json(campaign_status(self._journal, most_failures=20))

    def _made_results(self) -> dict[str, Any]:
        with JournalReader(self._journal) as reader:
            results, lost = reader.result_set()
        found = once(results)
        data = chart_data(found, summarise(found) if len(found) else None)
        return {**data, "lost": lost, "version": f"{len(found)}-{time.time_ns()}"}


def _as_json(found: CampaignStatus) -> dict[str, Any]:
    def job(row: Any) -> dict[str, Any]:
        facts = asdict(row)
        return {
            **{name: facts[name] for name in ("number", "status", "amount", "unit", "age")},
            **{name: one_line(facts[name] or "", _LONGEST) for name in ("label", "error", "phase")},
        }

    return {
        "state": one_line(found.state, _LONGEST),
        "alive": found.alive,
        "planned": found.planned,
        "ended": found.ended,
        "counts": found.counts,
        "known": found.known,
        "rate": found.rate,
        "elapsed": found.elapsed,
        "eta": found.eta,
        "updated": found.updated,
        "running": [job(row) for row in found.running[:_MOST_RUNNING]],
        "more_running": max(0, len(found.running) - _MOST_RUNNING),
        "failures": [job(row) for row in found.failures],
    }


def _handler(token: str, views: _Views, page: bytes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers GET under the token, and refuses all else."""

        server_version = "Icarus"
        sys_version = ""
        protocol_version = "HTTP/1.1"
        timeout = 60

        @cached_property
        def _answers(self) -> dict[str, tuple[str, Callable[[], bytes]]]:
            return {
                "": ("text/html; charset=utf-8", lambda: page),
                "status.json": ("application/json", views.status),
                "results.json": ("application/json", views.results),
            }

        def do_GET(self) -> None:
            """Send the page, or what it asks for."""
            given, _, rest = self.path.lstrip("/").partition("/")
            # A name that leads here from outside, as in a rebinding of DNS, is refused as well.
            host = (self.headers.get("Host") or "").rpartition(":")[0]
            known = hmac.compare_digest(given.encode(), token.encode())
            if not known or host not in (_HERE, "localhost"):
                self._send(HTTPStatus.FORBIDDEN, "text/plain", b"wrong address: a token is missing")
            elif rest not in self._answers:
                self._send(HTTPStatus.NOT_FOUND, "text/plain", b"there is nothing here")
            else:
                kind, make = self._answers[rest]
                try:
                    self._send(HTTPStatus.OK, kind, make())
                except IcarusError as error:
                    problem = one_line(error, _LONGEST).encode()
                    self._send(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", problem)

        def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("X-Frame-Options", "DENY")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Cross-Origin-Resource-Policy", "same-origin")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Log a request, without its address, which holds the token."""
            logger.debug("answered a request for the live page")

    return Handler
