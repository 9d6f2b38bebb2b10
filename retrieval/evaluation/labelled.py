"""Labelled passages and questions: what they are, how they are read, and which of them are held out.

A folder holds `passages.<locale>.jsonl` (`id`, `text`, optional `title`) and `questions.<locale>.jsonl` (`id`,
`question`, `passage`: the id that answers it, optional `answers`: exact spans). A question whose `passage` is empty is
answered by none. Passages of one article share the part of their ids before the last dash ("03-0", "03-1").
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.types import InvalidInput

ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class LabelledPassage:
    id: str
    locale: str
    text: str
    title: str = ""

    @property
    def article(self) -> str:
        return self.id.rpartition("-")[0] or self.id


@dataclass(frozen=True, slots=True)
class LabelledQuestion:
    """`answers`: spans of the passage in the question's locale, any of which answers it. `line`: where it was read."""

    id: str
    locale: str
    question: str
    passage: str
    answers: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Labelled:
    """A folder. `passages`: locale -> id -> passage; `questions`: locale -> questions, in the order of the files; `asked`:
    the locales whose questions are asked, empty for all."""

    passages: Mapping[str, Mapping[str, LabelledPassage]]
    questions: Mapping[str, Sequence[LabelledQuestion]]
    asked: tuple[str, ...] = ()

    def askers(self, locale: str) -> list[str]:
        """Who asks into the passages of a locale: its own language, and into English every one, that first."""
        askers = self._asking if locale == ENGLISH else [one for one in self._asking if one == locale]
        return sorted(askers, key=lambda one: (one != locale, one))

    def translated(self) -> list[str]:
        """The locales that ask, and whose passages are those of the English ones in translation."""
        english = self.passages.get(ENGLISH, {})
        own = [one for one in self._asking if one != ENGLISH and one in self.passages]
        return [one for one in own if set(self.passages[one]) == set(english)]

    @property
    def _asking(self) -> list[str]:
        return [one for one in self.questions if not self.asked or one in self.asked]

    def spans(self, question: LabelledQuestion, locale: str) -> tuple[str, ...]:
        """What answers a question in passages of a locale: into another language, the spans of its question of that id."""
        if question.locale == locale:
            return question.answers
        return next((each.answers for each in self.questions.get(locale, ()) if each.id == question.id), ())


def read(folder: Path, locales: Sequence[str] = ()) -> Labelled:
    """`locales`: whose questions are asked; all. InvalidInput names file and line."""
    questions = {locale: read_questions(file) for locale, file in _files(folder, "questions")}
    passages = {locale: read_passages(file) for locale, file in _files(folder, "passages")}
    if unknown := [locale for locale in locales if locale not in questions]:
        raise InvalidInput(f"{folder} holds no questions.{unknown[0]}.jsonl.")
    found = Labelled(passages, questions, tuple(locales))
    if not any(found.askers(locale) for locale in passages):
        raise InvalidInput(f"{folder} holds no pair of questions.<locale>.jsonl and passages.<locale>.jsonl.")
    for locale, own in passages.items():
        for asker in found.askers(locale):
            _refuse_unknown(questions[asker], own, asker, locale)
    return found


def held_out(passages: Mapping[str, LabelledPassage], every: int) -> frozenset[str]:
    """The ids of every Nth article's passages, from the first one on; none for 0, and never all."""
    articles = sorted({passage.article for passage in passages.values()})
    away = set(articles[::every]) if every else set()
    gone = frozenset(key for key, passage in passages.items() if passage.article in away)
    return gone if len(gone) < len(passages) else frozenset()


def read_passages(file: Path) -> dict[str, LabelledPassage]:
    """By id, in the file's order."""
    locale = _locale(file)
    found: dict[str, LabelledPassage] = {}
    for line, record in _records(file, locale):
        passage = LabelledPassage(
            id=_text(record, "id", file, line),
            locale=locale,
            text=_text(record, "text", file, line),
            title=_text(record, "title", file, line, needed=False),
        )
        if passage.id in found:
            raise InvalidInput(f"{file.name}, line {line}: the id {passage.id!r} stands there twice.")
        found[passage.id] = passage
    return found


def read_questions(file: Path) -> list[LabelledQuestion]:
    locale = _locale(file)
    return [
        LabelledQuestion(
            id=_text(record, "id", file, line),
            locale=locale,
            question=_text(record, "question", file, line),
            passage=_text(record, "passage", file, line, needed=False),
            answers=_answers(record, file, line),
            line=line,
        )
        for line, record in _records(file, locale)
    ]


def _files(folder: Path, kind: str) -> list[tuple[str, Path]]:
    if not folder.is_dir():
        raise InvalidInput(f"{folder} is not a folder.")
    return [(_locale(file), file) for file in sorted(folder.glob(f"{kind}.*.jsonl"))]


def _locale(file: Path) -> str:
    return file.name.split(".")[1].lower()


def _records(file: Path, locale: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line from 1, object) of every line that is not blank."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"{file.name}, line {line}: not UTF-8.") from error
    except OSError as error:
        raise InvalidInput(f"{file.name} cannot be read ({error.strerror}).") from error
    for number, content in enumerate(lines, start=1):
        if not content.strip():
            continue
        try:
            record = json.loads(content)
        except ValueError as error:
            raise InvalidInput(f"{file.name}, line {number}: not JSON ({error}).") from error
        if not isinstance(record, dict):
            raise InvalidInput(f"{file.name}, line {number}: not a JSON object.")
        if record.get("locale", locale) != locale:
            raise InvalidInput(f"{file.name}, line {number}: the locale {record['locale']!r} is not that of the file.")
        yield number, record


def _text(record: Mapping[str, Any], name: str, file: Path, line: int, *, needed: bool = True) -> str:
    value = record.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise InvalidInput(
            f"{file.name}, line {line}: {name!r} must be a text{' that is not empty' if needed else ''}."
        )
    return value


def _answers(record: Mapping[str, Any], file: Path, line: int) -> tuple[str, ...]:
    value = record.get("answers", [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise InvalidInput(f"{file.name}, line {line}: 'answers' must be a list of texts.")
    return tuple(value)


def _refuse_unknown(
    questions: Sequence[LabelledQuestion], passages: Mapping[str, LabelledPassage], asker: str, locale: str
) -> None:
    for question in questions:
        if question.passage and question.passage not in passages:
            raise InvalidInput(
                f"questions.{asker}.jsonl, line {question.line}: question {question.id!r} names passage {question.passage!r}, "
                f"which passages.{locale}.jsonl does not hold."
            )
