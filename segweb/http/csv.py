"""CSV for strangers' spreadsheets: no text of anybody's is taken for a formula."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

# With one of these in front a spreadsheet computes what follows, and may send it elsewhere.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_cell(value: Any) -> Any:
    """A value as a CSV cell holds it: texts without formulas, lists and objects as JSON."""
    if isinstance(value, (list, dict)):
        return json.dumps(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def csv_lines(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] = ()) -> Iterator[str]:
    """The lines of a table, the head first, written as they are read.

    Without `columns` the first row's keys are the head, and no rows give no line at all. A row may
    lack columns, whose cells stay empty; ValueError when it has others.
    """
    writer = None
    if columns := tuple(columns):
        writer = csv.DictWriter(_Echo(), columns)
        yield writer.writerow(_head(columns))
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(_Echo(), tuple(row))
            yield writer.writerow(_head(row))
        yield writer.writerow({name: csv_cell(value) for name, value in row.items()})


def _head(columns: Iterable[str]) -> dict[str, Any]:
    """The line of names, which may be anybody's too: a metric is called as its report says."""
    return {name: csv_cell(name) for name in columns}


class _Echo:
    """A file that gives back what is written."""

    def write(self, text: str) -> str:
        return text
