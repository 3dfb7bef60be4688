"""Addresses of the tracking pages, and what they answer."""

from __future__ import annotations

from typing import Any

from django.urls import reverse


def url(name: str, *args: Any, **query: Any) -> str:
    """The address of a tracking page."""
    return reverse(f"experiments:{name}", args=args, query=query)


def body(response: Any) -> str:
    """A streamed answer as text."""
    return b"".join(response.streaming_content).decode()
