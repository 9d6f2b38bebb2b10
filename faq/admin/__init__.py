"""The editors' desk, first version: Django's admin with django-unfold.

Screens only: every mutation is one call of a faq.domain function (see `perform` in faq.admin.desk), every list a
selector or queryset. What readers may see never depends on code in this package.
"""

from faq.admin import activity, gaps, glossary, jobs, keys, questions, setup, sources, translations

__all__ = ["activity", "gaps", "glossary", "jobs", "keys", "questions", "setup", "sources", "translations"]
