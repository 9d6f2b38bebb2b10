"""Metrics as laws, the run over labelled files with a stand-in, and what its figures mean."""

import json
import sys
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.evaluation import (
    Answer,
    LabelledPassage,
    Quote,
    Said,
    answer_hit,
    evaluate,
    held_out,
    interval,
    mrr,
    ndcg_at_10,
    percentile,
    read,
    recall_at_k,
    reliability,
)
from retrieval.evaluation.baselines import bm25
from retrieval.evaluation.labelled import LabelledQuestion
from retrieval.evaluation.metrics import Promise, calibration_error
from retrieval.evaluation.report import supports
from retrieval.types import Hit, InvalidInput, NotConfigured, Results

ranked = st.lists(st.sampled_from("abcdefghijklmno"), unique=True)


class WordCounter:
    """Ranks by how many words of the question a passage holds, and answers with the first passage when it holds half."""

    built: list["WordCounter"] = []

    def __init__(self, passages):
        self.passages = {}
        for each in passages:
            self.passages.setdefault(each.id, []).append(each)
        self.asked = []
        WordCounter.built.append(self)

    def search(self, question):
        self.asked.append(question)
        asked = set(question.question.lower().split())
        counted = [
            (max(len(asked & set(each.text.lower().split())) for each in held), key)
            for key, held in self.passages.items()
        ]
        best = sorted((pair for pair in counted if pair[0]), key=lambda pair: (-pair[0], pair[1]))
        hits = [Hit(key, key, "", float(n), n / len(asked), {}) for n, key in best]
        return Results(tuple(hits), floor=0.5)

    def answer(self, question, results):
        if not results.hits:
            return Answer()
        first, sure = self.passages[results.hits[0].family][0], results.hits[0].evidence
        quote = Quote(first.id, 0, len(first.text), first.text)
        return Answer(first.text, (Said(first.text, first.text, first.locale, (quote,)),), sure >= 0.5, sure)

    def ranked(self, question, lane):
        return [hit.family for hit in self.search(question).hits]


class Misquoting(WordCounter):
    def answer(self, question, results):
        found = super().answer(question, results)
        wrong = [replace(said, quotes=(replace(said.quotes[0], start=1),)) for said in found.said]
        return replace(found, said=tuple(wrong))


def write(folder, name, *records):
    (folder / name).write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture
def labelled(tmp_path):
    """Two articles in two languages; in each the tax can be found and the cat's rule, asked in other words, cannot."""
    for locale, dog, cat in (("en", "dog tax twenty", "cat rule"), ("de", "hund steuer zwanzig", "katze regel")):
        write(tmp_path, f"passages.{locale}.jsonl", {"id": "d", "text": dog, "title": "T"}, {"id": "c", "text": cat})
        tax = {"id": "1", "question": dog[:8], "passage": "d", "answers": [dog.split()[-1]]}
        write(tmp_path, f"questions.{locale}.jsonl", tax, {"id": "2", "question": "x y", "passage": "c"})
    WordCounter.built = []
    return tmp_path


def run(folder, system=WordCounter, locales=(), **options):
    return evaluate(read(folder, locales), system, **options).as_dict()


def of(report, asker, into, part="rows"):
    (row,) = [row for row in report[part] if (row["question_locale"], row["passage_locale"]) == (asker, into)]
    return row


@given(ranked, st.sampled_from("abc"))
def test_recall_grows_with_k_up_to_whether_it_is_found(found, wanted):
    values = [recall_at_k(found, wanted, k) for k in range(1, 20)]
    assert values == sorted(values)
    assert values[-1] == float(wanted in found)


@given(ranked, st.sampled_from("abc"))
def test_reciprocal_rank_is_one_exactly_at_the_first_place(found, wanted):
    assert (mrr(found, wanted) == 1.0) == (recall_at_k(found, wanted, 1) == 1.0)
    assert 0.0 <= mrr(found, wanted) <= 1.0


