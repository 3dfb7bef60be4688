"""What went wrong is told in the reader's language, with its names: by pages, REST and admin."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from experiments.models import Import, MasksImport, NetworkImport, Preflight, Run
from segweb.jobs import Job, State
from tests.experiments.factories import run_make
from tests.experiments.visiting import url

ENGLISH = "There is no folder 'camvid'. Give it as camvid:PATH."
KOREAN = "'camvid' 폴더가 없습니다. camvid:PATH 모양으로 지정하세요."


@pytest.fixture
def failed(request: pytest.FixtureRequest, db: None) -> Job:
    """A job of the kind that has failed."""
    fault = {"state": State.FAILED, "error": ENGLISH}
    if request.param is Run:
        return run_make(epochs=1, confusions=False, **fault)
    named = {} if request.param is Preflight else {"name": "camvid.zip"}
    made: Job = request.param.objects.create(**fault, **named)
    return made


def seen(client: Client, address: str, language: str) -> str:
    """What an address answers, as text."""
    answer = client.get(address, headers={"Accept-Language": language})
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


KINDS = [
    pytest.param(Run, "run", "/api/v1/runs/{pk}/", id="run"),
    pytest.param(Import, "import", "/api/v1/datasets/imports/{pk}/", id="import"),
    pytest.param(NetworkImport, "network-import", "/api/v1/models/imports/{pk}/", id="network"),
    pytest.param(MasksImport, "masks-import", "/api/v1/models/masks/{pk}/", id="masks"),
    pytest.param(Preflight, "preflight", None, id="preflight"),
]


@pytest.mark.parametrize(("failed", "page", "rest"), KINDS, indirect=["failed"])
def test_a_fault_is_told_in_the_readers_language(
    failed: Job, page: str, rest: str | None, admin_client: Client
) -> None:
    kind = f"/admin/experiments/{failed._meta.model_name}/"
    addresses = [url(page, failed.pk), f"{kind}{failed.pk}/change/"]
    # The list of runs in the admin shows no faults, its index those of late.
    addresses.append("/admin/" if isinstance(failed, Run) else kind)
    addresses += [rest.format(pk=failed.pk)] if rest else []
    for address in addresses:
        english, korean = (seen(admin_client, address, language) for language in ("en", "ko"))
        assert (ENGLISH in english, KOREAN in english) == (True, False), address
        assert (ENGLISH in korean, KOREAN in korean) == (False, True), address
    failed.refresh_from_db()
    assert failed.error == ENGLISH  # for logs, and for whoever reads it next


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        (
            "The memory is full. Try a smaller batch or crop, a higher accumulate, or slim.",
            "메모리",
        ),
        ("The loss became nan. Try a lower learning rate or precision=fp32.", "손실이 nan"),
        ("The disk is full: runs/7 could not be written. Make room, and resume the run.", "runs/7"),
        ("epochs must be above 0, not 0.", "epochs 값은 0보다 커야"),
    ],
)
def test_what_ends_a_training_is_told_so(english: str, korean: str, admin_client: Client) -> None:
    run = run_make(epochs=1, confusions=False, state=State.FAILED, error=english)
    assert english in seen(admin_client, url("run", run.pk), "en")
    told = seen(admin_client, url("run", run.pk), "ko")
    assert (english in told, korean in told) == (False, True)


def test_what_a_request_finds_wrong_is_told_so_too(admin_client: Client) -> None:
    body = {"architecture": "unet", "dataset": "camvid:camvid", "variant": "slim"}
    for language, sentence in (("en", ENGLISH), ("ko", KOREAN)):
        asked = {"content_type": "application/json", "headers": {"Accept-Language": language}}
        answer = admin_client.post("/api/v1/runs/", body, **asked)
        assert answer.status_code == 400
        assert sentence in str(answer.json()).replace("\\'", "'")
    assert not Run.objects.exists()
