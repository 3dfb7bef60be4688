"""Filters that show checkpoints, predictions and figures in the field's terms."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template import Context
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from experiments.models import Checkpoint, Dataset, Evaluation
from experiments.scores.costs import Cost
from experiments.templatetags.tracking import passport_facts
from inference.images.classes import HOMONYMS
from inference.images.renditions import LONGEST
from inference.images.samples import FAILURES, sample_images
from inference.labels import labels, told_apart
from inference.models import Comparison, Image, Prediction
from models_zoo import Architecture
from models_zoo.data.known import KNOWN
from models_zoo.data.labelling.export import EXPORTS, Export
from models_zoo.metrics.table import IMAGE_SCORES, Metric
from models_zoo.networks.catalogue import known
from segweb.jobs import State
from segweb.templatetags.figures import duration, iou, millions, term

register = template.Library()
register.filter(told_apart)
register.filter(passport_facts)
# A photo of 1024×768 is 1.5 MB as PNG, more than twelve masks.
LARGEST_FILE = 2**19  # bytes of an image that are sent to be looked at


@register.simple_tag(takes_context=True)
def kept_how_long(context: Context) -> str:
    """What a visitor has to know of what is kept; "" where it is kept until it is deleted."""
    days = settings.VISITOR_DAYS
    if not days or context["request"].user.is_authenticated:
        return ""
    sentence = ngettext(
        "What visitors send is deleted after %(days)s day, with all that was made of it.",
        "What visitors send is deleted after %(days)s days, with all that was made of it.",
        days,
    )
    return sentence % {"days": days}


@register.filter
def architecture(checkpoint: Checkpoint) -> Architecture | None:
    """The catalogue's line about the checkpoint's architecture; None when it has none."""
    return known().get(checkpoint.architecture)


@register.filter
def architecture_title(checkpoint: Checkpoint) -> str:
    """The architecture's name as its paper writes it."""
    line = architecture(checkpoint)
    return line.title if line else checkpoint.architecture


@register.filter
def class_name(english: str) -> str:
    """The name of a class in the reader's language."""
    return str(HOMONYMS.get(english) or term(english))


@register.filter
def with_licence(dataset: Dataset) -> str:
    """The data set's title and, where it is known, its licence."""
    title = term(dataset.title)
    known = dataset.licence and dataset.licence != "unknown"
    return f"{title} ({term(dataset.licence)})" if known else title


@register.filter
def description(dataset: Dataset) -> str:
    """What a model trained on this data set has seen; "" where nobody has said."""
    return term(KNOWN[dataset.slug].shows) if dataset.slug in KNOWN else ""


@register.filter
def fits(dataset: Dataset) -> str:
    """Which images a model trained on this data set is for; "" where nobody has said."""
    return term(KNOWN[dataset.slug].fits) if dataset.slug in KNOWN else ""


@register.simple_tag
def model_figures(checkpoint: Checkpoint, costs: dict[int, Cost]) -> str:
    """What a model is chosen by: its size, its score, and what an image takes it on this site."""
    size = _("%(millions)s parameters") % {"millions": millions(checkpoint.parameters)}
    figures = [size]
    if checkpoint.miou is not None:
        figures.append(f"{iou(checkpoint.miou)} mIoU")
    height, width = checkpoint.sidecar.get("input_size") or (0, 0)
    cost = costs.get(checkpoint.pk)
    if cost and cost.milliseconds and height:
        figures.append(duration(cost.milliseconds * height * width / 1e6))
    return " · ".join(figures)


@register.filter
def failure_title(failure: str) -> str:
    """What a kind of failure is called."""
    return _(FAILURES[failure])


@register.simple_tag
def labelling_tools() -> dict[str, Export]:
    """The tools that a mask can be taken to, by the name of their format."""
    return EXPORTS


@register.simple_tag
def image_scores() -> tuple[Metric, ...]:
    """The fractions that a mask is scored by against its image's truth."""
    return IMAGE_SCORES


@register.filter
def class_rows(checkpoint: Checkpoint, evaluation: Evaluation) -> SafeString:
    """The rows of a table: each class, and its IoU as a bar and in percent."""
    scores, language = evaluation.scores["per_class_iou"], get_language()
    rows = (
        _class_row(entry["name"], entry["colour"], value, language)
        for entry, value in zip(checkpoint.classes, scores, strict=False)
    )
    return mark_safe("\n".join(rows))  # noqa: S308  # each is


