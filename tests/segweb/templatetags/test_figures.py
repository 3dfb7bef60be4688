"""Figures as every page writes them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.utils import timezone

from segweb.templatetags import figures


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (figures.percent, 0.3456, "35 %"),
        (figures.percent, 0.0456, "4.6 %"),
        (figures.percent, 0.0996, "10 %"),
        (figures.percent, 0.0004, "< 0.1 %"),
        (figures.percent, 0.0, "0 %"),
        (figures.share, 0.3456, "35"),
        (figures.points, 0.0534, "+5.3"),
        (figures.points, -0.12, "−12.0"),
        (figures.points, 0.0, "±0.0"),
        (figures.duration, 318.4, "318 ms"),
        (figures.duration, 999.7, "1.00 s"),
        (figures.duration, 1236.0, "1.24 s"),
        (figures.millions, 718_000, "0.72 M"),
        (figures.iou, 0.4567, "45.7"),
        (figures.iou, -0.0001, "0.0"),
        (figures.iou, 0.0, "0.0"),
        (figures.iou, None, "–"),
    ],
)
def test_figures_are_rounded(show: Callable[[Any], str], value: Any, text: str) -> None:
    assert show(value) == text


def test_how_long_ago_with_the_exact_time_for_who_points_at_it() -> None:
    moment = timezone.now() - timedelta(minutes=5)
    template = Template("{% load figures %}{{ moment|ago }}")
    here = timezone.localtime(moment)
    assert template.render(Context({"moment": moment})) == (
        f'<time datetime="{here.isoformat(timespec="seconds")}" title="{here:%Y-%m-%d %H:%M %Z}">'
        "5\N{NO-BREAK SPACE}minutes ago</time>"
    )
