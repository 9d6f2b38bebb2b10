"""Revisions of a source and their passages.

Invariants: a revision exists only when what was read differs from the newest one; it is written with all its passages,
and for a table with the drafts of its answers, or not at all.
"""

from collections.abc import Sequence

from faq.domain import audit
from faq.domain.sources import tables
from faq.domain.sources.contents import clean
from faq.domain.sources.reading import Reading
from faq.errors import Invalid
from faq.gateways import retrieval
from faq.models import Passage, Source, SourceRevision
from retrieval.types import Chunk, Document

TITLE_LENGTH = 300


def _document_digest(document: Document) -> str:
    return retrieval.fingerprint(
        {"title": document.title, "text": document.text, "blocks": retrieval.block_rows(document)}
    )


def revise(source: Source, reading: Reading, actor: audit.Actor) -> SourceRevision | None:
    """A revision when the reading differs from the newest one; else None. The transaction holds the source's lock."""
    document = reading.document
    if not document.text.strip():
        raise Invalid("“%(title)s” has no text that could be cited.", title=source.title)
    newest = source.revisions.order_by("-number").first()
    digest = _document_digest(document)
    generation = retrieval.chunking_generation()
    if newest is not None and (newest.content_hash, newest.chunking_generation) == (digest, generation):
        return None
    revision = SourceRevision.objects.create(
        source=source,
        number=newest.number + 1 if newest else 1,
        title=(clean(document.title) or source.title)[:TITLE_LENGTH],
        text=document.text,
        blocks=retrieval.block_rows(document),
        content_hash=digest,
        media_type=document.media_type[:100],
        chunking_generation=generation,
        created_by=audit.person(actor),
    )
    chunks = tables.row_chunks(reading.rows) if reading.rows else retrieval.chunk_document(document, reading.locale)
    if not chunks:
        raise Invalid("“%(title)s” has no text that could be cited.", title=source.title)
    passages = _passages(source, revision, chunks)
    if newest is not None:
        source.save(update_fields=["updated_at"])
        audit.record(actor, "revise", source, {"revision": newest.number}, {"revision": revision.number})
    if reading.rows:
        tables.import_rows(source, reading, passages, actor)
    return revision


def _passages(source: Source, revision: SourceRevision, chunks: Sequence[Chunk]) -> list[Passage]:
    return Passage.objects.bulk_create(
        [
            Passage(
                revision=revision,
                ordinal=chunk.ordinal,
                key=key,
                start=chunk.start,
                end=chunk.end,
                text=chunk.text,
                heading_path=list(chunk.path),
                content_hash=retrieval.content_hash(chunk.text),
            )
            for chunk, key in zip(chunks, retrieval.passage_keys(source.pk, chunks), strict=True)
        ],
        batch_size=500,
    )
