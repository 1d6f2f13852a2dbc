from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leakcheck.process import Command
from tests.matrix import gperftools, lineup, roots
from tests.matrix.document import render_document
from tests.matrix.lineup import LINE_UP, Entry, arrive
from tests.matrix.outcome import Answer, Outcome, outcome_of, question_command, read_answer
from tests.matrix.place import C_CASES, EXAMPLE, GO_CASES, Axis, Place, Question
from tests.matrix.roots import parse_versions, root_questions
from tests.matrix.trouble import Unavailable, done

if TYPE_CHECKING:
    from leakcheck.toolchain.tcmalloc import Tcmalloc

DPKG = """\
gcc 4:14.2.0-1
libc6 2.41-12+deb13u5
libgoogle-perftools4t64 2.16-1
python3 3.13.5-1
"""

RIGHT = Outcome(
    key="Go 1.21.13",
    axis="Go",
    place="1.21.13",
    date="2026-11-24",
    answers=(Answer(label="Go cases", is_right=True, said="212 runs, 0 wrong"),),
)
WRONG = Outcome(
    key="gperftools 2.9.1",
    axis="gperftools",
    place="2.9.1",
    date="2026-11-24",
    answers=(Answer(label="C cases", is_right=False, said="a|b\n236 runs, 1 wrong"),),
)
ABSENT = Outcome(key="Rust", axis="Rust", place="cargo", date="2026-11-24", absence="no cargo")


def test_versions_of_another_system_are_told_by_their_usual_names() -> None:
    assert parse_versions(DPKG) == "gcc 14.2.0, glibc 2.41, gperftools 2.16, Python 3.13.5"


@pytest.mark.parametrize(
    ("output", "is_right"),
    [
        ("236 runs, 0 wrong\n", True),
        ("236 runs, 0 wrong, and 3 as is known\n", True),
        ("236 runs, 10 wrong\n", False),
        ("Traceback (most recent call last):\n", False),
        ("", False),
    ],
)
def test_only_a_summary_without_errors_is_right(output: str, *, is_right: bool) -> None:
    assert read_answer(C_CASES, output).is_right is is_right


def test_the_example_is_right_when_all_and_nothing_else_was_found() -> None:
    assert read_answer(EXAMPLE, "Found 8 of 8 planted leaks, and nothing else.").is_right
    assert not read_answer(EXAMPLE, "Found 7 of 8 planted leaks, and nothing else.").is_right


def test_of_a_wrong_answer_the_last_lines_are_kept() -> None:
    output = "\n".join(f"line {number}" for number in range(100))

    assert read_answer(EXAMPLE, output).said.splitlines()[-1] == "line 99"
    assert len(read_answer(EXAMPLE, output).said.splitlines()) == 12


def test_a_question_is_asked_of_this_python_with_the_places_keys() -> None:
    place = Place(axis=Axis.GO, name="1.21", environment=(("LEAKCHECK_GO", "/opt/go"),))

    command = question_command(place, EXAMPLE)

    assert command.argv == (sys.executable, "-m", "leakcheck", "demo")
    assert ("LEAKCHECK_GO", "/opt/go") in (command.env or ())


def test_a_program_is_asked_as_it_is() -> None:
    question = Question(label="cargo", argv=("cargo", "test"), expected="x", is_program=True)

    assert question_command(Place(axis=Axis.RUST, name=""), question).argv == ("cargo", "test")


def test_another_system_is_asked_in_its_own_root() -> None:
    (question,) = root_questions(EXAMPLE)
    place = Place(axis=Axis.SYSTEM, name="Debian sid", root=Path("/roots/sid"))

    argv = question_command(place, question).argv

    assert argv[:4] == ("unshare", "--mount", "sh", "-c")
    assert argv[5] == "/roots/sid"
    assert argv[-4:] == ("/src/.venv/bin/python", "-m", "leakcheck", "demo")


def test_every_case_of_the_corpus_is_asked_by_one_of_the_two_questions() -> None:
    go, c = (question.argv[2] for question in (GO_CASES, C_CASES))

    for name, is_go in (("leaks-TestMap", True), ("keeps-TestMap", True), ("held-tls", False)):
        assert bool(re.search(go, name)) is is_go
        assert bool(re.search(c, name)) is not is_go


def test_every_place_has_a_key_of_its_own() -> None:
    keys = [entry.key for entry in LINE_UP]

    assert len(set(keys)) == len(keys)


def test_a_place_that_cannot_be_had_says_why(tmp_path: Path) -> None:
    def refuse(_: Path) -> Place:
        raise Unavailable("there is no clang on this machine")

    place = arrive(Entry(Axis.COMPILER, "clang", refuse), tmp_path)

    assert (place.absence, place.questions) == ("there is no clang on this machine", ())


def test_a_missing_compiler_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(lineup.shutil, "which", lambda _: None)
    clang = next(entry for entry in LINE_UP if entry.name == "clang")

    assert arrive(clang, tmp_path).absence == "there is no clang on this machine"


def test_a_step_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(Unavailable, match="gone wrong"):
        done(Command(("sh", "-c", "echo gone wrong >&2; exit 3")))


def test_a_release_is_built_from_its_tag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(gperftools.REPOSITORY_KEY, "/mirror")

    _, clone, *_, build = gperftools.build_commands("2.9.1", tmp_path)

    assert clone.argv[-4:-1] == ("--branch", "gperftools-2.9.1", "/mirror")
    assert build.argv[-2:] == ("tcmalloc_minimal", "tcmalloc")


def test_what_was_built_is_not_built_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def no_libraries() -> tuple[Tcmalloc, ...]:
        return ()

    monkeypatch.setattr(gperftools, "list_tcmallocs", no_libraries)
    built = tmp_path / "2.15" / "build" / "libtcmalloc.so"
    built.parent.mkdir(parents=True)
    built.touch()

    assert gperftools.find_library("2.15", "full", tmp_path) == built


def test_without_root_another_system_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(roots.os, "geteuid", lambda: 1000)

    with pytest.raises(Unavailable, match="root and debootstrap"):
        roots.make_root("sid", tmp_path / "sid")


@pytest.mark.parametrize("outcome", [RIGHT, WRONG, ABSENT])
def test_an_outcome_is_read_as_it_was_written(outcome: Outcome) -> None:
    assert outcome_of(json.loads(json.dumps(outcome.as_json()))) == outcome


def test_the_page_tells_right_wrong_and_absent_apart() -> None:
    page = render_document((RIGHT, WRONG, ABSENT), machine="Go 1.26.8")

    assert "| 1.21.13 | 2026-11-24 | Go cases: 212 runs, 0 wrong |" in page
    assert "| 2.9.1 | 2026-11-24 | C cases: **wrong** a\\|b 236 runs, 1 wrong |" in page
    assert "- Rust cargo: no cargo\n" in page
    assert "## Rust" not in page
