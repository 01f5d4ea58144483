"""Tables of HTML, which notebooks show: all text in them is plain and escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from icarus.plaintext import one_line

__all__ = ["html_table", "html_text"]

_LONGEST = 120


def html_table(rows: Iterable[Iterable[object]], heads: Iterable[object] = ()) -> str:
    """Return a table of HTML.

    Parameters
    ----------
    rows : iterable of iterable
        The cells, of which each becomes one line of text.
    heads : iterable, optional
        What stands above the columns.

    Examples
    --------
    >>> html_table([["LCE", "<0.25>"]])
    '<table><tbody><tr><td>LCE</td><td>&lt;0.25&gt;</td></tr></tbody></table>'
    """
    heads = list(heads)
    head = f"<thead>{_row('th', heads)}</thead>" if heads else ""
    return f"<table>{head}<tbody>{''.join(_row('td', row) for row in rows)}</tbody></table>"


def html_text(text: object) -> str:
    """Return text as one line of HTML, cut where it is long."""
    return escape(one_line(text, _LONGEST))


def _row(tag: str, texts: Iterable[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{html_text(one)}</{tag}>" for one in texts) + "</tr>"
