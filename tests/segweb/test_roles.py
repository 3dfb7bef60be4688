"""Every address of the URL table for every role: what is private stays so, at new addresses too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import URLPattern, get_resolver
from pytest_django import Settings

from experiments.models import (
    Artifact,
    Checkpoint,
    Import,
    MasksImport,
    NetworkExport,
    NetworkImport,
    Preflight,
    Probe,
    Run,
    Series,
)
from inference.images.services import image_create
from inference.models import Batch, BatchItem, Comparison, Ensemble, Inside, Prediction
from segweb.http.tokens import token_make
from segweb.jobs import State
from segweb.jobs.files import folder_list
from tests.experiments.factories import checkpoint_make, evaluation_make, run_make
from tests.inference.pictures import noise, upload

SECRET = "xylograph"  # in all that is written about the run, and in its files
WORD = "quibble"  # what a search for it asks for

# By the beginning of an address: whose private thing its `pk` names.
NAMED = {
    "runs/preflight/": "preflight",
    "runs/": "run",
    "api/v1/runs/": "run",
    "api/v1/datasets/imports/": "import_",
    "datasets/imports/": "import_",
    "api/v1/models/imports/": "network_import",
    "models/imports/": "network_import",
    "api/v1/models/exports/": "network_export",
    "models/exports/": "network_export",
    "api/v1/models/masks/": "masks_import",
    "models/masks/": "masks_import",
    "c/": "comparison",
    "images/": "image",
    "batches/": "batch",
    "api/v1/images/": "image",
    "api/v1/comparisons/": "comparison",
    "api/v1/predictions/": "prediction",
    "api/v1/ensembles/": "ensemble",
    "api/v1/insides/": "inside",
    "api/v1/batches/": "batch",
    "accounts/tokens/": "token",
}
# What stands for the other parts of an address; none of it is private.
OTHERS = {
    "number": "1",
    "size": "page",
    "what": "runs",
    "form": "csv",
    "token": "no-such-link",
    "key": "unet",
    "architecture": "unet",
    "slug": "scenes",
    "split": "val",
}
# Asked of every address beside: it is refused or passed over, and never answered from.
QUERY = "run={pk}&from={pk}&q=" + WORD + "&seen={pk}:x&newest=0&model={key}&owner=ann&parent={pk}"
PART = re.compile(r"<(?:\w+:)?(?P<name>\w+)>")


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Every address of the table, with its parameters; those of regular expressions left out."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = getattr(entry.pattern, "_route", None)
        if route is None:
            continue
        if isinstance(entry, URLPattern):
            yield before + str(route)
        else:
            yield from routes(entry.url_patterns, before + str(route))


ROUTES = sorted(set(routes()))
ADMIN = [route for route in ROUTES if route.startswith("admin/")]
PRIVATE = [route for route in ROUTES if "<int:pk>" in route or "<uuid:pk>" in route]
COMMON = [route for route in ROUTES if route not in (*ADMIN, *PRIVATE)]


def named(route: str) -> str:
    """What the `pk` of an address names."""
    beginnings = [start for start in NAMED if route.startswith(start)]
    assert beginnings, f"NAMED must say what the pk of {route} names, so that its rights are tried."
    return NAMED[max(beginnings, key=len)]


def address(route: str, world: SimpleNamespace) -> str:
    """The address with its parameters filled in."""

    def value(found: re.Match[str]) -> str:
        name = found["name"]
        if name == "pk":
            return str(getattr(world, named(route)).pk)
        if name == "name" and route.startswith("runs/"):
            return "log.txt"
        return OTHERS.get(name, "1")

    return "/" + PART.sub(value, route)


@pytest.fixture
def world(db: None, settings: Settings) -> SimpleNamespace:
    """All kinds of things that are Ann's alone, where runs are public as a rule."""
    settings.PUBLIC_RUNS = True
    settings.ALLOW_ANONYMOUS = True
    ann = User.objects.create_user("ann")
    ann.user_permissions.add(Permission.objects.get(codename="launch_run"))
    told = {"notes": f"{SECRET} {WORD}", "tags": [SECRET], "config": {"loss": SECRET}}
    group = uuid4()
    run = run_make(name=SECRET, owner=ann, private=True, group=group, usage=2, **told)
    for name in ("log.txt", "events.jsonl", "images/photo.jpg", "probes/1/photo.png"):
        default_storage.save(f"{run.folder}/{name}", ContentFile(SECRET.encode()))
    key = default_storage.save(f"{run.folder}/artifacts/1", ContentFile(SECRET.encode()))
    Artifact.objects.create(run=run, path="log.txt", file=key, size=len(SECRET))
    Series.objects.create(run=run, name=SECRET, step=0, at=0)
    Probe.objects.create(run=run, epoch=1, name=SECRET, file=f"{run.folder}/probes/1/photo.png")
    checkpoint = checkpoint_make(run=run)
    evaluation_make(checkpoint=checkpoint)
    public = run_make(owner=ann, parent=run, group=group, name="a clone that all may read")
    image = image_create(file=upload(noise()), owner=ann, mask=None)
    comparison = Comparison.objects.create(image=image, owner=ann)
    mask = default_storage.save("predictions/mask.png", ContentFile(SECRET.encode()))
    prediction = Prediction.objects.create(
        comparison=comparison, checkpoint=checkpoint, state=State.DONE, mask=mask
    )
    batch = Batch.objects.create(owner=ann, name=SECRET, model_keys=[checkpoint.key])
    BatchItem.objects.create(batch=batch, position=0, name=SECRET, upload="x", state=State.DONE)
    token_make(user=ann, name=SECRET)
    return SimpleNamespace(
        ann=ann,
        run=run,
        public=public,
        checkpoint=checkpoint,
        image=image,
        comparison=comparison,
        prediction=prediction,
        ensemble=Ensemble.objects.create(
            comparison=comparison, members=[], recipe="1", mask=mask, state=State.DONE
        ),
        inside=Inside.objects.create(prediction=prediction, strip=[{"file": mask}]),
        batch=batch,
        token=ann.access_tokens.get(),
        preflight=Preflight.objects.create(owner=ann, request={"config": {"loss": SECRET}}),
        import_=Import.objects.create(owner=ann, name=SECRET, archive="x"),
        network_import=NetworkImport.objects.create(owner=ann, name=SECRET, network="x"),
        network_export=NetworkExport.objects.create(
            checkpoint=checkpoint, form="onnx", owner=ann, error=SECRET
        ),
        masks_import=MasksImport.objects.create(owner=ann, name=SECRET, archive="x"),
    )


