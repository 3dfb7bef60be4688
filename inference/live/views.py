"""The live page: a camera or a video, and what up to four models see in it."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inference import access
from inference.live import services
from inference.live.forms import LiveForm


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The page; its script sends frames to REST."""
    if not access.may_compare(request):
        return redirect_to_login(request.path)
    form = LiveForm(reader=request.user, chosen=request.GET.getlist("model") or None)
    sizes = {
        "longest": services.LONGEST,
        "shortest": services.SHORTEST,
        "step": services.STEP,
        "most": services.MODELS_MAX,
    }
    context = {"form": form, "sizes": sizes}
    return render(request, "inference/live/page.html", context)
