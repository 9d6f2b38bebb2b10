"""Addresses of the public site. `locale` is checked by LocaleMiddleware; other first segments are 404."""

from django.urls import path, register_converter

from faq.queries import locales
from faq.web import views


class LocaleConverter:
    """An enabled locale's own tag."""

    regex = "[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*"

    def to_python(self, value: str) -> str:
        found = locales.resolve(value)
        if found is None:
            raise ValueError(value)
        return found.tag

    def to_url(self, value: str) -> str:
        return str(value)


register_converter(LocaleConverter, "locale")

urlpatterns = [
    path("", views.root, name="root"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("robots.txt", views.robots, name="robots"),
    path("<locale:locale>/", views.home, name="home"),
    path("<locale:locale>/search/", views.search, name="search"),
    path("<locale:locale>/suggest/", views.suggest, name="suggest"),
    path("<locale:locale>/ask/", views.ask, name="ask"),
    path("<locale:locale>/about/", views.about, name="about"),
    path("<locale:locale>/topics/<str:key>/", views.topic, name="topic"),
    path("<locale:locale>/questions/<str:key>/", views.question, name="question"),
    path("<locale:locale>/questions/<str:key>/feedback/", views.give_feedback, name="feedback"),
    path("<locale:locale>/sources/<str:key>/", views.source, name="source"),
]
