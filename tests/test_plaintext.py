"""Text that went through the door harms no terminal and no figure, whatever it was."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from icarus.plaintext import cut, one_line, plain, plain_for_figures

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=30)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as it was", "as it was"),
        ("Zürich 東京 naïve\u00a0", "Zürich 東京 naïve\u00a0"),
        ("\x1b[31mred\x1b]0;title\x07", r"\x1b[31mred\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\rb\x08\x7f", r"a\x0db\x08\x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("caf\udce9", r"caf\udce9"),
        ("\U000e0041", r"\U000e0041"),
        ("two\nlines\tof text", "two\nlines\tof text"),
        (7, "7"),
    ],
)
def test_plain(text, shown):
    assert plain(text) == shown


@pytest.mark.fuzz
@given(ANY_TEXT)
def test_plain_text_can_be_encoded_and_moves_no_cursor(text):
    shown = plain(text)
    shown.encode("utf-8")
    assert not any(ord(char) < 32 and char not in "\n\t" for char in shown)
    assert not any(0x7F <= ord(char) < 0xA0 for char in shown)
    assert plain(shown) == shown


@given(ANY_TEXT, st.integers(1, 10))
def test_one_line_is_one_line(text, most):
    assert len(one_line(text).splitlines()) <= 1
    assert len(one_line(text, most).splitlines()) <= 1


def test_long_text_is_cut_with_its_length():
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "abc... (4 characters)"
    assert cut(cut("a" * 1_000, 100), 3) == "aaa... (1,000 characters)"
    assert one_line("x\ny" * 1000, 3) == "x y... (3,000 characters)"


@pytest.mark.fuzz
@given(st.text(st.sampled_from("$\\{}_^ab\x1b\udc80"), max_size=8))
def test_figures_draw_text_as_it_is(text):
    figure = Figure()
    figure.text(0, 0, plain_for_figures(text))
    figure.savefig(io.BytesIO())
