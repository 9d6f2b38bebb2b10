"""The Celery application. Without a broker its transport is memory inside this process (see faq.tasks)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("polyfaq")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    worker_hijack_root_logger=False,  # Django's LOGGING says where logs go
    worker_enable_remote_control=not str(app.conf.broker_url or "").startswith("memory"),
    # Every worker carries a beat of its own; both tasks may run often and anywhere, and look first whether they are due.
    # Its schedule is kept in memory: a file would belong to one of several workers, and a container has none to keep.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        "sweep": {"task": "faq.sweep", "schedule": 60.0},
        "reconcile": {"task": "faq.reconcile", "schedule": 3600.0},
    },
)
app.autodiscover_tasks(["faq"])
app.set_default()
