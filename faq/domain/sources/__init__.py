"""Bringing content in: sources, their revisions and passages, and tables of questions and answers.

`contents` is what was given, `reading` what it says, `revisions` and `tables` what is written of it, `intake` the calls.
Callers import from here.
"""

from faq.domain.impact import Impact, plan_publication, plan_retirement
from faq.domain.publication import keep_published, publish_source, retire_source
from faq.domain.sources.contents import clean
from faq.domain.sources.folders import (
    Folder,
    folder_name,
    ingest_folder,
    is_readable,
    keep_folder,
    look_at_folder,
    opened_folder,
    path_of,
)
from faq.domain.sources.intake import (
    add_source,
    ingest,
    refresh_source,
    reread_source,
    revise_content,
    revise_source,
)
from faq.domain.sources.placing import place_source
from faq.domain.sources.scheduling import publish_later, retire_later, run_due, take_back
from faq.domain.sources.sitemaps import Looked, ingest_sitemap, look_at_sitemap

__all__ = [
    "Folder",
    "Impact",
    "Looked",
    "add_source",
    "clean",
    "folder_name",
    "ingest",
    "ingest_folder",
    "ingest_sitemap",
    "is_readable",
    "keep_folder",
    "keep_published",
    "look_at_folder",
    "look_at_sitemap",
    "opened_folder",
    "path_of",
    "place_source",
    "plan_publication",
    "plan_retirement",
    "publish_later",
    "publish_source",
    "refresh_source",
    "reread_source",
    "retire_later",
    "retire_source",
    "revise_content",
    "revise_source",
    "run_due",
    "take_back",
]
