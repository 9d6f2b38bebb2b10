"""Asks labelled questions of a system over their passages, and of the baselines beside it.

Each question locale is asked into its own passages and into the English ones, each in an index that holds nothing else;
and into the English ones with the translations of all locales beside them, where the folder's passages are parallel.
Questions about every Nth article are asked once more in an index without it: any answer there is a wrong one.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retrieval.evaluation import report
from retrieval.evaluation.baselines import Rank, bm25, has_bm25
from retrieval.evaluation.labelled import ENGLISH, Labelled, LabelledPassage, LabelledQuestion, held_out
from retrieval.evaluation.types import Answer, Build, Judged, Progress, System
from retrieval.types import Lane

HOLDOUT = 5
FUSED = "fused"


@dataclass(slots=True)
class Evaluation:
    """What became of every question, and by name of every baseline's; `notes`: what could not be measured, and why."""

    labelled: Labelled
    judged: list[Judged] = field(default_factory=list)
    baselines: dict[str, list[Judged]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The figures, as `manage.py evaluate --json` prints them."""
        plain = [each for each in self.judged if not each.translated]
        return {
            "rows": report.rows(plain),
            "translated": report.rows(each for each in self.judged if each.translated),
            "citation_precision": report.citation_precision(self.judged, report.texts(self.labelled)),
            "parity_failures": report.parity_failures(self.judged),
            "calibration": report.calibration(plain),
            "baselines": {name: report.rows(judged) for name, judged in self.baselines.items()},
            "latency_ms": report.latency(plain),
            "notes": self.notes,
        }


def evaluate(
    labelled: Labelled,
    build: Build,
    *,
    holdout: int = HOLDOUT,
    baselines: bool = True,
    translated: bool = True,
    progress: Progress = lambda done, total: None,
) -> Evaluation:
    """`holdout`: every Nth article is taken out of a second index, 0 for none. `baselines`: bm25 (where its library is
    installed), each lane alone, and the fused ranking, each answering with the first passage it finds, always."""
    run = _Run(labelled, build, holdout, baselines, progress)
    for locale, passages in labelled.passages.items():
        if askers := labelled.askers(locale):
            run.over(list(passages.values()), locale, askers)
    if translated and (askers := labelled.translated()):
        held = [list(labelled.passages[locale].values()) for locale in (ENGLISH, *askers)]
        run.over([passage for each in held for passage in each], ENGLISH, askers, translated=True)
    return run.found


@dataclass(slots=True)
class _Side:
    """An index, what is asked of it, and the baselines over the same passages."""

    system: System
    texts: Mapping[str, tuple[str, ...]]
    rankers: Mapping[str, Rank] = field(default_factory=dict)


class _Run:
    def __init__(self, labelled: Labelled, build: Build, holdout: int, baselines: bool, progress: Progress) -> None:
        self.found = Evaluation(labelled)
        self._labelled = labelled
        self._build = build
        self._holdout = holdout
        self._baselines = baselines
        self._progress = progress
        self._bm25 = baselines and has_bm25()
        if baselines and not self._bm25:
            self.found.notes.append("No baseline bm25: it needs the package bm25s (`pip install bm25s`).")
        asked = sum(len(labelled.questions[one]) for locale in labelled.passages for one in labelled.askers(locale))
        self._total = asked + sum(len(labelled.questions[one]) for one in labelled.translated())
        self._done = 0

    def over(
        self, passages: Sequence[LabelledPassage], locale: str, askers: Sequence[str], *, translated: bool = False
    ) -> None:
        """Every question of the askers, of an index of the passages, and where held out of one without theirs."""
        away = held_out(self._labelled.passages[locale], self._holdout)
        whole = self._side(passages, ranking=not translated)
        kept = None
        if away:
            kept = self._side([each for each in passages if each.id not in away], ranking=not translated)
        for asker in askers:
            for question in self._labelled.questions[asker]:
                self._ask(whole, question, locale, translated=translated)
                if kept is not None and question.passage in away:
                    self._ask(kept, question, locale, translated=translated, held_out=True)
                self._done += 1
                self._progress(self._done, self._total)

    def _side(self, passages: Sequence[LabelledPassage], *, ranking: bool) -> _Side:
        texts: dict[str, tuple[str, ...]] = {}
        for each in passages:
            texts[each.id] = (*texts.get(each.id, ()), each.text)
        system = self._build(passages)
        rankers: dict[str, Rank] = {}
        if ranking and self._baselines:
            rankers |= {"bm25": bm25(passages)} if self._bm25 else {}
            rankers |= {lane.value: _alone(system, lane) for lane in Lane}
        return _Side(system, texts, rankers)

    def _ask(
        self,
        side: _Side,
        question: LabelledQuestion,
        locale: str,
        *,
        translated: bool = False,
        held_out: bool = False,
    ) -> None:
        begun = time.perf_counter()
        results = side.system.search(question)
        milliseconds = 1000 * (time.perf_counter() - begun)
        spans = self._labelled.spans(question, locale)
        ranked = tuple(hit.family for hit in results.hits)
        judged = Judged(
            question,
            locale,
            ranked,
            side.system.answer(question, results),
            spans + (question.answers if translated else ()),
            side.texts[ranked[0]] if ranked else (),
            results.hits[0].evidence if ranked else 0.0,
            held_out,
            translated,
            milliseconds,
        )
        self.found.judged.append(judged)
        if side.rankers:
            self._compare(side, judged)

    def _compare(self, side: _Side, judged: Judged) -> None:
        """What each baseline makes of the same question: it answers with the first passage it finds."""
        found = {name: tuple(rank(judged.question)) for name, rank in side.rankers.items()}
        for name, ranked in {**found, FUSED: judged.ranked}.items():
            top = side.texts[ranked[0]] if ranked else ()
            answer = Answer("".join(top), given=bool(ranked))
            beside = Judged(
                judged.question, judged.passage_locale, ranked, answer, judged.spans, top, held_out=judged.held_out
            )
            self.found.baselines.setdefault(name, []).append(beside)


def _alone(system: System, lane: Lane) -> Callable[[LabelledQuestion], Sequence[str]]:
    return lambda question: system.ranked(question, lane)
