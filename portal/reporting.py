"""Unforeseen errors told to Sentry, or to what speaks its protocol (GlitchTip, Bugsink), where POLYFAQ_SENTRY_DSN names one.

Invariant: what is sent says what broke and where in the code, and nothing of what anybody wrote: no addresses of pages, bodies,
header fields, cookies, people, values of variables, breadcrumbs, nor what an exception says, because a library's message may
quote what it was given. Everything that is not named here is left out, so that a newer library's additions are not sent either.
"""

import logging
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from faq import __version__, tracing

MISSING = "POLYFAQ_SENTRY_DSN needs the package sentry-sdk: pip install -c requirements.lock -r requirements-sentry.txt"
SHAPE = re.compile(r"https?://[^/@\s]+@[^/@\s]+(?:/[^/\s]+)*/\d+")
WRONG = (
    "POLYFAQ_SENTRY_DSN is not the address of a project; it takes what Sentry shows as its DSN, such as"
    " https://key@errors.example.org/1."
)
KEPT = ("event_id", "timestamp", "level", "logger", "platform", "release", "environment", "sdk", "transaction")
FRAME = ("filename", "module", "function", "lineno", "in_app", "pre_context", "context_line", "post_context")


def begin(dsn: str, environment: str) -> None:
    """Report this process's unforeseen errors from now on, in the background; a server that is away costs nobody anything.

    `dsn` is the project's address; "" reports nothing. ImproperlyConfigured where it is none, or where the package is missing.
    """
    if not dsn:
        return
    if not SHAPE.fullmatch(dsn):
        raise ImproperlyConfigured(WRONG)
    try:
        import sentry_sdk
        from sentry_sdk.integrations.atexit import AtexitIntegration
        from sentry_sdk.integrations.celery import CeleryIntegration
        from sentry_sdk.integrations.dedupe import DedupeIntegration
        from sentry_sdk.integrations.django import DjangoIntegration
        from sentry_sdk.integrations.excepthook import ExcepthookIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.integrations.threading import ThreadingIntegration
    except ImportError as error:
        raise ImproperlyConfigured(MISSING) from error
    sentry_sdk.init(
        dsn=dsn,
        release=f"polyfaq@{__version__}",
        environment=environment,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            AtexitIntegration(callback=lambda pending, timeout: None),
            CeleryIntegration(propagate_traces=False),
            DedupeIntegration(),
            DjangoIntegration(transaction_style="function_name", middleware_spans=False, signals_spans=False),
            ExcepthookIntegration(),
            LoggingIntegration(level=None, event_level=logging.ERROR),
            ThreadingIntegration(propagate_scope=False),
        ],
        before_send=lambda event, hint: reduced(dict(event)),  # type: ignore[arg-type,return-value]
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        auto_session_tracking=False,
        send_client_reports=False,
        shutdown_timeout=2,
    )


def reduced(event: dict[str, Any]) -> dict[str, Any]:
    """What of an event may leave: its kind and place, the view or task, our version, and the request's id to find the log by."""
    kept = {name: event[name] for name in KEPT if event.get(name)}
    if request := tracing.current():
        kept["tags"] = {"request": request}
    if "logentry" in event:  # the template of the line, without what was put into it
        kept["logentry"] = {"message": str(event["logentry"].get("message", ""))}
    if method := event.get("request", {}).get("method"):
        kept["request"] = {"method": method}
    values = event.get("exception", {}).get("values", [])
    if values:
        kept["exception"] = {"values": [_kind_and_place(each) for each in values]}
    return kept


def _kind_and_place(exception: dict[str, Any]) -> dict[str, Any]:
    frames = (exception.get("stacktrace") or {}).get("frames", [])
    return {
        "type": exception.get("type"),
        "module": exception.get("module"),
        "value": "",
        "mechanism": {name: (exception.get("mechanism") or {}).get(name) for name in ("type", "handled")},
        "stacktrace": {"frames": [{name: frame.get(name) for name in FRAME} for frame in frames]},
    }
