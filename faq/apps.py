"""The app's start: connect the receivers and the checks. The in-process worker starts where a server loads the
application (portal.wsgi, portal.asgi), never in management commands."""

from typing import Any

from django.apps import AppConfig
from django.core.checks import register
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate


class FaqConfig(AppConfig):
    name = "faq"
    verbose_name = "Polyfaq"

    def ready(self) -> None:
        from faq import checks, receivers

        receivers.connect()
        register(checks.check_settings)
        register(checks.check_index, deploy=True)
        post_migrate.connect(_roles, sender=self, dispatch_uid="faq.roles")


def _roles(app_config: AppConfig, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """The desk's groups, with permissions that Django itself would make only after this."""
    from django.contrib.auth.management import create_permissions

    from faq.domain import roles

    create_permissions(app_config, verbosity=0, using=using)
    roles.ensure()
