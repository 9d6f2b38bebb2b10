"""All settings, from the environment, with defaults that need nothing: clone, install, run.

State lives under one directory, POLYFAQ_HOME (default `var/`): database, index, uploads, Argos packages, secret key.
Settings that belong to Polyfaq are in the dictionary POLYFAQ; `faq.conf` reads it, `faq.checks` checks its relations.
"""

import contextlib
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from portal import environment as env
from portal import reporting

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = env.directory("POLYFAQ_HOME", BASE_DIR / "var")


def _secret_key() -> str:
    """DJANGO_SECRET_KEY, or one generated once and kept in POLYFAQ_HOME, readable by its owner only.

    It is written aside and then given its name, so that of several processes that start at once one wins and none reads
    half of it.
    """
    if given := env.text("DJANGO_SECRET_KEY"):
        return given
    path = HOME / "secret_key"
    try:
        if not path.exists():
            aside = HOME / f".secret_key.{os.getpid()}"
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
            with contextlib.suppress(FileExistsError):
                os.link(aside, path)
            aside.unlink()
        kept = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The secret key {path} cannot be written or read: {error.strerror}. Give this user the directory"
            " POLYFAQ_HOME, or set DJANGO_SECRET_KEY to 50 or more random characters."
        ) from error
    if not kept:
        raise ImproperlyConfigured(
            f"{path} is empty. Delete it; the next start makes a new key, and people log in again."
        )
    return kept


SECRET_KEY = _secret_key()
DEBUG = env.boolean("POLYFAQ_DEBUG", False)
CSRF_TRUSTED_ORIGINS = env.origins("POLYFAQ_TRUSTED_ORIGINS")
SITE_URL = env.address("POLYFAQ_SITE_URL", "http://localhost:8000")
ALLOWED_HOSTS = env.hosts("POLYFAQ_ALLOWED_HOSTS", f"localhost 127.0.0.1 [::1] {urlsplit(SITE_URL).hostname}")
TRUSTED_PROXIES = env.integer("POLYFAQ_TRUSTED_PROXIES", 0, 0, 10)

INSTALLED_APPS = [
    "unfold",
    # Before ours, which takes their screens out of the desk: they show everybody's secrets.
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "faq.apps.FaqConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
]
MIDDLEWARE = [
    "portal.probes.ProbesMiddleware",
    "portal.proxies.ClientAddressMiddleware",
    "portal.metrics.MetricsMiddleware",
    "portal.tracing.RequestIdMiddleware",
    "faq.web.pages.PagesMiddleware",  # what it keeps has passed all that follow
    "django.middleware.security.SecurityMiddleware",
    "portal.static.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "faq.web.middleware.SecurityHeadersMiddleware",
    "faq.web.middleware.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
METRICS_TOKEN = env.text("POLYFAQ_METRICS_TOKEN")
METRICS_NETWORKS = env.networks("POLYFAQ_METRICS_NETWORKS")
if METRICS_TOKEN or METRICS_NETWORKS:  # whoever measures nothing pays for nothing
    MIDDLEWARE = [
        "django_prometheus.middleware.PrometheusBeforeMiddleware",
        *MIDDLEWARE,
        "django_prometheus.middleware.PrometheusAfterMiddleware",
    ]
ROOT_URLCONF = "portal.urls"
CSRF_FAILURE_VIEW = "faq.web.problems.csrf_failure"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"
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
                "faq.web.context.site",
            ],
            "libraries": {"site": "faq.web.tags"},
        },
    }
]

