"""Logs that servers and proxies write, and what requests their lines stand for."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from itertools import islice
from os import PathLike
from typing import Any, NamedTuple

import numpy as np

from icarus.errors import TraceError
from icarus.traces.text_lines import request_lines

__all__ = [
    "LOG_FORMATS",
    "LogFormat",
    "LoggedRequest",
    "log_blocks",
    "log_fields",
    "recognised",
]

_DISORDER = 86_400.0
"""Seconds by which the lines of a log may be out of order."""

_DISTINCTIVE = ("clf", "squid")
"""Formats that no table of numbers is mistaken for."""


class LoggedRequest(NamedTuple):
    """What a simulation needs of a line."""

    content: str
    time: float
    """Seconds since 1970."""
    size: int | None
    """Bytes of the reply; None where the format does not tell."""
    client: str = ""
    """Who asked; empty where the format does not tell."""


@dataclass(frozen=True)
class LogFormat:
    """A format of logs."""

    title: str
    example: str
    """What a line looks like."""
    fields: Callable[[str], dict[str, Any] | None]
    """From a line to its fields; ValueError for one that is no number, None for a misfit."""
    request: Callable[[dict[str, Any]], LoggedRequest]
    has_size: bool
    has_client: bool = True

    def parse(self, line: str) -> dict[str, Any]:
        """Return the fields of a line; ValueError if it does not have this format."""
        try:
            fields = self.fields(line)
        except ValueError as error:
            raise ValueError(f"{error}; {self._hint(line)}") from None
        if fields is None:
            raise ValueError(f"not a line of {self.title}; {self._hint(line)}")
        return fields

    def _hint(self, line: str) -> str:
        shown = line if len(line) <= 120 else line[:117] + "..."
        return f"found {shown!r}, expected a line such as {self.example!r}"


def recognised(lines: Sequence[str]) -> str | None:
    """Return the name of the log format that all lines plainly have, or None."""
    for name in _DISTINCTIVE:
        try:
            for line in lines:
                LOG_FORMATS[name].parse(line.strip())
        except ValueError:
            continue
        return name if lines else None
    return None


def log_fields(path: str | PathLike[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the number and the fields of each line of the log at `path` in the format `name`.

    Raises
    ------
    TraceError
        If the file cannot be read or a line does not have this format.
    """
    log = LOG_FORMATS[name]
    for number, line in request_lines(path):
        try:
            fields = log.parse(line)
        except ValueError as error:
            raise TraceError(path, str(error), number) from None
        yield number, fields


def log_blocks(
    path: str | PathLike[str], name: str, size: int
) -> Iterator[tuple[list[str], np.ndarray, np.ndarray | None, list[int], list[str] | None]]:
    """Yield contents, times, sizes, line numbers and clients of a log, `size` requests at a time.

    A time that is before the latest so far counts as that one.

    Raises
    ------
    TraceError
        If the file cannot be read, a line does not have the format `name`, or time goes
        backwards by more than a day.
    """
    log, latest = LOG_FORMATS[name], -np.inf
    lines = log_fields(path, name)
    while block := list(islice(lines, size)):
        numbers = [number for number, _ in block]
        requests = [log.request(fields) for _, fields in block]
        stamps = np.array([request.time for request in requests])
        times = np.maximum.accumulate(np.maximum(stamps, latest))
        back = np.flatnonzero(times - stamps > _DISORDER)
        if len(back):
            seconds = times[back[0]] - stamps[back[0]]
            raise TraceError(
                path,
                f"time goes backwards by {seconds:.15g} s; requests must be in order of time, to "
                f"within a day",
                numbers[int(back[0])],
            )
        latest = times[-1]
        sizes = None
        if log.has_size:
            sizes = np.array([request.size for request in requests], dtype=np.int64)
        clients = [request.client for request in requests] if log.has_client else None
        yield [request.content for request in requests], times, sizes, numbers, clients


# Common Log Format, and the Combined one that adds two fields to it

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_CLF_LINE = re.compile(
    # A run of spaces is tried once, and a date is short: any line is read in linear time.
    r"(\S+) ++(\S+) ++(\S.*?)(?<! ) ++\[([^\]]{0,64})\] ++" + _QUOTED + r" +(\d{3}) +(\d+|-)"
    # Servers are often told to log more; what follows the two fields is their own affair.
    rf"(?: +{_QUOTED} +{_QUOTED}(?: .*)?)?"
)
_CLF_DATE = re.compile(r"(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")
_MONTHS = {
    month: number
    for number, month in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}


def _clf_fields(line: str) -> dict[str, Any] | None:
    match = _CLF_LINE.fullmatch(line)
    if match is None:
        return None
    client, ident, user, date, request, status, size, referer, agent = match.groups()
    fields = {
        "time": _clf_time(date),
        "client_addr": client,
        "user_ident": _or_none(ident),
        "auth_user": _or_none(user),
        "request": _unescaped(request),
        "status": int(status),
        "bytes": 0 if size == "-" else _whole(size, "number of bytes", least=0),
    }
    if referer is not None:
        fields["referer"] = _or_none(_unescaped(referer))
        fields["user_agent"] = _or_none(_unescaped(agent))
    return fields


