"""The words of the automatic figures: labels with units, values as text, captions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

from icarus.core.capacities import CAPACITY_KEYS, CAPACITY_SIZES, unit_of
from icarus.core.kinds import KINDS
from icarus.metering.group import resource_label

__all__ = [
    "constants_text",
    "is_drawable",
    "is_timeline",
    "metric_label",
    "number_text",
    "over_time_label",
    "parameter_label",
    "section_text",
    "value_text",
]

Path = tuple[Any, ...]

_COLLECTORS = {
    "CACHE_HIT_RATIO": ("Cache hit ratio", ""),
    "LATENCY": ("Latency", "ms"),
    "LINK_LOAD": ("Link load", "bytes/s"),
    "PATH_STRETCH": ("Path stretch", ""),
}
"""From collector to what it measures and its unit, empty for what has no dimension."""

_OVER_TIME = {
    "HIT_RATIO": ("Cache hit ratio", ""),
    "LATENCY": ("Mean latency", "ms"),
    "LINK_LOAD_EXTERNAL": ("Link load, external", "bytes/s"),
    "LINK_LOAD_INTERNAL": ("Link load, internal", "bytes/s"),
    "REQUESTS": ("Requests in a window", ""),
    "SERVED": ("Share of requests served", ""),
}
"""From metric over time to what it is and its unit."""

_PARAMETERS = {
    "alpha": "Zipf exponent α",
    "beta": "Zipf exponent β of receivers",
    "internal_link_delay": "Delay of internal links (ms)",
    "external_link_delay": "Delay of external links (ms)",
    "n_contents": "Catalogue size (contents)",
    "n_measured": "Measured requests",
    "n_warmup": "Warm-up requests",
    "cache_budget": "Total cache size",
    "network_cache": "Total cache size (fraction of the catalogue)",
    "node_cache": "Cache size",
    "rate": "Request rate (requests/s)",
}

_SECTIONS = {"netconf": "Network"} | {name: kind.title for name, kind in KINDS.items()}

_MOST_BITS = 256
"""Of whole numbers that are written in full."""
_LARGEST = 1e150
"""Up to here numbers can be drawn; the square of larger ones is infinite."""

_CONSTANTS = (
    (("topology", "name"), "{}"),
    (("strategy", "name"), "{}"),
    (("cache_policy", "name"), "{}"),
    (("workload", "name"), "{} workload"),
    (("cache_placement", "name"), "{} cache placement"),
    (("content_placement", "name"), "{} content placement"),
    (("workload", "n_contents"), "{} contents"),
    (("workload", "alpha"), "α = {}"),
    (("cache_placement", "network_cache"), "cache {} of the catalogue"),
    (("cache_placement", "cache_budget"), "caches {} in all"),
    (("cache_placement", "node_cache"), "caches {} each"),
    (("workload", "n_warmup"), "{} warm-up requests"),
    (("workload", "n_measured"), "{} measured requests"),
    (("workload", "rate"), "request rate {}/s"),
    (("timeline",), "{}"),
)
_COMMON = {"STATIONARY workload", "UNIFORM cache placement", "UNIFORM content placement"}


def number_text(value: Any) -> str:
    """Return a number as people write it: 0.002, 300,000, 1e-07."""
    if abs(value) >= 1e15 and isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"{'-' if value < 0 else ''}2^{value.bit_length() - 1} and more"
    if isinstance(value, (int, np.integer)) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    return f"{float(value):.6g}"


def is_drawable(value: Any) -> bool:
    """Whether a number has a place on an axis, with room around it."""
    return bool(-_LARGEST < value < _LARGEST)


def value_text(value: Any) -> str:
    """Return any value of a parameter as text that does not depend on the order of sets."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, Real) and not isinstance(value, bool):
        return number_text(value) if is_drawable(value) or isinstance(value, int) else str(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if is_timeline(value):
        return ", ".join(map(_event_text, value))
    if isinstance(value, dict):
        pairs = sorted((value_text(key), value_text(item)) for key, item in value.items())
        return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(value_text(item) for item in value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    return str(value)


def is_timeline(value: Any) -> bool:
    """Whether a value is a list of events that an experiment is to have."""
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(one, dict) and "event" in one and "at" in one for one in value)
    )


def _event_text(event: Mapping[str, Any]) -> str:
    """Return an event as ``link_down 3-7 at 3600 s``; of several parameters also the names."""
    others = {key: item for key, item in event.items() if key not in ("at", "event")}
    texts = {
        key: "-".join(map(value_text, item))
        if key == "link" and isinstance(item, (list, tuple))
        else value_text(item)
        for key, item in others.items()
    }
    if len(texts) > 1:
        texts = {key: text if key == "link" else f"{key}={text}" for key, text in texts.items()}
    at = event["at"]
    if isinstance(at, dict) and list(at) == ["requests"]:
        when = f"after {value_text(at['requests'])} requests"
    else:
        when = f"at {value_text(at)}" + (" s" if isinstance(at, Real) else "")
    return " ".join([value_text(event["event"]), *texts.values(), when])


