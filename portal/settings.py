"""All settings, from the environment, with defaults that need nothing: clone, install, run.

State lives under one directory, POLYFAQ_HOME (default `var/`): database, index, uploads, Argos packages, secret key.
Settings that belong to Polyfaq are in the dictionary POLYFAQ; `faq.conf` reads it, `faq.checks` checks its relations.
"""

import secrets
from pathlib import Path

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from portal import environment as env

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(env.text("POLYFAQ_HOME") or BASE_DIR / "var").resolve()
HOME.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """DJANGO_SECRET_KEY, or one generated once and kept in POLYFAQ_HOME, readable by its owner only."""
    if given := env.text("DJANGO_SECRET_KEY"):
        return given
    path = HOME / "secret_key"
    try:
        with path.open("x", encoding="utf-8") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8")


SECRET_KEY = _secret_key()
DEBUG = env.boolean("POLYFAQ_DEBUG", False)
ALLOWED_HOSTS = env.words("POLYFAQ_ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = env.words("POLYFAQ_TRUSTED_ORIGINS")
SITE_URL = env.text("POLYFAQ_SITE_URL", "http://localhost:8000").rstrip("/")

INSTALLED_APPS = [
    "unfold",
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
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
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

DATABASES = {"default": env.database("DATABASE_URL", HOME / "polyfaq.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
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

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")), ("de", _("German")), ("fr", _("French")), ("es", _("Spanish")), ("pl", _("Polish")),
    ("uk", _("Ukrainian")), ("tr", _("Turkish")), ("ar", _("Arabic")), ("zh-hans", _("Chinese (simplified)")),
]  # fmt: skip
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("POLYFAQ_TIME_ZONE", "UTC")

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = HOME / "uploads"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
if env.boolean("POLYFAQ_HTTPS", SITE_URL.startswith("https://")):
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = env.integer("POLYFAQ_HSTS_SECONDS", 31_536_000)
    SECURE_SSL_REDIRECT = env.boolean("POLYFAQ_SSL_REDIRECT", True)
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL) or "memory://localhost//"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "faq.api.problems.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": env.text("POLYFAQ_API_RATE", "120/min")},
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Polyfaq API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
}

POLYFAQ = {
    "HOME": HOME,
    "SITE_URL": SITE_URL,
    "SITE_NAME": env.text("POLYFAQ_SITE_NAME", "Help centre"),
    # retrieval: dotted paths of the services, and their options
    "INDEX_BACKEND": env.text("POLYFAQ_INDEX_BACKEND", "retrieval.backends.embedded.EmbeddedBackend"),
    "INDEX_PATH": Path(env.text("POLYFAQ_INDEX_PATH") or HOME / "index.sqlite3"),
    "EMBEDDER": env.text("POLYFAQ_EMBEDDER", "retrieval.embedders.starter.StarterEmbedder"),
    "EMBEDDER_URL": env.text("POLYFAQ_EMBEDDER_URL"),
    "EMBEDDER_MODEL": env.text("POLYFAQ_EMBEDDER_MODEL"),
    "EMBEDDER_KEY": env.text("POLYFAQ_EMBEDDER_KEY"),
    "EMBEDDER_DIMENSIONS": env.integer("POLYFAQ_EMBEDDER_DIMENSIONS", 0, 0, 8192),
    # fetching and uploads
    "FETCH_ALLOW_PRIVATE": env.boolean("POLYFAQ_FETCH_ALLOW_PRIVATE", False),
    "FETCH_MAX_BYTES": env.integer("POLYFAQ_FETCH_MAX_BYTES", 20_000_000, 1000),
    "FETCH_TIMEOUT_SECONDS": env.integer("POLYFAQ_FETCH_TIMEOUT_SECONDS", 20, 1, 600),
    "UPLOAD_MAX_BYTES": env.integer("POLYFAQ_UPLOAD_MAX_BYTES", 50_000_000, 1000),
    # translation
    "TRANSLATION_ENGINE": env.text("POLYFAQ_TRANSLATION_ENGINE", "translation.argos.ArgosEngine"),
    "ARGOS_PACKAGES": Path(env.text("POLYFAQ_ARGOS_PACKAGES") or HOME / "argos"),
    "ARGOS_INDEX_URL": env.text(
        "POLYFAQ_ARGOS_INDEX_URL", "https://raw.githubusercontent.com/argosopentech/argospm-index/main/index.json"
    ),
    "ARGOS_MEMORY_MB": env.integer("POLYFAQ_ARGOS_MEMORY_MB", 2000, 100),
    # visitors
    "QUESTION_MAX_LENGTH": env.integer("POLYFAQ_QUESTION_MAX_LENGTH", 500, 10, 10_000),
    "RECORD_ASKED": env.boolean("POLYFAQ_RECORD_ASKED", True),
    "ANSWER_SENTENCES": env.integer("POLYFAQ_ANSWER_SENTENCES", 3, 1, 4),
    # background work without a broker: one thread in this process
    "WORKER_THREAD": env.boolean("POLYFAQ_WORKER_THREAD", True),
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("POLYFAQ_LOG_LEVEL", "INFO").upper()},
    "loggers": {"celery": {"level": "WARNING"}, "httpx": {"level": "WARNING"}, "pypdf": {"level": "ERROR"}},
}

UNFOLD = {
    "SITE_TITLE": "Polyfaq",
    "SITE_HEADER": "Polyfaq",
    "SITE_SUBHEADER": _("Editors' desk"),
    "SITE_URL": "/",
    "SITE_SYMBOL": "forum",
    "DASHBOARD_CALLBACK": "faq.admin.dashboard.context",
    "STYLES": [lambda request: static("admin/polyfaq/desk.css")],
    "SHOW_BACK_BUTTON": True,
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
                    {"title": _("Sources"), "icon": "description", "link": reverse_lazy("admin:faq_source_changelist")},
                    {"title": _("Questions"), "icon": "help", "link": reverse_lazy("admin:faq_question_changelist")},
                    {
                        "title": _("Answers"),
                        "icon": "translate",
                        "link": reverse_lazy("admin:faq_answerrevision_changelist"),
                    },
                    {
                        "title": _("Unanswered"),
                        "icon": "contact_support",
                        "link": reverse_lazy("admin:faq_asked_changelist"),
                    },
                    {
                        "title": _("Feedback"),
                        "icon": "thumbs_up_down",
                        "link": reverse_lazy("admin:faq_feedback_changelist"),
                    },
                ],
            },
            {
                "title": _("Language"),
                "items": [
                    {
                        "title": _("Translation memory"),
                        "icon": "database",
                        "link": reverse_lazy("admin:faq_translationunit_changelist"),
                    },
                    {
                        "title": _("Glossary"),
                        "icon": "menu_book",
                        "link": reverse_lazy("admin:faq_glossaryterm_changelist"),
                    },
                    {"title": _("Languages"), "icon": "language", "link": reverse_lazy("admin:faq_locale_changelist")},
                ],
            },
            {
                "title": _("Operation"),
                "items": [
                    {"title": _("Jobs"), "icon": "pending_actions", "link": reverse_lazy("admin:faq_job_changelist")},
                    {"title": _("Topics"), "icon": "category", "link": reverse_lazy("admin:faq_topic_changelist")},
                    {
                        "title": _("Audit log"),
                        "icon": "history",
                        "link": reverse_lazy("admin:faq_auditentry_changelist"),
                    },
                    {"title": _("People"), "icon": "group", "link": reverse_lazy("admin:auth_user_changelist")},
                ],
            },
        ],
    },
}
