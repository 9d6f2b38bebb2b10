"""Answers: immutable revisions, drafts composed from the sources, translations of what is published.

`sentences` cuts texts, `revisions` writes and publishes, `drafts` composes, `translating` translates, `checking` tells an editor
what the quotes do not say, `previewing` what readers would see. Callers import from here.
"""

from faq.domain.answers.checking import Checked, check
from faq.domain.answers.drafts import draft_answer, evidence_for, waiting_drafts
from faq.domain.answers.previewing import preview, quoted, span
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
    "Checked",
    "Piece",
    "apply_unit",
    "canonical_revision",
    "check",
    "correct_revision",
    "draft_answer",
    "evidence_for",
    "last_written",
    "pieces",
    "preview",
    "publish_revision",
    "quoted",
    "retire_revision",
    "save_revision",
    "save_translation",
    "segment_row",
    "spaced",
    "span",
    "translate_answer",
    "waiting_drafts",
]
