"""Tables of results as files: all that is written reads back equal."""

from __future__ import annotations

import json
import math
import re
import sys

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner
from pandas.testing import assert_frame_equal

from icarus.cli import main
from icarus.errors import ResultsError
from icarus.results import ResultSet, write_results_pickle
from icarus.results.exporting import FORMATS, export

STRANGE = ["=1+1", 'a"b,c', "50 % & $x_1$ {~^}", " spaces ", "東京"]


def campaign():
    results = ResultSet()
    for i, strategy in enumerate(STRANGE):
        for replication in range(2):
            told = {"LATENCY": {"MEAN": (i + 1) / 3 + replication * 1e-9}, "HITS": {"ALL": 10**i}}
            if i == 1:
                told["LATENCY"]["MEAN"] = math.nan
            about = {"job": f"0{i}e{replication}", "replication": replication}
            params = {"strategy": {"name": strategy, "p": i if i else None, "deep": i > 2}}
            results.add(params, told, about | {"seed": {"entropy": 2**60 + i}})
    results.add_failure({"strategy": {"name": "LCD"}}, {"job": "lost", "status": "FAILED"})
    return results


def from_latex(text):
    for sign in "&%$#_{}":
        text = text.replace(f"\\{sign}", sign)
    return text.replace("\\textasciitilde{}", "~").replace("\\textasciicircum{}", "^")


def read_latex(path, dtypes):
    lines = path.read_text().splitlines()
    assert lines[1:4:2] == ["\\toprule", "\\midrule"]
    assert lines[-2:] == ["\\bottomrule", "\\end{tabular}"]
    rows = [
        [from_latex(cell) for cell in re.split(r" & ", line.removesuffix(" \\\\"))]
        for line in [lines[2], *lines[4:-2]]
    ]
    frame = pd.DataFrame(rows[1:], columns=rows[0]).replace("", None)
    for name, dtype in dtypes.items():
        if "int" in str(dtype).lower():
            frame[name] = frame[name].map(lambda one: int(one) if one else None, na_action="ignore")
        if "bool" in str(dtype):
            frame[name] = frame[name] == "True"
    return frame.astype(dtypes)


READ = {
    ".csv": lambda path, dtypes: pd.read_csv(
        path, dtype=dtypes, keep_default_na=False, na_values=[""]
    ),
    ".json": lambda path, dtypes: pd.DataFrame(json.loads(path.read_text())).astype(dtypes),
    ".parquet": lambda path, dtypes: pd.read_parquet(path),
    ".xlsx": lambda path, dtypes: pd.read_excel(path, dtype=dtypes, keep_default_na=False,
                                                na_values=[""]),
    ".tex": read_latex,
}  # fmt: skip


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("wide", [False, True])
def test_what_is_written_reads_back_equal(suffix, wide, tmp_path):
    frame = campaign().to_frame(wide)
    if suffix in (".tex", ".xlsx"):
        # White space at the ends of cells means nothing there, and numbers have 53 bits.
        frame = frame.assign(seed=frame["seed"] // 2**10, strategy=frame["strategy"].str.strip())
    path = tmp_path / f"table{suffix}"
    export(frame, path)
    assert_frame_equal(READ[suffix](path, frame.dtypes.to_dict()), frame, check_exact=True)


def test_a_text_is_no_formula(tmp_path):
    path = tmp_path / "table.xlsx"
    export(campaign().to_frame(wide=True), path)
    cell = openpyxl.load_workbook(path).active["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_sheets_have_an_end(tmp_path):
    with pytest.raises(ResultsError, match="1,048,575 rows at most, the table 1,048,576"):
        export(pd.DataFrame({"a": range(2**20)}), tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "module"), [(".parquet", "pyarrow"), (".xlsx", "openpyxl")])
def test_a_missing_extra_is_said_in_one_line(suffix, module, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ResultsError, match=rf"{module}: pip install 'icarus-sim\[export\]'$"):
        export(campaign().to_frame(), tmp_path / f"a{suffix}")


# The command


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "campaign.pickle"
    write_results_pickle(campaign(), path)
    return path


def run(*arguments):
    return CliRunner().invoke(main, ["results", *map(str, arguments)])


def test_the_name_of_the_file_says_the_format(file, tmp_path):
    path = tmp_path / "new" / "table.parquet"
    done = run("export", file, "-o", path, "--metric", "LATENCY", "--where", "p=2")
    assert done.exit_code == 0, done.output
    assert "2 rows of 2 simulations" in done.output
    told = pd.read_parquet(path)
    assert told["metric"].to_list() == ["LATENCY.MEAN"] * 2
    assert told["strategy"].to_list() == [STRANGE[2]] * 2


def test_an_option_says_it_too(file, tmp_path):
    path = tmp_path / "table.txt"
    done = run("export", file, "-o", path, "--csv", "--wide")
    assert done.exit_code == 0, done.output
    assert len(pd.read_csv(path)) == 10
    assert "incomplete: 10 of 11 simulations gave results" in done.output
    done = run("export", file, "-o", path, "--json", "--table", "summary", "--overwrite")
    assert done.exit_code == 0, done.output
    assert [one["n"] for one in json.loads(path.read_text())] == [2, 2, 0, 2, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "table.prquet"], "did you mean '.parquet'?"),
        (["-o", "table"], "its name says no format"),
        (["-o", "t.csv", "--metric", "LATENCI"], "did you mean 'LATENCY"),
        (["-o", "t.csv", "--where", "strtegy=LCE"], "did you mean 'strategy'?"),
        (["-o", "t.csv", "--table", "links"], "no metrics for the table links"),
    ],
)
def test_what_cannot_be_is_one_line(file, tmp_path, arguments, said, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("export", file, *arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert done.output.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["campaign.pickle"]


def test_what_is_there_is_not_replaced_unasked(file, tmp_path):
    (tmp_path / "table.csv").write_text("mine")
    assert run("export", file, "-o", tmp_path / "table.csv").exit_code == 2
    assert (tmp_path / "table.csv").read_text() == "mine"
