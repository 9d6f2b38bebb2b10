"""How well questions find their passages and get answers, on labelled files: figures per language with their intervals.

labelled (the files) -> run (asks a system and the baselines) -> report (figures). The system is given: the product's own
way from a question to an answer, over a scratch index (faq.management.measuring).
"""

from retrieval.evaluation.labelled import (
    Labelled,
    LabelledPassage,
    LabelledQuestion,
    held_out,
    read,
    read_passages,
    read_questions,
)
from retrieval.evaluation.metrics import answer_hit, interval, mrr, ndcg_at_10, percentile, recall_at_k, reliability
from retrieval.evaluation.run import HOLDOUT, Evaluation, evaluate
from retrieval.evaluation.types import Answer, Judged, Progress, Quote, Said, System

__all__ = [
    "HOLDOUT",
    "Answer",
    "Evaluation",
    "Judged",
    "Labelled",
    "LabelledPassage",
    "LabelledQuestion",
    "Progress",
    "Quote",
    "Said",
    "System",
    "answer_hit",
    "evaluate",
    "held_out",
    "interval",
    "mrr",
    "ndcg_at_10",
    "percentile",
    "read",
    "read_passages",
    "read_questions",
    "recall_at_k",
    "reliability",
]
