"""Structured log lines."""

import logging
import sys

from dashboard.logs import LogfmtFormatter, without_traceback


def record(message: str, *, error: bool = False, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "cluster", "levelname": "INFO", "msg": message, "created": 0.0, **extra})
    if error:
        made.exc_info = sys.exc_info()
    return made


def test_it_works():
    line = LogfmtFormatter().format(record("saved it", steps=3))
    assert line == 'time=1970-01-01T00:00:00.000+00:00 level=info logger=cluster message="saved it" steps=3'


def test_a_value_cannot_forge_a_line_or_a_field():
    line = LogfmtFormatter().format(record("x", name_given='a"\nlevel=error b=\\'))
    assert line.endswith('message=x name_given="a\\"\\nlevel=error b=\\\\"')
    assert "\n" not in line


def test_a_traceback_follows_unless_it_is_taken_away():
    try:
        raise ValueError("boom")
    except ValueError:
        failed = record("failed", error=True)
    assert LogfmtFormatter().format(failed).endswith("ValueError: boom")
    assert without_traceback(failed)
    assert LogfmtFormatter().format(failed).endswith("message=failed")
