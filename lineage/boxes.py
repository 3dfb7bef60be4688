"""The boxes of a drawn data path: the words in them and how they are set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

THIN, LINE = 19, 12
LETTERS = 27  # a line of the narrowest box
JOINS = ("sum", "product", "concat", "mean")
PARTS = {
    "image": gettext_noop("image"),
    "logits": gettext_noop("logits"),
    "conv": gettext_noop("conv"),
    "deconv": gettext_noop("transposed conv"),
    "max pool": gettext_noop("max pool"),
    "average pool": gettext_noop("average pool"),
    "global pool": gettext_noop("global pool"),
    "unpool": gettext_noop("unpool"),
    "upsample": gettext_noop("upsample"),
    "sum": gettext_noop("sum"),
    "mean": gettext_noop("mean"),
    "product": gettext_noop("product"),
    "concat": gettext_noop("concat"),
}
SMALL = (*JOINS, "max pool", "average pool", "unpool", "upsample", "image", "logits")


@dataclass
class Box:
    """One block: where it is drawn, and the lines in it. `kind` is a CSS class."""

    block: dict[str, Any]
    kind: str
    lines: list[str]
    shape: str
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0

    @property
    def thin(self) -> bool:
        """Whether text and shape share one line."""
        return self.kind != "branch" and len(self.lines) == 1 and self.height == THIN

    @property
    def sentence(self) -> str:
        """All that it does, in words."""
        return "; ".join(_sentence(part) for part in self.block["parts"])

    @property
    def middle(self) -> int:
        return self.x + self.width // 2

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def centre(self) -> int:
        return self.y + self.height // 2

    @property
    def texts(self) -> list[tuple[int, int, str, str]]:
        """x, y, CSS class and words of each line of text."""
        if self.thin:
            y = self.centre + 3
            return [
                (self.x + 6, y, "what", self.lines[0]),
                (self.x + self.width - 6, y, "shape end", self.shape),
            ]
        if self.kind == "branch":
            words = [("what", line) for line in self.lines]
            # A branch is too narrow for channels, height and width in one line.
            words += [("shape", part) for part in self.shape.split(" × ", 1)]
        else:
            words = [("what", line) for line in self.lines] + [("shape", self.shape)]
        return [
            (self.middle, self.y + 12 + LINE * number, f"{kind} mid", word)
            for number, (kind, word) in enumerate(words)
        ]


def box_of(block: dict[str, Any], *, branch: bool) -> Box:
    """The box of a block, without a place; a branch has less room for words."""
    parts = block["parts"]
    kind = parts[0]["op"].replace(" ", "-")
    if any("rates" in part for part in parts):
        kind = f"{kind} dilated"
    shape = " × ".join(map(str, block["shape"]))
    if branch:
        lines = [line for part in parts for line in _short(part)]
        return Box(block, "branch", lines, shape, height=LINE * (len(lines) + 2) + 6)
    sentences = [_sentence(part) for part in parts]
    lines = [
        line
        for sentence in sentences
        for line in (sentence.split(", ", 1) if len(sentence) > LETTERS else [sentence])
    ]
    thin = len(parts) == 1 and parts[0]["op"] in SMALL
    height = THIN if thin else LINE * (len(lines) + 1) + 7
    return Box(block, kind, lines, shape, height=height)


def _sentence(part: dict[str, Any]) -> str:
    words = [_(PARTS.get(part["op"], part["op"]))]
    if part.get("kernel"):
        words.append(f"{part['kernel']}×{part['kernel']}")
    if part["op"] == "global pool":
        words.append(f"→ {part['bins']}×{part['bins']}")
    if part.get("factor"):
        words.append(f"×{part['factor']}")
    text = " ".join(words)
    if part.get("times", 1) > 1:
        text = f"{part['times']} × {text}"
    if "convs" in part and part["times"] == 1:
        text = _("%(block)s of %(count)s conv") % {"block": text, "count": part["convs"]}
    if "rates" in part:
        rates = ", ".join(map(str, part["rates"]))
        text = _("%(layers)s, rate %(rates)s") % {"layers": text, "rates": rates}
    return text


def _short(part: dict[str, Any]) -> list[str]:
    """A part in the few letters that a branch has room for."""
    if part["op"] in ("conv", "deconv"):
        text = f"{part['kernel']}×{part['kernel']}"
        times = part.get("times", 1)
        lines = [f"{times} × {text}" if times > 1 else text]
        if "rates" in part:
            lines.append(_("rate %(rate)s") % {"rate": part["rates"][0]})
        return lines
    if part["op"] == "global pool":
        return [_("pool"), f"{part['bins']}×{part['bins']}"]
    return [_sentence(part)]
