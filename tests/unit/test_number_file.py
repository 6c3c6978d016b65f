"""Files of numbers: text or CSV, however a spreadsheet writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot_admin.command import OperatorError
from bot_admin.number_file import NumberFile, read

ONE, TWO = "+12025550123", "+12025550124"


def held(folder: Path, text: str, column: str | None = None) -> NumberFile:
    path = folder / "numbers.csv"
    path.write_bytes(text.encode())
    return read(path, region="US", column=column)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (f"{ONE}\n{TWO}\n", None),
        (f"{ONE}\r\n{TWO}", None),
        (f"# a list\n\n{ONE}\n\n{TWO}\n", None),
        ("202-555-0123\n(202) 555 0124\n", None),
        (f"number\n{ONE}\n{TWO}\n", None),
        (f"{ONE},Ann\n{TWO},Bob\n", None),
        (f"name;Phone\nAnn;{ONE}\nBob;{TWO}\n", None),
        (f'name\tcell\nAnn\t"{ONE}"\nBob\t{TWO}\n', "Cell"),
        (f'name,phone\n"Ann, of 1600 Main",{ONE}\n"Bob",{TWO}\n', None),
    ],
)
def test_numbers_are_found_in_order(tmp_path: Path, text: str, column: str | None) -> None:
    found = held(tmp_path, text, column)
    assert list(found.numbers) == [ONE, TWO]
    assert found.bad == []


def test_each_bad_row_is_told_with_its_line(tmp_path: Path) -> None:
    found = held(tmp_path, f"name,phone\nAnn,{ONE}\nBob,\nCy\nDee,555\nEve,call me\nFay,{ONE}\n")
    assert found.numbers == {ONE: 2}
    assert found.repeated == 1
    assert [sentence.split(":")[0] for sentence in found.bad] == [
        f"numbers.csv line {line}" for line in (3, 4, 5, 6)
    ]


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        (f"name,cell\nAnn,{ONE}\n", None, "--column"),
        (f"name,phone\nAnn,{ONE}\n", "mobile", "no column mobile"),
    ],
)
def test_a_column_that_cannot_be_told(
    tmp_path: Path, text: str, column: str | None, words: str
) -> None:
    with pytest.raises(OperatorError, match=words):
        held(tmp_path, text, column)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe+\x001\x00")
    with pytest.raises(OperatorError, match="UTF-8"):
        read(tmp_path / "x.csv", region=None, column=None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_any_text_is_read_or_refused_in_words(tmp_path: Path, text: str) -> None:
    try:
        found = held(tmp_path, text)
    except (OperatorError, UnicodeEncodeError):
        return
    for number in found.numbers:
        assert number.removeprefix("+").isdecimal()
