"""The JSON schema of sweep files, for editors to check and complete them by.

It is that of the models which files are checked against, with what the design knows nothing of:
the general settings, and the sections of experiments with the components that are registered.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from icarus.core.kinds import COMPONENT_SECTIONS, KINDS
from icarus.design.sweep_models import PublishedSweep
from icarus.planning.loading import SWEEP_SETTINGS
from icarus.planning.settings import GENERAL_SETTINGS

__all__ = ["sweep_schema"]


def sweep_schema() -> dict[str, Any]:
    """Return the JSON schema of sweep files."""
    sweep = create_model(
        "Sweep",
        __base__=PublishedSweep,
        settings=(_settings(), Field(None, description=_described("settings"))),
        base=(_base(), Field(None, description=_described("base"))),
    )
    schema = sweep.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _described(name: str) -> str | None:
    return PublishedSweep.model_fields[name].description


def _settings() -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (setting.annotation, Field(setting.default, description=setting.meaning))
        for name, setting in GENERAL_SETTINGS.items()
        if name in SWEEP_SETTINGS
    }
    return create_model("Settings", __config__=ConfigDict(extra="forbid"), **fields)


def _base() -> type[BaseModel]:
    """Return the model of an experiment: names are completed, not enforced."""
    fields: dict[str, Any] = {}
    for section in COMPONENT_SECTIONS:
        kind = KINDS[section]
        names = sorted(map(str, kind.registry.keys()))
        known = {"anyOf": [{"enum": names}, {"type": "string"}]}
        name = (Annotated[Any, Field(json_schema_extra=known)], None)
        model = create_model(kind.title, __config__=ConfigDict(extra="allow"), name=name)
        fields[section] = (model, Field(None, description=f"The {kind.registry.kind}."))
    return create_model("Experiment", __config__=ConfigDict(extra="allow"), **fields)
