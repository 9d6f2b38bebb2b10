"""The app's start: connect the receivers and the checks. The in-process worker starts where a server loads the
application (portal.wsgi, portal.asgi), never in management commands."""

from django.apps import AppConfig
from django.core.checks import register


class FaqConfig(AppConfig):
    name = "faq"
    verbose_name = "Polyfaq"

    def ready(self) -> None:
        from faq import checks, receivers

        receivers.connect()
        register(checks.check_settings)
        register(checks.check_index, deploy=True)