def section_text(value: Any) -> str:
    """Return the value of a parameter as text; of a section, its component and the parameters.

    Examples
    --------
    >>> section_text({"name": "PROB_CACHE", "t_tw": 10})
    'PROB_CACHE(t_tw=10)'
    """
    if not isinstance(value, dict) or "name" not in value:
        return value_text(value)
    others = (f"{key}={value_text(item)}" for key, item in value.items() if key != "name")
    inside = ", ".join(others)
    return value_text(value["name"]) + (f"({inside})" if inside else "")


def metric_label(path: Path, *, distribution: bool = False) -> str:
    """Return the axis label of a metric, with its unit.

    Parameters
    ----------
    path : tuple
        Collector and key, such as ``("LATENCY", "MEAN")``.
    distribution : bool, optional
        The axis holds the values of single sessions rather than a mean over them.
    """
    if path[1:] in (("N_INTERNAL",), ("N_EXTERNAL",)) and path[0] == "LINK_LOAD":
        return f"Directed links that carried anything, {path[1][2:].lower()}"
    if path == ("CACHE_HIT_RATIO", "BYTES_FROM_ORIGINS"):
        return "Content from origins (bytes)"
    if (label := resource_label(path)) is not None:
        return label
    quantity, unit = _COLLECTORS.get(path[0], (_words(path[0]).capitalize(), ""))
    rest = [_words(part) for part in path[1:]]
    if len(path) == 2 and (words := _statistic(str(path[1]))) is not None:
        label = words.format(quantity[0].lower() + quantity[1:])
        label = label[0].upper() + label[1:]
        return f"{label} ({unit})" if unit else label
    if rest and rest[0].partition(" ")[0] in ("mean", "cdf"):
        kind, *of = rest[0].split()
        rest[0] = " ".join(of)
        if kind == "mean" and not distribution and not quantity.endswith("ratio"):
            quantity = f"Mean {quantity[0].lower()}{quantity[1:]}"
    label = ", ".join([quantity, *(part for part in rest if part)])
    return f"{label} ({unit})" if unit else label


_STATISTICS = {
    "MEDIAN": "median {}",
    "MIN": "least {}",
    "MAX": "greatest {}",
    "SD": "standard deviation of {}",
    "STD": "standard deviation of {}",
}


def _statistic(name: str) -> str | None:
    """Return how the statistic of a quantity is said, as in ``95th percentile of {}``."""
    found = re.fullmatch(r"P(?:ERCENTILE_)?(\d{1,2}(?:[._]\d+)?)", name)
    if found is None:
        return _STATISTICS.get(name)
    share = found[1].replace("_", ".").lstrip("0") or "0"
    if share == "50":
        return _STATISTICS["MEDIAN"]
    last = "th" if share[-2:-1] == "1" else {"1": "st", "2": "nd", "3": "rd"}.get(share[-1], "th")
    return f"{share}{last} percentile of {{}}"


def over_time_label(name: str) -> tuple[str, str]:
    """Return the axis label of a metric that was measured over time, and its unit, if any."""
    return _OVER_TIME.get(name, (_words(name).capitalize(), ""))


def parameter_label(path: Path) -> str:
    """Return the axis label of a parameter, with its unit where that is known."""
    if len(path) == 1:
        return _words(path[0]).capitalize()
    section = _SECTIONS.get(path[0], _words(path[0]).capitalize())
    if path[1] == "name":
        return section
    if path[1] in _PARAMETERS:
        return _PARAMETERS[path[1]]
    unit = " (ms)" if str(path[1]).endswith("delay") else ""
    return f"{section}: {path[1]}{unit}"


def constants_text(
    constants: Mapping[Path, Any], title: Iterable[str] = (), longest: int = 170
) -> str:
    """Return `title` and what all experiments share, as far as it fits `longest` characters."""
    texts = list(title)
    for path, template in _CONSTANTS:
        if constants.get(path) is not None:
            text = template.format(_with_unit(path, constants))
            if text not in _COMMON:
                texts.append(text)
    return _joined(texts, longest)


def _with_unit(path: Path, constants: Mapping[Path, Any]) -> str:
    """Return a value as text, the size of caches with what it counts."""
    value = constants[path]
    if path[0] != "cache_placement" or path[1] not in CAPACITY_SIZES:
        return value_text(value)
    unit = unit_of({key: constants.get((path[0], key)) for key in CAPACITY_KEYS})
    if path[1] == "network_cache":
        return value_text(value) + (" of the bytes" if unit == "bytes" else "")
    return value_text(value) if isinstance(value, str) else f"{value_text(value)} {unit}"


def replications_text(counts: Sequence[int], *, interval: bool) -> str:
    """Return how many replications stand behind the points, and what their bars show."""
    least, most = (min(counts), max(counts)) if counts else (0, 0)
    if most <= 1:
        return "1 replication"
    text = f"{most} replications" if least == most else f"{least} to {most} replications"
    return f"{text}, mean and 95 % confidence interval (Student’s t)" if interval else text


def _joined(texts: Iterable[str], longest: int) -> str:
    line = ""
    for text in texts:
        longer = f"{line}, {text}" if line else text
        if len(longer) <= longest:
            line = longer
    return line


def _words(name: Any) -> str:
    text = str(name).replace("_", " ").strip()
    return text.lower() if text.isupper() else text
