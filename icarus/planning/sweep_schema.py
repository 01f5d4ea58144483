"""The JSON schema of sweep files, for editors to check and complete them by.

It is that of the models which files are checked against, with axes and expressions nested in tables
as files have them, and with what the design knows nothing of: the general settings, and the
sections of experiments with the components that are registered.
"""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import MinLen
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, create_model
from typing_extensions import TypeAliasType

from icarus.core.kinds import COMPONENT_SECTIONS, KINDS
from icarus.design.sweep_models import (
    AXIS_TABLES,
    Choice,
    CoverTable,
    LhsOptions,
    Linspace,
    Logspace,
    Loguniform,
    Normal,
    Range,
    SweepFile,
    Two,
    Uniform,
)
from icarus.planning.settings import GENERAL_SETTINGS
from icarus.planning.sweep_settings import SWEEP_SETTINGS

__all__ = ["sweep_model", "sweep_schema"]


def _named(key: str) -> str:
    if key in AXIS_TABLES:
        raise ValueError("a kind of axis, and no name")
    return key


_Axis = TypeAliasType(
    "_Axis",
    Annotated[list[Any], MinLen(1)]
    | Choice
    | Range
    | Linspace
    | Logspace
    | Uniform
    | Loguniform
    | Normal,
)
_no_axis = {"type": "string", "not": {"enum": list(AXIS_TABLES)}}
_Name = Annotated[str, AfterValidator(_named), WithJsonSchema(_no_axis)]
_Axes = TypeAliasType("_Axes", "dict[_Name, _Axis | _Axes]")
_Bounds = TypeAliasType("_Bounds", "dict[str, Two | _Bounds]")
_Expressions = TypeAliasType("_Expressions", "dict[str, str | _Expressions]")


class _Lhs(LhsOptions):
    __doc__ = LhsOptions.__doc__
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Two | _Bounds]


def sweep_schema() -> dict[str, Any]:
    """Return the JSON schema of sweep files."""
    schema = sweep_model().model_json_schema()
    schema["description"] = SweepFile.__doc__
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_without_nulls(schema)}


def sweep_model() -> type[BaseModel]:
    """Return the model that the schema is of, with the components that are registered by now."""
    written: dict[str, Any] = {
        "extends": str | list[str],
        "settings": _settings(),
        "base": _base(),
        "axes": _Axes,
        "zip": list[_Axes],
        "lhs": _Lhs | list[_Lhs],
        "derive": _Expressions,
        "cover": CoverTable,
    }
    fields: dict[str, Any] = {
        name: (kind, Field(None, description=SweepFile.model_fields[name].description))
        for name, kind in written.items()
    }
    return create_model("Sweep", __base__=SweepFile, **fields)


def _without_nulls(schema: Any) -> Any:
    """Return a schema without the defaults of what need not be given: TOML has no null."""
    if isinstance(schema, list):
        return [_without_nulls(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_nulls(item)
        for key, item in schema.items()
        if not (key == "default" and item is None)
    }


def _settings() -> type[BaseModel]:
    fields: dict[str, Any] = {
        name: (setting.annotation, Field(setting.default, description=setting.meaning))
        for name, setting in GENERAL_SETTINGS.items()
        if name in SWEEP_SETTINGS
    }
    return create_model("Settings", __config__=ConfigDict(extra="forbid"), **fields)


def _base() -> type[BaseModel]:
    """Return the model of an experiment, in which names of components are completed only."""
    config = ConfigDict(extra="allow")
    fields: dict[str, Any] = {}
    for section in COMPONENT_SECTIONS:
        registry = KINDS[section].registry
        names: list[Any] = sorted(map(str, registry.keys()))
        known = Field(None, json_schema_extra={"anyOf": [{"enum": names}, {"type": "string"}]})
        options: dict[str, Any] = {"name": (Any, known)}
        model = create_model(KINDS[section].title, __config__=config, **options)
        fields[section] = (model, Field(None, description=f"The {registry.kind}."))
    registry = KINDS["network_event"].registry
    events: list[Any] = sorted(map(str, registry.keys()))
    known = Field(None, json_schema_extra={"anyOf": [{"enum": events}, {"type": "string"}]})
    event = create_model("Event", __config__=config, at=(Any, None), event=(Any, known))
    fields["timeline"] = (list[event], Field(None, description="Events in simulated time."))  # type: ignore[valid-type]
    return create_model("Experiment", __config__=config, **fields)
