"""Every environment variable that SegWeb reads: one declaration, with type and default.

A `.env` file in the repository's root may set them as well; the environment wins.
`.env.example` lists them all with their defaults, and a test keeps it equal to `VARIABLES`.
"""

import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

OTHERS = 0o077  # the bits of a mode that are not the owner's
BASE_DIR = Path(__file__).resolve().parent.parent

VARIABLES = {
    # where it is reached
    "HOST": (str, "127.0.0.1"),
    "PORT": (int, 8000),
    "ALLOWED_HOSTS": (list, []),
    "SCRIPT_NAME": (str, ""),
    "BEHIND_TLS": (bool, False),
    "NUM_PROXIES": (int, 0),
    "CSRF_TRUSTED_ORIGINS": (list, []),
    # where it keeps things
    "SEGWEB_VAR": (str, "var"),
    "SEGWEB_DATA": (str, ""),
    "DATABASE_URL": (str, ""),
    "REDIS_URL": (str, ""),
    # who may do what
    "SECRET_KEY": (str, ""),
    "ALLOW_ANONYMOUS": (bool, True),
    "PUBLIC_RUNS": (bool, False),
    "UPLOAD_MAX_BYTES": (int, 32 * 2**20),
    "UPLOAD_MAX_PIXELS": (int, 40_000_000),
    "IMPORT_MAX_BYTES": (int, 4 * 2**30),
    # how much each may keep and have waiting
    "VISITOR_IMAGES": (int, 1000),
    "VISITOR_BYTES": (int, 8 * 2**30),
    "VISITOR_JOBS": (int, 120),
    "ACCOUNT_IMAGES": (int, 10_000),
    "ACCOUNT_BYTES": (int, 64 * 2**30),
    "ACCOUNT_JOBS": (int, 240),
    "STAFF_IMAGES": (int, 100_000),
    "STAFF_BYTES": (int, 512 * 2**30),
    "STAFF_JOBS": (int, 1000),
    # how long what visitors made is kept, and who did what; 0 is for ever
    "VISITOR_DAYS": (int, 30),
    "AUDIT_DAYS": (int, 365),
    # how it works
    "DEBUG": (bool, False),
    "LOG_LEVEL": (str, "INFO"),
    "WEB_THREADS": (int, 32),
    "DEFAULT_DATASET": (str, "camvid"),
    "MODEL_BUDGET_BYTES": (int, 2 * 2**30),
    "CACHE_BUDGET_BYTES": (int, 4 * 2**30),
    # nine missed beats end a lease, so that an orphan goes on within a minute, the sweep included
    "HEARTBEAT_SECONDS": (float, 5.0),
    "LEASE_SECONDS": (float, 45.0),
    "SWEEP_SECONDS": (float, 5.0),
    # a job that kills its workers ends LOST after these, and the next one runs
    "MAX_ATTEMPTS": (int, 3),
    # a trainer that tells nothing and uses no processor for so long hangs; it is ended, as is
    # after six times as long one that uses one
    "STALL_SECONDS": (float, 300.0),
    "TRAINING_GPUS": (int, 1),
    # read by models_zoo, which knows nothing of Django
    "SEGWEB_CATALOGUE": (str, ""),
    "SEGWEB_WEIGHTS": (str, ""),
    "SEGWEB_RUNTIME": (str, "auto"),
}

env = environ.Env(**VARIABLES)
environ.Env.read_env(BASE_DIR / ".env")


def var_dir() -> Path:
    """The folder for all that running makes, made at need, closed to every other local account.

    ImproperlyConfigured if it cannot be made.
    """
    folder = (BASE_DIR / env("SEGWEB_VAR")).resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise ImproperlyConfigured(f"{folder} cannot be made: {fault.strerror}.") from fault
    found = folder.stat()
    # Another account's, which lets us in by its group, is its owner's to close.
    if found.st_mode & OTHERS and found.st_uid == os.getuid():
        close_to_others(folder)
    return folder


def close_to_others(folder: Path) -> None:
    """Take a folder, and all that is in it, from group and others: hashes, sessions, images."""
    for place, _folders, files in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in files)):
            with suppress(FileNotFoundError, PermissionError):  # others run, and delete
                mode = path.lstat().st_mode
                if mode & OTHERS and not stat.S_ISLNK(mode):
                    path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def work_privately() -> None:
    """What this process and its children make from now on is for this account alone."""
    os.umask(OTHERS)


def secret_key(file: Path) -> str:
    """The key in `file` (mode 0600), made at first start; safe with several starting at once.

    ImproperlyConfigured when the file can be neither read nor made.
    """
    try:
        if not file.exists():
            # Mode 0600 from the start; linked once it is whole, if no other process was faster.
            descriptor, draft = tempfile.mkstemp(dir=file.parent)
            os.write(descriptor, secrets.token_urlsafe(50).encode())
            os.close(descriptor)
            try:
                os.link(draft, file)
            except FileExistsError:
                pass  # another process was faster: its key counts
            finally:
                Path(draft).unlink()
        return file.read_text()
    except OSError as fault:
        raise ImproperlyConfigured(f"{file} cannot be written: {fault.strerror}.") from fault
