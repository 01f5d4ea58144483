"""The published schema of sweep files says what Icarus takes."""

from __future__ import annotations

import json
import tomllib

import pytest
from pydantic import ValidationError

from icarus.errors import SettingsError
from icarus.planning.loading import SettingsSource, execute_settings
from icarus.planning.sweep_schema import sweep_model, sweep_schema
from icarus.planning.sweep_settings import SWEEP_SETTINGS

GOOD = [
    "",
    "axes.strategy.name = ['LCE']",
    "axes.'workload.alpha' = { linspace = [0.6, 1.2], n = 4, round = 0.1 }",
    "axes.a.b.c = { range = [0, 4], step = 2 }",
    "axes.a = [{ b = 1 }, { b = 2 }]",
    "axes.a = { choice = [{ b = 1 }, { b = 2 }] }",
    "axes.a.b = { logspace = [1, 10], n = 2 }\naxes.a.c = { normal = [1, 0.5], n = 2, lo = 0 }",
    "axes.a.b = { uniform = [1, 10], n = 2 }\naxes.a.c = { loguniform = [1, 10], n = 2 }",
    "zip = [{ a.b = [1, 2], 'a.c' = { range = [1, 2] } }]",
    "lhs = { n = 2, round = 0.1, a.b = [0, 1], 'a.c' = [0, 1] }",
    "lhs = [{ n = 2, log = 'a.b', a.b = [1, 2] }, { n = 2, log = ['b.b'], b.b = [1, 2] }]",
    "derive.a.b = '1 + 1'\nwhere.'x y' = '_i > 1'",
    "settings = { SEED = 3, N_PROCESSES = 2, REPLICATIONS = { min = 2, max = 3 } }",
    "base.topology = { name = 'MY_OWN', k = 3 }\nbase.mine.x = 1",
    "'$schema' = 'sweep.schema.json'\ntitle = 'x'\ndescription = 'y'\nseed = 3",
    "cover = { strength = 1 }\naxes.a.b = [1, 2]",
]
BAD = [
    "axs.a.b = [1]",
    "axes.a.b = 1",
    "axes.a.b = []",
    "axes.a.b = { linspce = [0, 1], n = 2 }",
    "axes.a.b = { linspace = [0, 1] }",
    "axes.a.b = { linspace = [0], n = 2 }",
    "zip = [{ a.b = 1 }]",
    "lhs = { a.b = [0, 1] }",
    "lhs = { n = 2, a.b = [0, 1, 2] }",
    "derive.a.b = 3",
    "where.x = 3",
    "settings.SEDE = 3",
    "settings.SEED = 'x'",
    "settings.VETO = 'x'",
    "cover.strngth = 2",
    "seed = -1",
    "extends = 3",
]


@pytest.mark.parametrize("text", GOOD)
def test_what_is_loaded_has_the_schema(text):
    execute_settings(SettingsSource("sweep.toml", text))
    sweep_model().model_validate(tomllib.loads(text))


@pytest.mark.parametrize("text", BAD)
def test_what_has_not_is_not_loaded(text):
    with pytest.raises(ValidationError):
        sweep_model().model_validate(tomllib.loads(text))
    with pytest.raises(SettingsError, match=r"sweep\.toml: "):
        execute_settings(SettingsSource("sweep.toml", text))


def test_the_example_has_it(project):
    text = (project / "config" / "sweep.toml").read_text(encoding="utf-8")
    sweep_model().model_validate(tomllib.loads(text))


def test_it_describes_all_that_a_sweep_may_say():
    schema = sweep_schema()
    json.dumps(schema)
    assert schema["additionalProperties"] is False
    properties = schema["properties"]
    assert {name for name in properties if "description" not in properties[name]} == {
        "title",
        "description",
    }
    settings = schema["$defs"]["Settings"]["properties"]
    assert set(settings) == set(SWEEP_SETTINGS)
    assert "LCE" in str(schema["$defs"]["Strategy"])
    assert "linspace" in schema["$defs"]["_Axes"]["propertyNames"]["not"]["enum"]
    assert "null" not in json.dumps(schema["properties"]["axes"])
