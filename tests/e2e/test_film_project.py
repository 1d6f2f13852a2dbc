"""A video project as it is found in the wild: Go over a C library of its own and FFmpeg, with tests
that want media and an environment, a C test program, and a command-line tool.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import PROJECTS, Checker

from leakcheck.errors import ExitCode
from leakcheck.model import Check, LeakKind, Level
from leakcheck.model import Tests as Verdict
from leakcheck.process import Command, run
from leakcheck.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leakcheck.model import Leak, Report

pytestmark = pytest.mark.e2e

FILM = PROJECTS / "gofilm"
CLEAN = "^(TestMake|TestProbe|TestProbeReader|TestMux|TestPoster|TestTranscode)$"

# test → objects, what allocated them, and the project's own lines
PLANTED = {
    "TestProbeOfNothing": (
        1,
        "_Cfunc_CString",
        ["gofilm.Probe film.go:63", "gofilm.TestProbeOfNothing film_test.go:98"],
    ),
    "TestProbeWithoutVideo": (
        1,
        "avformat_alloc_context",
        [
            "film_probe_source probe.c:38",
            "probe_go source.c:15",
            "gofilm.ProbeReader source.go:22",
            "gofilm.TestProbeWithoutVideo film_test.go:106",
        ],
    ),
    "TestMuxOfTooMuch": (
        1,
        "av_packet_alloc",
        [
            "copy_packets mux.c:20",
            "film_mux mux.c:53",
            "gofilm.Mux film.go:77",
            "gofilm.TestMuxOfTooMuch film_test.go:111",
        ],
    ),
    "TestPosterIntoNoFolder": (
        1,
        "av_frame_alloc",
        [
            "film_poster poster.c:66",
            "gofilm.Poster film.go:85",
            "gofilm.TestPosterIntoNoFolder film_test.go:115",
        ],
    ),
    "TestUnknownEncoder": (
        2,
        "film_open",
        [
            "film_open transcode.c:54",
            "gofilm.Transcode film.go:95",
            "gofilm.TestUnknownEncoder film_test.go:121",
        ],
    ),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the C library, its test program, and the media."""
    folder = tmp_path_factory.mktemp("film")
    done(("make", "-s", "-C", str(FILM), f"BUILD={folder}"))
    for name, pictures in (("clip.mkv", "50"), ("sound.mkv", "0")):
        program = ("env", f"LD_LIBRARY_PATH={folder}", str(folder / "filmtest"))
        done((*program, "make", str(folder / name), pictures))
    return folder


@pytest.fixture(scope="module")
def film(built: Path) -> Iterator[Path]:
    """The same folder, and the environment that the project's own readme would ask for."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CGO_CFLAGS", f"-g -O2 -I{FILM / 'libfilm' / 'include'}")
        environment.setenv("CGO_LDFLAGS", f"-L{built}")
        environment.setenv("LD_LIBRARY_PATH", str(built))
        environment.setenv("FILM_MEDIA", str(built))
        yield built


@pytest.fixture(scope="module")
def reports(film: Path, cache_dir: Path) -> dict[Level, Report]:
    """The whole test suite, checked at two levels."""
    assert film.is_dir()
    checker = Checker(Settings(cache_dir=cache_dir))
    return {
        level: checker.go(".", project=FILM, level=level) for level in (Level.NORMAL, Level.STRICT)
    }


def done(argv: tuple[str, ...], cwd: Path | None = None) -> None:
    completed = run(Command(argv, cwd=cwd))
    assert completed.returncode == 0, completed.stdout + completed.stderr


def places(leak: Leak) -> list[str]:
    """The project's own frames, as `function file:line`; cgo wraps some calls in a closure."""
    return [
        f"{frame.function.rpartition('/')[2]} {Path(frame.file).name}:{frame.line}"
        for frame in leak.stack
        if frame.file and "gofilm" in frame.file and ".func" not in frame.function
    ]


def leaks_of(report: Report, kind: LeakKind) -> list[Leak]:
    return [leak for leak in report.runs[0].leaks if leak.kind is kind]


@pytest.mark.parametrize("level", [Level.NORMAL, Level.STRICT])
def test_each_planted_leak_is_found_in_its_test_with_its_lines(
    reports: dict[Level, Report], level: Level
) -> None:
    found = [leak for leak in leaks_of(reports[level], LeakKind.DIRECT) if leak.test]

    assert reports[level].tests is Verdict.PASSED
    assert {leak.test: (leak.leaked_objects, places(leak)) for leak in found} == {
        test: (objects, lines) for test, (objects, _, lines) in PLANTED.items()
    }
    for leak in found:
        functions = {frame.function.rpartition(".")[2] for frame in leak.stack}
        assert PLANTED[leak.test or ""][1] in functions
    assert reports[level].runs[0].evidence.text("go_liveness") == "exact"


def test_nothing_else_leaks_directly_at_normal(reports: dict[Level, Report]) -> None:
    tests = [leak.test for leak in leaks_of(reports[Level.NORMAL], LeakKind.DIRECT)]

    assert sorted(map(str, tests)) == sorted(PLANTED)


def test_the_picture_that_a_forgotten_frame_holds_is_indirect(
    reports: dict[Level, Report],
) -> None:
    held = leaks_of(reports[Level.STRICT], LeakKind.INDIRECT)

    functions = {frame.function for leak in held for frame in leak.stack}
    assert "avcodec_default_get_buffer2" in functions


@pytest.mark.usefixtures("film")
def test_ffmpegs_own_allocations_are_no_leak_at_normal(checker: Checker) -> None:
    report = checker.go(".", project=FILM, level=Level.NORMAL, test=CLEAN)

    assert report.tests is Verdict.PASSED, checker.watcher.shown.decode()
    assert report.check is Check.CLEAN, report.runs[0].leaks
    assert report.runs[0].evidence.number("allocations") > 10_000


def test_the_c_test_program_is_checked_too(checker: Checker, film: Path) -> None:
    program, clip, output = film / "filmtest", str(film / "clip.mkv"), str(film / "out.mov")

    clean = checker.binary(program, "all", clip, output, level=Level.NORMAL)
    leaky = checker.binary(program, "refusal", clip, output, level=Level.NORMAL)

    assert (clean.tests, clean.check) == (Verdict.PASSED, Check.CLEAN)
    (leak,) = leaky.runs[0].leaks
    assert places(leak) == [
        "film_open transcode.c:54",
        "test_refusal filmtest.c:31",
        "main filmtest.c:42",
    ]


def test_the_command_line_tool_is_checked_too(checker: Checker, film: Path, tmp_path: Path) -> None:
    tool, clip = tmp_path / "film", str(film / "clip.mkv")
    done(("go", "build", "-o", str(tool), "./cmd/film"), cwd=FILM)

    clean = checker.binary(tool, "probe", clip, level=Level.NORMAL)
    leaky = checker.binary(
        tool, "transcode", clip, str(tmp_path / "out.mkv"), "betamax", level=Level.NORMAL
    )

    assert (clean.check, clean.exit_code) == (Check.CLEAN, ExitCode.OK)
    assert leaky.tests is Verdict.FAILED
    (leak,) = leaky.runs[0].leaks
    assert places(leak)[-3:] == [
        "gofilm.Transcode film.go:95",
        "main.run main.go:28",
        "main.main main.go:15",
    ]
