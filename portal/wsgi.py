"""The WSGI entry point: where a process becomes a serving one, and gets its worker when there is no broker."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
handler = get_wsgi_application()

from faq.web import pages  # noqa: E402  (both need the applications to be ready)
from portal import serving  # noqa: E402

application = pages.before(handler)

serving.begin()
