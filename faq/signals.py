"""Domain signals: facts, sent after the write inside its transaction; faq.receivers is the one place that listens."""

from django.dispatch import Signal

source_published = Signal()  # source_id: int, revision_id: int | None (None: retired)
source_placed = Signal()  # source_id: int, state: str, renamed: bool (another title, not only another topic)
question_changed = Signal()  # question_id: int (text, state, phrasings or published answers)
memory_changed = Signal()  # target_locale: str, source_hashes: list[str] (empty: many)
locale_changed = Signal()  # tag: str
job_created = Signal()  # job_id: str, kind: JobKind
