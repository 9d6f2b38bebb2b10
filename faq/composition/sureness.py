"""How sure a composed draft is to answer its question: pure.

A logistic over the evidence of the best passage it cites, the share of the question's meaning that its sentences and
headings say, their likeness as a whole, how few words the question has to tell by, and whether it asks for a kind of
answer (a place, a time) that no sentence holds; one for sentences in the question's language, one for those in another,
where words never all meet. Fitted on XQuAD, six languages, a fifth of its articles taken out of the index, and on short
questions to the demonstration (`python -m benchmarks.sureness`); what that gives is counted by `manage.py evaluate` and
told in docs/explanation/quality.md.
"""

import math

FLOOR = 0.5
"""Below this the honest answer is that the sources do not say."""


def sureness(evidence: float, covered: float, likeness: float, *, words: int, unmet: bool, own: bool) -> float:
    """From 0 to 1. `evidence`, `covered`, `likeness`: from 0 to 1. `words`: of the question, those with a meaning.
    `unmet`: no sentence holds the kind of answer that is asked for. `own`: some sentence is in the question's language."""
    few = 1.0 / max(1, words)
    if own:
        value = 4.7 * evidence + 3.6 * covered + 2.7 * likeness - 5.0 * few - 0.9 * unmet - 4.35
    else:
        value = 5.1 * evidence + 3.2 * covered + 2.1 * likeness - 4.0 * few - 1.3 * unmet - 4.1
    return 1.0 / (1.0 + math.exp(-value))
