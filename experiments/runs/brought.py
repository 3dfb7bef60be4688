"""The files that a script gave its run, as its page shows them: pictures by step, then the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from experiments.models import Artifact, Run

# What is shown in place; all else is a download, since it may be a page with scripts.
PICTURES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
}
MOST_SHOWN, MOST_LISTED = 200, 200  # pictures under one name, and files
# As MLflow's clients name what `log_image` gives: by "+" since version 3, by "%" before.
_LOGGED = re.compile(r"images/(?P<name>.+?)[+%]step[+%](?P<step>-?\d+)[+%]timestamp[+%]\d+[+%].*")
_NUMBERED = re.compile(r"(?P<name>.*?)[-_/ ]*(?P<step>\d{1,18})\.\w+")  # confusion/epoch_3.png
_SMALLER = "compressed.webp"  # the same picture once more


@dataclass
class Pictures:
    """Pictures of one name, by step; a step is None where there is none."""

    name: str
    shots: list[tuple[int | None, str]] = field(default_factory=list)

    @property
    def shown(self) -> list[tuple[int | None, str]]:
        """The last ones."""
        return self.shots[-MOST_SHOWN:]


def picture_kind(path: str) -> str:
    """The type of a picture that browsers show; "" for everything else."""
    return PICTURES.get(path.rpartition(".")[2].lower(), "")


def run_brought(run: Run) -> dict[str, Any]:
    """Pictures by name and step, and the other files; how many there are beyond those listed."""
    pictures: dict[str, Pictures] = {}
    files: list[Artifact] = []
    for artifact in Artifact.objects.filter(run=run):
        path = artifact.path
        if not picture_kind(path):
            files.append(artifact)
        elif not path.endswith(_SMALLER):
            found = _LOGGED.fullmatch(path) or _NUMBERED.fullmatch(path)
            name, step = (found["name"], int(found["step"])) if found else (path, None)
            name = name.replace("#", "/") or path  # which stands for the slash of a key
            pictures.setdefault(name, Pictures(name)).shots.append((step, path))
    for one in pictures.values():
        one.shots.sort(key=lambda shot: (shot[0] or 0, shot[1]))
    more = max(0, len(files) - MOST_LISTED)
    return {"pictures": list(pictures.values()), "files": files[:MOST_LISTED], "more_files": more}
