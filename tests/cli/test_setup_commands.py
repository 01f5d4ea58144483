"""What one does once: copying the examples, and letting a shell complete commands."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner, Result

from icarus.cli import main
from icarus.registry import CACHE_POLICY, REGISTRIES, STRATEGY

CONFIG = Path(__file__).resolve().parents[2] / "config"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def icarus(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def files_below(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("words", [(), ("study",), ("a/b",)])
def test_examples_are_copied_as_they_are(words: tuple[str, ...]) -> None:
    done = icarus("init", *words)
    assert done.exit_code == 0, done.output
    assert files_below(Path(*words, "config")) == files_below(CONFIG)


def test_what_is_there_is_replaced_only_if_asked_for() -> None:
    own = Path("config/quickstart.py")
    own.parent.mkdir()
    own.write_text("# mine\n")
    done = icarus("init")
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert "config/quickstart.py" in done.output
    assert "--overwrite" in done.output
    # Not even those beside it are written.
    assert files_below(Path()) == {own: b"# mine\n"}
    assert icarus("init", "--overwrite").exit_code == 0
    assert files_below(Path("config")) == files_below(CONFIG)


def test_a_file_in_place_of_the_folder_is_a_line() -> None:
    Path("study").write_text("")
    done = icarus("init", "study")
    assert done.exit_code == 2
    assert done.output.count("\n") == 1


# Completion.


def completed(*words: str) -> list[str]:
    """Return what the shell is offered for the last of the words."""
    asked = BashComplete(main, {}, "icarus", "_ICARUS_COMPLETE")
    return [item.value for item in asked.get_completions(list(words[:-1]), words[-1])]


def test_components_are_completed() -> None:
    assert set(completed("list", "")) == {registry.plural for registry in REGISTRIES}
    assert set(completed("list", "strategies", "")) == set(STRATEGY.keys())
    assert completed("list", "strategies", "prob") == ["PROB_CACHE"]
    assert completed("list", "no_such_kind", "") == []


def test_the_last_of_several_policies_is_completed() -> None:
    assert set(completed("mrc", "trace.csv", "--policy", "")) == set(CACHE_POLICY.keys())
    assert completed("mrc", "trace.csv", "--policy", "LRU,siev") == ["LRU,SIEVE"]
    assert "LRU,LRU" not in completed("mrc", "trace.csv", "--policy", "LRU,LR")


@pytest.mark.parametrize("command", [("plot",), ("results", "show"), ("status",), ("compare",)])
def test_files_of_results_are_completed(command: tuple[str, ...]) -> None:
    Path("results").mkdir()
    for name in ("a.pickle", "b.pickle", "a.pickle.journal", "notes.txt"):
        Path("results", name).touch()
    both = ["results/a.pickle", "results/b.pickle"]
    assert completed(*command, "") == both
    assert completed(*command, "results/") == both
    assert completed(*command, "results/b") == ["results/b.pickle"]


def test_where_there_are_no_results_the_shell_completes_files() -> None:
    asked = BashComplete(main, {}, "icarus", "_ICARUS_COMPLETE")
    (item,) = asked.get_completions(["plot"], "elsewhere/x")
    assert (item.type, item.value) == ("file", "elsewhere/x")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_are_those_that_the_shell_reads(shell: str) -> None:
    done = icarus("completion", shell)
    assert done.exit_code == 0
    assert f"_ICARUS_COMPLETE={shell}_complete" in done.output
    if shutil.which(shell):
        command = [shell, "-n"]
        checked = subprocess.run(command, input=done.output, text=True, capture_output=True)
        assert checked.returncode == 0, checked.stderr


def test_bash_is_told_what_to_complete(tmp_path: Path) -> None:
    script = icarus("completion", "bash").output
    asking = tmp_path / "asking.sh"
    asking.write_text(
        f"{script}\nCOMP_WORDS=(icarus li); COMP_CWORD=1\n_icarus_completion icarus\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", str(asking)],
        env={**os.environ, "PATH": f"{_folder_of_icarus()}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.stdout.split() == ["list"], done.stderr


def _folder_of_icarus() -> Path:
    import sys

    return Path(sys.executable).parent


def test_a_shell_that_is_unknown_is_a_line() -> None:
    done = icarus("completion", "tcsh")
    assert done.exit_code == 2
    assert "bash" in done.output
