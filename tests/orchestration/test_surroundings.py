"""What a job changes around it, and what it prints, is its own."""

from __future__ import annotations

import ctypes
import decimal
import gc
import io
import locale
import logging
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from calls import job_that_calls, value_of

from icarus.errors import Cancel, SettingsError
from icarus.orchestration import Status
from icarus.orchestration.executors import PoolExecutor, SerialExecutor
from icarus.planning.limits import Limits


class LyingMeta(type):
    @property
    def __name__(cls):
        raise SystemExit("no name")


class Lying(Exception, metaclass=LyingMeta):  # noqa: N818
    pass


class Mute(BaseException):
    def __str__(self):
        raise KeyboardInterrupt("no text")


class Pretender(Exception):  # noqa: N818
    __class__ = SettingsError


class MuteReason(Cancel):
    def __str__(self):
        raise SystemExit


RAISED = {
    "KeyboardInterrupt": KeyboardInterrupt("by the job"),
    "SystemExit": SystemExit(3),
    "GeneratorExit": GeneratorExit(),
    "BaseException": BaseException("at once"),
    "mute": Mute(),
    "lying": Lying("x"),
    "pretender": Pretender("not mine"),
    "odd": RuntimeError("a\udc80b\x1b[31m\nc"),
    "long": RuntimeError("x" * 3_000_000),
    "odd name": type("A\nB\x1b", (Exception,), {})("x"),
}


def state():
    return {
        "cwd": str(Path.cwd()),
        "umask": _umask(),
        "handlers": [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)],
        "mask": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "environ": dict(os.environ),
        "limit": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "locale": locale.setlocale(locale.LC_ALL),
        "numpy": (np.geterr(), np.get_printoptions()),
        "filters": list(warnings.filters),
        "level": (logging.root.level, logging.root.manager.disable, logging.getLogger("own").level),
        "disabled": logging.getLogger("orchestration").disabled,
        "gc": (gc.isenabled(), gc.get_threshold()),
        "recursion": sys.getrecursionlimit(),
        "precision": decimal.getcontext().prec,
        "timeout": socket.getdefaulttimeout(),
        "affinity": os.sched_getaffinity(0),
        "excepthook": sys.excepthook is sys.__excepthook__,
    }


def _umask():
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def change_everything(folder):
    os.chdir(folder)
    os.umask(0o177)
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    os.environ["LEFT_BEHIND"] = "1"
    os.environ.pop("PATH")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    np.seterr(all="raise")
    np.set_printoptions(precision=1)
    warnings.simplefilter("error")
    logging.basicConfig(level=1, force=True)
    logging.disable(logging.CRITICAL)
    logging.getLogger("own").setLevel(3)
    logging.getLogger("orchestration").disabled = True
    gc.disable()
    gc.set_threshold(5)
    sys.setrecursionlimit(2_345)
    decimal.getcontext().prec = 3
    socket.setdefaulttimeout(3)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sys.excepthook = lambda *_: None
    sys.stdout = io.StringIO()


def print_in_all_ways():
    print("by Python")
    print("to stderr \udc80", file=sys.stderr)
    os.write(1, b"by the system\n")
    libc = ctypes.CDLL(None)
    libc.puts(b"by the C library")
    subprocess.run(["sh", "-c", "echo by a program; echo to its stderr >&2"], check=True)


def task(argument, heartbeat):
    match argument.what.split(":", 1):
        case ["change", folder]:
            change_everything(folder)
        case ["state"]:
            found = state()
            del found["handlers"]
            return found
        case ["remove its folder", folder]:
            Path(folder).mkdir()
            os.chdir(folder)
            shutil.rmtree(folder)
        case ["remove the folder"]:
            shutil.rmtree(Path.cwd())
        case ["raise", name]:
            raise RAISED[name]
        case ["cancel"]:
            raise MuteReason
        case ["print"]:
            print_in_all_ways()
        case ["print much"]:
            print("first")
            for _ in range(600):
                os.write(1, b"x" * 99_999 + b"\n")
            print("last")
        case ["print and sleep"]:
            print_in_all_ways()
            heartbeat(1)
            time.sleep(60)
        case ["print and die"]:
            print("last words")
            os.write(2, b"of the system\n")
            os.kill(os.getpid(), signal.SIGKILL)
        case ["ask"]:
            print("before")
            heartbeat(1)
            return input("what? ")
        case ["heartbeats"]:
            for number in range(3):
                print("job", number)
                heartbeat(number)
    return argument.what


def job(what):
    return job_that_calls(task, SimpleNamespace(what=what), label=what)


