"""The ASGI entry point: where a process becomes a serving one, and gets its worker when there is no broker."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_asgi_application()

from portal import serving  # noqa: E402  (needs the applications to be ready)

serving.begin()
