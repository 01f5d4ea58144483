"""The live page: who may see it, and what of a campaign it shows."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from icarus.errors import JournalError
from icarus.main import main
from icarus.orchestration.journal.schema import journal_of
from icarus.report import LivePage

SETTINGS = """
from icarus import design as d
DATA_COLLECTORS = ["CACHE_HIT_RATIO"]
PARALLEL_EXECUTION = False
ENGINE = "python"
base = {
    "topology": {"name": "PATH", "n": 3},
    "workload": {"name": "STATIONARY", "n_contents": 20, "n_warmup": 10, "n_measured": 20,
                 "rate": 1.0, "alpha": 0.8},
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.2},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
}
EXPERIMENT_QUEUE = d.product(base, {"strategy.name": ["LCE", "LCD"]})
"""


@pytest.fixture(scope="module")
def journal(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    (folder / "settings.py").write_text(SETTINGS)
    with pytest.raises(SystemExit) as ended:
        main(["run", str(folder / "settings.py"), "-r", str(folder / "some.pickle")])
    assert ended.value.code == 0
    return journal_of(folder / "some.pickle")


@pytest.fixture
def page(journal: Path) -> Iterator[LivePage]:
    served = LivePage(journal)
    thread = threading.Thread(target=served.serve)
    thread.start()
    yield served
    served.shutdown()
    thread.join()
    served.close()


def asked(page: LivePage, path: str, method: str = "GET", host: str | None = None):
    address = urlsplit(page.url)
    headers = {"Connection": "close"} | ({"Host": host} if host else {})
    with closing(HTTPConnection(address.hostname or "", address.port, timeout=60)) as connection:
        connection.request(method, path, headers=headers)
        with closing(connection.getresponse()) as answer:
            return answer.status, unescape(answer.read().decode())


def test_it_shows_progress_and_what_is_finished(page: LivePage) -> None:
    path = urlsplit(page.url).path
    status, text = asked(page, path)
    assert status == 200
    assert "connect-src 'self'" in text
    told = json.loads(asked(page, f"{path}status.json")[1])
    assert (told["planned"], told["ended"], told["counts"]) == (2, 2, {"OK": 2})
    data = json.loads(asked(page, f"{path}results.json")[1])
    assert data["dimensions"][0]["values"] == ["LCE", "LCD"]
    assert [group["n"] for group in data["groups"]] == [1, 1]


def test_it_is_on_this_machine_only_and_wants_its_token(page: LivePage) -> None:
    path = urlsplit(page.url).path
    assert urlsplit(page.url).hostname == "127.0.0.1"
    assert len(path) > 30
    for wrong in ("/", "/wrong/", "/wrong/status.json", path[:-2] + "/", "/%00/", "//"):
        assert asked(page, wrong)[0] == 403
    assert asked(page, path, host="evil.example:80")[0] == 403
    assert asked(page, f"{path}other")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_can_be_read_only(page: LivePage, method: str) -> None:
    assert asked(page, urlsplit(page.url).path, method)[0] == 501


def test_many_who_look_on_share_one_look(page: LivePage) -> None:
    path = urlsplit(page.url).path
    first = asked(page, f"{path}results.json")[1]
    assert [asked(page, f"{path}results.json")[1] for _ in range(5)] == [first] * 5


def test_a_port_in_use_is_an_error_in_one_line(page: LivePage, journal: Path, capsys) -> None:
    port = urlsplit(page.url).port
    with pytest.raises(JournalError, match=f"--port {port}: cannot listen there: Address"):
        LivePage(journal, port or 0)
    with pytest.raises(SystemExit) as ended:
        main(["watch", str(journal), "--port", "8000"])
    assert ended.value.code == 2
    assert "--port is of --web" in capsys.readouterr().err
