"""Log lines for people (the default) and, by POLYFAQ_LOG_FORMAT=json, for programs: one JSON object a line.

Invariants of both: ids and durations, no words of visitors or sources. JSON leaves out what exceptions say, because a library's
message may quote what it was given; their kind and the places in our code stay.
"""

import json
import logging
import traceback
from datetime import UTC, datetime

from faq import tracing


class RequestFilter(logging.Filter):
    """Gives every record `request`: the id, or `-`."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request = tracing.current() or "-"
        return True


class JsonFormatter(logging.Formatter):
    """`time` (ISO 8601, UTC), `level`, `logger`, `message`, `request`, and of an exception `exception` and `at`."""

    def format(self, record: logging.LogRecord) -> str:
        row: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (request := getattr(record, "request", "-")) != "-":
            row["request"] = request
        if record.exc_info and record.exc_info[0] is not None:
            row["exception"] = record.exc_info[0].__name__
            frames = traceback.extract_tb(record.exc_info[2])
            row["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        return json.dumps(row, ensure_ascii=False)
