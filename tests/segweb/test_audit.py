"""The audit trail: each act by page and REST, with the act or not at all, and never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from rest_framework.test import APIClient

from experiments.models import Run
from inference.batches.services import batch_create
from inference.images.services import image_create
from inference.models import Comparison, Image
from segweb import audit
from segweb.http.tokens import token_make
from segweb.jobs import wakeups
from segweb.models import AccessToken, Act
from tests.experiments.factories import checkpoint_make, run_make
from tests.experiments.runs.test_launching import filled, launched
from tests.inference.pictures import noise, upload

pytestmark = pytest.mark.django_db
What = Act.What
PASSWORD = "four words make one"
NEW = {"architecture": "unet", "dataset": "scenes", "epochs": 2}
ADDRESS = "203.0.113.9"


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "send", lambda model, pk: True)


@pytest.fixture
def ann(db: None) -> User:
    """Staff who may launch."""
    user = User.objects.create_user("ann", password=PASSWORD, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    return user


@pytest.fixture
def page(ann: User) -> Client:
    """Ann's browser."""
    client = Client(REMOTE_ADDR=ADDRESS)
    client.force_login(ann)
    return client


@pytest.fixture
def rest(ann: User) -> APIClient:
    """Ann's script, by a token."""
    client = APIClient(REMOTE_ADDR=ADDRESS)
    client.credentials(HTTP_AUTHORIZATION=f"Token {token_make(user=ann, name='script')}")
    return client


def told(*whats: str) -> list[tuple[str, str, str]]:
    """What is written of these acts, in their order: account, subject and address."""
    rows = Act.objects.filter(what__in=whats).order_by("id")
    return list(rows.values_list("account", "subject", "address"))


@pytest.mark.parametrize("door", ["/accounts/login/", "/admin/login/"])
def test_who_signs_in_and_who_fails_to(door: str, ann: User) -> None:
    client = Client(REMOTE_ADDR=ADDRESS)
    client.post(door, {"username": "ann", "password": "guess"})
    client.post(door, {"username": "nobody\u202e", "password": "guess"})
    client.post(door, {"username": "ann", "password": PASSWORD})
    assert told(What.REFUSED) == [("", "ann", ADDRESS), ("", r"nobody\u202e", ADDRESS)]
    assert told(What.SIGNED_IN) == [("ann", "", ADDRESS)]
    assert PASSWORD not in str(Act.objects.values_list())


def test_a_proxy_that_is_counted_says_from_where(ann: User, settings: Settings) -> None:
    settings.NUM_PROXIES = 1
    guess = {"username": "ann", "password": "guess"}
    Client().post("/accounts/login/", guess, HTTP_X_FORWARDED_FOR=f"10.0.0.1, {ADDRESS}")
    settings.NUM_PROXIES = 0
    Client().post("/accounts/login/", guess, HTTP_X_FORWARDED_FOR="10.0.0.1")
    assert told(What.REFUSED) == [("", "ann", ADDRESS), ("", "ann", "127.0.0.1")]


@pytest.mark.parametrize("door", ["/accounts/password/", "/admin/password_change/"])
def test_another_password(door: str, page: Client) -> None:
    new = {"new_password1": "five other words in it", "new_password2": "five other words in it"}
    page.post(door, {"old_password": "guess", **new})
    assert told(What.PASSWORD) == []
    page.post(door, {"old_password": PASSWORD, **new})
    assert told(What.PASSWORD) == [("ann", "ann", ADDRESS)]


def test_tokens_made_and_revoked(page: Client, ann: User) -> None:
    page.post("/accounts/", {"name": "notebook"})
    page.post(f"/accounts/tokens/{AccessToken.objects.get().pk}/delete/")
    page.post("/accounts/tokens/4711/delete/")
    assert told(What.TOKEN_MADE, What.TOKEN_REVOKED) == [("ann", "ann: notebook", ADDRESS)] * 2
    call_command("drf_create_token", "ann")
    assert told(What.TOKEN_MADE)[-1] == ("", "ann: command line", "")


