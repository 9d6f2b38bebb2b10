"""The tables. Models hold fields, constraints and cheap properties; mutations live in faq.domain, reads in faq.queries."""

from faq.models.activity import Asked, AuditEntry, Feedback
from faq.models.content import Answer, AnswerRevision, Citation, Phrasing, Question, Topic
from faq.models.jobs import Job
from faq.models.locale import Locale
from faq.models.source import Passage, Source, SourceRevision
from faq.models.translation import GlossaryTerm, TranslationUnit

__all__ = [
    "Answer",
    "AnswerRevision",
    "Asked",
    "AuditEntry",
    "Citation",
    "Feedback",
    "GlossaryTerm",
    "Job",
    "Locale",
    "Passage",
    "Phrasing",
    "Question",
    "Source",
    "SourceRevision",
    "Topic",
    "TranslationUnit",
]
