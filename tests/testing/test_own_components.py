"""Components of users under the laws: right ones pass, and each mistake breaks its law."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
from mistakes import BATCH_WORKLOAD, COLLECTOR, EVENT_WORKLOAD, POLICY, STRATEGY

from icarus.errors import ComponentError
from icarus.execution.compiled import compiled_engine
from icarus.policies.lru import LruCaches
from icarus.registry import STRATEGY as STRATEGY_REGISTRY
from icarus.strategies.on_path import LeaveCopyEverywhereState
from icarus.testing import CollectorLaws, PolicyLaws, StrategyLaws, WorkloadLaws, _compiled
from icarus.testing._law import component_of

FOLDER = Path(__file__).parent
PROJECT = FOLDER.parents[1]
COMPONENTS = (FOLDER / "own_components.py").read_text(encoding="utf-8")


CASES = [
    pytest.param(laws, kind, parameters, component, mistake, id=f"{component}: {mistake.put[:40]}")
    for laws, kind, parameters, component, mistakes in (
        (PolicyLaws, "policy", {}, "Mru", POLICY),
        (StrategyLaws, "strategy", {"copies": 2}, "Midway", STRATEGY),
        (CollectorLaws, "collector", {}, "ServingDistance", COLLECTOR),
        (WorkloadLaws, "workload", {"n_contents": 5, "n_rounds": 3}, "RoundRobin", EVENT_WORKLOAD),
        (WorkloadLaws, "workload", {"n_contents": 5}, "Uniform", BATCH_WORKLOAD),
    )
    for mistake in mistakes
]


@pytest.fixture
def quickly_found():
    """Have failures told as they are found: making each as small as can be takes long."""
    profile = hypothesis.settings()
    phases = {hypothesis.Phase.generate}
    hypothesis.settings.register_profile("found", profile, phases=phases, database=None)
    hypothesis.settings.load_profile("found")
    yield
    hypothesis.settings.register_profile("as before", profile)
    hypothesis.settings.load_profile("as before")


def component_with(component, mistake):
    """Return a component with a mistake in it."""
    start = COMPONENTS.index(f"class {component}")
    end = COMPONENTS.find("\n\n\nclass", start)
    text = COMPONENTS[start : None if end < 0 else end]
    assert mistake.found in text
    head = COMPONENTS[: COMPONENTS.index("class ")]
    names = {"__name__": "own_components_with_a_mistake"}
    exec(head + text.replace(mistake.found, mistake.put, 1), names)
    return names[component]


def law_of(laws, beginning):
    (name,) = [name for name in dir(laws) if name.startswith(f"test_{beginning}")]
    return name


@pytest.mark.parametrize(("laws", "kind", "parameters", "component", "mistake"), CASES)
def test_a_mistake_breaks_its_law(laws, kind, parameters, component, mistake, quickly_found):
    own = {kind: component_with(component, mistake), "parameters": parameters}
    tested = type("TestOwn", (laws,), own)()
    with pytest.raises(Exception, match=mistake.said):
        getattr(tested, law_of(laws, mistake.law))()


def test_the_definition_of_another_policy_is_told(monkeypatch):
    monkeypatch.setattr(_compiled, "definition_of", lambda policy: LruCaches)
    tested = type("TestFifo", (PolicyLaws,), {"policy": "FIFO"})()
    with pytest.raises(AssertionError, match=r"call \d+ of .* compiled, and .* in the class"):
        tested.test_the_compiled_form_does_what_the_class_does()


def test_the_definition_of_another_strategy_is_told(monkeypatch):
    state = LeaveCopyEverywhereState(0)
    monkeypatch.setattr(compiled_engine, "compiled_state", lambda strategy, numbering: state)
    tested = type("TestLcd", (StrategyLaws,), {"strategy": "LCD"})()
    with pytest.raises(AssertionError, match=r"not those of the class: results\['CACHE_HIT_RATIO"):
        tested.test_both_engines_give_the_same_results()


def test_every_law_has_a_mistake_that_breaks_it():
    by_engines_only = {
        "test_the_compiled_form_does_what_the_class_does",
        "test_both_engines_give_the_same_results",
    }
    for laws in (PolicyLaws, StrategyLaws, CollectorLaws, WorkloadLaws):
        broken = {law_of(laws, case.values[4].law) for case in CASES if case.values[0] is laws}
        assert {name for name in dir(laws) if name.startswith("test_")} - by_engines_only == broken


RIGHT = """
from icarus.registry import register_strategy
from icarus.testing import CollectorLaws, PolicyLaws, StrategyLaws, WorkloadLaws
from own_components import Midway, Mru, RoundRobin, ServingDistance, Uniform

