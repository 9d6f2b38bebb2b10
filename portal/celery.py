"""The Celery application. Without a broker its transport is memory inside this process (see faq.tasks)."""

import os

from celery import Celery
from celery.signals import heartbeat_sent
from kombu.entity import Exchange
from kombu.entity import Queue as BrokerQueue

from faq.domain.queues import LIMITS
from faq.enums import Queue
from portal import alive, tracing

SWEEP_SECONDS = 10.0
"""How often it is looked for jobs whose process is gone and whose messages are lost."""

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
app = Celery("polyfaq")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    worker_hijack_root_logger=False,  # Django's LOGGING says where logs go
    broker_connection_max_retries=None,  # however long the broker is away; jobs wait in the database
    worker_enable_remote_control=not str(app.conf.broker_url or "").startswith("memory"),
    task_queues=[
        BrokerQueue(name.value, Exchange("polyfaq"), routing_key=name.value)  # type: ignore[no-untyped-call]
        for name in Queue
    ],
    task_default_queue=Queue.HOUSEKEEPING.value,  # of what the timer sends; a job is sent with its own (faq.tasks)
    # A timer may run in one process or in each worker: its tasks look first whether anything is due, and no two of them find
    # so at once. Its schedule is kept in memory: a file would belong to one of several, and a container has none to keep.
    beat_scheduler="portal.beat:AliveScheduler",
    # A message that nobody took in the time until the next one is worth nothing: without workers none pile up.
    beat_schedule={
        "sweep": {"task": "faq.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": SWEEP_SECONDS}},
        "refresh": {"task": "faq.refresh", "schedule": 900.0, "options": {"expires": 900}},
        "reconcile": {"task": "faq.reconcile", "schedule": 3600.0, "options": {"expires": 3600}},
        "housekeep": {"task": "faq.housekeep", "schedule": 3600.0, "options": {"expires": 3600}},
    },
)
# Redis gives a message anew that a worker has held for so long; a job may be held as long as it may run.
HELD_SECONDS = max(limits.hard for limits in LIMITS.values()) + 600
if str(app.conf.broker_url or "").startswith(("redis", "sentinel")):
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": HELD_SECONDS}
app.autodiscover_tasks(["faq"])
heartbeat_sent.connect(alive.touch)
tracing.follow_messages()
app.set_default()
