"""What a server process does once, when it has loaded the application (portal.wsgi, portal.asgi)."""

import logging

from django.core.checks import ERROR
from django.core.exceptions import ImproperlyConfigured

from faq import tasks, warming
from faq.checks import check_settings
from faq.domain import recording

log = logging.getLogger(__name__)


def begin() -> None:
    """Check the settings as `manage.py` does before each command, then run jobs beside the requests when there is no broker,
    and read beforehand what the first questions need.

    ImproperlyConfigured lists every setting that is wrong; what is only doubtful is logged.
    """
    found = check_settings()
    for message in found:
        if message.level < ERROR:
            log.warning("%s", message)
    wrong = [str(message) for message in found if message.level >= ERROR]
    if wrong:
        raise ImproperlyConfigured("\n".join(wrong))
    tasks.serve()
    recording.begin()
    warming.begin()
