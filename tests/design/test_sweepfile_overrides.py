"""``-c workload.alpha=[0.8]``: overrides of what designs vary, in sweep files and in Python."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest

from icarus.errors import SettingsError
from icarus.planning.loading import load_settings, parse_overrides

SWEEP = """
    [base]
    topology = { name = "GEANT" }
    workload = { name = "STATIONARY", n_contents = 100, sizes = [1, 2] }

    [axes]
    strategy.name = ["LCE", "LCD"]
    workload.alpha = [0.6, 0.8]

    [[zip]]
    workload.rate = [1.0, 2.0]
    workload.seed = [1, 2]

    [lhs]
    n = 2
    cache_policy.p = [0.1, 0.2]
    cache_policy.q = [0.1, 0.2]

    [derive]
    workload.n_warmup = "10 * n_contents"
"""
MODULE = """
    from icarus import design as d

    N = 100
    base = {
        "topology": {"name": "GEANT"},
        "workload": {"name": "STATIONARY", "n_contents": N, "sizes": [1, 2]},
    }
    EXPERIMENT_QUEUE = d.product(
        base,
        {"strategy.name": ["LCE", "LCD"], "workload.alpha": [0.6, 0.8]},
        d.zip({"workload.rate": [1.0, 2.0], "workload.seed": [1, 2]}),
        d.lhs({"cache_policy.p": (0.1, 0.2), "cache_policy.q": (0.1, 0.2)}, 2),
        derive={"workload.n_warmup": "10 * n_contents"},
    )
"""


@pytest.fixture(params=["sweep.toml", "sweep.py"])
def load(request, tmp_path, monkeypatch):
    """Load one and the same design from both kinds of file, with overrides."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / request.param
    text = MODULE if request.param.endswith("py") else SWEEP
    path.write_text(dedent(text), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    yield lambda *given: load_settings(request.param, parse_overrides(given))
    sys.modules.pop("icarus_settings_sweep", None)


@pytest.fixture
def problems(load):
    def problems(*given):
        with pytest.raises(SettingsError) as info:
            load(*given)
        return [one.replace("sweep.py", "FILE").replace("sweep.toml", "FILE")
                for one in info.value.problems]  # fmt: skip

    return problems


def values(settings, path):
    found = [point.getval(path.split(".")) for point in settings.EXPERIMENT_QUEUE]
    return list({repr(value): value for value in found}.values())


@pytest.mark.parametrize(
    ("given", "path", "expected", "size"),
    [
        ("workload.alpha=[1.0]", "workload.alpha", [1.0], 8),
        ("workload.alpha=1.0", "workload.alpha", [1.0], 8),
        ("workload.alpha={'linspace': [0, 1], 'n': 3}", "workload.alpha", [0.0, 0.5, 1.0], 24),
        ("workload.alpha={ linspace = [0, 1], n = 3 }", "workload.alpha", [0.0, 0.5, 1.0], 24),
        ("strategy.name=EDGE", "strategy.name", ["EDGE"], 8),
        ("workload.n_contents=7", "workload.n_contents", [7], 16),
        ("workload.n_contents=7", "workload.n_warmup", [70], 16),
        ("workload.n_contents=[7, 8]", "workload.n_contents", [7, 8], 32),
        ("workload.n_contents=[7, 8]", "workload.n_warmup", [70, 80], 32),
        ("topology.name=['X', 'Y']", "topology.name", ["X", "Y"], 32),
        ("workload.sizes=[3, 4]", "workload.sizes", [[3, 4]], 16),
        ("base.topology.name=[3, 4]", "topology.name", [[3, 4]], 16),
        ("axes.workload.n_contents=[3, 4]", "workload.n_contents", [3, 4], 32),
        ("axes.workload.sizes=[[3], [4]]", "workload.sizes", [[3], [4]], 32),
        ("base.workload.alpha=[3, 4]", "workload.alpha", [[3, 4]], 8),
        ("base.topology.k=3", "topology.k", [3], 16),
        ("axes.topology=[{'name': 'X'}, {'name': 'Y'}]", "topology.name", ["X", "Y"], 32),
        ("workload.rate=[5.0, 6.0]", "workload.rate", [5.0, 6.0], 16),
        ("workload.rate=5.0", "workload.rate", [5.0], 16),
        ("workload.n_warmup=5", "workload.n_warmup", [5], 16),
        ("workload.n_warmup=2 * n_contents", "workload.n_warmup", [200], 16),
        ("derive.workload.alpha=n_contents / 100", "workload.alpha", [1.0], 8),
        ("cache_policy.p=0.5", "cache_policy.p", [0.5], 16),
    ],
)
def test_an_override_replaces_the_axis_or_value_of_its_path(load, given, path, expected, size):
    settings = load(given)
    assert values(settings, path) == expected
    assert len(settings.EXPERIMENT_QUEUE) == size


def test_the_ends_of_an_axis_that_is_drawn_with_others_are_set(load):
    drawn = values(load("cache_policy.p=[5.0, 6.0]"), "cache_policy.p")
    assert len(drawn) == 2
    assert all(5.0 <= value <= 6.0 for value in drawn)


def test_overrides_of_settings_are_those_that_they_were(load):
    assert load("SEED=3").SEED == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            "workload.alhpa=[0.8]",
            "-c workload.alhpa: no axis or parameter of FILE; did you mean 'workload.alpha'?",
        ),
        (
            "zzzz.y=1",
            "-c zzzz.y: no axis or parameter of FILE; -c base.zzzz.y=VALUE sets it anew",
        ),
        (
            "workload.alpha={'linspce': [0, 1], 'n': 3}",
            "-c workload.alpha: unknown axis 'linspce'; did you mean 'linspace'?",
        ),
        (
            "workload.alpha={'linspace': [0, 1]}",
            "-c workload.alpha: 'n' is missing",
        ),
        ("alpha=1", "-c alpha=1: a setting has an upper-case name; did you mean 'ALPHA'?"),
        (
            "workload.=1",
            "-c workload.=1: a setting has an upper-case name",
        ),
    ],
)
def test_what_cannot_be_meant_is_a_problem(problems, given, expected):
    assert problems(given) == [expected]


