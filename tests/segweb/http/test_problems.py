"""The kinds of problems: every one is told in docs/api.md, and none that there is not."""

import re

from segweb.env import BASE_DIR
from segweb.http.problems import KINDS

LINE = re.compile(r"^\| (\d{3}) \| `([^`]+)` \|", re.MULTILINE)


def test_the_page_of_the_api_tells_every_kind() -> None:
    told = LINE.findall((BASE_DIR / "docs" / "api.md").read_text())
    assert told == [(str(kind.status), kind.type) for kind in KINDS]
