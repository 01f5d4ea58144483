from __future__ import annotations

import pickle
import sys
import textwrap

import numpy as np
import pytest

from icarus.errors import SettingsError
from icarus.planning.loading import (
    SettingsSource,
    execute_settings,
    load_settings,
    parse_overrides,
)
from icarus.planning.settings import DEFAULTS, GENERAL_SETTINGS, fill_defaults
from icarus.registry import STRATEGY
from icarus.util import Settings


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """Undo what settings modules leave behind: paths and modules."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = set(sys.modules)
    yield
    for name in set(sys.modules) - modules:
        if name.startswith(("icarus_settings_", "helper_of_settings")):
            del sys.modules[name]


@pytest.fixture
def load(tmp_path):
    """Load settings from source text; keywords are overrides."""

    def load(text, **overrides):
        (tmp_path / "campaign.py").write_text(textwrap.dedent(text))
        return load_settings(tmp_path / "campaign.py", overrides)

    return load


@pytest.fixture
def problems(load, tmp_path):
    """The problems of settings that cannot be loaded, without the path in front."""

    def problems(text, **overrides):
        with pytest.raises(SettingsError) as info:
            load(text, **overrides)
        path = str(tmp_path / "campaign.py")
        return [problem.replace(path, "campaign.py") for problem in info.value.problems]

    return problems


class TestExecution:
    def test_upper_case_names_are_kept_and_no_others(self, load):
        settings = load("""
            from collections import deque
            from copy import deepcopy
            ALPHA = 0.8
            _ = 1
            __X = 2
            N2_X = 3
            default = {}
            Mixed = 4
            def Function(): pass
            for strategy in ("LCE", "LCD"): pass
        """)
        assert set(settings.names()) == {"ALPHA", "_", "__X", "N2_X"}
        assert (settings.ALPHA, settings["__X"]) == (0.8, 2)

    def test_the_file_is_executed_once(self, load, tmp_path):
        load(f"""
            with open({str(tmp_path / "count")!r}, "a") as file:
                file.write("x")
        """)
        assert (tmp_path / "count").read_text() == "x"

    def test_it_is_not_run_as_a_script(self, load):
        assert load("A = __name__ == '__main__'").A is False

    def test_the_namespace_stays_for_what_is_defined_in_it(self, load):
        load("""
            import math
            from icarus.registry import register_strategy
            SCALE = 10
            offset = 1

            def helper(x):
                return math.floor(x) * SCALE + offset

            @register_strategy("IN_SETTINGS")
            class Strategy:
                def process_event(self, time):
                    return helper(time)
        """)
        assert STRATEGY["IN_SETTINGS"]().process_event(2.5) == 21

    def test_its_components_see_overridden_values(self, load):
        load(
            """
            from icarus.registry import register_strategy
            SCALE = 10

            @register_strategy("IN_SETTINGS")
            def strategy():
                return SCALE
            """,
            SCALE=20,
        )
        assert STRATEGY["IN_SETTINGS"]() == 20

    def test_it_can_be_loaded_again_with_its_components(self, load):
        text = """
            from icarus.registry import register_strategy

            @register_strategy("IN_SETTINGS")
            class Strategy:
                pass
        """
        load(text)
        load(text)

    def test_its_classes_can_be_pickled(self, load):
        settings = load("""
            class Thing:
                pass
            THING = Thing()
        """)
        assert type(pickle.loads(pickle.dumps(settings)).THING) is type(settings.THING)

    def test_modules_beside_it_can_be_imported(self, load, tmp_path):
        (tmp_path / "helper_of_settings_a.py").write_text("VALUE = 7\nOTHER = 8\n")
        assert load("from helper_of_settings_a import VALUE as ALPHA").ALPHA == 7
        assert load("from helper_of_settings_a import *").OTHER == 8

    @pytest.mark.parametrize(
        "raw",
        [b"\xef\xbb\xbfNAME = '\xc3\xa9'\n", "NAME = 'é'\r\n".encode(), "NAME='é'".encode()],
        ids=["byte order mark", "Windows line ends", "no line end"],
    )
    def test_it_is_utf_8(self, tmp_path, raw):
        (tmp_path / "campaign.py").write_bytes(raw)
        assert load_settings(tmp_path / "campaign.py").NAME == "é"

    def test_names_given_are_there_when_it_starts(self):
        source = SettingsSource("x.py", "B = A + 1")
        assert execute_settings(source, given={"A": 1}) == {"A": 1, "B": 2}

    def test_the_source_is_kept_as_it_was(self, load, tmp_path):
        settings = load("ALPHA = 0.8\n", ALPHA=1.0)
        (tmp_path / "campaign.py").unlink()
        assert settings.source.text == "ALPHA = 0.8\n"
        assert settings.source.overrides == {"ALPHA": 1.0}
        assert execute_settings(settings.source) == {"ALPHA": 1.0}


class TestOverrides:
    @pytest.mark.parametrize(
        "assignment",
        [
            "ALPHA = 1",
            "ALPHA: float = 1",
            "X = ALPHA = 1",
            "(ALPHA := 1)",
            "print(end=str(ALPHA := 1)[:0])",
            "A, ALPHA = 0, 1",
            "(A, [B, ALPHA]), *C = (0, [1, 2]), 3",
            "ALPHA = 1\nALPHA += 1",
            "if True:\n    ALPHA = 1",
            "if ALPHA:\n    ALPHA = 1\nelse:\n    ALPHA = 2",
            "for ALPHA in (1, 2):\n    pass",
            "while True:\n    ALPHA = 1\n    break",
            "try:\n    ALPHA = 1\nfinally:\n    pass",
            "try:\n    1 / 0\nexcept ZeroDivisionError:\n    ALPHA = 1",
            "import contextlib\nwith contextlib.nullcontext(1) as ALPHA:\n    pass",
            "import math as ALPHA",
            "from math import pi as ALPHA",
            "from helper_of_settings_b import ALPHA",
            "from helper_of_settings_b import *",
            "match 3:\n    case ALPHA:\n        pass",
            "def ALPHA(): pass",
            "class ALPHA: pass",
            "ALPHA = 1\ndel ALPHA\nALPHA = 2",
            "pass",
        ],
    )
    def test_an_assignment_at_the_top_level_yields(self, load, tmp_path, assignment):
        (tmp_path / "helper_of_settings_b.py").write_text("ALPHA = 1\n")
        settings = load(f"{assignment}\nSEEN = ALPHA\n", ALPHA=99)
        assert (settings.ALPHA, settings.SEEN) == (99, 99)

    def test_they_are_in_force_while_the_queue_is_built(self, load):
        text = """
            from collections import deque
            ALPHA = [0.6, 0.8]
            EXPERIMENT_QUEUE = deque()
            for alpha in ALPHA:
                EXPERIMENT_QUEUE.append({"workload": {"alpha": alpha}})
        """
        assert len(load(text).EXPERIMENT_QUEUE) == 2
        queue = load(text, ALPHA=[1.1, 1.2, 1.3]).EXPERIMENT_QUEUE
        assert [experiment["workload"]["alpha"] for experiment in queue] == [1.1, 1.2, 1.3]

    def test_names_in_functions_are_their_own(self, load):
        settings = load(
            """
            def local():
                ALPHA = 1
                return ALPHA
            SEEN = local()
            SUM = sum(ALPHA for ALPHA in (1, 2))
            """,
            ALPHA=99,
        )
        assert (settings.SEEN, settings.SUM) == (1, 3)

    def test_what_the_module_does_to_a_value_does_not_change_the_override(self, load):
        settings = load("ALPHA = []\nALPHA += [1]\nALPHA = None\n", ALPHA=[5])
        assert settings.ALPHA == [5]
        assert settings.source.overrides == {"ALPHA": [5]}

    def test_none_is_a_value(self, load):
        assert load("ALPHA = 1", ALPHA=None).ALPHA is None

    def test_general_settings_need_not_be_in_the_module(self, load):
        assert load("ALPHA = 1", N_REPLICATIONS=7).N_REPLICATIONS == 7

    def test_a_name_the_module_reads_need_not_be_assigned(self, load):
        assert load("X = globals().get('ALPHA', 0) or ALPHA", ALPHA=5).X == 5

    @pytest.mark.parametrize(
        ("text", "given", "part"),
        [
            (
                "ALPHA = ['LCE', 'LCD']",
                "LCE",
                """ALPHA is a list in {}; did you mean -c "ALPHA=['LCE']"?""",
            ),
            ("ALPHA = [0.8]", "0.7", """ALPHA is a list in {}; did you mean -c "ALPHA=[0.7]"?"""),
            (
                "ALPHA = (1, 2)",
                "[0.8",
                "ALPHA is a tuple in {}; this is none: '[' was never closed",
            ),
            ("ALPHA = [1]", "[f(2)]", "this is none: it holds more than literals"),
            ("ALPHA = range(3)", "x", "ALPHA is a range in {}"),
            ("ALPHA = 0.8", "[0, 8]", "ALPHA is a number in {}; found a list"),
            ("ALPHA = 0.8", "0.8x", "ALPHA is a number in {}; found a text"),
            ("ALPHA = True", "yes", "ALPHA is True or False in {}; found a text"),
            ("ALPHA = 'web'", "12", """ALPHA is a text in {}; did you mean -c "ALPHA='12'"?"""),
            ("if True:\n    ALPHA = [1]\nX = [a + 1 for a in ALPHA]", "1", "ALPHA is a list"),
        ],
    )
    def test_the_type_that_the_module_gives_a_name_decides(self, tmp_path, text, given, part):
        path = tmp_path / "study.py"
        path.write_text(text)
        with pytest.raises(SettingsError) as info:
            load_settings(path, parse_overrides([f"ALPHA={given}"]))
        (problem,) = info.value.problems
        assert problem.startswith(f"-c ALPHA={given}: ALPHA is")
        assert part.format(path) in problem

    @pytest.mark.parametrize(
        ("text", "given"),
        [
            ("ALPHA = [1]", "(1, 2)"),
            ("ALPHA = ['LCE']", "{'LCE': {'p': 0.5}}"),
            ("ALPHA = np.array([1])", "[1, 2]"),
            ("ALPHA = 1", "2.5"),
            ("ALPHA = 1", "True"),
            ("ALPHA = None", "[1]"),
            ("ALPHA = 'web'", "[web"),
            ("ALPHA = print", "3"),
            ("SEED = 1\nALPHA = SEED", "None"),
        ],
    )
    def test_values_of_a_like_type_are_taken(self, tmp_path, text, given):
        path = tmp_path / "study.py"
        path.write_text(f"import numpy as np\n{text}")
        overrides = parse_overrides([f"ALPHA={given}"])
        assert load_settings(path, overrides)["ALPHA"] == overrides["ALPHA"]

    def test_all_that_are_of_another_type_are_told_at_once(self, tmp_path):
        path = tmp_path / "study.py"
        path.write_text("ALPHA = [1]\nBETA = 'x'\nGAMMA = 3\nALPHA[7]\n")
        with pytest.raises(SettingsError) as info:
            load_settings(path, {"ALPHA": 1, "BETA": 2, "GAMMA": "y"})
        assert [problem.split(":")[0] for problem in info.value.problems] == [
            "-c ALPHA=1",
            "-c BETA=2",
            "-c GAMMA=y",
            str(path),
        ]

    @pytest.mark.parametrize("misspelt", ["ALHPA", "N_REPLICATION", "SED"])
    def test_a_misspelt_name_is_refused(self, problems, misspelt):
        (problem,) = problems("ALPHA = 1", **{misspelt: 5})
        assert f"-c {misspelt}" in problem
        assert "did you mean" in problem

    def test_a_name_like_no_other_is_a_new_setting(self, load):
        settings = load("ALPHA = 1", QQQQ=5)
        assert settings.QQQQ == 5
        (warning,) = settings.warnings
        assert warning.startswith("-c QQQQ: ")

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("5", 5),
            (" 5 ", 5),
            ("0.8", 0.8),
            ("-1", -1),
            ("1e3", 1000.0),
            ("1_000", 1000),
            ("True", True),
            ("None", None),
            ("'x'", "x"),
            ("'5'", "5"),
            ("[1, 'a']", [1, "a"]),
            ("(1,)", (1,)),
            ("{'a': {'b': 1}}", {"a": {"b": 1}}),
            ("DEBUG", "DEBUG"),
            ("true", "true"),
            ("a=b", "a=b"),
            ("/data/trace.gz", "/data/trace.gz"),
            ("two words", "two words"),
            ("", ""),
            ("[1, 2", "[1, 2"),
            ("0777", "0777"),
            ("{[]}", "{[]}"),
            ("(" * 5000, "(" * 5000),
            ("1" * 5000, "1" * 5000),
            ("2 ** 8", "2 ** 8"),
        ],
    )
    def test_values_are_literals_or_else_strings(self, text, value):
        parsed = parse_overrides([f"KEY={text}"])["KEY"]
        assert parsed == value
        assert type(parsed) is type(value)

    @pytest.mark.parametrize(
        "text",
        [
            "__import__('pathlib').Path({!r}).touch()",
            "open({!r}, 'w')",
            "exec(\"open({!r}, 'w')\")",
            "[open(p, 'w') for p in [{!r}]]",
            "f'{{open({!r}, chr(119))}}'",
            "(lambda: open({!r}, 'w'))()",
        ],
    )
    def test_values_are_never_evaluated(self, tmp_path, load, text):
        canary = tmp_path / "canary"
        expression = text.format(str(canary))
        overrides = parse_overrides([f"KEY={expression}"])
        assert overrides == {"KEY": expression}
        seen = load("KEY = ''\nX = KEY", **overrides).X
        assert seen == expression
        assert not canary.exists()

    def test_the_last_of_several_counts(self):
        assert parse_overrides(["A=1", "B=2", "A=3"]) == {"A": 3, "B": 2}

    def test_all_that_are_not_of_the_form_are_named(self):
        with pytest.raises(SettingsError) as info:
            parse_overrides(["ALPHA", "=3", "alpha=1", "1A=2", "A B=1", "GOOD=1"])
        assert len(info.value.problems) == 5
        assert "KEY=VALUE" in info.value.problems[0]
        assert "did you mean 'ALPHA'?" in info.value.problems[2]


class TestProblems:
    """What stops a settings module is told in one line, with its place."""

    @pytest.mark.parametrize(
        ("text", "line", "part"),
        [
            ("A = 1\nB = = 2\n", 2, "invalid syntax: B = = 2"),
            ("A = 1\n  B = 2\n", 2, "unexpected indent"),
            ("A = (1,\n\n", 1, "never closed"),
            ("print 'x'\n", 1, "print"),
            ("Hello, this is a letter.\n", 1, "not valid Python"),
            ("return 5\n", 1, "'return' outside function"),
            ("\n\nx = 'abc\n", 3, "unterminated string"),
        ],
    )
    def test_syntax_errors(self, problems, text, line, part):
        (problem,) = problems(text)
        assert problem.startswith(f"campaign.py:{line}: not valid Python: ")
        assert part in problem
        assert "\n" not in problem

    @pytest.mark.parametrize(
        ("text", "line", "part"),
        [
            ("A = 1\nB = undefined\n", 2, "NameError: name 'undefined' is not defined"),
            ("import no_such_module\n", 1, "ModuleNotFoundError"),
            ("open('no_such_file')\n", 1, "FileNotFoundError"),
            ("A = 1\nimport sys\nsys.exit(3)\n", 3, "SystemExit: 3"),
            ("def f():\n    return 1 / 0\n\nA = f()\n", 2, "ZeroDivisionError"),
            ("from icarus.registry import STRATEGY\nSTRATEGY.resolve('LCEE')\n", 2, "'LCE'"),
            ("from icarus.errors import SettingsError\nraise SettingsError(['x'])", 2, ": x"),
        ],
    )
    def test_exceptions(self, problems, text, line, part):
        (problem,) = problems(text)
        assert problem.startswith(f"campaign.py:{line}: ")
        assert part in problem
        assert "\n" not in problem

    def test_an_exception_in_a_module_it_imports_has_the_line_of_the_import(
        self, problems, tmp_path
    ):
        (tmp_path / "helper_of_settings_c.py").write_text("\n\n\n1 / 0\n")
        (problem,) = problems("A = 1\nimport helper_of_settings_c\n")
        assert problem.startswith("campaign.py:2: ZeroDivisionError")

    def test_several_problems_that_a_module_raises_are_told_one_by_one(self, problems):
        found = problems("from icarus.errors import SettingsError\nraise SettingsError(['a', 'b'])")
        assert found == ["campaign.py:2: a", "campaign.py:2: b"]

    def test_the_cause_is_kept_for_a_traceback(self, load):
        with pytest.raises(SettingsError) as info:
            load("1 / 0")
        assert isinstance(info.value.__cause__, ZeroDivisionError)

    def test_an_interrupt_is_no_problem_of_the_settings(self, load):
        with pytest.raises(KeyboardInterrupt):
            load("raise KeyboardInterrupt")

    @pytest.mark.parametrize(
        "raw",
        [b"\x80\x04\x95\x10\x00", b"\x89PNG\r\n\x1a\n\x00", b"A = 1\x00", "A=1".encode("utf-16")],
        ids=["pickle", "picture", "zero byte", "UTF-16"],
    )
    def test_what_is_no_text_is_no_python_file(self, tmp_path, raw):
        (tmp_path / "campaign.py").write_bytes(raw)
        with pytest.raises(SettingsError, match="not a Python file"):
            load_settings(tmp_path / "campaign.py")

    def test_no_such_file(self, tmp_path):
        (tmp_path / "campaign.py").touch()
        with pytest.raises(SettingsError, match=r"no such file; did you mean '.*/campaign\.py'\?$"):
            load_settings(tmp_path / "campain.py")
        with pytest.raises(SettingsError, match=r"no such file$"):
            load_settings(tmp_path / "nowhere" / "x.py")

    def test_a_folder(self, tmp_path):
        with pytest.raises(SettingsError, match=r"no case.json or case.toml in this folder"):
            load_settings(tmp_path)

    def test_a_name_too_long_for_a_file(self, tmp_path):
        with pytest.raises(SettingsError, match="name too long"):
            load_settings(tmp_path / ("x" * 300))


class TestDefaults:
    def test_fill_what_is_missing_and_nothing_else(self):
        settings = Settings()
        settings.N_REPLICATIONS = 5
        fill_defaults(settings)
        assert settings.N_REPLICATIONS == 5
        assert "EXPERIMENT_QUEUE" not in settings
        assert set(settings.names()) == set(DEFAULTS)
        assert (settings.SEED, settings.PARALLEL_EXECUTION) == (1, False)
        assert (settings.RESULTS_FORMAT, settings.LOG_LEVEL) == ("PICKLE", "INFO")

    def test_each_settings_object_has_defaults_of_its_own(self):
        first, second = Settings(), Settings()
        fill_defaults(first)
        fill_defaults(second)
        first.DATA_COLLECTORS.append("DUMMY")
        assert "DUMMY" not in second.DATA_COLLECTORS
        assert "DUMMY" not in DEFAULTS["DATA_COLLECTORS"]

    @pytest.mark.parametrize("name", ["N_REPLICATION", "DATA_COLLECTOR", "PARALLEL_EXECUTOIN"])
    def test_a_name_a_slip_away_from_a_general_one_is_pointed_out(self, name):
        settings = Settings()
        settings[name] = 1
        fill_defaults(settings)
        fill_defaults(settings)
        (warning,) = settings.warnings
        assert f"{name} is not a setting that Icarus reads; did you mean" in warning

    def test_names_of_the_user_are_not(self):
        settings = Settings()
        for name in ("ALPHA", "STRATEGIES", "N_CONTENTS", "CACHING_GRANULARITY", "TOPOLOGIES"):
            settings[name] = 1
        fill_defaults(settings)
        assert settings.warnings == []

    @pytest.mark.parametrize(
        ("name", "given", "read"),
        [
            ("N_PROCESSES", 2.0, 2),
            ("N_REPLICATIONS", np.float64(3), 3),
            ("MAX_RETRIES", 1e0, 1),
            ("SEED", 2.5 * 10**5, 250_000),
            ("PARALLEL_EXECUTION", 0, False),
            ("PARALLEL_EXECUTION", 1, True),
            ("JOB_TIMEOUT", 60, 60),
        ],
    )
    def test_values_get_the_types_that_they_are_read_as(self, name, given, read):
        settings = Settings()
        settings[name] = given
        fill_defaults(settings)
        assert (settings[name], type(settings[name])) == (read, type(read))
        assert settings.warnings == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SEED", [1, 2, 3]),
            ("SEED", "winter"),
            ("ENGINE", "ndnSIM"),
            ("ENGINE", {"power": 3}),
            ("VETO", ["LCE"]),
            ("HOOKS", 3),
            ("HOOKS", {"fish": "line"}),
            ("REPLICATIONS", ["a", "b"]),
        ],
    )
    def test_a_value_that_cannot_be_meant_for_a_name_is_the_users_own(self, name, value):
        settings = Settings()
        settings[name] = value
        fill_defaults(settings)
        assert settings[name] == DEFAULTS[name]
        assert settings.N_REPLICATIONS == 1
        (warning,) = settings.warnings
        assert warning.startswith(f"{name}: this name has a meaning now")
        assert "a name of your own" in warning

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SEED", -1),
            ("SEED", "7"),
            ("ENGINE", "compild"),
            ("HOOKS", {"befor_job": print}),
            ("REPLICATIONS", {"min": 2}),
            ("N_PROCESSES", "many"),
            ("MEMORY_LIMIT", "plenty"),
            ("STALL_TIMEOUT", "2m"),
            ("START_METHOD", "cold"),
            ("MAX_FAILURES", (1, 2)),
            ("HOOKS", print),
            ("HOOKS", [print]),
            ("JOB_TIMEOUT", "10"),
        ],
    )
    def test_a_wrong_value_that_may_be_meant_is_left_to_be_refused(self, name, value):
        settings = Settings()
        settings[name] = value
        fill_defaults(settings)
        assert settings[name] == value
        assert settings.warnings == []

    def test_every_general_setting_is_explained(self):
        assert all(setting.meaning for setting in GENERAL_SETTINGS.values())


def test_a_class_keeps_its_global_statement(tmp_path):
    path = tmp_path / "settings.py"
    path.write_text("class Holder:\n    global TOP\n    TOP = 3\nINSIDE = hasattr(Holder, 'TOP')\n")
    settings = load_settings(path)
    assert settings.TOP == 3
    assert settings.INSIDE is False
