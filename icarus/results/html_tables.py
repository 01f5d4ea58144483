"""Results as a table of HTML, as notebooks show them: a line per experiment."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from icarus.plaintext import one_line
from icarus.results.labels import metric_label
from icarus.results.resultset import ResultSet
from icarus.results.summaries import statistics_of, summarise
from icarus.results.variation import short_name

__all__ = ["html_table"]

_MOST_ROWS = 60
_LONGEST = 120


def html_table(results: ResultSet) -> str:
    """Return a table of all experiments, replications taken together, as HTML.

    Parameters
    ----------
    results : ResultSet

    Returns
    -------
    str
        Mean ± half-width of the 95 % confidence interval (Student's t) of each metric that is a
        single number, with all text escaped. The first experiments of many.
    """
    # Imported only here: it depends on ResultSet.
    from icarus.results._completeness import counted
    from icarus.results.merging import once

    results = once(results)
    head = f"<p>{_text(counted(results, whole=True).text)}</p>"
    if not len(results):
        return head
    summaries = summarise(results)
    names = [short_name(one.path) for one in summaries.dimensions]
    heads = _row("th", [*names, "n", *map(metric_label, summaries.metrics)])
    rows = []
    for group in summaries.groups[:_MOST_ROWS]:
        shown = zip(summaries.dimensions, group.keys, strict=True)
        numbers = (_interval(values) for values in group.values.values())
        rows.append(
            _row("td", [*(one.texts[key] for one, key in shown), str(group.size), *numbers])
        )
    more = len(summaries.groups) - len(rows)
    rest = f"<p>and {more} experiments more</p>" if more > 0 else ""
    table = f"<table><thead>{heads}</thead><tbody>{''.join(rows)}</tbody></table>"
    return f"{head}{table}{rest}"


def _row(tag: str, texts: Iterable[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{_text(one)}</{tag}>" for one in texts) + "</tr>"


def _text(text: object) -> str:
    return escape(one_line(text, _LONGEST))


def _interval(values: list[float]) -> str:
    told = statistics_of(values)
    if told["mean"] is None:
        return "–"
    middle = f"{told['mean']:.5g}"
    return middle if told["half_width"] is None else f"{middle} ± {told['half_width']:.2g}"
