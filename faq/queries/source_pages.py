"""A source's page: its blocks in passages, each with its translation where the memory has one.

Sentence by sentence the translation knows which characters of the original it stands for, so that a cited sentence can be
marked in both. Nothing here calls an engine.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from faq.enums import State
from faq.errors import NotFound
from faq.gateways import translation
from faq.models import Passage, Source
from faq.queries.payloads import UNSPACED, BlockPayload, PassagePayload, Reading, SourcePayload, Text, reading

HEADING = "heading"


def source_page(key: str, tag: str, passage: str | None = None) -> SourcePayload:
    """A published source with each block's translation where the memory has it. NotFound for other keys."""
    reader = reading(tag)
    rows = Source.objects.filter(key=key, state=State.PUBLISHED).select_related("published_revision")
    source = rows.first()
    if source is None or source.published_revision is None:
        raise NotFound("There is no such source.")
    revision, lang = source.published_revision, source.locale_id
    passages = list(revision.passages.all())
    blocks = revision.blocks or [{"kind": "paragraph", "start": p.start, "end": p.end, "level": 0} for p in passages]
    texts = [revision.text[block["start"] : block["end"]] for block in blocks]
    pieces = [translation.segment(text, lang) for text in texts] if lang != tag else [[] for _ in texts]
    units = reader.recall([source.title, *(piece.text for each in pieces for piece in each)], lang)
    shown = [
        (block, text, *(_joined(each, units, reader) if units else (None, ())))
        for block, text, each in zip(blocks, texts, pieces, strict=True)
    ]
    return SourcePayload(
        key=source.key,
        title=reader.titled(source.title, lang, units),
        original_title=reader.text(source.title, lang),
        url=source.url,
        updated=revision.created_at,
        passages=tuple(_passages(passages, shown, reader.text("", lang), passage, source.title)),
        machine=any(not unit.human for unit in units.values()),
    )


Aligned = tuple[tuple[int, int, int, int], ...]
Shown = tuple[dict[str, Any], str, Text | None, Aligned]


def _passages(
    passages: Sequence[Passage], shown: Sequence[Shown], voice: Text, cited: str | None, title: str
) -> Iterable[PassagePayload]:
    """Passages with their blocks. Headings belong to the passage they stand before; the page's own title is left out."""
    at = 0
    for passage in passages:
        headings: list[BlockPayload] = []
        blocks: list[BlockPayload] = []
        while at < len(shown) and shown[at][0]["start"] < passage.end:
            row, text, translated, aligned = shown[at]
            block = BlockPayload(
                str(row["kind"]), int(row.get("level", 0)), Text(text, voice.lang, voice.dir),
                row["start"] - passage.start, translated, aligned,
            )  # fmt: skip
            if row["kind"] == HEADING:
                if text != title:
                    headings.append(block)
            elif row["end"] > passage.start:
                blocks.append(_within(block, passage))
            if row["end"] > passage.end:  # a long block is cut into several passages
                break
            at += 1
        translated_whole = bool(blocks) and all(block.translation is not None for block in blocks)
        yield PassagePayload(passage.key, tuple(headings), tuple(blocks), passage.key == cited, translated_whole)


def _within(block: BlockPayload, passage: Passage) -> BlockPayload:
    """The part of the block that the passage holds. A part has no translation of its own."""
    end = block.start + len(block.text.text)
    if block.start >= 0 and end <= len(passage.text):
        return block
    start, end = max(0, block.start), min(end, len(passage.text))
    text = Text(passage.text[start:end], block.text.lang, block.text.dir)
    return BlockPayload(block.kind, block.level, text, start)


def _joined(pieces: Sequence[Any], units: Mapping[str, Any], reader: Reading) -> tuple[Text | None, Aligned]:
    """The translation of all pieces and which characters stand for which; None when any piece has none."""
    if any(piece.text and piece.text not in units for piece in pieces):
        return None, ()
    text, at, aligned = "", 0, []
    for piece in pieces:
        prefix, suffix = piece.prefix, piece.suffix
        if reader.tag.startswith(UNSPACED) and text.endswith("。"):
            prefix = prefix.lstrip(" ")
        target = units[piece.text].target if piece.text else ""
        begin, place = at + len(piece.prefix), len(text) + len(prefix)
        text += prefix + target
        if piece.text:
            aligned.append((begin, begin + len(piece.text), place, len(text)))
        if reader.tag.startswith(UNSPACED) and text.endswith("。"):
            suffix = suffix.strip(" ")
        text += suffix
        at = begin + len(piece.text) + len(piece.suffix)
    return reader.text(text), tuple(aligned)
