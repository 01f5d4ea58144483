"""Results as a table of HTML, as notebooks show them: a line per experiment."""

from __future__ import annotations

from icarus.htmltext import html_table, html_text
from icarus.results.labels import metric_label
from icarus.results.resultset import ResultSet
from icarus.results.summaries import summarise
from icarus.results.tables import interval_text
from icarus.results.variation import short_name

__all__ = ["results_as_html"]

_MOST_ROWS = 60


def results_as_html(results: ResultSet) -> str:
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
    head = f"<p>{html_text(counted(results, whole=True).text)}</p>"
    if not len(results):
        return head
    summaries = summarise(results)
    names = [short_name(one.path) for one in summaries.dimensions]
    heads = [*names, "n", *map(metric_label, summaries.metrics)]
    rows = []
    for group in summaries.groups[:_MOST_ROWS]:
        shown = zip(summaries.dimensions, group.keys, strict=True)
        numbers = map(interval_text, group.values.values())
        rows.append([*(one.texts[key] for one, key in shown), group.size, *numbers])
    more = len(summaries.groups) - len(rows)
    rest = f"<p>and {more} experiments more</p>" if more > 0 else ""
    return f"{head}{html_table(rows, heads)}{rest}"
