"""What a campaign shows of itself, from snapshots made by hand."""

from __future__ import annotations

import io
import logging
from types import SimpleNamespace

import pytest
from calls import job_that_calls
from rich.console import Console

from icarus.orchestration import (
    CampaignEnded,
    CampaignStarted,
    JobEnded,
    JobRetried,
    Outcome,
    Progress,
    Snapshot,
    Status,
)
from icarus.orchestration import progress as progress_module
from icarus.orchestration.events import Running
from icarus.orchestration.progress import LiveProgress, LogProgress, describe


def job(label="LCE GEANT", number=0):
    return job_that_calls(print, None, number, label)


def snapshot(**kwargs):
    values = {
        "planned": 10,
        "counts": {Status.OK: 3, Status.FAILED: 1, Status.LOST: 1},
        "running": [Running(job("LCE GEANT"), 12_345, 4.2), Running(job("LCD TREE"), 0, 0.1)],
        "requests": 500_000,
        "elapsed": 8.0,
        "eta": 3725.4,
    }
    return Snapshot(**{**values, **kwargs})


def done(n_requests=90_000, duration=1.5, **kwargs):
    value = SimpleNamespace(amount=n_requests, amount_here=n_requests)
    return Outcome(Status.OK, value=value, duration=duration, **kwargs)


PLAN = SimpleNamespace(experiments=[1, 2, 3], n_replications=4, n_jobs=12, n_processes=2)


class TestSnapshot:
    def test_sums(self):
        shot = snapshot()
        assert (shot.ended, shot.ok, shot.left) == (5, 3, 5)
        assert shot.rate == 62_500

    def test_at_the_start(self):
        shot = snapshot(counts={}, requests=0, elapsed=0.0)
        assert (shot.ended, shot.ok, shot.left, shot.rate) == (0, 0, 10, 0)

    def test_in_one_line(self):
        line = describe(snapshot())
        assert "3 of 10 jobs done" in line
        assert "2 failed" in line
        assert "5 left" in line
        assert "62,500 requests/s" in line
        assert "1:02:05" in line
        assert "-:--:--" in describe(snapshot(eta=None))

    def test_interrupted_jobs_have_not_failed(self):
        shot = snapshot(counts={Status.OK: 3, Status.FAILED: 1, Status.INTERRUPTED: 6})
        assert (shot.ended, shot.ok, shot.failed, shot.left) == (10, 3, 1, 0)
        line = describe(shot)
        assert "1 failed" in line
        assert "6 interrupted" in line
        assert "0 left" in line

    def test_each_status_that_occurs_is_named(self):
        counts = {status: number for number, status in enumerate(Status, start=1)}
        line = describe(snapshot(planned=60, counts=counts, retries=7))
        assert "1 of 60 jobs done, 14 failed (3 timeout, 4 stalled, 5 lost)" in line
        assert "6 cancelled, 7 vetoed, 8 skipped, 9 interrupted, 7 repeated, 15 left" in line
        assert "repeated" not in describe(snapshot())

    def test_a_campaign_that_is_about_to_stop_says_so_in_place_of_the_time_left(self):
        line = describe(snapshot(draining=True))
        assert "finishing 2 and starting nothing more" in line
        assert "to go" not in line


@pytest.fixture
def clock(monkeypatch):
    """The time that progress goes by."""
    now = SimpleNamespace(seconds=1000.0)
    fake = SimpleNamespace(monotonic=lambda: now.seconds)
    monkeypatch.setattr(progress_module, "time", fake)
    return now


