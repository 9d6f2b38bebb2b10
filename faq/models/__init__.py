"""The tables. Models hold fields, constraints and cheap properties; mutations live in faq.domain, reads in faq.queries."""

from faq.models.access import AssignedLocale
from faq.models.activity import Asked, AskedDay, AuditEntry, Feedback, Gap, Tally
from faq.models.content import Answer, AnswerRevision, Citation, Phrasing, Question, Topic
from faq.models.jobs import Job
from faq.models.keys import ApiKey
from faq.models.locale import Locale
from faq.models.source import Passage, Source, SourceRevision
from faq.models.spelling import Word
from faq.models.translation import GlossaryTerm, TranslationUnit

__all__ = [
    "Answer",
    "AnswerRevision",
    "ApiKey",
    "Asked",
    "AskedDay",
    "AssignedLocale",
    "AuditEntry",
    "Citation",
    "Feedback",
    "Gap",
    "GlossaryTerm",
    "Job",
    "Locale",
    "Passage",
    "Phrasing",
    "Question",
    "Source",
    "SourceRevision",
    "Tally",
    "Topic",
    "TranslationUnit",
    "Word",
]
