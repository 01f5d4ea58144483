"""Catalogues: contents by position, each once, and what is worked out once for all who use them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, SupportsIndex

import numpy as np

from icarus.core.hashing import stable_hash
from icarus.types import Content

__all__ = ["Catalogue"]


class Catalogue(tuple[Content, ...]):
    """Contents by position, each once, where they are not a range of numbers.

    Whoever makes one sees to it that no content is there twice. That a catalogue says so
    itself saves everybody else from looking, which for a million names takes longer than to
    serve five million requests.
    """

    @cached_property
    def positions(self) -> dict[Content, int]:
        """The position of each content."""
        return {name: i for i, name in enumerate(self)}

    @cached_property
    def hashes(self) -> np.ndarray:
        """``icarus.core.hashing.stable_hash`` of each content, uint64, (n_contents,)."""
        return np.fromiter(map(stable_hash, self), dtype=np.uint64, count=len(self))

    @classmethod
    def of(cls, contents: Iterable[Content]) -> range | Catalogue:
        """Return contents, of which some may be there twice, as a catalogue or a range."""
        if isinstance(contents, range | Catalogue):
            return contents
        return cls(
            dict.fromkeys(contents.tolist() if isinstance(contents, np.ndarray) else contents)
        )

    def index(
        self, value: Any, start: SupportsIndex = 0, stop: SupportsIndex | None = None, /
    ) -> int:
        """Return the position of a content, found by its hash; ValueError if it is not there."""
        position = self.positions.get(value)
        found = range(len(self))[start : len(self) if stop is None else stop]
        if position is None or position not in found:
            raise ValueError(f"{value!r} is not in the catalogue")
        return position

    def __contains__(self, value: object) -> bool:
        return value in self.positions

    def __reduce__(self) -> tuple[Any, ...]:
        # Without what can be worked out again.
        return Catalogue, (tuple(self),)
