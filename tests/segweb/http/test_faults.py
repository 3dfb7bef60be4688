"""Faults that are not the program's: a locked database is a 503, a full disk a 507, everywhere."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError, connection
from django.http import HttpRequest
from django.test import Client, RequestFactory

from inference.images import services
from segweb.http.faults import FaultsMiddleware
from segweb.jobs.storage import told_disk_full
from tests.experiments.factories import checkpoint_make
from tests.inference.pictures import noise, upload

FULL = OSError(errno.ENOSPC, "No space left on device", "/srv/secret/place")


def test_a_view_without_database_or_disk_is_explained(rf: RequestFactory):
    def view(request: HttpRequest) -> None:
        raise AssertionError

    explain = FaultsMiddleware(view).process_exception
    away = explain(rf.get("/"), OperationalError("database is locked"))
    assert (away.status_code, away["Retry-After"]) == (503, "5")
    full = explain(rf.get("/"), FULL)
    assert full.status_code == 507
    assert b"secret" not in full.content
    assert explain(rf.get("/"), ValueError()) is None


@pytest.fixture
def forgiving() -> Client:
    """A browser that gets what a server answers, also where the test's client would raise."""
    return Client(raise_request_exception=False)


def unwritable(monkeypatch: pytest.MonkeyPatch, fault: Exception = FULL) -> None:
    monkeypatch.setattr(services, "default_storage", Mock(save=Mock(side_effect=fault)))


def told(answer: Any) -> str:
    assert answer.status_code == 507
    assert b"secret" not in answer.content
    if answer["Content-Type"] == "application/problem+json":
        return json.loads(answer.content)["detail"]
    return answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("session", ["kept", "not kept"])
def test_an_upload_on_a_full_disk_is_a_507(session, forgiving: Client, monkeypatch):
    key = checkpoint_make().key
    unwritable(monkeypatch)
    if session == "not kept":  # the database is on the same disk, and the visitor is a new one
        full = OperationalError("database or disk is full")
        full.__cause__ = sqlite3.OperationalError("database or disk is full")
        full.__cause__.sqlite_errorcode = sqlite3.SQLITE_FULL
        monkeypatch.setattr(SessionStore, "save", Mock(side_effect=full))
    for address in ("/api/v1/images/", "/"):
        photo = {"file": upload(noise()), "models": [key], "scale": "model"}
        assert "disk is full" in told(forgiving.post(address, photo))


@pytest.mark.django_db
def test_sqlite_without_room_is_told_as_a_full_disk(settings):
    if connection.vendor != "sqlite":
        pytest.skip("SQLite's own limit")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE big (text)")
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
        cursor.execute(f"PRAGMA max_page_count = {pages + 2}")
        try:
            with pytest.raises(DatabaseError) as caught:
                cursor.execute("INSERT INTO big VALUES (zeroblob(1000000))")
        finally:
            cursor.execute("PRAGMA max_page_count = 1073741823")
    assert told_disk_full(caught.value)


def test_what_else_a_database_says_is_no_full_disk():
    assert not told_disk_full(OperationalError("database is locked"))
    assert not told_disk_full(OSError(errno.EACCES, "no"))
    assert not told_disk_full(None)


class Filling:
    """Content in whose middle the disk is full, or the process is killed."""

    name = "x"

    def __init__(self, end: BaseException) -> None:
        self.end = end

    def chunks(self) -> Iterator[bytes]:
        yield b"half"
        raise self.end


@pytest.mark.parametrize("end", [FULL, SystemExit()])
def test_a_file_is_stored_whole_or_not_at_all(end: BaseException):
    with pytest.raises(type(end)):
        default_storage.save("images/1/thumbnail.jpg", Filling(end))
    assert default_storage.listdir("images/1") == ([], [])


def test_two_that_store_under_one_name_get_one_each():
    # `save` has looked for a free name before this; both found the same.
    names = {default_storage._save("a/b.txt", ContentFile(text)) for text in (b"1", b"2")}
    assert len(names) == 2
    assert {Path(default_storage.path(name)).read_bytes() for name in names} == {b"1", b"2"}
