"""The app's start: connect the receivers; start the in-process worker only in serving processes (faq.tasks)."""

from django.apps import AppConfig


class FaqConfig(AppConfig):
    name = "faq"
    verbose_name = "Polyfaq"

    def ready(self) -> None:
        from faq import receivers

        receivers.connect()
