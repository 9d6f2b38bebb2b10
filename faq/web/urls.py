"""Addresses of the public site. The first segment is an enabled locale; any other is a page that does not exist."""

from django.urls import path, register_converter

from faq.queries import locales
from faq.web import llms, markdown, preview, streaming, structured, views


class LocaleConverter:
    """An enabled locale's own tag; LocaleMiddleware has sent other spellings here."""

    regex = "[a-z]{2,8}(?:-[a-z0-9]{1,8})*"

    def to_python(self, value: str) -> str:
        if all(locale.tag != value for locale in locales.enabled_locales()):
            raise ValueError(value)
        return value

    def to_url(self, value: str) -> str:
        return str(value)


class KeyConverter:
    """The key of a topic, a question or a source, as SlugField(allow_unicode=True) has it."""

    regex = r"[-\w]{1,120}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


register_converter(LocaleConverter, "locale")
register_converter(KeyConverter, "key")

urlpatterns = [
    path("", views.root, name="root"),
    path("sitemap.xml", structured.sitemap, name="sitemap"),
    path("sitemap-<int:part>.xml", structured.sitemap, name="sitemap-part"),
    path("robots.txt", structured.robots, name="robots"),
    path("llms.txt", llms.of_site, name="llms"),
    path("<locale:locale>/", views.home, name="home"),
    path("<locale:locale>/llms.txt", llms.of_language, name="llms-language"),
    path("<locale:locale>/search/", views.search, name="search"),
    path("<locale:locale>/suggest/", views.suggest, name="suggest"),
    path("<locale:locale>/ask/", views.ask, name="ask"),
    path("<locale:locale>/ask/stream/", streaming.ask_stream, name="ask-stream"),
    path("<locale:locale>/about/", views.about, name="about"),
    path("<locale:locale>/topics/<key:key>/", views.topic, name="topic"),
    path("<locale:locale>/questions/<key:key>/", views.question, name="question"),
    path("<locale:locale>/questions/<key:key>.md", markdown.question, name="question-markdown"),
    path("<locale:locale>/questions/<key:key>/feedback/", views.give_feedback, name="feedback"),
    path("<locale:locale>/preview/<int:pk>/", preview.preview, name="preview"),
    path("<locale:locale>/sources/<key:key>/", views.source, name="source"),
]
