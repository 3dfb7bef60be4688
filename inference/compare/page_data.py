"""What the scripts of the compare page start from, as JSON: image, panes, class lists, texts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from inference.compare.panes import Pane
from inference.models import Comparison
from inference.templatetags.segmentation import architecture_title
from segweb.templatetags.figures import term

Classes = list[dict[str, Any]]


def bench_data(
    request: HttpRequest, comparison: Comparison, panes: list[Pane], *, share: str = ""
) -> dict[str, Any]:
    """Masks are compared within one class list only: panes and truth name theirs by its place."""
    lists: list[Classes] = []
    query = f"?{urlencode({'share': share})}" if share else ""
    image = comparison.image
    truth = reverse("inference-api:image-truth", args=[image.pk]) + query if image.mask else None
    return {
        "comparison": comparison.pk,
        "api": reverse("inference-api:images").removesuffix("images/"),
        "query": query,
        "token": get_token(request),
        "panes": [_pane(pane, lists) for pane in panes],
        "image": {
            "width": image.width,
            "height": image.height,
            "truth": truth,
            "list": _place(image.mask_dataset.classes, lists) if truth else None,
        },
        "lists": lists,
        "texts": _texts(),
    }


def _pane(pane: Pane, lists: list[Classes]) -> dict[str, Any]:
    checkpoint = pane.prediction.checkpoint
    return {
        "number": pane.number,
        "prediction": pane.prediction.pk,
        "title": architecture_title(checkpoint),
        "list": _place(checkpoint.classes, lists),
    }


def _place(classes: Classes, lists: list[Classes]) -> int:
    """Where a class list stands among those known, which it joins if need be."""
    titled = [
        {part: entry[part] for part in ("id", "name", "colour")} | {"title": term(entry["name"])}
        for entry in classes
    ]
    if titled not in lists:
        lists.append(titled)
    return lists.index(titled)


def _texts() -> dict[str, str]:
    """What the scripts say, in the reader's language."""
    return {
        "accuracy": _("Pixel accuracy"),
        "any": _("all shown"),
        "at": _("Pixel %(x)s, %(y)s"),
        "better": _("Better"),
        "bits": _("%(bits)s bits of vote entropy in the mean"),
        "boundary": _("Boundary IoU"),
        "changed": _("Changed"),
        "cold": _("Loading"),
        "conv": _("Convolution"),
        "costs": _("What the models cost"),
        "deconv": _("Deconvolution"),
        "ensemble": _("Ensemble"),
        "entropy": _("Where the models disagree"),
        "errors": _("Errors"),
        "errorsOf": _("Errors about “%(name)s”"),
        "false": _("false"),
        "field": _("What a pixel of %(model)s depends on"),
        "gmacs": _("Multiply-adds"),
        "little": _("little"),
        "marginal": _("Marginal value"),
        "matrix": _("Pixels that two models agree on, in percent"),
        "memory": _("Memory"),
        "missed": _("missed"),
        "model": _("Model"),
        "much": _("much"),
        "neither": _("both wrong"),
        "only": _("only %(model)s right"),
        "pair": _("Who is right"),
        "parameters": _("Parameters"),
        "pin": _("Click a pixel of the image, or press Shift and an arrow key, to see its field."),
        "pixels": _("Pixels of the image"),
        "reach": _(
            "Most of what counts lies in %(side)s × %(side)s pixels; the theoretical field is "
            "%(whole)s × %(whole)s: %(ratio)s percent of its side."
        ),
        "reachGlobal": _(
            "Most of what counts lies in %(side)s × %(side)s pixels; in theory the whole image "
            "takes part."
        ),
        "right": _("right"),
        "scatter": _("Time against mIoU on this image"),
        "scores": _("IoU in percent, the best of each row in bold"),
        "swap": _("%(a)s says %(a_class)s, %(b)s says %(b_class)s"),
        "truly": _("In truth: %(name)s"),
        "unpool": _("Unpooling"),
        "void": _("void"),
        "warm": _("Time"),
        "weight": _("Weight"),
        "worse": _("Worse"),
        "wrong": _("wrong"),
    }
