"""Every operation of the API's schema, by generated requests: it answers as the schema says.

Schemathesis makes requests that the schema allows and ones that it does not, the same ones each
time. Most of them name things that are there, so that answers are more than refusals.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signals
from django.db import close_old_connections
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from experiments.models import Checkpoint, Import, MasksImport, NetworkExport, NetworkImport
from inference.batches.services import batch_create
from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.lab.services import ensemble_create, inside_create
from inference.models import Comparison
from segweb.http.tokens import token_make
from segweb.wsgi import application
from tests.experiments.factories import dataset_make, run_make
from tests.generated import generated
from tests.inference.pictures import encoded, noise, upload

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CALLERS = ("anonymous", "user", "staff")
REQUESTS = 8  # allowed ones, and as many that are not, of each operation by each caller


def whole(*request: Any) -> list[bytes]:
    """The application as a server runs it: whatever it answers with is closed."""
    with closing(application(*request)) as pieces:
        return [b"".join(pieces)]


@pytest.fixture
def served() -> Iterator[None]:
    """The application in this process: it must not close the connection of the test."""
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    logging.disable()  # of a thousand refusals
    yield
    logging.disable(logging.NOTSET)
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def there(
    checkpoints: list[Any], execute_all: Callable[[Comparison], None]
) -> dict[str, list[Any]]:
    """What requests name: ids by what their address begins with, and fields of bodies."""
    image = image_create(file=upload(noise()))
    waiting, done = (comparison_create(image=image) for _ in range(2))
    execute_all(done)
    predictions = list(done.predictions.all())
    dataset_make("scenes")
    ended = run_make(group=UUID(int=1))
    return {
        "images": [image.pk],
        "comparisons": [done.pk, waiting.pk],
        "predictions": [predictions[0].pk, waiting.predictions.first().pk],
        "ensembles": [ensemble_create(comparison=done, members=[p.pk for p in predictions]).pk],
        "insides": [inside_create(prediction=predictions[0], x=1, y=1).pk],
        "batches": [batch_create(files=[upload(noise())]).pk],
        "runs": [ended.pk, run_make(kind="external", planned=9).pk],
        "models": [
            NetworkImport.objects.create(network="x", error="Not a network.").pk,
            MasksImport.objects.create(archive="x", error="Not a zip.").pk,
            NetworkExport.objects.create(
                checkpoint=Checkpoint.objects.first(), form="onnx", error="No weights."
            ).pk,
        ],
        "datasets": [Import.objects.create(error="Not a zip.").pk],
        "in bodies": [
            {
                "image": str(image.pk),
                "members": [str(prediction.pk) for prediction in predictions[:2]],
                "architecture": "unet",
                "variant": "slim",
                "dataset": "scenes",
                "models": ["camvid-unet-slim"],
                "model": "camvid-unet-slim",
                "file": encoded(noise()),
                "files": [encoded(noise())],
            }
        ],
    }


def signed_in(caller: str) -> dict[str, str]:
    """The headers of a caller: a session's, a token's or none."""
    if caller == "anonymous":
        return {}
    user = User.objects.create_user(caller, is_staff=True, is_superuser=caller == "staff")
    if caller == "staff":
        return {"Authorization": f"Token {token_make(user=user, name='contract')}"}
    User.objects.filter(pk=user.pk).update(is_staff=False)
    client = Client()
    client.force_login(user)
    session, csrf = client.cookies[settings.SESSION_COOKIE_NAME].value, "c" * 32
    return {"Cookie": f"sessionid={session}; csrftoken={csrf}", "X-CSRFToken": csrf}


def naming(case: Any, there: dict[str, list[Any]], which: int) -> None:
    """Let a request name what is there; every fourth one stays as it was made."""
    if not which:
        return
    kind = case.operation.path.split("/")[3]
    parts = case.path_parameters or {}
    if "id" in parts:
        parts["id"] = str(there[kind][which % len(there[kind])])
    if "number" in parts:
        parts["number"] = "1"
    if isinstance(case.body, dict):
        (named,) = there["in bodies"]
        case.body |= {name: named[name] for name in named.keys() & case.body.keys()}


def choices(operation: Any) -> Iterator[dict[str, str]]:
    """Each value that a parameter of the query may choose: chance would leave some out."""
    for parameter in operation.query:
        described = parameter.definition["schema"]
        for value in described.get("items", described).get("enum", []):
            yield {parameter.name: value}


@pytest.mark.django_db
@pytest.mark.parametrize("caller", CALLERS)
def test_every_operation_answers_as_the_schema_says(
    caller: str, there: dict[str, list[Any]], served: None
) -> None:
    # Here: to import it takes longer than to collect all other tests of this folder.
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    wanted = [
        not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    headers, faults, answers = signed_in(caller), {}, Counter()

    def asked(case: Any, which: int) -> None:
        naming(case, there, which)
        response = case.call(headers=headers)
        answers[case.operation.label] += 1
        try:
            case.validate_response(response, checks=wanted, headers=headers)
        except (Exception, BaseExceptionGroup) as fault:
            faults.setdefault(f"{case.operation.label} {response.status_code}", str(fault))

    def look_at(operation: Any, mode: Any) -> None:
        @generated(REQUESTS)
        @given(case=operation.as_strategy(generation_mode=mode), which=st.integers(0, 3))
        def ask(case: Any, which: int) -> None:
            asked(case, which)

        with suppress(Unsatisfiable):  # without parameters there is nothing to do wrong
            ask()

    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/?format=json", whole)
    operations = [result.ok() for result in schema.get_all_operations()]
    # What is deleted is no longer there for the others.
    for operation in sorted(operations, key=lambda operation: operation.method == "delete"):
        for query in choices(operation):
            for which in (1, 2):
                asked(operation.Case(path_parameters={"id": ""}, query=query), which)
        for mode in schemathesis.GenerationMode:
            look_at(operation, mode)
    assert not faults, "\n\n".join(f"{name}\n{fault}" for name, fault in faults.items())
    assert {operation.label for operation in operations} == answers.keys()
