"""Sweep files whose expressions would run something or take for ever: refused, a line for each.

What expressions are, and more of the hostile ones, is in ``tests/design/test_expressions.py``.
"""

from __future__ import annotations

import json
import time

import pytest

EVALUATED = {
    "power": ("9**9**9**9", "a whole number of more than 4096 bits"),
    "power of a parameter": ("n_contents ** 10**6 > 1", "a whole number of more than 4096 bits"),
    "text": ("'a' * 10**9 == 'a'", "a text of more than 10,000 characters"),
}
READ = {
    "attribute": ("alpha.__class__ == 1", "attributes cannot be used in expressions"),
    "comprehension": (
        "max([x for x in (1, 2)]) > 1",
        "comprehensions cannot be used in expressions",
    ),
    "call": ("__import__('os').system('touch ran') == 0", "only functions can be called"),
    "characters": ("1" + "+1" * 500_000, "1,000,001 characters; the most are 10,000"),
    "parentheses": ("(" * 4_000 + "1" + ")" * 4_000, "not an expression: too many nested "),
}
SWEEP = {
    "base": {
        "topology": {"name": "TREE", "k": 2, "h": 3},
        "workload": {"name": "STATIONARY", "n_contents": 50, "n_warmup": 10, "n_measured": 20},
        "content_placement": {"name": "UNIFORM"},
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.2},
        "cache_policy": {"name": "LRU"},
        "strategy": {"name": "LCE"},
    },
    "axes": {"workload.alpha": [0.6, 0.8]},
}


def written(inside, form, **more):
    """Write a sweep as JSON or as TOML, which has the same texts."""
    sweep = {**SWEEP, **more}
    if form == "json":
        return inside.write("sweep.json", json.dumps(sweep))
    lines = []
    for section, content in sweep.items():
        lines.append(f"[{section}]")
        for key, value in content.items():
            if isinstance(value, dict):
                lines += [f"{key}.{name} = {json.dumps(item)}" for name, item in value.items()]
            else:
                lines.append(f"{json.dumps(key)} = {json.dumps(value)}")
    return inside.write("sweep.toml", "\n".join(lines))


@pytest.fixture
def refused(inside):
    """Give lines that a command prints of a sweep that it refuses soon, without doing anything."""

    def lines(command, path):
        began = time.process_time()
        done = inside(command, path)
        # Measured: half a second at most, nearly all of it for reading a million characters.
        assert time.process_time() - began < 5
        assert (done.returncode, done.stdout) == (2, "")
        assert {one.name for one in inside.folder.iterdir()} == {path.name}
        return [line.removeprefix(f"icarus: {path}: ") for line in done.stderr.splitlines()]

    return lines


@pytest.mark.parametrize(("text", "reason"), EVALUATED.values(), ids=EVALUATED)
@pytest.mark.parametrize("place", ["where.one", "derive.workload.one"])
def test_what_would_take_for_ever_is_refused_when_it_is_computed(
    inside, refused, place, text, reason
):
    section, _, name = place.partition(".")
    path = written(inside, "toml", **{section: {name: text}})
    assert refused("plan", path) == [f"{place}: {reason}, at point 1"]


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize("form", ["toml", "json"])
def test_all_that_is_no_expression_is_refused_at_once_a_line_each(inside, refused, form, command):
    where = {name: text for name, (text, _) in READ.items()}
    derive = {f"workload.{name}": text for name, text in where.items()}
    path = written(inside, form, where=where, derive=derive)
    places = [
        *(f"derive.workload.{name}: " for name in READ),
        *(f"where.{name}: " for name in READ),
    ]
    reasons = [reason for _, reason in READ.values()]
    lines = refused(command, path)
    assert len(lines) == len(places)
    for line, place, reason in zip(lines, places, reasons * 2, strict=True):
        assert line.startswith(place + reason)
        assert len(line) < 300