DATABASES = {"default": env.database("DATABASE_URL", HOME / "polyfaq.sqlite3", env.session())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.server(
    "REDIS_URL", ("redis", "rediss", "unix"), "redis://user:password@host:6379/0", credential="REDIS_PASSWORD"
)
CACHES = {
    "default": {"BACKEND": "portal.caching.ForgetfulRedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 5000}}
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
OTP_TOTP_ISSUER = "Polyfaq"  # what an authenticator shows above the code

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")), ("de", _("German")), ("fr", _("French")), ("es", _("Spanish")), ("pl", _("Polish")),
    ("uk", _("Ukrainian")), ("tr", _("Turkish")), ("ar", _("Arabic")), ("zh-hans", _("Chinese (simplified)")),
]  # fmt: skip
# The desk's language, chosen there; a reader's is another matter (faq.web.languages).
LANGUAGE_COOKIE_NAME = "polyfaq_desk_language"
LANGUAGE_COOKIE_PATH = "/admin/"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.time_zone("POLYFAQ_TIME_ZONE", "UTC")

STATIC_URL = "static/"
STATIC_ROOT = env.path("POLYFAQ_STATIC_ROOT", HOME / "static")
with contextlib.suppress(OSError):
    STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns of one that is missing, though it finds the files without it
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.static.HashedStorage"},
}
MEDIA_ROOT = HOME / "uploads"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
HTTPS = env.boolean("POLYFAQ_HTTPS", SITE_URL.startswith("https://"))
HSTS_SECONDS = env.integer("POLYFAQ_HSTS_SECONDS", 31_536_000)
SSL_REDIRECT = env.boolean("POLYFAQ_SSL_REDIRECT", True)
if HTTPS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = HSTS_SECONDS
    SECURE_SSL_REDIRECT = SSL_REDIRECT
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

BROKERS = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps", "memory")
CELERY_BROKER_URL = (
    env.server("CELERY_BROKER_URL", BROKERS, "redis://user:password@host:6379/1")
    or REDIS_URL.replace("unix://", "redis+socket://", 1)  # one socket, spelt as Celery spells it
    or "memory://localhost//"
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 3600  # of what the timer sends; a job comes with the limits of its queue (faq.domain.queues)
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# No request waits long for a broker that is away: the job is in the database, and a sweep sends it. One message is tried twice.
if CELERY_BROKER_URL.startswith("memory"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.1}
elif CELERY_BROKER_URL.startswith(("redis", "sentinel")):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_connect_timeout": 3, "socket_timeout": 30, "socket_keepalive": True,
        "max_retries": 1, "interval_start": 0, "interval_step": 0,
    }  # fmt: skip

ALIVE_FILE = env.text("POLYFAQ_ALIVE_FILE")  # workers and the timer touch it (portal.alive)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "faq.api.problems.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": env.rate("POLYFAQ_API_RATE", "120/min")},
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # what is wanted is told by Accept
    "NUM_PROXIES": 0,  # the middleware has put the visitor's address into REMOTE_ADDR
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Polyfaq API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_DIST": "SIDECAR",  # its files are served here: the page works offline
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"OriginEnum": "faq.api.shapes.ORIGINS", "StateEnum": "faq.api.desk_shapes.STATES"},
    "PREPROCESSING_HOOKS": ["faq.api.schema.documented"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "faq.api.schema.finished"],
}

WEAVIATE = {  # arguments of retrieval.backends.weaviate.WeaviateBackend; faq.checks has it look at them
    "url": env.text("WEAVIATE_URL"),
    "grpc_url": env.text("WEAVIATE_GRPC_URL"),
    "api_key": env.text("WEAVIATE_API_KEY"),
    "prefix": env.text("WEAVIATE_PREFIX", "Polyfaq"),
    "replicas": env.integer("WEAVIATE_REPLICAS", 1, 1, 21),
    "shards": env.integer("WEAVIATE_SHARDS", 0, 0, 1000),
    "quantiser": env.text("WEAVIATE_QUANTISER", "rq-8").lower(),
    "read_seconds": env.integer("WEAVIATE_READ_MS", 250, 20, 60_000) / 1000,
}

