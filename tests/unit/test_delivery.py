from __future__ import annotations

from pathlib import Path

import pytest

from leakcheck.delivery import Delivery, report_paths
from leakcheck.errors import BadInput


def test_files_are_known_by_their_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    named = {"json": "~/r.json", "junit": None, "sarif": None, "html": "/dev/stdout"}
    assert report_paths(named) == {"json": tmp_path / "r.json", "html": Path("/dev/stdout")}


@pytest.mark.parametrize("kind", ["json", "junit", "sarif", "html"])
@pytest.mark.parametrize("name", ["", ".", "missing/report", "/dev/null/report"])
def test_what_cannot_be_written_is_refused_by_the_name_of_its_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=f"--{kind}") as caught:
        report_paths({kind: name})
    assert caught.value.hint.startswith(f"--{kind} report.")


def test_two_reports_do_not_share_a_file(tmp_path: Path) -> None:
    named = {"json": str(tmp_path / "r"), "html": str(tmp_path / "x" / ".." / "r")}
    (tmp_path / "x").mkdir()
    with pytest.raises(BadInput, match="--json and --html both name"):
        report_paths(named)


def test_two_reports_may_share_a_device() -> None:
    named = {"json": "/dev/null", "html": "/dev/null"}
    assert len(report_paths(named)) == 2


def test_what_an_earlier_call_wrote_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    report, link = tmp_path / "r.json", tmp_path / "r.html"
    report.write_text("of an earlier call")
    (tmp_path / "page.html").write_text("of an earlier call")
    link.symlink_to("page.html")
    paths = {"json": report, "html": link, "junit": tmp_path / "none", "sarif": Path("/dev/null")}

    Delivery(paths).forget_earlier()

    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]
    assert link.is_symlink()
    assert Path("/dev/null").exists()
