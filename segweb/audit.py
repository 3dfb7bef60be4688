"""The audit trail: who did what, when, from which address. Services write it with what they do.

An act without account and address is SegWeb's own (the sweeper's, a worker's), or was done on the
command line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model, signals
from django.db.models.signals import post_delete, post_save
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from segweb.models import Act

_asked: ContextVar[HttpRequest | None] = ContextVar("asked", default=None)


class AuditMiddleware:
    """What a request brings about is written down as its account's, from its address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = _asked.set(request)
        try:
            return self.get_response(request)
        finally:
            _asked.reset(before)


def _seen(character: str) -> str:
    """Controls, and what turns the direction, by number: a line stays a line, and nothing hides."""
    hidden = unicodedata.category(character)[0] == "C"
    return f"\\u{ord(character):04x}" if hidden else character


def act_record(*, what: str, subject: str, account: Any = None) -> None:
    """Write an act down, in the transaction in which it is done.

    `account` is who did it, where that is not whose request it is.
    """
    request = _asked.get()
    # Of a token too: REST framework tells the request below whose it is.
    who = account or getattr(request, "user", None)
    if who is not None and not who.is_authenticated:
        who = None
    Act.objects.create(
        what=what,
        subject="".join(map(_seen, subject))[:300],
        account=who.get_username() if who else "",
        account_number=who.pk if who else None,
        address=address_of(request) if request else "",
    )


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, by what the counted proxies say."""
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    proxies = settings.NUM_PROXIES
    address = told[-min(proxies, len(told))] if proxies and any(told) else ""
    return (address.strip() or request.META.get("REMOTE_ADDR", ""))[:45]


def acts_forget() -> int:
    """Remove what is older than AUDIT_DAYS; how many."""
    if not settings.AUDIT_DAYS:
        return 0
    old = Act.objects.filter(at__lt=timezone.now() - timedelta(days=settings.AUDIT_DAYS))
    return int(old.expire())


def accounts_follow() -> None:
    """Write down who signs in by password, and who fails to; accounts that are made or changed."""
    signals.user_logged_in.connect(_signed_in, dispatch_uid="audit")
    signals.user_login_failed.connect(_refused, dispatch_uid="audit")
    post_save.connect(_account_kept, get_user_model(), dispatch_uid="audit")
    post_delete.connect(_account_gone, get_user_model(), dispatch_uid="audit")


def _signed_in(sender: Any, user: Any, **_: Any) -> None:
    act_record(what=Act.What.SIGNED_IN, subject="", account=user)


def _refused(sender: Any, credentials: dict[str, Any], **_: Any) -> None:
    act_record(what=Act.What.REFUSED, subject=str(credentials.get("username", "")))


def _account_kept(sender: Any, instance: Any, created: bool, update_fields: Any, **_: Any) -> None:
    if update_fields and set(update_fields) == {"last_login"}:
        return  # a sign-in, which is written down as such
    can = [name for name in ("is_active", "is_staff", "is_superuser") if getattr(instance, name)]
    told = f"{'made' if created else 'changed'} {instance.get_username()}: {', '.join(can)}"
    act_record(what=Act.What.ACCOUNT, subject=told)


def _account_gone(sender: Any, instance: Any, **_: Any) -> None:
    act_record(what=Act.What.ACCOUNT, subject=f"deleted {instance.get_username()}")
