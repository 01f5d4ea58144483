"""Real processes: readiness, signals, ends, and that nothing of them stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from waiting import is_gone, wait_for

from icarus.errors import MissingTraceError, ResourceError

PY = [sys.executable, "-S", "-c"]
SERVER = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1"]


@pytest.fixture
def port():
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def run(ec, command, **attributes):
    """Run a process to its end; return how it stands."""
    attributes = {"name": "p", "critical": False, **attributes}
    ec.register_resource("Process", command=command, **attributes)
    ec.deploy()
    return ec.wait_finished("p", timeout=20)["p"]


def test_a_server_and_its_client(ec, port):
    (ec.folder / "www").mkdir(parents=True)
    (ec.folder / "www" / "page").write_text("x" * 1000)
    origin = ec.register_resource(
        "Process",
        name="origin",
        command=[*SERVER, str(port)],
        cwd=ec.folder / "www",
        ready=port,
    )
    client = ec.register_resource(
        "Process",
        name="client",
        command=[
            *PY,
            f"import urllib.request as u; print(len(u.urlopen('http://127.0.0.1:{port}/page').read()))",
        ],
    )
    ec.register_condition(client, "START", origin, "STARTED")
    ec.register_condition(origin, "STOP", client, "FINISHED")
    ec.deploy()
    reports = ec.wait_finished(timeout=20)
    assert reports.ok
    assert (reports["origin"].state, reports["client"].state) == ("STOPPED", "FINISHED")
    assert ec.trace(client, "stdout").read() == "1000\n"
    assert "GET /page" in ec.trace(origin, "stderr", "ALL")
    assert ec.get(origin, "pid") is None


@pytest.mark.parametrize(
    ("command", "attributes", "state", "outcome", "reason"),
    [
        ("exit 0", {}, "FINISHED", "OK", ""),
        ("echo first >&2; echo bad >&2; exit 3", {}, "FAILED", "FAILED", "exit code 3 (bad)"),
        ("exit 3", {"exit_codes": [3, 4]}, "FINISHED", "OK", ""),
        ("kill -9 $$", {}, "FAILED", "FAILED", "killed by SIGKILL, signal 9; out of memory?"),
        (
            ["./nowhere"],
            {},
            "FAILED",
            "FAILED",
            "cannot run ['./nowhere']: No such file or directory",
        ),
        (
            "sleep 60",
            {"timeout": "100ms"},
            "FAILED",
            "TIMEOUT",
            "TimeoutError: it ran longer than 0.1 s",
        ),
        (
            "sleep 60",
            {"ready": "never", "ready_timeout": 0.1},
            *("FAILED", "TIMEOUT", "TimeoutError: it was not ready within 0.1 s"),
        ),
        (
            "echo no >&2; exit 2",
            {"ready": "listening"},
            *("FAILED", "FAILED", "it ended before it was ready: exit code 2 (no)"),
        ),
        ("echo listening; exit 0", {"ready": "listening"}, "FINISHED", "OK", ""),
        ("printf 'name> '; sleep 0.2", {"ready": "> $"}, "FINISHED", "OK", ""),
        (
            "for i in 1 2 3; do echo tick; done; exec sleep 60",
            {"signals": {"OK": "tick", "FAILED": ["error", "fatal"]}, "count": 3},
            *("FINISHED", "OK", ""),
        ),
        (
            "echo tick; echo fatal: disk; echo tick; exec sleep 60",
            {
                "signals": {"OK": "tick", "FAILED": ["error", "fatal"]},
                "count": "3 - n",
                "parameters": {"n": 1},
            },
            *("FINISHED", "OK", ""),
        ),
        (
            "echo fatal: disk >&2; exec sleep 60",
            {"signals": {"OK": "tick", "FAILED": ["error", "fatal"]}},
            *("FAILED", "FAILED", "signal FAILED in its output: fatal: disk"),
        ),
        (
            "echo tick",
            {"signals": {"OK": "tick"}, "count": 2},
            *("FAILED", "FAILED", "exit code 0, and the signal OK was seen 1 times of 2"),
        ),
        (
            "trap '' TERM; echo tick; sleep 60 & wait; wait",
            {"signals": {"OK": "tick"}, "grace": 0.1},
            "FINISHED",
            "OK",
            "",
        ),
    ],
)
def test_how_processes_end(ec, command, attributes, state, outcome, reason):
    report = run(ec, command, **attributes)
    assert report[:3] == (state, outcome, reason)


def test_what_is_wrong_is_told_before_it_is_started(ec):
    ec.register_resource(
        "Process",
        name="p",
        command=[],
        cwd="/no/such/folder",
        stdin=Path("/no/such/file"),
        ready="(",
        signals={"KO": "x", "FAILED": ["["]},
        count="2 * m",
        parameters={"n": 1},
    )
    with pytest.raises(ResourceError) as raised:
        ec.deploy()
    found = "\n".join(raised.value.problems)
    assert len(raised.value.problems) == 7
    for text in (
        "p: ready is no regular expression: missing ), unterminated subpattern",
        "p: signals: unknown 'KO'; known: FAILED, OK",
        "p: signals['FAILED'] is no regular expression",
        "p: count: unknown name 'm' in '2 * m'; known: n",
        "p: command is empty",
        "p: cwd: there is no folder '/no/such/folder'",
        "p: stdin: there is no file '/no/such/file'",
    ):
        assert text in found
    for ready, text in {
        70000: "ports are from 1 to",
        True: "a pattern in the output, a port",
    }.items():
        ec.register_resource("Process", name=f"r{ready}", command="true", ready=ready)
        with pytest.raises(ResourceError, match=text):
            ec.deploy(f"r{ready}")
    with pytest.raises(ResourceError, match="command is missing; program and arguments"):
        ec.register_resource("Process")


def test_it_is_started_again_as_often_as_is_said(ec):
    code = "import pathlib as p; f = p.Path('tries'); n = len(f.read_text()) if f.exists() else 0;"
    code += "f.write_text('x' * (n + 1)); print('try', n, flush=True); raise SystemExit(n < 2)"
    report = run(ec, [*PY, code], restart=2)
    assert report[:2] == ("FINISHED", "OK")
    assert ec.trace("p", "stdout").read() == "try 0\ntry 1\ntry 2\n"
    assert ec.trace("p", "tries").read() == "xxx"


def test_input_environment_and_further_files(ec):
    report = run(
        ec,
        "cat; echo $WHO; echo more > sub.txt; echo $PWD > /dev/stderr",
        stdin="hello\n",
        env={"WHO": "me"},
        files={"result": "sub.txt"},
    )
    assert report.outcome == "OK"
    assert ec.trace("p", "stdout", "ALL") == "hello\nme\n"
    assert ec.trace("p", "result", "ALL") == ec.trace("p", "sub.txt", "ALL") == "more\n"
    assert ec.trace("p", "stderr", "ALL").strip() == str(ec.folder / "p")


def test_a_function_says_when_it_is_ready(ec):
    def ready(process):
        return (process.folder / "up").exists()

    ec.register_resource(
        "Process", name="p", command="sleep 0.1; touch up; exec sleep 60", ready=ready
    )
    ec.deploy()
    report = ec.wait_started("p", timeout=10)["p"]
    assert report.times["STARTED"] - report.times["READY"] > 0.1


def test_it_gets_signals(ec):
    ec.register_resource(
        "Process",
        name="p",
        command="trap 'echo hup; exit 0' HUP; echo up; while :; do sleep 0.01; done",
        ready="up",
        signals={"OK": "hup"},
    )
    ec.deploy()
    ec.wait_started("p", timeout=10)
    ec.call("p", "send_signal", number=int(signal.SIGHUP))
    assert ec.wait_finished("p", timeout=10)["p"].outcome == "OK"


FAMILY = """
trap '' TERM
sleep 300 & echo $!
setsid sleep 300 & echo $!
(setsid sh -c 'sleep 300 & echo $!; wait' &)
sleep 0.1
echo $$ up
wait
"""


def family_of(ec, name="p"):
    return [int(word) for word in ec.trace(name, "stdout").read().split() if word.isdigit()]


@pytest.mark.skipif(sys.platform != "linux", reason="marks are Linux's")
@pytest.mark.parametrize("end", ["stop", "release", "shutdown"])
def test_nothing_of_a_process_stays_behind(ec, end):
    ec.register_resource("Process", name="p", command=FAMILY, ready="up", grace=0.2)
    ec.deploy()
    assert not ec.wait_started("p", timeout=10).timed_out
    pids = family_of(ec)
    assert len(pids) == 4
    assert all(psutil.pid_exists(pid) for pid in pids)
    if end == "stop":
        ec.stop("p")
        assert is_gone(pids[-1])
    if end != "shutdown":
        ec.release("p")
    ec.shutdown()
    wait_for(lambda: all(map(is_gone, pids)), 5)


ALONE = """
import sys, time
from icarus.control import ExperimentController

