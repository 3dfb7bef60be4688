"""Who may launch and change runs, and the doors of the tracking pages.

Which runs somebody reads, `experiments.models.privacy` says.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]
LAUNCH = "experiments.launch_run"


def runs_readable(request: HttpRequest) -> bool:
    """Whether this visitor may look at runs and scores."""
    return settings.PUBLIC_RUNS or request.user.is_authenticated


def account(request: Any) -> User:
    """Whose request it is, by page or REST. PermissionDenied for a visitor's."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def may_launch(user: Any) -> bool:
    """Whether this user may launch and clone runs: who has the permission, staff or not."""
    return user.has_perm(LAUNCH)


def may_manage(user: Any) -> bool:
    """Whether this user may change every run, and import data sets: staff with the permission."""
    return user.is_staff and may_launch(user)


def may_change(user: Any, run: Any) -> bool:
    """Whether this user may stop, resume, describe and delete this run: its owner, and staff."""
    return may_manage(user) or (run.owner_id is not None and run.owner_id == user.pk)


def reads_runs(view: View) -> View:
    """For those who may read runs; others are asked to sign in."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not runs_readable(request):
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return checked


def launches(view: View) -> View:
    """For who may launch, as by REST: others get 403."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_launch(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return checked


def manages(view: View) -> View:
    """For who may manage: to others there is no such page."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not may_manage(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return checked


def draws_charts(view: View) -> View:
    """A page with charts: Bokeh sets styles from its script, and needs no more than that."""
    return csp_update({"style-src": [SELF, UNSAFE_INLINE]})(view)
