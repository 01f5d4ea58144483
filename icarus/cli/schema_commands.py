"""``icarus schema``: the schemas of files that people write."""

from __future__ import annotations

import json

from icarus.cli.common import command, echo_json, main

__all__ = ["schema"]


@main.group()
def schema() -> None:
    """Print the JSON schema of a kind of file, for editors to check and complete it by."""


@schema.command()
@command
def case() -> None:
    """Print the JSON schema of case files, case.json and case.toml.

    \b
    icarus schema case > case.schema.json
    "$schema": "./case.schema.json"            in a case.json, for editors
    """
    from icarus.design.case_models import CaseFile

    echo_json(json.dumps(CaseFile.model_json_schema(by_alias=True), indent=2))


@schema.command()
@command
def sweep() -> None:
    """Print the JSON schema of sweep files, sweep.toml and sweep.json.

    \b
    icarus schema sweep > sweep.schema.json
    #:schema ./sweep.schema.json               the first line of a sweep.toml, for editors
    """
    from icarus.planning.sweep_schema import sweep_schema

    echo_json(json.dumps(sweep_schema(), indent=2))
