"""What is to be known of a network from elsewhere: asked for, or read from its own metadata.

Metadata are texts by name, as ONNX and safetensors keep them: `classes` (JSON: the list that
classes.json has, or all of such a file), `mean`, `std`, `order`, `input_size` as on the command
line. `export` writes them.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.published import published_keys, published_sidecar
from models_zoo.checkpoints.shipped import shipped
from models_zoo.data.classes import Classes
from models_zoo.data.description import Description, description_of, description_read
from models_zoo.data.formats.folder import slug_of
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.networks.catalogue import known
from models_zoo.translation import gettext_noop as _

ORDERS = ("RGB", "BGR")
NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
LONGEST_SIDE = 4096
TERMS = ("slug", "title", "licence", "source")


@dataclass(frozen=True)
class Asked:
    """How a network from elsewhere is called, what it tells apart, and what it expects.

    `mean` and `std` are of RGB from 0 to 1, whatever the file's order; `input_size` is a height
    and width, None where nobody said.
    """

    name: str
    classes: Classes
    ignore_index: int | None
    dataset: dict[str, str]
    mean: list[float]
    std: list[float]
    order: str
    input_size: tuple[int, int] | None


def asked_of(options: Mapping[str, str | None], metadata: Mapping[str, str], file: Path) -> Asked:
    """What is known of `file`: `options` first, then its metadata. ValueError says what lacks."""

    def told(name: str) -> str:
        return options.get(name) or metadata.get(name) or ""

    described = _described(told("classes"), given=bool(options.get("classes")))
    order = (told("order") or "RGB").upper()
    if order not in ORDERS:
        raise ValueError(_(f"The order of channels is RGB or BGR, not {order!r}."))
    mean, std = (_figures(name, told(name)) for name in ("mean", "std"))
    if max(mean + std) > 1:
        # Of pixels from 0 to 255: the same figures of 0 to 1.
        mean, std = ([value / 255 for value in figures] for figures in (mean, std))
    if min(std) <= 0:
        raise ValueError(_("std should be above 0."))
    if order == "BGR":  # as the file counts them
        mean, std = mean[::-1], std[::-1]
    title = described.title or described.slug or "classes of its own"
    terms = {"title": title, "licence": described.licence, "source": described.source}
    name = name_of(told("name"), file)
    return Asked(
        name=name,
        classes=described.classes,
        ignore_index=described.ignore_index,
        dataset={"slug": described.slug or name, **terms},
        mean=mean,
        std=std,
        order=order,
        input_size=_input_size(told("input_size")),
    )


def name_of(name: str, file: Path) -> str:
    """What the network is called. ValueError where it would pass for one of the catalogue's."""
    name = name or re.sub(r"[^a-z0-9]+", "_", file.stem.lower()).strip("_")[:40].strip("_")
    if not NAME.fullmatch(name):
        raise ValueError(_(f"{name!r} is no name: take up to 40 of a-z, 0-9 and _."))
    if name in known():
        raise ValueError(_(f"{name} is a network of the catalogue; give this one another name."))
    return name


def class_lists() -> dict[str, Description]:
    """The class lists of the data sets that checkpoints ship for, by slug."""
    sidecars = [item.sidecar for item in shipped()]
    sidecars += [published_sidecar(key) for key in published_keys()]
    lists: dict[str, dict[str, Any]] = {}
    for sidecar in sidecars:
        terms = {term: sidecar["dataset"].get(term, "") for term in TERMS}
        content = {"classes": sidecar["classes"], "ignore_index": sidecar["ignore_index"]} | terms
        lists.setdefault(terms["slug"], content)
    return {slug: description_of(content, Path(slug)) for slug, content in lists.items()}


def _described(classes: str, *, given: bool) -> Description:
    if not classes:
        raise ValueError(
            _(
                "Say what the classes are: a data set's "
                f'({", ".join(class_lists())}), or a JSON file {{"classes": ["road", …]}}.'
            )
        )
    if given and classes in (lists := class_lists()):
        return lists[classes]
    if given and not classes.lstrip().startswith(("[", "{")):
        described = description_read(Path(classes))
    else:
        try:
            content = json.loads(classes)
        except (ValueError, RecursionError) as fault:
            raise ValueError(_("The classes are no JSON.")) from fault
        content = {"classes": content} if isinstance(content, list) else content
        described = description_of(content, Path("classes"))
    if described.slug and slug_of(described.slug) != described.slug:
        raise ValueError(_(f"{described.slug!r} is no slug: take up to 50 of a-z, 0-9 and _."))
    return described


def _figures(name: str, told: str) -> list[float]:
    """Three figures as in "0.485,0.456,0.406"; one counts for all channels."""
    if not told:
        mean = name == "mean"
        usual, plain = ",".join(map(str, IMAGENET_MEAN if mean else IMAGENET_STD)), int(not mean)
        raise ValueError(
            _(
                f"Say the {name} that pixels are normalised by; ImageNet's is {usual}, and what "
                f"takes pixels from 0 to 1 as they are has {plain}."
            )
        )
    try:
        figures = [float(part) for part in told.strip("[]() ").split(",")]
    except ValueError:
        figures = []
    if len(figures) == 1:
        figures *= 3
    if len(figures) != 3 or not all(math.isfinite(value) for value in figures):
        raise ValueError(
            _(f"{name} should be three figures, as in 0.485,0.456,0.406; not {told!r}.")
        )
    return figures


def _input_size(told: str) -> tuple[int, int] | None:
    if not told:
        return None
    parts = told.strip("[]() ").replace("x", ",").split(",")
    sides = [int(part) for part in parts if part.strip().isdecimal()]
    if len(sides) == len(parts) == 2 and min(sides) >= 1 and max(sides) <= LONGEST_SIDE:
        return sides[0], sides[1]
    raise ValueError(_(f"The input size is height,width, as in 512,1024; not {told!r}."))
