"""The report in a real browser, where there is one."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from icarus.report import write_report
from icarus.results import ResultSet
from icarus.util import Tree

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
PATIENCE = 60

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="no chromium and chromedriver are installed here"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for one in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(one)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield opened
    opened.quit()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Any:
    results = ResultSet()
    for strategy, offset in (("LCE", 0.1), ("<script>document.title='taken'</script>", 0.3)):
        for alpha in (0.6, 0.8, 1.0):
            for noise in (0.0, 0.01):
                value = offset + alpha / 10 + noise
                results.add(
                    {"strategy": {"name": strategy}, "workload": {"alpha": alpha}},
                    {
                        "CACHE_HIT_RATIO": {"MEAN": value},
                        "LATENCY": {"MEAN": 100 * (1 - value)},
                        "TIMELINE": windows(value),
                    },
                )
    file = tmp_path / "page.html"
    write_report(results, file, "in a browser")
    browser.get(file.as_uri())
    wait(browser, lambda: drawn(browser) == 1)
    return browser


def windows(value: float) -> Tree:
    """Return what TIMELINE tells of five windows, with an event at the end of the second one."""
    start = 10.0 * np.arange(5)
    return Tree(
        START=start,
        END=start + 10,
        FIRST=10 * np.arange(5),
        REQUESTS=np.full(5, 10),
        HIT_RATIO=value + start / 1000,
        WINDOW="seconds",
        EVENTS=[(20.0, 20, "flush")],
    )


def wait(browser: Any, condition: Any) -> None:
    WebDriverWait(browser, PATIENCE).until(lambda _: condition())


def drawn(browser: Any) -> int:
    return int(browser.find_element(By.ID, "chart").get_attribute("data-drawn") or 0)


def column(browser: Any, number: int) -> list[str]:
    cells = browser.find_elements(By.CSS_SELECTOR, f"#table td:nth-child({number})")
    return [one.text for one in cells]


def test_charts_table_and_text(page: Any) -> None:
    # Text of parameters stays text.
    assert page.title == "in a browser – Icarus"
    assert "<script>document.title='taken'</script>" in column(page, 1)
    # A selector changes the chart.
    before = page.find_element(By.CSS_SELECTOR, "#chart svg").get_attribute("outerHTML")
    assert "Cache hit ratio" in before
    Select(page.find_element(By.CSS_SELECTOR, "#charts select")).select_by_visible_text(
        "Mean latency (ms)"
    )
    wait(page, lambda: drawn(page) == 2)
    after = page.find_element(By.CSS_SELECTOR, "#chart svg").get_attribute("outerHTML")
    assert "Mean latency (ms)" in after
    assert "Cache hit ratio" not in after
    # Sorting sorts, both ways, also from the keyboard.
    unsorted = column(page, 4)
    for _ in range(2):
        page.find_elements(By.CSS_SELECTOR, "#table th button")[3].send_keys(Keys.ENTER)
    falling = column(page, 4)
    assert falling == sorted(unsorted, key=lambda text: -float(text.split()[0]))
    assert falling != unsorted
    # The filter leaves what has all words.
    page.find_element(By.CSS_SELECTOR, "#table input").send_keys("strategy=lce 0.8")
    assert (column(page, 1), column(page, 2)) == (["LCE"], ["0.8"])
    # Over time, lines have a legend and events their names.
    over_time = page.find_element(By.CSS_SELECTOR, "#over-time svg").get_attribute("outerHTML")
    legends = re.findall(r'class="[^"]*role-legend-label.*?</g>', over_time)
    assert any(">LCE<" in one for one in legends)
    assert ">flush<" in over_time
    severe = [one for one in page.get_log("browser") if one["level"] != "INFO"]
    assert severe == []
