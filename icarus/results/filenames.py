"""Names of files for pictures: one for each, that any file system takes."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

__all__ = ["FileNames"]

_LONGEST = 130
"""Bytes of a name without its suffix: encrypted file systems take 143, others 255."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""What Windows takes for devices, whatever the suffix."""


class FileNames:
    """Gives each key a name of its own; the first to ask for a name gets it as it is.

    Names are told apart as file systems do that ignore case and how accents are composed.
    """

    def __init__(self) -> None:
        self._of_key: dict[tuple[str, ...], str] = {}
        self._taken: set[str] = set()

    def name(self, parts: Iterable[Any]) -> str:
        """Return the name, without suffix, for what `parts` say: the same one each time.

        Examples
        --------
        >>> names = FileNames()
        >>> names.name(["LATENCY", "MEAN"]), names.name(["A/B"]), names.name(["A B"])
        ('LATENCY_MEAN', 'A_B', 'A_B_e26be5aa')
        """
        key = tuple(map(str, parts))
        if key not in self._of_key:
            name = _safe("_".join(key))
            if not name or len(os.fsencode(name)) > _LONGEST or _folded(name) in self._taken:
                name = _with_digest(name, key)
            self._of_key[key] = name
            self._taken.add(_folded(name))
        return self._of_key[key]


def _safe(text: str) -> str:
    name = re.sub(r"[^\w.=-]+", "_", text).strip("_")
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        name = re.sub(r"[^\w.=-]+", "_", name, flags=re.ASCII).strip("_")
    # A leading dot hides a file, and a leading hyphen makes it an option.
    name = name.lstrip("._-")
    return f"_{name}" if _RESERVED.match(name) else name


def _with_digest(name: str, key: tuple[str, ...]) -> str:
    exact = "\0".join(key).encode(errors="surrogatepass")
    digest = hashlib.blake2b(exact, digest_size=4).hexdigest()
    kept = os.fsencode(name)[: _LONGEST - len(digest) - 1]
    return "_".join(part for part in (os.fsdecode(_whole(kept)), digest) if part)


def _whole(raw: bytes) -> bytes:
    """Return a name without the half of a character that it was cut in."""
    return raw.decode(errors="ignore").encode()


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
