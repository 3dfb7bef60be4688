"""Who reads which runs: the one rule, by which lists, pages, files, scores and weights go."""

from __future__ import annotations

from typing import Any

from django.db.models import Q


def readable(user: Any, run: str = "") -> Q:
    """Of the runs that the relation `run` leads to, those that an account or a visitor may read.

    All but the private ones of others; staff reads every one. `user` is None for nobody in
    particular. Whether visitors read any runs at all is said by PUBLIC_RUNS, at the doors.
    """
    if user is not None and user.is_staff:
        return ~Q(pk__in=[])  # everything; an empty Q is nothing where it meets an "or"
    path = f"{run}__" if run else ""
    rule = Q(**{f"{path}private": False})
    if user is not None and user.is_authenticated:
        rule |= Q(**{f"{path}owner": user})
    return rule
