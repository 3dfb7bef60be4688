"""The project's own tables: access tokens, of which only digests are kept, and the audit trail."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def token_digest(token: str) -> str:
    """What is kept of a token: it has 160 random bits, so that nobody finds it by trying."""
    return hashlib.sha256(token.encode()).hexdigest()


class AccessToken(models.Model):
    """Lets a script act as `user`. The token itself was shown once, when it was made."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="access_tokens"
    )
    name = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    used_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class ActQuerySet(models.QuerySet["Act"]):
    """Acts can be read; what is old goes by `expire` alone."""

    def update(self, **_: Any) -> int:
        """Never: what was done stays done."""
        raise TypeError("The audit trail is only added to.")

    def delete(self) -> tuple[int, dict[str, int]]:
        """Never: see `expire`."""
        raise TypeError("The audit trail is only added to.")

    def expire(self) -> int:
        """Remove these, which were kept as long as they are to be; how many."""
        return int(self._raw_delete(self.db))


class Act(models.Model):
    """Something that somebody did: written once, with what was done, and never changed.

    `account` is the name that it had then, "" for visitors and for SegWeb itself. `subject` says
    what it was done to; of a refused sign-in it is the name that was told.
    """

    class What(models.TextChoices):
        """What can be done."""

        SIGNED_IN = "signed in", _("signed in")
        REFUSED = "refused", _("failed to sign in")
        PASSWORD = "password", _("changed the password")
        TOKEN_MADE = "token made", _("made a token")
        TOKEN_REVOKED = "token revoked", _("revoked a token")
        LAUNCHED = "launched", _("launched")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrew")
        DELETED = "deleted", _("deleted")
        ACCOUNT = "account", _("changed an account")

    at = models.DateTimeField(default=timezone.now, db_index=True)
    what = models.CharField(max_length=20, choices=What.choices)
    account = models.CharField(max_length=150, blank=True)
    account_number = models.BigIntegerField(null=True, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    address = models.CharField(max_length=45, blank=True)

    objects = ActQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = _("act"), _("audit trail")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.account} {self.what} {self.subject}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add it. TypeError for one that is there already."""
        if not self._state.adding:
            raise TypeError("The audit trail is only added to.")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> tuple[int, dict[str, int]]:
        """Never: see `ActQuerySet.expire`."""
        raise TypeError("The audit trail is only added to.")


class KeptAnswer(models.Model):
    """What a POST under an Idempotency-Key was answered; without `status` it is being carried out.

    `request` is a digest of caller, address and key, `content` one of the body. `body` is JSON.
    """

    request = models.CharField(max_length=64, unique=True)
    content = models.CharField(max_length=64)
    claimed_at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    location = models.TextField(blank=True)
    body = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.status} since {self.claimed_at}"
