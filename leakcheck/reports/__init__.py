"""What a report looks like: `render_*` return text, `files` writes it.

terminal     for people: the largest leaks, how the tests ended, one summary
jsonfile     for programs: schema "leakcheck/1", and back
files        text → file, all of it or nothing; and a JSON report read back
"""

from __future__ import annotations

from leakcheck.reports.files import read_report, write_report
from leakcheck.reports.jsonfile import SCHEMA, parse_json, render_json
from leakcheck.reports.terminal import render_terminal

__all__ = ["SCHEMA", "parse_json", "read_report", "render_json", "render_terminal", "write_report"]
