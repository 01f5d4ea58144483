"""The compiler beside a program: it never keeps anybody waiting, and never outlives anybody."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest

from icarus.compiler import beside
from icarus.compiler.beside import CompilerProcess, wish_for
from icarus.compiler.hash_tables import fill_table
from icarus.compiler.jit import DISABLED, is_compiled
from icarus.compiler.storage import failed_since

pytestmark = pytest.mark.skipif(DISABLED, reason="nothing is compiled")

ARGUMENTS = np.zeros(4, dtype=np.int32), np.zeros(2, dtype=np.int64), 2


@pytest.fixture(autouse=True)
def empty_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ICARUS_CACHE_DIR", str(tmp_path))


def wish(key="fill_table", what="a table"):
    return wish_for(key, fill_table, ARGUMENTS, what)


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def finished(process):
    process.tend()
    return process._current is None


def test_what_is_asked_for_is_compiled_once_and_said_once(caplog):
    caplog.set_level(logging.INFO)
    process = CompilerProcess()
    assert process.ask(wish())
    assert process.ask(wish())
    process.tend()
    child = psutil.Process(process._process.pid)
    until(lambda: finished(process))
    assert is_compiled("fill_table")
    assert not child.is_running()
    assert process.ask(wish())
    process.tend()
    assert process._process is None
    assert caplog.messages == ["compiling a table (1 of 1); jobs go on meanwhile"]


def test_what_is_worth_most_comes_first_and_what_is_worth_nothing_not_at_all(monkeypatch):
    worth = {"one": 1, "none": 0, "two": 2}
    process = CompilerProcess(lambda wish: worth[wish.key])
    begun = []
    monkeypatch.setattr(process, "_start", lambda: begun.append(0))
    monkeypatch.setattr(process, "_began", lambda one: begun.append(one.key) or True)
    for key in worth:
        process.ask(wish(key))
    process.tend()
    assert begun == ["two"]
    del process._wishes["two"]
    process.tend()
    del process._wishes["one"]
    process.tend()
    assert begun == ["two", "one"]


def test_a_wish_becomes_urgent():
    process = CompilerProcess()
    process.ask(wish())
    process.ask(replace(wish(), urgent=True))
    process.ask(wish())
    assert process._wishes["fill_table"].urgent


@pytest.mark.parametrize("program", ["/dev/null/none", "/bin/false"])
def test_where_there_is_no_process_nothing_is_compiled(monkeypatch, program, caplog):
    caplog.set_level(logging.DEBUG, "compiler")
    monkeypatch.setattr(sys, "executable", program)
    began = time.time()
    process = CompilerProcess()
    process.ask(wish())
    until(lambda: (process.tend(), failed_since("fill_table", began))[1])
    assert not process.ask(wish())
    assert len([text for text in caplog.messages if "is not compiled, jobs go on" in text]) == 1


def test_code_that_cannot_be_compiled_costs_no_other():
    process = CompilerProcess()
    process.ask(replace(wish("bad"), function="none"))
    process.ask(wish())
    until(lambda: is_compiled("fill_table") or (process.tend(), False)[1])
    assert not process.ask(wish("bad"))
    process.close()


def test_closing_does_not_wait_for_the_compiler():
    process = CompilerProcess()
    process.ask(wish())
    process.tend()
    child = psutil.Process(process._process.pid)
    began = time.monotonic()
    process.close()
    assert time.monotonic() - began < 2
    assert not child.is_running()


SCRIPT = """
import os, sys, time
from icarus.compiler import beside
from tests_of_beside import wish
beside.ask(wish())
beside.tend()
print(beside._current._process.pid, flush=True)
if os.fork() == 0:
    # What is forked has no share in it, and does not keep it.
    beside.instead(None)
time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_compiler_ends_with_its_parent_however_that_ends(tmp_path, number):
    (tmp_path / "tests_of_beside.py").write_text(
        f"from icarus.compiler.beside import Wish\n\n\ndef wish():\n    return {wish()!r}\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    child = psutil.Process(int(parent.stdout.readline()))
    assert child.is_running()
    os.kill(parent.pid, number)
    until(lambda: not child.is_running(), 20)
    os.killpg(parent.pid, signal.SIGKILL)
    parent.communicate()


def test_wishes_can_be_passed_on():
    passed = []
    beside.forward_to(passed.append)
    try:
        assert beside.ask(wish())
        assert beside.ask(wish())
        assert [one.key for one in passed] == ["fill_table"]
    finally:
        beside.forward_to(None)
