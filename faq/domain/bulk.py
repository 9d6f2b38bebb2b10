"""One action on many entries: planned and shown first, then done item by item in a job.

Invariants: the plan is made of states alone and changes nothing; the job plans again when it runs, so that what people did
meanwhile counts; an item that fails is named with its reason and never fails the others. Running it twice does no harm.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from faq.domain import access, answers, audit, indexing, jobs, questions, review
from faq.domain.progress import Progress
from faq.enums import BulkAction, CellState, Freshness, JobKind, Origin, SkipReason, State, TranslationPolicy
from faq.errors import Invalid
from faq.gateways import translation
from faq.models import Job, Locale, Question
from faq.queries import coverage, freshness, locales
from faq.queries.freshness import MISSING, Standing

MOST = 5000
"""Questions of one action: more than anybody looks through in a preview."""
PERMISSIONS: Mapping[BulkAction, tuple[str, ...]] = {
    BulkAction.TRANSLATE: ("change_answerrevision",),
    BulkAction.APPROVE: ("change_answerrevision", "publish_answerrevision"),
    BulkAction.RETIRE: ("publish_question",),
    BulkAction.REINDEX: ("change_question",),
}
BY_LANGUAGE = (BulkAction.TRANSLATE, BulkAction.APPROVE)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `locale` is "" for what is done to an entry as a whole."""

    question: int
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """One thing that will not be done, and why."""

    question: int
    locale: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action will do and leave. `memory_only`: languages into which no engine leads, so that only what the memory
    holds can be translated."""

    action: BulkAction
    steps: tuple[Step, ...]
    skipped: tuple[Skip, ...]
    memory_only: tuple[str, ...] = ()

    def by_locale(self) -> dict[str, int]:
        """How many steps each language has."""
        return dict(Counter(step.locale for step in self.steps))

    def by_reason(self) -> dict[SkipReason, int]:
        """How many are left for each reason, the most first."""
        return dict(Counter(skip.reason for skip in self.skipped).most_common())


def plan(action: str, question_ids: Sequence[int], targets: Sequence[str] = (), *, actor: audit.Actor = None) -> Plan:
    """What the action would do to these entries, in these languages (none: every enabled one that the actor may translate
    into). Invalid for what is no action, no question, or too many."""
    if action not in BulkAction.values:
        raise Invalid("There is no such action.")
    if not question_ids:
        raise Invalid("Choose at least one question.")
    if len(question_ids) > MOST:
        raise Invalid("Choose at most %(most)s questions at once.", most=MOST)
    kind = BulkAction(action)
    states = dict(Question.objects.filter(pk__in=list(question_ids)).order_by().values_list("pk", "state"))
    wanted = [pk for pk in dict.fromkeys(question_ids) if pk in states]
    if kind not in BY_LANGUAGE:
        retires = kind == BulkAction.RETIRE
        left = [pk for pk in wanted if retires and states[pk] == State.RETIRED]
        steps = tuple(Step(pk) for pk in wanted if pk not in left)
        return Plan(kind, steps, tuple(Skip(pk, "", SkipReason.RETIRED) for pk in left))
    return _by_language(kind, wanted, [locales.require(tag) for tag in targets] or _allowed(actor))


def _allowed(actor: audit.Actor) -> list[Locale]:
    tags = access.assigned(actor)
    return [locale for locale in locales.enabled_locales() if tags is None or locale.tag in tags]


def _by_language(kind: BulkAction, wanted: Sequence[int], targets: Sequence[Locale]) -> Plan:
    known, waiting = freshness.standings(wanted), coverage.drafts(wanted)
    steps, skipped = [], []
    sources: dict[str, set[str]] = {}
    for pk in wanted:
        standings = known.get(pk, {})
        original = next((tag for tag, standing in standings.items() if standing.is_original), "")
        for locale in targets:
            standing = standings.get(locale.tag, MISSING)
            reason = _reason(kind, original, standing, locale, draft=(pk, locale.tag) in waiting)
            if reason:
                skipped.append(Skip(pk, locale.tag, reason))
            else:
                steps.append(Step(pk, locale.tag))
                sources.setdefault(locale.tag, set()).add(original)
    alone: tuple[str, ...] = ()
    if kind == BulkAction.TRANSLATE:
        alone = tuple(
            tag for tag, froms in sources.items() if not any(translation.supports(source, tag) for source in froms)
        )
    return Plan(kind, tuple(steps), tuple(skipped), alone)


def _reason(kind: BulkAction, original: str, standing: Standing, locale: Locale, *, draft: bool) -> SkipReason | None:
    """Why there is nothing to do in a language; None when there is."""
    if not original:
        return SkipReason.UNANSWERED
    if standing.is_original:
        return SkipReason.ORIGINAL
    state = coverage.cell_state(standing)
    if kind == BulkAction.APPROVE:
        if state == CellState.STALE and not draft:
            return SkipReason.STALE
        return None if draft or state == CellState.MACHINE else SkipReason.NOTHING_TO_APPROVE
    if standing.freshness == Freshness.CURRENT and standing.origin in (Origin.HUMAN, Origin.MEMORY):
        return SkipReason.BY_PERSON
    return SkipReason.POLICY_OFF if locale.policy == TranslationPolicy.OFF else None


def start(action: str, question_ids: Sequence[int], targets: Sequence[str] = (), *, actor: audit.Actor) -> Job:
    """Queue what plan() shows. Forbidden for who lacks a permission, Invalid when there is nothing to do."""
    made = plan(action, question_ids, targets, actor=actor)
    access.require(actor, *PERMISSIONS[made.action])
    access.require_locales(actor, {step.locale for step in made.steps if step.locale})
    if not made.steps:
        raise Invalid("There is nothing to do: each of them is as it should be, or cannot be changed this way.")
    args: dict[str, Any] = {
        "action": made.action.value,
        "question_ids": sorted({step.question for step in made.steps}),
        "locales": sorted({step.locale for step in made.steps if step.locale}),
    }
    return jobs.enqueue(JobKind.BULK, args, actor=actor)


def perform(args: Mapping[str, Any], progress: Progress) -> None:
    """The job: `action`, `question_ids`, `locales`. In the name of who asked for it."""
    actor = progress.job.requested_by
    made = plan(args["action"], args["question_ids"], args["locales"])
    progress.start(len(made.steps))
    found = Question.objects.in_bulk([step.question for step in made.steps])

    def name(step: Step) -> str:
        return found[step.question].key + (f" ({step.locale})" if step.locale else "")

    with jobs.together():
        progress.each(made.steps, lambda step: _do(made.action, found[step.question], step.locale, actor), name)


def _do(action: BulkAction, question: Question, locale: str, actor: audit.Actor) -> None:
    if action == BulkAction.TRANSLATE:
        if answers.translate_answer(question, locale, actor) is None:
            raise Invalid("The memory does not hold every sentence, and no engine leads into this language.")
    elif action == BulkAction.APPROVE:
        _approve(question, locale, actor)
    elif action == BulkAction.RETIRE:
        questions.retire_question(question, actor)
    else:
        indexing.sync_questions([question.pk])


def _approve(question: Question, locale: str, actor: audit.Actor) -> None:
    """Publish a translation as it stands, in a person's name; Invalid, naming the sentence, where one is missing or failed
    a check."""
    now = review.sheet(question, locale)
    texts = {sentence.source: sentence.text for sentence in now.sentences}
    wording = now.wording.text if now.wording else ""
    review.settle(question, locale, texts, wording=wording, publish=True, seen=now.seen, actor=actor)