ec = ExperimentController("x", root_dir=sys.argv[1])
ec.register_resource("Process", name="p", command=sys.argv[2], ready="up")
ec.deploy()
assert not ec.wait_started("p", timeout=30).timed_out
print(ec.folder, flush=True)
if len(sys.argv) == 3:
    time.sleep(300)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="marks are Linux's")
@pytest.mark.parametrize("killed", [True, False])
def test_nothing_stays_behind_when_the_program_ends(tmp_path, killed):
    """Be it killed, or by itself without a word to its controller."""
    arguments = [sys.executable, "-c", ALONE, str(tmp_path), FAMILY.replace("trap '' TERM", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    program = subprocess.Popen(
        arguments + [] * killed + ["ends"] * (not killed),
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert program.stdout is not None
    folder = Path(program.stdout.readline().strip())
    pids = [int(word) for word in (folder / "p" / "stdout").read_text().split() if word.isdigit()]
    assert len(pids) == 4
    if killed:
        program.kill()
    program.wait(20)
    program.stdout.close()
    wait_for(lambda: all(map(is_gone, pids)), 10)


# Traces (scenario N-D).


def test_a_large_output_is_read_in_parts_and_followed(ec):
    code = "import sys, time\nfor i in range(64):\n  sys.stdout.write(f'{i:02}' * 8192)\n"
    code += "  sys.stdout.flush(); time.sleep(0.2 if i == 32 else 0)"
    ec.register_resource("Process", name="p", command=[*PY, code])
    ec.deploy()
    ec.wait_started("p")
    trace = ec.trace("p", "stdout")
    pieces = []
    following = threading.Thread(target=lambda: pieces.extend(trace.follow()))
    following.start()
    assert ec.wait_finished("p", timeout=20).ok
    following.join(5)
    wanted = b"".join(b"%02d" % i * 8192 for i in range(64))
    assert len(pieces) > 1
    assert b"".join(pieces) == trace.read_bytes() == wanted
    assert trace.size == ec.trace("p", "stdout", "SIZE") == 2**20
    assert (
        trace.read_block(3, 512) == ec.trace("p", "stdout", "STREAM", 512, 3) == wanted[1536:2048]
    )
    assert ec.trace("p", "stdout", attr="PATH") == str(ec.folder / "p" / "stdout")
    assert trace.read_block(2048) == b""
    with pytest.raises(ValueError, match="there is no block -1"):
        trace.read_block(-1)


def test_a_trace_that_is_not_there_is_told(ec):
    run(ec, "true")
    with pytest.raises(MissingTraceError, match=r"p has no trace 'stdot'; did you mean 'stdout'\?"):
        ec.trace("p", "stdot")
    with pytest.raises(MissingTraceError, match="p has no trace 'out'"):
        ec.enable_trace("p", "out")
    with pytest.raises(MissingTraceError, match="p has no trace 'out'"):
        ec.trace_enabled("p", "out")
    new = ec.register_resource("Process", command="true")
    with pytest.raises(MissingTraceError, match="has not been written"):
        ec.trace(new, "stdout").read()
    with pytest.raises(ResourceError, match="unknown value 'SOME'"):
        ec.trace(new, "stdout", "SOME")
    assert ec.trace_enabled(new, "stdout")


def test_a_silent_process_leaves_no_output(ec, monkeypatch):
    from icarus.control.resources import Process
    from icarus.control.traces import DeclaredTrace

    quiet = tuple(DeclaredTrace(one.name, one.help, enabled=False) for one in Process.traces)
    monkeypatch.setattr(Process, "traces", quiet)
    ec.register_resource("Process", name="p", command="echo out; echo err >&2")
    ec.register_trace("p", "stderr")
    ec.deploy()
    assert ec.wait_finished("p", timeout=10).ok
    assert ec.trace("p", "stderr").read() == "err\n"
    with pytest.raises(MissingTraceError, match="'stdout' of p is not switched on"):
        ec.trace("p", "stdout")


def test_many_at_a_time(ec):
    for number in range(20):
        ec.register_resource("Process", name=f"p{number}", command=f"echo {number}")
    ec.deploy()
    assert ec.wait_finished(timeout=20).ok
    assert [ec.trace(f"p{number}", "stdout").read() for number in range(20)] == [
        f"{number}\n" for number in range(20)
    ]
    with contextlib.suppress(ChildProcessError):
        assert os.waitpid(-1, os.WNOHANG) in [(0, 0)]


def test_a_process_that_ends_is_seen_at_once(ec):
    began = time.monotonic()
    run(ec, "true")
    assert time.monotonic() - began < 2