register_strategy("OWN_MIDWAY")(Midway)

class TestMru(PolicyLaws):
    policy = Mru

class TestMidway(StrategyLaws):
    strategy = "OWN_MIDWAY"
    parameters = {"copies": 2}

class TestServingDistance(CollectorLaws):
    collector = ServingDistance

class TestRoundRobin(WorkloadLaws):
    workload = RoundRobin
    parameters = {"n_contents": 5, "n_rounds": 3}

class TestUniform(WorkloadLaws):
    workload = Uniform
    parameters = {"n_contents": 5}
"""


FEW = "import hypothesis as h; h.settings.register_profile('few', max_examples=5)"


def run_pytest(folder, tests, *arguments):
    """Run a user's own test file, in a project that has nothing to do with this one."""
    (folder / "own_components.py").write_text(COMPONENTS, encoding="utf-8")
    (folder / "test_own.py").write_text(tests, encoding="utf-8")
    (folder / "conftest.py").write_text(FEW, encoding="utf-8")
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:xdist",
            "-p",
            "no:cacheprovider",
            "--hypothesis-profile=few",
            *arguments,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )


# Twelve seconds, most of them for what the next test compiles in another form.
@pytest.mark.exhaustive
def test_right_components_pass(tmp_path):
    done = run_pytest(tmp_path, RIGHT)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\d+ passed in ", done.stdout, re.MULTILINE), done.stdout


@pytest.fixture
def page():
    """The page of the manual on this."""
    return (PROJECT / "docs" / "testing.md").read_text(encoding="utf-8")


def own_policy():
    return (PROJECT / "config" / "extension.py").read_text(encoding="utf-8")


def run_five_lines(folder, page, policy, *arguments):
    five_lines = re.search(r"```python\n(.+?)```", page, re.DOTALL)[1]
    assert len([line for line in five_lines.splitlines() if line]) <= 5
    (folder / "my_policies.py").write_text(policy, encoding="utf-8")
    return run_pytest(folder, five_lines, *arguments)


def test_the_five_lines_of_the_manual(tmp_path, page):
    done = run_five_lines(tmp_path, page, own_policy())
    assert done.returncode == 0, done.stdout
    laws = [name for name in dir(PolicyLaws) if name.startswith("test_")]
    assert f"{len(laws)} passed" in done.stdout


def test_a_broken_policy_fails_as_the_manual_says(tmp_path, page):
    broken = own_policy().replace("evicted = lines.item(slot)", "lines.item(slot)")
    done = run_five_lines(tmp_path, page, broken, "-k", "put_keeps", "--hypothesis-profile=default")
    assert done.returncode == 1
    assert "test_put_keeps_the_item_and_returns_what_left_for_it" in done.stdout
    said = [line.removeprefix("E").strip() for line in done.stdout.splitlines() if line[:1] == "E"]
    told = re.search(r"```text\n(.+?)```", page, re.DOTALL)[1]
    expected = [line.strip() for line in told.splitlines()]
    start = said.index(expected[0])
    assert said[start : start + len(expected)] == expected


def test_only_the_laws_need_pytest_and_hypothesis():
    assert not {"pytest", "hypothesis"} & set(loaded("import icarus.cli, icarus.execution"))
    code = "import sys; sys.modules['hypothesis'] = None; import icarus.testing"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=False
    )
    (*_, last) = done.stderr.splitlines()
    needs = "ImportError: icarus.testing needs hypothesis: pip install 'icarus-sim[testing]'"
    assert last == needs


def loaded(code):
    """Return the modules that some code loads."""
    listing = f"{code}\nimport sys\nprint(*sys.modules)"
    command = [sys.executable, "-c", listing]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=True)
    return done.stdout.split()


def test_a_name_that_is_none_is_refused_with_the_nearest():
    tested = type("TestOwn", (PolicyLaws,), {"policy": "LRUU"})()
    with pytest.raises(ComponentError, match=r"TestOwn.policy: .*did you mean 'LRU'"):
        tested.test_a_new_cache_is_empty_and_as_large_as_asked_for()
    with pytest.raises(TypeError, match=r"TestOwn\.strategy should be a strategy"):
        component_of(type("TestOwn", (), {})(), "strategy", STRATEGY_REGISTRY)
