"""What no column holds is told before the database is asked, on SQLite as on PostgreSQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client
from pytest_django import Settings

from experiments.models import Dataset, Run
from segweb.http.columns import columns_check
from segweb.jobs import wakeups
from tests.models_zoo.fixtures import draw_folder

OURS = [m for app in ("experiments", "inference") for m in apps.get_app_config(app).get_models()]
FIELDS = [
    (model, field)
    for model in OURS
    for field in model._meta.concrete_fields
    if isinstance(field, models.CharField | models.FileField)
]
NUMBERS = [
    (model, field)
    for model in OURS
    for field in model._meta.concrete_fields
    if isinstance(field, models.IntegerField) and not field.primary_key
]


def named(pair: Any) -> str:
    return getattr(pair, "name", None) or pair._meta.label


@pytest.mark.parametrize(("model", "field"), FIELDS, ids=named)
def test_a_text_that_is_too_long_is_told(model: type[models.Model], field: models.Field) -> None:
    row = model(**{field.name: "가" * field.max_length})
    columns_check(model, row)
    for wrong in ("가" * (field.max_length + 1), "a\0b"):
        setattr(row, field.name, wrong)
        with pytest.raises(ValidationError, match=field.name):
            columns_check(model, row)


@pytest.mark.parametrize(("model", "field"), NUMBERS, ids=named)
def test_a_number_that_is_too_large_is_told(model: type[models.Model], field: models.Field) -> None:
    for wrong in (-(2**63) - 1, 2**63):
        with pytest.raises(ValidationError, match=field.name):
            columns_check(model, model(**{field.name: wrong}))


@pytest.fixture
def streets(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.DATA_ROOT = tmp_path
    monkeypatch.setattr(wakeups, "send", lambda model, pk: True)
    draw_folder(tmp_path / "streets", train=2, val=1)
    return tmp_path / "streets"


def described(folder: Path, **changes: Any) -> None:
    path = folder / "classes.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [
        {"slug": "s" * 51},
        {"title": "가" * 201},
        {"licence": "l" * 201},
        {"source": "s" * 501},
        {"ignore_index": -1},
        {"title": "a\0b"},
    ],
    ids=str,
)
def test_data_that_no_row_holds_are_refused_at_the_launch(
    changes: dict[str, Any], streets: Path, launcher: Client
) -> None:
    described(streets, **changes)
    request = {"architecture": "unet", "dataset": "folder:streets", "epochs": 2}
    answer = launcher.post("/api/v1/runs/", json.dumps(request), content_type="application/json")
    assert answer.status_code == 400, answer.content
    assert next(iter(changes)) in answer.json()["detail"]
    assert not Run.objects.exists()
    assert not Dataset.objects.exists()


@pytest.mark.django_db
def test_options_hold_no_nul(streets: Path, launcher: Client) -> None:
    request = {"architecture": "unet", "dataset": "folder:streets", "epochs": 2}
    request["config"] = {"options": {"bias": "a\0b"}}
    answer = launcher.post("/api/v1/runs/", json.dumps(request), content_type="application/json")
    assert (answer.status_code, Run.objects.count()) == (400, 0)