def someone(role: str, world: SimpleNamespace) -> Client:
    """A client of this role."""
    client = Client()
    if role == "visitor":
        return client
    user = (
        world.ann if role == "owner" else User.objects.create_user(role, is_staff=role == "staff")
    )
    if role in ("launcher", "staff"):
        user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    client.force_login(user)
    return client


OUTSIDERS = ["visitor", "reader", "launcher"]


def content(response: Any) -> bytes:
    """All of an answer, with its headers."""
    return b"".join(response) + repr(response.items()).encode()


@pytest.mark.parametrize("role", OUTSIDERS)
def test_what_is_anothers_is_not_there_at_any_address(role: str, world: SimpleNamespace) -> None:
    client = someone(role, world)
    before = (set(Run.objects.values_list("pk", "private", "state")), folder_list(world.run.folder))
    for route in PRIVATE:
        for method in ("get", "post", "patch", "put", "delete"):
            answer = client.generic(method.upper(), address(route, world), "{}", "application/json")
            where = (role, method, route, answer.status_code)
            # Revoking a token that is not there, or is another's, leads back to one's own.
            login = answer.status_code == 302 and answer["Location"].startswith("/accounts/")
            # What exists is not told from what does not: 403 only where none of the kind is his.
            assert login or answer.status_code in (401, 403, 404, 405, 415), where
            if named(route) == "run" and method in ("get", "delete") and not login:
                assert answer.status_code in (401, 404, 405), where
            assert SECRET.encode() not in content(answer), where
    kinds = (world.comparison, world.image, world.batch, world.token, world.prediction)
    assert all(type(thing).objects.filter(pk=thing.pk).exists() for thing in kinds)
    after = (set(Run.objects.values_list("pk", "private", "state")), folder_list(world.run.folder))
    assert after == before


@pytest.mark.slow
@pytest.mark.parametrize("role", OUTSIDERS)
def test_no_other_address_tells_of_it(role: str, world: SimpleNamespace) -> None:
    client = someone(role, world)
    key = world.checkpoint.key
    query = QUERY.format(pk=world.run.pk, key=key)
    for route in [*COMMON, *ADMIN]:
        for asked in ("", f"?{query}", f"?run={world.run.pk}&run={world.public.pk}"):
            answer = client.get(address(route, world) + asked)
            told = content(answer)
            assert SECRET.encode() not in told, (role, route, asked)
            # Some pages repeat their own address.
            assert key in asked or key.encode() not in told, (role, route, asked)
    for route in ("runs/{}/", "api/v1/runs/{}/"):
        told = content(client.get("/" + route.format(world.public.pk)))
        assert b"a clone that all may read" in told, "the page tells something"
        assert SECRET.encode() not in told
    listed = client.get("/api/v1/runs/").json()["results"]
    assert [(run["id"], run["parent"]) for run in listed] == [(world.public.pk, None)]
    exported = b"".join(client.get("/runs/export/runs.json")).decode()
    assert '"parent_id": null' in exported


