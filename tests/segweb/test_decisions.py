"""The decisions: the index names every topic, every entry has a date and a status that is true."""

import re
from pathlib import Path

from segweb.env import BASE_DIR

FOLDER = BASE_DIR / "docs" / "decisions"
TOPICS = sorted(path for path in FOLDER.glob("*.md") if not path.name.startswith("_"))
STATUS = re.compile(
    r"holds(, after a failed attempt)?|tried and failed|open"
    r"|(holds in part, )?superseded by “(?P<title>[^”]+)” in (?P<topic>\w+)"
)


def _entries(topic: Path) -> list[tuple[str, str]]:
    """The first line (date and status) and the text of each entry."""
    blocks = re.split(r"^- ", topic.read_text(), flags=re.MULTILINE)[1:]
    return [tuple(block.split("\n", 1)) for block in blocks]


def test_the_index_names_every_topic():
    index = (BASE_DIR / "DECISIONS.md").read_text()
    linked = re.findall(r"\| \[\w+\]\((docs/decisions/\w+\.md)\) \|", index)
    assert sorted(linked) == [path.relative_to(BASE_DIR).as_posix() for path in TOPICS]


def test_every_entry_has_a_date_a_status_and_a_title():
    entries = [entry for topic in TOPICS for entry in _entries(topic)]
    assert len(entries) > 170
    for first, text in entries:
        date, _, status = first.partition(" · ")
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", date), first
        assert STATUS.fullmatch(status), first
        assert text.startswith("  **"), first


def test_what_supersedes_an_entry_exists():
    for topic in TOPICS:
        for first, _ in _entries(topic):
            status = STATUS.fullmatch(first.partition(" · ")[2])
            if status["title"]:
                successor = (FOLDER / f"{status['topic']}.md").read_text()
                assert f"**{status['title']}" in successor, first


def test_files_that_holding_entries_name_exist():
    named = [
        path
        for topic in TOPICS
        for first, text in _entries(topic)
        if " · superseded" not in first
        for path in re.findall(r"`([\w/]+/[\w/.]+\.(?:py|md|js|html|toml))`", text)
    ]
    assert len(named) > 4
    assert [path for path in named if not (BASE_DIR / path).exists()] == []
