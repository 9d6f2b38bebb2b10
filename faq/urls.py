"""URL wiring of the app: the API, then the public site."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("faq.api.urls")),
    path("", include("faq.web.urls")),
]
