"""Text from anywhere, made plain: the one door through which it goes to terminals and figures.

Names, parameters, errors and log messages come from settings, files and users' code, and may hold
escape sequences, half of a surrogate pair, or fifty megabytes. What comes out of here can be
encoded in UTF-8, moves no cursor, and reads in one direction.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable

__all__ = ["cut", "hanging", "one_line", "plain", "plain_for_figures", "some_of"]

_KEPT = "\n\t"
_HARMLESS = frozenset({"Zs"})
"""Categories of characters that Python does not call printable and that do no harm: spaces."""
_CUT = re.compile(r"\.\.\. \([\d,]+ characters\)\Z")
_LONGEST_NOTE = 40
_JOINERS = "\u200c\u200d"
"""Zero-width characters that some scripts and emoji are written with."""


def plain(text: object) -> str:
    r"""Return text with everything escaped that is not to reach a terminal.

    Parameters
    ----------
    text : object
        What is not a string is converted by ``str``.

    Returns
    -------
    str
        The same, with control characters (but for line ends and tabs), characters that turn the
        direction of writing, lone surrogates and unassigned code points as ``\x1b`` or ``\udc80``.

    Examples
    --------
    >>> plain("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(char if _harmless(char) else _escaped(char) for char in text)


def _harmless(char: str) -> bool:
    return (
        char.isprintable()
        or char in _KEPT
        or char in _JOINERS
        or unicodedata.category(char) in _HARMLESS
    )


def _escaped(char: str) -> str:
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cut(text: str, most: int) -> str:
    """Return text that is longer than `most` characters cut, with its length.

    Examples
    --------
    >>> cut("a" * 1_000, 10)
    'aaaaaaaaaa... (1,000 characters)'
    """
    if len(text) <= most:
        return text
    # What was cut before keeps the length that it had then.
    note = _CUT.search(text, max(len(text) - _LONGEST_NOTE, 0))
    return text[:most] + (note.group() if note else f"... ({len(text):,} characters)")


def one_line(text: object, most: int | None = None) -> str:
    """Return ``plain`` text in one line, runs of white space as one space.

    Parameters
    ----------
    text : object
    most : int, optional
        Characters of `text` to keep.
    """
    text = str(text)
    return " ".join(plain(text if most is None else cut(text, most)).split())


def some_of(items: Iterable[object], most: int, separator: str = ", ") -> str:
    """Return the texts of the first items, `most` of them, and how many more there are.

    Examples
    --------
    >>> some_of("abcde", 2)
    'a, b and 3 more'
    """
    each = list(items)
    more = f" and {len(each) - most} more" if len(each) > most else ""
    return separator.join(map(str, each[:most])) + more


def hanging(head: str, text: str, width: int = 96) -> list[str]:
    """Return `head` and `text` in lines, the later ones indented as far as `text` is.

    Parameters
    ----------
    head, text : str
    width : int, optional
        Characters of a line, which single words may be longer than.

    Examples
    --------
    >>> hanging("some: ", "words that go on", 16)
    ['some: words that', '      go on']
    """
    indent = " " * min(len(head), width // 2)
    lines = textwrap.wrap(text, width - len(indent), break_long_words=False, break_on_hyphens=False)
    return [head + (lines[0] if lines else ""), *(indent + line for line in lines[1:])]


def plain_for_figures(text: object) -> str:
    r"""Return ``plain`` text that matplotlib draws as it is: ``$`` begins no formula.

    Examples
    --------
    >>> plain_for_figures("cost $5")
    'cost \\$5'
    """
    return plain(text).replace("$", r"\$")