@pytest.fixture(params=["serial", "pool"])
def executor(request):
    limits = Limits(job_timeout=2)
    if request.param == "serial":
        made = SerialExecutor(lambda: None, limits)
    else:
        made = PoolExecutor(1, "fork", None, limits)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def alarm_unused():
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, left)


def outcome_of(executor, what):
    executor.submit(job(what))
    # Not a number of waits: they return at once while a process that dies has closed what it had
    # and is not dead yet, which on a busy machine is long enough for hundreds.
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        if found := executor.wait(0.2):
            return found[0][1]
    raise AssertionError("it does not end")


def test_nothing_that_a_job_changes_reaches_the_next(executor, tmp_path):
    here = state()
    before = value_of(outcome_of(executor, "state"))
    assert outcome_of(executor, f"change:{tmp_path}").status is Status.OK
    assert value_of(outcome_of(executor, "state")) == before
    assert state() == here


def test_a_job_that_removes_its_folder(executor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert outcome_of(executor, f"remove its folder:{tmp_path}/gone").status is Status.OK
    assert value_of(outcome_of(executor, "state"))["cwd"] == str(tmp_path)
    assert Path.cwd() == tmp_path


def test_a_job_that_removes_the_folder_of_all(executor, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    assert outcome_of(executor, "remove the folder").status is Status.OK
    assert value_of(outcome_of(executor, "next")) == "next"


@pytest.mark.parametrize("name", RAISED)
def test_whatever_a_job_raises_is_its_failure_alone(executor, name):
    outcome = outcome_of(executor, f"raise:{name}")
    assert outcome.status is Status.FAILED
    assert outcome.error.isprintable()
    assert outcome.error
    assert len(outcome.error) < 15_000
    assert len(outcome.traceback) < 110_000
    assert "RAISED[name]" in outcome.traceback
    outcome.error.encode()
    assert value_of(outcome_of(executor, "next")) == "next"


def test_names_that_lie_are_seen_through(executor):
    assert outcome_of(executor, "raise:lying").error == "Lying: x"
    assert outcome_of(executor, "raise:pretender").error == "Pretender: not mine"
    assert outcome_of(executor, "raise:mute").error == "Mute"
    cancelled = outcome_of(executor, "cancel")
    assert (cancelled.status, cancelled.error) == (Status.CANCELLED, "")


def test_what_a_job_prints_is_kept_with_it_and_not_shown(executor, capfd):
    assert outcome_of(executor, "next").output == ""
    outcome = outcome_of(executor, "print")
    assert sorted(outcome.output.splitlines()) == [
        *("by Python", "by a program", "by the C library", "by the system"),
        *("to its stderr", r"to stderr \udc80"),
    ]
    assert outcome_of(executor, "next").output == ""
    assert capfd.readouterr() == ("", "")


def test_of_much_output_the_beginning_and_the_end_are_kept(executor):
    outcome = outcome_of(executor, "print much")
    assert outcome.output.startswith("first\nxxx")
    assert outcome.output.endswith("xxx\nlast\n")
    assert "[... 59,900,011 bytes left out ...]" in outcome.output
    assert len(outcome.output) < 101_000


def test_the_output_of_a_job_that_is_ended_is_kept(executor):
    outcome = outcome_of(executor, "print and sleep")
    assert outcome.status is Status.TIMEOUT
    assert "by a program" in outcome.output


def test_the_last_words_of_a_job_that_dies_are_kept():
    pool = PoolExecutor(1, "fork", None)
    outcome = outcome_of(pool, "print and die")
    pool.close()
    assert outcome.status is Status.LOST
    assert outcome.output == "last words\nof the system\n"


def test_what_is_told_of_progress_is_shown_and_not_kept(capfd):
    serial = SerialExecutor(lambda: print("told", flush=True))
    outcome = outcome_of(serial, "heartbeats")
    serial.close()
    assert outcome.output == "job 0\njob 1\njob 2\n"
    assert capfd.readouterr().out == "told\ntold\ntold\n"


def test_a_job_that_asks_for_input_has_the_terminal(capfd, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("answer\n"))
    serial = SerialExecutor(lambda: None)
    outcome = outcome_of(serial, "ask")
    serial.close()
    assert value_of(outcome) == "answer"
    assert capfd.readouterr().out == "before\nwhat? "


def test_ctrl_c_where_it_raises_stops_more_than_the_job():
    serial = SerialExecutor(lambda: os.kill(os.getpid(), signal.SIGINT))
    serial.submit(job("heartbeats"))
    with pytest.raises(KeyboardInterrupt):
        serial.wait(1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
