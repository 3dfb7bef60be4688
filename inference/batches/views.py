"""The pages of batches: a form for many images, and what became of them, worst first."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect

from experiments.models import Checkpoint
from inference import access
from inference.batches import services
from inference.batches.files import IMAGES_MAX, batch_bytes_max
from inference.batches.forms import BatchForm
from inference.batches.lines import batch_lines, batches_found
from inference.batches.tiles import batch_models, batch_progress, batch_tiles, sort_of, sorts_of
from inference.images.uploads import takes_files
from inference.lists import PER_PAGE, back, searched, ticked
from inference.models import Batch
from inference.pace import BatchThrottle, check_pace, told_when


@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """One's own batches, newest first; `?q=` leaves those that have each of its words."""
    words = searched(request)
    own = batches_found(access.batches_own(request), words).prefetch_related("items")
    page = Paginator(own, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "lines": batch_lines(page), "words": words}
    return render(request, "inference/batches/list.html", context)


@require_POST
def ticked_delete(request: HttpRequest) -> HttpResponse:
    """Delete the ticked ones for good."""
    batches = list(access.batches_own(request).filter(ticked(request)))
    for batch in batches:
        services.batch_delete(batch=batch)
    count = len(batches)
    if batches:
        told = ngettext("%d batch is deleted.", "%d batches are deleted.", count) % count
        messages.success(request, told)
    else:
        messages.error(request, _("Nothing was ticked: tick batches first."))
    return back(request, "inference:batches")


@takes_files(batch_bytes_max)
def new(request: HttpRequest) -> HttpResponse:
    """The form; a good upload leads to its batch at once."""
    posted = request.method == "POST"
    if posted and not access.may_compare(request):
        return redirect_to_login(request.path)
    sent = (request.POST, request.FILES) if posted else ()
    form = BatchForm(*sent, reader=request.user)
    if posted and form.is_valid():
        try:
            check_pace(request, BatchThrottle)
            asked = dict(form.cleaned_data)
            once, made_by = asked.pop("once"), access.maker(request, create=True)
            batch = services.batch_create(**asked, idempotency_key=once, **made_by)
            address = reverse("inference:batch", args=[batch.pk])
            # htmx follows a plain redirect and would put the whole page where the form is.
            return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
        except ValidationError as refusal:
            form.add_error(None, refusal)
    context = {
        "form": form,
        "max_bytes": batch_bytes_max(),
        "max_images": IMAGES_MAX,
        "max_image_bytes": settings.UPLOAD_MAX_BYTES,
    }
    template = "inference/batches/_form.html" if request.htmx else "inference/batches/new.html"
    # 422 is the one error whose answer the pages' htmx puts in place.
    return told_when(render(request, template, context, status=422 if posted else 200), form)


@require_safe
def batch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The batch, or its part that changes; 204 while that looks as it did (`?seen=`)."""
    batch = get_object_or_404(access.batches_visible(request), pk=pk)
    own = access.batches_own(request).filter(pk=batch.pk).exists()
    share = "" if own else request.GET.get("share", "")
    return _batch_page(request, batch, own=own, share=share)


@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The batch behind a share link, read-only."""
    batch = get_object_or_404(access.batches_shared(token))
    return _batch_page(request, batch, share=token)


def _batch_page(
    request: HttpRequest, batch: Batch, *, own: bool = False, share: str = ""
) -> HttpResponse:
    tiles = batch_tiles(batch, sort=request.GET.get("sort", ""))
    progress = batch_progress(batch, tiles)
    if request.htmx and request.GET.get("seen") == progress.look:
        return HttpResponse(status=204)
    template = "inference/batches/_progress.html" if request.htmx else "inference/batches/page.html"
    context = {
        "batch": batch,
        "tiles": tiles,
        "progress": progress,
        "models": batch_models(tiles),
        "sorts": sorts_of(tiles).items(),
        "sort": sort_of(tiles, request.GET.get("sort", "")),
        "checkpoints": Checkpoint.objects.filter(key__in=batch.model_keys, superseded_at=None),
        "own": own,
        "share": share,
        "share_url": batch.share_token
        and request.build_absolute_uri(reverse("inference:shared-batch", args=[batch.share_token])),
    }
    return render(request, template, context)


@require_POST
def share(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Make the share link."""
    batch = get_object_or_404(access.batches_own(request), pk=pk)
    services.batch_share(batch=batch)
    messages.success(request, _("The link works now. You find it under “Shared”."))
    return redirect("inference:batch", batch.pk)


@require_POST
def unshare(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Revoke the share link."""
    batch = get_object_or_404(access.batches_own(request), pk=pk)
    services.batch_unshare(batch=batch)
    messages.success(request, _("The link no longer works."))
    return redirect("inference:batch", batch.pk)


@require_POST
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Delete the batch for good."""
    batch = get_object_or_404(access.batches_own(request), pk=pk)
    services.batch_delete(batch=batch)
    messages.success(request, _("The batch is deleted."))
    return redirect("inference:batches")
