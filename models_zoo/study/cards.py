"""Model cards of the shipped checkpoints, written from their sidecars and stories. Torch-free.

`python -m models_zoo cards` writes docs/zoo.md; a test compares the file with this.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from models_zoo.checkpoints.shipped import CheckpointFiles, shipped
from models_zoo.data.known import KNOWN, TRAINED
from models_zoo.metrics.table import SCORES
from models_zoo.networks.catalogue import catalogue, place
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


def cards_text(zoo: list[CheckpointFiles] | None = None) -> str:
    """The whole document."""
    every = shipped() if zoo is None else zoo
    every = sorted(every, key=lambda item: (item.slug, place(item.architecture)))
    parts = [HEAD]
    for slug in dict.fromkeys(item.slug for item in every):
        sidecars = [item.sidecar for item in every if item.slug == slug]
        dataset = sidecars[0]["dataset"]
        measured = story_read(slug) or {"entries": []}
        by_sha256 = {entry["sha256"]: entry for entry in measured["entries"]}
        lines = [f"## {dataset['title']}", ""]
        lines += [f"Licence: {dataset['licence']}. {dataset['source']}."]
        known = KNOWN.get(slug)
        lines += [f"{known.shows} {known.fits}", ""] if known else [""]
        lines += ["| | parameters | multiply-adds | mIoU | boundary F1 |", "|---|---|---|---|---|"]
        for sidecar in sidecars:
            first = sidecar["scores"][0]
            lines.append(
                f"| [{sidecar['key']}](#{sidecar['key']}) | {sidecar['parameters']:,} "
                f"| {sidecar['gmacs']:.1f} G | {_fraction(first['miou'])} ({first['split']}) "
                f"| {_fraction(first.get('boundary_f1'))} |"
            )
        cards = [_card(sidecar, by_sha256.get(sidecar["sha256"]), measured) for sidecar in sidecars]
        parts.append("\n".join([*lines, "", *cards]))
    rows = []
    for line in catalogue().values():
        trained = {item.slug for item in every if item.architecture == line.key}
        if lacks := [slug for slug in sorted(TRAINED) if slug not in trained]:
            why = line.recipe.unshipped or _VARIATION
            rows.append(f"| `{line.key}` | {', '.join(lacks)} | {why} |")
    if rows:
        parts.append(MISSING + "\n".join([*rows, ""]))
    return "\n".join(parts)


def _card(sidecar: dict[str, Any], entry: dict[str, Any] | None, measured: dict[str, Any]) -> str:
    architecture = catalogue().get(sidecar["architecture"])
    height, width = sidecar["input_size"]
    titled = "unknown"
    if architecture:
        paper = architecture.paper
        titled = f"{architecture.title} ({paper.title}, {paper.year})"
    chosen = "".join(f", {name}={value!r}" for name, value in sidecar["options"].items())
    training = sidecar["training"]
    start = "pretrained backbone" if training.get("pretrained") else "from scratch"
    taught = f", taught by {sidecar['teacher']['key']}" if "teacher" in sidecar else ""
    passes = f" of {training['passes']} passes" if training.get("passes", 1) > 1 else ""
    epochs = f"{training['epochs']} epochs{passes}, best {training['best_epoch']}"
    made = f"seed {training['seed']}; {sidecar['created'][:10]}"
    scores = list(sidecar["scores"])
    # The story's too, where that is of another split.
    if entry and entry["scores"]["split"] not in {score["split"] for score in scores}:
        scores.append(entry["scores"])
    rows = [
        ("Architecture", titled),
        ("Variant", sidecar["variant"] + chosen),
        ("Input", f"{width} × {height} pixels, {len(sidecar['classes'])} classes"),
        ("Parameters", f"{sidecar['parameters']:,}"),
        ("Multiply-adds", f"{sidecar['gmacs']:.1f} G at {width} × {height}"),
        ("Time", _time(entry, measured)),
        ("File", f"{sidecar['bytes'] / 1e6:.1f} MB, sha256 `{sidecar['sha256'][:16]}…`"),
        ("Trained", f"{start}{taught}, {epochs}, {made}"),
    ]
    for score in scores:
        known_scores = [metric for metric in SCORES.values() if metric.name in score]
        # Inside a sentence: "boundary F1", "mIoU".
        values = [
            f"{metric.title[0].lower()}{metric.title[1:]} {_fraction(score[metric.name])}"
            for metric in known_scores
        ]
        passport = score["passport"]
        how = (
            f"{score['images']} images, {passport['resolution']} resolution, "
            f"{passport['precision']}, split `{passport['split_hash']}`"
        )
        rows.append((f"Scores on {score['split']}", f"{', '.join(values)} ({how})"))
    rows.append(("Made by", f"`{sidecar['command']}`"))
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"### {sidecar['key']}\n\n| | |\n|---|---|\n{table}\n"


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


def _fraction(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
