"""The Celery application. Without a broker its transport is memory inside this process (see faq.tasks)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("polyfaq")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    worker_hijack_root_logger=False,  # Django's LOGGING says where logs go
    worker_enable_remote_control=str(app.conf.broker_url or "").startswith(("redis", "amqp")),
    beat_schedule={
        "sweep": {"task": "faq.sweep", "schedule": 60.0},
        "reconcile": {"task": "faq.reconcile", "schedule": 24 * 3600.0},
    },
)
if str(app.conf.broker_url or "").startswith("memory"):
    app.conf.broker_transport_options = {"polling_interval": 0.1}
app.autodiscover_tasks(["faq"])
app.set_default()
