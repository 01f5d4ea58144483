"""The report of a campaign, as one file of HTML, and the page that shows a campaign live.

Pages hold all that they show: the JavaScript of Vega-Lite and of ours (``assets``) and the data.
What needs the extra ``icarus-sim[report]`` is imported when a page is made.
"""

from icarus.report.live import LivePage
from icarus.report.page import report_html, write_report

__all__ = ["LivePage", "report_html", "write_report"]
