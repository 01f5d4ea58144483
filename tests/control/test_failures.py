"""What fails, hangs or is skipped (scenario N-C), and that all is released all the same."""

from __future__ import annotations

import threading
import time

import anyio
import pytest
from dummies import Dummy, Scripted, in_virtual_time

from icarus.control import ECState, ExperimentController, Resource
from icarus.errors import ResourceError, TransitionError
from icarus.orchestration import Status

BOOM = RuntimeError("boom")


def register(conductor, name, critical=True, **script):
    given = {"script": script, "critical": critical, "told": conductor.told}
    return conductor.register_resource(Scripted, None, name, given)


def chain(conductor, critical):
    """Register a database that fails, a server that needs it started, and a bystander."""
    conductor.told = []
    register(conductor, "database", critical, do_start=(1, BOOM))
    register(conductor, "server")
    register(conductor, "bystander", do_run=10)
    conductor.register_condition("server", "START", "database", "STARTED", 2)


def released(conductor):
    return [name for _, name, hook in conductor.told if hook == "do_release"]


def started(conductor):
    return [name for _, name, hook in conductor.told if hook == "do_start"]


def test_a_critical_failure_ends_the_scenario():
    async def test(conductor):
        chain(conductor, critical=True)
        conductor.register_condition("bystander", "START", "database", "READY", 5)
        conductor.deploy(None, True)
        reports = await conductor.wait(None, "STOPPED", "1h")
        assert anyio.current_time() - conductor.began.monotonic == 1
        reason = "critical 'database' failed: RuntimeError: boom"
        assert reports["database"][:3] == ("FAILED", Status.FAILED, "RuntimeError: boom")
        assert reports["server"][:3] == ("READY", Status.SKIPPED, reason)
        assert reports["bystander"][:3] == ("READY", Status.SKIPPED, reason)
        assert conductor.state is ECState.FAILED
        with pytest.raises(TransitionError, match="the scenario has failed: critical 'database'"):
            conductor.deploy(None, True)
        await conductor.shutdown()
        assert conductor.state is ECState.FAILED
        assert started(conductor) == ["database"]
        assert set(released(conductor)) == {"database", "server", "bystander"}
        assert released(conductor).index("server") < released(conductor).index("database")

    in_virtual_time(test)


def test_others_complete_if_what_failed_is_not_critical():
    async def test(conductor):
        chain(conductor, critical=False)
        conductor.deploy(None, True)
        reports = await conductor.wait(None, "STOPPED", "1h")
        assert conductor.state is ECState.RUNNING
        assert reports["server"].outcome is Status.SKIPPED
        assert reports["server"].reason == "database failed: RuntimeError: boom"
        assert reports["bystander"].outcome is Status.OK
        assert not reports.ok
        with pytest.raises(TransitionError, match="server cannot be STARTED: database failed"):
            await conductor.act("start", "server")
        await conductor.shutdown()
        assert conductor.state is ECState.TERMINATED
        assert len(released(conductor)) == 3

    in_virtual_time(test)


@pytest.mark.parametrize("critical", [True, False])
def test_a_barrier_does_not_open_on_a_critical_failure(critical):
    async def test(conductor):
        conductor.told = []
        register(conductor, "bad", critical, do_deploy=(1, BOOM))
        register(conductor, "slow", do_deploy=3)
        register(conductor, "quick")
        conductor.deploy(None, True)
        reports = await conductor.wait(None, "STARTED", "1h")
        assert set(started(conductor)) == (set() if critical else {"slow", "quick"})
        assert reports["bad"].state == "FAILED"
        if critical:
            # It is done with what it was at, and goes no further.
            assert reports["slow"].state == "PROVISIONED"
            assert "READY" in reports["quick"].state
        await conductor.shutdown()
        assert len(released(conductor)) == 3

    in_virtual_time(test)


def test_being_skipped_is_handed_on():
    async def test(conductor):
        conductor.told = []
        names = ["a", "b", "c", "d"]
        for name in names:
            register(conductor, name, False, **({"do_start": BOOM} if name == "a" else {}))
        for user, used in (("b", "a"), ("c", "b"), ("d", "c")):
            conductor.register_condition(user, "START", used, "STARTED", None)
        conductor.deploy(None, True)
        reports = await conductor.wait(None, "STARTED", None)
        assert [reports[name].outcome for name in names] == ["FAILED", *["SKIPPED"] * 3]
        assert reports["d"].reason == ("c was skipped: b was skipped: a failed: RuntimeError: boom")
        assert started(conductor) == ["a"]

    in_virtual_time(test)


