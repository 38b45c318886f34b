"""One settings file, read from the environment. README lists every variable.

With no environment at all Belay runs in development mode: a key and an SQLite file are made
under BELAY_DATA_DIR. `BELAY_ENV=production` refuses to start without SECRET_KEY and ALLOWED_HOSTS.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured

from config import looks

BASE_DIR = Path(__file__).resolve().parent.parent
BELAY_ENV = os.environ.get("BELAY_ENV", "development")
IS_PRODUCTION = BELAY_ENV == "production"
if BELAY_ENV not in ("development", "production"):
    raise ImproperlyConfigured("BELAY_ENV is 'development' or 'production'.")
DATA_DIR = Path(os.environ.get("BELAY_DATA_DIR") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _flag(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0").lower() in ("1", "true", "yes", "on")


def _names(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def _development_key() -> str:
    """A key that survives restarts. Two processes may start at once: the first file stays."""
    path = DATA_DIR / "secret_key"
    if not path.exists():
        draft = DATA_DIR / f"secret_key.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


DEBUG = _flag("BELAY_DEBUG", False)
PORT = int(os.environ.get("PORT") or 8000)
SECRET_KEY = os.environ.get("SECRET_KEY", "")
ALLOWED_HOSTS = _names("ALLOWED_HOSTS")
if IS_PRODUCTION:
    if not SECRET_KEY:
        raise ImproperlyConfigured("Set SECRET_KEY: production does not invent one.")
    if not ALLOWED_HOSTS:
        raise ImproperlyConfigured("Set ALLOWED_HOSTS to the host names Belay answers to.")
else:
    SECRET_KEY = SECRET_KEY or _development_key()
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["*"]
# Where people reach Belay: the links in mails start with it.
BASE_URL = os.environ.get("BELAY_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL.startswith("https://") else []

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.simple_history",
    "config.apps.GovernanceConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_q",
    "django_htmx",
    "django_filters",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "simple_history",
    "axes",
    "csp",
    "accounts",
    "playbooks",
    "escalations",
]
MIDDLEWARE = [
    "config.lib.request_log.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.lib.limits.BodyLimitMiddleware",
    "config.lib.problems.ProblemMiddleware",
    "config.lib.stamps.ReadsAskOnce",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "escalations.views.chrome.chrome",
            ],
        },
    }
]

# --- database -------------------------------------------------------------------------------
DATABASES = {
    "default": dj_database_url.config(
        default=f"sqlite:///{DATA_DIR / 'belay.sqlite3'}",
        conn_max_age=600,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE: a read-check-write block takes the write lock first and waits its turn instead of
    # dying with "database is locked" half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A machine that is cut off holds its row locks until the server gives its connection up. By
    # default that takes two hours; here both ends notice within half a minute.
    _beat = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    _server = " ".join(f"-c tcp_{name}={value}" for name, value in _beat.items())
    _server += " -c tcp_user_timeout=25000 -c idle_in_transaction_session_timeout=60000"
    _given = DATABASES["default"].setdefault("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 10,
        "tcp_user_timeout": 25_000,
        **_beat,
        **_given,
        "options": f"{_server} {_given.get('options', '')}".strip(),
    }
# A pooler that shares connections between transactions may not bear them.
PREPARED_STATEMENTS = _flag("BELAY_PREPARED_STATEMENTS", True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["models.W036", "models.W037", "models.W043"]

# --- people ---------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.backends.RightsBackend",
    "django.contrib.auth.backends.ModelBackend",  # of sessions from before
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/accounts/login/"
# By name and address together: the default locks out everybody behind one address.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_CALLABLE = "accounts.views.sign_in.locked_out"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# --- static files ---------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
_is_test = "pytest" in sys.modules
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if _is_test
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = _is_test

# --- security -------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
if IS_PRODUCTION:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = _flag("BELAY_SSL_REDIRECT", True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Unfold needs eval and inline styles; only /admin/ gets them (config.admin_site).
ADMIN_CSP = {"script-src": [SELF, UNSAFE_EVAL], "style-src": [SELF, UNSAFE_INLINE]}
# Intake answers 503 while a notice that is due has waited longer than this, in seconds; 0 never.
BUSY_AFTER_S = float(os.environ.get("BELAY_BUSY_AFTER_S") or 5)
# How many signals or batches of readings a second one token may send to one web process, and how
# many at once; a rate of 0 is no limit.
INTAKE_RATE = float(os.environ.get("BELAY_INTAKE_RATE") or 200)
INTAKE_BURST = float(os.environ.get("BELAY_INTAKE_BURST") or 2000)
BODY_LIMITS = {
    "/api/v1/readings/": 8 * 2**20,
    "/api/v1/signals/batch/": 4 * 2**20,
    "/tables/": 5 * 2**20,
    "/evidence/": 6 * 2**20,
    "/api/v1/evidence/": 7 * 2**20,
    "/v2/enqueue": 512 * 2**10,
}
BODY_LIMIT = 2**20
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 2**20

# --- API ------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "config.lib.tokens.TokenAuthentication",
        "config.lib.tokens.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["config.lib.api.HasAnyRole"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.lib.api.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "config.lib.schema.BelaySchema",
    "EXCEPTION_HANDLER": "config.lib.problems.exception_handler",
    "DEFAULT_PAGINATION_CLASS": "config.lib.api.CursorPages",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "PAGE_SIZE": 50,
}
REST_KNOX = {"TOKEN_TTL": None, "AUTH_HEADER_PREFIX": "Token", "TOKEN_LIMIT_PER_USER": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "Belay API",
    "DESCRIPTION": "Readings and signals in; owned, timed and explained incidents out.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "SeverityEnum": "escalations.rules.verbs.SEVERITY_CHOICES",
        "BreachCauseEnum": "escalations.models.clocks.CAUSES",
        "RepairKindEnum": "escalations.models.repairs.RepairKind",
        "LinkKindEnum": "escalations.rules.verbs.LINK_KINDS",
        "LadderStateEnum": "escalations.models.ladders.LadderState.choices",
        "IncidentKindEnum": "escalations.models.incidents.Kind",
        "PlaybookKindEnum": "playbooks.models.playbooks.PlaybookKind",
        "PlaybookRunStateEnum": "playbooks.models.runs.RunState",
        "StepStateEnum": "playbooks.models.runs.StepState",
        "VersionStateEnum": "config.lib.versions.VersionState",
        "PlaybookOutcomeEnum": "playbooks.models.runs.Outcome",
        "TierEnum": "accounts.models.customers.TierChoice",
        "TemplateChannelEnum": "playbooks.models.templates.TemplateChannel",
        "ContactKindEnum": "accounts.rules.contact_methods.KINDS",
        "DecisionKindEnum": "escalations.models.decisions.DecisionKind",
        "EvidenceKindEnum": "escalations.models.evidence.EvidenceKind",
        "NoticeChannelEnum": "escalations.models.notices.Channel",
        "PauseScopeEnum": "escalations.models.automation.PauseScope",
        "GovernedKindEnum": "escalations.selectors.governed_kinds.NAMES",
        "CauseCategoryEnum": "escalations.rules.verbs.CAUSE_CATEGORIES",
    },
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

# --- mail -----------------------------------------------------------------------------------
EMAIL_HOST = os.environ.get("EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT") or 25)
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _flag("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _flag("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Belay <belay@localhost>")
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "config.lib.mailbox.FolderBackend"
)
MAIL_DIR = DATA_DIR / "mail"

# --- other channels -------------------------------------------------------------------------
# Hosts ("name" or "name:port") that may be inside our network, or plain http. Nobody else is.
OUTWARD_HOSTS = _names("BELAY_OUTWARD_HOSTS")
# What chat, SMS and push may go through: schemes of apprise.
APPRISE_SCHEMES = _names("BELAY_APPRISE_SCHEMES") or [
    "slack",
    "workflow",
    "workflows",
    "tgram",
    "ntfy",
    "ntfys",
    "pover",
    "twilio",
    "json",
    "jsons",
]

# --- background jobs ------------------------------------------------------------------------
# Each value is explained in config/DECISIONS.md (background jobs).
Q_CLUSTER: dict[str, Any] = {
    "name": "belay",
    "orm": "default",
    "save_limit": -1,
    "bulk": 10,
    "poll": 0.1,
    "workers": 2,
    "queue_limit": 4,
    "timeout": 60,
    "retry": 300,
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "recycle": 500,
    "label": "Jobs",
}

# --- logs -----------------------------------------------------------------------------------
LOG_FORMAT = os.environ.get("BELAY_LOG_FORMAT") or "plain"
if LOG_FORMAT not in ("plain", "json"):
    raise ImproperlyConfigured("BELAY_LOG_FORMAT is 'plain' or 'json'.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "config.lib.request_log.RequestIdFilter"}},
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
        "json": {"()": "config.lib.request_log.JsonLines"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["request_id"],
        }
    },
    "root": {"handlers": ["console"], "level": os.environ.get("BELAY_LOG_LEVEL", "WARNING")},
    "loggers": {
        "belay": {"level": "INFO"},
        "axes": {"level": "ERROR"},
        # A 4xx is an answer, not an incident of ours.
        "django.request": {"level": "ERROR"},
        # The development server's own line shows query strings; `belay.request` has ours.
        "django.server": {"handlers": [], "propagate": False},
    },
}

SIMPLE_HISTORY_REVERT_DISABLED = True  # a change is made forward, by the service that checks it
UNFOLD = looks.UNFOLD
# A maintenance window lasts no longer than this.
# Asked for after every audit that found nothing. A watcher outside alarms when that stops.
DEADMAN_URL = os.environ.get("BELAY_DEADMAN_URL", "")
# Whoever scrapes /metrics shows this as a bearer token; without one only signed-in people read it.
METRICS_TOKEN = os.environ.get("BELAY_METRICS_TOKEN", "")
MAINTENANCE_MAX_DAYS = int(os.environ.get("BELAY_MAINTENANCE_MAX_DAYS") or 7)

DEMO_PASSWORD = os.environ.get("BELAY_DEMO_PASSWORD", "belay-demo")
