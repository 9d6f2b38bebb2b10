"""The Celery application. Without a broker its transport is memory inside this process (see faq.tasks)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("polyfaq")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["faq"])
