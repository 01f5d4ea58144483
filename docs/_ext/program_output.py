"""What Icarus prints and draws, made by running it whenever the manual is built.

The commands below run one after the other in an empty folder that has a copy of config/ and of
docs/examples. The pages include the files in docs/generated that come of it, or show commands of
their own and their pictures by the directive ``drawn``.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import ClassVar, NamedTuple

from command_runs import CommandError, Workspace
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective


class Run(NamedTuple):
    """A command, where its output goes and what it exits with."""

    command: str
    output: str
    status: int = 0


RUNS = (
    Run("icarus plan config/quickstart.py", "plan.txt"),
    Run("icarus plan config/quickstart.py --pilot", "pilot.txt"),
    Run("icarus plan config/sweep.toml", "plan-sweep.txt"),
    Run("icarus run config/quickstart.py", "run.txt"),
    Run(
        "icarus results show results/quickstart.pickle"
        " --metric CACHE_HIT_RATIO.MEAN --metric LATENCY.MEAN",
        "show.txt",
    ),
    Run("icarus plot results/quickstart.pickle", "plot.txt"),
    Run(
        "icarus compare results/quickstart.pickle results/quickstart.pickle"
        " --where-a strategy=LCE --where-b strategy=LCD --metric LATENCY.MEAN",
        "compare.txt",
        1,
    ),
    Run("icarus run config/cache_flush.py", "run-flush.txt"),
    Run("icarus plot results/cache_flush.pickle", "plot-flush.txt"),
    Run("icarus list", "list.txt"),
    Run("icarus list strategies PROB_CACHE", "list-prob-cache.txt"),
    Run("icarus validate examples/mistakes.py", "mistakes.txt", 2),
    Run("icarus trace info examples/requests.csv --content-column url", "trace-info.txt"),
    Run("icarus trace convert examples/requests.csv requests.itrace", "trace-convert.txt"),
    Run("icarus mrc examples/requests.csv --policy LRU,FIFO,MIN --sizes 1,2,3,50%", "mrc.txt"),
)
"""In the order in which they run."""

PICTURES = {
    "results/cache_flush/TIMELINE.png": "cache-flush.png",
}
"""From pictures that these commands draw to their names in docs/generated."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Run the commands before any page is read, and teach pages to show others."""
    app.connect("builder-inited", _run_all)
    app.add_directive("drawn", Drawn)
    return {"parallel_read_safe": False}


def _run_all(app: Sphinx) -> None:
    generated = Path(app.srcdir) / "generated"
    generated.mkdir(exist_ok=True)
    global _workspace
    _workspace = Workspace(Path(app.srcdir))
    try:
        for run in RUNS:
            output = _workspace.run(run.command, run.status)
            (generated / run.output).write_text(output, encoding="utf-8")
        for picture, target in PICTURES.items():
            shutil.copyfile(_workspace.made(picture), generated / target)
    except CommandError as error:
        raise ExtensionError(str(error)) from error


_workspace: Workspace
"""One for all pages: what a page has run is there for those that come later."""


class Drawn(SphinxDirective):
    """Commands, and below them the pictures that they draw.

    The arguments are the files of the pictures, the content the lines of a terminal: those that
    begin with ``$`` are run, each time that what they depend on has changed. ``:shorter:`` is added
    to `icarus run` where the campaign that is shown takes minutes, and the page says so.
    """

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar = {
        "alt": directives.unchanged_required,
        "width": directives.unchanged,
        "shorter": directives.unchanged,
        "before": directives.unchanged,
        "output": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        """Return the commands as text, and the pictures."""
        shown = "\n".join(self.content)
        commands = re.findall(r"^\$ (.+)$", shown.replace("\\\n", " "), re.MULTILINE)
        shorter = self.options.get("shorter", "")
        printed = ""
        try:
            if "before" in self.options:
                _workspace.run(self.options["before"])
            for command in commands:
                more = f" {shorter}" if command.startswith("icarus run") and shorter else ""
                printed = _workspace.run(" ".join(command.split()) + more)
            pictures = [self._picture(name) for name in self.arguments[0].split()]
        except CommandError as error:
            raise self.error(str(error)) from error
        text = nodes.literal_block(shown, shown, language="console")
        found: list[nodes.Node] = [text]
        if "output" in self.options:
            found.append(nodes.literal_block(printed, printed, language="text"))
        if shorter:
            said = f"Drawn here from a shorter run, with {shorter}."
            found.append(nodes.paragraph("", "", nodes.emphasis(said, said)))
        return [*found, *pictures]

    def _picture(self, name: str) -> nodes.Node:
        """Return a picture, under a name that no other picture of the manual has."""
        made = _workspace.made(name)
        digest = hashlib.sha256(made.read_bytes()).hexdigest()[:8]
        target = f"{made.stem}-{digest}{made.suffix}"
        shutil.copyfile(made, Path(self.env.srcdir) / "generated" / target)
        image = nodes.image(uri=f"/generated/{target}", alt=self.options["alt"])
        image["width"] = self.options.get("width", "85%")
        return image