def test_all_problems_are_told_at_once(problems):
    given = ["workload.alhpa=1", "workload.n_content=3", "workload.rate={'linspce': [0], 'n': 1}"]
    assert len(problems(*given)) == 3


def test_they_are_told_also_where_the_design_cannot_be_made(problems):
    told = problems("workload.alpha={'linspce': [0], 'n': 1}", "strategy.name=[]")
    assert "-c workload.alpha: unknown axis 'linspce'; did you mean 'linspace'?" in told
    assert any(one.endswith("axes.strategy.name: a list without values") for one in told)


@pytest.mark.parametrize("load", ["sweep.toml"], indirect=True)
def test_a_setting_that_is_misspelt_is_a_problem_in_a_sweep(problems):
    assert problems("SEDE=3", "SEED='x'") == [
        "-c SEDE: unknown setting; did you mean 'SEED'?",
        "-c SEED: should be a valid integer, found 'x'",
    ]


def test_a_module_without_a_design_takes_no_paths(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "queue.py").write_text("EXPERIMENT_QUEUE = []", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"-c workload.alpha: .*queue.py has no design"):
        load_settings(tmp_path / "queue.py", {"workload.alpha": [0.8]})


def test_every_design_of_a_module_that_has_a_path_takes_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "several.py").write_text(
        "from icarus import design as d\n"
        "ONE = d.product({'a': {'b': 1}}, {'a.c': [1, 2]})\n"
        "TWO = d.product({'a': {'b': 1}}, {'a.d': [1, 2]})\n"
        "EXPERIMENT_QUEUE = [*ONE, *TWO]\n",
        encoding="utf-8",
    )
    settings = load_settings(tmp_path / "several.py", {"a.b": 5, "a.d": [7]})
    assert [one.dict()["a"] for one in settings.EXPERIMENT_QUEUE] == [
        {"b": 5, "c": 1},
        {"b": 5, "c": 2},
        {"b": 5, "d": 7},
    ]


def test_overrides_are_in_force_only_while_the_file_is_loaded(load):
    from icarus import design as d

    load("workload.alpha=[1.0]")
    assert len(d.product({}, {"workload.alpha": [0.6, 0.8]})) == 2
