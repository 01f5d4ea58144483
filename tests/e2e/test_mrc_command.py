"""``icarus mrc``, from a trace to a table, CSV, JSON and a picture; and what it refuses."""

from __future__ import annotations

import csv
import io
import json

import pytest


@pytest.fixture
def cli(inside):
    rows = [(i // 4, f"c{i * i % 37}", 100 + i * i % 37) for i in range(600)]
    text = "".join(f"{time},{content},{size}\n" for time, content, size in rows)
    inside.write("t.csv", f"time,id,size\n{text}")
    inside.write("ids.txt", "a\nb\nc\na\nb\nd\na\n")
    return inside


def test_the_table_has_the_curve(cli):
    done = cli("mrc", "ids.txt", "--sizes", "1,2,3,100%")
    assert done.returncode == 0
    assert "7 requests for 4 contents" in done.stdout
    lines = [line.split() for line in done.stdout.splitlines() if "%" in line]
    # a b c a b d a: distances 3, 3 and 3.
    assert [(line[1], line[-2]) for line in lines] == [
        ("1", "1.0000"),
        ("2", "1.0000"),
        ("3", "0.5714"),
        ("4", "0.5714"),
    ]
    assert "Byte" not in done.stdout


def test_files_hold_what_was_printed(cli):
    done = cli(
        *("mrc", "t.csv", "--policy", "LRU,SLRU(segments=2),MIN", "--sizes", "2,5,50%"),
        *("--csv", "c.csv", "--json", "c.json", "--plot", "c.png"),
    )
    assert done.returncode == 0, done.stderr
    told = json.loads((cli.folder / "c.json").read_text(encoding="utf-8"))
    assert told["requests"] == 600
    by_policy = {curve["policy"]: curve for curve in told["curves"]}
    assert list(by_policy) == ["LRU", "SLRU(segments=2)", "MIN"]
    rows = list(csv.DictReader(io.StringIO((cli.folder / "c.csv").read_text(encoding="utf-8"))))
    assert len(rows) == sum(len(curve["size"]) for curve in told["curves"])
    for row in rows:
        curve = by_policy[row["policy"]]
        place = curve["size"].index(int(row["size"]))
        assert float(row["miss_ratio"]) == curve["miss_ratio"][place]
        assert float(row["byte_miss_ratio"]) == curve["byte_miss_ratio"][place]
        assert int(row["misses"]) == curve["misses"][place]
        assert f"{curve['miss_ratio'][place]:.4f}" in done.stdout
        assert f"{curve['byte_miss_ratio'][place]:.4f}" in done.stdout
        assert row["half_width"] == ""
    assert (cli.folder / "c.png").stat().st_size > 10_000


def test_bytes_and_samples(cli):
    done = cli("mrc", "t.csv", "--bytes", "--sizes", "120,1kB,50%")
    assert done.returncode == 0, done.stderr
    assert "1,000" in done.stdout
    assert "caches of less than" in done.stderr
    sampled = cli("mrc", "t.csv", "--sample", "50%", "--sizes", "4,8")
    assert sampled.returncode == 0, sampled.stderr
    assert "±" in sampled.stdout
    assert "Estimated from 50.000% of the contents" in sampled.stdout


def test_columns_are_chosen_as_for_trace_info(cli):
    cli.write("odd.txt", "5;x;9\n6;y;9\n7;x;9\n")
    options = ("--delimiter", ";", "--content-column", "1", "--size-column", "2")
    done = cli("mrc", "odd.txt", *options, "--sizes", "2,")
    assert done.returncode == 0, done.stderr
    assert "3 requests for 2 contents, 27 bytes requested" in done.stdout
    assert "0.6667" in done.stdout


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        (["--policy", "LRUU"], ["unknown cache policy 'LRUU'; did you mean 'LRU'?"]),
        (["--policy", "SLRU(segment=3)"], ["did you mean 'segments'?"]),
        (["--policy", "SLRU(3)"], ["parameters are given as NAME=VALUE"]),
        (["--policy", "SLRU(segments=50)", "--sizes", "2,"], ["a cache of 2: segments must not"]),
        (["--policy", "PATH"], ["policy PATH: it is made of cache objects"]),
        (["--sizes", "1x,0%"], ["'1x' is no size", "above 0 %"]),
        (["--sizes", "16MiB"], ["--bytes is not given"]),
        (["--policy", "FIFO", "--bytes"], ["capacities in bytes are there for LRU only so far"]),
        (["--sample", "0"], ["'0' is no share"]),
        (["--policy", "FIFO", "--sample", "0.1", "--sizes", "20,"], ["would hold 2"]),
        (["--plot", "c.txt"], ["the name of a picture ends in .png"]),
        (["--csv", "none/c.csv", "--json", "none/c.json"], ["no folder none", "no folder none"]),
        (["--content-column", "nix"], ["no column 'nix'"]),
        (["--format", "cls"], ["'cls'"]),
    ],
)
def test_what_is_wrong_is_a_line_each(cli, options, problems):
    done = cli("mrc", "t.csv", *options)
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == len(problems)
    for line, problem in zip(lines, problems, strict=True):
        assert line.startswith("icarus: ")
        assert problem in line


def test_a_trace_without_sizes_or_requests_or_file(cli):
    assert "the trace has no sizes" in cli("mrc", "ids.txt", "--bytes").stderr
    cli.write("empty.txt", "")
    for name, problem in (("empty.txt", "the trace holds no requests"), ("idz.txt", "'ids.txt'?")):
        done = cli("mrc", name)
        assert done.returncode == 2
        assert problem in done.stderr
