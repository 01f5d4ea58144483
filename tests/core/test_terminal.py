"""What is printed is plain, fits the terminal, and a terminal that takes no more ends nothing."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from icarus.cli.logs import configure_logs
from icarus.core.console import PlainConsole
from icarus.core.terminal import OutputLostError, echo, echo_json, fitting, writing
from icarus.logformat import PlainFormatter

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
HOSTILE = "\x1b[31m[/red][bold]:smile: \udc80 ±"


def on_an_ascii_terminal(monkeypatch, call) -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    call()
    stream.flush()
    return stream.buffer.getvalue().decode("ascii")


def test_echo(capsys):
    echo(HOSTILE)
    echo(HOSTILE, err=True)
    shown = "\\x1b[31m[/red][bold]:smile: \\udc80 ±\n"
    assert capsys.readouterr() == (shown, shown)


def test_echo_on_an_ascii_terminal(monkeypatch):
    shown = on_an_ascii_terminal(monkeypatch, lambda: echo("2 ± 1, naïve 東京"))
    assert shown == "2 +/- 1, na\\xefve \\u6771\\u4eac\n"


@pytest.mark.fuzz
@given(ANY_TEXT, st.sampled_from(["ascii", "latin-1", "cp437", "utf-8"]))
def test_all_text_fits_all_terminals(text, encoding):
    from icarus.plaintext import plain

    fitting(plain(text), encoding).encode(encoding)


@pytest.mark.fuzz
@given(st.dictionaries(ANY_TEXT, st.one_of(ANY_TEXT, st.floats(allow_nan=False))))
def test_json_stays_what_it_is(value):
    before, sys.stdout = sys.stdout, io.StringIO()
    try:
        echo_json(json.dumps(value, indent=4))
        shown = sys.stdout.getvalue()
    finally:
        sys.stdout = before
    assert json.loads(shown) == value
    assert shown.replace("\n", "").isprintable()
    assert shown.isascii()


@pytest.mark.parametrize("cell", [HOSTILE, Text(HOSTILE)], ids=["a string", "a text"])
def test_a_console_shows_text_as_it_is(capsys, cell):
    console = PlainConsole(width=100)
    table = Table("name")
    table.add_row(cell)
    console.print(table)
    shown = capsys.readouterr().out
    # A Text has been measured before it is made plain, so that there may be no room for its end.
    assert r"\x1b[31m[/red][bold]:smile:" in shown
    assert "\x1b" not in shown
    assert len({len(line) for line in shown.splitlines()}) == 1


def test_a_console_draws_boxes_that_an_ascii_terminal_has(monkeypatch):
    table = Table("name")
    table.add_row("2 ± 1")
    shown = on_an_ascii_terminal(monkeypatch, lambda: PlainConsole(width=40).print(table))
    assert "| 2 +/- 1 |" in shown


def test_a_stream_that_takes_no_more_is_heard_of_once():
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputLostError, match="No space left"), writing(Full()) as _:
        Full().write("text")


class TestLog:
    def record(self, message, *args):
        return logging.LogRecord("name", logging.INFO, "", 0, message, args, None)

    def test_records_are_plain_and_cannot_be_forged(self):
        text = PlainFormatter().format(self.record("a\x1b[2J\n[00:00:00 x|ERROR|y] %s", "\udc80"))
        first, second = text.splitlines()
        assert first.endswith(r"a\x1b[2J")
        assert second == r"    [00:00:00 x|ERROR|y] \udc80"

    def test_long_records_are_cut_with_their_length(self):
        text = PlainFormatter().format(self.record("%s", "\x1b" * 50_000_000))
        assert len(text) < 100_000
        assert "... (50,000,0" in text

    @pytest.fixture(autouse=True)
    def _restored(self):
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        yield
        for handler in set(root.handlers) - set(handlers):
            handler.close()
        root.handlers[:] = handlers
        root.setLevel(level)

    def test_log_files_are_utf_8_with_escapes(self, tmp_path):
        configure_logs(logging.INFO, log_file=tmp_path / "run.log")
        logging.getLogger("x").info("Zürich 東京 \x1b \udc80")
        logging.shutdown()
        line = (tmp_path / "run.log").read_bytes().decode("utf-8")
        assert line.endswith("Zürich 東京 \\x1b \\udc80\n")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
    def test_a_full_log_file_is_told_of_once(self, capsys, tmp_path):
        configure_logs(logging.INFO, log_file="/dev/full")
        for _ in range(3):
            logging.getLogger("x").info("text")
        shown = capsys.readouterr().err
        assert shown.count("--log-file /dev/full: No space left on device") == 1
        assert shown.count("\n") == 4
        assert "Traceback" not in shown


class TestEnds:
    """How the process ends whose output goes nowhere; the interpreter's end is part of it."""

    def run(self, *args, environment=(), **streams):
        return subprocess.run(
            [sys.executable, "-m", "icarus", *args],
            check=False,
            timeout=120,
            env={**os.environ, **dict(environment)},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},
        )

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
    @pytest.mark.parametrize("args", [("list",), ("--help",), ("list", "--help"), ("--version",)])
    def test_a_full_disk(self, args):
        with open("/dev/full", "w") as full:  # noqa: PTH123
            done = self.run(*args, stdout=full)
        assert done.returncode == 2
        assert done.stderr == b"icarus: standard output: No space left on device\n"

    def test_a_reader_that_has_enough(self):
        reading, written = os.pipe()
        os.close(reading)
        try:
            done = self.run("list", stdout=written)
        finally:
            os.close(written)
        assert (done.returncode, done.stderr) == (1, b"")

    @pytest.mark.parametrize(
        "environment",
        [
            {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            pytest.param({"PYTHONIOENCODING": "ascii"}, marks=pytest.mark.exhaustive),
            pytest.param({"PYTHONIOENCODING": "ascii:strict"}, marks=pytest.mark.exhaustive),
        ],
        ids=str,
    )
    def test_ascii_terminals(self, tmp_path, environment):
        from icarus.results import ResultSet, write_results_pickle

        results = ResultSet()
        for name in ("東京", "naïve \x1b[31m"):
            for mean in (1.0, 2.0):
                results.add({"strategy": {"name": name}}, {"LATENCY": {"MEAN": mean}})
        write_results_pickle(results, tmp_path / "x.pickle")
        for command in (("show",), ("print",), ("print", "--json")):
            done = self.run(
                "results", *command, str(tmp_path / "x.pickle"), environment=environment
            )
            assert (done.returncode, done.stderr) == (0, b"")
            shown = done.stdout.decode("ascii")
            assert "\\u6771\\u4eac" in shown
            assert "\x1b" not in shown
