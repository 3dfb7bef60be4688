"""The settings of the papers: each paper's folder says its own."""

from __future__ import annotations

from typing import Any

from models_zoo.networks.catalogue import catalogue


def paper_settings(key: str) -> dict[str, Any]:
    """How the paper behind a catalogue key trains, as settings of `TrainConfig`.

    ValueError when none are known.
    """
    architecture = catalogue().get(key)
    if architecture is None or not architecture.paper.settings:
        raise ValueError(f"No recipe of a paper is known for {key!r}.")
    return dict(architecture.paper.settings)
