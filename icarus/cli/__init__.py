"""The command line: parses, calls the library and prints. Nothing is decided here.

Heavy parts of the package are imported by the command that needs them, so that ``--help`` and
``icarus status`` answer at once.
"""

from icarus.cli import (
    campaign_commands,
    cases_commands,
    compare_command,
    mrc_command,
    plot_command,
    report_command,
    schema_commands,
    setup_commands,
    trace_commands,
)
from icarus.cli.common import CONTEXT_SETTINGS, main
from icarus.cli.results_commands import merge_results, print_results, results
from icarus.cli.run_commands import run

__all__ = ["CONTEXT_SETTINGS", "main", "merge_results", "print_results", "results", "run"]
__all__ += ["campaign_commands", "cases_commands", "compare_command", "schema_commands"]
__all__ += ["mrc_command", "plot_command", "report_command", "setup_commands", "trace_commands"]
