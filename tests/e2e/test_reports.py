"""All reports of real runs, and the page in a real browser."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import browse
from conftest import PROJECTS, ROOT, ConsoleScript
from jsonschema import Draft202012Validator
from junitparser import Error, Failure, JUnitXml
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif

if TYPE_CHECKING:
    from junitparser import TestCase as Told

    from leakcheck.process import Completed

pytestmark = pytest.mark.e2e

GO = str(PROJECTS / "gomodule")
FILES = {"json": "r.json", "junit": "r.xml", "sarif": "r.sarif", "html": "r.html"}
ASKED = [word for kind, name in FILES.items() for word in (f"--{kind}", name)]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text())


def cases(folder: Path) -> dict[str, Told]:
    return {case.name: case for suite in JUnitXml.fromfile(str(folder / "r.xml")) for case in suite}


def test_a_leaky_package_in_every_format(leakcheck: ConsoleScript) -> None:
    ended = leakcheck("leak", "--project", GO, "--package", "./leaky", *ASKED)

    assert ended.exit_code == 1, ended.err
    assert "\x16" not in ended.out
    report = leakcheck.json("r.json")
    Draft202012Validator(SCHEMA).validate(report)
    sarif = Sarif.model_validate_json((leakcheck.folder / "r.sarif").read_text())
    results = sarif.runs[0].results
    assert len(results) == len(report["runs"][0]["leaks"])
    uris = {result.locations[0].physicalLocation.artifactLocation.uri for result in results}
    assert uris == {
        "tests/e2e/projects/gomodule/leaky/leaky.c",
        "tests/e2e/projects/gomodule/leaky/leaky.go",
    }
    told = cases(leakcheck.folder)
    failed = {name for name, case in told.items() if case.result}
    assert failed == {"TestBlocks", "TestList", "TestString", "TestSubtest/inner"}
    assert {"TestNothing", "TestSubtest"} <= set(told)


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("failing", {"TestFailsAndLeaks": Failure}),
        ("crashing", {"TestSegfault": Error, "(leak check)": Error}),
        ("untested", {"(leak check)": Error}),
    ],
)
def test_what_is_not_well_is_no_success_for_junit(
    leakcheck: ConsoleScript, package: str, expected: dict[str, type]
) -> None:
    leakcheck("leak", "--project", GO, "--package", f"./{package}", "--junit", "r.xml")

    told = cases(leakcheck.folder)
    assert {name: type(case.result[0]) for name, case in told.items()} == expected


def test_in_a_workflow_the_log_has_groups_and_annotations(leakcheck: ConsoleScript) -> None:
    summary = leakcheck.folder / "summary.md"
    keys = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    ended = leakcheck(
        "leak", "--project", GO, "--package", "./failing", **keys, GITHUB_WORKSPACE=str(PROJECTS)
    )

    assert ended.exit_code == 1, ended.err
    group = r"::group::example\.com/gomodule/failing\n(?s:.*)FAIL\n::endgroup::\n"
    assert re.search(group, ended.out)
    assert "\n::error file=gomodule/failing/failing.go,line=5,title=77 bytes" in ended.out
    assert summary.read_text().startswith("## ❌ Leak check: leaked 77 bytes in 1 object")


# The page in a browser


@dataclass(frozen=True)
class Browser:
    """Chromium without a window, in a profile of its own."""

    folder: Path

    def __call__(self, page: str, *options: str) -> Completed:
        completed = browse(page, self.folder, *options)
        assert completed.returncode == 0, completed.stderr
        assert "CONSOLE" not in completed.stderr, "the page's script or its policy complains"
        return completed

    def rows(self, page: str, *options: str) -> list[str]:
        """The ids of the leaks that the page shows, in its order."""
        dom = self(page, *options, "--dump-dom").stdout
        rows = re.findall(r'<tbody id="leak-0-([^"]*)"([^>]*)>', dom)
        return [name for name, attributes in rows if "hidden" not in attributes]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> str:
    """The page of the bundled example, and what its JSON says."""
    script = ConsoleScript(tmp_path_factory.mktemp("page"), cache_dir)
    script("leak", "--html", "r.html", "--json", "r.json")
    return f"file://{script.folder}/r.html"


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


def leaks_of(page: str) -> list[dict[str, Any]]:
    """The leaks in the JSON beside the page."""
    report = json.loads(Path(page.removeprefix("file://")).with_suffix(".json").read_text())
    leaks: list[dict[str, Any]] = report["runs"][0]["leaks"]
    return leaks


def leaks_by(page: str, key: str) -> list[str]:
    """Their ids, sorted upwards."""
    return [leak["id"] for leak in sorted(leaks_of(page), key=lambda leak: leak[key])]


def test_the_page_shows_the_largest_leak_first(page: str, browser: Browser) -> None:
    assert browser.rows(page) == leaks_by(page, "bytes")[::-1]


def test_the_page_is_sorted_and_filtered_as_its_address_says(page: str, browser: Browser) -> None:
    assert browser.rows(f"{page}#sort=bytes&dir=up") == leaks_by(page, "bytes")
    assert browser.rows(f"{page}#kind=direct&search=testprobe+go") == [
        leak["id"]
        for leak in sorted(leaks_of(page), key=lambda leak: -leak["bytes"])
        if leak["kind"] == "direct" and str(leak["test"]).startswith("TestProbe")
    ]


def test_without_a_script_all_leaks_are_there(page: str, browser: Browser, tmp_path: Path) -> None:
    text = Path(page.removeprefix("file://")).read_text()
    plain = tmp_path / "plain.html"
    plain.write_text(re.sub(r"<script>.*</script>", "", text, flags=re.DOTALL))
    assert "<script" not in plain.read_text()
    assert sorted(browser.rows(f"file://{plain}#kind=direct")) == sorted(leaks_by(page, "bytes"))


def first_pixel(picture: Path) -> tuple[int, ...]:
    """The pixel in the upper left corner: the first in the data, whatever filter it has."""
    content = picture.read_bytes()
    data = content[content.index(b"IDAT") + 4 :]
    return tuple(zlib.decompressobj().decompress(data, 4)[1:4])


@pytest.mark.parametrize(
    ("scheme", "paper"), [(0, (0x11, 0x11, 0x13)), (1, (0xFC, 0xFC, 0xFD))], ids=["dark", "light"]
)
def test_the_page_is_dark_or_light_as_the_browser_is(
    page: str, browser: Browser, tmp_path: Path, scheme: int, paper: tuple[int, ...]
) -> None:
    picture = tmp_path / "page.png"
    browser(page, f"--blink-settings=preferredColorScheme={scheme}", f"--screenshot={picture}")
    assert first_pixel(picture) == paper
