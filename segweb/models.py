"""The project's own tables: access tokens, of which only digests are kept."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import models
from django.utils import timezone


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
