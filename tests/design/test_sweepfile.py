"""Sweep files: what they say, in layers, and what is said of those that are wrong."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from textwrap import dedent

import pytest

from icarus import design as d
from icarus.errors import SettingsError
from icarus.loading import load
from icarus.orchestration.executors import executor_choice
from icarus.orchestration.executors.executor_choice import make_executor
from icarus.planning.identity import experiment_id
from icarus.planning.loading import SettingsSource, execute_settings
from icarus.planning.plan import make_plan
from icarus.planning.settings import fill_defaults

BASE = {
    "topology": {"name": "GEANT"},
    "content_placement": {"name": "UNIFORM"},
    "cache_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
    "workload": {"name": "STATIONARY", "n_contents": 10_000, "n_measured": 50_000, "rate": 100.0},
}
SWEEP = """
    [settings]
    N_REPLICATIONS = 5

    [base]
    topology.name = "GEANT"
    content_placement.name = "UNIFORM"
    cache_placement.name = "UNIFORM"
    cache_policy.name = "LRU"
    workload = { name = "STATIONARY", n_contents = 10_000, n_measured = 50_000, rate = 100.0 }

    [axes]
    strategy.name = ["LCE", "LCD", "PROB_CACHE"]
    workload.alpha = { linspace = [0.6, 1.2], n = 4 }
    cache_placement.network_cache = { logspace = [0.001, 0.1], n = 5 }

    [derive]
    workload.n_warmup = "10 * n_contents"

    [where]
    "small caches, little skew" = "not (network_cache < 0.002 and alpha < 0.7)"
