"""Files with traces of requests under control: described, and converted for simulations."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from icarus.control.attributes import Attribute
from icarus.control.resource import Resource, command
from icarus.control.traces import DeclaredTrace
from icarus.core.signatures import parameters
from icarus.errors import ResourceError, TraceError, suggestion
from icarus.registry import register_resource
from icarus.traces import TraceInfo, TraceReader, convert_trace, trace_info

__all__ = ["RequestTrace"]


@register_resource("Trace")
class RequestTrace(Resource):
    """A file with a trace of requests.

    Once it is READY, its attribute ``file`` names what simulations are to read: the source, or what
    it was converted to in the folder of the resource. Started, it is FINISHED at once.
    """

    attributes: ClassVar[tuple[Attribute, ...]] = (
        Attribute(name="source", type=str | Path, required=True, help="the file with the trace"),
        Attribute(
            name="options",
            type=Mapping[str, Any],
            default={},
            help="how it is read, as by icarus.tools.TraceReader",
        ),
        Attribute(
            name="converted",
            type=bool,
            default=False,
            help="whether it is converted to the form that simulations read quickest",
        ),
        Attribute(name="file", type=Path, mutable="never", help="the file to be read"),
    )
    traces: ClassVar[tuple[DeclaredTrace, ...]] = (
        DeclaredTrace("info.json", "what is in it, with a Zipf fit", enabled=False),
    )

    def problems(self) -> list[str]:
        """Return what is wrong with the options."""
        known = parameters(TraceReader, positional=1)
        return [
            f"options: unknown {name!r}; {suggestion(name, known)}"
            for name in self.get("options")
            if name not in known
        ]

    def do_discover(self) -> None:
        """See whether the file is there."""
        source = Path(self.get("source"))
        if not source.exists():
            raise TraceError(source, "there is no such file")

    def do_deploy(self) -> None:
        """Read it, convert it if that is wanted, and write down what is in it."""
        file = Path(self.get("source")).absolute()
        if self.get("converted"):
            file = self.convert()
        self.put("file", file)
        if "info.json" in self._component.enabled:
            told = dataclasses.asdict(self.info())
            text = json.dumps(told, default=dict, indent=1)
            (self.folder / "info.json").write_text(text + "\n", encoding="utf-8")

    def do_run(self) -> None:
        """Be FINISHED: there is nothing to do."""

    @command
    def info(self) -> TraceInfo:
        """Return what is in it: requests, contents, a Zipf fit, times and sizes."""
        return trace_info(self.get("source"), **self.get("options"))

    @command
    def convert(self, destination: str | Path | None = None) -> Path:
        """Convert it to an itrace file, by default in the folder of the resource.

        Returns
        -------
        Path
            The file.
        """
        if destination is None:
            name = Path(self.get("source")).name.partition(".")[0] or "trace"
            destination = self.folder / f"{name}.itrace"
        target = Path(destination)
        if target.exists():
            raise ResourceError(f"{self.name}: there is a file {str(target)!r} already")
        convert_trace(self.get("source"), target, **self.get("options"))
        return target.absolute()
