"""Pages of HTML that hold all they need: the report of results, and the frame of the live page.

All text of results is escaped, and a Content-Security-Policy admits no script but ours, by its
hash, and no connection: a page opens without a network, and none does what its data say.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from icarus.core.partial import replaced
from icarus.errors import ResultsError
from icarus.plaintext import plain
from icarus.release import version
from icarus.report.chart_data import chart_data
from icarus.report.facts import cautions, failures_of, settings_texts, title_of, what_was_run
from icarus.report.javascript import asset, digest_of, harmless, vega_bundle
from icarus.report.network_maps import network_maps
from icarus.results.exporting import missing_extra
from icarus.results.merging import once
from icarus.results.resultset import ResultSet
from icarus.results.summaries import summarise

__all__ = ["embedded_json", "render", "report_html", "write_report"]

_SCRIPTS = ("charts.js", "table.js")


def write_report(results: ResultSet, path: Path, title: str) -> None:
    """Write the report of results as one file of HTML, in place of what is there.

    Parameters
    ----------
    results : ResultSet
    path : pathlib.Path
        Its folder is made where it is missing.
    title : str
        What the report is headed with.

    Raises
    ------
    ResultsError
        If there is nothing to report, or the extra ``icarus-sim[report]`` is missing.
    OSError
        If the file cannot be written.
    """
    text = report_html(results, title)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced(path) as file:
        file.write(text.encode())


def report_html(results: ResultSet, title: str) -> str:
    """Return the report of results as a page of HTML.

    Parameters
    ----------
    results : ResultSet
    title : str
        What the report is headed with.

    Raises
    ------
    ResultsError
        If there is nothing to report, or the extra ``icarus-sim[report]`` is missing.

    Examples
    --------
    >>> from icarus.results import ResultSet
    >>> results = ResultSet()
    >>> results.add({"strategy": {"name": "LCE"}}, {"LATENCY": {"MEAN": 71.2}})
    >>> report_html(results, "one simulation").startswith("<!doctype html>")
    True
    """
    results = once(results)
    if not len(results) and not results.failures:
        raise ResultsError("there is nothing to report: no results and no failures")
    summaries = summarise(results) if len(results) else None
    data = chart_data(results, summaries)
    maps = network_maps(results, summaries)
    failures, n_failures = failures_of(results)
    return render(
        "report.html",
        (*_SCRIPTS, "report.js"),
        title=plain(title),
        subtitle=title_of(results),
        facts=what_was_run(results),
        settings=settings_texts(results),
        failures=failures,
        n_failures=n_failures,
        cautions=cautions(results, data, maps),
        has_metrics=bool(data["metrics"]),
        has_time=data["time"] is not None,
        has_maps=bool(maps["of"]),
        n_experiments=len(data["groups"]),
        data=embedded_json({**data, "maps": maps}),
    )


def render(
    template: str, scripts: tuple[str, ...], *, connects: bool = False, **values: Any
) -> str:
    """Return a page made of a template of ours.

    Parameters
    ----------
    template : str
        Its name among ``assets``.
    scripts : tuple of str
        Names of the scripts that the page runs, in their order, after those of Vega-Lite.
    connects : bool, optional
        Whether the page may ask where it came from for more.
    **values
        What the template names.

    Raises
    ------
    ResultsError
        If the extra ``icarus-sim[report]`` is missing.
    """
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise missing_extra("pages need jinja2", "report") from error
    texts = [vega_bundle(), *(harmless(asset(name)) for name in scripts)]
    policy = [
        "default-src 'none'",
        "script-src " + " ".join(f"'{digest_of(text)}'" for text in texts),
        # Vega puts the style of its tooltips into the page itself.
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        *(["connect-src 'self'"] if connects else []),
        "base-uri 'none'",
        "form-action 'none'",
    ]
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page: str = environment.get_template(template).render(
        policy="; ".join(policy),
        style=Markup(asset("page.css")),
        scripts=[Markup(text) for text in texts],
        version=version,
        made=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        **values,
    )
    return page


def embedded_json(value: Any) -> Any:
    """Return a value as JSON that can stand between the tags of a script, marked as safe."""
    from markupsafe import Markup

    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(text)
