"""The settings as tests see them: a var folder that vanishes, no broker, no hashing cost."""

import os
import tempfile
from pathlib import Path

_var = tempfile.TemporaryDirectory(prefix="segweb-tests-")
os.environ |= {
    "SEGWEB_VAR": _var.name,
    "DATABASE_URL": "",
    "REDIS_URL": "redis://127.0.0.1:1/0",  # refuses: a wake-up never leaves a test
    "SECRET_KEY": "known to every test",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # playwright's loop runs beside live_server
}

from segweb.settings import *  # noqa: E402, F403
from segweb.settings import DATABASES, STATIC_ROOT, STORAGES  # noqa: E402

DATABASES["default"]["TEST"] = {"NAME": str(Path(_var.name) / "test.sqlite3")}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir()
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
