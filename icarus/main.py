"""Entry point of the command line, under the names that Icarus 0.8 has it by."""

from icarus.cli import CONTEXT_SETTINGS, main, merge_results, print_results, results, run

__all__ = ["CONTEXT_SETTINGS", "main", "merge_results", "print_results", "results", "run"]
