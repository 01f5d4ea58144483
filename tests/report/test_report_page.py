"""The report as a file: what it holds, and that nothing in it is taken for markup."""

import json
import re
import statistics
import time
from html.parser import HTMLParser

import pytest

from icarus.errors import ResultsError
from icarus.main import main
from icarus.report import report_html, write_report
from icarus.report.javascript import digest_of, harmless
from icarus.results import ResultSet, write_results_pickle

EVIL = "</script><script>document.title='taken'</script>"


def some_results(n_alphas: int = 3, n_replications: int = 3) -> ResultSet:
    results = ResultSet()
    campaign = {"seed": 1, "n_replications": n_replications, "host": "here", "cores": 4,
                "settings_path": "of.py", "settings_text": "ALPHA = '<b>'"}  # fmt: skip
    for strategy in ("LCE", EVIL):
        for i in range(n_alphas):
            for replication in range(n_replications):
                value = 0.1 + 0.01 * i + 0.001 * replication + 0.05 * (strategy == EVIL)
                results.add(
                    {"strategy": {"name": strategy}, "workload": {"alpha": 0.5 + i / 1000}},
                    {"CACHE_HIT_RATIO": {"MEAN": value}, "LATENCY": {"MEAN": 80 - value}},
                    {"job": f"{strategy}{i}-{replication}", "status": "OK", "started": 1e9,
                     "duration": 2.0, "campaign": campaign},
                )  # fmt: skip
    results.add_failure(
        {"strategy": {"name": "LCD"}},
        {"job": "f", "status": "FAILED", "error": "it <i>broke</i>", "traceback": "at line <7>"},
    )
    return results


class Page(HTMLParser):
    """The scripts, the policy and all text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.data = ""
        self.policy = ""
        self.text = ""
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._within = tag if given.get("type") != "application/json" else "data"
        if tag == "script" and self._within == "script":
            self.scripts.append("")
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"] or ""

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            self.scripts[-1] += data
        elif self._within == "data":
            self.data += data
        else:
            self.text += data


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(report_html(some_results(), "a <title>"))


def test_numbers_are_those_of_the_results(page: Page) -> None:
    data = json.loads(page.data)
    assert [one["values"] for one in data["dimensions"]] == [
        ["LCE", EVIL],
        ["0.5", "0.501", "0.502"],
    ]
    [evil] = [group for group in data["groups"] if group["keys"] == [1, 2]]
    values = [0.17 + 0.001 * replication for replication in range(3)]
    mean, half, n = evil["values"][0]
    assert (mean, n) == (pytest.approx(statistics.mean(values)), 3)
    # The 97.5 % quantile of Student's t with two degrees of freedom.
    assert half == pytest.approx(4.302653 * statistics.stdev(values) / 3**0.5, rel=1e-5)


def test_text_of_results_is_text(page: Page) -> None:
    assert len(page.scripts) == 4
    assert "a <title>" in page.text
    assert "it <i>broke</i>" in page.text
    assert "at line <7>" in page.text
    assert "ALPHA = '<b>'" in page.text


def test_the_policy_admits_the_scripts_there_are_and_no_connection(page: Page) -> None:
    allowed = re.search(r"script-src ([^;]*)", page.policy)
    assert allowed is not None
    assert allowed[1].split() == [f"'{digest_of(script)}'" for script in page.scripts]
    assert "default-src 'none'" in page.policy
    assert "connect-src" not in page.policy


def test_it_says_that_the_campaign_is_incomplete(page: Page) -> None:
    assert "18 of 19 simulations" in page.text


def test_it_tells_of_warmups_too_short_and_of_wide_intervals() -> None:
    results = ResultSet()
    for value in (0.1, 0.3):
        results.add(
            {
                "workload": {"n_contents": 1000, "n_warmup": 10},
                "cache_placement": {"network_cache": 0.1},
            },
            {"CACHE_HIT_RATIO": {"MEAN": value}},
        )
    text = Page(report_html(results, "short")).text
    assert "2 of 2 simulations had fewer warm-up requests" in text
    assert "CACHE_HIT_RATIO.MEAN (1)" in text
    assert "capacity" not in text


def test_nothing_to_report_is_an_error() -> None:
    with pytest.raises(ResultsError, match="nothing to report"):
        report_html(ResultSet(), "none")


@pytest.mark.parametrize("script", ["a = '</script>'", "b = '</SCRIPT'", "c = '<!-- <script'"])
def test_harmless_scripts_end_no_script(script: str) -> None:
    assert Page(f"<script>{harmless(script)}</script>after").text == "after"


def test_the_command_writes_one_file(tmp_path, capsys) -> None:
    file = tmp_path / "some.pickle"
    write_results_pickle(some_results(), file)
    with pytest.raises(SystemExit) as ended:
        main(["report", str(file)])
    assert ended.value.code == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["some.html", "some.pickle"]
    assert "some.html: " in capsys.readouterr().out


def test_the_command_does_not_overwrite_the_results(tmp_path, capsys) -> None:
    file = tmp_path / "some.pickle"
    write_results_pickle(some_results(), file)
    before = file.read_bytes()
    with pytest.raises(SystemExit) as ended:
        main(["report", str(file), "-o", str(file)])
    assert ended.value.code == 2
    assert "is what the report is of" in capsys.readouterr().err
    assert file.read_bytes() == before


@pytest.mark.exhaustive
def test_a_thousand_experiments_are_quick_and_small(tmp_path) -> None:
    results = some_results(500)
    write_report(results, tmp_path / "first.html", "what is imported")
    began = time.process_time()
    write_report(results, tmp_path / "page.html", "large")
    assert time.process_time() - began < 2
    assert (tmp_path / "page.html").stat().st_size < 5e6
