"""Answers: immutable revisions, drafts composed from the sources, translations of what is published.

`sentences` cuts texts, `revisions` writes and publishes, `drafts` composes, `translating` translates. Callers import from
here.
"""

from faq.domain.answers.drafts import draft_answer, evidence_for, waiting_drafts
from faq.domain.answers.revisions import (
    TEXT_LENGTH,
    canonical_revision,
    last_written,
    publish_revision,
    retire_revision,
    save_revision,
)
from faq.domain.answers.sentences import Piece, pieces, segment_row, spaced
from faq.domain.answers.translating import apply_unit, correct_revision, save_translation, translate_answer

__all__ = [
    "TEXT_LENGTH",
    "Piece",
    "apply_unit",
    "canonical_revision",
    "correct_revision",
    "draft_answer",
    "evidence_for",
    "last_written",
    "pieces",
    "publish_revision",
    "retire_revision",
    "save_revision",
    "save_translation",
    "segment_row",
    "spaced",
    "translate_answer",
    "waiting_drafts",
]