POLYFAQ = {
    "HOME": HOME,
    "SITE_URL": SITE_URL,
    "SITE_NAME": env.text("POLYFAQ_SITE_NAME", "Help centre"),
    "METRICS_TOKEN": METRICS_TOKEN,
    "METRICS_NETWORKS": METRICS_NETWORKS,
    # retrieval: dotted paths of the services, and their options
    "INDEX_BACKEND": env.dotted(
        "POLYFAQ_INDEX_BACKEND",
        f"retrieval.backends.{'weaviate.WeaviateBackend' if WEAVIATE['url'] else 'embedded.EmbeddedBackend'}",
    ),
    "WEAVIATE": WEAVIATE,
    "INDEX_PATH": env.path("POLYFAQ_INDEX_PATH", HOME / "index.sqlite3"),
    "EMBEDDER": env.dotted("POLYFAQ_EMBEDDER", "retrieval.embedders.starter.StarterEmbedder"),
    "EMBEDDER_URL": env.address("POLYFAQ_EMBEDDER_URL", example="http://localhost:8080/v1"),
    "EMBEDDER_MODEL": env.text("POLYFAQ_EMBEDDER_MODEL"),
    "EMBEDDER_KEY": env.text("POLYFAQ_EMBEDDER_KEY"),
    "EMBEDDER_DIMENSIONS": env.integer("POLYFAQ_EMBEDDER_DIMENSIONS", 0, 0, 8192),
    # fetching and uploads
    "FETCH_ALLOW_PRIVATE": env.boolean("POLYFAQ_FETCH_ALLOW_PRIVATE", False),
    "FETCH_MAX_BYTES": env.integer("POLYFAQ_FETCH_MAX_BYTES", 20_000_000, 1000),
    "FETCH_TIMEOUT_SECONDS": env.integer("POLYFAQ_FETCH_TIMEOUT_SECONDS", 20, 1, 600),
    "UPLOAD_MAX_BYTES": env.integer("POLYFAQ_UPLOAD_MAX_BYTES", 50_000_000, 1000),
    # translation
    "TRANSLATION_ENGINE": env.dotted("POLYFAQ_TRANSLATION_ENGINE", "translation.argos.ArgosEngine", none=True),
    "ARGOS_PACKAGES": env.path("POLYFAQ_ARGOS_PACKAGES", HOME / "argos"),
    "ARGOS_INDEX_URL": env.address(
        "POLYFAQ_ARGOS_INDEX_URL", "https://raw.githubusercontent.com/argosopentech/argospm-index/main/index.json"
    ),
    "ARGOS_MEMORY_MB": env.integer("POLYFAQ_ARGOS_MEMORY_MB", 2000, 100),
    # a language model that words answers; off without an address
    "LLM_URL": env.address("POLYFAQ_LLM_URL", example="http://localhost:8080/v1"),
    "LLM_MODEL": env.text("POLYFAQ_LLM_MODEL"),
    "LLM_KEY": env.text("POLYFAQ_LLM_KEY"),
    "LLM_TIMEOUT_SECONDS": env.integer("POLYFAQ_LLM_TIMEOUT_SECONDS", 20, 1, 120),
    "LLM_MAX_TOKENS": env.integer("POLYFAQ_LLM_MAX_TOKENS", 400, 50, 4000),
    # visitors
    "QUESTION_MAX_LENGTH": env.integer("POLYFAQ_QUESTION_MAX_LENGTH", 500, 10, 10_000),
    "RECORD_ASKED": env.boolean("POLYFAQ_RECORD_ASKED", True),
    # days; 0 keeps for ever
    "RETENTION_JOBS_DAYS": env.integer("POLYFAQ_RETENTION_JOBS_DAYS", 30, 0, 36_500),
    "RETENTION_ASKED_DAYS": env.integer("POLYFAQ_RETENTION_ASKED_DAYS", 365, 0, 36_500),
    "RETENTION_FEEDBACK_DAYS": env.integer("POLYFAQ_RETENTION_FEEDBACK_DAYS", 730, 0, 36_500),
    "ANSWER_SENTENCES": env.integer("POLYFAQ_ANSWER_SENTENCES", 3, 1, 4),
    # background work without a broker: one thread in this process
    "WORKER_THREAD": env.boolean("POLYFAQ_WORKER_THREAD", True),
}

