"""Stable hashes of contents, whether these are known by number or by name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.compiler.mixing import splitmix
from icarus.core.catalogue import Catalogue
from icarus.core.hashing import salted_hash, salted_hashes, with_salt

__all__ = ["ContentHashes", "NamedHashes", "hashes_of"]


class ContentHashes(NamedTuple):
    """Hashes of the names of contents that are numbers."""

    hashes: np.ndarray
    """uint64, (n_contents,): stable hashes of the names; (0,) where names are a range, or nobody
    asks."""
    names: np.ndarray
    """int64, (2,): the first name and the step where names are a range."""

    def of(self, content, salt):
        """Return ``icarus.core.hashing.salted_hash`` of a content's name, uint64."""
        if len(self.hashes) > 0:
            number = self.hashes[content]
        else:
            number = splitmix(self.names[0] + self.names[1] * content)
        return number if salt == 0 else splitmix(np.uint64(number) ^ np.uint64(salt))

    def of_all(self, n_contents: int, salt: int) -> np.ndarray:
        """Return the hashes of all contents, uint64, (n_contents,); `salt` is 1 or more."""
        if len(self.hashes):
            return with_salt(self.hashes, salt)
        first, step = self.names
        return salted_hashes(first + step * np.arange(n_contents, dtype=np.int64), salt)


class NamedHashes(NamedTuple):
    """Hashes of contents that are known by their names."""

    nothing: int = 0

    def of(self, content: Any, salt: int) -> int:
        """Return ``icarus.core.hashing.salted_hash`` of a content."""
        return salted_hash(content, salt)


def hashes_of(names: Any, wanted: bool = True) -> ContentHashes:
    """Return the hashes of a catalogue.

    Parameters
    ----------
    names : sequence
        The names of contents, by number.
    wanted : bool, optional
        Whether anybody will ask for them: of a million names they take longer than to serve five
        million requests.
    """
    if isinstance(names, range):
        first_and_step = np.array([names.start, names.step], dtype=np.int64)
        return ContentHashes(np.zeros(0, dtype=np.uint64), first_and_step)
    hashes = np.zeros(0, dtype=np.uint64)
    if wanted:
        hashes = (names if isinstance(names, Catalogue) else Catalogue(names)).hashes
    return ContentHashes(hashes, np.zeros(2, dtype=np.int64))
