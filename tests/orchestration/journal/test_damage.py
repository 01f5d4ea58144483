"""Journals that are damaged in one place, whichever it is: the next run goes on from the rest."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from icarus.errors import ResultsError
from icarus.orchestration import Status
from icarus.orchestration.campaign import Keeping, prepared, run_campaign
from icarus.orchestration.journal.schema import PAGE_SIZE
from icarus.results import read_results_pickle
from icarus.util import Settings, Tree


def settings(jobs: int = 6) -> Settings:
    made = Settings()
    made.EXPERIMENT_QUEUE = []
    for number in range(jobs):
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 2}
        experiment["workload"] = {
            "name": "STATIONARY", "n_contents": 20, "alpha": 0.5, "n_warmup": 5,
            "n_measured": 20 + number,
        }  # fmt: skip
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.5}
        experiment["strategy"] = {"name": "LCE"}
        experiment["cache_policy"] = {"name": "LRU"}
        made.EXPERIMENT_QUEUE.append(experiment)
    made.ENGINE = "python"
    return made


def run(file: Path, made: Settings | None = None) -> tuple[int, list[str]]:
    """Run the campaign as the command line does; return how many jobs ran, and what was said."""
    with prepared(made or settings(), file, Keeping()) as campaign:
        known = len(campaign.orchestrator._known)
        run_campaign(campaign.orchestrator, campaign.write)
        assert campaign.orchestrator.counts == {Status.OK: campaign.orchestrator.n_exp}
        return campaign.orchestrator.n_exp - known, campaign.notes


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> Path:
    """A folder with results and journal of a campaign that ended."""
    folder = tmp_path_factory.mktemp("ended")
    assert run(folder / "r.pickle")[0] == 6
    return folder


@pytest.fixture(scope="module")
def killed(ended, tmp_path_factory) -> Path:
    """The same, as a kill leaves it that comes when the results are written."""
    folder = tmp_path_factory.mktemp("killed")
    for name in ("r.pickle", "r.pickle.journal"):
        shutil.copy2(ended / name, folder / name)
    copies = tmp_path_factory.mktemp("copies")
    with prepared(settings(), folder / "r.pickle", Keeping()) as campaign:
        run_campaign(campaign.orchestrator, campaign.write)
        shutil.copytree(folder, copies, dirs_exist_ok=True)
    (copies / "r.pickle.journal-lock").unlink()
    assert (copies / "r.pickle.journal-wal").stat().st_size > PAGE_SIZE
    return copies


def pages(path: Path) -> int:
    return -(-path.stat().st_size // PAGE_SIZE)


def overwrite(path: Path, page: int, with_zeros: bool) -> None:
    raw = bytearray(path.read_bytes())
    start = page * PAGE_SIZE
    size = len(raw[start : start + PAGE_SIZE])
    raw[start : start + size] = bytes(size) if with_zeros else random.Random(page).randbytes(size)
    path.write_bytes(raw)


@pytest.mark.parametrize("with_zeros", [False, True])
@pytest.mark.parametrize("results_are_there", [True, False])
def test_any_page_is_overwritten(ended, tmp_path, with_zeros, results_are_there):
    complete = list(read_results_pickle(ended / "r.pickle"))
    for page in range(pages(ended / "r.pickle.journal")):
        folder = tmp_path / str(page)
        shutil.copytree(ended, folder)
        overwrite(folder / "r.pickle.journal", page, with_zeros)
        if not results_are_there:
            (folder / "r.pickle").unlink()
        again, notes = run(folder / "r.pickle")
        assert list(read_results_pickle(folder / "r.pickle")) == complete
        if notes:
            assert "damaged" in notes[0]
        if again and results_are_there:
            jobs = "a job" if again == 1 else f"{again} jobs"
            assert f"has results of {jobs} that" in notes[-1]
            assert list(read_results_pickle(folder / "r.pickle.1")) == complete
        assert run(folder / "r.pickle") == (0, [])


@pytest.mark.parametrize("which", ["", "-wal", "-shm"])
def test_any_page_is_overwritten_where_a_run_was_killed(killed, tmp_path, which):
    complete = list(read_results_pickle(killed / "r.pickle"))
    for page in range(pages(killed / f"r.pickle.journal{which}")):
        folder = tmp_path / str(page)
        shutil.copytree(killed, folder)
        overwrite(folder / f"r.pickle.journal{which}", page, with_zeros=False)
        run(folder / "r.pickle")
        assert list(read_results_pickle(folder / "r.pickle")) == complete
        assert run(folder / "r.pickle") == (0, [])


def test_results_of_another_campaign_are_not_replaced_for_a_damaged_journal(ended, tmp_path):
    shutil.copytree(ended, tmp_path / "x")
    file = tmp_path / "x" / "r.pickle"
    run(tmp_path / "other.pickle", settings(7))
    shutil.copy2(tmp_path / "other.pickle", file)
    before = file.read_bytes()
    for page in range(pages(ended / "r.pickle.journal")):
        overwrite(tmp_path / "x" / "r.pickle.journal", page, with_zeros=False)
    with pytest.raises(ResultsError) as info:
        run(file)
    refused, found = str(info.value).splitlines()
    assert "exists already" in refused
    assert "damaged" in found
    assert file.read_bytes() == before
