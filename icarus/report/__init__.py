"""The report of a campaign, as one file of HTML, and the page that shows a campaign live.

Pages hold all that they show: the JavaScript of Vega-Lite and of ours (``assets``) and the data.
What needs the extra ``icarus-sim[report]`` is imported when a page is made.
"""

from typing import TYPE_CHECKING, Any

from icarus.report.page import report_html, write_report

if TYPE_CHECKING:
    from icarus.report.live import LivePage

__all__ = ["LivePage", "report_html", "write_report"]


def __getattr__(name: str) -> Any:
    if name != "LivePage":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # It reads journals, and with them comes the orchestrator: half a second that reports spare.
    from icarus.report.live import LivePage

    return LivePage
