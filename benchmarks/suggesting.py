"""Search as you type and near words, measured: `python -m benchmarks.suggesting` (a part of `make bench`).

Suggestions are asked for at every letter of words of a portal with 10,000 questions, through the whole stack of a request
(middleware, view, template), by the time of the processor. Near words are looked for among 100,000 distinct words.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks.rows import Row, at_most, table
from benchmarks.scratch import Portal, empty_portal

QUESTIONS = 10_000
TYPED = 60
"""Texts typed letter by letter."""
WORDS = 100_000
MISSPELT = 400
LEXICONS = ("de", "fr", "es", "pl", "tr", "nl", "it", "pt")


def measure(portal: Portal) -> list[Row]:
    """In processes of their own: the portal is filled with questions first."""
    typing: dict[str, Any] = json.loads(portal.run("-m", "benchmarks.suggesting", "typing").splitlines()[-1])
    near: dict[str, Any] = json.loads(portal.run("-m", "benchmarks.suggesting", "near").splitlines()[-1])
    return [
        at_most(f"a letter typed, {QUESTIONS:,} questions, p50", median(typing["processor"]), 10, " ms", 1),
        at_most("… p95", _share(typing["processor"], 0.95), 50, " ms", 1),
        Row("… p95 by the clock", f"{_share(typing['clock'], 0.95):.1f} ms"),
        at_most("… queries, at most", max(typing["queries"]), 1, ""),
        Row("… the first after content has changed", f"{typing['first']:.0f} ms"),
        Row("… the same again, with its ETag", f"{typing['again']:.2f} ms, {typing['again_queries']} queries"),
        Row("… memory of the wordings of one language", f"{typing['megabytes']:.0f} MB"),
        at_most(
            f"near words of a misspelt one, {near['words']:,} words, p50", median(near["milliseconds"]), 2, " ms", 2
        ),
        at_most("… p95", _share(near["milliseconds"], 0.95), 2, " ms", 2),
        Row("… reading the words at first", f"{near['seconds']:.2f} s"),
        at_most("… memory of the words", near["megabytes"], 10, " MB", 1),
    ]


def _share(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def typing() -> dict[str, Any]:
    """A request at each letter."""
    import tracemalloc

    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from benchmarks.inside import Queries
    from faq import cache
    from faq.queries import suggesting
    from faq.queries.payloads import reading

    settings.ALLOWED_HOSTS = ["*"]
    texts = list(_fill())
    cache.bump(cache.CONTENT)
    client, counter, found = Client(), Queries(), {"processor": [], "clock": [], "queries": []}
    client.get("/en/suggest/", {"q": "warm"})
    cache.bump(cache.CONTENT)
    begun = time.thread_time()
    client.get("/en/suggest/", {"q": "first"})
    first = 1000 * (time.thread_time() - begun)
    with connection.execute_wrapper(counter):
        for text in texts[:: len(texts) // TYPED][:TYPED]:
            for typed in (text[:end] for end in range(1, min(len(text), 25))):
                before, clock, begun = counter.count, time.perf_counter(), time.thread_time()
                response = client.get("/en/suggest/", {"q": typed})
                found["processor"].append(1000 * (time.thread_time() - begun))
                found["clock"].append(1000 * (time.perf_counter() - clock))
                found["queries"].append(counter.count - before)
        before, begun = counter.count, time.thread_time()
        for _ in range(20):
            again = client.get("/en/suggest/", {"q": typed}, headers={"If-None-Match": response["ETag"]})
        if again.status_code != 304:
            raise SystemExit(f"The same suggestions again were answered with {again.status_code}.")
        same = 1000 * (time.thread_time() - begun) / 20
        same_queries = counter.count - before
    tracemalloc.start()
    held = suggesting._read(reading("en"))
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    del held
    more = {"first": first, "again": same, "again_queries": same_queries, "megabytes": megabytes}
    return found | more


def _fill() -> Iterator[str]:
    """Published questions of five to nine words; gives their wordings."""
    from benchmarks.corpus import Corpus
    from faq.models import Phrasing, Question

    entries = [entry for entry in Corpus(QUESTIONS * 4).entries() if entry.locale == "en"]
    made = Question.objects.bulk_create(Question(key=f"q-{n}", state="published") for n in range(len(entries)))
    texts = [" ".join(entry.text.split()[: 5 + n % 5]) + "?" for n, entry in enumerate(entries)]
    Phrasing.objects.bulk_create(
        Phrasing(question=question, locale_id="en", text=text, canonical=True)
        for question, text in zip(made, texts, strict=True)
    )
    yield from texts


def near() -> dict[str, Any]:
    """Words with one letter changed, looked for among those of several languages."""
    import tracemalloc

    import numpy as np

    from retrieval.lexicon import DATA
    from retrieval.lexicon_data import load
    from retrieval.near_words import NearWords, key_of, reach

    words = sorted({word for code in LEXICONS for word in load(DATA / f"{code}.json.gz").stems if word.isalpha()})
    random = np.random.default_rng(3)
    words = [words[at] for at in random.permutation(len(words))[:WORDS].tolist()]
    begun = time.thread_time()
    held = NearWords(words)
    seconds = time.thread_time() - begun
    milliseconds = []
    for word in [word for word in words if len(word) >= 4][:MISSPELT]:
        at = int(random.integers(1, len(word)))
        key = key_of(word[:at] + chr(97 + int(random.integers(26))) + word[at + 1 :])
        begun = time.thread_time()
        held.near(key, reach(key))
        milliseconds.append(1000 * (time.thread_time() - begun))
    tracemalloc.start()
    again = NearWords(words)
    megabytes = tracemalloc.get_traced_memory()[0] / 1e6
    return {"words": len(again), "milliseconds": milliseconds, "seconds": seconds, "megabytes": megabytes}


def main() -> None:
    if sys.argv[1:]:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
        import django

        django.setup()
        print(json.dumps({"typing": typing, "near": near}[sys.argv[1]]()))
        return
    with empty_portal() as portal:
        print(table(TITLE, measure(portal)))


TITLE = "Search as you type, and typing errors"

if __name__ == "__main__":
    main()