"""


def written(folder: Path, text: str, name: str = "sweep.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return path


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """Load a sweep from its text, after writing those that it extends; names are relative."""
    monkeypatch.chdir(tmp_path)

    def sweep(text, name="sweep.toml", overrides=None, **others):
        for stem, other in others.items():
            written(Path(), other, f"{stem}.toml")
        return load(written(Path(), text, name), overrides)

    return sweep


@pytest.fixture
def problems(sweep):
    """What is said of a sweep that cannot be loaded."""

    def problems(text, *args, **others):
        with pytest.raises(SettingsError) as info:
            sweep(text, *args, **others)
        return info.value.problems

    return problems


def points(settings):
    return [point.dict() for point in settings.EXPERIMENT_QUEUE]


def values(settings, *path):
    found = []
    for point in settings.EXPERIMENT_QUEUE:
        found.append(point.getval(path))
    return list(dict.fromkeys(found))


def in_python():
    return d.product(
        BASE,
        {
            "strategy.name": ["LCE", "LCD", "PROB_CACHE"],
            "workload.alpha": d.linspace(0.6, 1.2, 4),
            "cache_placement.network_cache": d.logspace(0.001, 0.1, 5),
        },
        derive={"workload.n_warmup": "10 * n_contents"},
        where={"small caches, little skew": "not (network_cache < 0.002 and alpha < 0.7)"},
    )


class TestWhatASweepSays:
    def test_it_is_the_design_that_python_makes(self, sweep):
        settings = sweep(SWEEP)
        assert settings.N_REPLICATIONS == 5
        design = settings.EXPERIMENT_QUEUE
        assert len(design) == 60
        assert list(map(experiment_id, design)) == list(map(experiment_id, in_python()))
        assert [one.excluded for one in design] == [one.excluded for one in in_python()]
        assert sum(one.excluded is not None for one in design) == 3

    def test_json_says_the_same(self, sweep):
        import tomllib

        again = sweep(json.dumps(tomllib.loads(dedent(SWEEP))), "sweep.json")
        assert points(again) == points(sweep(SWEEP))
        assert again.N_REPLICATIONS == 5

    def test_keys_nest_as_their_author_likes(self, sweep):
        one = sweep("""
            base = { workload = { name = "X" } }
            [axes.workload]
            alpha = [0.6, 0.8]
            beta = { range = [1, 3] }
        """)
        other = sweep("""
            [base]
            "workload.name" = "X"
            [axes]
            "workload.alpha" = [0.6, 0.8]
            workload."beta" = { range = [1, 3] }
        """)
        assert points(one) == points(other)
        assert len(points(one)) == 6

    def test_a_list_of_tables_varies_a_whole_section(self, sweep):
        settings = sweep("""
            [axes]
            strategy = [{ name = "LCE" }, { name = "PROB_CACHE", t_tw = 10 }]
        """)
        assert points(settings) == [
            {"strategy": {"name": "LCE"}},
            {"strategy": {"name": "PROB_CACHE", "t_tw": 10}},
        ]

    def test_zips_hypercubes_and_seeds(self, sweep):
        settings = sweep("""
            seed = 7
            [[zip]]
            topology.name = ["GEANT", "WIDE"]
            workload.rate = [100.0, 20.0]
            [lhs]
            n = 5
            log = "cache_placement.network_cache"
            cache_placement.network_cache = [0.001, 0.1]
            workload.alpha = [0.6, 1.2]
            [axes]
            workload.beta = { uniform = [0, 1], n = 3, round = 0.01 }
        """)
        cube = {"cache_placement.network_cache": (0.001, 0.1), "workload.alpha": (0.6, 1.2)}
        design = d.product(
            {},
            {"workload.beta": d.uniform(0, 1, 3, round=0.01)},
            d.zip({"topology.name": ["GEANT", "WIDE"], "workload.rate": [100.0, 20.0]}),
            d.lhs(cube, 5, log="cache_placement.network_cache"),
            seed=7,
        )
        assert points(settings) == [one.dict() for one in design]
        assert len(design) == 30

    def test_few_points_may_cover_the_combinations(self, sweep):
        text = "axes = { a = { x = [1, 2, 3], y = [1, 2, 3], z = [1, 2, 3] } }\n"
        axes = {f"a.{name}": [1, 2, 3] for name in "xyz"}
        found = points(sweep(text + "cover = { strength = 2 }"))
        assert found == [one.dict() for one in d.cover({}, axes, strength=2)]
        assert len(found) < 27

    def test_whole_numbers_stay_whole(self, sweep):
        settings = sweep("axes = { a = { b = [1, 2.0], c = { range = [0, 2] } } }")
        assert {type(value) for value in values(settings, "a", "c")} == {int}
        assert [type(point["a"]["b"]) for point in settings.EXPERIMENT_QUEUE][::3] == [int, float]

    def test_nothing_is_executed(self, problems, tmp_path):
        told = problems("""
            [derive]
            a.b = "open('made', 'w')"
        """)
        assert told == [
            "sweep.toml: derive.a.b: unknown function 'open'; known: abs, ceil, exp, floor, log, "
            "log10, log2, max, min, round, sqrt"
        ]
        assert not (tmp_path / "made").exists()


class TestLayers:
    def test_later_layers_win(self, sweep):
        settings = sweep(
            """
            extends = ["below", "above"]
            settings.SEED = 3
            base.workload.n_contents = 7
            """.replace('"below", "above"', '"below.toml", "above.toml"'),
            below="""
            settings = { SEED = 1, N_REPLICATIONS = 2 }
            base.workload = { name = "A", alpha = 0.5, n_contents = 1 }
            axes.strategy.name = ["LCE", "LCD"]
            axes.x.y = { linspace = [0, 1], n = 3 }
            """,
            above="""
            settings.SEED = 2
            base.workload.alpha = 0.9
            axes.x.y = { range = [5, 6] }
            """,
        )
        assert (settings.SEED, settings.N_REPLICATIONS) == (3, 2)
        expected = {"name": "A", "alpha": 0.9, "n_contents": 7}
        assert all(point["workload"].dict() == expected for point in settings.EXPERIMENT_QUEUE)
        assert values(settings, "x", "y") == [5, 6]
        assert values(settings, "strategy", "name") == ["LCE", "LCD"]

    @pytest.mark.parametrize(
        ("below", "above", "expected"),
        [
            ("axes.a.b = [1, 2]", "base.a.b = 3", [3]),
            ("base.a.b = 3", "axes.a.b = [1, 2]", [1, 2]),
            ("zip = [{ a.b = [1, 2], a.c = [1, 2] }]", "axes.a.b = [3]", [3]),
            ("zip = [{ a.b = [1, 2] }]", "base.a.b = 3", [3]),
            ("derive.a.b = '1 + 1'", "base.a.b = 3", [3]),
            ("axes.a.b = [1, 2]", "derive.a.b = '1 + 1'", [2]),
            ("lhs = { n = 2, a.b = [0, 1], a.c = [0, 1] }", "base.a.b = 3", [3]),
            ("derive.a.b = '1 + 1'", "derive.a.b = '1 + 2'", [3]),
        ],
    )
    def test_what_varies_in_one_layer_may_be_fixed_in_the_next(self, sweep, below, above, expected):
        settings = sweep(f"extends = 'below.toml'\n{above}", below=below)
        assert values(settings, "a", "b") == expected

    def test_an_axis_that_a_later_layer_replaces_keeps_its_place(self, sweep):
        settings = sweep(
            "extends = 'below.toml'\naxes = { a.b = [3, 4] }",
            below="axes.a = { b = [1, 2], c = [1, 2] }",
        )
        assert [axis.name for axis in settings.EXPERIMENT_QUEUE.axes] == ["a.b", "a.c"]

    def test_files_are_named_from_the_folder_of_the_one_that_extends_them(self, tmp_path):
        written(tmp_path, "base.a.b = 1", "lowest.json".replace("json", "toml"))
        written(tmp_path, 'extends = "../lowest.toml"', "parts/middle.toml")
        path = written(tmp_path, '{"extends": "parts/middle.toml"}', "top.json")
        assert points(load(path)) == [{"a": {"b": 1}}]

    def test_a_file_that_is_extended_twice_is_one_layer(self, sweep):
        settings = sweep(
            'extends = ["left.toml", "right.toml"]',
            common="base.a = { b = 1, c = 1 }",
            left='extends = "common.toml"\nbase.a.b = 2',
            right='extends = "common.toml"\nbase.a.c = 3',
        )
        assert points(settings) == [{"a": {"b": 2, "c": 3}}]

    def test_the_recorded_text_needs_no_other_file(self, sweep, tmp_path):
        settings = sweep(
            "extends = 'below.toml'\nseed = 3\naxes.a.b = { uniform = [0, 1], n = 2 }",
            below=f"{dedent(SWEEP)}\n[lhs]\nn = 2\nx.y = [0, 1]\n[[zip]]\nv.w = [1, 2]",
        )
        again = load(written(tmp_path, settings.source.text, "again.json"))
        assert points(again) == points(settings)
        assert again.N_REPLICATIONS == 5

    def test_what_was_read_goes_to_other_machines_without_the_files(self, sweep):
        source = sweep("extends = 'below.toml'", below=SWEEP).source
        Path("sweep.toml").unlink()
        Path("below.toml").unlink()
        again = execute_settings(pickle.loads(pickle.dumps(source)))
        assert len(again["EXPERIMENT_QUEUE"]) == 60
        recorded = SettingsSource(source.path, source.text, source.overrides)
        assert len(execute_settings(recorded)["EXPERIMENT_QUEUE"]) == 60

    def test_the_recorded_text_of_a_file_by_itself_is_its_own(self, sweep):
        assert sweep(SWEEP).source.text == dedent(SWEEP)


PROBLEMS = {
    # Axes.
    "axes.workload.alpha = { linspce = [0.6, 1.2], n = 4 }": (
        "axes.workload.alpha: unknown axis 'linspce'; did you mean 'linspace'?"
    ),
    "axes.workload.alpha = { lnspace = [0.6, 1.2] }": (
        "axes.workload.alpha: unknown axis 'lnspace'; did you mean 'linspace'?"
    ),
    "axes.a.b = { linspace = [0, 1], n = 0 }": (
        "axes.a.b.n: should be greater than or equal to 1, found 0"
    ),
    "axes.a.b = { linspace = [0, 1], n = 2.5 }": (
        "axes.a.b.n: should be a valid integer, found 2.5"
    ),
    "axes.a.b = { linspace = [0, 1] }": "axes.a.b: 'n' is missing",
    "axes.a.b = { linspace = [0, 1], n = 2, rond = 1 }": (
        "axes.a.b: unknown key 'rond'; did you mean 'round'?"
    ),
    "axes.a.b = { linspace = [0], n = 2 }": (
        "axes.a.b.linspace: list should have at least 2 items, not 1, found [0]"
    ),
    "axes.a.b = { linspace = [0, 'x'], n = 2 }": (
        "axes.a.b.linspace[1]: should be a valid number, found 'x'"
    ),
    "axes.a.b = { linspace = [0, inf], n = 2 }": (
        "axes.a.b.linspace[1]: should be a finite number, found inf"
    ),
    "axes.a.b = { logspace = [0, 1], n = 2 }": (
        "axes.a.b: logspace: lo and hi should be above 0, found 0 and 1"
    ),
    "axes.a.b = { range = [0, 1], step = 0 }": "axes.a.b: range: step should not be 0",
    "axes.a.b = { range = [0, 1], linspace = [0, 1] }": (
        "axes.a.b: should be one kind of axis, found range and linspace"
    ),
    "axes.a.b = []": "axes.a.b: a list without values",
    "axes.a.b = ['x', 'x']": "axes.a.b: 'x' is in it twice",
    "axes.a.b = {}": (
        "axes.a.b: a table without an axis; known: choice, range, linspace, logspace, uniform, "
        "loguniform, normal"
    ),
    "axes.a.b = 0.8": (
        "axes.a.b: should be a list of values, or an axis such as { linspace = [0, 1], n = 5 }, "
        "found 0.8; what does not vary belongs to base"
    ),
    "axes = 3": "axes: should be a valid dictionary, found 3",
    "axes.'a..b' = [1]": "axes: 'a..b': a part of this name is empty",
    "axes = { 'a.b' = [1], a = { b = [2] } }": "axes.a.b: given twice",
    "zip = [{ a.b = [1, 2], a.c = [1] }]": (
        "zip[0].a.b: zipped axes need as many values each: a.b has 2, a.c has 1"
    ),
    "lhs = { a.b = [0, 1] }": "lhs: 'n' is missing",
    "lhs = { n = 2, a.b = [1, 0] }": "lhs.a.b: lhs: lo should be below hi, found 1 and 0",
    "lhs = [{ n = 2, a.b = [1] }]": (
        "lhs[0].a.b: list should have at least 2 items, not 1, found [1]"
    ),
    "lhs = { n = 2, a.b = [0, 1], log = 'a.c' }": "lhs: lhs: log: a.c is none of its axes",
    "cover = { strngth = 2 }": "cover: unknown key 'strngth'; did you mean 'strength'?",
    # Expressions.
    "where = { x = 'alpha <' }": "where.x: not an expression: invalid syntax, in alpha <",
    "where = { x = 3 }": "where.x: should be a valid string, found 3",
    "derive.a.b = 5": "derive.a.b: should be a valid string, found 5",
    "derive.a.b = '9**9**9**9'": None,
    # Sections and settings.
    "axs.a.b = [1]": "unknown key 'axs'; did you mean 'axes'?",
    "workload.alpha = 3": "unknown key 'workload'; did you mean 'base.workload'?",
    "SEED = 3": "unknown key 'SEED'; did you mean 'settings.SEED'?",
    "settings.SEDE = 3": "settings.SEDE: unknown setting; did you mean 'SEED'?",
    "settings.SEED = 'x'": "settings.SEED: should be a valid integer, found 'x'",
    "settings.VETO = 'x'": (
        "settings.VETO: it takes functions, which a sweep file has none of; [where] says what is "
        "excluded"
    ),
    "settings.EXPERIMENT_QUEUE = []": (
        "settings.EXPERIMENT_QUEUE: the experiments of a sweep are made of [base] and [axes]"
    ),
    "base.a.b = 2020-01-01": (
        "base.a.b: a date or a time, which no parameter is; as a text: '2020-01-01'"
    ),
    "seed = -1": "seed: should be greater than or equal to 0, found -1",
    "title = 3": "title: should be a valid string, found 3",
    # Other files.
    "extends = 'swep.toml'": "extends: swep.toml: no such file; did you mean 'sweep.toml'?",
    "extends = 'sweep.toml'": (
        "extends: it comes back to where it began: sweep.toml extends sweep.toml"
    ),
    "extends = 'x.py'": "extends: 'x.py' is no sweep file; its name should end in .toml or .json",
    "extends = 3": "extends: should be a valid list, found 3",
    "extends = [3]": "extends[0]: should be a valid string, found 3",
    'extends = "a\\u0000.toml"': "extends: 'a\\x00.toml': no path has a null character",
}


@pytest.mark.parametrize(("text", "expected"), PROBLEMS.items())
def test_a_problem_is_a_line_with_its_place(problems, text, expected):
    told = problems(text)
    if expected is None:
        assert len(told) == 1
    else:
        assert told == [f"sweep.toml: {expected}"]


class TestProblems:
    def test_all_are_told_at_once(self, problems):
        lines = [
            line
            for line, text in PROBLEMS.items()
            if text and line.startswith(("axes.a", "axes.w")) and "'x', 'x'" not in line
        ]
        text = "\n".join(line.replace("axes.", f"axes.s{i}.", 1) for i, line in enumerate(lines))
        told = problems(f"{text}\nseed = -1\nsettings.SEDE = 3")
        assert len(told) == len(lines) + 2

    def test_they_name_the_layer_that_they_are_in(self, problems):
        told = problems(
            "extends = 'below.toml'\naxes.a.c = 3",
            below="""
            axes.a.b = { linspace = [0, 1], n = 0 }
            settings.SEDE = 1
            [where]
            x = "beta >"
            """,
        )
        assert [one.split(": ")[:2] for one in told] == [
            ["below.toml", "axes.a.b.n"],
            ["below.toml", "where.x"],
            ["sweep.toml", "axes.a.c"],
            ["below.toml", "settings.SEDE"],
        ]

    def test_they_name_the_layer_also_where_the_whole_design_shows_them(self, problems):
        told = problems(
            "extends = 'below.toml'\naxes.a.c = [1]",
            below="where.'x: y' = 'beta > 1'\nbase.a.b = 1",
        )
        assert len(told) == 1
        assert told[0].startswith("below.toml: where.x: y: ")

    def test_a_cycle_is_named(self, problems):
        told = problems(
            "extends = 'one.toml'", one="extends = 'two.toml'", two="extends = ['one.toml']"
        )
        assert told == [
            "two.toml: extends: it comes back to where it began: one.toml extends two.toml extends "
            "one.toml"
        ]

    @pytest.mark.parametrize(
        ("name", "text", "place"),
        [
            ("sweep.toml", "[axes\n", "sweep.toml:1:6: not valid TOML: expected ']'"),
            ("sweep.toml", "\n\na = = 2\n", "sweep.toml:3:5: not valid TOML: invalid value"),
            ("sweep.toml", "a = 1\na = 2\n", "sweep.toml:2:6: not valid TOML: cannot overwrite"),
            ("sweep.toml", "a = [1,\n\n", "sweep.toml:1:8: not valid TOML: "),
            ("sweep.toml", f"a = {'9' * 5000}", "sweep.toml: not valid TOML: exceeds the limit"),
            ("sweep.json", '{"a": 1,\n }', "sweep.json:2:2: not valid JSON: "),
            ("sweep.json", f'{{"a": {"9" * 5000}}}', "sweep.json: not valid JSON: exceeds"),
            ("sweep.json", "", "sweep.json:1:1: not valid JSON: expecting value"),
            ("sweep.json", "[1]", "sweep.json: should be an object with sections, found [1]"),
            ("sweep.json", '{"base": {"a": 1, "a": 2}}', "sweep.json: the key 'a' stands twice"),
        ],
    )
    def test_syntax_errors_have_line_and_column(self, problems, name, text, place):
        (problem,) = problems(text, name)
        assert problem.startswith(place)

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("sweep.toml", f"a = {'[' * 100_000}", "sweep.toml: too deeply nested"),
            ("sweep.json", '{"a":' * 100_000, "sweep.json: too deeply nested"),
            (
                "sweep.toml",
                f"base.a = {'[' * 150}{']' * 150}",
                "sweep.toml: base.a.0.0.0: it is nested more than 100 deep",
            ),
            (
                "sweep.toml",
                f"base.a{'.a' * 30_000} = 1",
                "sweep.toml: a key has more than 100 parts",
            ),
        ],
    )
    def test_what_is_nested_too_deeply_is_refused_at_once(self, problems, name, text, expected):
        assert problems(text, name) == [expected]

    def test_a_file_without_end_is_refused(self, problems):
        assert problems("#" * (4 * 2**20 + 1)) == [
            "sweep.toml: longer than the 4 MiB that a sweep may have"
        ]

    def test_what_is_no_text_is_refused(self, tmp_path):
        path = tmp_path / "sweep.toml"
        path.write_bytes(b"[base]\ntitle = '\xff'\n")
        with pytest.raises(SettingsError, match=r"sweep.toml:2: not UTF-8: found the byte 0xff"):
            load(path)

    def test_files_that_extend_each_other_are_counted(self, tmp_path):
        for number in range(200):
            written(tmp_path, f"extends = '{number + 1}.toml'", f"{number}.toml")
        with pytest.raises(SettingsError, match="more than 100 files"):
            load(tmp_path / "0.toml")

    def test_a_missing_file_is_one_line(self, tmp_path):
        written(tmp_path, SWEEP)
        with pytest.raises(SettingsError, match=r"swep.toml: no such file; did you mean"):
            load(tmp_path / "swep.toml")

    def test_a_byte_order_mark_is_no_problem(self, tmp_path):
        path = tmp_path / "sweep.toml"
        path.write_bytes(b"\xef\xbb\xbfbase.a.b = 1\n")
        assert points(load(path)) == [{"a": {"b": 1}}]


def test_processes_of_a_pool_have_nothing_to_execute(sweep, monkeypatch):
    monkeypatch.setattr(executor_choice, "PoolExecutor", lambda *given: given)
    queue = "EXPERIMENT_QUEUE = [{}]"
    settings = [sweep(SWEEP), load(written(Path(), queue, "module.py"))]
    plan = make_plan(sweep(SWEEP, overrides={"ENGINE": "python"}))
    for one, source in zip(settings, [None, settings[1].source], strict=True):
        fill_defaults(one)
        _, _, executed, _ = make_executor("pool", plan, one, 1, lambda: None)
        assert executed is source