def test_launches_by_rest_and_what_goes_on(rest: APIClient, ann: User) -> None:
    run = rest.post("/api/v1/runs/", NEW | {"name": "first"}, format="json").json()["id"]
    clone = rest.post(f"/api/v1/runs/{run}/clone/", {"seed": 1}, format="json").json()["id"]
    outside = {"kind": "external", "architecture": "mine"}
    reported = rest.post("/api/v1/runs/", outside, format="json").json()["id"]
    Run.objects.filter(pk=run).update(state="STOPPED")
    assert rest.post(f"/api/v1/runs/{run}/resume/").status_code == 202
    assert told(What.LAUNCHED) == [
        ("ann", f"run {run}: first", ADDRESS),
        ("ann", f"run {clone}: first", ADDRESS),
        ("ann", f"run {reported}: mine {reported}", ADDRESS),
        ("ann", f"run {run} again: first", ADDRESS),
    ]


def test_launches_by_page(page: Client) -> None:
    assert launched(page, filled(name="by page", seeds="0, 1")).status_code == 302
    runs = Run.objects.order_by("pk")
    assert told(What.LAUNCHED) == [("ann", f"run {run.pk}: by page", ADDRESS) for run in runs]


def test_what_is_published_and_withdrawn(page: Client, rest: APIClient, ann: User) -> None:
    run = run_make(owner=ann, name="r")
    checkpoint = checkpoint_make(run=run)
    page.post(f"/runs/{run.pk}/note/", {"name": "r", "private": "on"})
    rest.patch(f"/api/v1/runs/{run.pk}/", {"private": False}, format="json")
    rest.patch(f"/api/v1/runs/{run.pk}/", {"private": False}, format="json")  # it is
    page.post(f"/runs/{run.pk}/offer/")
    page.post(f"/runs/{run.pk}/offer/", {"offered": "yes"})
    comparison = Comparison.objects.create(image=image_create(file=upload(noise())), owner=ann)
    for act in ("share", "share", "unshare", "unshare"):
        page.post(f"/c/{comparison.pk}/{act}/")
    subjects = [f"run {run.pk}: r"] * 2 + [f"checkpoint {checkpoint.key}"] * 2
    subjects += [f"comparison {comparison.pk}, {what}" for what in ("by a link", "its link")]
    acts = Act.objects.filter(what__in=(What.PUBLISHED, What.WITHDRAWN)).order_by("id")
    assert list(acts.values_list("what", flat=True)) == [What.WITHDRAWN, What.PUBLISHED] * 2 + [
        What.PUBLISHED,
        What.WITHDRAWN,
    ]
    expected = [("ann", subject, ADDRESS) for subject in subjects]
    assert told(What.PUBLISHED, What.WITHDRAWN) == expected


def test_what_is_deleted_by_page_and_rest(page: Client, rest: APIClient, ann: User) -> None:
    runs = [run_make(owner=ann, name=name) for name in ("by page", "by rest", "by admin")]
    image, other = (image_create(file=upload(noise()), owner=ann) for _ in range(2))
    comparison = Comparison.objects.create(image=other, owner=ann)
    checkpoint = checkpoint_make()
    batches = [batch_create(files=[upload(noise())], models=[checkpoint.key], owner=ann)] * 2
    batches[1] = batch_create(files=[upload(noise())], models=[checkpoint.key], owner=ann)
    page.post(f"/runs/{runs[0].pk}/delete/")
    rest.delete(f"/api/v1/runs/{runs[1].pk}/")
    chosen = {"action": "delete_for_good", "_selected_action": [runs[2].pk]}
    page.post("/admin/experiments/run/", chosen)
    page.post(f"/c/{comparison.pk}/delete/")
    rest.delete(f"/api/v1/images/{image.pk}/")
    page.post(f"/batches/{batches[0].pk}/delete/")
    rest.delete(f"/api/v1/batches/{batches[1].pk}/")
    subjects = [f"run {run.pk}: {run.name}" for run in runs]
    subjects += [f"comparison {comparison.pk}", f"image {image.pk}: {image.name}"]
    subjects += [f"batch {batch.pk}: {batch.name}" for batch in batches]
    assert told(What.DELETED) == [("ann", subject, ADDRESS) for subject in subjects]


