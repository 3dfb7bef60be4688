"""Passwords are guessed slowly, at every door; tokens are kept as digests."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from segweb.http.tokens import token_make
from segweb.models import AccessToken

WRONG = {"username": "teacher", "password": "guess"}


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("door", ["/accounts/login/", "/admin/login/"])
def test_two_hundred_attempts_in_a_minute_are_stopped(client, door):
    answers = [
        client.post(door, WRONG | {"username": f"pupil{i}"}, HTTP_X_FORWARDED_FOR=f"10.0.0.{i}")
        for i in range(200)
    ]
    codes = [answer.status_code for answer in answers]
    assert codes[:20] == [200] * 20, "the form again, with its error"
    assert codes[20:] == [429] * 180, "a forged header makes nobody another"
    assert int(answers[-1]["Retry-After"]) <= 60


@pytest.mark.django_db
def test_the_admin_panel_is_reached_by_the_one_sign_in_page(client):
    User.objects.create_superuser("teacher", password="right")
    form = client.get("/admin/", follow=True)
    assert form.templates[0].name == "registration/login.html"
    answer = client.post("/admin/login/?next=/admin/", WRONG | {"password": "right"})
    assert answer.url == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("door", ["/accounts/login/", "/admin/login/"])
def test_one_accounts_guesses_are_counted_from_everywhere(client, door):
    def guess(number: int, name: str = "teacher") -> int:
        told = {"username": name, "password": "guess"}
        return client.post(door, told, REMOTE_ADDR=f"10.0.0.{number}").status_code

    spellings = ("teacher", "Teacher ", "ｔeacher")  # one name to the form
    codes = [guess(number, spellings[number % 3]) for number in range(12)]
    assert codes == [200] * 10 + [429] * 2
    assert guess(99, "another") == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "door", ["/accounts/login/", "/accounts/password/", "/admin/password_change/"]
)
def test_guesses_are_counted_when_signed_in(client, door):
    client.force_login(User.objects.create_superuser("pupil", password="own"))
    told = WRONG | {"old_password": "guess", "new_password1": "x" * 20, "new_password2": "x" * 20}
    codes = [client.post(door, told).status_code for _ in range(12)]
    assert codes == [200] * 10 + [429] * 2


@pytest.mark.django_db
def test_anybody_changes_their_own_password(client):
    pupil = User.objects.create_user("pupil", password="a former one")
    client.force_login(pupil)
    told = {"old_password": "a former one", "new_password1": "a newer one!"}
    refused = client.post("/accounts/password/", told | {"new_password2": "another"})
    assert refused.status_code == 200
    done = client.post("/accounts/password/", told | {"new_password2": "a newer one!"})
    assert done.url == "/accounts/"
    pupil.refresh_from_db()
    assert pupil.check_password("a newer one!")
    assert client.get("/accounts/").status_code == 200, "signed in still"


def by_token(token: str) -> int:
    return Client().get("/api/v1/runs/", headers={"Authorization": f"Token {token}"}).status_code


@pytest.mark.django_db
def test_a_token_is_made_named_shown_once_and_revoked(client):
    client.force_login(User.objects.create_user("pupil"))
    page = client.post("/accounts/", {"name": "notebook"})
    token = page.context["made"]
    assert token in page.content.decode()
    assert page["Cache-Control"].startswith("max-age=0")
    kept = AccessToken.objects.get()
    assert token not in (kept.digest, kept.name)
    assert by_token(token) == 200
    assert AccessToken.objects.get().used_on is not None
    again = client.get("/accounts/").content.decode()
    assert token not in again
    assert "notebook" in again
    client.post(f"/accounts/tokens/{kept.pk}/delete/")
    assert by_token(token) == 401


@pytest.mark.django_db
def test_nobody_revokes_anothers_token(client):
    token_make(user=User.objects.create_user("ann"), name="hers")
    client.force_login(User.objects.create_user("bob"))
    client.post(f"/accounts/tokens/{AccessToken.objects.get().pk}/delete/")
    assert AccessToken.objects.exists()
    assert "hers" not in client.get("/accounts/").content.decode()


@pytest.mark.django_db
def test_a_token_ends_with_its_account():
    user = User.objects.create_user("ann")
    token = token_make(user=user, name="hers")
    User.objects.update(is_active=False)
    assert by_token(token) == 401


@pytest.mark.django_db(transaction=True)
def test_tokens_of_before_go_on_working_as_digests():
    user = User.objects.create_user("ann")
    migration = importlib.import_module("segweb.migrations.0001_access_tokens")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE authtoken_token (key varchar(40), created timestamp, user_id bigint)"
        )
        cursor.execute(
            "INSERT INTO authtoken_token VALUES (%s, '2026-01-02 03:04:05', %s)",
            ["k" * 40, user.pk],
        )
    try:
        migration.tokens_digest(apps, SimpleNamespace(connection=connection))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM authtoken_token")
            assert cursor.fetchone() == (0,)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE authtoken_token")
    assert by_token("k" * 40) == 200


@pytest.mark.django_db
def test_the_command_makes_a_token(capsys):
    User.objects.create_user("ann")
    call_command("drf_create_token", "ann")
    assert by_token(capsys.readouterr().out.split()[2]) == 200
    with pytest.raises(CommandError):
        call_command("drf_create_token", "nobody")


@pytest.mark.parametrize(
    ("next_page", "words"),
    [
        ("/runs/?sort=name", "Runs, data sets and the leaderboard"),
        ("/admin/auth/user/", "for the staff"),
        ("/history/", ""),
        ("/nowhere/", ""),
        ("//elsewhere.example/runs/", ""),
        ("", ""),
    ],
)
def test_the_sign_in_page_says_why(client, next_page, words):
    page = client.get("/accounts/login/", {"next": next_page})
    assert words in page.context["why"]
    assert bool(words) == ('class="why"' in page.content.decode())


def test_why_depends_on_what_is_open(client, settings):
    settings.ALLOW_ANONYMOUS, settings.PUBLIC_RUNS = False, True
    assert "images are compared" in client.get("/accounts/login/?next=/live/").context["why"]
    assert client.get("/accounts/login/?next=/runs/").context["why"] == ""
