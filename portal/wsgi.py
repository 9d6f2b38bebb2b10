"""The WSGI entry point: where a process becomes a serving one, and gets its worker when there is no broker."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()

from portal import serving  # noqa: E402  (needs the applications to be ready)

serving.begin()