def test_a_visitors_deletion_has_an_address(db: None) -> None:
    api = APIClient(REMOTE_ADDR=ADDRESS)
    made = api.post("/api/v1/images/", {"file": upload(noise())}).json()
    api.delete(f"/api/v1/images/{made['id']}/?key={made['delete_key']}")
    assert [(row[0], row[2]) for row in told(What.DELETED)] == [("", ADDRESS)]


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_written_down_is_not_done(
    page: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, image = run_make(owner=ann), image_create(file=upload(noise()), owner=ann)
    token = token_make(user=ann, name="kept")

    def fail(**_: Any) -> None:
        raise RuntimeError("no trail")

    monkeypatch.setattr(Act.objects, "create", fail)
    page.raise_request_exception = False
    client = Client(raise_request_exception=False)
    answers = [
        page.post(f"/runs/{run.pk}/delete/"),
        page.post(f"/runs/{run.pk}/note/", {"private": "on"}),
        page.delete(f"/api/v1/images/{image.pk}/"),
        page.post("/api/v1/runs/", NEW, "application/json"),
        page.post("/accounts/", {"name": "another"}),
        page.post(f"/accounts/tokens/{AccessToken.objects.get().pk}/delete/"),
        client.post("/accounts/login/", {"username": "ann", "password": PASSWORD}),
    ]
    assert [answer.status_code for answer in answers] == [500] * len(answers)
    assert list(Run.objects.values_list("pk", "private")) == [(run.pk, False)]
    assert Image.objects.get() == image
    assert token
    assert AccessToken.objects.get().name == "kept"
    assert client.get("/accounts/").status_code == 302, "nobody is signed in"


def test_it_is_read_in_the_admin_only_and_changed_nowhere(page: Client, ann: User) -> None:
    audit.act_record(what=What.DELETED, subject="run 1: <b>")
    act = Act.objects.latest("id")
    address = "/admin/segweb/act/"
    assert page.get(address).status_code == 403, "staff needs the permission to view it"
    chief = Client()
    chief.force_login(User.objects.create_superuser("chief"))
    assert "run 1: &lt;b&gt;" in chief.get(address).content.decode()
    assert chief.get(f"{address}?q=run").status_code == 200
    assert chief.get(f"{address}{act.pk}/change/").status_code == 200
    before = list(Act.objects.values_list())
    for place in (f"{address}add/", f"{address}{act.pk}/change/", f"{address}{act.pk}/delete/"):
        assert chief.post(place, {"subject": "another"}).status_code == 403
    chief.post(address, {"action": "delete_selected", "_selected_action": [act.pk], "post": "yes"})
    for change in (
        act.save,
        act.delete,
        lambda: Act.objects.update(subject=""),
        lambda: Act.objects.all().delete(),
    ):
        with pytest.raises(TypeError, match="only added to"):
            change()
    assert list(Act.objects.values_list()) == before


def test_it_is_kept_for_so_long(settings: Settings) -> None:
    for days in (1, 364, 366):
        Act.objects.create(what=What.DELETED, at=timezone.now() - timedelta(days=days))
    assert (audit.acts_forget(), Act.objects.count()) == (1, 2)
    settings.AUDIT_DAYS = 0
    assert audit.acts_forget() == 0


def test_a_class_that_signs_in_at_once_is_not_locked_out() -> None:
    pupils = [f"pupil{number}" for number in range(30)]
    User.objects.bulk_create(User(username=name) for name in pupils)
    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.save()
    doors = [("wrong", 200)] * 19 + [(PASSWORD, 302)] * 30 + [("wrong", 200), ("wrong", 429)]
    names = [*pupils[:19], *pupils, *pupils[:2]]
    for (password, code), name in zip(doors, names, strict=True):
        sent = {"username": name, "password": password}
        assert Client().post("/accounts/login/", sent).status_code == code, (name, code)


def test_accounts_that_are_made_or_changed(admin_client: Client, ann: User) -> None:
    Act.objects.all().expire()
    change = reverse("admin:auth_user_change", args=[ann.pk])
    form = {"username": "ann", "is_active": "on", "is_superuser": "on", "is_staff": "on"}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00:00"}
    assert admin_client.post(change, form).status_code == 302
    ann.refresh_from_db()
    ann.delete()
    subjects = [subject for _, subject, _ in told(What.ACCOUNT)]
    assert subjects == ["changed ann: is_active, is_staff, is_superuser", "deleted ann"]
    assert told(What.ACCOUNT)[0][0] == "admin"
