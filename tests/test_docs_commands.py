"""Every command of README and manual runs, in the order of its page, as it is written.

A page has a folder of its own, with config/ and the examples of the manual, in which campaigns ask
for few requests. What a reader is told to have first, such as a trace, is there too.
"""

from __future__ import annotations

import gzip
import lzma
import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from icarus.cli import main

PROJECT = Path(__file__).resolve().parents[1]
DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", *sorted(DOCS.glob("*.md")), DOCS / "components" / "index.md"]

SMALLER = {
    "N_REPLICATIONS": "2",
    "N_CONTENTS": "500",
    "N_WARMUP_REQUESTS": "100",
    "N_MEASURED_REQUESTS": "200",
    "PARALLEL_EXECUTION": "False",
    "N_REQUESTS": "6_000",
}
"""Settings of the examples, and what they are here."""

AFTER = {
    "icarus compare": {0, 1},
    "icarus validate examples/mistakes.py": {2},
}
"""Exit codes other than 0 that commands, or those that begin so, may have."""

ELSEWHERE = {
    "icarus run config/quickstart.py --executor dask://HOST:8786": "its host is the reader's",
    "icarus watch": "it stays until it is stopped",
    "icarus cases clean": "of a campaign that tests of cases run",
    "icarus cases stats": "of a campaign that tests of cases run",
    "icarus run first_cases": "its steps wait; tests of cases run it",
    "icarus results show results/first_cases.pickle": "tests of cases run it",
    "icarus plot results/first_cases.pickle": "tests of cases run it",
    "icarus run failover.py": "its servers wait; tests of control run it",
    "icarus results show results/failover.pickle": "tests of control run it",
}
"""Commands that are not run here, or the beginnings of them, and why."""

QUICK = {"cases", "index", "installing", "jobs", "traces"}
"""Pages that take no longer than a few seconds."""


def commands_of(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    shown = re.findall(r"^(?:    |\$ )((?:icarus|python) .+)$", text, re.MULTILINE)
    lines = [" ".join(line.split("  #")[0].split()) for line in shown]
    return [line for line in lines if line.startswith(("icarus ", "python examples/"))]


def beginning(command: str, table: dict[str, object]) -> str | None:
    return next((start for start in table if command.startswith(start)), None)


def make_smaller(settings: Path) -> None:
    text = settings.read_text(encoding="utf-8")
    for name, value in SMALLER.items():
        text = re.sub(rf"^{name} = [^\n]*$", f"{name} = {value}", text, flags=re.MULTILINE)
    settings.write_text(text, encoding="utf-8")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of somebody who reads the manual."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PROJECT / "config", tmp_path / "config", ignore=ignored)
    shutil.copytree(DOCS / "examples", tmp_path / "examples", ignore=ignored)
    for settings in (*tmp_path.glob("config/*.py"), *tmp_path.glob("examples/*.py")):
        make_smaller(settings)
    shutil.copytree(tmp_path / "examples", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def icarus(command: str) -> Result:
    return CliRunner().invoke(main, shlex.split(command)[1:])


def prepare(page: Path, folder: Path) -> None:
    """Do what a page takes for granted."""
    text = page.read_text(encoding="utf-8")
    ids = [f"/{i % 90}" for i in range(400)]
    with gzip.open(folder / "requests.csv.gz", "wt", encoding="utf-8") as file:
        file.write("time,url\n" + "".join(f"{i},{one}\n" for i, one in enumerate(ids)))
    with lzma.open(folder / "cdn.trace.xz", "wt", encoding="utf-8") as file:
        file.write("".join(f"{i} {one} 10\n" for i, one in enumerate(ids)))
    if page.stem == "campaigns":
        shutil.copy(folder / "config" / "quickstart.py", folder / "study.py")
        assert icarus("icarus run study.py -q").exit_code == 0
        assert icarus("icarus run study.py -c ALPHA=0.9 -r results/study-0.9.pickle").exit_code == 0
    for name in ("quickstart", "cache_flush"):
        given = f"results/{name}.pickle" in text and page.stem != name
        if given and f"icarus run config/{name}.py\n" not in text:
            assert icarus(f"icarus run config/{name}.py -q").exit_code == 0
    if "results/monday.pickle" in text:
        for day in ("monday", "tuesday"):
            shutil.copy(folder / "results/quickstart.pickle", folder / f"results/{day}.pickle")


def run(command: str, folder: Path) -> None:
    if command.startswith("python "):
        import subprocess
        import sys

        subprocess.run([sys.executable, *shlex.split(command)[1:]], cwd=folder, check=True)
        return
    done = icarus(command)
    start = beginning(command, dict(AFTER))
    expected = {0} if start is None else AFTER[start]
    assert done.exit_code in expected, f"{command}\n{done.output}\n{done.exception!r}"


def page_cases() -> list[object]:
    return [
        pytest.param(
            page, marks=[] if page.stem in QUICK else [pytest.mark.exhaustive], id=page.stem
        )
        for page in PAGES
        if commands_of(page)
    ]


@pytest.mark.parametrize("page", page_cases())
def test_commands_of_a_page_run_one_after_the_other(page: Path, reader: Path) -> None:
    prepare(page, reader)
    folder = reader
    for command in commands_of(page):
        if beginning(command, dict(ELSEWHERE)) is None:
            run(command, folder)


def test_no_command_is_left_out_that_no_page_has() -> None:
    shown = {command for page in PAGES for command in commands_of(page)}
    for start in (*AFTER, *ELSEWHERE):
        assert any(one.startswith(start) for one in shown), start
