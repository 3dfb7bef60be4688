"""The compare pages: upload, comparison, share link, models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from experiments.access import may_launch, may_manage
from experiments.models import Checkpoint
from inference import access
from inference.compare import services
from inference.compare.answer import comparison_answer, standings
from inference.compare.class_table import class_tables
from inference.compare.forms import TruthForm, UploadForm
from inference.compare.page_data import page_data
from inference.compare.panes import Pane, comparison_panes, pane_of
from inference.comparisons import comparison_create
from inference.forms import ModelsForm
from inference.images.samples import samples_by_failure
from inference.images.services import image_create, image_from_sample, images_release
from inference.images.truths import truth_fits
from inference.images.uploads import takes_files, upload_digest
from inference.models import Comparison, Image
from inference.pace import check_pace, told_when
from segweb.http.idempotency import id_under, made_under
from segweb.jobs import ENDED, State

RECENT = 8
PANES_MAX = 1000  # no database takes an offset of 5,000 digits


def image_bytes_max() -> int:
    """How many bytes an image and its true mask may have."""
    return 2 * settings.UPLOAD_MAX_BYTES


@takes_files(image_bytes_max)
def home(request: HttpRequest) -> HttpResponse:
    """The first page: the upload form; a good upload leads to its comparison at once."""
    posted = request.method == "POST"
    if posted and not access.may_compare(request):
        return redirect_to_login(request.path)
    chosen = request.GET.getlist("model") or None  # from a score, straight to one's own image
    sent = (request.POST, request.FILES) if posted else ()
    form = UploadForm(*sent, reader=request.user, chosen=None if posted else chosen)
    if posted and form.is_valid():
        try:
            return _go_to(request, _comparison_start(request, form.cleaned_data))
        except ValidationError as refusal:
            form.add_error(None, refusal)
    context = {
        "form": form,
        "samples": samples_by_failure().items(),
        # Without those of batches: one of fifty images would push everything else out.
        "recent": access.comparisons_own(request).filter(batch=None)[:RECENT],
        "max_bytes": settings.UPLOAD_MAX_BYTES,
    }
    template = "inference/compare/_upload.html" if request.htmx else "inference/compare/home.html"
    return told_when(render(request, template, context, status=422 if posted else 200), form)


def _comparison_start(request: HttpRequest, data: dict[str, Any]) -> Comparison:
    # Before anything is decoded or stored.
    check_pace(request)
    made_by = access.maker(request, create=True)
    asked = {name: data[name] for name in ("models", "scale")}
    pk = id_under(
        caller=request.user.pk,
        key=data["once"],
        request={
            "sample": data["sample"],
            "file": data["sample"] or upload_digest(data["file"]),
            "mask": data["mask"] and [upload_digest(data["mask"]), data["mask_dataset"].pk],
        },
    )

    def stored() -> Image:
        if data["sample"]:
            return image_from_sample(name=data["sample"], pk=pk, **made_by)
        truth = {name: data[name] for name in ("mask", "mask_dataset")} if data["mask"] else {}
        return image_create(file=data["file"], pk=pk, **truth, **made_by)

    image = made_under(Image, pk, stored)
    # Two clicks of somebody new are two visitors' until the first answer comes.
    made_by["visitor"] = access.visitor_become(request, image.visitor)
    try:
        return comparison_create(image=image, idempotency_key=data["once"], **asked, **made_by)
    except ValidationError:  # too much waits: an image that nobody sees would only fill the disk
        images_release(pks=[image.pk], released=image)
        raise


def _go_to(request: HttpRequest, comparison: Comparison) -> HttpResponse:
    address = reverse("inference:comparison", args=[comparison.pk])
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)


@require_safe
def comparison(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The compare page of someone who may see the comparison by its id."""
    comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
    own = access.comparisons_own(request).filter(pk=pk).exists()
    # By the link of its batch, too, whose page leads here.
    share = "" if own else request.GET.get("share", "")
    return _comparison_page(request, comparison, own=own, share=share)


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The compare page behind a share link, read-only."""
    comparison = get_object_or_404(access.comparisons_shared(token))
    return _comparison_page(request, comparison, share=token)


def _comparison_page(
    request: HttpRequest, comparison: Comparison, *, own: bool = False, share: str = ""
) -> HttpResponse:
    panes, token = comparison_panes(comparison), comparison.share_token
    share_path = reverse("inference:shared", args=[token]) if token else ""
    context = {
        **_told(comparison, panes),
        "page_data": page_data(request, comparison, panes, share=share),
        "own": own,
        # An image is its maker's, whoever compares it.
        "truth_form": own
        and not comparison.image.mask
        and access.images_own(request).filter(pk=comparison.image_id).exists()
        and TruthForm(),
        "share": share,
        "share_url": request.build_absolute_uri(share_path),
        "form": ModelsForm(
            reader=request.user, chosen=[pane.prediction.checkpoint.key for pane in panes]
        ),
    }
    return render(request, "inference/compare/page.html", context)


def _told(comparison: Comparison, panes: list[Pane]) -> dict[str, Any]:
    """What is said of all masks together, which each one that arrives may change."""
    return {
        "comparison": comparison,
        "panes": panes,
        "standings": standings(panes),
        "answer": comparison_answer(comparison, panes),
        "settled": services.comparison_settled(comparison),
        "unscored": _unscored(comparison, panes),
        "class_tables": class_tables(comparison, panes),
    }


def _unscored(comparison: Comparison, panes: list[Pane]) -> bool:
    """Whether a true mask came later and is about to be counted."""
    rows = [pane.prediction for pane in panes if pane.prediction.mask]
    lacking = any(
        row.scores is None and truth_fits(comparison.image, row.checkpoint)
        for row in rows
        if row.state == State.DONE
    )
    return lacking and comparison.image.scorings.exclude(state__in=ENDED).exists()


@require_safe
def pane(request: HttpRequest, pk: UUID, number: int) -> HttpResponse:
    """One pane of the compare page; 204 while it looks as it did (`?seen=`)."""
    # Without the comparison's other parts: each pane of each page asks every second.
    predictions = access.predictions_visible(request).filter(comparison=pk)
    prediction = predictions[number - 1 : number].first() if 0 < number <= PANES_MAX else None
    if prediction is None:
        raise Http404
    pane = pane_of(prediction, number)
    if pane.look == request.GET.get("seen"):
        # Nothing is swapped, so progress bars run on and the keyboard's focus stays.
        return HttpResponse(status=204)
    comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
    panes = comparison_panes(comparison, waits=False)
    pane = replace(pane, label=panes[number - 1].label)
    context = {**_told(comparison, panes), "pane": pane, "share": request.GET.get("share")}
    return render(request, "inference/compare/pane/_arrival.html", context)


@require_safe
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is said of all masks together: a page asks whose masks or scores are not all there."""
    comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
    try:
        if comparison.ended:  # until then pages ask again and again
            services.comparison_settle(comparison=comparison)
    except ValidationError:
        return HttpResponse(status=204)  # too much is decoded at the moment: the page asks again
    panes = comparison_panes(comparison, waits=False)
    context = {**_told(comparison, panes), "share": request.GET.get("share")}
    # 286 ends htmx's polling. One element asks, which stays: the answer to what was swapped out
    # meanwhile would find no place on the page.
    settled = comparison.ended and context["settled"] and not context["unscored"]
    last = settled and request.htmx
    return render(request, "inference/compare/_told.html", context, status=286 if last else 200)


