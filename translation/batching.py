"""How sentences are laid out for a model: parts short enough for it, batches of like length. Pure; tokens are strings.

A batch costs as much as its longest sentence in all its rows, and a batch that outgrows the processor's cache is slower
than two that fit; so batches are small and hold sentences of like length, the longest first: the short ones at the end
fill whatever worker is free.
"""

from collections.abc import Iterator, Sequence

import regex

LONGEST = 160
"""Tokens a model gets at once; longer sentences are cut after a comma, or between words."""
BATCH_TOKENS = 512
"""Rows times the longest of them: with more, a batch outgrows the cache and waits longer for its slowest sentence."""

_CLAUSE_END = regex.compile(r"[,;:，、；：،؛)]$")


def cut(tokens: list[str]) -> Iterator[list[str]]:
    """Parts of at most LONGEST tokens, cut before a word, after a comma where there is one in the last half."""
    while len(tokens) > LONGEST:
        words = [at for at in range(LONGEST // 2, LONGEST) if tokens[at].startswith("▁")]
        clauses = [at for at in range(LONGEST // 2, LONGEST) if _CLAUSE_END.search(tokens[at - 1])]
        end = max(set(words) & set(clauses), default=max(clauses or words, default=LONGEST))
        yield tokens[:end]
        tokens = tokens[end:]
    if tokens:
        yield tokens


def batches(lengths: Sequence[int], workers: int = 1, bound: int = BATCH_TOKENS) -> list[list[int]]:
    """Positions in `lengths`, each once, in batches of like length, longest first.

    A batch has at most `bound` tokens, padding included, or one row; few sentences are shared out among the workers.
    """
    bound = min(bound, max(1, -(-sum(lengths) // max(1, workers))))
    found: list[list[int]] = []
    for at in sorted(range(len(lengths)), key=lambda at: -lengths[at]):
        if found and (len(found[-1]) + 1) * lengths[found[-1][0]] <= bound:
            found[-1].append(at)
        else:
            found.append([at])
    return found
