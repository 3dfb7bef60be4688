"""Django's settings: one file, driven by the variables of segweb.env.

Without any of them set: SQLite and a private Redis, everything under var/, one host.
"""

import re

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from segweb.env import BASE_DIR, env, secret_key, var_dir
from segweb.host.redis_server import recorded_url

VAR_DIR = var_dir()
DEBUG = env("DEBUG")
SECRET_KEY = env("SECRET_KEY") or secret_key(VAR_DIR / "secret_key")

HOST, PORT = env("HOST"), env("PORT")
LOOPBACK = ["localhost", "127.0.0.1", "::1"]
# Under which names others reach an opened server is theirs to say; SegWeb cannot know them.
HERE = [*LOOPBACK, "[::1]"]  # the host itself asks whether it is healthy
ALLOWED_HOSTS = ["*"]
if env("ALLOWED_HOSTS") or HOST in LOOPBACK:
    ALLOWED_HOSTS = [*env("ALLOWED_HOSTS"), *HERE]
CSRF_TRUSTED_ORIGINS = env("CSRF_TRUSTED_ORIGINS")

# Behind a proxy that speaks TLS: what it says of the client is believed, cookies travel encrypted.
BEHIND_TLS = env("BEHIND_TLS")
NUM_PROXIES = env("NUM_PROXIES") or int(BEHIND_TLS)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
# Asked by the host itself, without TLS; the pattern is matched with the prefix of all addresses.
_PREFIX = re.escape(f"{env('SCRIPT_NAME').strip('/')}/".removeprefix("/"))
SECURE_REDIRECT_EXEMPT = [f"^{_PREFIX}(healthz|readyz)$"]
SECURE_HSTS_SECONDS = 365 * 86_400 if BEHIND_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if NUM_PROXIES else None
# HSTS is for this name alone: what else its domain serves is not SegWeb's to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    "segweb",
    "inference",
    "experiments",
    "lineage",
]

MIDDLEWARE = [
    "segweb.http.answers.head.HeadMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "segweb.http.answers.caching.CachingMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "segweb.http.slashes.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "segweb.audit.AuditMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "segweb.http.gate.AddressGateMiddleware",
    # Last, and therefore the first that is asked about a fault of a view.
    "segweb.http.faults.FaultsMiddleware",
]

ROOT_URLCONF = "segweb.urls"
WSGI_APPLICATION = "segweb.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["segweb.templatetags.figures"],
        },
    },
]

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # By default 300: counted guesses would be forgotten as soon as there are other callers.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# Database. SQLite takes its write lock at a transaction's start: upgrading a read lock fails at
# once when another writer is there, while waiting for it is bounded by the timeout.

DATABASES = {
    "default": env.db_url_config(env("DATABASE_URL") or f"sqlite:///{VAR_DIR / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Seconds: a request answers 503 then, since none may hang for more than five.
        "timeout": 3,
        # Eight writers, 1,600 writes: 814 met a lock error in the default mode, none in this one.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A kept connection does not survive a restart of PostgreSQL: each is tried before it is used.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 3)
# To open one takes as long as three queries, on SQLite too.
DATABASES["default"]["CONN_MAX_AGE"] = 60
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Files

MEDIA_ROOT = VAR_DIR / "media"
# Large uploads while they arrive: on the disk of what is kept, where the sweeper finds what a
# killed process left.
FILE_UPLOAD_TEMP_DIR = VAR_DIR / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
# As everything under var/: for the account that SegWeb runs under, and no other.
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700
DATA_ROOT = BASE_DIR / env("SEGWEB_DATA") if env("SEGWEB_DATA") else VAR_DIR / "data"
STATIC_ROOT = VAR_DIR / "static"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "segweb.http.staticfiles.BokehFinder",
]
STORAGES = {
    "default": {"BACKEND": "segweb.jobs.storage.WholeFiles"},
    "staticfiles": {"BACKEND": "segweb.http.staticfiles.StaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# People and languages

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "inference:home"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ko", _("Korean"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = ["segweb.formats"]

# Nothing comes from another host.

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # No unsafe-eval: BokehJS evaluates strings in its Custom* models only, and none is used.
        "script-src": [SELF, NONCE],
        "img-src": [SELF, "blob:", "data:"],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# The API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "segweb.http.tokens.DigestAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "segweb.http.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_RATES": {
        "anon": "120/min",
        "batch": "12/min",
        "login": "20/min",
        "account": "10/min",
    },
    "NUM_PROXIES": NUM_PROXIES,  # else anyone names themselves by X-Forwarded-For
    "DEFAULT_SCHEMA_CLASS": "segweb.http.schema.Schema",
    "EXCEPTION_HANDLER": "segweb.http.problems.handler",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "SegWeb",
    "VERSION": "1",
    "DESCRIPTION": "Compare and train networks for semantic segmentation. "
    # From /api/v1/docs/, wherever that lies.
    "[segweb_client.py](../../../segweb_client.py) reports a training in ten lines.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "segweb.http.schema.problem_describe",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "KindEnum": "experiments.models.Kind.choices",
        "LaunchKindEnum": "experiments.runs.serializers.LAUNCHED",
    },
}

# Jobs. The broker is Redis: the one of REDIS_URL, or the private one that `up` recorded.

CELERY_BROKER_URL = env("REDIS_URL") or recorded_url(VAR_DIR)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # For requests: submitting to a frozen Redis takes 0.31 s. Workers wait longer (celery.py).
    "socket_connect_timeout": 0.3,
    "socket_timeout": 0.3,
    "max_retries": 0,  # else a connection that is refused is tried again for six seconds
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "inference"
# Results are rows. With a result backend, sending to a Redis that refuses took 19.3 s.
CELERY_TASK_IGNORE_RESULT = True
# What a killed worker had taken is sent again; a message too many finds the row claimed.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_PUBLISH_RETRY = False
# The default, 4, keeps messages with a busy worker while others are idle.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

HEARTBEAT_SECONDS = env("HEARTBEAT_SECONDS")
LEASE_SECONDS = env("LEASE_SECONDS")
SWEEP_SECONDS = env("SWEEP_SECONDS")
MAX_ATTEMPTS = env("MAX_ATTEMPTS")
STALL_SECONDS = env("STALL_SECONDS")

# What visitors and workers may use

ALLOW_ANONYMOUS = env("ALLOW_ANONYMOUS")
PUBLIC_RUNS = env("PUBLIC_RUNS")
UPLOAD_MAX_BYTES = env("UPLOAD_MAX_BYTES")
UPLOAD_MAX_PIXELS = env("UPLOAD_MAX_PIXELS")
IMPORT_MAX_BYTES = env("IMPORT_MAX_BYTES")
QUOTAS = {
    (role, what): env(f"{role}_{what}".upper())
    for role in ("visitor", "account", "staff")
    for what in ("images", "bytes", "jobs")
}
VISITOR_DAYS = env("VISITOR_DAYS")
AUDIT_DAYS = env("AUDIT_DAYS")
DEFAULT_DATASET = env("DEFAULT_DATASET")
MODEL_BUDGET_BYTES = env("MODEL_BUDGET_BYTES")
CACHE_BUDGET_BYTES = env("CACHE_BUDGET_BYTES")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL")},
}