# Not by a template, and kept: a page of the models has five hundred of them.
@lru_cache(maxsize=4096)
def _class_row(name: str, colour: str, value: float | None, language: str | None) -> SafeString:
    """`value` is None where the split has no such class; the language is the reader's."""
    return format_html(
        '<tr><th scope="row">{}</th><td class="bar-cell"><svg viewBox="0 0 1 1"'
        ' preserveAspectRatio="none" aria-hidden="true"><rect width="{}" height="1" fill="{}"/>'
        '</svg></td><td class="number">{}</td></tr>',
        class_name(name),
        value or 0,
        colour,
        iou(value),
    )


@register.filter
def shrunk(prediction: Prediction) -> bool:
    """Whether the network saw fewer pixels than the image has."""
    return prediction.shrunk


@register.filter
def ended(comparison: Comparison) -> bool:
    """Whether nothing more will arrive."""
    return comparison.ended


@register.filter
def masks_arrived(comparison: Comparison) -> int:
    """How many of the masks are there."""
    return sum(prediction.state == State.DONE for prediction in comparison.predictions.all())


@register.filter
def masks_failed(comparison: Comparison) -> int:
    """How many of the masks will never be there."""
    ended = [prediction for prediction in comparison.predictions.all() if prediction.ended]
    return sum(prediction.state != State.DONE for prediction in ended)


@register.filter
def model_titles(comparison: Comparison) -> str:
    """The networks of a comparison in a row."""
    return ", ".join(labels([p.checkpoint for p in comparison.predictions.all()]))


@register.filter
def image_title(image: Image) -> str:
    """What an image is called: by its uploader, or the sample's title in the reader's language."""
    # Files have an ending, and samples none.
    titles = {sample.name: sample.title for sample in sample_images()}
    return term(titles.get(image.name, "")) or image.name or _("Image")


@register.filter
def labelled(comparison: Comparison) -> list[tuple[str, Prediction]]:
    """The predictions of a comparison, each with the name of its network."""
    rows = comparison.predictions.all()
    return list(zip(labels([row.checkpoint for row in rows]), rows, strict=True))


@register.filter
def best_scored(comparison: Comparison) -> tuple[str, float] | None:
    """The network with the highest mIoU (a fraction) on the true mask; None without a score."""
    rows = labelled(comparison)
    scored = [(name, row.scores["miou"]) for name, row in rows if (row.scores or {}).get("miou")]
    return max(scored, key=lambda pair: pair[1], default=None)


@register.filter
def stem(name: str) -> str:
    """A file name without its ending, "image" where there is none."""
    return name.rpartition(".")[0] or name or "image"


@register.simple_tag(takes_context=True)
def mask_url(context: Context, prediction: Prediction, **query: str) -> str:
    """Where the mask is served, for this page's reader; `as="overlay"` and the like choose how."""
    return _url(context, "inference-api:prediction-mask", prediction.pk, **query)


@register.simple_tag(takes_context=True)
def photo_url(context: Context, image: Image) -> str:
    """Where the image is served to be looked at: itself, or a JPEG where that is large."""
    if image.file.size <= LARGEST_FILE and max(image.width, image.height) <= LONGEST["view"]:
        return _url(context, "inference-api:image-file", image.pk)
    return _url(context, "inference:rendition", image.pk, "view")


@register.simple_tag(takes_context=True)
def standing(context: Context, number: int) -> Any:
    """Where a pane stands by its score; None without one."""
    return context["standings"].get(number)


@register.simple_tag(takes_context=True)
def shared_url(context: Context, view: str, *args: object, **query: str) -> str:
    """An address that whoever came by the share link may follow too."""
    return _url(context, view, *args, **query)


@register.simple_tag(takes_context=True)
def masks_url(context: Context, comparison: Comparison) -> str:
    """Where all masks are served in one file."""
    return _url(context, "inference-api:comparison-masks", comparison.pk)


@register.simple_tag(takes_context=True)
def answer_url(context: Context, comparison: Comparison) -> str:
    """Where the page asks what is to be said of all masks together."""
    return _url(context, "inference:answer", comparison.pk)


@register.simple_tag(takes_context=True)
def pane_url(context: Context, pane: Any) -> str:
    """Where the pane asks for itself once it looks different."""
    comparison = pane.prediction.comparison_id
    return _url(context, "inference:pane", comparison, pane.number, seen=pane.look)


def _url(context: Context, view: str, *args: object, **query: str) -> str:
    """An address that carries the share link's token where the page was reached by one."""
    share = context.get("share")
    return reverse(view, args=args, query=query | ({"share": share} if share else {}))
