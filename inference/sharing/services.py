"""Share links: read-only for everyone who has one, until it is revoked."""

from __future__ import annotations

import secrets

from django.db import transaction

from inference.models import Shareable
from segweb.audit import act_record
from segweb.models import Act


def link_make(*, shared: Shareable) -> str:
    """The token of the thing's share link, made at the first call."""
    # The database decides between two clicks: both are told the first one's token.
    unshared = type(shared)._default_manager.filter(pk=shared.pk, share_token=None)
    with transaction.atomic():
        if unshared.update(share_token=secrets.token_urlsafe(24)):
            act_record(what=Act.What.PUBLISHED, subject=f"{_named(shared)}, by a link")
    shared.refresh_from_db(fields=["share_token"])
    return str(shared.share_token)


def link_revoke(*, shared: Shareable) -> None:
    """The link opens nothing any more; a later one has another token."""
    linked = type(shared)._default_manager.filter(pk=shared.pk).exclude(share_token=None)
    with transaction.atomic():
        if linked.update(share_token=None):
            act_record(what=Act.What.WITHDRAWN, subject=f"{_named(shared)}, its link")
    shared.share_token = None


def _named(shared: Shareable) -> str:
    return f"{shared._meta.model_name} {shared.pk}"
