"""Payloads as the API says them. The names here are the ones that docs/reference/api.md promises to keep.

A text is an object with its language and direction, because it may be a fallback.
"""

from typing import Any

from django.urls import reverse

from faq import conf
from faq.queries.payloads import (
    AnswerPayload,
    BlockPayload,
    CitationPayload,
    PassageLink,
    PassagePayload,
    QuestionLink,
    SegmentPayload,
    SourcePayload,
    Text,
    TopicPayload,
)
from faq.queries.suggesting import Suggestion


def text(value: Text) -> dict[str, str]:
    return {"text": value.text, "lang": value.lang, "dir": value.dir}


def link(value: QuestionLink) -> dict[str, Any]:
    return {"key": value.key, "text": text(value.text)}


def topic(value: TopicPayload) -> dict[str, Any]:
    return {
        "key": value.key,
        "title": text(value.title),
        "description": text(value.description),
        "questions": value.count,
    }


def segment(value: SegmentPayload) -> dict[str, Any]:
    return {
        "text": value.text,
        "lang": value.lang,
        "dir": value.dir,
        "origin": value.origin,
        "citations": list(value.citations),
        "before": value.before,
        "original": value.original,
    }


def citation(value: CitationPayload) -> dict[str, Any]:
    return {
        "number": value.number,
        "source": {"key": value.source_key, "title": text(value.source), "url": value.url},
        "heading": text(value.heading),
        "quote": text(value.quote),
        "passage": value.passage,
        "start": value.start,
        "end": value.end,
    }


def answer(value: AnswerPayload) -> dict[str, Any]:
    return {
        "segments": [segment(each) for each in value.segments],
        "text": value.plain,
        "citations": [citation(each) for each in value.citations],
        "original": [segment(each) for each in value.original],
        "original_lang": value.original_lang,
        "machine": value.machine,
        "stale": value.stale,
        "untranslated": value.untranslated,
        "updated": value.updated,
    }


def suggestion(value: Suggestion) -> dict[str, Any]:
    parts = [{"text": piece, "typed": typed} for piece, typed in value.parts]
    return {"key": value.key, "text": text(value.text), "parts": parts}


def found_passage(value: PassageLink) -> dict[str, Any]:
    return {
        "passage": value.passage,
        "source": {"key": value.source_key, "title": text(value.source)},
        "heading": text(value.heading),
        "text": text(value.text),
    }


def source(value: SourcePayload) -> dict[str, Any]:
    return {
        "key": value.key,
        "title": text(value.title),
        "original_title": text(value.original_title),
        "url": value.url,
        "updated": value.updated,
        "machine": value.machine,
    }


def passage(value: PassagePayload) -> dict[str, Any]:
    return {
        "key": value.key,
        "headings": [block(each) for each in value.headings],
        "blocks": [block(each) for each in value.blocks],
        "translated": value.translated,
    }


def block(value: BlockPayload) -> dict[str, Any]:
    return {
        "kind": value.kind,
        "level": value.level,
        "text": text(value.text),
        "start": value.start,
        "translation": text(value.translation) if value.translation else None,
    }


def page(name: str, locale: str, key: str) -> str:
    """Where the public site shows it."""
    return f"{str(conf.get('SITE_URL')).rstrip('/')}{reverse(name, args=[locale, key])}"