class TestLogProgress:
    @pytest.fixture(autouse=True)
    def everything(self, caplog):
        caplog.set_level(logging.DEBUG)

    def test_the_start(self, caplog):
        LogProgress()(CampaignStarted(PLAN))
        (record,) = caplog.records
        assert record.name == "progress"
        assert record.getMessage() == "3 experiments x 4 replications = 12 jobs on 2 processes"

    def test_summaries_are_seconds_apart(self, caplog, clock):
        show = LogProgress()
        show(CampaignStarted(PLAN))
        caplog.clear()
        lines = []
        for tenth in range(200):
            clock.seconds = 1000 + tenth / 10
            caplog.clear()
            show(Progress(snapshot(requests=tenth)))
            lines += [tenth for record in caplog.records if record.name == "progress"]
        assert len(lines) == 3
        assert all(b - a >= 50 for a, b in zip([0, *lines], lines, strict=False))

    def test_the_end_is_always_told(self, caplog, clock):
        show = LogProgress()
        show(CampaignStarted(PLAN))
        caplog.clear()
        show(CampaignEnded(snapshot(), None))
        assert [record.getMessage() for record in caplog.records] == [describe(snapshot())]
        caplog.clear()
        show(CampaignEnded(snapshot(), 15))
        assert caplog.records[0].levelno == logging.WARNING
        assert "15" in caplog.records[0].getMessage()

    def test_a_success_tells_its_rate_to_those_who_want_details(self, caplog):
        LogProgress()(JobEnded(job(), done()))
        (record,) = caplog.records
        assert record.levelno == logging.DEBUG
        assert record.name == "orchestration"
        assert record.getMessage() == "LCE GEANT: OK in 1.5 s, 60,000 requests/s"
        LogProgress()(JobEnded(job(), done(duration=0.0)))

    def test_failures_are_errors(self, caplog):
        outcome = Outcome(Status.LOST, error="its worker died: exit code 3")
        LogProgress()(JobEnded(job(), outcome))
        (record,) = caplog.records
        assert record.levelno == logging.ERROR
        assert record.getMessage() == "LCE GEANT: LOST: its worker died: exit code 3"

    def test_tracebacks_are_details(self, caplog):
        outcome = Outcome(Status.FAILED, error="KeyError: 3", traceback="Traceback: 100 %")
        LogProgress()(JobEnded(job(), outcome))
        error, details = caplog.records
        assert error.levelno == logging.ERROR
        assert "Traceback" not in error.getMessage()
        assert details.levelno == logging.DEBUG
        assert details.getMessage() == "Traceback: 100 %"

    @pytest.mark.parametrize("status", [Status.VETOED, Status.CANCELLED])
    def test_what_was_meant_to_end_is_no_error(self, caplog, status):
        LogProgress()(JobEnded(job(), Outcome(status, error="for a reason")))
        (record,) = caplog.records
        assert record.levelno == logging.INFO
        assert record.getMessage() == f"LCE GEANT: {status}: for a reason"

    def test_an_attempt_that_is_repeated_is_a_warning(self, caplog):
        LogProgress()(JobRetried(job(), Outcome(Status.LOST, error="exit code 3"), 2))
        (record,) = caplog.records
        assert record.levelno == logging.WARNING
        text = "LCE GEANT: LOST at attempt 2, to be repeated: exit code 3"
        assert record.getMessage() == text

    def test_jobs_of_an_earlier_run_are_told_of_at_the_start(self, caplog):
        LogProgress()(CampaignStarted(PLAN, (), 5))
        assert caplog.records[-1].getMessage() == "5 of them ended in an earlier run"

    def test_interrupted_jobs_are_no_errors(self, caplog):
        LogProgress()(JobEnded(job(), Outcome(Status.INTERRUPTED)))
        assert caplog.records == []


def test_the_live_view_shows_the_campaign_and_cleans_up_after_itself():
    console = Console(file=io.StringIO(), force_terminal=True, width=110, height=20, record=True)
    show = LiveProgress(console, "quickstart")
    show(CampaignStarted(PLAN))
    show(Progress(snapshot()))
    drawn = console.export_text(clear=True)
    for text in (
        "quickstart",
        "5/10",
        "50%",
        "elapsed 0:00:08",
        "left 1:02:05",
        "3 done",
        "2 failed",
        "5 left",
        "62,500 requests/s",
        "LCE GEANT",
        "12,345 requests",
        "4 s",
        "LCD TREE",
        "setting up",
    ):
        assert text in drawn
    show(JobEnded(job(), done()))
    show(Progress(snapshot(counts={Status.OK: 10}, running=[], eta=0.0)))
    drawn = console.export_text(clear=True)
    assert "10/10" in drawn
    assert "100%" in drawn
    assert "LCE" not in drawn
    counts = {Status.OK: 3, Status.STALLED: 1, Status.VETOED: 2}
    show(Progress(snapshot(counts=counts, retries=4, draining=True)))
    drawn = console.export_text(clear=True)
    assert "3 done   1 failed (1 stalled)   2 vetoed   4 repeated" in drawn
    assert "nothing more is started" in " ".join(drawn.split())
    show(CampaignEnded(snapshot(), None))
    raw = console.file.getvalue()
    assert raw.rindex("\x1b[?25h") > raw.rindex("\x1b[?25l"), "the cursor is visible again"


def test_the_live_view_survives_long_labels_and_markup():
    console = Console(file=io.StringIO(), force_terminal=True, width=60, height=20, record=True)
    show = LiveProgress(console, "[red]odd[/nothing]")
    show(CampaignStarted(PLAN))
    running = [Running(job(f"[bold]{'x' * 200}"), 1, 1.0)]
    show(Progress(snapshot(running=running, eta=None)))
    assert "-:--:--" in console.export_text()
    show(CampaignEnded(snapshot(), 2))


class TestOddText:
    """Names and errors of any kind are shown as they are, and not at any length."""

    def test_the_live_view(self):
        output = io.StringIO()
        console = Console(file=output, force_terminal=True, width=120)
        live = LiveProgress(console, "[/red]\x1b]0;title\x07")
        live(CampaignStarted(PLAN, None, 0))
        running = [Running(job("[/red] \x1b[2Jname\nin two lines" + "x" * 10_000), 1, 1.0)]
        live(Progress(snapshot(running=running)))
        live(CampaignEnded(snapshot(), None))
        shown = output.getvalue()
        assert "[/red] \\x1b[2Jname in two lines" in shown
        assert "\x1b[2J" not in shown
        assert "\x1b]0" not in shown

    def test_an_error_of_fifty_megabytes(self, caplog):
        outcome = Outcome(Status.FAILED, error="E" * 50_000_000, traceback="T" * 50_000_000)
        with caplog.at_level(logging.DEBUG):
            LogProgress()(JobEnded(job("x" * 1_000), outcome))
        assert len(caplog.text) < 20_000
        assert "... (50,000,000 characters)" in caplog.text
