"""How sure a composed draft is to answer its question: pure.

A logistic over the evidence of the best passage it cites, the share of the question's meaning that its sentences and
headings say, and their likeness as a whole; one for sentences in the question's language, one for those in another,
where words never all meet. Fitted on XQuAD, six languages, every fifth article taken out of the index; what that gives is
counted by `python -m benchmarks.abstention` and told in docs/explanation/answers.md.
"""

import math

FLOOR = 0.5
"""Below this the honest answer is that the sources do not say."""


def sureness(evidence: float, covered: float, likeness: float, *, own: bool) -> float:
    """From 0 to 1. `evidence`, `covered`, `likeness`: from 0 to 1. `own`: some sentence is in the question's language."""
    if own:
        value = 5.2 * evidence + 6.7 * covered + 4.2 * likeness - 7.5
    else:
        value = 7.8 * evidence + 3.8 * covered + 2.5 * likeness - 4.1
    return 1.0 / (1.0 + math.exp(-value))
