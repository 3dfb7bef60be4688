"""Access tokens: made, shown once, found by their digest, revoked."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from segweb.audit import act_record
from segweb.models import AccessToken, Act, token_digest

MOST = 20  # of one account


def token_make(*, user: User, name: str) -> str:
    """A new token of the account; it cannot be shown again. ValidationError when it has many."""
    with transaction.atomic():
        if user.access_tokens.count() >= MOST:
            raise ValidationError(_("An account has at most twenty tokens. Revoke one first."))
        token = secrets.token_hex(20)
        AccessToken.objects.create(user=user, name=name, digest=token_digest(token))
        act_record(what=Act.What.TOKEN_MADE, subject=f"{user.get_username()}: {name}")
    return token


def token_revoke(*, user: User, pk: int) -> bool:
    """End one of the account's tokens; False when it is none of them."""
    with transaction.atomic():
        token = AccessToken.objects.select_for_update().filter(user=user, pk=pk).first()
        if token is None:
            return False
        token.delete()
        act_record(what=Act.What.TOKEN_REVOKED, subject=f"{user.get_username()}: {token.name}")
    return True


class DigestAuthentication(TokenAuthentication):
    """`Authorization: Token …`, looked for by its digest."""

    def authenticate_credentials(self, key: str) -> tuple[Any, AccessToken]:
        """The account and its token. AuthenticationFailed (401) for any other."""
        tokens = AccessToken.objects.select_related("user")
        token = tokens.filter(digest=token_digest(key), user__is_active=True).first()
        if token is None:
            raise AuthenticationFailed(_("This token is not valid, or was revoked."))
        today = timezone.now().date()
        if token.used_on != today:  # a write a day, not one a request
            AccessToken.objects.filter(pk=token.pk).update(used_on=today)
        return token.user, token
