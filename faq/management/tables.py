"""The figures of an evaluation as Markdown tables: what README shows and what a terminal prints."""

from collections.abc import Sequence
from typing import Any

COLUMNS = {
    "recall_at_1": "recall@1",
    "recall_at_5": "recall@5",
    "ndcg_at_10": "nDCG@10",
    "answered": "answered",
    "answer_hit": "answer hit",
    "answer_hit_of_allowed": "… of what is possible",
    "wrong_answers": "wrong answers",
}
PAIRS = "questions → passages"
COMPARED = ("bm25", "lexical", "gloss", "vector", "fused")


def tables(report: dict[str, Any]) -> str:
    """All of a report that people read."""
    parts = [rows_table(report)]
    if report["translated"]:
        parts += [
            "With translated entries beside the English passages (human translations of the same passages):",
            _rows(PAIRS, report["translated"]),
        ]
    if report["baselines"]:
        parts += ["recall@1 of the baselines, which the same run asks:", _baselines(report)]
    parts += ["What the score of an answer promises, and how often it came true:", _reliability(report)]
    precision = "nothing cited" if report["citation_precision"] is None else f"{report['citation_precision']:.4f}"
    parts.append(
        f"Citation precision {precision}; parity failures {report['parity_failures']}. "
        f"One search: p50 {report['latency_ms']['p50']} ms, p95 {report['latency_ms']['p95']} ms."
    )
    return "\n\n".join([*parts, *report["notes"]])


def rows_table(report: dict[str, Any]) -> str:
    """Each question language into its own passages and into the English ones."""
    return _rows(PAIRS, report["rows"])


def _rows(title: str, rows: Sequence[dict[str, Any]]) -> str:
    lines = [[f"{row['question_locale']} → {row['passage_locale']}", str(row["n"])] for row in rows]
    for line, row in zip(lines, rows, strict=True):
        line += [_figure(row, name) for name in COLUMNS]
        line.append("" if row["answer_words"] is None else f"{row['answer_words']:.0f}")
    return _table([title, "n", *COLUMNS.values(), "words"], lines)


def _figure(row: dict[str, Any], name: str) -> str:
    """`.947 ±.018`: the share, and half of its interval where there is one."""
    if row[name] is None:
        return ""
    between = row["intervals"].get(name)
    return short(row[name]) + (f" ±{short((between[1] - between[0]) / 2)}" if between else "")


def short(share: float) -> str:
    """Three digits without the nought before the point."""
    return f"{share:.3f}".removeprefix("0")


def _baselines(report: dict[str, Any]) -> str:
    found = {
        name: {(row["question_locale"], row["passage_locale"]): row["recall_at_1"] for row in rows}
        for name, rows in report["baselines"].items()
    }
    names = [name for name in COMPARED if name in found]
    pairs = [(row["question_locale"], row["passage_locale"]) for row in report["rows"]]
    lines = [[" → ".join(pair), *(_maybe(found[name].get(pair)) for name in names)] for pair in pairs]
    return _table([PAIRS, *names], lines)


def _maybe(share: float | None) -> str:
    return "" if share is None else short(share)


def _reliability(report: dict[str, Any]) -> str:
    rows = report["calibration"]["sureness"]
    lines = [
        [f"{row['from']:.1f} to {row['to']:.1f}", str(row["n"]), short(row["told"]), short(row["true"])] for row in rows
    ]
    return _table(["sureness", "n", "told", "came true"], lines)


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *lines)])
