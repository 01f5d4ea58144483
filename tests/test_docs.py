"""The manual and the README: what they show exists, parses and runs. Sphinx is not needed.

`make docs` checks the rest: cross-references, docstrings, what commands print.
"""

from __future__ import annotations

import ast
import doctest
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import click
import pytest
from click.testing import CliRunner

import icarus
from icarus import Cancel
from icarus.cli import main
from icarus.planning.identity import experiment_id
from icarus.planning.loading import load_settings
from icarus.planning.plan import make_plan
from icarus.planning.settings import DEFAULTS, GENERAL_SETTINGS
from icarus.registry import REGISTRIES
from icarus.results import read_results_pickle
from icarus.util import Tree

PROJECT = Path(__file__).resolve().parents[1]
DOCS = PROJECT / "docs"
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if not {"_build", "generated"} & set(path.relative_to(DOCS).parts)
)
TEXTS = [*PAGES, PROJECT / "README.md"]

_FENCE = re.compile(r"^```(\S*)[ ]?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block; kinds in braces, such as ``{literalinclude}``, are directives."""

    kind: str
    argument: str
    body: str


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def blocks(path: Path, kind: str) -> list[Block]:
    found = [Block(*match) for match in _FENCE.findall(path.read_text(encoding="utf-8"))]
    return [block for block in found if block.kind == kind]


def base_of(path: Path) -> Path:
    """Return the folder that links of a page start from: intros are included one level up."""
    return path.parent.parent if path.parent.name == "intro" else path.parent


def is_generated(path: Path) -> bool:
    """Whether a file that is not there is one that the build of the manual writes."""
    if path.parent.name == "generated" and (drawn := re.fullmatch(r"flow-(\w+)\.svg", path.name)):
        return f'"{drawn[1]}": Theme(' in (DOCS / "_ext" / "flow_drawing.py").read_text("utf-8")
    source = {"generated": "program_output.py", "api": "api_pages.py"}.get(path.parent.name)
    if source is not None:
        stem = path.name if path.parent.name == "generated" else path.name.removesuffix(".rst")
        return f'"{stem}"' in (DOCS / "_ext" / source).read_text(encoding="utf-8")
    kinds = [registry.plural for registry in REGISTRIES]
    return path.parent == DOCS / "components" and path.suffix == ".rst" and path.stem in kinds


def slugs(path: Path) -> set[str]:
    headings = re.findall(r"^#{1,3} (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# What the page on settings says of each.


@pytest.mark.parametrize("setting", GENERAL_SETTINGS)
def test_the_page_on_settings_has_every_general_setting_with_its_default(setting: str) -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    entry = re.search(rf"^`{setting}`\n: (.*?)\n\n", text, re.MULTILINE | re.DOTALL)
    assert entry is not None, f"{setting} is not described"
    description = " ".join(entry[1].split())
    if setting in DEFAULTS:
        default = repr(DEFAULTS[setting]).replace("'", '"')
        assert "default" in description.lower()
        assert f"`{default}`" in description


def test_every_kind_of_component_that_settings_name_has_an_opening() -> None:
    shown = {path.stem for path in (DOCS / "components" / "intro").glob("*.md")}
    kinds = {registry.plural for registry in REGISTRIES}
    assert shown == kinds - {"results-readers", "results-writers"}
    contents = (DOCS / "components" / "index.md").read_text(encoding="utf-8")
    assert all(f"\n{kind}\n" in contents for kind in shown)


# Commands.


def command_lines(path: Path) -> Iterator[str]:
    """Yield the full command lines that a text shows."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    shown = re.findall(r"^(?:    |\$ )(icarus .+)$", text, re.MULTILINE)
    yield from (line.split("  #")[0] for line in shown)


def commands_mentioned(path: Path) -> Iterator[str]:
    """Yield the beginnings of commands that the prose of a text names, as in `icarus run`."""
    yield from re.findall(r"`(icarus [^`\n]+)`", path.read_text(encoding="utf-8"))


def leaves(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from leaves(command)
        else:
            yield command


LINES = [(path, line) for path in TEXTS for line in command_lines(path)]


@pytest.mark.parametrize(("path", "line"), LINES, ids=[f"{name_of(p)}: {t}" for p, t in LINES])
def test_command_lines_parse_and_name_files_that_exist(
    path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in leaves(main):
        monkeypatch.setattr(command, "callback", lambda **options: None)
    words = shlex.split(line)[1:]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    for word in words:
        if word.startswith("config/"):
            assert (PROJECT / word).is_file()
        if word.startswith("examples/"):
            assert (DOCS / word).is_file()


def test_commands_in_prose_are_there() -> None:
    mentioned = {line for path in TEXTS for line in commands_mentioned(path)}
    assert "icarus validate" in mentioned
    for line in mentioned:
        done = CliRunner().invoke(main, [*shlex.split(line)[1:], "--help"])
        assert done.exit_code == 0, f"{line}: {done.output}"


def test_the_manual_shows_every_command() -> None:
    words = {" ".join(line.split()[1:3]) for path in PAGES for line in command_lines(path)}
    shown = {part for line in words for part in (line, line.split()[0])}

    def names(group: click.Group, before: str = "") -> Iterator[str]:
        for name, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from names(command, f"{name} ")
            else:
                yield before + name

    assert set(names(main)) <= shown


# Links and included files.


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (base_of(path) / file).resolve() if file else path
        assert linked.exists() or is_generated(linked), f"no such file: {target}"
        if anchor:
            assert anchor in slugs(linked), f"no such heading: {target}"


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_tables_of_contents_name_pages_that_exist(path: Path) -> None:
    for block in blocks(path, "{toctree}"):
        for line in block.body.splitlines():
            if line and not line.startswith(":"):
                page = path.parent / line
                there = any(page.with_suffix(end).exists() for end in (".md", ".ipynb"))
                assert there or is_generated(path.parent / f"{line}.rst"), line


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_included_files_have_what_is_included_of_them(path: Path) -> None:
    kinds = ("{literalinclude}", "{include}", "{image}")
    for block in (block for kind in kinds for block in blocks(path, kind)):
        file = (base_of(path) / block.argument).resolve()
        if not file.exists() or file.parent.name == "generated":
            assert is_generated(file), f"no such file: {block.argument}"
            continue
        text = file.read_text(encoding="utf-8")
        options = dict(re.findall(r'^:([\w-]+): "?(.*?)"?$', block.body, re.MULTILINE))
        for option in {"start-at", "start-after", "end-before", "end-at"} & options.keys():
            assert options[option] in text, f"{block.argument} has no {options[option]!r}"
        if "pyobject" in options:
            defined = {getattr(node, "name", None) for node in ast.parse(text).body}
            assert options["pyobject"] in defined


# Python.


ELSEWHERE = {
    "adding": "a policy, which a test of its own adds to the package",
    "clusters": "it needs the queue of a cluster",
    "extending": "components, which a test of its own runs",
    "resources": "it starts a program of the reader's",
    "testing": "tests, which are run as such",
}
"""Pages whose Python is not run here, and why."""

RESULTS = """
from icarus import design as d

DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]
EXPERIMENT_QUEUE = d.product(
    {
        "topology": {"name": "PATH", "n": 3},
        "workload": {
            "name": "STATIONARY",
            "alpha": 1.0,
            "n_contents": 50,
            "n_warmup": 10,
            "n_measured": 20,
        },
        "content_placement": {"name": "UNIFORM"},
        "cache_placement": {"name": "UNIFORM"},
        "cache_policy": {"name": "LRU"},
    },
    {"cache_placement.network_cache": [0.1, 0.2], "strategy.name": ["LCE", "LCD"]},
)
"""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what pages take for granted."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "quickstart.py").write_text(RESULTS, encoding="utf-8")
    (folder / "requests.csv").write_text("time,url\n0,/a\n1,/b\n2,/a\n", encoding="utf-8")
    samples = folder / "results/programs/1a498a5a3111a763-0/samples.csv"
    samples.parent.mkdir(parents=True)
    samples.write_text("# bytes\ntime,phase,memory\n0.0,,5\n0.1,run,7\n", encoding="utf-8")
    icarus.run(folder / "quickstart.py", folder / "results" / "quickstart.pickle", {})
    return folder


def given(path: Path) -> dict[str, object]:
    """Return the names that a page takes for granted."""
    known: dict[str, object] = {"__name__": "shown"}
    if path.stem == "sizes" or path.parent.name == "intro":
        known["experiment"] = Tree()
    if path.stem == "outcomes":
        known["settings"] = load_settings("quickstart.py")
    return known


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_python_of_the_pages_runs(
    path: Path, reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(reader)
    known = given(path)
    for number, block in enumerate(blocks(path, "python")):
        where = f"{name_of(path)}, block {number}"
        if ">>>" not in block.body:
            code = compile(block.body, where, "exec")
            refused = pytest.raises(Cancel) if "raise Cancel" in block.body else nullcontext()
            if path.stem not in ELSEWHERE:
                with refused:
                    exec(code, known)
            continue
        test = doctest.DocTestParser().get_doctest(block.body, known, where, str(path), 0)
        report: list[str] = []
        doctest.DocTestRunner().run(test, out=report.append, clear_globs=False)
        assert not report, "".join(report)
        known = test.globs


def run_module(folder: Path, *command: str) -> None:
    """Run a module in a folder, which must end well."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.exhaustive
def test_tests_of_the_page_on_testing_pass(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "config" / "extension.py", tmp_path / "my_policies.py")
    (tmp_path / "my_components.py").write_text("import my_policies\n", encoding="utf-8")
    shown = [block.body for block in blocks(DOCS / "testing.md", "python")]
    for number, body in enumerate(shown):
        if "ROUND_ROBIN" in body:
            body = f"{blocks(DOCS / 'extending.md', 'python')[0].body}\n{body}"
        (tmp_path / f"test_shown_{number}.py").write_text(body, encoding="utf-8")
    run_module(tmp_path, "pytest", "-q", "-p", "no:cacheprovider", ".")


def test_there_are_examples_to_run() -> None:
    assert any(">>>" in block.body for block in blocks(DOCS / "models.md", "python"))


@pytest.mark.parametrize("path", [PROJECT / "README.md", DOCS / "settings.md"], ids=name_of)
def test_queues_that_are_shown_can_be_run(path: Path, tmp_path: Path) -> None:
    queues = [block.body for block in blocks(path, "python") if "EXPERIMENT_QUEUE" in block.body]
    assert len(queues) == 1
    settings = tmp_path / "shown.py"
    settings.write_text(queues[0], encoding="utf-8")
    assert len(make_plan(load_settings(settings)).experiments) == 9


def test_the_sweep_that_is_shown_is_the_design_that_is_shown(tmp_path: Path) -> None:
    page = DOCS / "designs.md"
    shown = doctest.DocTestParser().get_examples(blocks(page, "python")[0].body)
    namespace: dict[str, Any] = {}
    for example in shown:
        exec(example.source, namespace)
    sweep = tmp_path / "sweep.toml"
    sweep.write_text(blocks(page, "toml")[0].body, encoding="utf-8")
    queue = load_settings(sweep)["EXPERIMENT_QUEUE"]
    assert len(queue) == 120
    assert [experiment_id(one) for one in queue] == [
        experiment_id(one) for one in namespace["EXPERIMENT_QUEUE"]
    ]


def test_the_sweep_that_extends_the_example_can_be_run(tmp_path: Path) -> None:
    (tmp_path / "config").symlink_to(PROJECT / "config")
    sweep = tmp_path / "sweep.toml"
    sweep.write_text(blocks(DOCS / "designs.md", "toml")[1].body, encoding="utf-8")
    plan = make_plan(load_settings(sweep))
    assert plan.n_replications == 10
    assert {one["topology"]["name"] for one in plan.experiments} == {"WIDE"}


_CAMPAIGN = """
from icarus.util import Tree

experiment = Tree()
experiment["topology"] = {"name": "TREE", "k": 2, "h": 3}
experiment["workload"] = {"name": "ROUND_ROBIN", "n_contents": 5, "n_rounds": 3}
experiment["cache_placement"] = {"name": "FIRST_ONLY", "network_cache": 1.0}
experiment["content_placement"]["name"] = "UNIFORM"
experiment["strategy"]["name"] = "LCE"
experiment["cache_policy"]["name"] = "LRU"
EXPERIMENT_QUEUE = [experiment]
DATA_COLLECTORS = ["CACHE_HIT_RATIO"]
"""


def test_components_of_the_page_on_extending_work(tmp_path: Path) -> None:
    shown = [block.body for block in blocks(DOCS / "extending.md", "python")]
    (tmp_path / "own.py").write_text("\n".join([*shown, _CAMPAIGN]), encoding="utf-8")
    run_module(tmp_path, "icarus", "run", "own.py")
    _, measured = read_results_pickle(tmp_path / "results" / "own.pickle")[0]
    # Half of the receivers pass the one cache, which has everything after the first round.
    assert measured["CACHE_HIT_RATIO"]["MEAN"] == 0.5
