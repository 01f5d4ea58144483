"""How long contents are valid: what settings give as ``ttl``, for all of them or by a law.

By a law each content has a time of its own, which follows from a hash of its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import numpy as np

from icarus.core.values import conform
from icarus.errors import suggestion
from icarus.policies.room import Room
from icarus.theory.laws import Law, Quantity, law_of, levels_of
from icarus.types import Positive
from icarus.verbs.content_hashes import ContentHashes

__all__ = [
    "MOST_CONTENTS",
    "NamedLifetimes",
    "NumberedLifetimes",
    "OneLifetime",
    "conformed_ttl",
    "follows_a_law",
    "lifetimes_of",
]

MOST_CONTENTS = 2**26
"""Contents that may have times of their own in compiled code, which has a table of them."""


class OneLifetime(NamedTuple):
    """The same time for all contents."""

    seconds: float

    def of(self, content):
        """Return how long a content is valid, in seconds."""
        return self.seconds


class NumberedLifetimes(NamedTuple):
    """A time for each content, by its number."""

    seconds: np.ndarray
    """float64, (n_contents,)"""

    def of(self, content):
        """Return how long a content is valid, in seconds."""
        return self.seconds[content]


class NamedLifetimes(NamedTuple):
    """A time for each content, by its name."""

    law: Law
    salt: int
    hashes: Any
    """NamedHashes"""
    known: dict[Any, float]
    """Times that were asked for already."""

    def of(self, content: Any) -> float:
        """Return how long a content is valid, in seconds."""
        seconds = self.known.get(content)
        if seconds is None:
            drawn = np.array([self.hashes.of(content, self.salt)], dtype=np.uint64)
            seconds = self.known[content] = float(_times(self.law, drawn)[0])
        return seconds


def _times(law: Law, hashes: np.ndarray) -> np.ndarray:
    # The greatest float stands for what is beyond it: an expiry is a time, not a comparison.
    return np.minimum(law.quantile(levels_of(hashes)), np.finfo(np.float64).max)


def lifetimes_of(room: Room, ttl: Any, salt: int) -> Any:
    """Return how long contents are valid.

    Parameters
    ----------
    room : Room
        That of the caches.
    ttl : float or mapping
        What settings give, as ``conformed_ttl`` returns it.
    salt : int
        From 1 to 2**63 - 1; which draw of times it is.

    Raises
    ------
    ValueError
        If something is wrong with the law, or there are too many contents for a table.
    """
    if not follows_a_law(ttl):
        return OneLifetime(float(ttl["seconds"] if isinstance(ttl, Mapping) else ttl))
    law, problems = law_of(_law_in(ttl), _TIMES)
    if law is None or problems:
        raise ValueError("; ".join(f"ttl.{key}: {text}" for key, text in problems))
    if not room.numbered:
        return NamedLifetimes(law, salt, room.hashes, {})
    if room.n_contents > MOST_CONTENTS:
        raise ValueError(
            f"ttl: {room.n_contents} contents have no times of their own in compiled code, which "
            f"has a table of up to {MOST_CONTENTS}; ENGINE = 'python' needs none"
        )
    hashes = cast(ContentHashes, room.hashes)
    return NumberedLifetimes(_times(law, hashes.of_all(room.n_contents, salt)))


def follows_a_law(ttl: Any) -> bool:
    """Return whether what settings give as ``ttl`` is a law."""
    return isinstance(ttl, Mapping) and "dist" in ttl


def _law_in(ttl: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in ttl.items() if key != "renew"}


def _seconds(value: Any) -> float:
    seconds, problems = conform(Positive, value)
    if problems:
        raise ValueError(f"{problems[0]}{_HINT}")
    return float(seconds)


_HINT = "; it is a time in seconds"


def _problem(time: float) -> str | None:
    return None if 0 < time < np.inf else "above 0 and finite"


_TIMES = Quantity("time", _seconds, float, _problem)

_FIXED: dict[str, Any] = {"seconds": Positive, "renew": bool}


def conformed_ttl(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """Return what settings give as ``ttl``, and what is wrong with it; None is no limit."""
    if value is None:
        return None, []
    if follows_a_law(value):
        return _conformed_law(value)
    given = dict(value.items()) if isinstance(value, Mapping) else {"seconds": value}
    if "seconds" not in given:
        return None, [("", "needs 'seconds', a time in seconds, or 'dist', the name of a law")]
    problems = [
        (
            str(name),
            f"there is no such parameter; {suggestion(str(name), _FIXED)}",
        )
        for name in given
        if name not in _FIXED
    ]
    conformed: dict[str, Any] = {}
    for name, kind in _FIXED.items():
        if name in given:
            conformed[name], texts = conform(kind, given[name])
            hint = _HINT if name == "seconds" else ""
            place = name if isinstance(value, Mapping) else ""
            problems += [(place, f"{text}{hint}") for text in texts]
    return (conformed if conformed.get("renew") else conformed.get("seconds")), problems


def _conformed_law(value: Mapping[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    conformed = dict(value.items())
    _, problems = law_of(_law_in(value), _TIMES)
    if "renew" in conformed:
        conformed["renew"], texts = conform(bool, conformed["renew"])
        problems += [("renew", text) for text in texts]
        if conformed["renew"] is False:
            del conformed["renew"]
    return conformed, problems
