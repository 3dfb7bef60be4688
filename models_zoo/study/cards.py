"""Model cards of the shipped checkpoints, written from their sidecars and stories. Torch-free.

`python -m models_zoo cards` writes docs/zoo.md; a test compares the file with this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models_zoo.checkpoints.shipped import CheckpointFiles, shipped
from models_zoo.networks.catalogue import catalogue, place
from models_zoo.networks.paper import Architecture
from models_zoo.study.stories import story_read

PATH = Path(__file__).parents[2] / "docs" / "zoo.md"
HEAD = """# The zoo: model cards

The checkpoints that come with SegWeb, in the order of the lineage. Written by
`python -m models_zoo cards` from the sidecars beside the weights; nothing here is typed in. Scores
are fractions, computed in fp32 from the shipped file; compare only those with the same data, split
and resolution. `python -m models_zoo evaluate --checkpoint KEY --data DATA --split SPLIT` gives
them again.
"""
MISSING = """## Not trained yet

Two things are short: processor time, of which a training should take half an hour to an hour on one
core, and room, since all that is shipped may take 52 MB. One network of each paper comes first.
`make train-zoo` trains what is missing. Minutes are those of one core.

| network | not on | why |
|---|---|---|
"""
_VARIATION = "A variation of a network that is shipped, for when there is room."
FITS = {
    "camvid": "Photographs of streets, seen from a car. Elsewhere it guesses.",
    "scenes": "Scenes that SegWeb draws, such as its samples. Not for photographs.",
}


def cards_text(zoo: list[CheckpointFiles] | None = None) -> str:
    """The whole document."""
    every = shipped() if zoo is None else zoo
    every = sorted(every, key=lambda item: (item.slug, place(item.architecture)))
    parts = [HEAD]
    for slug in dict.fromkeys(item.slug for item in every):
        of_dataset = [i.sidecar for i in every if i.sidecar["dataset"]["slug"] == slug]
        parts.append(_section(slug, of_dataset))
    missing = [row for line in catalogue().values() if (row := _missing(line, every))]
    if missing:
        parts.append(MISSING + "\n".join([*missing, ""]))
    return "\n".join(parts)


def _missing(line: Architecture, zoo: list[CheckpointFiles]) -> str:
    """A row that says on which data a network was not trained, and why; empty when on all."""
    trained = {item.slug for item in zoo if item.architecture == line.key}
    lacks = [slug for slug in FITS if slug not in trained]
    why = line.recipe.unshipped or _VARIATION
    return f"| `{line.key}` | {', '.join(lacks)} | {why} |" if lacks else ""


def _section(slug: str, sidecars: list[dict[str, Any]]) -> str:
    dataset = sidecars[0]["dataset"]
    measured = story_read(slug) or {"entries": []}
    by_sha256 = {entry["sha256"]: entry for entry in measured["entries"]}
    lines = [f"## {dataset['title']}", "", f"Licence: {dataset['licence']}. {dataset['source']}."]
    lines += [FITS[slug], ""] if slug in FITS else [""]
    lines += ["| | parameters | multiply-adds | mIoU | boundary F1 |", "|---|---|---|---|---|"]
    for sidecar in sidecars:
        first = sidecar["scores"][0]
        lines.append(
            f"| [{sidecar['key']}](#{sidecar['key']}) | {sidecar['parameters']:,} "
            f"| {sidecar['gmacs']:.1f} G | {_fraction(first['miou'])} ({first['split']}) "
            f"| {_fraction(first.get('boundary_f1'))} |"
        )
    cards = [_card(sidecar, by_sha256.get(sidecar["sha256"]), measured) for sidecar in sidecars]
    return "\n".join([*lines, "", *cards])


def _card(sidecar: dict[str, Any], entry: dict[str, Any] | None, measured: dict[str, Any]) -> str:
    known = catalogue().get(sidecar["architecture"])
    height, width = sidecar["input_size"]
    rows = [
        (
            "Architecture",
            f"{known.title} ({known.paper.title}, {known.paper.year})" if known else "unknown",
        ),
        ("Variant", sidecar["variant"] + _options(sidecar["options"])),
        ("Input", f"{width} × {height} pixels, {len(sidecar['classes'])} classes"),
        ("Parameters", f"{sidecar['parameters']:,}"),
        ("Multiply-adds", f"{sidecar['gmacs']:.1f} G at {width} × {height}"),
        ("Time", _time(entry, measured)),
        ("File", f"{sidecar['bytes'] / 1e6:.1f} MB, sha256 `{sidecar['sha256'][:16]}…`"),
        ("Trained", _trained(sidecar)),
        *[(f"Scores on {score['split']}", _scores(score)) for score in _all_scores(sidecar, entry)],
        ("Made by", f"`{sidecar['command']}`"),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"### {sidecar['key']}\n\n| | |\n|---|---|\n{table}\n"


def _options(options: dict[str, Any]) -> str:
    return f", {', '.join(f'{name}={value!r}' for name, value in options.items())}" * bool(options)


def _time(entry: dict[str, Any] | None, measured: dict[str, Any]) -> str:
    if entry is None:
        return "not measured"
    if entry["milliseconds"] is None:  # shipped since the others were timed
        return f"not timed; {entry['memory_bytes'] / 1e6:.0f} MB"
    machine, (height, width) = measured["machine"], measured["size"]
    return (
        f"{entry['milliseconds']:.0f} ms a forward pass at {width} × {height} in fp32 "
        f"({machine['device']}, {machine['threads']} threads, load {machine['load']}); "
        f"{entry['memory_bytes'] / 1e6:.0f} MB"
    )


def _trained(sidecar: dict[str, Any]) -> str:
    training = sidecar["training"]
    start = "pretrained backbone" if training.get("pretrained") else "from scratch"
    taught = f", taught by {sidecar['teacher']['key']}" if "teacher" in sidecar else ""
    passes = f" of {training['passes']} passes" if training.get("passes", 1) > 1 else ""
    epochs = f"{training['epochs']} epochs{passes}, best {training['best_epoch']}"
    return f"{start}{taught}, {epochs}, seed {training['seed']}; {sidecar['created'][:10]}"


def _all_scores(sidecar: dict[str, Any], entry: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The sidecar's, and the story's where that is of another split."""
    scores = list(sidecar["scores"])
    if entry and entry["scores"]["split"] not in {score["split"] for score in scores}:
        scores.append(entry["scores"])
    return scores


def _scores(score: dict[str, Any]) -> str:
    names = {"miou": "mIoU", "pixel_accuracy": "pixel accuracy"}
    names |= {"boundary_iou": "boundary IoU", "boundary_f1": "boundary F1"}
    values = [f"{title} {_fraction(score[name])}" for name, title in names.items() if name in score]
    passport = score["passport"]
    how = (
        f"{score['images']} images, {passport['resolution']} resolution, {passport['precision']}, "
        f"split `{passport['split_hash']}`"
    )
    return f"{', '.join(values)} ({how})"


def _fraction(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