@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Compare other models, or the same once more, on the image of a comparison."""
    comparison = get_object_or_404(access.comparisons_visible(request), pk=pk)
    if not access.may_compare(request):
        return redirect_to_login(reverse("inference:comparison", args=[pk]))
    form = ModelsForm(request.POST, reader=request.user)
    try:
        check_pace(request)
        asked = form.cleaned_data if form.is_valid() else {"models": []}
        names = {"models": "models", "scale": "scale", "idempotency_key": "once"}
        chosen = {name: asked[field] for name, field in names.items() if field in asked}
        comparison = comparison_create(
            image=comparison.image, **chosen, **access.maker(request, create=True)
        )
    except ValidationError as refusal:
        # The form says what is wrong with the choice; the service only that nothing was chosen.
        for sentence in form.errors.get("models") or refusal.messages:
            messages.error(request, sentence)
    return _go_to(request, comparison)


@takes_files(image_bytes_max)
@require_POST
def truth(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Add the true mask that the image came without."""
    comparison = get_object_or_404(access.comparisons_own(request), pk=pk)
    get_object_or_404(access.images_own(request), pk=comparison.image_id)
    if not access.may_compare(request):
        return redirect_to_login(reverse("inference:comparison", args=[pk]))
    form = TruthForm(request.POST, request.FILES)
    try:
        check_pace(request)
        if form.is_valid():
            services.comparison_truth_add(comparison=comparison, **form.cleaned_data)
            messages.success(request, _("The masks are scored by it in a moment."))
        refused = [sentence for errors in form.errors.values() for sentence in errors]
    except ValidationError as refusal:
        refused = refusal.messages
    for sentence in refused:
        messages.error(request, sentence)
    return _go_to(request, comparison)


@require_POST
def share(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make the share link."""
    comparison = get_object_or_404(access.comparisons_own(request), pk=pk)
    services.comparison_share(comparison=comparison)
    messages.success(request, _("The link works now. You find it under “Shared”."))
    return _go_to(request, comparison)


@require_POST
def unshare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Revoke the share link."""
    comparison = get_object_or_404(access.comparisons_own(request), pk=pk)
    services.comparison_unshare(comparison=comparison)
    messages.success(request, _("The link no longer works."))
    return _go_to(request, comparison)


@require_POST
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete the comparison for good."""
    comparison = get_object_or_404(access.comparisons_own(request), pk=pk)
    services.comparison_delete(comparison=comparison)
    messages.success(request, _("The comparison is deleted."))
    return redirect("inference:history")


@require_safe
def models(request: HttpRequest) -> HttpResponse:
    """The checkpoints on offer, and what is known of them."""
    offered = Checkpoint.objects.offered().visible_to(request.user).with_scores()
    may = {"may_manage": may_manage(request.user), "may_launch": may_launch(request.user)}
    return render(request, "inference/compare/models.html", {"checkpoints": offered, **may})