@pytest.mark.parametrize("role", ["owner", "staff"])
def test_its_owner_and_staff_read_all_of_a_run(role: str, world: SimpleNamespace) -> None:
    client = someone(role, world)
    for route in PRIVATE:
        if named(route) == "run":
            answer = client.get(address(route, world))
            assert answer.status_code in (200, 405), route
            content(answer)
    for place in ("/runs/", "/runs/export/runs.csv", f"/runs/compare/?run={world.run.pk}"):
        assert SECRET.encode() in content(client.get(place)), place
    for place in ("/leaderboard/", "/models/", "/api/v1/models/", "/architectures/unet/"):
        told = content(client.get(place))
        assert world.checkpoint.key.encode() in told or str(world.run.pk).encode() in told, place
    told = client.get(f"/api/v1/runs/{world.public.pk}/").json()
    assert told["parent"] == world.run.pk


def test_what_is_private_is_on_offer_to_who_reads_it(world: SimpleNamespace) -> None:
    asked = {"image": None, "models": [world.checkpoint.key]}
    for role, code in (("reader", 400), ("owner", 202), ("visitor", 400)):
        client = someone(role, world)
        owner = None if role == "visitor" else User.objects.get(pk=client.session["_auth_user_id"])
        asked["image"] = str(image_create(file=upload(noise()), owner=owner).pk)
        answer = client.post("/api/v1/comparisons/", asked, "application/json")
        assert answer.status_code == code, answer.content
    assert client.post("/api/v1/batches/").status_code == 400


def test_a_run_is_made_public_and_private_by_its_owner(world: SimpleNamespace) -> None:
    owner, reader = someone("owner", world), someone("reader", world)
    page, rest = f"/runs/{world.run.pk}/note/", f"/api/v1/runs/{world.run.pk}/"
    seen = lambda: reader.get(rest).status_code  # noqa: E731
    assert (seen(), world.checkpoint.key in str(reader.get("/api/v1/models/").json())) == (
        404,
        False,
    )
    owner.post(page, {"name": "noted"})  # a page from before it became private
    assert seen() == 404
    owner.post(page, {"name": "shown", "was_private": "on"})  # an unticked box
    assert (seen(), world.checkpoint.key in str(reader.get("/api/v1/models/").json())) == (
        200,
        True,
    )
    owner.post(page, {"name": "hidden", "private": "on"})
    assert seen() == 404
    # A form that says nothing of it leaves it as it is.
    assert owner.patch(rest, {"name": "named"}, "application/json").json()["private"] is True
    assert owner.patch(rest, {"private": False}, "application/json").json()["private"] is False
    assert seen() == 200
    assert reader.patch(rest, {"private": True}, "application/json").status_code == 403


def test_the_network_of_a_run_that_became_private_computes_nothing_new_for_others(
    world: SimpleNamespace,
) -> None:
    bob = someone("reader", world)
    reader = User.objects.get(username="reader")
    comparison = Comparison.objects.create(image=world.image, owner=reader)
    others = [world.checkpoint, checkpoint_make(key="public")]
    rows = [
        Prediction.objects.create(comparison=comparison, checkpoint=one, state=State.DONE, mask="x")
        for one in others
    ]
    inside = f"/api/v1/predictions/{rows[0].pk}/insides/"
    members = {"members": [str(row.pk) for row in rows]}
    ensemble = f"/api/v1/comparisons/{comparison.pk}/ensembles/"
    for private, code in ((True, 400), (False, 202)):
        Run.objects.filter(pk=world.run.pk).update(private=private)
        assert bob.post(inside, {}, "application/json").status_code == code
        assert bob.post(ensemble, members, "application/json").status_code == code


def test_the_admin_changes_it_and_a_run_of_nobodys_stays_public(world: SimpleNamespace) -> None:
    staff = someone("staff", world)
    orphan = run_make(name="nobody's")
    chosen = {"_selected_action": [world.run.pk, world.public.pk, orphan.pk]}
    private = lambda: set(Run.objects.filter(private=True).values_list("pk", flat=True))  # noqa: E731
    staff.post("/admin/experiments/run/", chosen | {"action": "hide"})
    assert private() == {world.run.pk, world.public.pk}
    refused = staff.patch(f"/api/v1/runs/{orphan.pk}/", {"private": True}, "application/json")
    assert refused.status_code == 400
    staff.post("/admin/experiments/run/", chosen | {"action": "show"})
    assert private() == set()


def test_what_was_private_is_not_published_by_deleting_its_run(
    world: SimpleNamespace, django_capture_on_commit_callbacks: Any
) -> None:
    owner = someone("owner", world)
    owner.delete(f"/api/v1/runs/{world.run.pk}/")
    left = Checkpoint.objects.get(pk=world.checkpoint.pk)  # a prediction belongs to it
    assert (left.run, left.offered) == (None, False)
    unused = checkpoint_make(run=run_make(owner=world.ann, private=True), key="unused")
    with django_capture_on_commit_callbacks(execute=True):
        owner.delete(f"/api/v1/runs/{unused.run.pk}/")
    assert not Checkpoint.objects.filter(pk=unused.pk).exists()
    assert not default_storage.exists(str(unused.file))


def test_every_private_thing_is_tried() -> None:
    assert {named(route) for route in PRIVATE} == set(NAMED.values())
    assert np.all([PART.search(route) for route in PRIVATE])