LOG_LEVEL = env.choice("POLYFAQ_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "portal.logs.RequestFilter"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {request} {message}", "style": "{"},
        "json": {"()": "portal.logs.JsonFormatter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": env.choice("POLYFAQ_LOG_FORMAT", "LINE", {"LINE", "JSON"}).lower(),
            "filters": ["request"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {"celery": {"level": "WARNING"}, "httpx": {"level": "WARNING"}, "pypdf": {"level": "ERROR"}},
}

reporting.begin(env.text("POLYFAQ_SENTRY_DSN"), env.text("POLYFAQ_SENTRY_ENVIRONMENT", "production"))


def _menu(title: object, icon: str, model: str, app: str = "faq") -> dict[str, object]:
    """A list in the desk's menu, for those who may open it."""
    link = reverse_lazy(f"admin:{app}_{model}_changelist")
    return {
        "title": title,
        "icon": icon,
        "link": link,
        "active": lambda request: _is_open(request.path, str(link)),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{model}"),
    }


def _is_open(path: str, link: str) -> bool:
    """Whether a page belongs to a list; not those below its address that have entries of their own."""
    own = ("coverage", "translators", "knowledge")
    return path.startswith(link) and not any(path.startswith(str(reverse_lazy(f"admin:faq_{name}"))) for name in own)


UNFOLD = {
    "SITE_TITLE": "Polyfaq",
    "SITE_HEADER": "Polyfaq",
    "SITE_SUBHEADER": _("Editors' desk"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "forum",
    "SITE_FAVICONS": [{"rel": "icon", "href": lambda request: static("site/icon.svg"), "type": "image/svg+xml"}],
    "DASHBOARD_CALLBACK": "faq.admin.dashboard.context",
    "STYLES": [lambda request: static("admin/polyfaq/desk.css")],
    "SHOW_BACK_BUTTON": True,
    "SHOW_LANGUAGES": True,
    "ACCOUNT": {
        "navigation": [
            {"title": _("Change password"), "link": reverse_lazy("admin:password_change")},
            {"title": _("Two-factor login"), "link": reverse_lazy("two_factor")},
        ]
    },
    "COLORS": {
        "primary": {
            "50": "#effaf7",
            "100": "#d6f3ec",
            "200": "#aee7da",
            "300": "#7cd4c2",
            "400": "#4bbba7",
            "500": "#289f8b",
            "600": "#0f7f6e",
            "700": "#0b6e5f",
            "800": "#0b574d",
            "900": "#0b4840",
            "950": "#052b27",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": _("Content"),
                "items": [
                    {"title": _("Desk"), "icon": "dashboard", "link": reverse_lazy("admin:index")},
                    _menu(_("Sources"), "description", "source"),
                    _menu(_("Questions"), "help", "question"),
                    _menu(_("Translations"), "translate", "answerrevision"),
                    {
                        "title": _("Coverage"),
                        "icon": "grid_on",
                        "link": reverse_lazy("admin:faq_coverage"),
                        "permission": lambda request: request.user.has_perms(
                            ["faq.view_question", "faq.view_answerrevision"]
                        ),
                    },
                    {
                        "title": _("Unanswered"),
                        "icon": "contact_support",
                        "link": reverse_lazy("admin:faq_gap_changelist"),
                        "permission": lambda request: request.user.has_perm("faq.view_asked"),
                    },
                    _menu(_("Feedback"), "thumbs_up_down", "feedback"),
                ],
            },
            {
                "title": _("Language"),
                "items": [
                    _menu(_("Translation memory"), "database", "translationunit"),
                    {
                        "title": _("Translators' files"),
                        "icon": "outbox",
                        "link": reverse_lazy("admin:faq_translators"),
                        "permission": lambda request: request.user.has_perm("faq.view_translationunit"),
                    },
                    _menu(_("Glossary"), "menu_book", "glossaryterm"),
                    _menu(_("Languages"), "language", "locale"),
                ],
            },
            {
                "title": _("Operation"),
                "items": [
                    _menu(_("Jobs"), "pending_actions", "job"),
                    _menu(_("Topics"), "category", "topic"),
                    _menu(_("Audit log"), "history", "auditentry"),
                    _menu(_("API keys"), "key", "apikey"),
                    {
                        "title": _("Import and export"),
                        "icon": "swap_horiz",
                        "link": reverse_lazy("admin:faq_knowledge"),
                        "permission": lambda request: request.user.has_perms(
                            ["faq.add_source", "faq.add_question", "faq.change_locale"]
                        ),
                    },
                    _menu(_("People"), "group", "user", "auth"),
                ],
            },
        ],
    },
}