@lru_cache(maxsize=256)  # many requests a second
def _clf_time(date: str) -> float:
    match = _CLF_DATE.fullmatch(date)
    if match is None or match[2] not in _MONTHS:
        raise ValueError(f"{date!r} is no date such as '10/Oct/2000:13:55:36 -0700'")
    day, year, hour, minute, second, zone_hours, zone_minutes = map(
        int, match.group(1, 3, 4, 5, 6, 8, 9)
    )
    east = timedelta(hours=zone_hours, minutes=zone_minutes)
    try:
        zone = timezone(east if match[7] == "+" else -east) if east else UTC
        moment = datetime(year, _MONTHS[match[2]], day, hour, minute, second, tzinfo=zone)
    except ValueError as error:
        raise ValueError(f"{date!r} is no date: {error}") from None
    return moment.timestamp()


def _clf_request(fields: dict[str, Any]) -> LoggedRequest:
    method, _, rest = fields["request"].partition(" ")
    url, _, protocol = rest.rpartition(" ")
    if not protocol.startswith("HTTP/"):
        url = rest  # HTTP 0.9
    content = url.strip() if method.isalpha() else ""
    # Noise that was sent in place of a request counts as a content of its own.
    content = content or fields["request"] or "-"
    return LoggedRequest(content, fields["time"], fields["bytes"], fields["client_addr"])


def _unescaped(quoted: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", quoted) if "\\" in quoted else quoted


# Squid


def _squid_fields(line: str) -> dict[str, Any] | None:
    cells = line.split()
    # Squid can be told to append the headers of request and reply.
    if len(cells) < 10:
        return None
    log_tag, slash, http_code = cells[3].rpartition("/")
    hierarchy_data, second_slash, hostname = cells[8].partition("/")
    if not (slash and second_slash):
        return None
    return {
        "time": _number(cells[0], "time"),
        "duration": _whole(cells[1], "duration"),
        "client_addr": cells[2],
        "log_tag": log_tag,
        "http_code": _whole(http_code, "HTTP code"),
        "bytes_len": _whole(cells[4], "number of bytes", least=0),
        "req_method": cells[5],
        "url": cells[6],
        "client_ident": _or_none(cells[7]),
        "hierarchy_data": hierarchy_data,
        "hostname": hostname,
        "content_type": _or_none(cells[9]),
    }


def _squid_request(fields: dict[str, Any]) -> LoggedRequest:
    time, size = float(fields["time"]), fields["bytes_len"]
    return LoggedRequest(fields["url"], time, size, fields["client_addr"])


# WikiBench and YouTube


def _wikibench_fields(line: str) -> dict[str, Any] | None:
    cells = line.split()
    # The published traces have a fourth field: whether the request is an update.
    if not 3 <= len(cells) <= 4:
        return None
    return {
        "counter": _whole(cells[0], "counter"),
        "timestamp": _number(cells[1], "timestamp"),
        "url": cells[2],
    }


def _wikibench_request(fields: dict[str, Any]) -> LoggedRequest:
    return LoggedRequest(fields["url"], float(fields["timestamp"]), None)


def _youtube_fields(line: str) -> dict[str, Any] | None:
    cells = line.split()
    if len(cells) != 6:
        return None
    return {
        "time": _number(cells[0], "time"),
        "youtube_server_addr": _address(cells[1]),
        "client_addr": cells[2],
        "request": cells[3],
        "video_id": cells[4],
        "content_server_addr": cells[5],
    }


def _youtube_request(fields: dict[str, Any]) -> LoggedRequest:
    return LoggedRequest(fields["video_id"], float(fields["time"]), None, fields["client_addr"])


def _address(cell: str) -> int:
    """Return an address that is written as a number or dotted."""
    try:
        return int(cell) if cell.isdecimal() else int(ipaddress.ip_address(cell))
    except ValueError:
        raise ValueError(f"the server's address must be a number, found {cell!r}") from None


# Cells


def _or_none(cell: str) -> str | None:
    return None if cell == "-" else cell


def _number(cell: str, what: str) -> str:
    """Return a cell, as it stands, that holds a finite number."""
    try:
        if math.isfinite(float(cell)):
            return cell
    except ValueError:
        pass
    raise ValueError(f"the {what} must be a number of seconds, found {cell!r}")


def _whole(cell: str, what: str, least: int | None = None) -> int:
    try:
        number = int(cell)
    except ValueError:
        number = None
    if number is None or (least is not None and not least <= number < 2**63):
        bound = "" if least is None else f" >= {least}"
        raise ValueError(f"the {what} must be a whole number{bound}, found {cell!r}")
    return number


LOG_FORMATS = {
    "clf": LogFormat(
        "the Common or Combined Log Format",
        '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326',
        _clf_fields,
        _clf_request,
        has_size=True,
    ),
    "squid": LogFormat(
        "Squid's native access log",
        "1286536309.586    921 10.0.0.1 TCP_MISS/200 507 GET http://a.org/ - DIRECT/10.0.0.2 "
        "text/html",
        _squid_fields,
        _squid_request,
        has_size=True,
    ),
    "wikibench": LogFormat(
        "a WikiBench trace",
        "929840891 1190146243.326 http://en.wikipedia.org/wiki/Cache -",
        _wikibench_fields,
        _wikibench_request,
        has_size=False,
        has_client=False,
    ),
    "youtube": LogFormat(
        "a YouTube trace of the UMass repository",
        "1189828805.159824 63.22.65.73 140.8.48.66 GETVIDEO lML9dik8QNw 158.102.125.12",
        _youtube_fields,
        _youtube_request,
        has_size=False,
    ),
}
"""By the name that settings give."""