def test_what_hangs_is_killed_when_its_time_is_over():
    async def test(conductor):
        conductor.told = []
        for name, hook in (("deploys", "do_deploy"), ("stops", "do_stop"), ("ends", "do_release")):
            register(conductor, name, **{hook: 1e6})
        conductor.set_all = [await conductor.set(name, "grace", 2) for name in ("stops", "ends")]
        conductor.deploy(None, False)
        await anyio.sleep(1)
        began = anyio.current_time()
        reports = await conductor.release(None)
        assert anyio.current_time() - began == 2
        assert {one.state for one in reports.values()} == {"RELEASED"}
        killed = [name for _, name, hook in conductor.told if hook == "do_kill"]
        assert sorted(killed) == ["ends", "stops"]
        assert sorted(released(conductor)) == ["deploys", "ends", "stops"]
        text = (conductor.folder / "events.jsonl").read_text()
        assert "do_stop took longer than 2 s" in text
        assert "do_release took longer than 2 s" in text

    in_virtual_time(test)


def test_one_that_does_not_stop_in_time_is_killed_and_stopped():
    async def test(conductor):
        conductor.told = []
        register(conductor, "one", do_stop=1e6)
        conductor.deploy(None, True)
        await conductor.wait("one", "STARTED", None)
        await conductor.act("stop", "one")
        report = (await conductor.wait("one", "STOPPED", None))["one"]
        assert report.reason == "it was killed, as it had not stopped within 5 s"
        assert report.times["STOPPED"] == 5

    in_virtual_time(test)


def test_errors_while_releasing_are_told_and_stop_nobody():
    async def test(conductor):
        conductor.told = []
        for number in range(3):
            register(conductor, f"r{number}", do_release=BOOM)
        reports = await conductor.release(None)
        assert {one.state for one in reports.values()} == {"RELEASED"}
        assert len(released(conductor)) == 3
        text = (conductor.folder / "events.jsonl").read_text()
        assert text.count("do_release raised RuntimeError: boom") == 3

    in_virtual_time(test)


def test_a_run_that_raises_fails_with_its_reason():
    async def test(conductor):
        conductor.told = []
        register(conductor, "raises", False, do_run=(1, BOOM))
        register(conductor, "slow", False, do_run=(1, TimeoutError("too slow")))
        conductor.deploy(None, True)
        reports = await conductor.wait(None, "FINISHED", None)
        assert reports["raises"][:3] == ("FAILED", "FAILED", "RuntimeError: boom")
        assert reports["slow"][:3] == ("FAILED", "TIMEOUT", "TimeoutError: too slow")

    in_virtual_time(test)


def test_waiting_says_whom_it_waits_for_and_ends_when_its_time_is_over(ec, caplog):
    one = ec.register_resource(Dummy, name="one")
    with caplog.at_level("DEBUG", "control"):
        reports = ec.wait_finished(one, timeout="50ms")
    assert reports.timed_out
    assert reports["one"][:3] == ("NEW", None, "it is not STOPPED yet")
    assert "waiting for one (NEW, to be STOPPED)" in caplog.text
    assert "after 0.05 s still waiting for one (NEW, to be STOPPED)" in caplog.text
    with pytest.raises(ValueError, match="should be seconds, or a duration"):
        ec.wait_finished(one, timeout="soon")
    with pytest.raises(ResourceError, match="no state is named"):
        ec.wait(one, [])
    assert ec.wait(one, ["STARTED", "NEW"])["one"].state == "NEW"


def test_a_wait_ends_when_the_controller_is_shut_down(tmp_path):
    ec = ExperimentController("test", root_dir=tmp_path)
    ec.register_resource(Dummy, name="one")
    found = []
    waiting = threading.Thread(target=lambda: found.append(ec.wait_finished("one")))
    waiting.start()
    time.sleep(0.05)
    ec.shutdown()
    waiting.join(5)
    assert found[0]["one"][:2] == ("RELEASED", Status.SKIPPED)


def test_a_thread_that_never_returns_keeps_nobody(tmp_path):
    blocked = threading.Event()

    class Blocks(Resource):
        def do_deploy(self):
            blocked.wait(30)

    ec = ExperimentController("test", root_dir=tmp_path, workers=2)
    for number in range(2):
        ec.register_resource(Blocks, name=f"blocks{number}", grace=0.2)
    ended = []

    class Quick(Resource):
        def do_release(self):
            ended.append(self.name)

    ec.register_resource(Quick, name="quick")
    ec.deploy()
    time.sleep(0.05)
    began = time.monotonic()
    ec.shutdown()
    assert time.monotonic() - began < 2
    assert ended == ["quick"]
    blocked.set()


def test_an_exception_in_the_program_releases_all(tmp_path):
    released = []

    class Notes(Resource):
        def do_release(self):
            released.append(self.name)

    def program():
        with ExperimentController("x", root_dir=tmp_path) as ec:
            ec.register_resource(Notes, name="a")
            ec.deploy()
            ec.wait_started()
            return 1 / 0

    with pytest.raises(ZeroDivisionError):
        program()
    assert released == ["a"]
