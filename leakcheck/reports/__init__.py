"""What a report looks like: `render_*` return text, `files` writes it.

terminal     for people: leaks by site, how the tests ended, one summary
jsonfile     for programs: schema "leakcheck/1", and back
junitfile    for CI services: a test case for each Go test
sariffile    for code scanning: a result for each leak
htmlfile     for people: one page to sort, filter and unfold
githubfile   for GitHub Actions: annotations and a job summary
files        text → file, all of it or nothing; and a JSON report read back
"""

from __future__ import annotations

from leakcheck.reports.files import read_report, write_report
from leakcheck.reports.githubfile import render_annotations, render_markdown
from leakcheck.reports.htmlfile import render_html
from leakcheck.reports.jsonfile import SCHEMA, parse_json, render_json
from leakcheck.reports.junitfile import render_junit
from leakcheck.reports.sariffile import render_sarif
from leakcheck.reports.terminal import render_terminal

__all__ = [
    "SCHEMA",
    "parse_json",
    "read_report",
    "render_annotations",
    "render_html",
    "render_json",
    "render_junit",
    "render_markdown",
    "render_sarif",
    "render_terminal",
    "write_report",
]
