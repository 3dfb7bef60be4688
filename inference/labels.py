"""What the networks of one page are called: as their papers write them, by more where need be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from experiments.models import Checkpoint
from models_zoo.networks.catalogue import architecture_title
from segweb.templatetags.figures import term


def _run(checkpoint: Checkpoint) -> str:
    if not checkpoint.run_id:
        return ""
    return _with_seed(_("run %(number)s") % {"number": checkpoint.run_id}, checkpoint)


def _with_seed(text: str, checkpoint: Checkpoint) -> str:
    """With the seed, where the sidecar knows it."""
    seed = checkpoint.sidecar.get("training", {}).get("seed")
    return text if seed is None else _("%(text)s, seed %(seed)s") % {"text": text, "seed": seed}


# What tells two of one architecture apart, the shortest first.
DETAILS: tuple[Callable[[Checkpoint], str], ...] = (
    lambda checkpoint: checkpoint.variant,
    lambda checkpoint: term(checkpoint.dataset.title),
    _run,
    lambda checkpoint: checkpoint.key,
)


def labels(checkpoints: Sequence[Checkpoint]) -> list[str]:
    """A name for each, no two alike: those who share an architecture are told apart by a detail."""
    titles = [architecture_title(checkpoint.architecture) for checkpoint in checkpoints]
    named = list(titles)
    for title, count in Counter(titles).items():
        if count > 1:
            places = [place for place, other in enumerate(titles) if other == title]
            for place, detail in zip(places, _details(checkpoints, places), strict=True):
                named[place] = f"{title} · {detail}"
    return named


def told_apart(checkpoints: Sequence[Checkpoint]) -> list[tuple[Checkpoint, str]]:
    """Each with what tells it from others of its architecture and variant; "" where it is alone."""
    alike = Counter((checkpoint.architecture, checkpoint.variant) for checkpoint in checkpoints)
    return [(c, _origin(c) if alike[c.architecture, c.variant] > 1 else "") for c in checkpoints]


def _origin(checkpoint: Checkpoint) -> str:
    if checkpoint.shipped:
        return _with_seed(_("shipped"), checkpoint)
    return _run(checkpoint) or checkpoint.key


def _details(checkpoints: Sequence[Checkpoint], places: list[int]) -> list[str]:
    alike = [checkpoints[place] for place in places]
    for detail in DETAILS[:-1]:
        found = [detail(checkpoint) for checkpoint in alike]
        if all(found) and len(set(found)) == len(found):
            return found
    return [checkpoint.key for checkpoint in alike]
