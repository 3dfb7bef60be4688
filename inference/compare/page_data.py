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
from segweb.templatetags.figures import term

Classes = list[dict[str, Any]]


def page_data(
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
        "user": request.user.is_authenticated,
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
        "title": pane.label,
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
    """What the scripts say in the reader's language, beside what panels say for themselves."""
    # Those of maps and of refusals stand here, since a map is shown without any panel too.
    return {
        "ensemble": _("Ensemble"),
        "entropy": _("Where the models disagree"),
        "errors": _("Errors"),
        "errorsOf": _("Errors about “{name}”"),
        "false": _("false"),
        "field": _("What a pixel of {model} depends on"),
        "little": _("little"),
        "missed": _("missed"),
        "offline": _("The server does not answer. Nothing is lost: try again in a moment."),
        "signedOut": _("You may no longer see this. If you were signed out, sign in again."),
        "much": _("much"),
        "neither": _("both wrong"),
        "only": _("only {model} right"),
        "pair": _("Who is right"),
        "right": _("right"),
        "swap": _("{a} says {a_class}, {b} says {b_class}"),
        "wrong": _("wrong"),
    }