@given(ranked, st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 3)))
def test_discounted_gain_lies_between_nothing_and_the_best_order(found, gains):
    assert 0.0 <= ndcg_at_10(found, gains) <= 1.0 + 1e-9
    best = sorted(gains, key=lambda name: -gains[name])
    if any(gains.values()) and max(gains.values()) > 1e-300:
        assert ndcg_at_10(best, gains) == pytest.approx(1.0)


def test_discounted_gain_of_the_second_place():
    assert ndcg_at_10(["a", "b"], {"b": 1.0}) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg_at_10(["a"], {}) == 0.0


def test_an_answer_is_hit_whatever_case_and_white_space():
    assert answer_hit("It costs  20\nEuro.", ["20 euro"]) == 1.0
    assert answer_hit("It costs 30 Euro.", ["20 euro", ""]) == 0.0


def test_percentiles_are_values_that_were_measured():
    assert [percentile([4, 1, 3, 2], share) for share in (0.5, 0.95, 1.0)] == [2, 4, 4]
    assert percentile([], 0.5) == 0.0


def test_the_interval_holds_the_share_and_is_the_same_every_time():
    values, groups = [1.0, 0.0, 1.0, 1.0] * 10, [str(n // 2) for n in range(40)]
    low, high = interval(values, groups)
    assert 0.0 < low < 0.75 < high < 1.0
    assert interval(values, groups) == (low, high)


def test_questions_about_one_passage_are_drawn_together():
    """Ten passages of which five are found say less than a hundred questions would alone."""
    values = [float(n < 50) for n in range(100)]
    together = interval(values, [str(n // 10) for n in range(100)])
    alone = interval(values, [str(n) for n in range(100)])
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_more_of_the_same_narrows_the_interval():
    few, many = (interval([1.0, 0.0] * n, [str(i) for i in range(2 * n)]) for n in (10, 1000))
    assert many[1] - many[0] < (few[1] - few[0]) / 5


def test_what_never_failed_may_still_fail():
    low, high = interval([1.0] * 10, [str(n) for n in range(10)])
    assert (round(low, 2), high) == (0.69, 1.0)
    assert interval([0.0] * 10, [str(n) for n in range(10)]) == (0.0, round(1 - low, 4))
    assert interval([], []) is None


def test_an_interval_of_a_part_is_of_its_share_of_that_part():
    """Of the half that was possible, all was reached, whichever are drawn."""
    assert interval([1.0, 0.0] * 20, [str(n) for n in range(40)], [1.0, 0.0] * 20) == (1.0, 1.0)


def test_reliability_puts_what_was_told_beside_what_came_true():
    table = reliability([Promise(0.05, False), Promise(0.95, True), Promise(0.91, False), Promise(1.0, True)])
    assert [(row["from"], row["n"], row["true"]) for row in table] == [(0.0, 1, 0.0), (0.9, 3, 0.6667)]
    assert table[1]["told"] == pytest.approx(0.9533, abs=1e-4)
    assert calibration_error(table) == pytest.approx((0.05 + 3 * 0.2866) / 4, abs=1e-3)
    assert calibration_error([]) == 0.0


# what is held out


def passages(*ids):
    return {key: LabelledPassage(key, "en", key) for key in ids}


def test_every_nth_article_is_held_out_with_all_its_passages():
    held = passages("a-0", "a-1", "b-0", "c-0", "d-0", "d-1", "e")
    assert held_out(held, 3) == {"a-0", "a-1", "d-0", "d-1"}
    assert held_out(held, 0) == frozenset()


def test_something_always_stays():
    assert held_out(passages("a-0", "a-1"), 5) == frozenset()
    assert held_out(passages("a", "b"), 1) == frozenset()


def test_a_held_out_question_is_asked_again_where_its_passage_is_not(labelled):
    run(labelled, holdout=2, baselines=False, translated=False)
    indexes = [(sorted(one.passages), [question.id for question in one.asked]) for one in WordCounter.built]
    assert indexes == [
        (["c", "d"], ["1", "2"]),
        (["d"], ["2"]),
        (["c", "d"], ["1", "2", "1", "2"]),
        (["d"], ["2", "2"]),
    ]


def test_an_answer_to_a_held_out_question_is_a_wrong_one(labelled):
    asked = {"id": "2", "question": "tax rule", "passage": "c", "answers": ["rule"]}
    write(labelled, "questions.en.jsonl", asked)
    row = of(run(labelled, holdout=2), "en", "en")
    assert (row["n"], row["held_out"], row["wrong_answers"]) == (1, 1, 1.0)
    write(labelled, "questions.en.jsonl", asked | {"question": "cat rule tax"})
    row = of(run(labelled, holdout=2), "en", "en")
    assert (row["held_out"], row["wrong_answers"], row["answered"]) == (1, 0.0, 1.0)


def test_without_holding_out_wrong_answers_are_not_told(labelled):
    row = of(run(labelled, holdout=0), "en", "en")
    assert (row["held_out"], row["wrong_answers"], row["intervals"]["wrong_answers"]) == (0, None, None)


# the rows


def test_each_locale_is_asked_into_itself_and_into_english(labelled):
    rows = run(labelled)["rows"]
    assert [(row["question_locale"], row["passage_locale"], row["n"]) for row in rows] == [
        ("de", "de", 2), ("de", "en", 2), ("en", "en", 2),
    ]  # fmt: skip
    assert [(row["recall_at_1"], row["recall_at_5"], row["mrr"], row["ndcg_at_10"]) for row in rows] == [
        (0.5, 0.5, 0.5, 0.5),
        (0, 0, 0, 0),
        (0.5, 0.5, 0.5, 0.5),
    ]


def test_one_language_can_be_asked_alone(labelled):
    report = run(labelled, locales=["de"])
    assert [(row["question_locale"], row["passage_locale"]) for row in report["rows"]] == [("de", "de"), ("de", "en")]
    with pytest.raises(InvalidInput, match=r"questions\.fr\.jsonl"):
        read(labelled, ["fr"])


def test_an_index_holds_the_passages_of_one_locale_only(labelled):
    run(labelled, holdout=0, translated=False)
    held = [{each.locale for own in one.passages.values() for each in own} for one in WordCounter.built]
    assert held == [{"de"}, {"en"}]


def test_translated_passages_are_found_in_the_askers_language(labelled):
    report = run(labelled)
    assert of(report, "de", "en")["recall_at_1"] == 0.0
    assert of(report, "de", "en", "translated")["recall_at_1"] == 0.5
    assert [one.locale for one in WordCounter.built[-2].passages["d"]] == ["en", "de"]


def test_passages_that_are_not_parallel_are_no_translations(labelled):
    write(labelled, "passages.de.jsonl", {"id": "d", "text": "hund steuer zwanzig"})
    write(labelled, "questions.de.jsonl", {"id": "1", "question": "steuer", "passage": "d"})
    assert run(labelled)["translated"] == []


def test_an_answer_counts_when_it_is_given_and_holds_the_span(labelled):
    row = of(run(labelled), "en", "en")
    assert (row["answered"], row["answer_hit"], row["top_passage_allows"], row["answer_words"]) == (0.5, 1.0, 1.0, 3.0)

    class Silent(WordCounter):
        def answer(self, question, results):
            return replace(super().answer(question, results), given=False)

    row = of(run(labelled, Silent), "en", "en")
    assert (row["answered"], row["answer_hit"], row["answer_hit_of_allowed"], row["answer_words"]) == (0, 0, 0, None)


def test_a_hit_is_also_told_of_what_the_first_passage_allows(labelled):
    write(
        labelled,
        "questions.en.jsonl",
        {"id": "1", "question": "dog", "passage": "d", "answers": ["twenty"]},
        {"id": "2", "question": "dog tax", "passage": "c", "answers": ["rule"]},
    )
    row = of(run(labelled), "en", "en")
    assert (row["answer_hit"], row["top_passage_allows"], row["answer_hit_of_allowed"]) == (0.5, 0.5, 1.0)


def test_into_english_the_spans_are_those_of_the_english_question(labelled):
    write(labelled, "questions.de.jsonl", {"id": "1", "question": "dog tax", "passage": "d", "answers": ["zwanzig"]})
    assert of(run(labelled), "de", "en")["answer_hit"] == 1.0


def test_questions_without_a_passage_count_as_false_answers_only(labelled):
    write(labelled, "questions.en.jsonl", {"id": "1", "question": "cat rule"}, {"id": "2", "question": "q"})
    row = of(run(labelled), "en", "en")
    assert (row["n"], row["recall_at_1"], row["unanswerable"], row["false_answers"]) == (0, None, 2, 0.5)


def test_every_share_has_an_interval_around_it(labelled):
    row = of(run(labelled, holdout=2), "en", "en")
    assert set(row["intervals"]) == {
        "recall_at_1", "recall_at_5", "mrr", "ndcg_at_10", "answered", "answer_hit", "answer_hit_of_allowed", "wrong_answers",
    }  # fmt: skip
    for name, (low, high) in row["intervals"].items():
        assert low <= row[name] <= high


# the rest of the report


def test_a_quote_that_does_not_stand_where_it_says_counts_against_precision(labelled):
    assert run(labelled)["citation_precision"] == 1.0
    assert run(labelled, Misquoting)["citation_precision"] == 0.0


def test_a_sentence_without_a_quote_counts_against_precision(labelled):
    class Unquoted(WordCounter):
        def answer(self, question, results):
            found = super().answer(question, results)
            return replace(found, said=tuple(replace(said, quotes=()) for said in found.said))

    assert run(labelled, Unquoted)["citation_precision"] == 0.0


def test_what_was_withheld_is_not_judged_for_its_citations(labelled):
    class Silent(Misquoting):
        def answer(self, question, results):
            return replace(super().answer(question, results), given=False)

    assert run(labelled, Silent)["citation_precision"] is None


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [("A crossing costs 2 euros.", True), ("A crossing costs only 2 euros", True), ("The pool opens in May.", False)],
)
def test_a_sentence_is_supported_by_a_quote_that_says_it(sentence, supported):
    quote = Quote("p", 0, 50, "The ferry leaves hourly. A crossing only costs adults 2 euros.")
    assert supports(Said(sentence, sentence, "en", (quote,))) is supported


def test_sentences_that_lose_a_number_are_counted_when_shown(labelled):
    class Careless(WordCounter):
        def answer(self, question, results):
            found = super().answer(question, results)
            return replace(found, said=tuple(replace(said, parity=False) for said in found.said))

    assert run(labelled, translated=False)["parity_failures"] == 0
    assert run(labelled, Careless, translated=False, holdout=0)["parity_failures"] == 2


def test_calibration_counts_held_out_questions_as_untrue(labelled):
    write(labelled, "questions.en.jsonl", {"id": "1", "question": "dog tax", "passage": "d"})
    write(labelled, "passages.en.jsonl", {"id": "d", "text": "dog tax"}, {"id": "c", "text": "tax"})
    plain = run(labelled, locales=["en"], holdout=0)["calibration"]
    assert [(row["from"], row["n"], row["true"]) for row in plain["sureness"]] == [(0.9, 1, 1.0)]
    write(labelled, "passages.en.jsonl", {"id": "b", "text": "tax"}, {"id": "d", "text": "dog tax"})
    write(labelled, "questions.en.jsonl", {"id": "1", "question": "dog tax", "passage": "b"})
    both = run(labelled, locales=["en"], holdout=2)["calibration"]
    assert [(row["from"], row["n"], row["true"]) for row in both["evidence"]] == [(0.9, 2, 0.0)]
    assert both["expected_calibration_error"] == {"evidence": 1.0, "sureness": 1.0}


def test_baselines_have_rows_of_the_same_shape(labelled):
    report = run(labelled, holdout=2)
    assert list(report["baselines"]) == ["bm25", "lexical", "gloss", "vector", "fused"]
    for rows in report["baselines"].values():
        assert [set(row) for row in rows] == [set(row) for row in report["rows"]]
    fused = [(row["recall_at_1"], row["mrr"]) for row in report["baselines"]["fused"]]
    assert fused == [(row["recall_at_1"], row["mrr"]) for row in report["rows"]]


def test_a_baseline_answers_with_the_first_passage_whatever_it_is(labelled):
    write(labelled, "questions.en.jsonl", {"id": "1", "question": "is there a rule for the dog", "passage": "c"})
    report = run(labelled, holdout=2)
    assert of(report, "en", "en")["answered"] == 0.0
    row = next(row for row in report["baselines"]["fused"] if row["question_locale"] == "en")
    assert (row["answered"], row["wrong_answers"]) == (1.0, 1.0)


def test_plain_bm25_finds_by_stems_and_by_pairs_of_characters():
    english = bm25([LabelledPassage("a", "en", "The dogs were barking."), LabelledPassage("b", "en", "Cats sleep.")])
    assert english(LabelledQuestion("1", "en", "Which dog barks?", "a")) == ["a"]
    chinese = bm25([LabelledPassage("a", "zh", "图书馆九点开门。"), LabelledPassage("b", "zh", "渡轮票价两欧元。")])
    assert chinese(LabelledQuestion("1", "zh", "渡轮多少钱?", "b")) == ["b"]
    assert chinese(LabelledQuestion("1", "zh", "", "b")) == []


def test_without_its_library_the_baseline_is_left_out_and_said_so(labelled, monkeypatch):
    monkeypatch.setitem(sys.modules, "bm25s", None)
    report = run(labelled)
    assert list(report["baselines"]) == ["lexical", "gloss", "vector", "fused"]
    assert report["notes"] == ["No baseline bm25: it needs the package bm25s (`pip install bm25s`)."]
    with pytest.raises(NotConfigured, match="bm25s"):
        bm25([])


def test_the_product_can_be_measured_alone(labelled):
    assert run(labelled, baselines=False)["baselines"] == {}


def test_progress_counts_every_question_once(labelled):
    told = []
    run(labelled, progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 8) for n in range(1, 9)]
    assert Counter(locale for one in WordCounter.built for locale in [one.asked[0].locale])["de"] > 0


def test_latency_is_told_in_milliseconds(labelled):
    latency = run(labelled)["latency_ms"]
    assert sorted(latency) == ["p50", "p95"]
    assert 0 <= latency["p50"] <= latency["p95"]


# files


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("passages.en.jsonl", b'{"id": "d", "text": "x"}\n{"id"', r"passages\.en\.jsonl, line 2: not JSON"),
        ("passages.en.jsonl", b"\n[1]\n", r"passages\.en\.jsonl, line 2: not a JSON object"),
        ("passages.en.jsonl", b'{"id": "d", "text": " "}', r"line 1: 'text' must be a text that is not empty"),
        ("passages.en.jsonl", b'{"id": 1, "text": "a"}', r"line 1: 'id' must be a text"),
        ("passages.en.jsonl", b'{"id": "d", "text": "a"}\n{"id": "d", "text": "a"}', r"line 2: the id 'd' stands there twice"),
        ("passages.en.jsonl", b'{"id": "d", "text": "\xff"}', r"passages\.en\.jsonl, line 1: not UTF-8"),
        ("passages.en.jsonl", b'{"id": "d", "text": "a", "locale": "de"}', r"the locale 'de' is not that of the file"),
        ("questions.en.jsonl", b'{"id": "1", "question": "a", "passage": "zz"}', r"questions\.en\.jsonl, line 1: .*'zz'"),
        ("questions.de.jsonl", b'{"id": "1", "question": "a", "passage": "d", "answers": "x"}', r"'answers' must be a list"),
        ("questions.en.jsonl", b'{"id": "1"}', r"line 1: 'question' must be a text"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_is_told_with_its_line(labelled, file, content, message):
    (labelled / file).write_bytes(content)
    with pytest.raises(InvalidInput, match=message):
        read(labelled)


def test_a_folder_that_is_not_there_or_holds_nothing_is_an_error(tmp_path):
    with pytest.raises(InvalidInput, match="is not a folder"):
        read(tmp_path / "none")
    with pytest.raises(InvalidInput, match="holds no pair"):
        read(tmp_path)


def test_files_with_a_mark_at_the_beginning_and_blank_lines_are_read(labelled):
    file = labelled / "questions.en.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n\r\n"))
    assert of(run(labelled), "en", "en")["n"] == 2
