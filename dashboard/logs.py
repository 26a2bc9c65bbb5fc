"""Structured log lines: `time=… level=… logger=… message="…"` and every extra field of the record."""

import json
import logging
from datetime import UTC, datetime

# The attributes that every record has; what else it carries was given as `extra`.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# Django attaches these objects to its records; their text says nothing that the message does not say.
SKIPPED = frozenset({"request", "taskName", "color_message"})


def without_traceback(record: logging.LogRecord) -> bool:
    """Keep the record but not its traceback: what any visitor can provoke at will must not flood the log."""
    record.exc_info = None
    return True


class LogfmtFormatter(logging.Formatter):
    """Format a record as one logfmt line; a traceback follows on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of the record."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields.update((key, value) for key, value in vars(record).items() if key not in STANDARD | SKIPPED)
        line = " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        if record.stack_info:
            line += "\n" + self.formatStack(record.stack_info)
        return line


def _quoted(value: object) -> str:
    text = str(value)
    if text and text.isprintable() and not any(character in text for character in ' "=\\'):
        return text
    return json.dumps(text, ensure_ascii=False)
