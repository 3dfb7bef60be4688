"""Tables to take away: whole, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest

from segweb.http.csv import csv_lines


def test_a_table_comes_back_as_it_was():
    rows = [{"name": 'a, "b"\nc', "score": 0.5, "tags": ["x"]}, {"name": "", "tags": {}}]
    table = "".join(csv_lines(rows))
    assert list(csv.DictReader(io.StringIO(table))) == [
        {"name": 'a, "b"\nc', "score": "0.5", "tags": '["x"]'},
        {"name": "", "score": "", "tags": "{}"},
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_text_is_a_formula(text: str):
    (row,) = csv.DictReader(io.StringIO("".join(csv_lines([{"name": text}])), newline=""))
    assert row["name"] == f"'{text}"


def test_numbers_keep_their_sign():
    assert list(csv_lines([{"fall": -0.25}])) == ["fall\r\n", "-0.25\r\n"]


def test_an_empty_table_has_a_head_where_its_columns_are_known():
    assert list(csv_lines([])) == []
    assert list(csv_lines([], columns=["a", "b"])) == ["a,b\r\n"]


def test_a_row_may_lack_columns_but_has_no_others():
    assert list(csv_lines([{"b": 1}], columns=["a", "b"])) == ["a,b\r\n", ",1\r\n"]
    with pytest.raises(ValueError, match="c"):
        list(csv_lines([{"c": 1}], columns=["a", "b"]))


@pytest.mark.parametrize("columns", [(), ("=cmd()", "+1")])
def test_a_columns_name_is_no_formula_either(columns: tuple[str, ...]) -> None:
    head, line = csv_lines([{"=cmd()": 1, "+1": 2}], columns)
    assert (head, line) == ("'=cmd(),'+1\r\n", "1,2\r\n")
