from __future__ import annotations

import pytest

from humor.neutral import cell, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("t1 Müller 增强.nii", "t1 Müller 增强.nii"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\rb\nc\x07", "a\\rb\\nc\\x07"),
        ("a\u202egpj.exe", "a\\u202egpj.exe"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("bad\udc80byte", "bad\\udc80byte"),
    ],
)
def test_what_acts_is_shown_instead(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_own_line_ends_can_stay() -> None:
    assert printable("a\nb\r", keep="\n") == "a\nb\\r"


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@x", " =HYPERLINK(1)", "\uff1d1"])
def test_no_text_is_a_formula(text: str) -> None:
    assert str(cell(text)).startswith("'")


def test_numbers_and_plain_texts_stay() -> None:
    assert [cell(value) for value in (-1.5, 3, None, "-1.5", "+3", "a=b", "sub-01")] == [
        -1.5,
        3,
        None,
        "-1.5",
        "+3",
        "a=b",
        "sub-01",
    ]
