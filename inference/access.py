"""Who may compare, and who sees and who changes what. Everything else is answered with 404.

A thing of a signed-in user is seen by its owner, and by everyone who has the share link of its
comparison or batch (`?share=TOKEN` on the addresses of its files), for looking only. A thing of an
anonymous visitor is seen by everyone who knows its unguessable id, who may compare it too. Changing
needs the owner, or the session that made it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TypedDict

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.permissions import SAFE_METHODS

from inference.models import Batch, Comparison, Image, Prediction, Shareable
from segweb.jobs import Job

VISITOR_KEY = "visitor"
# The ways from a thing to the tokens that open it.
OF_BATCH = ("share_token",)
OF_COMPARISON = ("share_token", "batch__share_token")


class Maker(TypedDict):
    """Whose a thing is: a signed-in user's, or that of an anonymous session."""

    owner: User | None
    visitor: str


def may_compare(request: HttpRequest) -> bool:
    """Signed-in users, and anonymous visitors where ALLOW_ANONYMOUS says so."""
    return settings.ALLOW_ANONYMOUS or request.user.is_authenticated


def maker(request: HttpRequest, *, create: bool = False) -> Maker:
    """Whose the things are that this request makes; `create` a session for a visitor of the pages.

    REST creates none: scripts keep no cookies, so each request would leave a session behind.
    """
    owner = request.user if request.user.is_authenticated else None
    return {"owner": owner, "visitor": visitor_token(request, create=create)}


def visitor_token(request: HttpRequest, *, create: bool = False) -> str:
    """What names this anonymous session; "" for signed-in users, or when there is none yet."""
    if request.user.is_authenticated:
        return ""
    if create and VISITOR_KEY not in request.session:
        # 32 bytes are 43 characters, as many as `Owned.visitor` holds.
        request.session[VISITOR_KEY] = secrets.token_urlsafe(32)
    return request.session.get(VISITOR_KEY, "")


def visitor_become(request: HttpRequest, visitor: str) -> str:
    """Go on as the visitor whose form this session has sent; "" for signed-in users."""
    if request.user.is_authenticated or not visitor:
        return visitor_token(request)
    request.session[VISITOR_KEY] = visitor
    return visitor


def _owned(request: HttpRequest, owner: str = "owner") -> Q:
    rule = Q(**{f"{owner}__isnull": True})
    if request.user.is_authenticated:
        rule |= Q(**{owner: request.user})
    return rule


def _own(request: HttpRequest) -> Q:
    if request.user.is_authenticated:
        return Q(owner=request.user)
    # What REST made for nobody has "" too, and is no one's to change.
    return Q(owner=None, visitor=visitor_token(request)) & ~Q(visitor="")


def _visible(request: HttpRequest, *, owner: str, shares: Sequence[str]) -> Q:
    rule = _owned(request, owner)
    # For looking only: what was made through a link would be there when the link is not.
    if request.method in SAFE_METHODS and (token := request.GET.get("share")):
        # Looked up at each access: a revoked link opens nothing any more.
        for share in shares:
            rule |= Q(**{share: token})
    return rule


def images_visible(request: HttpRequest) -> QuerySet[Image]:
    """Images that the request may look at."""
    shares = [f"comparisons__{share}" for share in OF_COMPARISON]
    rule = _visible(request, owner="owner", shares=shares)
    # The join gives an image of several comparisons once for each of them.
    return Image.objects.filter(rule).distinct()


def images_own(request: HttpRequest) -> QuerySet[Image]:
    """Those of the signed-in user or of this anonymous session."""
    return Image.objects.filter(_own(request))


def images_unused(request: HttpRequest) -> QuerySet[Image]:
    """One's own that are in no comparison, so that no page shows them; but just sent ones."""
    # Whoever sends one by the page has its comparison a moment later.
    sent = timezone.now() - timedelta(minutes=1)
    return images_own(request).filter(comparisons=None, created_at__lt=sent)


def comparisons_visible(request: HttpRequest) -> QuerySet[Comparison]:
    """Comparisons that the request may look at, with what a page of one needs."""
    rule = _visible(request, owner="owner", shares=OF_COMPARISON)
    return _with_parts(Comparison.objects.filter(rule))


def comparisons_shared(token: str) -> QuerySet[Comparison]:
    """The comparison behind a share link, or none."""
    return _with_parts(Comparison.objects.filter(share_token=token))


def comparisons_own(request: HttpRequest) -> QuerySet[Comparison]:
    """Those of the signed-in user or of this anonymous session, newest first."""
    return _with_parts(Comparison.objects.filter(_own(request)))


def jobs_visible(request: HttpRequest, kind: type[Job]) -> QuerySet[Any]:
    """Jobs of a kind whose comparison or batch the request may look at."""
    path, owned = kind.belongs_to, kind.owned_model()
    links: Sequence[str] = OF_COMPARISON if issubclass(owned, Comparison) else OF_BATCH
    if not issubclass(owned, Shareable):
        links = ()
    shares = [f"{path}__{share}" for share in links]
    rule = _visible(request, owner=f"{path}__owner", shares=shares)
    return kind._default_manager.filter(rule)


def predictions_visible(request: HttpRequest) -> QuerySet[Prediction]:
    """Predictions that the request may look at, with what showing one needs."""
    return jobs_visible(request, Prediction).select_related(
        "checkpoint__dataset", "comparison__image"
    )


def batches_visible(request: HttpRequest) -> QuerySet[Batch]:
    """Batches that the request may look at."""
    return Batch.objects.filter(_visible(request, owner="owner", shares=OF_BATCH))


def batches_shared(token: str) -> QuerySet[Batch]:
    """The batch behind a share link, or none."""
    return Batch.objects.filter(share_token=token)


def batches_own(request: HttpRequest) -> QuerySet[Batch]:
    """The batches of the signed-in user or of this anonymous session, newest first."""
    return Batch.objects.filter(_own(request))


def _with_parts(comparisons: QuerySet[Comparison]) -> QuerySet[Comparison]:
    # A list takes the same number of queries however long it is.
    return comparisons.select_related("image__mask_dataset").prefetch_related(
        "predictions__checkpoint__dataset", "predictions__checkpoint__evaluations"
    )
